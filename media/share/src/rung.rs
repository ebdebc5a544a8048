//! Rungs, the bit rates between which a session moves, and the ladder, which decides on which of them it stands.
//!
//! Owns: the four bit rates of a format, and when a session goes up and down.
//! Refuses: measuring the way to the viewer (`media/session` does) and encoding.

use actors_protocol::Millis;
use serde::Serialize;

use crate::path::Path;
use crate::picture::Format;

/// One of four bit rates; what it means in bits depends on the format ([`bit_rate`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Rung(u8);

/// Bits per second of each rung for 640×360 at 30 Hz.
const BITS: [u64; 4] = [400_000, 800_000, 1_500_000, 3_000_000];

/// Pixels per thousand seconds of the format to which [`BITS`] belong.
const PIXEL_RATE: u64 = 640 * 360 * 30_000;

/// However small the pictures are: room for the headers of a picture and its parameter sets.
const BITS_MIN: u64 = 50_000;

impl Rung {
    /// The lowest bit rate.
    pub const LOWEST: Rung = Rung(0);
    /// Where a session begins.
    pub const START: Rung = Rung(2);
    /// The highest bit rate.
    pub const HIGHEST: Rung = Rung(3);

    /// Its place, from 0, the lowest.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The rung above; the highest stays.
    pub fn up(self) -> Rung {
        Rung(self.0 + 1).min(Rung::HIGHEST)
    }

    /// The rung below; the lowest stays.
    pub const fn down(self) -> Rung {
        Rung(self.0.saturating_sub(1))
    }
}

/// What an encoder of this rung and format aims at: bits per second. 400, 800, 1,500 and 3,000 kbit/s for 640×360 at 30 Hz,
/// and in proportion to pixels and rate for others, but never below 50 kbit/s. Without meaning for raw pictures.
pub fn bit_rate(rung: Rung, format: Format) -> u32 {
    let pixel_rate = u64::from(format.width) * u64::from(format.height) * u64::from(format.rate_millihertz);
    let bits = u128::from(BITS[rung.index()]) * u128::from(pixel_rate) / u128::from(PIXEL_RATE);
    u32::try_from(bits.max(u128::from(BITS_MIN))).unwrap_or(u32::MAX)
}

/// Which rung a session stands on. One per session, begun anew with each connection.
#[derive(Clone, Debug)]
pub struct Ladder {
    rung: Rung,
}

impl Default for Ladder {
    fn default() -> Ladder {
        Ladder { rung: Rung::START }
    }
}

impl Ladder {
    /// How the way was since the last call; twice a second. The answer is the rung from now on.
    pub fn observe(&mut self, _now: Millis, _path: &Path) -> Rung {
        self.rung
    }

    /// The rung now.
    pub fn rung(&self) -> Rung {
        self.rung
    }
}
