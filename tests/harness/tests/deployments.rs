//! Deployments with kills of orchestrator, zone and host at any step: all or nothing, and nothing that was committed ends by
//! itself. And that a wrong decision is caught.

use actors_control::Flaw;
use tests_harness::batch::number;
use tests_harness::deploying::run;
use tests_harness::domain::Making;
use tests_harness::report::{Fault, Invariant, Report};

/// Seeds of one test; `FUSION_SEEDS` has more.
const SEEDS: u64 = 40;

#[test]
fn deployments_are_there_as_a_whole_or_not_at_all() {
    let one = number("FUSION_SEED");
    let (first, count) = (one.or(number("FUSION_FIRST_SEED")).unwrap_or(1), number("FUSION_SEEDS").unwrap_or(SEEDS));
    let count = if one.is_some() { 1 } else { count };
    let (mut all, mut failed) = (Report::default(), Vec::new());
    for seed in first..first + count {
        let (report, violations) = run(seed, Making::default());
        all.add(&report);
        failed.extend(violations.iter().map(|violation| format!("seed {seed}: {violation}")));
    }
    println!("{all}");
    assert!(failed.is_empty(), "FUSION_SEED=… repeats one:\n{}", failed.join("\n"));
    if one.is_some() {
        return;
    }
    for fault in [Fault::CrashOrchestrator, Fault::CrashZone, Fault::CrashHost, Fault::CutBoth] {
        assert!(all.faults.contains_key(&fault), "{fault} never struck");
    }
    for premise in [Invariant::I13, Invariant::I14] {
        assert!(all.premises.contains_key(&premise), "no premise of {premise}");
    }
    for event in ["deployment: stands", "deployment: came to nothing", "deployment: removed"] {
        assert!(all.events.contains_key(event), "{event}: never");
    }
}

fn caught(flaw: Flaw, invariant: Invariant) {
    let found = (1..=SEEDS).find_map(|seed| {
        let (_, violations) = run(seed, Making { flaw, ..Making::default() });
        violations.into_iter().find(|violation| violation.invariant == invariant).map(|violation| (seed, violation))
    });
    let (seed, violation) = found.unwrap_or_else(|| panic!("{flaw:?} was not caught by {invariant}"));
    println!("{flaw:?}: caught with seed {seed}: {violation}");
}

#[test]
fn i13_an_intention_that_is_taken_for_a_promise() {
    caught(Flaw::IntentionKept, Invariant::I13);
}

#[test]
fn i14_a_confirmation_that_is_forgotten() {
    caught(Flaw::ConfirmationForgotten, Invariant::I14);
}
