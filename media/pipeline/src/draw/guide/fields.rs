//! By day: a caravan in the desert, snow in a forest.
//!
//! Owns: these two scenes. Refuses: the others.

use super::super::brush::{along, mixed};
use super::super::canvas::{Canvas, Rgb};
use super::super::maths::{cos, scatter, sin};
use super::{Scene, before, part};

/// How far apart the camels are, and how far they get in one loop.
const STEP: f32 = 104.0;

/// An endless caravan before dunes and a low sun.
pub fn desert(width: usize, height: usize) -> Scene {
    let dune = |base: f32, high: f32, waves: f32, shift: f32| {
        move |x: f32| {
            let crest = sin(x * waves + shift);
            base - high * (0.5 + 0.5 * crest) * (0.7 + 0.3 * sin(x * waves * 0.43 + 1.7 * shift))
        }
    };
    let still = move |canvas: &mut Canvas| {
        let unit = canvas.unit();
        canvas.wash(|x, y| {
            let sky =
                along(&[(0.0, [236.0, 128.0, 84.0]), (0.35, [252.0, 178.0, 104.0]), (0.62, [255.0, 226.0, 164.0])], y);
            mixed(sky, [255.0, 240.0, 200.0], 0.5 - ((x - 0.68).abs() + (y - 0.4).abs()))
        });
        canvas.glow(436.0 * unit, 138.0 * unit, 150.0 * unit, [255.0, 246.0, 210.0], 0.75);
        canvas.disc(436.0 * unit, 138.0 * unit, 46.0 * unit, [255.0, 250.0, 226.0], 1.0);
        let layers: [(f32, f32, f32, f32, Rgb, Rgb); 3] = [
            (214.0, 34.0, 0.0021, 0.30, [240.0, 172.0, 112.0], [224.0, 146.0, 90.0]),
            (250.0, 46.0, 0.0016, 0.92, [222.0, 138.0, 84.0], [196.0, 104.0, 62.0]),
            (268.0, 26.0, 0.0013, 0.05, [196.0, 100.0, 62.0], [150.0, 66.0, 46.0]),
        ];
        for (base, high, waves, shift, above, below) in layers {
            let line = dune(base, high, waves, shift);
            canvas.ridge(|x| unit * line(x / unit), |y| mixed(above, below, (y / unit - base + high) / 90.0));
        }
    };
    let ground = dune(268.0, 26.0, 0.0013, 0.05);
    before((width, height), still, move |round, canvas| {
        let unit = canvas.unit();
        let dark = [62.0, 26.0, 30.0];
        for number in -1..7 {
            let x = (number as f32 + round) * STEP + 20.0;
            let y = ground(x) + 3.0;
            // Its legs are a whole round ahead of the next one's: where that one was, it looks the same.
            camel(canvas, (x * unit, y * unit), 0.98 * unit, round + number as f32 * 0.25, dark);
        }
        // The nearest dune, and sand that the wind takes over it.
        let near = |x: f32| 338.0 - 34.0 * (0.5 + 0.5 * sin(x * 0.0012 + 0.55));
        canvas.ridge(
            |x| unit * near(x / unit),
            |y| mixed([140.0, 58.0, 44.0], [84.0, 32.0, 34.0], (y / unit - 300.0) / 60.0),
        );
        for grain in 0..90 {
            let fast = if grain % 3 == 0 { 2.0 } else { 1.0 };
            let x = part(scatter(grain, 1) + fast * round) * 700.0 - 30.0;
            let y = near(x) - 2.0 - 16.0 * scatter(grain, 2) + 2.0 * sin(fast * round + scatter(grain, 3));
            let long = 8.0 + 16.0 * scatter(grain, 4);
            canvas.line(
                (x * unit, y * unit),
                ((x + long) * unit, (y - 1.0) * unit),
                1.3 * unit,
                [255.0, 214.0, 160.0],
                0.34,
            );
        }
    })
}

/// A camel on its way to the right, its feet at a place.
fn camel(canvas: &mut Canvas, at: (f32, f32), unit: f32, pace: f32, colour: Rgb) {
    let put = |x: f32, y: f32| (at.0 + x * unit, at.1 - y * unit);
    for (leg, x) in [-13.0, -9.0, 9.0, 13.0].into_iter().enumerate() {
        let swing = 6.0 * sin(4.0 * pace + leg as f32 * 0.27);
        canvas.line(put(x, 20.0), put(x + 0.4 * swing, 10.0), 3.4 * unit, colour, 1.0);
        canvas.line(put(x + 0.4 * swing, 10.0), put(x + swing, 0.0), 2.6 * unit, colour, 1.0);
    }
    let nod = sin(4.0 * pace);
    canvas.ellipse(put(0.0, 24.0), (18.0 * unit, 8.5 * unit), 0.0, colour, 1.0);
    canvas.ellipse(put(-2.0, 33.0), (8.5 * unit, 8.0 * unit), 0.0, colour, 1.0);
    canvas.line(put(15.0, 25.0), put(24.0, 27.0), 6.0 * unit, colour, 1.0);
    canvas.line(put(24.0, 27.0), put(28.0, 41.0 + nod), 4.6 * unit, colour, 1.0);
    canvas.ellipse(put(31.5, 42.0 + nod), (6.0 * unit, 3.2 * unit), 0.02, colour, 1.0);
    canvas.line(put(-17.0, 27.0), put(-21.0, 17.0 + nod), 1.6 * unit, colour, 1.0);
    // A rider's blanket.
    canvas.polygon(&[put(-9.0, 36.0), put(5.0, 36.0), put(7.0, 22.0), put(-11.0, 22.0)], [190.0, 52.0, 60.0], 0.95);
}

