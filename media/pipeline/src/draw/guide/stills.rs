//! The stills.
//!
//! Owns: six pictures, laid out for 360 lines. Refuses: movement.

use super::super::brush::{along, mixed};
use super::super::canvas::{Canvas, Rgb};
use super::super::maths::{cos, scatter, sin};
use super::part;

/// The height of jagged mountains at a place, 0 to 1.
fn peaks(x: f32) -> f32 {
    let saw = |x: f32| (part(x) - 0.5).abs() * 2.0;
    0.55 * saw(x) + 0.25 * saw(x * 2.3 + 0.3) + 0.13 * saw(x * 5.1 + 0.1) + 0.07 * saw(x * 11.7)
}

/// Mountains and their picture in a lake, early in the morning.
pub fn lake(canvas: &mut Canvas) {
    const SHORE: f32 = 212.0;
    let unit = canvas.unit();
    canvas.wash(|x, y| {
        let sky =
            along(&[(0.0, [92.0, 148.0, 212.0]), (0.35, [190.0, 212.0, 232.0]), (0.58, [255.0, 222.0, 200.0])], y);
        mixed(sky, [255.0, 190.0, 170.0], 0.5 - 1.3 * ((x - 0.5).abs() + (y - 0.5).abs()))
    });
    let layers: [(f32, f32, f32, Rgb, Rgb); 3] = [
        (206.0, 150.0, 0.10, [126.0, 138.0, 184.0], [196.0, 188.0, 210.0]),
        (210.0, 104.0, 0.55, [70.0, 88.0, 134.0], [142.0, 146.0, 182.0]),
        (214.0, 42.0, 0.30, [26.0, 62.0, 66.0], [44.0, 88.0, 84.0]),
    ];
    for (layer, (base, high, shift, above, below)) in layers.into_iter().enumerate() {
        let top = |x: f32| base - high * peaks(x * (0.0016 + 0.0012 * layer as f32) + shift);
        canvas.ridge(|x| unit * top(x / unit), |y| mixed(above, below, (y / unit - base + high) / high));
        if layer < 2 {
            // Snow on the heights, with a ragged edge.
            let (width, height) = (canvas.width, canvas.height);
            for row in 0..height {
                for column in 0..width {
                    let (x, y) = (column as f32 / unit, row as f32 / unit);
                    let summit = top(x);
                    let line = base - high * (0.60 + 0.07 * sin(x * 0.021) + 0.05 * sin(x * 0.067 + 0.2));
                    if y > summit + 0.6 && y < line + 0.35 * (line - summit) * sin(x * 0.031 + 0.4) {
                        let lit = if top(x + 1.5) > top(x - 1.5) { 0.55 } else { 0.92 };
                        canvas.pixels[row * width + column] = mixed([126.0, 138.0, 184.0], [255.0, 250.0, 248.0], lit);
                    }
                }
            }
        }
    }
    for tree in 0..70 {
        let x = tree as f32 * 9.3 + 6.0 * scatter(tree, 1);
        let tall = 14.0 + 22.0 * scatter(tree, 2);
        canvas.fir(
            (x * unit, (SHORE + 2.0) * unit),
            tall * unit,
            mixed([14.0, 44.0, 50.0], [30.0, 70.0, 66.0], scatter(tree, 3)),
            1.0,
        );
    }
    // The lake: what is above, upside down, darker and in ripples.
    let shore = (SHORE * unit) as usize;
    for row in shore..canvas.height {
        let down = (row - shore) as f32 / unit;
        let mirrored = shore.saturating_sub(1 + ((row - shore) as f32 * 1.25) as usize);
        let ripple = 1.0 + 0.05 * down;
        for column in 0..canvas.width {
            let x = column as f32 / unit;
            let shift = (ripple * sin(down * 0.21 + 0.02 * x) + ripple * 0.6 * sin(down * 0.43 - 0.011 * x)) * unit;
            let from = (column as f32 + shift).clamp(0.0, canvas.width as f32 - 1.0) as usize;
            let seen = canvas.pixels[mirrored * canvas.width + from];
            canvas.pixels[row * canvas.width + column] = mixed(seen, [30.0, 84.0, 116.0], 0.24 + down * 0.0024);
        }
    }
    canvas.line((0.0, SHORE * unit), (640.0 * unit, SHORE * unit), 1.6 * unit, [226.0, 226.0, 226.0], 0.35);
    let put = |x: f32, y: f32| ((430.0 + x) * unit, (284.0 + y) * unit);
    canvas.polygon(&[put(-48.0, -6.0), put(52.0, -6.0), put(34.0, 9.0), put(-34.0, 9.0)], [132.0, 52.0, 40.0], 1.0);
    canvas.line(put(-46.0, -5.0), put(50.0, -5.0), 2.0 * unit, [226.0, 170.0, 116.0], 1.0);
    canvas.line(put(-40.0, 12.0), put(40.0, 12.0), 3.0 * unit, [20.0, 40.0, 60.0], 0.5);
}

