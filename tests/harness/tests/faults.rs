//! The fault scenario, seed by seed: no broken invariant, every fault struck, every premise held.

use tests_harness::batch::{self, Batch, number};
use tests_harness::scenario::{Plan, run};

/// Seeds in `make test`.
const SEEDS: u64 = 200;

#[test]
fn faults_break_no_invariant() {
    if number("FUSION_SEED").is_some() {
        return;
    }
    let first = number("FUSION_FIRST_SEED").unwrap_or(1);
    let count = number("FUSION_SEEDS").unwrap_or(SEEDS);
    judge(&batch::seeds(first, count, &Plan::default(), |_| false));
}

#[test]
#[ignore = "the soak: FUSION_SEEDS=10000 make soak"]
fn soak() {
    const STEP: u64 = 500;
    let first = number("FUSION_FIRST_SEED").unwrap_or(1);
    let count = number("FUSION_SEEDS").unwrap_or(10_000);
    let mut all = Batch::default();
    while all.seeds < count {
        let step = STEP.min(count - all.seeds);
        all.add(batch::seeds(first + all.seeds, step, &Plan::default(), |_| false));
        println!("soak: {} of {count} seeds, {} failed", all.seeds, all.failed.len());
    }
    judge(&all);
}

/// Repeats one seed, as a failure says.
#[test]
fn one_seed() {
    let Some(seed) = number("FUSION_SEED") else { return };
    let outcome = run(seed, &Plan { aloud: true, ..Plan::default() });
    println!("seed {seed}, {:?} of virtual time\n{}", outcome.virtual_time, outcome.report);
    assert!(outcome.violations.is_empty(), "seed {seed} broke {} times", outcome.violations.len());
}

fn judge(batch: &Batch) {
    println!("{} seeds, {:?} of virtual time\n{}", batch.seeds, batch.virtual_time, batch.report);
    if let Some(words) = batch.complaint() {
        panic!("{words}");
    }
    let zeros = batch.report.zeros();
    assert!(zeros.is_empty() || batch.seeds < SEEDS, "never struck, or never looked at: {zeros:?}");
}