/// Snow falls before firs and a red house with a light in it.
pub fn forest(width: usize, height: usize) -> Scene {
    let still = |canvas: &mut Canvas| {
        let unit = canvas.unit();
        canvas.wash(|x, y| {
            let sky =
                along(&[(0.0, [150.0, 178.0, 206.0]), (0.5, [206.0, 220.0, 232.0]), (1.0, [236.0, 240.0, 246.0])], y);
            mixed(sky, [255.0, 236.0, 220.0], 0.35 - 0.5 * ((x - 0.3).abs() + (y - 0.5).abs()))
        });
        let layers: [(f32, f32, u32, Rgb); 3] = [
            (226.0, 70.0, 40, [164.0, 186.0, 202.0]),
            (248.0, 96.0, 26, [104.0, 138.0, 154.0]),
            (276.0, 128.0, 16, [48.0, 86.0, 98.0]),
        ];
        for (layer, (base, high, trees, colour)) in layers.into_iter().enumerate() {
            for tree in 0..trees {
                let x = (tree as f32 + 0.8 * scatter(tree, layer as u32 + 7)) / trees as f32 * 680.0 - 20.0;
                if layer == 2 && (180.0..420.0).contains(&x) {
                    continue;
                }
                let tall = high * (0.6 + 0.5 * scatter(tree, layer as u32 + 3));
                canvas.fir((x * unit, (base + 6.0) * unit), tall * unit, colour, 1.0);
                // Snow on its shoulders.
                let white = mixed(colour, [250.0, 252.0, 255.0], 0.75);
                for (up, wide) in [(0.99, 0.07), (0.79, 0.10), (0.575, 0.12)] {
                    let put = |dx: f32, y: f32| ((x + dx * tall) * unit, (base + 6.0 - y * tall) * unit);
                    canvas.polygon(
                        &[put(0.0, up), put(wide, up - wide * 1.7), put(-wide, up - wide * 1.7)],
                        white,
                        0.85,
                    );
                }
            }
            let snow = mixed([226.0, 234.0, 244.0], [246.0, 248.0, 252.0], layer as f32 / 2.0);
            let shift = layer as f32 * 0.31;
            canvas.ridge(
                |x| unit * (base - 8.0 * sin(x / unit * 0.0017 + shift)),
                |y| mixed(snow, [206.0, 218.0, 236.0], (y / unit - base) / 110.0),
            );
        }
        house(canvas, (300.0 * unit, 292.0 * unit), unit);
    };
    before((width, height), still, |round, canvas| {
        let unit = canvas.unit();
        for puff in 0..9 {
            let age = part(puff as f32 / 9.0 + round);
            let (x, y) = (326.0 + 26.0 * age * age + 5.0 * sin(round + age), 216.0 - 86.0 * age);
            canvas.glow(x * unit, y * unit, (9.0 + 26.0 * age) * unit, [250.0, 250.0, 252.0], 0.6 * (1.0 - age));
        }
        let flicker = 0.5 + 0.06 * sin(5.0 * round) + 0.05 * sin(8.0 * round);
        canvas.glow(288.0 * unit, 272.0 * unit, 56.0 * unit, [255.0, 196.0, 96.0], flicker);
        for flake in 0..190 {
            let depth = scatter(flake, 1);
            let falls = if depth > 0.65 { 2.0 } else { 1.0 };
            let y = part(scatter(flake, 2) + falls * round) * 380.0 - 10.0;
            let x = scatter(flake, 3) * 660.0 - 10.0
                + 14.0 * sin(falls * round + scatter(flake, 4))
                + 5.0 * cos(2.0 * round);
            let radius = 2.2 + 4.6 * depth * depth;
            canvas.glow(x * unit, y * unit, radius * unit, [255.0, 255.0, 255.0], 0.95);
        }
    })
}

/// A wooden house under snow, the middle of its foot at a place.
fn house(canvas: &mut Canvas, at: (f32, f32), unit: f32) {
    let put = |x: f32, y: f32| (at.0 + x * unit, at.1 - y * unit);
    canvas.rect(put(20.0, 78.0), put(32.0, 40.0), [120.0, 60.0, 56.0], 1.0);
    canvas.rect(put(-46.0, 44.0), put(46.0, 0.0), [178.0, 46.0, 44.0], 1.0);
    for board in 0..8 {
        let y = board as f32 * 5.6;
        canvas.line(put(-46.0, y), put(46.0, y), 0.8 * unit, [140.0, 34.0, 36.0], 0.7);
    }
    canvas.polygon(&[put(0.0, 82.0), put(58.0, 40.0), put(-58.0, 40.0)], [246.0, 249.0, 253.0], 1.0);
    canvas.polygon(&[put(0.0, 70.0), put(42.0, 40.0), put(-42.0, 40.0)], [150.0, 38.0, 40.0], 1.0);
    for x in [-34.0, -2.0] {
        canvas.rect(put(x, 32.0), put(x + 20.0, 12.0), [255.0, 214.0, 122.0], 1.0);
        canvas.line(put(x + 10.0, 32.0), put(x + 10.0, 12.0), 1.6 * unit, [250.0, 244.0, 236.0], 1.0);
        canvas.line(put(x, 22.0), put(x + 20.0, 22.0), 1.6 * unit, [250.0, 244.0, 236.0], 1.0);
    }
    canvas.rect(put(26.0, 30.0), put(39.0, 0.0), [96.0, 28.0, 30.0], 1.0);
}
