//! Many seeds: spread over threads, added up, and told how to repeat what failed.
//!
//! ```text
//!   FUSION_SEED=17     that seed alone, with every violation
//!   FUSION_SEEDS=10000 so many seeds, from FUSION_FIRST_SEED on (default 1)
//! ```

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::report::Report;
use crate::scenario::{Outcome, Plan, run};

/// Threads that run seeds: each has a runtime of its own.
const THREADS_MAX: usize = 2;

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Batch {
    /// Seeds that ran.
    pub seeds: u64,
    /// Everything that was counted.
    pub report: Report,
    /// Runs that broke something, by seed.
    pub failed: Vec<Outcome>,
    /// In virtual time.
    pub virtual_time: Duration,
}

/// A number from the environment.
pub fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not '{text}'")))
}

/// Runs `count` seeds from `first` on. Stops early when `enough` says so of a run.
pub fn seeds(first: u64, count: u64, plan: &Plan, enough: impl Fn(&Outcome) -> bool + Sync) -> Batch {
    let next = AtomicU64::new(first);
    let stop = AtomicBool::new(false);
    let batch = Mutex::new(Batch::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let plan = plan.clone();
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= first + count || stop.load(Relaxed) {
                        return;
                    }
                    let outcome = run(seed, &plan);
                    if enough(&outcome) {
                        stop.store(true, Relaxed);
                    }
                    let mut batch = batch.lock().expect("a thread that panicked fails the test anyway");
                    batch.take(outcome);
                }
            });
        }
    });
    let mut batch = batch.into_inner().expect("no thread is left");
    batch.failed.sort_by_key(|outcome| outcome.seed);
    batch
}

impl Batch {
    fn take(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.virtual_time += outcome.virtual_time;
        self.report.add(&outcome.report);
        if !outcome.violations.is_empty() {
            self.failed.push(outcome);
        }
    }

    /// The failures, each with how to repeat it.
    pub fn complaint(&self) -> Option<String> {
        let mut words = String::new();
        for Outcome { seed, violations, .. } in self.failed.iter().take(5) {
            words += &format!("\nseed {seed} broke {} times:\n", violations.len());
            violations.iter().take(8).for_each(|violation| words += &format!("  {violation}\n"));
            words += &format!(
                "  repeat: FUSION_SEED={seed} cargo test -p tests-harness --test faults one_seed -- --nocapture\n"
            );
        }
        (!words.is_empty()).then(|| format!("{} of {} seeds failed{words}", self.failed.len(), self.seeds))
    }
}
