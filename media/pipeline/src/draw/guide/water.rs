//! With water: a harbour at night, the deep sea, rain on a window.
//!
//! Owns: these three scenes. Refuses: the others.

use super::super::brush::{along, mixed};
use super::super::canvas::{Canvas, Rgb};
use super::super::maths::{cos, scatter, sin};
use super::{Scene, before, part};

/// Lamps with their reflections, a lighthouse, a boat.
pub fn harbour(width: usize, height: usize) -> Scene {
    const SHORE: f32 = 176.0;
    const LAMPS: [Rgb; 5] = [
        [255.0, 190.0, 92.0],
        [255.0, 226.0, 170.0],
        [255.0, 96.0, 84.0],
        [112.0, 232.0, 190.0],
        [134.0, 190.0, 255.0],
    ];
    let lamp = |number: u32| {
        let x = (number as f32 + 0.7 * scatter(number, 1)) / 26.0 * 650.0;
        (
            x,
            SHORE - 5.0 - 26.0 * scatter(number, 2) * scatter(number, 3),
            LAMPS[(scatter(number, 4) * 7.0) as usize % 5],
        )
    };
    let still = move |canvas: &mut Canvas| {
        let unit = canvas.unit();
        canvas.wash(|x, y| {
            let sky = along(
                &[
                    (0.0, [6.0, 10.0, 34.0]),
                    (0.3, [20.0, 28.0, 74.0]),
                    (0.47, [74.0, 58.0, 112.0]),
                    (0.50, [20.0, 28.0, 64.0]),
                    (0.7, [10.0, 20.0, 48.0]),
                    (1.0, [4.0, 9.0, 26.0]),
                ],
                y,
            );
            mixed(sky, [226.0, 130.0, 100.0], (0.24 - (x - 0.62).abs() * 0.5) - 2.4 * (y - 0.46).abs())
        });
        for star in 0..60 {
            let at = (scatter(star, 11) * 640.0 * unit, scatter(star, 12) * 120.0 * unit);
            canvas.glow(at.0, at.1, (1.2 + scatter(star, 13)) * unit, [226.0, 234.0, 255.0], 0.7);
        }
        let hills =
            |x: f32| SHORE - 14.0 - 26.0 * (0.5 + 0.5 * sin(x * 0.0017 + 0.4)) - 10.0 * (0.5 + 0.5 * sin(x * 0.005));
        for row in 0..(SHORE * unit) as usize {
            for column in 0..canvas.width {
                if row as f32 / unit > hills(column as f32 / unit) {
                    canvas.pixels[row * canvas.width + column] = [14.0, 16.0, 42.0];
                }
            }
        }
        for house in 0..32 {
            let (x, tall) = (house as f32 * 20.4, 10.0 + 18.0 * scatter(house, 21));
            canvas.rect((x * unit, (SHORE - tall) * unit), ((x + 17.0) * unit, SHORE * unit), [9.0, 11.0, 30.0], 1.0);
        }
        for number in 0..26 {
            let (x, y, colour) = lamp(number);
            canvas.glow(x * unit, y * unit, 20.0 * unit, colour, 0.55);
            canvas.disc(x * unit, y * unit, 2.1 * unit, mixed(colour, [255.0; 3], 0.6), 1.0);
        }
    };
    before((width, height), still, move |round, canvas| {
        let unit = canvas.unit();
        for number in 0..26 {
            let (x, y, colour) = lamp(number);
            for step in 0..20 {
                let down = step as f32 / 20.0;
                let at = SHORE + (SHORE - y) * 0.4 + 3.0 + 150.0 * down * (0.35 + 0.65 * down);
                let sway = (1.0 + 13.0 * down) * sin(down * 3.1 + 2.0 * round + scatter(number, 5));
                let glint = 0.5 + 0.5 * sin(5.3 * down + 3.0 * round + scatter(number, 6) + 0.37 * step as f32);
                let long = (3.0 + 9.0 * down) * (0.5 + 0.5 * glint);
                let alpha = 0.85 * (1.0 - down) * (0.25 + 0.75 * glint);
                canvas.line(
                    ((x + sway - long) * unit, at * unit),
                    ((x + sway + long) * unit, at * unit),
                    2.3 * unit,
                    colour,
                    alpha,
                );
            }
        }
        lighthouse(canvas, unit, round, SHORE);
        boat(canvas, unit, round);
    })
}

