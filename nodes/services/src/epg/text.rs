//! Letters: how wide words are, how they are shortened and broken into lines, and drawn.
//!
//! Owns: the two faces (Noto Sans, regular and bold) and everything that is done with them. Refuses: what is said, and
//! where. Letters stand side by side in the order of the text: scripts that join or turn round are not shaped, and what the
//! faces lack is a box.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

use super::canvas::Canvas;
use super::palette::Colour;

static REGULAR: LazyLock<FontRef<'static>> = LazyLock::new(|| face(notosans::REGULAR_TTF));
static BOLD: LazyLock<FontRef<'static>> = LazyLock::new(|| face(notosans::BOLD_TTF));

fn face(data: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(data).expect("the crate notosans holds faces that can be read")
}

/// What stands for what was left out.
const ELLIPSIS: char = '…';
/// More of a text is never looked at: no picture is that wide.
const LETTERS_MAX: usize = 240;
/// From one line to the next, in ems.
const LINE: f32 = 1.26;

/// A face in a size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    bold: bool,
    /// Pixels an em.
    size: f32,
}

impl Style {
    /// Regular letters, `size` pixels an em.
    pub fn regular(size: f32) -> Style {
        Style { bold: false, size }
    }

    /// Bold letters, `size` pixels an em.
    pub fn bold(size: f32) -> Style {
        Style { bold: true, size }
    }

    fn face(self) -> &'static FontRef<'static> {
        if self.bold { &BOLD } else { &REGULAR }
    }

    /// What the library calls scale is the height from ascent to descent, not the em.
    fn scale(self) -> PxScale {
        let face = self.face();
        PxScale::from(self.size * face.height_unscaled() / face.units_per_em().unwrap_or(1_000.0))
    }

    /// From one baseline to the next, pixels.
    pub fn line(self) -> f32 {
        self.size * LINE
    }

    /// The height of a capital, pixels.
    pub fn capital(self) -> f32 {
        self.size * 0.714
    }

    /// How wide it is drawn, pixels.
    pub fn width(self, text: &str) -> f32 {
        self.set(text).last().map_or(0.0, |(_, end)| end)
    }

    /// The letters, each with where it begins, and where it ends.
    fn set(self, text: &str) -> impl Iterator<Item = (Glyph, f32)> {
        let (face, scale) = (self.face(), self.scale());
        let scaled = face.as_scaled(scale);
        let mut end = 0.0;
        let mut before = None;
        text.chars().take(LETTERS_MAX).map(move |letter| {
            let id = scaled.glyph_id(if letter.is_control() { ' ' } else { letter });
            let begin = end + before.map_or(0.0, |before| scaled.kern(before, id));
            before = Some(id);
            end = begin + scaled.h_advance(id);
            (id.with_scale_and_position(scale, point(begin, 0.0)), end)
        })
    }

    /// The text, or as much of its beginning as fits into `width` with an ellipsis behind it.
    pub fn fit(self, text: &str, width: f32) -> String {
        if self.width(text) <= width && text.chars().count() <= LETTERS_MAX {
            return text.to_owned();
        }
        let room = width - self.width("…");
        let fits = self.set(text).take_while(|(_, end)| *end <= room).count();
        let mut kept: String = text.chars().take(fits).collect();
        kept.truncate(kept.trim_end().len());
        kept.push(ELLIPSIS);
        kept
    }

