//! The pieces of the page and of the full screen: ground, header, labels, panel, the mark of the focus, the bar.
//!
//! Owns: how each is drawn. Each is a function of few values (`art` lists them), so that it can be kept. Measures are in
//! units of a picture of 360 lines. Refuses: keeping, and putting together.

use media_share::{SourceCard, SourceKind};

use super::canvas::{Canvas, Shape};
use super::layout::{COLUMNS, Layout, Rect, TILES};
use super::palette::*;
use super::programme::{Programme, WallTime, kind_word};
use super::text::Style;

/// More pages than this are a number, not dots.
const DOTS_MAX: usize = 9;

/// The whole picture.
pub fn whole(layout: &Layout) -> Rect {
    Rect { x: 0, y: 0, width: layout.size.width(), height: layout.size.height() }
}

/// The ground, and what `tiles` tiles cast on it.
pub fn ground(canvas: &mut Canvas, layout: &Layout, tiles: usize) {
    canvas.fill(Shape::of(whole(layout), 0.0), GROUND_TOP, GROUND_FOOT);
    for tile in &layout.tiles[..tiles.min(TILES)] {
        let shape = Shape::of(*tile, layout.radius());
        let fallen = Shape { y: shape.y + layout.px(3.0), ..shape };
        canvas.shadow(fallen, layout.px(12.0), SHADOW);
    }
}

/// The name of the guide, the page, the clock.
pub fn header(layout: &Layout, name: &str, page: usize, pages: usize, now: WallTime) -> Canvas {
    let mut canvas = Canvas::new(layout.header);
    let large = Style::bold(layout.large());
    let small = Style::regular(layout.small());
    let (left, middle) = (layout.header.x as f32, layout.header.y as f32 + layout.header.height as f32 / 2.0);
    let mark = Shape {
        x: left,
        y: middle - layout.px(9.0),
        width: layout.px(4.0),
        height: layout.px(18.0),
        radius: layout.px(2.0),
    };
    canvas.fill(mark, ACCENT, ACCENT);
    let baseline = middle + large.capital() / 2.0;
    let grid_right = layout.tiles[COLUMNS - 1].right() as f32;
    let number = format!("{} / {pages}", page + 1);
    let step = layout.px(14.0);
    let pages_width = match pages {
        0 | 1 => 0.0,
        2..=DOTS_MAX => pages as f32 * step + layout.px(10.0),
        _ => small.width(&number),
    };
    let name_x = left + layout.px(14.0);
    let name = large.fit(name, grid_right - pages_width - layout.px(16.0) - name_x);
    large.draw(&mut canvas, &name, name_x, baseline, TEXT);
    if pages > DOTS_MAX {
        small.draw_to(&mut canvas, &number, grid_right, middle + small.capital() / 2.0, TEXT_SECOND);
    } else if pages > 1 {
        let (mut x, dot) = (grid_right - pages_width + step - layout.px(6.0), layout.px(6.0));
        for n in 0..pages {
            let here = n == page;
            let width = if here { dot + layout.px(10.0) } else { dot };
            let shape = Shape { x, y: middle - dot / 2.0, width, height: dot, radius: dot / 2.0 };
            let ink = if here { ACCENT } else { TEXT_THIRD.with_alpha(0.55) };
            canvas.fill(shape, ink, ink);
            x += width + step - dot;
        }
    }
    large.draw(&mut canvas, &now.to_string(), layout.panel.x as f32, baseline, TEXT);
    canvas
}

/// What a label tells.
pub struct Label<'a> {
    pub card: &'a SourceCard,
    /// If the tile is in focus: what is on.
    pub focus: Option<&'a Programme>,
    /// It lies over a card, which is dark: it needs nothing behind it.
    pub on_card: bool,
}

/// A tile's foot, where its label stands, from the tile's own top left corner.
pub fn foot(layout: &Layout) -> Rect {
    let height = (layout.px(46.0).ceil() as usize).next_multiple_of(2).min(layout.tile.height());
    Rect { x: 0, y: layout.tile.height() - height, width: layout.tile.width(), height }
}

/// The title at the foot of a tile; in focus also how much of the programme is over. Its canvas is [`foot`].
pub fn label(layout: &Layout, label: &Label<'_>) -> Canvas {
    let mut canvas = Canvas::new(foot(layout));
    let (width, bottom) = (layout.tile.width() as f32, layout.tile.height() as f32);
    let focus = label.focus.is_some();
    let style = if focus { Style::bold(layout.small()) } else { Style::regular(layout.small()) };
    let height = layout.px(if focus { 29.0 } else { 26.0 });
    let band = Shape { x: 0.0, y: bottom - height, width, height, radius: 0.0 };
    if !label.on_card {
        scrim(&mut canvas, band, layout.px(16.0));
    }
    let pad = layout.px(9.0);
    let title = style.fit(&label.card.title, width - 2.0 * pad);
    style.draw(&mut canvas, &title, pad, band.y + layout.px(6.0) + style.capital(), TEXT);
    if let Some(programme) = label.focus {
        let height = layout.px(3.0).round().max(1.0);
        progress(&mut canvas, Shape { y: bottom - height, height, ..band }, programme.progress());
    }
    canvas
}