/// Hot-air balloons over green hills.
pub fn balloons(canvas: &mut Canvas) {
    let unit = canvas.unit();
    canvas.wash(|x, y| {
        let sky = along(&[(0.0, [64.0, 158.0, 236.0]), (0.5, [166.0, 216.0, 250.0]), (0.85, [250.0, 244.0, 224.0])], y);
        mixed(sky, [255.0; 3], 0.25 - 0.7 * ((x - 0.2).abs() + (y - 0.6).abs()))
    });
    for cloud in 0..5 {
        let (x, y) = (60.0 + 140.0 * cloud as f32, 70.0 + 130.0 * scatter(cloud, 1));
        for puff in 0..7 {
            let (dx, dy) = (puff as f32 * 13.0 - 40.0, -8.0 * sin(puff as f32 / 14.0) + 5.0 * scatter(puff, cloud));
            canvas.glow(
                (x + dx) * unit,
                (y + dy) * unit,
                (20.0 + 10.0 * scatter(puff, cloud + 9)) * unit,
                [255.0; 3],
                0.75,
            );
        }
    }
    let hills: [(f32, f32, f32, Rgb, Rgb); 3] = [
        (300.0, 30.0, 0.0018, [126.0, 184.0, 150.0], [110.0, 172.0, 120.0]),
        (324.0, 34.0, 0.0013, [96.0, 170.0, 84.0], [70.0, 142.0, 66.0]),
        (346.0, 26.0, 0.0022, [60.0, 132.0, 58.0], [36.0, 98.0, 48.0]),
    ];
    for (base, high, waves, above, below) in hills {
        let top = |x: f32| base - high * (0.5 + 0.5 * sin(x * waves + base * 0.37));
        canvas.ridge(|x| unit * top(x / unit), |y| mixed(above, below, (y / unit - base + high) / 60.0));
    }
    let reds: [Rgb; 2] = [[234.0, 60.0, 62.0], [255.0, 214.0, 92.0]];
    let blues: [Rgb; 2] = [[40.0, 86.0, 186.0], [250.0, 250.0, 250.0]];
    let greens: [Rgb; 2] = [[20.0, 150.0, 130.0], [255.0, 156.0, 64.0]];
    let plums: [Rgb; 2] = [[142.0, 60.0, 150.0], [255.0, 178.0, 196.0]];
    let all = [
        (200.0, 134.0, 74.0, reds),
        (440.0, 104.0, 54.0, blues),
        (560.0, 214.0, 34.0, greens),
        (336.0, 214.0, 27.0, plums),
        (70.0, 224.0, 24.0, blues),
    ];
    for (x, y, radius, stripes) in all {
        balloon(canvas, unit, (x, y), radius, stripes);
    }
}

