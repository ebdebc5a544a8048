//! The one source of chance of a simulated run: SplitMix64 (Steele, Lea, Flood 2014). Small, fast, and the same
//! everywhere and for ever, which a crate's default generator does not promise.

use std::time::Duration;

/// A stream of numbers that its seed determines.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of `seed`.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// A stream of its own for each `word`: drawing from one does not move another.
    pub fn derive(seed: u64, word: u64) -> Random {
        let mut parent = Random(seed);
        let mixed = parent.next() ^ word.wrapping_mul(0xd6e8_feb8_6659_fd93);
        Random(Random(mixed).next())
    }

    /// The next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "an endless stream, and never used as an iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0. The bias is below one in 2³² for every bound a test uses.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).expect("the upper half of a product of two 64-bit numbers")
    }

    /// A number in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        // 53 bits are what a f64 holds exactly.
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Whether something of this probability happens. Draws once, also for 0 and 1.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A time in `0..bound`.
    pub fn within(&mut self, bound: Duration) -> Duration {
        bound.mul_f64(self.unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_derived_streams_differ() {
        let first: Vec<u64> = std::iter::repeat_with({
            let mut random = Random::new(7);
            move || random.next()
        })
        .take(4)
        .collect();
        let mut again = Random::new(7);
        assert_eq!(first, [again.next(), again.next(), again.next(), again.next()]);
        // The published first output of SplitMix64 for seed 0.
        assert_eq!(Random::new(0).next(), 0xe220_a839_7b1d_cdaf);
        assert_ne!(Random::derive(7, 1).next(), Random::derive(7, 2).next());
        assert_ne!(Random::derive(7, 1).next(), Random::derive(8, 1).next());
    }

    #[test]
    fn ranges_hold() {
        let mut random = Random::new(3);
        let mut seen = [false; 5];
        for _ in 0..200 {
            seen[usize::try_from(random.below(5)).unwrap()] = true;
            assert!((0.0..1.0).contains(&random.unit()));
            assert!(random.within(Duration::from_millis(3)) < Duration::from_millis(3));
            assert!(!random.chance(0.0));
            assert!(random.chance(1.0));
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(random.below(0), 0);
    }
}
