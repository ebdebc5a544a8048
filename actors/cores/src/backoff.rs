//! How long to wait before the next attempt: 50 ms, doubling to 1 s, with jitter from a random number that is given.
//!
//! Owns: the delays. Refuses: a source of randomness, and waiting. A peer that was lost by many at once must not be called
//! by all of them in the same millisecond, so the upper half of each delay is random.

use actors_protocol::Millis;

/// The first delay at most.
pub const FIRST: Millis = Millis(50);
/// Every later delay at most (design: "reconnect backoff at most 1 s").
pub const LONGEST: Millis = Millis(1_000);

/// Counts failures in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// No failure yet.
    pub const fn new() -> Backoff {
        Backoff { failures: 0 }
    }

    /// It failed (again): how long to wait now.
    pub fn next(&mut self, random: u64) -> Millis {
        let delay = delay(self.failures, random);
        self.failures = self.failures.saturating_add(1);
        delay
    }

    /// It worked: the next failure is a first one.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row so far.
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

/// The step after `failures` earlier failures in a row, without jitter: for waits that nobody else waits with.
pub fn step(failures: u32) -> Millis {
    // Ten doublings are over the longest delay; the bound keeps the shift defined.
    Millis(FIRST.0 << failures.min(10)).min(LONGEST)
}

/// The delay after `failures` earlier failures in a row: between half of the step and all of it.
pub fn delay(failures: u32, random: u64) -> Millis {
    let step = step(failures).0;
    let half = step / 2;
    Millis(half + random % (step - half + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_from_50_ms_to_a_second() {
        let mut backoff = Backoff::new();
        // The random number that leaves nothing off: the remainder is the whole upper half.
        let longest: Vec<_> = [25, 50, 100, 200, 400, 500, 500].map(|half| backoff.next(half).0).into();
        assert_eq!(longest, [50, 100, 200, 400, 800, 1_000, 1_000]);
        backoff.reset();
        assert_eq!((backoff.failures(), backoff.next(0)), (0, Millis(25)));
    }

    #[test]
    fn jitter_stays_in_the_upper_half() {
        for failures in [0, 1, 4, 5, 40, u32::MAX] {
            let step = (50u64 << failures.min(10)).min(1_000);
            for random in (0..5_000).chain([u64::MAX]) {
                let delay = delay(failures, random).0;
                assert!((step / 2..=step).contains(&delay), "{delay} of {step}");
            }
        }
    }
}
