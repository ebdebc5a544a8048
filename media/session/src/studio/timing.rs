//! Where the time of a picture goes, for inspection and for the benchmark of latency.
//!
//! Owns: the last few hundred samples of each step. Refuses: any decision.

use std::collections::VecDeque;

use serde_json::json;

/// Samples of each step that are kept.
const KEPT: usize = 512;

/// What one picture has taken on its worker, microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    /// From being wanted until a worker began.
    pub queue: u32,
    /// Drawing the view.
    pub compose: u32,
    /// Making its access unit.
    pub encode: u32,
    /// It was for an input.
    pub urgent: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Timing {
    urgent: VecDeque<Spent>,
    calm: VecDeque<Spent>,
}

impl Timing {
    pub fn note(&mut self, spent: &Spent) {
        let samples = if spent.urgent { &mut self.urgent } else { &mut self.calm };
        if samples.len() == KEPT {
            samples.pop_front();
        }
        samples.push_back(*spent);
    }

    /// `{for_input: {queue: {p50, p99}, compose: …, encode: …, samples}, by_the_clock: …}`
    pub fn state(&self) -> serde_json::Value {
        json!({ "for_input": steps(&self.urgent), "by_the_clock": steps(&self.calm) })
    }
}

fn steps(samples: &VecDeque<Spent>) -> serde_json::Value {
    let step = |of: fn(&Spent) -> u32| {
        let mut values: Vec<_> = samples.iter().map(of).collect();
        values.sort_unstable();
        let at = |share: usize| values.get((values.len() * share / 100).min(values.len().saturating_sub(1)));
        json!({ "p50": at(50), "p99": at(99) })
    };
    json!({
        "samples": samples.len(),
        "queue": step(|spent| spent.queue),
        "compose": step(|spent| spent.compose),
        "encode": step(|spent| spent.encode),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_last_samples() {
        let mut timing = Timing::default();
        assert_eq!(timing.state()["for_input"]["queue"]["p50"], serde_json::Value::Null);
        for queue in 0..600 {
            timing.note(&Spent { queue, urgent: true, ..Spent::default() });
        }
        let state = timing.state();
        assert_eq!(state["for_input"]["samples"], 512);
        assert_eq!(state["for_input"]["queue"]["p50"], 88 + 256);
        assert_eq!(state["by_the_clock"]["samples"], 0);
    }
}
