//! When a source that failed is tried again: after two seconds, then after twice as long each time, at most a minute.
//!
//! Owns: that rule. Pure. Refuses: to wait.

use actors_protocol::Millis;

/// The first wait.
pub const FIRST: Millis = Millis(2_000);
/// The longest wait.
pub const LONGEST: Millis = Millis(60_000);
/// A source that has shown pictures for so long has recovered: the next failure begins anew.
pub const STEADY: Millis = Millis(30_000);

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retry {
    failures: u32,
}

impl Retry {
    /// It failed, after it had shown pictures for so long. Gives the wait before the next attempt.
    pub fn failed(&mut self, shown: Millis) -> Millis {
        if shown >= STEADY {
            self.failures = 0;
        }
        let wait = FIRST.0.saturating_mul(1 << self.failures.min(16)).min(LONGEST.0);
        self.failures = self.failures.saturating_add(1);
        Millis(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_minute_and_begin_anew_after_a_recovery() {
        let mut retry = Retry::default();
        let waits: Vec<_> = (0..8).map(|_| retry.failed(Millis(500)).0).collect();
        assert_eq!(waits, [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
        assert_eq!(retry.failed(STEADY), FIRST);
        assert_eq!(retry.failed(Millis::ZERO).0, 4_000);
    }
}
