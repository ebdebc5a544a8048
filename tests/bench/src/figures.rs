//! Percentiles and medians.

use std::time::Duration;

/// One turn of a contestant.
pub struct Turn {
    /// Calls that were answered.
    pub answered: u64,
    /// How long it took.
    pub took: Duration,
    /// How long each call took, in microseconds, if that was asked for.
    pub times_us: Vec<f64>,
}

impl Turn {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.answered as f64 / self.took.as_secs_f64()
    }
}

/// The value below which `part` (0 to 1) of the values lie.
pub fn percentile(values: &mut [f64], part: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_by(f64::total_cmp);
    values[((values.len() as f64 * part) as usize).min(values.len() - 1)]
}

/// The median.
pub fn median(values: &[f64]) -> f64 {
    percentile(&mut values.to_vec(), 0.5)
}

/// The median of `ours / theirs`, round by round: what disturbs a round disturbs both.
pub fn median_ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    let ratios: Vec<_> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    median(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_ratios() {
        let mut values: Vec<f64> = (0..100).rev().map(f64::from).collect();
        assert_eq!((percentile(&mut values, 0.5), percentile(&mut values, 0.99)), (50.0, 99.0));
        assert_eq!(percentile(&mut [7.0], 0.99), 7.0);
        assert_eq!(median_ratio(&[1.0, 20.0, 3.0], &[2.0, 10.0, 6.0]), 0.5, "one disturbed round does not count");
    }
}