    /// Broken between words into lines no wider than `width`, at most `lines`; the last one ends in an ellipsis if there is
    /// more, and so does a word that is wider than a line.
    pub fn wrap(self, text: &str, width: f32, lines: usize) -> Vec<String> {
        if lines == 0 {
            return Vec::new();
        }
        let text: String = text.chars().take(LETTERS_MAX).collect();
        let mut done: Vec<String> = Vec::new();
        let mut words = text.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let mut line = word.to_owned();
            let last = done.len() + 1 == lines;
            while let Some(next) = words.peek() {
                let longer = format!("{line} {next}");
                if !last && self.width(&longer) > width {
                    break;
                }
                line = longer;
                words.next();
            }
            done.push(self.fit(&line, width));
            if last {
                break;
            }
        }
        done
    }

    /// Is every word of the text narrower than `width`?
    pub fn words_fit(self, text: &str, width: f32) -> bool {
        text.split_whitespace().all(|word| self.width(word) <= width)
    }

    /// Draws a text from `x` to the right, its letters standing on `baseline`.
    pub fn draw(self, canvas: &mut Canvas, text: &str, x: f32, baseline: f32, colour: Colour) {
        // Whole pixels up and down: feet and bars of letters are sharp.
        let baseline = baseline.round();
        for (mut glyph, _) in self.set(text) {
            glyph.position.x += x;
            glyph.position.y = baseline;
            let Some(outline) = self.face().outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, cover| {
                canvas.blend(corner.x as i32 + dx as i32, corner.y as i32 + dy as i32, colour, cover);
            });
        }
    }

    /// The same, ending at `right`.
    pub fn draw_to(self, canvas: &mut Canvas, text: &str, right: f32, baseline: f32, colour: Colour) {
        self.draw(canvas, text, right - self.width(text), baseline, colour);
    }

    /// The same, around `middle`.
    pub fn draw_around(self, canvas: &mut Canvas, text: &str, middle: f32, baseline: f32, colour: Colour) {
        self.draw(canvas, text, middle - self.width(text) / 2.0, baseline, colour);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::epg::layout::Rect;
    use crate::epg::palette::WHITE;

    /// The rows that have ink, and how much there is in all.
    fn inked(style: Style, text: &str) -> (usize, f32) {
        let mut canvas = Canvas::new(Rect { x: 0, y: 0, width: 400, height: 60 });
        style.draw(&mut canvas, text, 4.0, 40.0, WHITE);
        let mut inks = Vec::new();
        canvas.each(media_share::Plane::Y, |_, keep| inks.push(1.0 - keep));
        let rows = inks.chunks(400).filter(|row: &&[f32]| row.iter().any(|ink| *ink > 0.25)).count();
        (rows, inks.iter().sum())
    }

    #[test]
    fn the_smallest_letters_are_14_pixels_high_from_capital_to_foot() {
        for style in [Style::regular(15.0), Style::bold(15.0)] {
            let (rows, _) = inked(style, "Ap");
            assert!(rows >= 14, "{rows} of {style:?}");
        }
    }

    #[test]
    fn a_letter_that_the_face_lacks_is_a_box_and_not_nothing() {
        for text in ["漢", "字", "\u{10ffff}"] {
            let (_, ink) = inked(Style::regular(20.0), text);
            assert!(ink > 20.0, "{text}: {ink}");
        }
        assert!(inked(Style::regular(20.0), "Ж Ω é").1 > 60.0);
    }

    #[test]
    fn words_are_broken_into_lines_and_the_last_is_shortened() {
        let style = Style::regular(15.0);
        let lines = style.wrap("The quick brown fox jumps over the lazy dog", 100.0, 3);
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("The quick") && lines[2].ends_with('…'), "{lines:?}");
        assert_eq!(style.wrap("short", 100.0, 3), ["short"]);
        assert!(style.wrap("Donaudampfschifffahrtsgesellschaft", 100.0, 3)[0].ends_with('…'));
        assert!(style.wrap("  ", 100.0, 3).is_empty());
    }

    proptest! {
        #[test]
        fn what_is_fitted_fits(text in "\\PC{0,300}", width in 30.0f32..400.0, bold in any::<bool>()) {
            let style = Style { bold, size: 15.0 };
            let fitted = style.fit(&text, width);
            prop_assert!(style.width(&fitted) <= width + 0.01, "{} is {}", fitted, style.width(&fitted));
            prop_assert!(fitted == text || fitted.ends_with('…'));
            for line in style.wrap(&text, width, 3) {
                prop_assert!(style.width(&line) <= width + 0.01);
            }
        }
    }
}
