//! The statistics that F1 shows over a picture.
//!
//! Owns: what is told, and its letters. Refuses: to measure.

use std::collections::VecDeque;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use tokio::time::Instant;
use transport_viewer::{Percentiles, Stats};

/// Rates are means over so many measurements: two seconds.
const MEASUREMENTS: usize = 4;
/// Height of a line, in pixels.
const LINE: f32 = 18.0;
/// Around the text, in pixels.
const EDGE: usize = 8;

/// See the module.
#[derive(Default)]
pub struct Overlay {
    measured: VecDeque<(Instant, Stats)>,
    /// How much of each pixel a letter covers, 0 to 255; rows of `width`.
    cover: Vec<u8>,
    width: usize,
}

impl Overlay {
    /// What has been measured up to now.
    pub fn measured(&mut self, at: Instant, stats: Stats) {
        self.measured.push_back((at, stats));
        if self.measured.len() > MEASUREMENTS + 1 {
            self.measured.pop_front();
        }
        let lines = self.lines();
        (self.cover, self.width) = letters(&lines);
    }

    fn lines(&self) -> Vec<String> {
        let (Some((first_at, first)), Some((last_at, last))) = (self.measured.front(), self.measured.back()) else {
            return Vec::new();
        };
        let seconds = last_at.saturating_duration_since(*first_at).as_secs_f64();
        let rate = |now: u64, before: u64| match seconds > 0.0 {
            true => now.saturating_sub(before) as f64 / seconds,
            false => 0.0,
        };
        let changed = |stats: &Stats| stats.frames.saturating_sub(stats.repeats);
        let ms = |given: Option<Percentiles>| match given {
            Some(given) => format!("p50 {:.0} ms, p99 {:.0} ms", given.p50, given.p99),
            None => "not measured".to_owned(),
        };
        vec![
            format!("{:.1} pictures/s", rate(changed(last), changed(first))),
            format!("{:.0} kbit/s", rate(last.bytes, first.bytes) * 8.0 / 1e3),
            format!("input to picture {}", ms(last.input_to_picture_ms)),
            format!("late {}, dropped {}", last.late, last.dropped),
        ]
    }

    /// Draws it into the top left corner of pixels whose rows are `width` long.
    pub fn draw(&self, pixels: &mut [u32], width: usize) {
        if self.width == 0 || width == 0 {
            return;
        }
        for (row, cover) in pixels.chunks_exact_mut(width).zip(self.cover.chunks_exact(self.width)) {
            for (pixel, cover) in row.iter_mut().zip(cover) {
                // A third of the picture shines through, and white letters stand before it.
                let mixed = |shift: u32| {
                    let behind = (*pixel >> shift & 0xff) / 3;
                    (behind + (255 - behind) * u32::from(*cover) / 255) << shift
                };
                *pixel = mixed(16) | mixed(8) | mixed(0);
            }
        }
    }
}

fn letters(lines: &[String]) -> (Vec<u8>, usize) {
    let font = FontRef::try_from_slice(notosans::REGULAR_TTF).expect("the crate notosans holds faces that can be read");
    let scaled = font.as_scaled(PxScale::from(LINE));
    let advance = |c: char| scaled.h_advance(scaled.glyph_id(c));
    let long = lines.iter().map(|line| line.chars().map(advance).sum::<f32>()).fold(0.0, f32::max);
    let (width, height) = (long.ceil() as usize + 2 * EDGE, lines.len() * LINE as usize + 2 * EDGE);
    let mut cover = vec![0u8; width * height];
    for (number, line) in lines.iter().enumerate() {
        let base = EDGE as f32 + number as f32 * LINE + scaled.ascent();
        let mut along = EDGE as f32;
        for c in line.chars() {
            let glyph = scaled.glyph_id(c).with_scale_and_position(PxScale::from(LINE), point(along, base));
            along += advance(c);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            outline.draw(|x, y, part| {
                let (x, y) = (bounds.min.x as i64 + i64::from(x), bounds.min.y as i64 + i64::from(y));
                let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
                if x < width && y < height {
                    let at = &mut cover[y * width + x];
                    *at = at.saturating_add((part * 255.0) as u8);
                }
            });
        }
    }
    (cover, width)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stats(frames: u64, bytes: u64) -> Stats {
        Stats {
            first_frame_ms: Some(40.0),
            input_to_picture_ms: Some(Percentiles { p50: 41.6, p99: 60.2, samples: 9 }),
            picture_age_ms: None,
            frames,
            key_frames: 1,
            repeats: 0,
            bytes,
            late: 3,
            dropped: 0,
            resets: 0,
            discarded: 0,
            malformed: 0,
            inputs: 0,
            resumed: 0,
            rtt_ms: 1.0,
        }
    }

    #[test]
    fn rates_are_those_of_the_last_two_seconds() {
        let mut overlay = Overlay::default();
        let began = Instant::now();
        for half in 0..20u32 {
            // Nothing at first, then thirty pictures and 125,000 bytes a second.
            let ran = u64::from(half.saturating_sub(10));
            overlay.measured(began + Duration::from_millis(500) * half, stats(ran * 15, ran * 62_500));
        }
        let lines = overlay.lines();
        assert_eq!(lines[0], "30.0 pictures/s");
        assert_eq!(lines[1], "1000 kbit/s");
        assert_eq!(lines[2], "input to picture p50 42 ms, p99 60 ms");
        assert_eq!(lines[3], "late 3, dropped 0");
    }

    #[test]
    fn letters_are_bright_on_a_darker_picture_and_end_at_the_window() {
        let mut overlay = Overlay::default();
        overlay.measured(Instant::now(), stats(1, 1));
        for (width, height) in [(640, 360), (20, 20), (1, 1), (0, 0)] {
            let mut pixels = vec![0x60_60_60; width * height];
            overlay.draw(&mut pixels, width);
            if width == 640 {
                assert!(pixels.iter().any(|pixel| pixel & 0xff > 0xe0), "letters");
                assert!(pixels.contains(&0x20_20_20), "what is behind them");
                assert_eq!(pixels[639], 0x60_60_60);
            }
        }
    }
}
