//! Charts as SVG: lines over a number, and bars that consist of parts.
//!
//! Owns: where everything stands. Text and axes have a colour for a light and one for a dark page; the ground is whatever
//! the page is. Refuses: to measure.

use std::fmt::Write;

use super::figures::number;

/// Lines that share their axes.
pub struct Panel {
    /// What is shown.
    pub title: &'static str,
    /// In what.
    pub unit: &'static str,
    /// What the numbers across are.
    pub across: &'static str,
    /// The lines.
    pub lines: Vec<Line>,
}

/// Points that belong together.
pub struct Line {
    /// What they are.
    pub name: &'static str,
    /// Across and up.
    pub points: Vec<(f64, f64)>,
}

/// A bar of parts.
pub struct Row {
    /// What it is.
    pub name: String,
    /// Each with its place among the parts that have names, and its length.
    pub parts: Vec<(usize, f64)>,
}

/// Told apart by lightness too; each at least 3 : 1 on white and on black.
const COLOURS: [&str; 6] = ["#2f7fd1", "#d9772b", "#2e9b62", "#a45cc9", "#c24a5a", "#7d8590"];
const WIDTH: f64 = 260.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 78.0;
const GAP: f64 = 66.0;
/// Where bars begin: their names stand before it.
const NAMES: f64 = 190.0;

