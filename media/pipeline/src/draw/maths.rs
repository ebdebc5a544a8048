//! The little mathematics of the drawing, exact everywhere: additions, multiplications and square roots only.

/// Sine of an angle in turns, to about a thousandth.
pub fn sin(turns: f32) -> f32 {
    // A parabola per half turn, bent once more towards the sine.
    let turn = turns - turns.floor();
    let (half, sign) = if turn < 0.5 { (turn * 2.0, 1.0) } else { (turn * 2.0 - 1.0, -1.0) };
    let parabola = 4.0 * half * (1.0 - half);
    sign * (0.775 * parabola + 0.225 * parabola * parabola)
}

/// Cosine of an angle in turns.
pub fn cos(turns: f32) -> f32 {
    sin(turns + 0.25)
}

/// From 0 to 1, leaving and arriving gently.
pub fn smooth(x: f32) -> f32 {
    let x = x.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

/// A number that looks random, below 1, for a pair of numbers.
pub fn scatter(a: u32, b: u32) -> f32 {
    (mix(a.wrapping_mul(0x9e37_79b9) ^ b.wrapping_mul(0x85eb_ca6b)) >> 8) as f32 / (1 << 24) as f32
}

/// Scrambles the bits of a number.
pub fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_sine() {
        for step in -20..20 {
            let turns = step as f32 * 0.083;
            assert!((sin(turns) - (turns * std::f32::consts::TAU).sin()).abs() < 2e-3, "at {turns}");
            assert!((cos(turns) - (turns * std::f32::consts::TAU).cos()).abs() < 2e-3, "at {turns}");
        }
    }

    #[test]
    fn scatter_fills_the_unit() {
        let values: Vec<_> = (0..1000).map(|n| scatter(n, 7)).collect();
        assert!(values.iter().all(|v| (0.0..1.0).contains(v)));
        let mean = values.iter().sum::<f32>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "mean {mean}");
    }
}
