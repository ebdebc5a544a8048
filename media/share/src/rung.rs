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
/// and in proportion to pixels and rate for others, but never below 50 kbit/s; if the format fixes the bit rate, that one on
/// every rung. Without meaning for raw pictures.
pub fn bit_rate(rung: Rung, format: Format) -> u32 {
    if let Some(fixed) = format.bit_rate {
        return fixed.get();
    }
    let pixel_rate = u64::from(format.width) * u64::from(format.height) * u64::from(format.rate_millihertz);
    let bits = u128::from(BITS[rung.index()]) * u128::from(pixel_rate) / u128::from(PIXEL_RATE);
    u32::try_from(bits.max(u128::from(BITS_MIN))).unwrap_or(u32::MAX)
}

/// A queue on the way, or in front of it, that is longer than this is trouble.
pub const QUEUE_MOST: Millis = Millis(100);

/// After a step down the queue is given this long to drain before the next.
pub const DRAIN: Millis = Millis(1_000);

/// Without trouble for so long, a session tries the next rung; after a failed try twice as long, and so on.
pub const QUIET_LEAST: Millis = Millis::from_secs(5);

/// However often it failed, it tries again after this.
pub const QUIET_MOST: Millis = Millis::from_secs(60);

/// Trouble this soon after a step up is the step's.
pub const TRIAL: Millis = Millis::from_secs(10);

/// Which rung a session stands on. One per session, begun anew with each connection.
///
/// ```text
///   trouble: a picture was given up, or one has queued for more than 100 ms    ──► one down, at once; the next after 1 s
///   none for 5 s (twice that after each failed try, 60 s at most)              ──► one up
///   none for 10 s after that                                                   ──► the try was good: half the wait again
/// ```
///
/// A report without an acknowledged picture says nothing good: a still picture does not show that more would pass.
#[derive(Clone, Debug)]
pub struct Ladder {
    rung: Rung,
    /// When the report before this came.
    reported: Option<Millis>,
    /// When it last went down.
    lowered: Option<Millis>,
    /// When it last went up, while that is a try.
    raised: Option<Millis>,
    /// How long all has been well since the last trouble or step.
    quiet: Millis,
    /// How long it must be, before the next step up.
    wanted: Millis,
}

impl Default for Ladder {
    fn default() -> Ladder {
        Ladder {
            rung: Rung::START,
            reported: None,
            lowered: None,
            raised: None,
            quiet: Millis::ZERO,
            wanted: QUIET_LEAST,
        }
    }
}

impl Ladder {
    /// How the way was since the last call; twice a second. The answer is the rung from now on.
    pub fn observe(&mut self, now: Millis, path: &Path) -> Rung {
        let passed = now.since(self.reported.replace(now).unwrap_or(now));
        if is_trouble(path) {
            self.trouble(now);
        } else {
            if path.acknowledged > 0 {
                self.quiet = self.quiet + passed;
            }
            self.well(now);
        }
        self.rung
    }

    /// The rung now.
    pub fn rung(&self) -> Rung {
        self.rung
    }

    fn trouble(&mut self, now: Millis) {
        self.quiet = Millis::ZERO;
        if self.raised.take().is_some() {
            self.wanted = (self.wanted + self.wanted).min(QUIET_MOST);
        }
        if self.lowered.is_none_or(|lowered| now.since(lowered) >= DRAIN) && self.rung > Rung::LOWEST {
            self.rung = self.rung.down();
            self.lowered = Some(now);
        }
    }

    fn well(&mut self, now: Millis) {
        if self.raised.is_some_and(|raised| now.since(raised) >= TRIAL) {
            self.raised = None;
            self.wanted = Millis(self.wanted.0 / 2).max(QUIET_LEAST);
        }
        // One try at a time: on the way up each step shows that it holds.
        if self.raised.is_none() && self.quiet >= self.wanted && self.rung < Rung::HIGHEST {
            self.rung = self.rung.up();
            self.raised = Some(now);
            self.quiet = Millis::ZERO;
        }
    }
}

/// A queue shows in the round trip if it is on the way, and in the age of the oldest picture if it is in front of it.
fn is_trouble(path: &Path) -> bool {
    let on_the_way = path.rtt.since(path.rtt_min);
    let in_front = path.oldest.since(path.rtt);
    path.given_up > 0 || on_the_way > QUEUE_MOST || in_front > QUEUE_MOST
}

#[cfg(test)]
mod tests;
