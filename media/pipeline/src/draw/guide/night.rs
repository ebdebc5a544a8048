//! By night: northern lights, a city at dusk, a planet with a ring.
//!
//! Owns: these three scenes. Refuses: the others.

use super::super::brush::{along, mixed};
use super::super::canvas::{Canvas, Rgb, edge};
use super::super::maths::{cos, scatter, sin};
use super::super::sky::Sky;
use super::{Scene, before, part};

/// Northern lights over mountains, and a tent with a light in it.
pub fn northern(width: usize, height: usize) -> Scene {
    let mut sky = Sky::new(width, height);
    Box::new(move |round, canvas| {
        sky.paint(round, canvas);
        let unit = canvas.unit();
        let peaks = |x: f32, shift: f32, waves: f32| {
            let saw = |x: f32| (part(x) - 0.5).abs() * 2.0;
            0.6 * saw(x * waves + shift) + 0.28 * saw(x * waves * 2.3 + 2.0 * shift) + 0.12 * saw(x * waves * 6.1)
        };
        canvas.ridge(
            |x| unit * (292.0 - 74.0 * peaks(x / unit, 0.2, 0.0031)),
            |y| mixed([40.0, 74.0, 104.0], [18.0, 40.0, 62.0], (y / unit - 220.0) / 90.0),
        );
        canvas.ridge(|x| unit * (318.0 - 52.0 * peaks(x / unit, 0.71, 0.0042)), |_| [10.0, 24.0, 40.0]);
        for tree in 0..30 {
            let x = tree as f32 * 22.6 + 14.0 * scatter(tree, 2) - 8.0;
            let tall = 26.0 + 40.0 * scatter(tree, 1);
            if (290.0..390.0).contains(&x) {
                continue;
            }
            canvas.fir((x * unit, 346.0 * unit), tall * unit, [4.0, 10.0, 20.0], 1.0);
        }
        canvas.ridge(|x| unit * (338.0 - 5.0 * sin(x / unit * 0.002)), |_| [5.0, 12.0, 24.0]);
        let light = 0.9 + 0.06 * sin(4.0 * round) + 0.04 * sin(7.0 * round);
        let put = |x: f32, y: f32| ((340.0 + x) * unit, (342.0 - y) * unit);
        canvas.glow(340.0 * unit, 328.0 * unit, 78.0 * unit, [255.0, 168.0, 74.0], 0.5 * light);
        canvas.polygon(&[put(0.0, 36.0), put(34.0, 0.0), put(-34.0, 0.0)], [255.0 * light, 160.0 * light, 66.0], 1.0);
        canvas.polygon(&[put(0.0, 36.0), put(9.0, 0.0), put(-9.0, 0.0)], [255.0, 224.0 * light, 150.0], 1.0);
    })
}