fn lighthouse(canvas: &mut Canvas, unit: f32, round: f32, shore: f32) {
    let lamp = (92.0, 70.0);
    let facing = cos(2.0 * round);
    for (way, reach) in [(1.0f32, sin(2.0 * round)), (-1.0, -sin(2.0 * round))] {
        // Always out of the picture; it fades as it turns to the one who looks.
        let far = 760.0 * way;
        if reach > 0.02 {
            let (end, wide) = (lamp.0 + far, 74.0);
            let mut corners = [
                (lamp.0 * unit, (lamp.1 - 2.0) * unit),
                (end * unit, (lamp.1 + 14.0 * way - wide) * unit),
                (end * unit, (lamp.1 + 14.0 * way + wide) * unit),
                (lamp.0 * unit, (lamp.1 + 2.0) * unit),
            ];
            if far < 0.0 {
                corners.reverse();
            }
            canvas.polygon(&corners, [255.0, 240.0, 196.0], 0.17 * reach);
        }
    }
    let put = |x: f32, y: f32| ((lamp.0 + x) * unit, y * unit);
    canvas.polygon(&[put(-9.0, 78.0), put(9.0, 78.0), put(15.0, shore), put(-15.0, shore)], [206.0, 204.0, 216.0], 1.0);
    for band in [96.0, 128.0, 160.0] {
        let half = 9.0 + 6.0 * (band - 78.0) / (shore - 78.0);
        let next = half + 1.0;
        canvas.polygon(
            &[put(-half, band), put(half, band), put(next, band + 14.0), put(-next, band + 14.0)],
            [182.0, 46.0, 58.0],
            1.0,
        );
    }
    canvas.rect(put(-11.0, 75.0), put(11.0, 79.0), [40.0, 38.0, 60.0], 1.0);
    canvas.rect(put(-6.0, 64.0), put(6.0, 75.0), [255.0, 236.0, 180.0], 1.0);
    canvas.polygon(&[put(0.0, 54.0), put(9.0, 64.0), put(-9.0, 64.0)], [150.0, 36.0, 50.0], 1.0);
    canvas.ellipse(put(0.0, shore + 2.0), (44.0 * unit, 8.0 * unit), 0.0, [12.0, 13.0, 30.0], 1.0);
    canvas.glow(
        lamp.0 * unit,
        lamp.1 * unit,
        (34.0 + 46.0 * facing.abs()) * unit,
        [255.0, 238.0, 186.0],
        0.5 + 0.4 * facing.abs(),
    );
}

fn boat(canvas: &mut Canvas, unit: f32, round: f32) {
    let (roll, heave) = (0.012 * sin(2.0 * round), 2.0 * sin(round + 0.2));
    let put = |x: f32, y: f32| {
        let (c, s) = (cos(roll), sin(roll));
        ((440.0 + x * c - y * s) * unit, (262.0 + heave + x * s + y * c) * unit)
    };
    let dark = [12.0, 10.0, 26.0];
    canvas.line(put(0.0, 2.0), put(0.0, -112.0), 2.6 * unit, [60.0, 50.0, 70.0], 1.0);
    canvas.polygon(&[put(5.0, -106.0), put(62.0, -10.0), put(5.0, -10.0)], [236.0, 226.0, 222.0], 0.94);
    canvas.polygon(&[put(-5.0, -96.0), put(-5.0, -10.0), put(-44.0, -10.0)], [206.0, 84.0, 80.0], 0.94);
    canvas.polygon(&[put(-62.0, -4.0), put(70.0, -4.0), put(46.0, 18.0), put(-48.0, 18.0)], dark, 1.0);
    canvas.line(put(-60.0, -3.0), put(68.0, -3.0), 2.2 * unit, [226.0, 178.0, 120.0], 1.0);
    let lamp = put(0.0, -114.0);
    canvas.glow(lamp.0, lamp.1, 22.0 * unit, [255.0, 214.0, 140.0], 0.9);
    for step in 0..9 {
        let down = step as f32;
        let y = 288.0 + 7.0 * down;
        let sway = (2.0 + down) * sin(2.0 * round + 0.21 * down);
        let alpha = 0.32 - 0.03 * down;
        canvas.line(
            ((404.0 + sway) * unit, y * unit),
            ((482.0 + sway - 3.0 * down) * unit, y * unit),
            2.4 * unit,
            [220.0, 190.0, 190.0],
            alpha,
        );
    }
}