/// What rounds a tile's corners, and a hairline along its edge. Its canvas is the tile.
pub fn frame(layout: &Layout, place: usize, tiles: usize) -> Canvas {
    let tile = layout.tiles[place];
    let shape = Shape::of(tile, layout.radius());
    let mut canvas = Canvas::new(tile);
    // Only the corners lie outside of the shape, so the ground is drawn there and nowhere else.
    let height = (layout.radius().ceil() as usize).next_multiple_of(2).min((tile.height / 2) & !1);
    for y in [tile.y, tile.bottom() - height] {
        let mut corners = Canvas::new(Rect { y, height, ..tile });
        ground(&mut corners, layout, tiles);
        corners.cut(shape);
        canvas.take(&corners);
    }
    canvas.line(shape, layout.px(1.0).max(1.0), EDGE);
    canvas
}

/// A dark band with a soft beginning above it.
fn scrim(canvas: &mut Canvas, band: Shape, fade: f32) {
    // Whole rows, so that the fade and the band do not overlap.
    let top = band.y.floor();
    let fade = fade.round();
    let soft = Shape { y: top - fade, height: fade, radius: 0.0, ..band };
    canvas.fill(soft, SCRIM.with_alpha(0.0), SCRIM);
    canvas.fill(Shape { y: top, height: band.y + band.height - top, ..band }, SCRIM, SCRIM);
}

fn progress(canvas: &mut Canvas, track: Shape, part: f32) {
    canvas.fill(track, TRACK, TRACK);
    let done = Shape { width: (track.width * part).max(track.radius * 2.0), ..track };
    canvas.fill(done, ACCENT, ACCENT);
}

/// Where a badge stands, from the tile's own top left corner.
pub fn badge_place(layout: &Layout) -> Rect {
    let even = |units: f32| (layout.px(units).ceil() as usize).next_multiple_of(2);
    Rect { x: 0, y: 0, width: even(70.0).min(layout.tile.width()), height: even(28.0).min(layout.tile.height()) }
}

/// What tells a source that is not a film. Its canvas is [`badge_place`].
pub fn badge(layout: &Layout, kind: SourceKind) -> Canvas {
    let mut canvas = Canvas::new(badge_place(layout));
    let (words, style, ground, ink) = match kind {
        SourceKind::Clip => return canvas,
        SourceKind::Live => ("LIVE", Style::bold(layout.small()), ACCENT, ON_ACCENT),
        SourceKind::Still => ("Still", Style::regular(layout.small()), SCRIM, TEXT),
    };
    let (corner, height) = (layout.px(7.0), layout.px(20.0));
    let width = style.width(words) + layout.px(12.0);
    let shape = Shape { x: corner, y: corner, width, height, radius: layout.px(5.0) };
    canvas.fill(shape, ground, ground);
    style.draw(&mut canvas, words, corner + layout.px(6.0), corner + (height + style.capital()) / 2.0, ink);
    canvas
}

/// How far the mark of the focus reaches beyond its tile, pixels, even.
pub fn ring_reach(layout: &Layout) -> usize {
    (layout.px(8.0).ceil() as usize).next_multiple_of(2)
}

/// The mark of the focus. Its canvas begins [`ring_reach`] above and to the left of the tile.
pub fn ring(layout: &Layout) -> Canvas {
    let reach = ring_reach(layout);
    let tile = Rect { x: reach, y: reach, width: layout.tile.width(), height: layout.tile.height() };
    let mut canvas = Canvas::new(tile.grown(reach));
    let outer = Shape::of(tile, layout.radius()).grown(layout.px(4.0));
    canvas.glow(outer, layout.px(5.0), ACCENT.with_alpha(0.35));
    canvas.line(outer, layout.px(2.5), ACCENT);
    canvas
}

