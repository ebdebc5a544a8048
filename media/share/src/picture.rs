//! A picture on its way to a viewer, and the format and the timetable of the pictures of a program.
//!
//! Owns: the numbering rule. A picture's number grows by one per picture *due*, so that one that was skipped is a gap that
//! the viewer sees.
//! Refuses: to look into the data.

use core::fmt;
use core::num::NonZeroU32;

use actors_protocol::Millis;
use bytes::Bytes;
use serde::Serialize;

/// How the bytes of a picture are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// One H.264 access unit in Annex B form; a key picture carries its parameter sets in front.
    H264,
    /// Planar 4:2:0, 8 bits, the planes Y, U, V without padding.
    I420,
}

impl Codec {
    /// The word for it in messages and tables: `h264`, `i420`.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::H264 => "h264",
            Codec::I420 => "i420",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What all pictures of a program have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Format {
    /// How to read them.
    pub codec: Codec,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// Pictures per thousand seconds: 30 a second are 30,000. Never zero.
    pub rate_millihertz: u32,
    /// What encoders aim at, bits per second; none = as much as the way to each viewer carries.
    pub bit_rate: Option<NonZeroU32>,
}

/// Whole milliseconds, times the unit of the rate.
const MILLIS_TIMES_MILLIHERTZ: u128 = 1_000_000;

impl Format {
    /// When picture `number` of a steady program is due, counted from picture 0. Rounds down.
    pub fn due(&self, number: u64) -> Millis {
        Millis(narrow(u128::from(number) * MILLIS_TIMES_MILLIHERTZ / self.rate()))
    }

    /// The newest picture that is due when `elapsed` has passed since picture 0: the inverse of [`due`](Format::due).
    pub fn newest_due(&self, elapsed: Millis) -> u64 {
        // The largest n with floor(n · unit / rate) ≤ elapsed, which is n · unit < (elapsed + 1) · rate.
        narrow(((u128::from(elapsed.0) + 1) * self.rate() - 1) / MILLIS_TIMES_MILLIHERTZ)
    }

    /// The media time of picture `number`, in microseconds since picture 0. Rounds down.
    pub fn pts_us(&self, number: u64) -> u64 {
        narrow(u128::from(number) * MILLIS_TIMES_MILLIHERTZ * 1_000 / self.rate())
    }

    fn rate(&self) -> u128 {
        // A rate of zero is refused where formats are made; here it must only not divide by zero.
        u128::from(self.rate_millihertz.max(1))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Format { codec, width, height, rate_millihertz, bit_rate: _ } = self;
        write!(f, "{codec} {width}×{height} at {}", rate_millihertz / 1_000)?;
        match rate_millihertz % 1_000 {
            0 => f.write_str(" Hz"),
            rest => write!(f, ".{rest:03} Hz"),
        }
    }
}

fn narrow(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// One picture of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its number in the session: grows by one per picture due, skipped ones included; the first is 0.
    pub number: u64,
    /// It needs no picture before it, and those before it are not needed by any after it.
    pub key: bool,
    /// The picture before it is still what is to be shown: a sign of life, or the acknowledgement of an input that changed
    /// nothing. It has no data.
    pub repeat: bool,
    /// The number of the last input whose effect it shows; 0 before the first.
    pub last_input: u32,
    /// Media time since the session's picture 0, microseconds.
    pub pts_us: u64,
    /// The picture itself. Shared: sessions get references to the same bytes.
    pub data: Bytes,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLIP: Format =
        Format { codec: Codec::H264, width: 640, height: 360, rate_millihertz: 30_000, bit_rate: None };

    #[test]
    fn thirty_a_second_are_due_at_thirds_of_a_tenth() {
        let due: Vec<_> = (0..5).map(|number| CLIP.due(number).0).collect();
        assert_eq!(due, [0, 33, 66, 100, 133]);
        assert_eq!(CLIP.due(30), Millis::from_secs(1));
        assert_eq!(CLIP.pts_us(1), 33_333);
        assert_eq!(CLIP.pts_us(30), 1_000_000);
        assert_eq!(CLIP.newest_due(Millis(32)), 0);
        assert_eq!(CLIP.newest_due(Millis(33)), 1);
        assert_eq!(CLIP.newest_due(Millis(99)), 2);
    }

    #[test]
    fn a_format_reads_as_words() {
        assert_eq!(CLIP.to_string(), "h264 640×360 at 30 Hz");
        assert_eq!(Format { rate_millihertz: 29_970, ..CLIP }.to_string(), "h264 640×360 at 29.970 Hz");
    }

    proptest! {
        #[test]
        fn newest_due_is_the_inverse_of_due(rate in 1u32..1_000_000, elapsed in 0u64..100_000_000) {
            let format = Format { rate_millihertz: rate, ..CLIP };
            let newest = format.newest_due(Millis(elapsed));
            prop_assert!(format.due(newest).0 <= elapsed);
            prop_assert!(format.due(newest + 1).0 > elapsed);
        }
    }
}