/// Light from above, bubbles, fish, a jellyfish.
pub fn sea(_: usize, _: usize) -> Scene {
    let floor = |x: f32| 326.0 - 16.0 * (0.5 + 0.5 * sin(x * 0.0019 + 0.2)) - 6.0 * sin(x * 0.0051);
    Box::new(move |round, canvas| {
        let unit = canvas.unit();
        canvas.wash(|x, y| {
            let water = along(
                &[
                    (0.0, [96.0, 224.0, 222.0]),
                    (0.25, [30.0, 158.0, 186.0]),
                    (0.6, [8.0, 82.0, 130.0]),
                    (1.0, [3.0, 26.0, 66.0]),
                ],
                y,
            );
            let beam = |waves: f32, shift: f32| {
                let ray = sin((x - 0.35 * y + 0.2) * waves / (0.6 + 0.5 * y) + shift);
                ray.max(0.0) * ray.max(0.0)
            };
            let rays = 0.6 * beam(3.0, round) + 0.4 * beam(5.0, 0.3 - round);
            mixed(water, [196.0, 255.0, 240.0], rays * (0.55 - 0.6 * y))
        });
        canvas.ridge(
            |x| unit * floor(x / unit),
            |y| mixed([34.0, 92.0, 112.0], [10.0, 36.0, 66.0], (y / unit - 300.0) / 50.0),
        );
        for weed in 0..22 {
            let side = weed % 2 == 0;
            let x = if side { 10.0 + 170.0 * scatter(weed, 1) } else { 470.0 + 165.0 * scatter(weed, 1) };
            let tall = 60.0 + 90.0 * scatter(weed, 2);
            let tint = mixed([10.0, 92.0, 84.0], [44.0, 150.0, 96.0], scatter(weed, 3));
            let place = |step: f32| {
                let sway = 16.0 * step * step * sin(round + 0.8 * step + scatter(weed, 4))
                    + 7.0 * step * sin(2.0 * round + 1.3 * step);
                ((x + sway) * unit, (floor(x) + 5.0 - tall * step) * unit)
            };
            for step in 0..9 {
                let at = step as f32 / 9.0;
                canvas.line(place(at), place(at + 1.0 / 9.0), (7.0 - 5.5 * at) * unit, tint, 0.95);
            }
        }
        for fish in 0..26 {
            let lane = scatter(fish, 1);
            let x = part(0.04 * fish as f32 * lane + scatter(fish, 5) * 0.3 + round) * 800.0 - 80.0;
            let y = 196.0 + 60.0 * (lane - 0.5) + 16.0 * sin(round + 0.2 * lane + x * 0.001) + 8.0 * scatter(fish, 6);
            let size = 6.5 + 5.0 * scatter(fish, 2);
            let wag = 2.6 * sin(9.0 * round + scatter(fish, 3));
            let tint = mixed([255.0, 176.0, 54.0], [255.0, 112.0, 66.0], scatter(fish, 4));
            let put = |dx: f32, dy: f32| ((x + dx * size) * unit, (y + dy * size) * unit);
            let tail = wag / size;
            canvas.polygon(&[put(-1.8, tail - 0.7), put(-0.6, 0.0), put(-1.8, tail + 0.7)], tint, 1.0);
            canvas.ellipse(put(0.0, 0.0), (1.15 * size * unit, 0.58 * size * unit), 0.0, tint, 1.0);
            canvas.line(put(0.15, -0.42), put(0.1, 0.42), 0.28 * size * unit, [255.0, 250.0, 240.0], 0.95);
            canvas.disc(put(0.7, -0.12).0, put(0.7, -0.12).1, 0.15 * size * unit, [20.0, 24.0, 40.0], 1.0);
        }
        jellyfish(canvas, unit, (176.0, 118.0), 44.0, round);
        jellyfish(canvas, unit, (524.0, 92.0), 28.0, round + 0.4);
        for bubble in 0..64 {
            let rises = if bubble % 3 == 0 { 2.0 } else { 1.0 };
            let y = 380.0 - part(scatter(bubble, 1) + rises * round) * 410.0;
            let column = [150.0, 330.0, 416.0, 560.0][bubble as usize % 4];
            let x = column + 34.0 * (scatter(bubble, 2) - 0.5) + 6.0 * sin(3.0 * rises * round + scatter(bubble, 3));
            let radius = (1.8 + 5.6 * scatter(bubble, 4) * scatter(bubble, 5)) * unit;
            canvas.disc(x * unit, y * unit, radius, [170.0, 240.0, 250.0], 0.28);
            canvas.circle(x * unit, y * unit, radius, 1.2 * unit, [226.0, 255.0, 255.0], 0.85);
            canvas.disc(x * unit - radius * 0.35, y * unit - radius * 0.35, radius * 0.28, [255.0, 255.0, 255.0], 0.9);
        }
    })
}

