//! Many seeds: spread over threads, added up, and told how to repeat what failed.
//!
//! ```text
//!   FUSION_SEED=17     that seed alone, with every violation
//!   FUSION_SEEDS=10000 so many seeds, from FUSION_FIRST_SEED on (default 1)
//! ```

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::report::Report;
use crate::scenario::{Outcome, Plan, run};

/// Threads that run seeds: each has a runtime of its own.
const THREADS_MAX: usize = 2;
/// A run takes less than a second. One that does not end spins in one instant of its clock, and no deadline of its own can
/// end it.
const STUCK_AFTER: Duration = Duration::from_secs(300);

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

/// What a thread tells.
enum News {
    Begun(usize, u64),
    Done(usize, Box<Outcome>),
}

/// Runs `count` seeds from `first` on. Stops early when `enough` says so of a run.
pub fn seeds(first: u64, count: u64, plan: &Plan, enough: impl Fn(&Outcome) -> bool + Sync) -> Batch {
    let next = AtomicU64::new(first);
    let stop = AtomicBool::new(false);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let (tell, news) = sync_channel(2 * threads);
    let mut batch = Batch::default();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (tell, next, stop, enough) = (tell.clone(), &next, &stop, &enough);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= first + count || stop.load(Relaxed) {
                        return;
                    }
                    // Nobody listens only when the test has failed already.
                    let _ = tell.send(News::Begun(thread, seed));
                    let outcome = catch_unwind(AssertUnwindSafe(|| run(seed, plan))).unwrap_or_else(|panic| {
                        eprintln!("seed {seed} panicked; repeat it with FUSION_SEED={seed}");
                        resume_unwind(panic)
                    });
                    if enough(&outcome) {
                        stop.store(true, Relaxed);
                    }
                    let _ = tell.send(News::Done(thread, Box::new(outcome)));
                }
            });
        }
        drop(tell);
        let mut running = BTreeMap::new();
        loop {
            match news.recv_timeout(STUCK_AFTER) {
                Ok(News::Begun(thread, seed)) => drop(running.insert(thread, seed)),
                Ok(News::Done(thread, outcome)) => {
                    running.remove(&thread);
                    batch.take(*outcome);
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    // A thread that spins cannot be ended, so neither can the scope: there is only the hard way.
                    eprintln!("seeds {:?} do not end; repeat them one by one with FUSION_SEED", running.values());
                    std::process::abort();
                }
            }
        }
    });
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

    /// Adds another batch.
    pub fn add(&mut self, other: Batch) {
        self.seeds += other.seeds;
        self.virtual_time += other.virtual_time;
        self.report.add(&other.report);
        self.failed.extend(other.failed);
    }

    /// The failures, each with how to repeat it.
    pub fn complaint(&self) -> Option<String> {
        let mut words = String::new();
        for Outcome { seed, violations, .. } in self.failed.iter().take(30) {
            words += &format!("\nseed {seed} broke {} times:\n", violations.len());
            violations.iter().take(4).for_each(|violation| words += &format!("  {violation}\n"));
            words += &format!(
                "  repeat: FUSION_SEED={seed} cargo test -p tests-harness --test faults one_seed -- --nocapture\n"
            );
        }
        (!words.is_empty()).then(|| format!("{} of {} seeds failed{words}", self.failed.len(), self.seeds))
    }
}
