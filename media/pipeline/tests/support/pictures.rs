//! Pictures that move, and how alike two of them are.

use media_share::{I420, Plane, Size};

/// A soft pattern with a hard-edged square on it that moves on with each picture.
pub fn moving(size: Size, index: u64) -> I420 {
    let mut picture = I420::black(size);
    let at = index as usize;
    for (plane, half, low, span) in [(Plane::Y, 1, 16, 219), (Plane::U, 2, 64, 128), (Plane::V, 2, 64, 128)] {
        let (square, step) = (size.height() / half / 4, 4 * at / half);
        let (rows, stride) = picture.plane_mut(plane);
        for (y, row) in rows.chunks_exact_mut(stride).enumerate() {
            for (x, sample) in row.iter_mut().enumerate() {
                let soft = (x + step) * 160 / stride.max(8) + y * 90 / stride.max(8);
                let inside = x.wrapping_sub(step % stride) < square && y.wrapping_sub(square) < square;
                // Up and down, without a jump.
                let wave = (soft * 3).abs_diff(soft * 3 / 256 * 256 + 128) * 2 % 257;
                *sample =
                    if inside { low + span - 1 } else { (usize::from(low) + wave * usize::from(span) / 257) as u8 };
            }
        }
    }
    picture
}

/// As [`moving`], with grain on it that is other grain in each picture: an encoder never runs out of things to code.
pub fn grainy(size: Size, index: u64) -> I420 {
    let mut picture = moving(size, index);
    let mut state = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for sample in picture.plane_mut(Plane::Y).0 {
        // Xorshift, by Marsaglia: any noise will do.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *sample = sample.saturating_add((state % 24) as u8).min(235);
    }
    picture
}

/// How alike one plane of two pictures is, in decibels; above 30 an eye sees little of a difference.
pub fn psnr(a: &I420, b: &I420, plane: Plane) -> f64 {
    let (a, b) = (a.plane(plane).0, b.plane(plane).0);
    assert_eq!(a.len(), b.len());
    let squares: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * a.len() as f64 / squares.max(1e-9)).log10()
}
