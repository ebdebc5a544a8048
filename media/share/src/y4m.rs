//! YUV4MPEG2: raw pictures with a line of text in front, which players and encoders read from a pipe. Written after the
//! manual page yuv4mpeg(5) of the mjpegtools.
//!
//! Owns: the header, and the steady beat: such a stream has a rate and no times, so that a picture is written as often as
//! it was due to be seen.
//! Refuses: to open anything; reading.

use std::io::{self, Write};

use crate::i420::{I420, Size};

/// What stands in front of each picture.
pub const FRAME: &[u8] = b"FRAME\n";
/// A longer pause than this is left out: it is an interruption, and nobody wants to watch it.
const PAUSE_MAX_US: u64 = 10_000_000;

/// The line that a stream begins with.
///
/// `Ip`: whole pictures, not fields. `A1:1`: square pixels. `C420mpeg2`: 4:2:0 with the chroma samples beside the left one
/// of two pixels, as H.264 has them when it does not say otherwise; `C420jpeg` would put them half a pixel to the right.
/// Neither name tells the range: that is the extension `XCOLORRANGE`, which ffmpeg reads and others skip, as they must with
/// all fields that begin with `X`.
pub fn header(size: Size, rate_millihertz: u32) -> String {
    let rate = rate_millihertz.max(1);
    let common = divisor(rate, 1_000);
    let (numerator, denominator) = (rate / common, 1_000 / common);
    let (width, height) = (size.width(), size.height());
    format!("YUV4MPEG2 W{width} H{height} F{numerator}:{denominator} Ip A1:1 C420mpeg2 XCOLORRANGE=LIMITED\n")
}

fn divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// Writes a picture. Its size is the header's.
pub fn write_picture(out: &mut impl Write, picture: &I420) -> io::Result<()> {
    out.write_all(FRAME)?;
    out.write_all(picture.bytes())
}

/// Turns the times of pictures into places of a steady stream. Each picture is written when it comes, so that a pipe is no
/// later than the session.
#[derive(Clone, Debug)]
pub struct Beat {
    rate_millihertz: u32,
    /// The time of place 0, in microseconds; none before the first picture.
    began_us: Option<u64>,
    /// The place that is written next.
    next: u64,
}

/// What is to be written when a picture comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// How often the picture before it, first.
    pub before: u64,
    /// Then this one; not if the picture before has its place.
    pub this: bool,
}

impl Beat {
    /// So many pictures per thousand seconds.
    pub fn new(rate_millihertz: u32) -> Beat {
        Beat { rate_millihertz: rate_millihertz.max(1), began_us: None, next: 0 }
    }

    /// A picture of this time, in microseconds, has come; or the one before it is shown on at this time.
    pub fn at(&mut self, pts_us: u64) -> Places {
        let began = *self.began_us.get_or_insert(pts_us);
        let place = self.place(pts_us.saturating_sub(began));
        if place < self.next {
            return Places::default();
        }
        let before = place - self.next;
        if before > self.place(PAUSE_MAX_US) {
            // As if this picture had come directly after the one before.
            self.began_us = Some(pts_us.saturating_sub(self.time(self.next)));
            self.next += 1;
            return Places { before: 0, this: true };
        }
        self.next = place + 1;
        Places { before, this: true }
    }

    /// The place that is nearest to a time.
    fn place(&self, us: u64) -> u64 {
        let place = (u128::from(us) * u128::from(self.rate_millihertz) + 500_000_000) / 1_000_000_000;
        u64::try_from(place).unwrap_or(u64::MAX / 2)
    }

    fn time(&self, place: u64) -> u64 {
        let us = u128::from(place) * 1_000_000_000 / u128::from(self.rate_millihertz);
        u64::try_from(us).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_stream_begins_as_the_manual_says() {
        let size = Size::new(4, 2).expect("even");
        let mut picture = I420::black(size);
        picture.bytes_mut().copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        let mut out = header(size, 30_000).into_bytes();
        write_picture(&mut out, &picture).expect("memory");
        let golden = b"YUV4MPEG2 W4 H2 F30:1 Ip A1:1 C420mpeg2 XCOLORRANGE=LIMITED\nFRAME\n\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c";
        assert_eq!(out, golden);
    }

    #[test]
    fn a_rate_is_a_fraction_in_its_lowest_terms() {
        let size = Size::new(2, 2).expect("even");
        for (rate, fraction) in [(29_970, " F2997:100 "), (25_000, " F25:1 "), (12_500, " F25:2 "), (0, " F1:1000 ")] {
            let header = header(size, rate);
            assert!(header.contains(fraction), "{header}");
        }
    }

    #[test]
    fn gaps_are_filled_and_what_comes_too_soon_has_no_place() {
        let mut beat = Beat::new(30_000);
        let places: Vec<_> = [40_000, 73_333, 74_000, 173_333, 206_000]
            .map(|pts| beat.at(pts))
            .iter()
            .map(|places| (places.before, places.this))
            .collect();
        assert_eq!(places, [(0, true), (0, true), (0, false), (2, true), (0, true)]);
    }

    #[test]
    fn an_interruption_is_left_out() {
        let mut beat = Beat::new(30_000);
        beat.at(0);
        assert_eq!(beat.at(3_600_000_000), Places { before: 0, this: true });
        assert_eq!(beat.at(3_600_033_333), Places { before: 0, this: true });
        assert_eq!(beat.at(3_600_133_333), Places { before: 2, this: true });
        beat.at(u64::MAX);
        assert!(!beat.at(0).this);
    }

    proptest! {
        /// As many places as the pictures lasted, whatever the times between them.
        #[test]
        fn a_stream_is_as_long_as_its_pictures(
            rate in 1_000u32..120_000,
            steps in proptest::collection::vec(0u64..9_000_000, 1..100),
        ) {
            let mut beat = Beat::new(rate);
            let (mut pts, mut written) = (0, 0);
            for step in &steps {
                let places = beat.at(pts);
                written += places.before + u64::from(places.this);
                pts += step;
            }
            let lasted = u128::from(pts - steps[steps.len() - 1]) * u128::from(rate);
            let wanted = (lasted + 500_000_000) / 1_000_000_000 + 1;
            prop_assert_eq!(u128::from(written), wanted);
        }
    }
}