fn jellyfish(canvas: &mut Canvas, unit: f32, at: (f32, f32), size: f32, round: f32) {
    let pulse = sin(2.0 * round);
    let (x, y) = (at.0 + 8.0 * sin(round), at.1 - 10.0 * sin(2.0 * round + 0.75));
    let (wide, tall) = (size * (1.0 - 0.14 * pulse), size * (0.82 + 0.12 * pulse));
    canvas.glow(x * unit, y * unit, size * 2.6 * unit, [255.0, 150.0, 220.0], 0.34);
    for arm in 0..7 {
        let side = (arm as f32 - 3.0) / 3.0;
        let place = |step: f32| {
            let sway = 0.22 * size * step * sin(2.0 * round + 0.9 * step + 0.13 * arm as f32 + 0.5);
            ((x + side * wide * (0.8 - 0.2 * step) + sway) * unit, (y + size * 2.1 * step) * unit)
        };
        for step in 0..10 {
            let down = step as f32 / 10.0;
            canvas.line(
                place(down),
                place(down + 0.1),
                (3.4 - 2.6 * down) * unit,
                [255.0, 176.0, 228.0],
                0.8 * (1.0 - 0.8 * down),
            );
        }
    }
    canvas.shape(
        ((x - wide) * unit, (y - tall) * unit),
        ((x + wide) * unit, (y + 4.0) * unit),
        [250.0, 138.0, 208.0],
        |px, py| {
            let (u, v) = ((px / unit - x) / wide, (py / unit - y) / tall);
            let rim = 0.1 * sin(u * 3.0);
            let inside = ((1.0 - (u * u + v * v).sqrt()) * size * unit).min((rim - v) * tall * unit);
            (inside + 0.5).clamp(0.0, 1.0) * (0.62 + 0.34 * (u * u + v * v))
        },
    );
    canvas.ellipse(
        ((x - 0.3 * wide) * unit, (y - 0.5 * tall) * unit),
        (0.24 * wide * unit, 0.16 * tall * unit),
        0.9,
        [255.0, 226.0, 246.0],
        0.8,
    );
}

