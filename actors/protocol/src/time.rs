//! Time as the cores and the wire know it: whole milliseconds.
//!
//! On the wire a [`Millis`] is always a duration: clocks of two machines differ. Inside one core it may also be an instant,
//! counted from an origin which the owner of the core chose (a node counts from its own start).

use core::fmt;
use core::ops::{Add, Sub};
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds: a duration, or an instant since an origin that the owner chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Millis(pub u64);

impl Millis {
    /// No time at all; the origin.
    pub const ZERO: Millis = Millis(0);

    /// Whole seconds.
    pub const fn from_secs(secs: u64) -> Millis {
        Millis(secs * 1_000)
    }

    /// The time from `earlier` to `self`, zero if `earlier` is later.
    pub const fn since(self, earlier: Millis) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// As the standard library's duration.
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl From<Duration> for Millis {
    /// Rounds down; saturates.
    fn from(duration: Duration) -> Millis {
        Millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}

impl Add for Millis {
    type Output = Millis;
    fn add(self, other: Millis) -> Millis {
        Millis(self.0.saturating_add(other.0))
    }
}

impl Sub for Millis {
    type Output = Millis;
    fn sub(self, other: Millis) -> Millis {
        self.since(other)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 10_000 { write!(f, "{} s", self.0 / 1_000) } else { write!(f, "{} ms", self.0) }
    }
}
