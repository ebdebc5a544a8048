//! A picture in red, green and blue, soft-edged shapes on it, and the way out to I420.
//!
//! Owns: coverage (how much of a pixel a shape covers), blending, colour conversion, grain.
//! Refuses: to know what is drawn.

use super::maths::mix;

/// Red, green, blue, each 0 to 255.
pub type Rgb = [f32; 3];

/// A picture that is being drawn.
pub struct Canvas {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<Rgb>,
}

impl Canvas {
    pub fn new(width: usize, height: usize) -> Canvas {
        Canvas { width, height, pixels: vec![[0.0; 3]; width * height] }
    }

    /// A filled circle.
    pub fn disc(&mut self, x: f32, y: f32, radius: f32, colour: Rgb, alpha: f32) {
        self.shape((x - radius, y - radius), (x + radius, y + radius), colour, |px, py| {
            alpha * edge(radius - length(px - x, py - y))
        });
    }

    /// The line of a circle.
    pub fn circle(&mut self, x: f32, y: f32, radius: f32, thickness: f32, colour: Rgb, alpha: f32) {
        let outer = radius + thickness;
        self.shape((x - outer, y - outer), (x + outer, y + outer), colour, |px, py| {
            alpha * edge(thickness / 2.0 - (length(px - x, py - y) - radius).abs())
        });
    }

    /// Light that fades with the distance.
    pub fn glow(&mut self, x: f32, y: f32, radius: f32, colour: Rgb, alpha: f32) {
        let reach = 1.0 / (radius * radius);
        self.shape((x - radius, y - radius), (x + radius, y + radius), colour, |px, py| {
            let near = (1.0 - ((px - x) * (px - x) + (py - y) * (py - y)) * reach).max(0.0);
            alpha * near * near * near
        });
    }

    /// A line with round ends.
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), thickness: f32, colour: Rgb, alpha: f32) {
        let low = (from.0.min(to.0) - thickness, from.1.min(to.1) - thickness);
        let high = (from.0.max(to.0) + thickness, from.1.max(to.1) + thickness);
        self.shape(low, high, colour, |px, py| alpha * edge(thickness / 2.0 - to_segment((px, py), from, to)));
    }

    /// A mask of coverages, `columns` wide, with its top left corner at a pixel.
    pub fn mask(&mut self, mask: &[f32], columns: usize, left: isize, top: isize, colour: Rgb) {
        for (index, coverage) in mask.iter().enumerate().filter(|(_, coverage)| **coverage > 0.0) {
            let (x, y) = (left + (index % columns) as isize, top + (index / columns) as isize);
            if (0..self.width as isize).contains(&x) && (0..self.height as isize).contains(&y) {
                blend(&mut self.pixels[y as usize * self.width + x as usize], colour, *coverage);
            }
        }
    }

    /// What covers something between two corners, given how much it covers of the pixel at a place.
    pub fn shape(&mut self, low: (f32, f32), high: (f32, f32), colour: Rgb, coverage: impl Fn(f32, f32) -> f32) {
        let clip = |value: f32, most: usize| value.clamp(0.0, most as f32) as usize;
        let columns = clip(low.0 - 1.0, self.width)..clip(high.0 + 2.0, self.width);
        for row in clip(low.1 - 1.0, self.height)..clip(high.1 + 2.0, self.height) {
            let line = &mut self.pixels[row * self.width..][..self.width];
            for column in columns.clone() {
                let alpha = coverage(column as f32 + 0.5, row as f32 + 0.5);
                if alpha > 0.0 {
                    blend(&mut line[column], colour, alpha);
                }
            }
        }
    }

    /// The picture as I420, BT.601 with limited range, with a breath of grain: it hides the steps of the gradients, and
    /// it gives the encoder between two key pictures something to do, as a camera would.
    pub fn write_i420(&self, seed: u32, out: &mut Vec<u8>) {
        let (width, height) = (self.width, self.height);
        out.clear();
        out.reserve(width * height * 3 / 2);
        for (row, line) in self.pixels.chunks_exact(width).enumerate() {
            let mut noise = mix(seed.wrapping_mul(7919) ^ (row as u32) << 12) | 1;
            out.extend(line.iter().map(|[r, g, b]| {
                noise ^= noise << 13;
                noise ^= noise >> 17;
                noise ^= noise << 5;
                let grain = ((noise & 0xff) + (noise >> 8 & 0xff)) as f32 / 255.0 - 1.0;
                (16.5 + 0.257 * r + 0.504 * g + 0.098 * b + grain * GRAIN).clamp(16.0, 235.0) as u8
            }));
        }
        let chroma: [Rgb; 2] = [[-0.148, -0.291, 0.439], [0.439, -0.368, -0.071]];
        for weights in chroma {
            for row in 0..height / 2 {
                let upper = &self.pixels[2 * row * width..][..width];
                let lower = &self.pixels[(2 * row + 1) * width..][..width];
                out.extend(upper.chunks_exact(2).zip(lower.chunks_exact(2)).map(|(upper, lower)| {
                    let sum: f32 =
                        [upper[0], upper[1], lower[0], lower[1]].iter().map(|pixel| dot(pixel, &weights)).sum();
                    (128.5 + sum / 4.0).clamp(16.0, 240.0) as u8
                }));
            }
        }
    }
}

/// Steps of luma at most.
const GRAIN: f32 = 3.0;

fn dot(a: &Rgb, b: &Rgb) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn blend(pixel: &mut Rgb, colour: Rgb, alpha: f32) {
    let alpha = alpha.min(1.0);
    for (old, new) in pixel.iter_mut().zip(colour) {
        *old += (new - *old) * alpha;
    }
}

/// Coverage of a pixel whose middle lies `inside` pixels within the edge.
pub fn edge(inside: f32) -> f32 {
    (inside + 0.5).clamp(0.0, 1.0)
}

fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// The distance of a point from a line with ends.
pub fn to_segment(point: (f32, f32), from: (f32, f32), to: (f32, f32)) -> f32 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (px, py) = (point.0 - from.0, point.1 - from.1);
    let along = (dx * dx + dy * dy).max(1e-12);
    let at = ((px * dx + py * dy) / along).clamp(0.0, 1.0);
    length(px - dx * at, py - dy * at)
}