/// What is said of the source in focus, and which keys there are.
pub fn panel(layout: &Layout, card: &SourceCard, programme: &Programme, auto: bool) -> Canvas {
    let mut canvas = Canvas::new(layout.panel);
    let (x, width) = (layout.panel.x as f32, layout.panel.width as f32);
    let small = Style::regular(layout.small());
    let strong = Style::bold(layout.small());
    let mut y = layout.panel.y as f32 + strong.capital();
    strong.draw(&mut canvas, &strong.fit(programme.genre, width), x, y, ACCENT);
    let sizes = [19.0, 17.0, 15.0].map(|units| Style::bold(layout.px(units)));
    let title = sizes.into_iter().find(|style| style.words_fit(&card.title, width)).unwrap_or(sizes[2]);
    y += layout.px(4.0);
    for line in title.wrap(&card.title, width, 3) {
        y += title.line();
        title.draw(&mut canvas, &line, x, y, TEXT);
    }
    y += layout.px(25.0);
    small.draw(&mut canvas, &small.fit(&programme.times(), width), x, y, TEXT_SECOND);
    y += layout.px(11.0);
    let height = layout.px(4.0);
    progress(&mut canvas, Shape { x, y, width, height, radius: height / 2.0 }, programme.progress());
    y += height + layout.px(9.0) + small.capital();
    let left = format!("{} min left", programme.gone.1 - programme.gone.0);
    small.draw(&mut canvas, &small.fit(&left, width), x, y, TEXT_SECOND);
    y += layout.px(21.0);
    small.draw(&mut canvas, kind_word(card.kind), x, y, TEXT_THIRD);
    let mut foot = layout.panel.bottom() as f32;
    let auto_words = if auto { "Auto on" } else { "Auto" };
    for (name, words, on) in [("A", auto_words, auto), ("Tab", "Next", false), ("Enter", "Open", false)] {
        foot -= layout.px(20.0);
        let end = key(&mut canvas, layout, (x, foot), name, on);
        let ink = if on { TEXT } else { TEXT_THIRD };
        small.draw(&mut canvas, words, end, foot + (layout.px(20.0) + small.capital()) / 2.0, ink);
        foot -= layout.px(6.0);
    }
    canvas
}

/// A key as it is drawn on keyboards. Returns where the words about it begin.
fn key(canvas: &mut Canvas, layout: &Layout, corner: (f32, f32), name: &str, on: bool) -> f32 {
    let style = Style::regular(layout.small());
    let height = layout.px(20.0);
    let width = (style.width(name) + layout.px(10.0)).max(height);
    let shape = Shape { x: corner.0, y: corner.1, width, height, radius: layout.px(5.0) };
    let (ground, ink) = if on { (ACCENT, ON_ACCENT) } else { (KEY, TEXT_SECOND) };
    canvas.fill(shape, ground, ground);
    style.draw_around(canvas, name, shape.x + width / 2.0, shape.y + (height + style.capital()) / 2.0, ink);
    shape.x + width + layout.px(6.0)
}

/// The page of a guide that has nothing to show.
pub fn nothing(layout: &Layout) -> Canvas {
    let mut canvas = Canvas::new(whole(layout));
    ground(&mut canvas, layout, 0);
    let (middle, y) = (layout.size.width() as f32 / 2.0, layout.size.height() as f32 / 2.0);
    let (large, small) = (Style::bold(layout.large()), Style::regular(layout.small()));
    large.draw_around(&mut canvas, "Nothing to show", middle, y, TEXT);
    let words = "This guide was started without any source.";
    small.draw_around(&mut canvas, words, middle, y + layout.px(26.0), TEXT_SECOND);
    canvas
}

/// On the full screen: what is shown, and the way back. Its canvas is [`Layout::bar`].
pub fn bar(layout: &Layout, card: &SourceCard, programme: &Programme, now: WallTime, auto: bool) -> Canvas {
    let mut canvas = Canvas::new(layout.bar);
    let bar = Shape::of(layout.bar, 0.0);
    let fade = layout.px(18.0).round();
    scrim(&mut canvas, Shape { y: bar.y + fade, height: bar.height - fade, ..bar }, fade);
    let (large, small) = (Style::bold(layout.large()), Style::regular(layout.small()));
    let (left, right) = (layout.px(20.0), layout.size.width() as f32 - layout.px(20.0));
    let (first, second) = (bar.y + layout.px(38.0), bar.y + layout.px(62.0));
    let clock = now.to_string();
    large.draw_to(&mut canvas, &clock, right, first, TEXT);
    let room = right - large.width(&clock) - layout.px(24.0) - left;
    large.draw(&mut canvas, &large.fit(&card.title, room), left, first, TEXT);
    let back = small.width("Back");
    let key_width = small.width("Esc") + layout.px(16.0);
    let key_y = second - (layout.px(20.0) + small.capital()) / 2.0;
    let end = key(&mut canvas, layout, (right - back - key_width, key_y), "Esc", false);
    small.draw(&mut canvas, "Back", end, second, TEXT_SECOND);
    let mut words = format!("{}   {}   {}", programme.times(), programme.genre, kind_word(card.kind));
    if auto {
        words.push_str("   Auto on");
    }
    let room = right - back - key_width - layout.px(24.0) - left;
    small.draw(&mut canvas, &small.fit(&words, room), left, second, TEXT_SECOND);
    let height = layout.px(3.0).round().max(1.0);
    progress(&mut canvas, Shape { y: bar.y + bar.height - height, height, ..bar }, programme.progress());
    canvas
}