fn head(width: f64, height: f64, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-label=\"{0}\">\n\
         <style>text{{font:12px system-ui,sans-serif;fill:#3d444d}}.title{{font-size:15px;font-weight:600}}.name{{font-weight:600}}\
         .axis{{stroke:#8b949e;stroke-width:1}}.grid{{stroke:#8b949e;stroke-width:1;opacity:.25}}\
         @media(prefers-color-scheme:dark){{text{{fill:#c9d1d9}}}}</style>\n\
         <text class=\"title\" x=\"12\" y=\"24\">{0}</text>\n",
        escaped(title)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Small squares with words.
fn legend(out: &mut String, x: f64, y: f64, names: &[&str]) {
    let mut x = x;
    for (name, colour) in names.iter().zip(COLOURS) {
        let _ = writeln!(
            out,
            "<rect x=\"{x:.0}\" y=\"{:.0}\" width=\"11\" height=\"11\" rx=\"2\" fill=\"{colour}\"/><text x=\"{:.0}\" y=\"{y:.0}\">{}</text>",
            y - 10.0,
            x + 16.0,
            escaped(name)
        );
        x += 34.0 + 6.6 * name.chars().count() as f64;
    }
}

/// A round number with which four steps or fewer reach `most`.
fn step(most: f64) -> f64 {
    let wanted = if most > 0.0 { most / 4.0 } else { 1.0 };
    let power = 10_f64.powf(wanted.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .map(|times| times * power)
        .into_iter()
        .find(|step| *step >= wanted * 0.999)
        .unwrap_or(wanted)
}

/// A number of an axis: as short as it can be.
fn tick(value: f64) -> String {
    ((value * 1e3).round() / 1e3).to_string()
}

/// Several panels side by side. The lines of all have the same names.
pub fn lines(title: &str, panels: &[Panel]) -> String {
    let width = LEFT + panels.len() as f64 * (WIDTH + GAP);
    let mut out = head(width, TOP + HEIGHT + 52.0, title);
    let names: Vec<_> = panels.iter().take(1).flat_map(|panel| &panel.lines).map(|line| line.name).collect();
    legend(&mut out, 12.0, 46.0, &names);
    for (index, panel) in panels.iter().enumerate() {
        one_panel(&mut out, LEFT + index as f64 * (WIDTH + GAP), panel);
    }
    out + "</svg>\n"
}

fn one_panel(out: &mut String, left: f64, panel: &Panel) {
    let points = || panel.lines.iter().flat_map(|line| &line.points).filter(|point| point.1.is_finite());
    let (most_x, most_y) = points().fold((0.0_f64, 0.0_f64), |most, point| (most.0.max(point.0), most.1.max(point.1)));
    let (step_y, bottom) = (step(most_y), TOP + HEIGHT);
    let top_y = (most_y / step_y).ceil().max(1.0) * step_y;
    let (x, y) = (|value: f64| left + value / most_x.max(1.0) * WIDTH, |value: f64| bottom - value / top_y * HEIGHT);
    let _ = writeln!(
        out,
        "<text class=\"name\" x=\"{:.0}\" y=\"{:.0}\">{}, {}</text>",
        left - LEFT + 12.0,
        TOP - 12.0,
        escaped(panel.title),
        escaped(panel.unit)
    );
    for line in 0..=(top_y / step_y).round() as u32 {
        let value = f64::from(line) * step_y;
        let class = if line == 0 { "axis" } else { "grid" };
        let _ = writeln!(
            out,
            "<line class=\"{class}\" x1=\"{left:.1}\" y1=\"{0:.1}\" x2=\"{1:.1}\" y2=\"{0:.1}\"/><text x=\"{2:.1}\" y=\"{3:.1}\" text-anchor=\"end\">{4}</text>",
            y(value),
            left + WIDTH,
            left - 6.0,
            y(value) + 4.0,
            tick(value)
        );
    }
    let mut ticks: Vec<f64> = points().map(|point| point.0).collect();
    ticks.sort_by(f64::total_cmp);
    ticks.dedup();
    for at in ticks {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(at),
            bottom + 17.0,
            tick(at)
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
        left + WIDTH / 2.0,
        bottom + 36.0,
        escaped(panel.across)
    );
    for (line, colour) in panel.lines.iter().zip(COLOURS) {
        let places: Vec<_> =
            line.points.iter().filter(|point| point.1.is_finite()).map(|point| (x(point.0), y(point.1))).collect();
        let path: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>",
            path.join(" ")
        );
        for (x, y) in places {
            let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>");
        }
    }
}

/// Bars one below the other, the sum of their parts at their ends. `parts` names what the parts are.
pub fn bars(title: &str, unit: &str, parts: &[&str], rows: &[Row]) -> String {
    const WIDE: f64 = 520.0;
    const HIGH: f64 = 30.0;
    let sum = |row: &Row| row.parts.iter().map(|(_, length)| length).sum::<f64>();
    let most = rows.iter().map(sum).filter(|sum| sum.is_finite()).fold(0.0, f64::max);
    let step = step(most);
    let top = (most / step).ceil().max(1.0) * step;
    let bottom = TOP + rows.len() as f64 * HIGH;
    let mut out = head(NAMES + WIDE + 70.0, bottom + 44.0, title);
    legend(&mut out, 12.0, 50.0, parts);
    for line in 0..=(top / step).round() as u32 {
        let (value, class) = (f64::from(line) * step, if line == 0 { "axis" } else { "grid" });
        let x = NAMES + value / top * WIDE;
        let _ = writeln!(
            out,
            "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{} {}</text>",
            TOP - 8.0,
            bottom + 18.0,
            tick(value),
            escaped(unit)
        );
    }
    for (index, row) in rows.iter().enumerate() {
        let y = TOP + index as f64 * HIGH;
        let _ = writeln!(
            out,
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            NAMES - 10.0,
            y + 15.0,
            escaped(&row.name)
        );
        let mut x = NAMES;
        for (part, length) in row.parts.iter().filter(|(_, length)| length.is_finite()) {
            let wide = length.max(0.0) / top * WIDE;
            let colour = COLOURS[part % COLOURS.len()];
            let _ = writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{:.0}\" fill=\"{colour}\"/>",
                HIGH - 10.0
            );
            x += wide;
        }
        let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 6.0, y + 15.0, number(sum(row)));
    }
    out + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_steps() {
        assert_eq!([4.0, 9.7, 32.0, 0.6, 0.0].map(step), [1.0, 2.5, 10.0, 0.2, 1.0]);
    }

    #[test]
    fn what_is_named_is_in_the_chart_and_everything_stays_inside() {
        let line = |name, points: &[(f64, f64)]| Line { name, points: points.to_vec() };
        let lines_of = vec![line("one & all", &[(1.0, 5.0), (16.0, 80.0)]), line("apart", &[(4.0, f64::NAN)])];
        let text = lines("A < B", &[Panel { title: "Memory", unit: "MB", across: "sessions", lines: lines_of }]);
        assert!(text.contains("A &lt; B") && text.contains("one &amp; all") && text.contains("Memory, MB"));
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n") && !text.contains("NaN"));
        let row = Row { name: "ours".to_owned(), parts: vec![(0, 1.0), (1, 2.5)] };
        let text = bars("Times", "ms", &["compose", "encode"], &[row]);
        assert!(text.contains(">3.50<") && text.contains("encode") && text.contains(">4 ms<"), "{text}");
    }
}
