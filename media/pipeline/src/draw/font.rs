//! Letters and figures of one round pen: strokes and arcs, drawn at any size.
//!
//! Owns: the dozen letters that the clip needs. No font file, so that the picture is the same on every machine.
//! Refuses: any other letter; it is a blank.

use std::collections::BTreeMap;

use super::canvas::{Canvas, Rgb, edge, to_segment};
use super::maths::{cos, sin};

/// One movement of the pen, in units of the height of a figure; y grows downwards from the top, 1 is the base line.
enum Stroke {
    Line([f32; 4]),
    /// Centre, radii, from and to in degrees, clockwise from the right.
    Arc([f32; 6]),
    /// Centre, radii: all the way round.
    Ring([f32; 4]),
}

use Stroke::{Arc, Line, Ring};

/// The strokes of a character and its width.
fn glyph(character: char) -> (f32, &'static [Stroke]) {
    const X: f32 = 0.38; // where small letters begin
    match character {
        '0' => (
            0.62,
            &[
                Arc([0.31, 0.31, 0.31, 0.31, 180.0, 360.0]),
                Line([0.62, 0.31, 0.62, 0.69]),
                Arc([0.31, 0.69, 0.31, 0.31, 0.0, 180.0]),
                Line([0.0, 0.69, 0.0, 0.31]),
            ],
        ),
        '1' => (0.62, &[Line([0.12, 0.20, 0.36, 0.0]), Line([0.36, 0.0, 0.36, 1.0])]),
        '2' => (
            0.62,
            &[
                Arc([0.31, 0.30, 0.30, 0.30, 185.0, 395.0]),
                Line([0.556, 0.472, 0.01, 1.0]),
                Line([0.01, 1.0, 0.62, 1.0]),
            ],
        ),
        '3' => (0.62, &[Arc([0.31, 0.25, 0.27, 0.25, 200.0, 450.0]), Arc([0.31, 0.75, 0.31, 0.25, 270.0, 520.0])]),
        '4' => (0.62, &[Line([0.48, 1.0, 0.48, 0.0]), Line([0.48, 0.0, 0.0, 0.70]), Line([0.0, 0.70, 0.64, 0.70])]),
        '5' => (
            0.62,
            &[
                Line([0.56, 0.0, 0.10, 0.0]),
                Line([0.10, 0.0, 0.064, 0.454]),
                Arc([0.29, 0.68, 0.32, 0.32, 225.0, 505.0]),
            ],
        ),
        '6' => (0.62, &[Ring([0.31, 0.68, 0.31, 0.32]), Arc([0.62, 0.68, 0.62, 0.68, 180.0, 258.0])]),
        '7' => (0.62, &[Line([0.0, 0.0, 0.62, 0.0]), Line([0.62, 0.0, 0.22, 1.0])]),
        '8' => (0.62, &[Ring([0.31, 0.24, 0.26, 0.24]), Ring([0.31, 0.74, 0.31, 0.26])]),
        '9' => (0.62, &[Ring([0.31, 0.32, 0.31, 0.32]), Arc([0.0, 0.32, 0.62, 0.68, 0.0, 78.0])]),
        '.' => (0.02, &[Line([0.01, 0.99, 0.01, 1.0])]),
        ' ' => (0.18, &[]),
        'c' => (0.48, &[Arc([0.27, 0.69, 0.27, 0.31, 48.0, 312.0])]),
        'e' => (0.54, &[Line([0.01, 0.67, 0.53, 0.67]), Arc([0.27, 0.69, 0.27, 0.31, 356.0, 48.0])]),
        'f' => (
            0.36,
            &[
                Line([0.13, 0.22, 0.13, 1.0]),
                Arc([0.33, 0.22, 0.20, 0.20, 180.0, 285.0]),
                Line([0.0, 0.42, 0.32, 0.42]),
            ],
        ),
        'i' => (0.0, &[Line([0.0, X, 0.0, 1.0]), Line([0.0, 0.12, 0.0, 0.13])]),
        'l' => (0.0, &[Line([0.0, 0.02, 0.0, 1.0])]),
        'n' => (
            0.48,
            &[Line([0.0, X, 0.0, 1.0]), Arc([0.24, 0.64, 0.24, 0.26, 180.0, 360.0]), Line([0.48, 0.64, 0.48, 1.0])],
        ),
        'o' => (0.54, &[Ring([0.27, 0.69, 0.27, 0.31])]),
        'p' => (0.54, &[Line([0.0, X, 0.0, 1.34]), Ring([0.27, 0.69, 0.27, 0.31])]),
        'r' => (0.34, &[Line([0.0, X, 0.0, 1.0]), Arc([0.24, 0.64, 0.24, 0.26, 180.0, 300.0])]),
        's' => (0.40, &[Arc([0.20, 0.535, 0.19, 0.155, 335.0, 90.0]), Arc([0.20, 0.845, 0.20, 0.155, 270.0, 515.0])]),
        't' => (
            0.36,
            &[
                Line([0.14, 0.16, 0.14, 0.80]),
                Arc([0.34, 0.80, 0.20, 0.20, 180.0, 80.0]),
                Line([0.0, 0.42, 0.34, 0.42]),
            ],
        ),
        'u' => {
            (0.48, &[Line([0.0, X, 0.0, 0.74]), Arc([0.24, 0.74, 0.24, 0.26, 180.0, 0.0]), Line([0.48, X, 0.48, 1.0])])
        }
        _ => (0.3, &[]),
    }
}

