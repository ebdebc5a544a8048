//! Each invariant is really checked: a core with one wrong decision is caught by that decision's own invariant, from outside,
//! without the core's word for it.

use actors_control::Flaw;
use actors_kernel::Access;
use media_share::renditions::Flaw as StudioFlaw;
use tests_harness::batch;
use tests_harness::domain::Making;
use tests_harness::report::Invariant;
use tests_harness::scenario::{Outcome, Plan};

/// A flaw must show within so many seeds.
const SEEDS_MAX: u64 = 200;

fn caught(what: &str, making: Making, invariant: Invariant) {
    let guide = making.studio != StudioFlaw::None;
    let plan = Plan { making, inside: false, guide, ..Plan::default() };
    let broken = |outcome: &Outcome| outcome.violations.iter().any(|violation| violation.invariant == invariant);
    let batch = batch::seeds(1, SEEDS_MAX, &plan, broken);
    let first = batch.failed.iter().find(|outcome| broken(outcome));
    let Some(outcome) = first else {
        panic!("{what} was not caught by {invariant} within {} seeds:\n{}", batch.seeds, batch.report);
    };
    let violation = outcome.violations.iter().find(|violation| violation.invariant == invariant);
    println!(
        "{what}: caught with seed {}, after {} seeds: {}",
        outcome.seed,
        batch.seeds,
        violation.expect("found above")
    );
}

fn flaw(flaw: Flaw, invariant: Invariant) {
    caught(&format!("{flaw:?}"), Making { flaw, ..Making::default() }, invariant);
}

#[test]
fn i1_a_slot_that_is_leased_twice() {
    flaw(Flaw::LeaseTwice, Invariant::I1);
}

#[test]
fn i2_a_ticket_that_is_redeemed_twice() {
    flaw(Flaw::RedeemTwice, Invariant::I2);
}

#[test]
fn i3_counts_that_drift() {
    flaw(Flaw::CountsDrift, Invariant::I3);
}

#[test]
fn i4_a_resolver_that_refuses_too_early() {
    flaw(Flaw::RefusesTooEarly, Invariant::I4);
}

#[test]
fn i5_a_lapse_that_is_forgotten() {
    flaw(Flaw::LapseForgotten, Invariant::I5);
}

#[test]
fn i6_a_gateway_that_believes_an_older_life() {
    flaw(Flaw::OlderIncarnation, Invariant::I6);
}

#[test]
fn i7_a_resolver_that_is_deaf() {
    flaw(Flaw::DeafToReports, Invariant::I7);
}

#[test]
fn i8_a_slot_that_is_not_stopped() {
    flaw(Flaw::SlotNotStopped, Invariant::I8);
}

#[test]
fn i8_a_slot_that_a_shrink_forgets() {
    flaw(Flaw::ShrinkForgets, Invariant::I8);
}

#[test]
fn i9_a_gate_that_lets_everybody_through() {
    let access = Access { permits: |_, _| true, ..Access::default() };
    caught("a gate without a table", Making { access, ..Making::default() }, Invariant::I9);
}

fn studio(studio: StudioFlaw, invariant: Invariant) {
    caught(&format!("{studio:?}"), Making { studio, ..Making::default() }, invariant);
}

#[test]
fn i10_a_session_that_moves_without_a_key_picture() {
    studio(StudioFlaw::MovesWithoutKey, Invariant::I10);
}

#[test]
fn i11_equal_sessions_that_stay_apart() {
    studio(StudioFlaw::StaysApart, Invariant::I11);
}

#[test]
fn i11_a_rendition_that_lingers_for_ever() {
    studio(StudioFlaw::LingersForEver, Invariant::I11);
}

#[test]
fn i12_a_picture_that_claims_too_much() {
    studio(StudioFlaw::ClaimsTooMuch, Invariant::I12);
}

#[test]
fn i12_a_page_that_is_not_drawn() {
    studio(StudioFlaw::BusyAndDeaf, Invariant::I12);
}

#[test]
fn every_flaw_has_its_test() {
    assert_eq!(Flaw::ALL.len(), 11, "a new flaw needs a test of its own here, or, of deployments, in deployments.rs");
    assert_eq!(StudioFlaw::ALL.len(), 5, "a new flaw needs a test of its own here");
}