/// Drops on glass before the blurred lights of a street.
pub fn rain(_: usize, _: usize) -> Scene {
    const LIGHTS: [Rgb; 5] =
        [[255.0, 170.0, 70.0], [255.0, 84.0, 72.0], [84.0, 214.0, 190.0], [255.0, 222.0, 150.0], [120.0, 150.0, 255.0]];
    let drop = |canvas: &mut Canvas, x: f32, y: f32, radius: f32, unit: f32| {
        // A drop shows the world upside down: light below, dark above.
        canvas.disc(x * unit, y * unit, radius * unit, [12.0, 18.0, 30.0], 0.55);
        canvas.disc(x * unit, (y + radius * 0.16) * unit, radius * 0.8 * unit, [120.0, 146.0, 172.0], 0.42);
        canvas.glow(x * unit, (y + radius * 0.45) * unit, radius * 0.75 * unit, [255.0, 236.0, 206.0], 0.9);
        canvas.disc((x - radius * 0.32) * unit, (y - radius * 0.38) * unit, radius * 0.17 * unit, [255.0; 3], 0.85);
    };
    Box::new(move |round, canvas| {
        let unit = canvas.unit();
        canvas.wash(|x, y| {
            let night = along(&[(0.0, [14.0, 22.0, 40.0]), (0.55, [38.0, 52.0, 74.0]), (1.0, [16.0, 20.0, 34.0])], y);
            mixed(night, [96.0, 74.0, 70.0], 0.6 - 1.2 * ((x - 0.5).abs() + (y - 0.6).abs()))
        });
        for light in 0..30 {
            let tint = LIGHTS[light as usize % 5];
            let near = scatter(light, 1);
            let way = if light % 2 == 0 { 1.0 } else { -1.0 };
            let x = scatter(light, 2) * 680.0 - 20.0 + way * 12.0 * sin(round + scatter(light, 3));
            let y = 90.0 + 200.0 * scatter(light, 4) + 10.0 * (near - 0.5);
            let glow = 0.75 + 0.25 * sin((1.0 + (light % 3) as f32) * round + scatter(light, 5));
            let radius = (14.0 + 26.0 * near) * unit;
            canvas.disc(x * unit, y * unit, radius, tint, 0.40 * glow);
            canvas.circle(x * unit, y * unit, radius - 1.0, 2.0 * unit, tint, 0.46 * glow);
            canvas.glow(x * unit, y * unit, radius * 1.5, tint, 0.3 * glow);
        }
        for still in 0..150 {
            let (x, y) = (scatter(still, 11) * 640.0, scatter(still, 12) * 360.0);
            drop(canvas, x, y, 1.8 + 4.4 * scatter(still, 13) * scatter(still, 14), unit);
        }
        for runner in 0..16 {
            let fast = if runner % 4 == 0 { 2.0 } else { 1.0 };
            let whole = part(scatter(runner, 21) + fast * round);
            // They hesitate on their way.
            let y = (whole + 0.045 * sin(2.0 * whole + scatter(runner, 22))) * 620.0 - 50.0;
            let lane = (runner as f32 + 0.6 * scatter(runner, 23)) * 40.0 + 8.0;
            let path = |y: f32| lane + 6.0 * sin(y * 0.0043 + scatter(runner, 24)) + 2.5 * sin(y * 0.013);
            for step in 0..14 {
                let up = y - 10.0 * step as f32;
                let fade = 1.0 - step as f32 / 14.0;
                canvas.line(
                    (path(up) * unit, up * unit),
                    (path(up - 10.0) * unit, (up - 10.0) * unit),
                    (7.0 * fade + 1.0) * unit,
                    [150.0, 176.0, 200.0],
                    0.20 * fade,
                );
                if step % 3 == 2 {
                    drop(canvas, path(up), up, 2.6 * fade + 0.6, unit);
                }
            }
            drop(canvas, path(y), y, 6.4 + 3.0 * scatter(runner, 25), unit);
        }
        // The window's frame.
        let dark = [22.0, 18.0, 22.0];
        canvas.rect((314.0 * unit, 0.0), (326.0 * unit, 360.0 * unit), dark, 1.0);
        canvas.rect((0.0, 0.0), (640.0 * unit, 9.0 * unit), dark, 1.0);
        canvas.rect((0.0, 344.0 * unit), (640.0 * unit, 360.0 * unit), [40.0, 32.0, 34.0], 1.0);
    })
}
