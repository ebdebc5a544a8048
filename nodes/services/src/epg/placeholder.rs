//! What stands where a source has no picture: not yet, or not at all.
//!
//! Owns: both cards, as a tile and on the full screen. They do not move: a page of sources that are still being opened
//! costs nothing. Refuses: the label, which lies over a card as over a picture.

use media_share::{Size, SourceCard};

use super::canvas::{Canvas, Shape};
use super::layout::{Layout, Rect};
use super::palette::*;
use super::text::Style;

/// Why there is no picture.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lack<'a> {
    /// It is being opened.
    Waiting,
    /// It cannot be shown; in words.
    Broken(&'a str),
}

/// The card of a source, as large as a tile or as the whole picture.
pub fn card(layout: &Layout, size: Size, card: &SourceCard, lack: Lack<'_>) -> Canvas {
    let area = Rect { x: 0, y: 0, width: size.width(), height: size.height() };
    let mut canvas = Canvas::new(area);
    canvas.fill(Shape::of(area, 0.0), CARD_TOP, CARD_FOOT);
    let full = size == layout.size;
    // What lies below is the label's, or the bar's.
    let covered = if full { layout.bar.height as f32 } else { layout.px(26.0) };
    let (middle, free) = (size.width() as f32 / 2.0, size.height() as f32 - covered);
    let width = size.width() as f32 * if full { 0.7 } else { 0.9 };
    let small = Style::regular(layout.small());
    match lack {
        Lack::Waiting => {
            let initial = initial(&card.title);
            let style = Style::bold(layout.px(if full { 84.0 } else { 34.0 }));
            let baseline = (free + style.capital()) / 2.0;
            style.draw_around(&mut canvas, &initial, middle, baseline, TEXT_THIRD);
            if full {
                let below = baseline + layout.px(34.0);
                small.draw_around(&mut canvas, "The picture is on its way.", middle, below, TEXT_SECOND);
            }
        }
        Lack::Broken(words) => {
            let style = Style::bold(if full { layout.large() } else { layout.small() });
            let room = ((free - layout.px(8.0) - style.capital()) / small.line()) as usize;
            // Its name stands in the label, or in the bar.
            let words = words.strip_prefix(&*card.title).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(words);
            let lines = small.wrap(&in_words(words), width, room.min(if full { 5 } else { 2 }));
            let height = style.capital() + small.line() * lines.len() as f32;
            let mut baseline = (free - height) / 2.0 + style.capital();
            style.draw_around(&mut canvas, "No picture", middle, baseline, TEXT);
            for line in lines {
                baseline += if full { small.line() + layout.px(3.0) } else { small.line() };
                small.draw_around(&mut canvas, &line, middle, baseline, TEXT_SECOND);
            }
        }
    }
    canvas
}

/// The first letter of a title, large.
fn initial(title: &str) -> String {
    let first = title.chars().find(|letter| letter.is_alphanumeric());
    first.map_or_else(|| "–".to_owned(), |letter| letter.to_uppercase().take(1).collect())
}

/// A cause as a sentence.
fn in_words(cause: &str) -> String {
    let mut letters = cause.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