fn balloon(canvas: &mut Canvas, unit: f32, at: (f32, f32), radius: f32, stripes: [Rgb; 2]) {
    let (x, y) = at;
    let basket = y + radius * 1.78;
    for side in [-1.0, 1.0] {
        let from = ((x + side * radius * 0.36) * unit, (y + radius * 1.12) * unit);
        canvas.line(from, ((x + side * radius * 0.14) * unit, basket * unit), 1.1 * unit, [90.0, 70.0, 56.0], 0.9);
    }
    canvas.rect(
        ((x - radius * 0.17) * unit, basket * unit),
        ((x + radius * 0.17) * unit, (basket + radius * 0.24) * unit),
        [140.0, 90.0, 50.0],
        1.0,
    );
    // An envelope: a ball that narrows below; its stripes lie closer at the sides.
    let (low, high) = (((x - radius) * unit, (y - radius) * unit), ((x + radius) * unit, (y + radius * 1.3) * unit));
    let width = canvas.width;
    let half = |v: f32| match v {
        v if v < 0.3 => (1.0 - v * v).max(0.0).sqrt(),
        v => (0.954 - 0.66 * (v - 0.3)).max(0.0),
    };
    for row in (low.1.max(0.0) as usize)..(high.1 as usize).min(canvas.height) {
        let v = ((row as f32 + 0.5) / unit - y) / radius;
        let wide = if v > 1.22 { 0.0 } else { half(v) };
        for column in (low.0.max(0.0) as usize)..(high.0 as usize).min(width) {
            let u = ((column as f32 + 0.5) / unit - x) / radius;
            let cover = ((wide - u.abs()) * radius * unit + 0.5).clamp(0.0, 1.0);
            if cover <= 0.0 {
                continue;
            }
            let across = u / wide.max(0.01);
            let round = across * (1.0 + 0.35 * across * across) * 3.4;
            let colour = stripes[usize::from(part(round * 0.5 + 0.25) < 0.5)];
            let light = 0.72 + 0.38 * (0.5 - 0.45 * across - 0.3 * v).clamp(0.0, 1.0);
            let lit = [0, 1, 2].map(|channel| (colour[channel] * light).min(255.0));
            let pixel = &mut canvas.pixels[row * width + column];
            *pixel = mixed(*pixel, lit, cover);
        }
    }
}

/// Rows of tulips that run to a windmill.
pub fn tulips(canvas: &mut Canvas) {
    const HORIZON: f32 = 150.0;
    let unit = canvas.unit();
    canvas.wash(|x, y| {
        let sky = along(&[(0.0, [112.0, 190.0, 240.0]), (0.42, [230.0, 242.0, 250.0])], y);
        mixed(sky, [255.0, 250.0, 226.0], 0.4 - 0.9 * ((x - 0.3).abs() + (y - 0.3).abs()))
    });
    let rows: [Rgb; 6] = [
        [232.0, 46.0, 66.0],
        [255.0, 200.0, 44.0],
        [236.0, 96.0, 170.0],
        [250.0, 246.0, 240.0],
        [255.0, 126.0, 44.0],
        [126.0, 54.0, 150.0],
    ];
    let (width, height) = (canvas.width, canvas.height);
    for row in (HORIZON * unit) as usize..height {
        let down = (row as f32 / unit - HORIZON + 0.5) / (360.0 - HORIZON);
        for column in 0..width {
            let x = (column as f32 / unit - 372.0) / (0.04 + down);
            let stripe = x / 92.0 + 40.0;
            let colour = rows[stripe as usize % 6];
            // Each row is a band of flowers with green between, flecked.
            let within = part(stripe);
            let fleck = scatter((x * 0.22 + 9_000.0) as u32, (50.0 / (0.06 + down)) as u32);
            let green = mixed([40.0, 110.0, 50.0], [84.0, 156.0, 64.0], fleck);
            let flower = mixed(colour, [colour[0] * 0.7, colour[1] * 0.62, colour[2] * 0.66], fleck * 0.75);
            let border = ((0.36 - (within - 0.5).abs()) * 16.0 * (0.25 + down * 2.0)).clamp(0.0, 1.0);
            let near = mixed(green, flower, border);
            canvas.pixels[row * width + column] = mixed([206.0, 220.0, 200.0], near, (down * 6.0).clamp(0.25, 1.0));
        }
    }
    for tree in 0..40 {
        let x = tree as f32 * 16.8 + 9.0 * scatter(tree, 1);
        let size = 6.0 + 9.0 * scatter(tree, 2);
        canvas.ellipse(
            (x * unit, (HORIZON - size * 0.4) * unit),
            (size * 1.4 * unit, size * unit),
            0.0,
            [94.0, 140.0, 116.0],
            1.0,
        );
    }
    let put = |x: f32, y: f32| ((456.0 + x) * unit, (HORIZON + 6.0 - y) * unit);
    canvas.polygon(&[put(-17.0, 84.0), put(17.0, 84.0), put(27.0, 0.0), put(-27.0, 0.0)], [150.0, 84.0, 62.0], 1.0);
    canvas.polygon(&[put(0.0, 106.0), put(19.0, 84.0), put(-19.0, 84.0)], [72.0, 56.0, 60.0], 1.0);
    canvas.rect(put(-5.0, 20.0), put(5.0, 0.0), [70.0, 40.0, 36.0], 1.0);
    canvas.rect(put(-4.0, 62.0), put(4.0, 50.0), [250.0, 244.0, 226.0], 1.0);
    for sail in 0..4 {
        let turn = sail as f32 / 4.0 + 0.06;
        let (c, s) = (cos(turn), sin(turn));
        let arm = |along: f32, aside: f32| put(along * c - aside * s, 88.0 - (along * s + aside * c));
        canvas.polygon(
            &[arm(14.0, 1.0), arm(58.0, 1.0), arm(58.0, 13.0), arm(14.0, 13.0)],
            [250.0, 246.0, 236.0],
            0.95,
        );
        canvas.line(arm(0.0, 0.0), arm(60.0, 0.0), 2.6 * unit, [84.0, 52.0, 44.0], 1.0);
        for rung in 0..6 {
            let at = 16.0 + 8.2 * rung as f32;
            canvas.line(arm(at, 0.0), arm(at, 13.0), 1.0 * unit, [120.0, 80.0, 66.0], 0.9);
        }
    }
    let hub = put(0.0, 88.0);
    canvas.disc(hub.0, hub.1, 4.0 * unit, [84.0, 52.0, 44.0], 1.0);
}

