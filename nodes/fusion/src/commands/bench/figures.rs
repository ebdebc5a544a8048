//! What came out: rows for the table, the same rows and the samples behind them for programs.
//!
//! Owns: percentiles, and how a row is judged and told. Refuses: to measure.

use serde::Serialize;

use crate::output;

/// What a figure is held against.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// The figure itself.
    AtMost(f64),
    /// The ratio to the figure beside it.
    RatioAtMost(f64),
    /// It is printed beside the others.
    None,
}

/// One line of the table; `tests/bench` reads it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was measured.
    pub measure: String,
    /// In what; with the space before it, if it wants one.
    pub unit: &'static str,
    /// The figure.
    pub ours: f64,
    /// With what it is compared.
    pub peer: Option<&'static str>,
    /// That one's figure.
    pub theirs: Option<f64>,
    /// The one by the other.
    pub ratio: Option<f64>,
    /// What it is held against.
    pub bar: Bar,
    /// Is it held?
    pub held: Option<bool>,
}

impl Row {
    /// A figure by itself.
    pub fn plain(measure: impl Into<String>, unit: &'static str, ours: f64, bar: Bar) -> Row {
        let mut row =
            Row { measure: measure.into(), unit, ours, peer: None, theirs: None, ratio: None, bar, held: None };
        row.held = row.judge();
        row
    }

    /// A figure beside another.
    pub fn against(mut self, peer: &'static str, theirs: f64) -> Row {
        (self.peer, self.theirs, self.ratio) = (Some(peer), Some(theirs), Some(self.ours / theirs));
        self.held = self.judge();
        self
    }

    fn judge(&self) -> Option<bool> {
        match self.bar {
            Bar::AtMost(bar) => Some(self.ours <= bar),
            Bar::RatioAtMost(bar) => self.ratio.map(|ratio| ratio <= bar),
            Bar::None => None,
        }
    }

    fn cells(&self) -> Vec<String> {
        let unit = self.unit;
        let bar = match self.bar {
            Bar::AtMost(bar) => format!("≤ {bar}{unit}"),
            Bar::RatioAtMost(bar) => format!("≤ {bar} ×"),
            Bar::None => String::new(),
        };
        let theirs = match (self.peer, self.theirs) {
            (Some(peer), Some(theirs)) => format!("{}{unit} ({peer})", number(theirs)),
            _ => String::new(),
        };
        let ratio = self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.3} ×"));
        let held = match self.held {
            Some(true) => "held",
            Some(false) => "MISSED",
            None => "",
        };
        vec![self.measure.clone(), format!("{}{unit}", number(self.ours)), theirs, ratio, bar, held.to_owned()]
    }
}

/// Three digits that count.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || size == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Everything of one measurement.
pub struct Report {
    /// The table.
    pub rows: Vec<Row>,
    /// What is behind it.
    pub detail: serde_json::Value,
}

impl Report {
    /// Prints it, for people or for programs.
    pub fn tell(&self, json: bool) -> anyhow::Result<()> {
        if json {
            output::json(&serde_json::json!({ "rows": self.rows, "detail": self.detail }))?;
        } else {
            let heads = ["measure", "ours", "beside", "ratio", "bar", ""].map(str::to_owned).to_vec();
            let rows: Vec<_> = std::iter::once(heads).chain(self.rows.iter().map(Row::cells)).collect();
            output::line(output::table(&rows).trim_end());
        }
        let missed: Vec<_> =
            self.rows.iter().filter(|row| row.held == Some(false)).map(|row| row.measure.as_str()).collect();
        if !missed.is_empty() {
            output::progress(&format!("bench: MISSED {} of the bars: {}", missed.len(), missed.join("; ")));
        }
        Ok(())
    }
}

/// The value that so many of a hundred samples do not exceed; NaN of none.
pub fn percentile(samples: &[f64], percent: usize) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or(f64::NAN)
}

/// By how much the second numbers grow per one of the first: least squares. NaN of fewer than two.
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (mean_x, mean_y) = (
        points.iter().map(|point| point.0).sum::<f64>() / count,
        points.iter().map(|point| point.1).sum::<f64>() / count,
    );
    let both: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let square: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    both / square
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_slopes() {
        let samples: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!((percentile(&samples, 50), percentile(&samples, 99)), (50.0, 99.0));
        assert!(percentile(&[], 50).is_nan());
        assert_eq!(slope(&[(1.0, 20.0), (4.0, 35.0), (16.0, 95.0)]), 5.0);
    }

    #[test]
    fn a_row_is_judged_by_its_ratio_or_by_itself() {
        assert_eq!(Row::plain("p50", " ms", 5.1, Bar::AtMost(5.0)).held, Some(false));
        let row = Row::plain("memory", " MB", 20.0, Bar::RatioAtMost(0.2));
        assert_eq!((row.held, row.against("apart", 100.0).held), (None, Some(true)));
        assert_eq!([0.0123, 0.5, 12.34, 1234.5].map(number), ["0.012", "0.50", "12.3", "1234"]);
    }
}
