//! Randomness: from the system, or from a seed when a run must be repeatable.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::limits::{BACKOFF_MAX, BACKOFF_MIN};

pub(crate) enum Randomness {
    System(SystemRandom),
    /// SHA-256 over the seed and a counter.
    Seeded([u8; 32], AtomicU64),
}

impl Randomness {
    pub(crate) fn new(seed: Option<[u8; 32]>) -> Randomness {
        match seed {
            Some(seed) => Randomness::Seeded(seed, AtomicU64::new(0)),
            None => Randomness::System(SystemRandom::new()),
        }
    }

    pub(crate) fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        match self {
            Randomness::System(system) => {
                system.fill(&mut bytes).expect("the system's random source works, or nothing is secure");
            }
            Randomness::Seeded(seed, counter) => {
                let count = counter.fetch_add(1, Ordering::Relaxed).to_be_bytes();
                bytes.copy_from_slice(digest(&SHA256, &[&seed[..], &count].concat()).as_ref());
            }
        }
        bytes
    }

    pub(crate) fn number(&self) -> u128 {
        u128::from_be_bytes(*self.bytes().first_chunk().expect("32 bytes have a first sixteen"))
    }

    /// The pause before attempt `attempt + 1`: doubles up to its bound, and differs by half, so that the viewers of a
    /// node that has restarted do not all come back in the same moment.
    pub(crate) fn backoff(&self, attempt: u32) -> Duration {
        let full = BACKOFF_MIN.saturating_mul(1 << attempt.min(16)).min(BACKOFF_MAX);
        full / 2 + full.mul_f64(f64::from(self.bytes()[0]) / 512.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_a_pause_has_its_bounds() {
        let (one, two) = (Randomness::new(Some([7; 32])), Randomness::new(Some([7; 32])));
        assert_eq!(one.number(), two.number());
        assert_ne!(one.number(), one.number());
        for attempt in 0..40 {
            let pause = one.backoff(attempt);
            assert!(pause >= BACKOFF_MIN / 2 && pause <= BACKOFF_MAX, "{pause:?}");
        }
        assert!(one.backoff(9) >= BACKOFF_MAX / 2);
    }
}
