//! Without a subject: shapes of coloured paper that turn.
//!
//! Owns: this scene. Refuses: shading.

use super::super::canvas::{Canvas, Rgb};
use super::super::maths::{cos, sin, smooth};
use super::{Scene, part};

const CORAL: Rgb = [238.0, 96.0, 84.0];
const NAVY: Rgb = [34.0, 48.0, 92.0];
const MUSTARD: Rgb = [246.0, 188.0, 66.0];
const TEAL: Rgb = [46.0, 152.0, 148.0];
const CREAM: Rgb = [252.0, 240.0, 220.0];

/// Discs, halves, squares and stripes on a sheet of cream.
pub fn shapes(_: usize, _: usize) -> Scene {
    Box::new(|round, canvas| {
        let unit = canvas.unit();
        canvas.pixels.fill(CREAM);
        let square = |canvas: &mut Canvas, at: (f32, f32), half: f32, turn: f32, colour: Rgb| {
            let corner = |quarter: f32| {
                let turn = turn + 0.25 * quarter + 0.125;
                ((at.0 + half * 1.414 * cos(turn)) * unit, (at.1 + half * 1.414 * sin(turn)) * unit)
            };
            canvas.polygon(&[corner(0.0), corner(1.0), corner(2.0), corner(3.0)], colour, 1.0);
        };
        // A grid of tiles, each with something in it that turns by whole quarters.
        for tile in 0..15 {
            let (column, row) = (tile % 5, tile / 5);
            let at = (64.0 + 128.0 * column as f32, 60.0 + 120.0 * row as f32);
            let back = [CREAM, TEAL, CORAL, NAVY, MUSTARD, [244.0, 214.0, 196.0]][(column * 5 + row * 8) % 6];
            let front = [NAVY, CREAM, MUSTARD, CORAL, NAVY, TEAL][(column * 5 + row * 8) % 6];
            canvas.rect(
                ((at.0 - 64.0) * unit, (at.1 - 60.0) * unit),
                ((at.0 + 64.0) * unit, (at.1 + 60.0) * unit),
                back,
                1.0,
            );
            // Turns go a quarter at a time and rest in between, one tile after the other.
            let beat = part(round + tile as f32 / 15.0) * 4.0;
            let turned = 0.25 * (beat.floor() + smooth(part(beat) * 1.8));
            let middle = (at.0 * unit, at.1 * unit);
            match (column + 2 * row) % 5 {
                0 => {
                    canvas.half_disc(middle, 50.0 * unit, turned, front, 1.0);
                    canvas.disc(middle.0, middle.1, 16.0 * unit, back, 1.0);
                }
                1 => {
                    canvas.disc(middle.0, middle.1, 48.0 * unit, front, 1.0);
                    let orbit = (26.0 * cos(turned) * unit, 26.0 * sin(turned) * unit);
                    canvas.disc(middle.0 + orbit.0, middle.1 + orbit.1, 18.0 * unit, back, 1.0);
                }
                2 => {
                    square(canvas, at, 38.0, turned, front);
                    square(canvas, at, 20.0, 0.125 - turned, back);
                }
                3 => {
                    for ring in 0..4 {
                        let radius = 52.0 - 13.0 * ring as f32 + 3.0 * sin(2.0 * round + 0.2 * ring as f32);
                        let colour = if ring % 2 == 0 { front } else { back };
                        canvas.half_disc(middle, radius * unit, turned, colour, 1.0);
                    }
                }
                _ => {
                    for stripe in 0..4 {
                        let off = (stripe as f32 - 1.5) * 26.0;
                        let (c, s) = (cos(turned), sin(turned));
                        let put =
                            |x: f32, y: f32| (middle.0 + (x * c - y * s) * unit, middle.1 + (x * s + y * c) * unit);
                        canvas.line(put(off, -42.0), put(off, 42.0), 13.0 * unit, front, 1.0);
                    }
                }
            }
        }
    })
}
