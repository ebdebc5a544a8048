//! Pictures for a screen: I420 to 32-bit pixels, scaled on the way.
//!
//! Owns: the colour arithmetic (ITU-R BT.601, limited range) and the scaling: between brightness samples it interpolates,
//! colours are taken from the nearest sample, which nobody sees. At the picture's own size nothing is interpolated.
//! Refuses: windows.

use std::ops::Range;

use media_share::{I420, Plane};

/// Draws a picture into columns and rows of `pixels`, whose rows are `width` long. A pixel is `0x00RRGGBB`. What lies
/// outside is not touched; an empty range, or one beyond the pixels, draws nothing.
pub fn draw_on_screen(picture: &I420, pixels: &mut [u32], width: usize, columns: Range<usize>, rows: Range<usize>) {
    if columns.is_empty() || rows.is_empty() || columns.end > width || rows.end * width > pixels.len() {
        return;
    }
    let size = picture.size();
    let across = axis(size.width(), columns.len());
    let down = axis(size.height(), rows.len());
    let (luma, stride) = picture.plane(Plane::Y);
    let (blue, half) = picture.plane(Plane::U);
    let (red, _) = picture.plane(Plane::V);
    let mut between = vec![0u8; stride];
    for (row, at) in pixels.chunks_exact_mut(width).skip(rows.start).zip(&down) {
        let first = &luma[at.first * stride..][..stride];
        let bright = match at.second_part {
            0 => first,
            part => {
                let second = &luma[at.second * stride..][..stride];
                for ((to, a), b) in between.iter_mut().zip(first).zip(second) {
                    *to = mixed(*a, *b, part);
                }
                &between[..]
            }
        };
        let chroma = at.nearest() / 2 * half;
        let (blue, red) = (&blue[chroma..][..half], &red[chroma..][..half]);
        for (pixel, at) in row[columns.clone()].iter_mut().zip(&across) {
            let y = mixed(bright[at.first], bright[at.second], at.second_part);
            let colour = at.nearest() / 2;
            *pixel = rgb(y, blue[colour], red[colour]);
        }
    }
}

/// Where a pixel lies among samples.
struct Place {
    first: usize,
    second: usize,
    /// How much of the second, in 256ths.
    second_part: u32,
}

impl Place {
    fn nearest(&self) -> usize {
        if self.second_part < 128 { self.first } else { self.second }
    }
}

/// The places of `pixels` pixels over `samples` samples: the middle of each, so that both edges are alike.
fn axis(samples: usize, pixels: usize) -> Vec<Place> {
    let (samples, pixels) = (samples as u64, pixels as u64);
    let place = |pixel: u64| {
        let at = ((2 * pixel + 1) * samples * 128 / pixels).saturating_sub(128);
        let first = (at / 256).min(samples - 1) as usize;
        Place { first, second: (first + 1).min(samples as usize - 1), second_part: (at % 256) as u32 }
    };
    (0..pixels).map(place).collect()
}

fn mixed(a: u8, b: u8, part: u32) -> u8 {
    ((u32::from(a) * (256 - part) + u32::from(b) * part + 128) >> 8) as u8
}

/// ITU-R BT.601-7, 2.5, in 256ths.
fn rgb(y: u8, blue: u8, red: u8) -> u32 {
    let (y, u, v) = (298 * (i32::from(y) - 16) + 128, i32::from(blue) - 128, i32::from(red) - 128);
    let byte = |value: i32| (value >> 8).clamp(0, 255) as u32;
    byte(y + 409 * v) << 16 | byte(y - 100 * u - 208 * v) << 8 | byte(y + 516 * u)
}

#[cfg(test)]
mod tests {
    use media_share::Size;
    use proptest::prelude::*;

    use super::*;

    fn plain(width: u16, height: u16, samples: [u8; 3]) -> I420 {
        let mut picture = I420::black(Size::new(width, height).expect("even"));
        for (plane, sample) in [Plane::Y, Plane::U, Plane::V].into_iter().zip(samples) {
            picture.plane_mut(plane).0.fill(sample);
        }
        picture
    }

    #[test]
    fn colours_are_those_of_bt_601() {
        // Samples of full colours in limited range, by the standard's own formulas.
        for (samples, wanted) in [
            ([16, 128, 128], 0x000000),
            ([235, 128, 128], 0xffffff),
            ([81, 90, 240], 0xff0000),
            ([145, 54, 34], 0x00ff00),
            ([41, 240, 110], 0x0000ff),
        ] {
            let mut pixels = [0; 16];
            draw_on_screen(&plain(4, 4, samples), &mut pixels, 4, 0..4, 0..4);
            for shift in [0, 8, 16] {
                let (got, wanted) = (pixels[5] >> shift & 0xff, wanted >> shift & 0xff);
                assert!(got.abs_diff(wanted) <= 2, "{samples:?}: {:06x}", pixels[5]);
            }
        }
    }

    #[test]
    fn at_its_own_size_each_sample_is_its_pixel() {
        let mut picture = plain(6, 4, [16, 128, 128]);
        for (at, sample) in picture.plane_mut(Plane::Y).0.iter_mut().enumerate() {
            *sample = 20 + 9 * at as u8;
        }
        let mut pixels = [0; 24];
        draw_on_screen(&picture, &mut pixels, 6, 0..6, 0..4);
        let wanted: Vec<_> = picture.plane(Plane::Y).0.iter().map(|y| rgb(*y, 128, 128)).collect();
        assert_eq!(pixels[..], wanted);
    }

    #[test]
    fn larger_is_smooth_and_what_is_beside_it_is_left_alone() {
        let mut picture = plain(2, 2, [16, 128, 128]);
        picture.plane_mut(Plane::Y).0.copy_from_slice(&[16, 235, 16, 235]);
        let mut pixels = [0xabcdef; 10 * 4];
        draw_on_screen(&picture, &mut pixels, 10, 1..9, 1..3);
        let row: Vec<_> = pixels[10..20].iter().map(|pixel| pixel & 0xff).collect();
        assert!(row[1..9].is_sorted() && row[1] == 0 && row[8] == 255 && row[4] > 0 && row[4] < 255, "{row:?}");
        assert_eq!((row[0], row[9]), (0xef, 0xef));
        assert!(pixels[..10].iter().chain(&pixels[30..]).all(|pixel| *pixel == 0xabcdef));
    }

    proptest! {
        #[test]
        fn any_place_is_drawn_or_refused_without_a_panic(
            size in (1u16..20, 1u16..20), width in 0usize..40, height in 0usize..40,
            columns in (0usize..50, 0usize..50), rows in (0usize..50, 0usize..50),
        ) {
            let picture = plain(size.0 * 2, size.1 * 2, [100, 90, 80]);
            let mut pixels = vec![7; width * height];
            draw_on_screen(&picture, &mut pixels, width, columns.0..columns.1, rows.0..rows.1);
            let drawn = pixels.iter().filter(|pixel| **pixel != 7).count();
            let fits = columns.1 <= width && rows.1 <= height;
            let area = columns.1.saturating_sub(columns.0) * rows.1.saturating_sub(rows.0);
            prop_assert_eq!(drawn, if fits { area } else { 0 });
        }
    }
}