/// Windows, a moon, and the lights of a street.
pub fn city(width: usize, height: usize) -> Scene {
    const LAYERS: [(u32, f32, f32, Rgb, f32); 3] = [
        (26, 130.0, 90.0, [104.0, 62.0, 128.0], 0.0),
        (18, 96.0, 130.0, [60.0, 34.0, 92.0], 0.35),
        (12, 70.0, 130.0, [24.0, 16.0, 50.0], 0.75),
    ];
    let house = |layer: u32, number: u32| {
        let (count, low, more, ..) = LAYERS[layer as usize];
        let wide = 660.0 / count as f32;
        let left = number as f32 * wide - 10.0 + 5.0 * scatter(number, layer);
        (left, left + wide * (0.86 + 0.2 * scatter(number, layer + 5)), low + more * scatter(number, layer + 9))
    };
    let windows = move |layer: u32, number: u32, mut each: Box<dyn FnMut(u32, f32, f32) + '_>| {
        let (left, right, tall) = house(layer, number);
        let (columns, rows) = (((right - left - 6.0) / 8.0) as u32, ((tall - 10.0) / 11.0) as u32);
        for window in 0..columns * rows {
            let x = left + 5.0 + (window % columns) as f32 * 8.0;
            each(window + number * 997 + layer * 9_973, x, 312.0 - tall + 8.0 + (window / columns) as f32 * 11.0);
        }
    };
    let still = move |canvas: &mut Canvas| {
        let unit = canvas.unit();
        canvas.wash(|x, y| {
            let sky = along(
                &[
                    (0.0, [34.0, 22.0, 86.0]),
                    (0.4, [134.0, 58.0, 132.0]),
                    (0.66, [244.0, 120.0, 116.0]),
                    (0.86, [255.0, 190.0, 130.0]),
                ],
                y,
            );
            mixed(sky, [255.0, 214.0, 170.0], 0.3 - 0.6 * ((x - 0.75).abs() + (y - 0.7).abs()))
        });
        canvas.glow(150.0 * unit, 78.0 * unit, 100.0 * unit, [255.0, 226.0, 200.0], 0.4);
        canvas.disc(150.0 * unit, 78.0 * unit, 30.0 * unit, [255.0, 240.0, 220.0], 1.0);
        for layer in 0..3 {
            let (count, _, _, colour, lit) = LAYERS[layer as usize];
            for number in 0..count {
                let (left, right, tall) = house(layer, number);
                let top = 312.0 - tall;
                canvas.rect((left * unit, top * unit), (right * unit, 330.0 * unit), colour, 1.0);
                if number % 3 == layer % 3 {
                    let middle = (left + right) / 2.0;
                    canvas.line(
                        (middle * unit, top * unit),
                        (middle * unit, (top - 22.0) * unit),
                        1.8 * unit,
                        colour,
                        1.0,
                    );
                }
                windows(
                    layer,
                    number,
                    Box::new(|window, x, y| {
                        if lit > 0.0 && scatter(window, 1) < 0.46 {
                            let warm = mixed([255.0, 190.0, 100.0], [255.0, 236.0, 190.0], scatter(window, 2));
                            canvas.rect((x * unit, y * unit), ((x + 4.4) * unit, (y + 6.4) * unit), warm, lit);
                        }
                    }),
                );
            }
        }
        canvas.rect((0.0, 312.0 * unit), (width_of(canvas), 360.0 * unit), [20.0, 14.0, 34.0], 1.0);
        canvas.rect((0.0, 334.0 * unit), (width_of(canvas), 336.0 * unit), [90.0, 70.0, 96.0], 0.8);
    };
    before((width, height), still, move |round, canvas| {
        let unit = canvas.unit();
        // Some windows of the nearest houses go on and off.
        for number in 0..LAYERS[2].0 {
            windows(
                2,
                number,
                Box::new(|window, x, y| {
                    if scatter(window, 1) > 0.82 {
                        let on = (4.0 * sin(round * (1.0 + (window % 2) as f32) + scatter(window, 3))).clamp(0.0, 1.0);
                        let warm = [255.0, 206.0, 120.0];
                        canvas.rect((x * unit, y * unit), ((x + 4.4) * unit, (y + 6.4) * unit), warm, 0.85 * on);
                    }
                }),
            );
        }
        let blink = (3.0 * sin(6.0 * round)).clamp(0.0, 1.0);
        for number in (0..LAYERS[2].0).filter(|number| number % 3 == 2) {
            let (left, right, tall) = house(2, number);
            let at = ((left + right) / 2.0 * unit, (290.0 - tall) * unit);
            canvas.glow(at.0, at.1, 11.0 * unit, [255.0, 60.0, 60.0], blink);
        }
        for car in 0..14 {
            let jitter = 26.0 * scatter(car, 4);
            let left = 720.0 - part(car as f32 / 7.0 + round) * 800.0 + jitter;
            let right = part(car as f32 / 7.0 + 0.4 + round) * 800.0 - 60.0 + jitter;
            let (x, y, colour) = match car < 7 {
                true => (left, 324.0, [255.0, 244.0, 214.0]),
                false => (right, 346.0, [255.0, 50.0, 56.0]),
            };
            let tail = if car < 7 { 46.0 } else { -46.0 };
            canvas.line((x * unit, y * unit), ((x + tail) * unit, y * unit), 2.0 * unit, colour, 0.35);
            canvas.glow(x * unit, y * unit, 15.0 * unit, colour, 0.8);
            canvas.disc(x * unit, y * unit, 2.6 * unit, [255.0, 250.0, 240.0], 0.95);
        }
    })
}

fn width_of(canvas: &Canvas) -> f32 {
    canvas.width as f32
}

/// The middle of the planet, and its radius.
const AT: (f32, f32) = (320.0, 184.0);
const RADIUS: f32 = 98.0;

