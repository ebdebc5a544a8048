//! Slots come, get ready, die and are followed.

use super::*;

#[test]
fn a_new_instance_warms_all_its_slots_and_then_says_that_it_changed() {
    let mut shell = Shell::warming(2);
    assert_eq!(shell.effects(), [Effect::Warm { slot: SlotId(1) }, Effect::Warm { slot: SlotId(2) }, Effect::Changed]);
    assert_eq!(shell.counts(), [2, 0, 0, 0, 0]);
    assert_eq!(shell.factory.poll_timeout(), None, "an idle factory wants no timer");
}

#[test]
fn a_warming_slot_that_is_ready_is_free() {
    let mut shell = Shell::warming(2);
    shell.effects.clear();
    shell.factory.slot_ready(shell.now, SlotId(2));
    shell.pump();
    assert_eq!(shell.counts(), [1, 1, 0, 0, 0]);
    assert_eq!(shell.effects(), [Effect::Changed]);
}

#[test]
fn only_a_warming_slot_gets_ready() {
    let mut shell = Shell::free(1);
    let (_, slot) = shell.ticket(1);
    shell.effects.clear();
    for slot in [slot, 99] {
        shell.factory.slot_ready(shell.now, SlotId(slot));
        shell.pump();
    }
    assert_eq!(shell.counts(), [0, 0, 1, 0, 0]);
    assert_eq!(shell.effects(), []);
}

#[test]
fn an_instance_of_no_slots_is_full() {
    let mut shell = Shell::warming(0);
    assert_eq!(shell.reserve(&request(1)), Reserved::Full(SlotCounts::default()));
}

#[test]
fn a_free_slot_that_dies_is_missed_for_a_moment_and_has_a_successor_with_a_new_number() {
    let mut shell = Shell::free(4);
    shell.wait(2_000);
    shell.dies(2, Ending::Killed);
    assert_eq!(shell.effects(), [Effect::Changed]);
    assert_eq!(shell.counts(), [0, 3, 0, 0, 0]);
    shell.wait(499);
    assert_eq!(shell.effects(), []);
    shell.wait(1);
    assert_eq!(shell.effects(), [Effect::Warm { slot: SlotId(5) }, Effect::Changed]);
    assert_eq!(shell.counts(), [1, 3, 0, 0, 0]);
    shell.all_ready();
    assert_eq!(shell.counts(), [0, 4, 0, 0, 0]);
}

#[test]
fn a_slot_that_dies_is_gone_only_once() {
    let mut shell = Shell::free(1);
    shell.wait(2_000);
    shell.dies(1, Ending::Killed);
    shell.factory.slot_ended(shell.now, SlotId(1), Ending::Killed);
    shell.wait(500);
    assert_eq!(shell.counts(), [1, 0, 0, 0, 0]);
}

#[test]
fn a_reserved_slot_that_dies_takes_its_lease_with_it() {
    let mut shell = Shell::free(1);
    let (ticket, slot) = shell.ticket(1);
    shell.wait(2_000);
    shell.dies(slot, Ending::Panicked);
    assert_eq!(shell.counts(), [0; 5]);
    assert_eq!(shell.redeem(ticket, 1), Redeemed::Refused(Refusal::Expired));
    shell.wait(10_000);
    assert_eq!(shell.counts(), [1, 0, 0, 0, 0], "no lease is left to lapse");
}

#[test]
fn an_active_slot_that_dies_takes_its_session_with_it() {
    let mut shell = Shell::free(1);
    let admission = shell.session(1);
    shell.wait(2_000);
    shell.effects.clear();
    shell.dies(admission.slot.0, Ending::Panicked);
    let over = Effect::Over {
        session: admission.session,
        slot: admission.slot,
        attachment: Some(admission.attachment),
        held: Millis(2_000),
        why: Why::Died,
    };
    assert_eq!(shell.effects(), [over, Effect::Changed]);
    assert_eq!(shell.resume(&admission, 1), Redeemed::Refused(Refusal::Expired));
}

#[test]
fn a_draining_slot_counts_until_its_actor_is_gone() {
    let mut shell = Shell::free(2);
    let admission = shell.session(1);
    shell.says_goodbye(&admission);
    assert_eq!(shell.counts(), [0, 1, 0, 0, 1]);
    shell.stop_those_told();
    assert_eq!(shell.counts(), [1, 1, 0, 0, 0]);
}

#[test]
fn slots_that_die_while_warming_are_followed_more_and_more_slowly() {
    let mut shell = Shell::warming(1);
    let mut delays = Vec::new();
    for slot in 1..=4 {
        shell.dies(slot, Ending::Killed);
        assert_eq!(shell.counts(), [0; 5], "no actor, no slot");
        let due = shell.factory.poll_timeout().expect("a successor is due");
        delays.push(due.since(shell.now).0);
        shell.wait(due.since(shell.now).0);
        assert_eq!(shell.counts(), [1, 0, 0, 0, 0]);
    }
    assert_eq!(delays, [500, 1_000, 1_000, 1_000]);
}

#[test]
fn a_slot_that_gets_ready_and_dies_at_once_has_failed_too() {
    let mut shell = Shell::warming(1);
    for (slot, delay) in [(1, 500), (2, 1_000), (3, 1_000)] {
        shell.all_ready();
        shell.dies(slot, Ending::Panicked);
        assert_eq!(shell.factory.poll_timeout(), Some(shell.now + Millis(delay)));
        shell.wait(delay);
    }
}

#[test]
fn after_a_slot_that_lived_or_was_told_to_stop_the_delays_begin_anew() {
    let mut shell = Shell::warming(1);
    shell.dies(1, Ending::Killed);
    shell.wait(500);
    shell.all_ready();
    let admission = shell.session(1);
    shell.says_goodbye(&admission);
    shell.stop_those_told();
    assert_eq!(shell.counts(), [1, 0, 0, 0, 0], "it was asked to end, so the successor is there at once");
    shell.dies(3, Ending::Killed);
    assert_eq!(shell.factory.poll_timeout(), Some(shell.now + Millis(500)));
}

#[test]
fn slots_fail_each_for_itself() {
    let mut shell = Shell::warming(2);
    shell.dies(1, Ending::Killed);
    shell.wait(20);
    shell.dies(2, Ending::Killed);
    assert_eq!(shell.factory.poll_timeout(), Some(Millis(500)));
    shell.wait(480);
    assert_eq!(shell.counts(), [1, 0, 0, 0, 0]);
    shell.wait(20);
    assert_eq!(shell.counts(), [2, 0, 0, 0, 0]);
}

#[test]
fn time_does_not_run_backwards() {
    let mut shell = Shell::free(1);
    shell.wait(1_000);
    shell.ticket(1);
    shell.factory.on_timeout(Millis(3));
    shell.pump();
    shell.factory.on_timeout(Millis(6_000));
    shell.pump();
    assert_eq!(shell.counts(), [0, 1, 0, 0, 0]);
}