/// A full moon and its path on the water.
pub fn moon(canvas: &mut Canvas) {
    const SHORE: f32 = 214.0;
    let unit = canvas.unit();
    canvas.wash(|_, y| {
        along(
            &[(0.0, [4.0, 8.0, 24.0]), (0.58, [28.0, 52.0, 98.0]), (0.60, [12.0, 26.0, 58.0]), (1.0, [2.0, 6.0, 18.0])],
            y,
        )
    });
    for star in 0..130 {
        let at = (scatter(star, 1) * 640.0 * unit, scatter(star, 2) * 190.0 * unit);
        canvas.glow(
            at.0,
            at.1,
            (1.0 + 1.6 * scatter(star, 3)) * unit,
            [222.0, 232.0, 255.0],
            0.3 + 0.6 * scatter(star, 4),
        );
    }
    let (x, y) = (320.0, 112.0);
    canvas.glow(x * unit, y * unit, 230.0 * unit, [150.0, 180.0, 240.0], 0.5);
    canvas.disc(x * unit, y * unit, 62.0 * unit, [248.0, 244.0, 226.0], 1.0);
    for (dx, dy, radius) in [
        (-22.0, -14.0, 17.0),
        (8.0, -26.0, 12.0),
        (-6.0, 14.0, 20.0),
        (26.0, 8.0, 11.0),
        (-34.0, 16.0, 9.0),
        (20.0, 34.0, 10.0),
    ] {
        canvas.ellipse(
            ((x + dx) * unit, (y + dy) * unit),
            (radius * unit, radius * 0.86 * unit),
            0.1,
            [206.0, 204.0, 198.0],
            0.7,
        );
    }
    for wave in 0..900 {
        let down = scatter(wave, 5);
        let at = SHORE + 3.0 + 142.0 * down * down;
        let wide = 22.0 + 120.0 * down * down;
        let off = scatter(wave, 6) + scatter(wave, 7) - 1.0;
        let long = 3.0 + 20.0 * down * scatter(wave, 8);
        let alpha = (1.0 - off.abs()) * 0.75;
        let (left, right) = ((x + off * wide - long) * unit, (x + off * wide + long) * unit);
        canvas.line((left, at * unit), (right, at * unit), (0.8 + 1.6 * down) * unit, [255.0, 244.0, 214.0], alpha);
    }
    for (x, y, size) in [(150.0, 96.0, 9.0), (176.0, 108.0, 7.0), (128.0, 116.0, 6.0), (478.0, 70.0, 6.0)] {
        for side in [-1.0, 1.0] {
            let put = |dx: f32, dy: f32| ((x + side * dx * size) * unit, (y + dy * size) * unit);
            canvas.line(put(0.0, 0.0), put(0.8, -0.55), 1.8 * unit, [10.0, 14.0, 34.0], 1.0);
            canvas.line(put(0.8, -0.55), put(1.9, -0.2), 1.4 * unit, [10.0, 14.0, 34.0], 1.0);
        }
    }
    canvas.ridge(
        |x| unit * (372.0 - (60.0 - 0.28 * x / unit).max(0.0) - 10.0 * peaks(x / unit * 0.006)),
        |_| [3.0, 5.0, 14.0],
    );
}

