//! A piece with opacity, ready to be laid over a picture again and again: only the samples that it changes are kept, and
//! only those are touched.
//!
//! Owns: the arithmetic of laying over, in I420. Refuses: drawing (`canvas`).

use media_share::{I420, Plane};

use super::canvas::Canvas;

const PLANES: [Plane; 3] = [Plane::Y, Plane::U, Plane::V];
/// Gaps up to this length are carried along: a run costs more than that.
const GAP: usize = 8;

/// See the module.
pub struct Sprite {
    layers: [Layer; 3],
}

#[derive(Default)]
struct Layer {
    runs: Vec<Run>,
    /// What is kept of the sample below, of 255.
    keep: Vec<u8>,
    /// What is added.
    add: Vec<u8>,
}

/// Samples beside each other.
struct Run {
    row: usize,
    column: usize,
    length: usize,
}

impl Sprite {
    /// What has been drawn.
    pub fn of(canvas: &Canvas) -> Sprite {
        let layer = |plane: Plane| {
            let width = canvas.area().width / if plane == Plane::Y { 1 } else { 2 };
            let mut samples: Vec<(u8, u8)> = Vec::with_capacity(canvas.area().width * canvas.area().height);
            canvas.each(plane, |value, keep| samples.push(((value + 0.5) as u8, (keep * 255.0 + 0.5) as u8)));
            let mut layer = Layer::default();
            for (row, samples) in samples.chunks_exact(width.max(1)).enumerate() {
                layer.add_row(row, samples);
            }
            layer
        };
        Sprite { layers: PLANES.map(layer) }
    }

    /// Bytes that it occupies.
    pub fn bytes(&self) -> usize {
        self.layers.iter().map(|layer| 2 * layer.keep.len() + layer.runs.len() * size_of::<Run>()).sum()
    }

    /// Lays it over the picture, its top left corner at (`x`, `y`), both even. What lies outside is left out.
    pub fn lay(&self, picture: &mut I420, x: isize, y: isize) {
        for ((layer, plane), half) in self.layers.iter().zip(PLANES).zip([1, 2, 2]) {
            let (samples, stride) = picture.plane_mut(plane);
            layer.lay(samples, stride, x / half, y / half);
        }
    }
}

impl Layer {
    fn add_row(&mut self, row: usize, samples: &[(u8, u8)]) {
        let changes = |at: usize| samples[at] != (0, 255);
        let mut at = 0;
        while let Some(begin) = (at..samples.len()).find(|at| changes(*at)) {
            let mut end = begin + 1;
            while let Some(next) = (end..samples.len().min(end + GAP)).find(|at| changes(*at)) {
                end = next + 1;
            }
            self.runs.push(Run { row, column: begin, length: end - begin });
            self.add.extend(samples[begin..end].iter().map(|sample| sample.0));
            self.keep.extend(samples[begin..end].iter().map(|sample| sample.1));
            at = end;
        }
    }

    fn lay(&self, samples: &mut [u8], stride: usize, x: isize, y: isize) {
        let rows = samples.len() / stride;
        let mut at = 0;
        for run in &self.runs {
            let (keep, add) = (&self.keep[at..at + run.length], &self.add[at..at + run.length]);
            at += run.length;
            let Some(row) = run.row.checked_add_signed(y).filter(|row| *row < rows) else { continue };
            let left = x.saturating_add_unsigned(run.column);
            let skip = left.min(0).unsigned_abs().min(run.length);
            let begin = left.max(0).unsigned_abs().min(stride);
            let end = (begin + run.length - skip).min(stride);
            let below = &mut samples[row * stride + begin..row * stride + end];
            for ((below, keep), add) in below.iter_mut().zip(&keep[skip..]).zip(&add[skip..]) {
                // A division by 255 that rounds, without dividing: the compiler does sixteen of them at once.
                let kept = u16::from(*below) * u16::from(*keep) + 128;
                *below = add.wrapping_add(((kept + (kept >> 8)) >> 8) as u8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use media_share::Size;
    use proptest::prelude::*;

    use super::*;
    use crate::epg::canvas::Shape;
    use crate::epg::layout::Rect;
    use crate::epg::palette::{Colour, WHITE};

    fn grey(level: u8) -> I420 {
        let mut picture = I420::black(Size::new(32, 16).expect("even"));
        picture.plane_mut(Plane::Y).0.fill(level);
        picture
    }

    fn sprite(alpha: f32) -> Sprite {
        let area = Rect { x: 0, y: 0, width: 8, height: 4 };
        let mut canvas = Canvas::new(area);
        let colour = WHITE.with_alpha(alpha);
        canvas.fill(Shape::of(Rect { x: 2, y: 0, width: 4, height: 4 }, 0.0), colour, colour);
        Sprite::of(&canvas)
    }

    proptest! {
        #[test]
        fn laying_over_is_the_mean_that_opacity_asks_for(level in 16u8..=235, alpha in 0.0f32..=1.0) {
            let mut picture = grey(level);
            sprite(alpha).lay(&mut picture, 4, 2);
            let (luma, stride) = picture.plane(Plane::Y);
            let expected = f32::from(level) * (1.0 - alpha) + 235.0 * alpha;
            let got = f32::from(luma[3 * stride + 7]);
            prop_assert!((got - expected).abs() <= 1.5, "{} for {}", got, expected);
            prop_assert_eq!(luma[3 * stride + 5], level, "beside it nothing changes");
        }

        #[test]
        fn anywhere_at_all_it_is_clipped_to_the_picture(x in -20isize..50, y in -20isize..30) {
            let (x, y) = (x & !1, y & !1);
            let mut picture = grey(16);
            sprite(1.0).lay(&mut picture, x, y);
            let (luma, stride) = picture.plane(Plane::Y);
            for (at, level) in luma.iter().enumerate() {
                let (column, row) = ((at % stride) as isize - x, (at / stride) as isize - y);
                let inside = (2..6).contains(&column) && (0..4).contains(&row);
                prop_assert_eq!(*level, if inside { 235 } else { 16 });
            }
        }
    }

    #[test]
    fn only_what_changes_something_is_kept() {
        let area = Rect { x: 0, y: 0, width: 200, height: 100 };
        let mut canvas = Canvas::new(area);
        canvas.line(Shape::of(area, 0.0), 1.0, Colour::hex(0xff0000));
        assert!(Sprite::of(&canvas).bytes() < 200 * 100, "a line around it is a small part of it");
    }
}