/// A banded planet with a ring; a moon goes round it.
pub fn planet(width: usize, height: usize) -> Scene {
    let still = |canvas: &mut Canvas| {
        let unit = canvas.unit();
        canvas.wash(|x, y| {
            let cloud = 0.5 + 0.25 * sin(x * 1.3 + 0.8 * y + 0.1) + 0.25 * sin(y * 1.7 - x * 0.9 + 0.35);
            let base = mixed([6.0, 5.0, 18.0], [54.0, 20.0, 78.0], cloud * cloud);
            mixed(base, [14.0, 62.0, 96.0], 0.6 * (0.5 + 0.5 * sin(x * 0.8 - y * 1.1 + 0.6)) * (1.0 - cloud))
        });
        for star in 0..240 {
            let bright = scatter(star, 3);
            let radius = 1.3 + 2.4 * bright * bright * bright;
            let tint = mixed([190.0, 214.0, 255.0], [255.0, 236.0, 206.0], scatter(star, 4));
            canvas.glow(
                scatter(star, 1) * 640.0 * unit,
                scatter(star, 2) * 360.0 * unit,
                radius * unit,
                tint,
                0.35 + 0.65 * bright,
            );
        }
    };
    before((width, height), still, |round, canvas| {
        let unit = canvas.unit();
        for star in 300..330 {
            let bright = (sin(round * (1.0 + (star % 3) as f32) + scatter(star, 5))).max(0.0);
            canvas.glow(
                scatter(star, 1) * 640.0 * unit,
                scatter(star, 2) * 360.0 * unit,
                4.4 * unit,
                [236.0, 242.0, 255.0],
                bright,
            );
        }
        let moon = (AT.0 + 226.0 * cos(round), AT.1 + 40.0 * sin(round) - 62.0 * cos(round));
        let behind = sin(round) < 0.0;
        let orb = |canvas: &mut Canvas| {
            let near = 1.0 + 0.22 * sin(round);
            canvas.disc(moon.0 * unit, moon.1 * unit, 13.0 * near * unit, [96.0, 96.0, 116.0], 1.0);
            canvas.disc((moon.0 - 2.4) * unit, (moon.1 - 2.4) * unit, 10.4 * near * unit, [214.0, 210.0, 206.0], 0.95);
        };
        if behind {
            orb(canvas);
        }
        ring(canvas, unit, false);
        canvas.glow(AT.0 * unit, AT.1 * unit, 140.0 * unit, [255.0, 176.0, 110.0], 0.28);
        ball(canvas, round, unit);
        ring(canvas, unit, true);
        if !behind {
            orb(canvas);
        }
    })
}

/// The half of the ring in front of the planet, or behind it.
fn ring(canvas: &mut Canvas, unit: f32, front: bool) {
    let (c, s) = (cos(-0.045), sin(-0.045));
    let (low, high) = ((60.0 * unit, 60.0 * unit), (580.0 * unit, 320.0 * unit));
    canvas.shape(low, high, [238.0, 206.0, 162.0], |x, y| {
        let (dx, dy) = (x / unit - AT.0, y / unit - AT.1);
        let (u, v) = (dx * c + dy * s, (dy * c - dx * s) * 3.6);
        if (v > 0.0) != front {
            return 0.0;
        }
        let far = (u * u + v * v).sqrt();
        let within = edge((far - 132.0).min(212.0 - far) * 0.5);
        if within <= 0.0 {
            return 0.0;
        }
        let gap = if (176.0..183.0).contains(&far) { 0.12 } else { 1.0 };
        within * gap * (0.62 + 0.2 * sin(far * 0.061) + 0.14 * sin(far * 0.17))
    });
}

/// The planet itself: bands that flow, lit from the upper left.
fn ball(canvas: &mut Canvas, round: f32, unit: f32) {
    let bands = [
        (0.0, [150.0, 86.0, 74.0]),
        (0.2, [236.0, 178.0, 120.0]),
        (0.36, [206.0, 116.0, 80.0]),
        (0.5, [252.0, 220.0, 170.0]),
        (0.62, [222.0, 142.0, 92.0]),
        (0.78, [246.0, 196.0, 140.0]),
        (1.0, [140.0, 78.0, 74.0]),
    ];
    let width = canvas.width;
    let (from, to) = (((AT.1 - RADIUS) * unit) as usize, ((AT.1 + RADIUS) * unit) as usize + 1);
    let (left, right) = (((AT.0 - RADIUS) * unit) as usize, ((AT.0 + RADIUS) * unit) as usize + 1);
    for row in from..to.min(canvas.height) {
        let v = ((row as f32 + 0.5) / unit - AT.1) / RADIUS;
        for column in left..right.min(width) {
            let u = ((column as f32 + 0.5) / unit - AT.0) / RADIUS;
            let far = u * u + v * v;
            let cover = edge((1.0 - far.sqrt()) * RADIUS * unit);
            if cover <= 0.0 {
                continue;
            }
            let depth = (1.0 - far).max(0.0).sqrt();
            // Further round the ball the same step is longer: it seems to turn.
            let along_band = u / (0.35 + depth) * 0.32;
            let tilt = v - 0.18 * u;
            let flow = 0.022 * sin(along_band * 3.0 + round + tilt * 1.4)
                + 0.013 * sin(along_band * 7.0 + 2.0 * round - tilt * 3.0);
            let base = along(&bands, (tilt * 0.5 + 0.5 + flow).clamp(0.0, 1.0));
            let light = (0.62 * depth - 0.55 * u - 0.5 * v + 0.12).clamp(0.05, 1.0);
            let spot = (1.0 - ((along_band - 0.06) * 7.0).abs().max((tilt - 0.34).abs() * 12.0)).max(0.0);
            let base = mixed(base, [214.0, 84.0, 60.0], spot);
            let lit = [0, 1, 2].map(|channel| base[channel] * light);
            let pixel = &mut canvas.pixels[row * width + column];
            *pixel = mixed(*pixel, lit, cover);
        }
    }
}
