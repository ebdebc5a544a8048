//! When an instance has more to draw than it can: the rule by which it withdraws its free slots, and offers them again.
//!
//! Owns: the thresholds, and the words for the operator.
//! Refuses: counting pictures ([`renditions`](crate::renditions) does) and withdrawing (the instance does).

use actors_protocol::Millis;

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Too many pictures are late: take no more sessions.
    Overloaded {
        /// Why, with figures, for the operator.
        words: String,
    },
    /// Pictures are in time again.
    Well,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Overload {
    overloaded: bool,
}

impl Overload {
    /// Once a second: all pictures that were due since the instance began, and those of them that were late
    /// ([`Totals`](crate::renditions::Totals)). Says what has changed, if anything has.
    pub fn sample(&mut self, _now: Millis, _due: u64, _late: u64) -> Option<Turn> {
        None
    }

    /// Is it overloaded now?
    pub fn is_overloaded(&self) -> bool {
        self.overloaded
    }
}
