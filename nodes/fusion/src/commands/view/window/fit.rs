//! Where a picture stands in a window: as large as it fits, in the middle, its shape kept.
//!
//! Owns: the arithmetic, both ways. Refuses: pixels.

use std::ops::Range;

/// Columns and rows of a window, in pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// From the left.
    pub columns: Range<usize>,
    /// From the top.
    pub rows: Range<usize>,
}

impl Fit {
    /// A picture of this size in a window of that size, width and height each.
    pub fn of(picture: (usize, usize), window: (usize, usize)) -> Fit {
        let ((width, height), (across, down)) = (picture, window);
        if width == 0 || height == 0 {
            return Fit { columns: 0..0, rows: 0..0 };
        }
        let (wide, high) = match across * height <= down * width {
            true => (across, across * height / width),
            false => (down * width / height, down),
        };
        let middle = |all: usize, part: usize| (all - part) / 2..(all - part) / 2 + part;
        Fit { columns: middle(across, wide), rows: middle(down, high) }
    }

    /// A place in the window as a place in the picture, in 65536ths of its sides. Beside it: the nearest edge.
    pub fn in_picture(&self, x: f64, y: f64) -> (u16, u16) {
        let along = |at: f64, range: &Range<usize>| {
            let part = (at - range.start as f64) / range.len().max(1) as f64;
            (part * 65_536.0).clamp(0.0, 65_535.0) as u16
        };
        (along(x, &self.columns), along(y, &self.rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_shape_and_stands_in_the_middle() {
        for (window, columns, rows) in [
            ((640, 360), 0..640, 0..360),
            ((1280, 720), 0..1280, 0..720),
            ((640, 480), 0..640, 60..420),
            ((1000, 360), 180..820, 0..360),
            ((0, 10), 0..0, 5..5),
        ] {
            assert_eq!(Fit::of((640, 360), window), Fit { columns, rows }, "{window:?}");
        }
    }

    #[test]
    fn places_are_those_of_the_picture_and_end_at_its_edges() {
        let fit = Fit::of((640, 360), (640, 480));
        assert_eq!(fit.in_picture(0.0, 60.0), (0, 0));
        assert_eq!(fit.in_picture(320.0, 240.0), (32_768, 32_768));
        assert_eq!(fit.in_picture(-5.0, 10.0), (0, 0));
        assert_eq!(fit.in_picture(640.0, 479.0), (65_535, 65_535));
        assert_eq!(Fit::of((640, 360), (0, 0)).in_picture(3.0, 3.0).0, 65_535);
    }
}