/// Between two characters.
const GAP: f32 = 0.26;
/// A mask reaches from above the line to below it, for descenders.
const BELOW: f32 = 1.4;

struct Mask {
    columns: usize,
    coverage: Vec<f32>,
}

/// A font that remembers the characters it has drawn.
#[derive(Default)]
pub struct Font {
    /// By character, and height and pen in 1/64 pixels.
    masks: BTreeMap<(char, u32, u32), Mask>,
}

impl Font {
    /// A text that begins at a point, its top left corner.
    pub fn left(&mut self, canvas: &mut Canvas, text: &str, at: (f32, f32), height: f32, pen: f32, colour: Rgb) {
        let mut x = at.0;
        for character in text.chars() {
            let margin = pen.ceil();
            let key = (character, (height * 64.0) as u32, (pen * 64.0) as u32);
            let mask = self.masks.entry(key).or_insert_with(|| draw(character, height, pen, margin));
            let (left, top) = ((x - margin).round() as isize, (at.1 - margin).round() as isize);
            canvas.mask(&mask.coverage, mask.columns, left, top, colour);
            x += (glyph(character).0 + GAP) * height;
        }
    }

    /// A text around a point, which is the middle of its top.
    pub fn centred(&mut self, canvas: &mut Canvas, text: &str, at: (f32, f32), height: f32, pen: f32, colour: Rgb) {
        self.left(canvas, text, (at.0 - width(text, height) / 2.0, at.1), height, pen, colour);
    }

    /// A text that ends at a point, its top right corner.
    pub fn right(&mut self, canvas: &mut Canvas, text: &str, at: (f32, f32), height: f32, pen: f32, colour: Rgb) {
        self.left(canvas, text, (at.0 - width(text, height), at.1), height, pen, colour);
    }
}

fn width(text: &str, height: f32) -> f32 {
    let widths: f32 = text.chars().map(|character| glyph(character).0 + GAP).sum();
    (widths - GAP).max(0.0) * height
}

fn draw(character: char, height: f32, pen: f32, margin: f32) -> Mask {
    let (width, strokes) = glyph(character);
    let segments: Vec<_> = strokes.iter().flat_map(flatten).collect();
    let columns = (width * height + 2.0 * margin).ceil() as usize + 2;
    let rows = (BELOW * height + 2.0 * margin).ceil() as usize;
    let mut coverage = vec![0.0; columns * rows];
    for (index, value) in coverage.iter_mut().enumerate() {
        let point = ((index % columns) as f32 + 0.5 - margin, (index / columns) as f32 + 0.5 - margin);
        let scaled = |(x, y): (f32, f32)| (x * height, y * height);
        let nearest = segments.iter().map(|(from, to)| to_segment(point, scaled(*from), scaled(*to)));
        *value = edge(pen / 2.0 - nearest.fold(f32::MAX, f32::min));
    }
    Mask { columns, coverage }
}

type Point = (f32, f32);

/// A stroke as straight pieces.
fn flatten(stroke: &Stroke) -> Vec<(Point, Point)> {
    match *stroke {
        Line([x0, y0, x1, y1]) => vec![((x0, y0), (x1, y1))],
        Ring([x, y, rx, ry]) => flatten(&Arc([x, y, rx, ry, 0.0, 360.0])),
        Arc([x, y, rx, ry, from, to]) => {
            const PIECES: u32 = 24;
            let at = |piece: u32| {
                let turn = (from + (to - from) * piece as f32 / PIECES as f32) / 360.0;
                (x + rx * cos(turn), y + ry * sin(turn))
            };
            (0..PIECES).map(|piece| (at(piece), at(piece + 1))).collect()
        }
    }
}