/// White trunks before red and yellow leaves.
pub fn birches(canvas: &mut Canvas) {
    let unit = canvas.unit();
    canvas.wash(|x, y| {
        let wood = along(
            &[
                (0.0, [250.0, 196.0, 84.0]),
                (0.5, [240.0, 140.0, 52.0]),
                (0.8, [196.0, 84.0, 40.0]),
                (1.0, [120.0, 48.0, 34.0]),
            ],
            y,
        );
        mixed(wood, [255.0, 240.0, 176.0], 0.7 - 1.3 * ((x - 0.55).abs() + (y - 0.35).abs()))
    });
    let tints: [Rgb; 5] =
        [[255.0, 206.0, 74.0], [246.0, 142.0, 40.0], [224.0, 82.0, 40.0], [255.0, 232.0, 130.0], [186.0, 50.0, 40.0]];
    let leaf = |canvas: &mut Canvas, number: u32, x: f32, y: f32, size: f32, alpha: f32| {
        let tint = tints[(scatter(number, 8) * 5.0) as usize % 5];
        canvas.ellipse((x * unit, y * unit), (size * unit, size * 0.62 * unit), scatter(number, 9), tint, alpha);
    };
    for number in 0..900 {
        let (x, y) = (scatter(number, 1) * 660.0 - 10.0, scatter(number, 2) * 270.0 - 10.0);
        leaf(canvas, number, x, y, 4.0 + 8.0 * scatter(number, 3), 0.42);
    }
    for trunk in 0..13u32 {
        let near = trunk as f32 / 12.0;
        let x = part(trunk as f32 * 0.618 + 0.11) * 640.0;
        let wide = 5.0 + 13.0 * near * near + 3.0 * scatter(trunk, 11);
        let lean = 16.0 * (scatter(trunk, 12) - 0.5);
        let foot = 300.0 + 54.0 * near;
        let bark = mixed([226.0, 196.0, 164.0], [250.0, 246.0, 240.0], near);
        let edge_at = |y: f32| x + lean * (1.0 - y / 360.0);
        let put = |dx: f32, y: f32| ((edge_at(y) + dx) * unit, y * unit);
        canvas.polygon(
            &[put(-wide * 0.42, -10.0), put(wide * 0.42, -10.0), put(wide * 0.56, foot), put(-wide * 0.56, foot)],
            bark,
            1.0,
        );
        canvas.polygon(
            &[put(wide * 0.12, -10.0), put(wide * 0.42, -10.0), put(wide * 0.56, foot), put(wide * 0.16, foot)],
            [150.0, 128.0, 130.0],
            0.45,
        );
        for mark in 0..22 {
            let y = scatter(mark, trunk + 40) * foot;
            let long = wide * (0.14 + 0.3 * scatter(mark, trunk + 60));
            let side = if mark % 2 == 0 { -wide * 0.40 } else { wide * 0.40 - long };
            canvas.line(put(side, y), put(side + long, y + 0.6), (1.0 + 1.4 * near) * unit, [54.0, 42.0, 44.0], 0.8);
        }
    }
    canvas.ridge(
        |x| unit * (330.0 + 8.0 * sin(x / unit * 0.0025)),
        |y| mixed([196.0, 92.0, 40.0], [110.0, 44.0, 30.0], (y / unit - 326.0) / 34.0),
    );
    for number in 0..420 {
        let (x, y) = (scatter(number, 21) * 650.0 - 5.0, 322.0 + 40.0 * scatter(number, 22));
        leaf(canvas, number + 2_000, x, y, 3.0 + 4.0 * scatter(number, 23), 0.95);
    }
    for number in 0..46 {
        let (x, y) = (scatter(number, 31) * 640.0, scatter(number, 32) * 320.0);
        leaf(canvas, number + 4_000, x, y, 5.0 + 5.0 * scatter(number, 33), 0.98);
    }
}

