//! The background: a night that turns from indigo to teal, northern lights that drift, stars that fall slowly.
//!
//! Owns: the sky as a function of where we are in the loop, 0 to 1.
//! Refuses: detail in the light. It is computed on a coarse grid and stretched, which is what makes it cheap and soft.

use super::canvas::{Canvas, Rgb};
use super::maths::{scatter, sin, smooth};

/// Pixels per grid cell, each way.
const CELL: usize = 4;
const STARS: u32 = 110;
const NIGHT: [Rgb; 3] = [[12.0, 10.0, 38.0], [22.0, 24.0, 66.0], [10.0, 56.0, 74.0]];
const GREEN: Rgb = [64.0, 214.0, 164.0];
const VIOLET: Rgb = [142.0, 92.0, 226.0];
const STAR: Rgb = [214.0, 232.0, 255.0];

/// The sky of a picture size.
pub struct Sky {
    columns: usize,
    rows: usize,
    grid: Vec<Rgb>,
}

impl Sky {
    pub fn new(width: usize, height: usize) -> Sky {
        // One cell more than needed, for the stretch to end in.
        let (columns, rows) = (width.div_ceil(CELL) + 1, height.div_ceil(CELL) + 1);
        Sky { columns, rows, grid: vec![[0.0; 3]; columns * rows] }
    }

    /// Covers the whole canvas.
    pub fn paint(&mut self, round: f32, canvas: &mut Canvas) {
        for row in 0..self.rows {
            let y = row as f32 / (self.rows - 1) as f32;
            for column in 0..self.columns {
                let x = column as f32 / (self.columns - 1) as f32;
                self.grid[row * self.columns + column] = light(x, y, round);
            }
        }
        self.stretch(canvas);
        stars(round, canvas);
    }

    fn stretch(&self, canvas: &mut Canvas) {
        let width = canvas.width;
        for (y, line) in canvas.pixels.chunks_exact_mut(width).enumerate() {
            let (row, down) = (y / CELL, (y % CELL) as f32 / CELL as f32);
            let upper = &self.grid[row * self.columns..][..self.columns];
            let lower = &self.grid[(row + 1) * self.columns..][..self.columns];
            for (cell, pixels) in line.chunks_mut(CELL).enumerate() {
                let left = between(&upper[cell], &lower[cell], down);
                let right = between(&upper[cell + 1], &lower[cell + 1], down);
                for (x, pixel) in pixels.iter_mut().enumerate() {
                    *pixel = between(&left, &right, x as f32 / CELL as f32);
                }
            }
        }
    }
}

/// The colour of the sky at a place, both 0 to 1.
fn light(x: f32, y: f32, round: f32) -> Rgb {
    let half = if y < 0.55 { smooth(y / 0.55) } else { 1.0 + smooth((y - 0.55) / 0.45) };
    let mut colour = match half {
        half if half < 1.0 => between(&NIGHT[0], &NIGHT[1], half),
        half => between(&NIGHT[1], &NIGHT[2], half - 1.0),
    };
    // Two curtains: each hangs from a wavy line, sharp above and long below, and is pleated.
    let curtains = [(GREEN, 0.30, 0.9, 1.0, 0.62), (VIOLET, 0.16, 0.7, -1.0, 0.58)];
    for (index, (tint, height, waves, way, strength)) in curtains.into_iter().enumerate() {
        let shift = index as f32 * 0.37;
        let line = height
            + 0.085 * sin(x * waves + way * round + shift)
            + 0.045 * sin(x * 2.3 - way * 2.0 * round + 2.0 * shift)
            + 0.014 * sin(x * 7.0 + way * 3.0 * round);
        let below = y - line;
        let fall = if below < 0.0 { smooth(1.0 + below / 0.10) } else { smooth(1.0 - below / 0.46) };
        let pleats =
            0.62 + 0.24 * sin(x * 5.0 + way * 2.0 * round + shift) + 0.14 * sin(x * 17.0 - way * 5.0 * round + y * 0.6);
        let breath = 0.86 + 0.14 * sin(2.0 * round + 0.5 * x + shift);
        colour = between(&colour, &tint, (strength * fall * fall * pleats * breath).clamp(0.0, 1.0));
    }
    colour
}

fn stars(round: f32, canvas: &mut Canvas) {
    let (width, height) = (canvas.width as f32, canvas.height as f32);
    let unit = height / 360.0;
    for star in 0..STARS {
        let depth = scatter(star, 1);
        // Nearer ones fall faster: once or twice through the picture in a loop.
        let falls = if depth > 0.6 { 2.0 } else { 1.0 };
        let fall = scatter(star, 2) + falls * round;
        let y = (fall - fall.floor()) * (height + 16.0) - 8.0;
        let sway = sin(round * 2.0 + scatter(star, 3)) * 10.0 * unit;
        let x = scatter(star, 4) * width + sway;
        let twinkle = 0.7 + 0.3 * sin(round * (3.0 + (star % 4) as f32) + scatter(star, 5));
        let radius = (1.0 + 1.7 * depth * depth) * unit;
        canvas.glow(x, y, radius * 2.2, STAR, (0.25 + 0.6 * depth) * twinkle);
    }
}

fn between(from: &Rgb, to: &Rgb, at: f32) -> Rgb {
    [0, 1, 2].map(|channel| from[channel] + (to[channel] - from[channel]) * at)
}
