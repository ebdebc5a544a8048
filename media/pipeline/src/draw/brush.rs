//! Larger strokes than the canvas has: washes, ridges, polygons, ellipses.
//!
//! Owns: their coverage. Refuses: to know what is drawn.

use super::canvas::{Canvas, Rgb, edge};
use super::maths::{cos, sin};

/// Pixels per cell of a wash, each way.
const CELL: usize = 8;

/// From one colour to another, `at` 0 to 1.
pub fn mixed(from: Rgb, to: Rgb, at: f32) -> Rgb {
    let at = at.clamp(0.0, 1.0);
    [0, 1, 2].map(|channel| from[channel] + (to[channel] - from[channel]) * at)
}

/// Along stops (place, colour), which are sorted by place.
pub fn along(stops: &[(f32, Rgb)], at: f32) -> Rgb {
    let after = stops.iter().position(|(place, _)| *place >= at).unwrap_or(stops.len());
    match (after.checked_sub(1).map(|before| stops[before]), stops.get(after)) {
        (Some((from, first)), Some((to, second))) => mixed(first, *second, (at - from) / (to - from)),
        (Some((_, only)), None) => only,
        (None, Some((_, only))) => *only,
        (None, None) => [0.0; 3],
    }
}

impl Canvas {
    /// Everything is laid out for 360 lines.
    pub fn unit(&self) -> f32 {
        self.height as f32 / 360.0
    }

    /// Covers everything with soft colours, given for places from 0 to 1 each way.
    pub fn wash(&mut self, colour: impl Fn(f32, f32) -> Rgb) {
        let (width, height) = (self.width, self.height);
        let columns = width.div_ceil(CELL) + 1;
        let line = |row: usize| -> Vec<Rgb> {
            let y = (row * CELL) as f32 / height as f32;
            (0..columns).map(|column| colour((column * CELL) as f32 / width as f32, y)).collect()
        };
        let (mut upper, mut lower) = (line(0), line(1));
        for (y, pixels) in self.pixels.chunks_exact_mut(width).enumerate() {
            if y > 0 && y % CELL == 0 {
                (upper, lower) = (lower, line(y / CELL + 1));
            }
            let down = (y % CELL) as f32 / CELL as f32;
            for (cell, part) in pixels.chunks_mut(CELL).enumerate() {
                let left = mixed(upper[cell], lower[cell], down);
                let right = mixed(upper[cell + 1], lower[cell + 1], down);
                let step = [0, 1, 2].map(|channel| (right[channel] - left[channel]) / CELL as f32);
                let mut now = left;
                for pixel in part {
                    *pixel = now;
                    now = [now[0] + step[0], now[1] + step[1], now[2] + step[2]];
                }
            }
        }
    }

    /// Covers everything below a line. `top` is given a column and gives a row, `colour` is given a row; all in pixels.
    pub fn ridge(&mut self, top: impl Fn(f32) -> f32, colour: impl Fn(f32) -> Rgb) {
        let tops: Vec<f32> = (0..self.width).map(|column| top(column as f32 + 0.5)).collect();
        let first = tops.iter().fold(f32::MAX, |least, top| least.min(*top)).clamp(0.0, self.height as f32) as usize;
        for row in first.saturating_sub(1)..self.height {
            let (middle, paint) = (row as f32 + 0.5, colour(row as f32));
            let line = &mut self.pixels[row * self.width..][..self.width];
            for (pixel, top) in line.iter_mut().zip(&tops) {
                let cover = edge(middle - top);
                if cover > 0.0 {
                    *pixel = mixed(*pixel, paint, cover);
                }
            }
        }
    }

    /// A polygon without dents, its corners clockwise.
    pub fn polygon(&mut self, corners: &[(f32, f32)], colour: Rgb, alpha: f32) {
        let next = corners.iter().skip(1).chain(corners.first());
        let sides: Vec<_> = corners
            .iter()
            .zip(next)
            .map(|(from, to)| {
                let (dx, dy) = (to.0 - from.0, to.1 - from.1);
                let length = (dx * dx + dy * dy).sqrt().max(1e-6);
                // The distance to the inside of this side is a·x + b·y + c.
                let (a, b) = (-dy / length, dx / length);
                (a, b, -(a * from.0 + b * from.1))
            })
            .collect();
        let low = corners.iter().fold((f32::MAX, f32::MAX), |low, at| (low.0.min(at.0), low.1.min(at.1)));
        let high = corners.iter().fold((f32::MIN, f32::MIN), |high, at| (high.0.max(at.0), high.1.max(at.1)));
        self.shape(low, high, colour, |x, y| {
            alpha * edge(sides.iter().fold(f32::MAX, |least, (a, b, c)| least.min(a * x + b * y + c)))
        });
    }

    /// An upright rectangle.
    pub fn rect(&mut self, low: (f32, f32), high: (f32, f32), colour: Rgb, alpha: f32) {
        self.shape(low, high, colour, |x, y| {
            alpha * edge((x - low.0).min(high.0 - x)) * edge((y - low.1).min(high.1 - y))
        });
    }

    /// A filled ellipse, turned clockwise.
    pub fn ellipse(&mut self, at: (f32, f32), radii: (f32, f32), turn: f32, colour: Rgb, alpha: f32) {
        let (c, s) = (cos(turn), sin(turn));
        let (most, least) = (radii.0.max(radii.1), radii.0.min(radii.1));
        self.shape((at.0 - most, at.1 - most), (at.0 + most, at.1 + most), colour, |x, y| {
            let (dx, dy) = (x - at.0, y - at.1);
            let (u, v) = ((dx * c + dy * s) / radii.0, (dy * c - dx * s) / radii.1);
            alpha * edge((1.0 - (u * u + v * v).sqrt()) * least)
        });
    }

    /// A half disc: the part of a disc on one side of a line through its middle.
    pub fn half_disc(&mut self, at: (f32, f32), radius: f32, turn: f32, colour: Rgb, alpha: f32) {
        let (a, b) = (cos(turn), sin(turn));
        self.shape((at.0 - radius, at.1 - radius), (at.0 + radius, at.1 + radius), colour, |x, y| {
            let (dx, dy) = (x - at.0, y - at.1);
            alpha * edge((radius - (dx * dx + dy * dy).sqrt()).min(a * dx + b * dy))
        });
    }

    /// A fir tree: three skirts on a foot, its lower middle at a place.
    pub fn fir(&mut self, at: (f32, f32), height: f32, colour: Rgb, alpha: f32) {
        self.rect((at.0 - height * 0.03, at.1 - height * 0.15), (at.0 + height * 0.03, at.1), colour, alpha);
        for (bottom, top, wide) in [(0.12, 0.58, 0.26), (0.36, 0.80, 0.20), (0.60, 1.0, 0.14)] {
            let corners = [
                (at.0, at.1 - height * top),
                (at.0 + height * wide, at.1 - height * bottom),
                (at.0 - height * wide, at.1 - height * bottom),
            ];
            self.polygon(&corners, colour, alpha);
        }
    }
}