/// Slices of oranges and a few leaves on blue.
pub fn oranges(canvas: &mut Canvas) {
    let unit = canvas.unit();
    canvas.wash(|x, y| mixed([92.0, 196.0, 214.0], [56.0, 160.0, 190.0], 0.6 * y + 0.4 * x));
    let slices = [
        (118.0, 104.0, 88.0),
        (330.0, 196.0, 112.0),
        (548.0, 92.0, 84.0),
        (112.0, 312.0, 78.0),
        (548.0, 300.0, 92.0),
        (336.0, 18.0, 52.0),
        (330.0, 372.0, 44.0),
    ];
    for (number, (x, y, radius)) in slices.into_iter().enumerate() {
        canvas.disc((x + 7.0) * unit, (y + 9.0) * unit, radius * unit, [24.0, 92.0, 118.0], 0.35);
        for (part, colour) in
            [(1.0, [250.0, 134.0, 22.0]), (0.92, [255.0, 236.0, 196.0]), (0.86, [255.0, 226.0, 170.0])]
        {
            canvas.disc(x * unit, y * unit, radius * part * unit, colour, 1.0);
        }
        for wedge in 0..10 {
            let turn = wedge as f32 / 10.0 + number as f32 * 0.037;
            let at = |along: f32, turn: f32| {
                ((x + radius * along * cos(turn)) * unit, (y + radius * along * sin(turn)) * unit)
            };
            let flesh = mixed([255.0, 150.0, 26.0], [255.0, 176.0, 58.0], scatter(wedge, number as u32));
            let corners = [
                at(0.09, turn),
                at(0.70, turn - 0.041),
                at(0.79, turn - 0.026),
                at(0.815, turn),
                at(0.79, turn + 0.026),
                at(0.70, turn + 0.041),
            ];
            canvas.polygon(&corners, flesh, 1.0);
            for gleam in 0..5 {
                let (from, aside) = (0.3 + 0.09 * gleam as f32, 0.022 * (scatter(gleam, wedge + 3) - 0.5));
                canvas.line(
                    at(from, turn + aside),
                    at(from + 0.13, turn + aside),
                    1.5 * unit,
                    [255.0, 214.0, 130.0],
                    0.75,
                );
            }
        }
        canvas.disc(x * unit, y * unit, radius * 0.06 * unit, [255.0, 240.0, 206.0], 1.0);
    }
    for (x, y, turn) in [
        (224.0, 70.0, 0.08),
        (440.0, 70.0, 0.40),
        (216.0, 312.0, 0.9),
        (450.0, 232.0, 0.2),
        (20.0, 208.0, 0.3),
        (624.0, 196.0, 0.7),
    ] {
        let (c, s) = (cos(turn), sin(turn));
        canvas.ellipse(
            ((x + 4.0) * unit, (y + 5.0) * unit),
            (34.0 * unit, 13.0 * unit),
            turn,
            [24.0, 92.0, 118.0],
            0.35,
        );
        canvas.ellipse((x * unit, y * unit), (34.0 * unit, 13.0 * unit), turn, [44.0, 130.0, 66.0], 1.0);
        canvas.line(
            ((x - 32.0 * c) * unit, (y - 32.0 * s) * unit),
            ((x + 30.0 * c) * unit, (y + 30.0 * s) * unit),
            1.6 * unit,
            [150.0, 206.0, 120.0],
            1.0,
        );
    }
}
