//! Another number of slots for a running instance, and a pool that is withdrawn.

use actors_protocol::factory::SizeState;

use super::*;

fn resize(shell: &mut Shell, slots: u32, within: Option<u64>) -> SizeState {
    let state = shell.factory.resize(shell.now, slots, within.map(Millis)).expect("nothing is against it");
    shell.pump();
    state
}

fn withdraw(shell: &mut Shell, why: &str) {
    shell.factory.withdraw(shell.now, why.to_owned());
    shell.pump();
}

fn restore(shell: &mut Shell) {
    shell.factory.restore(shell.now);
    shell.pump();
}

/// So many sessions, one after the other.
fn sessions(shell: &mut Shell, number: u8) -> Vec<Admission> {
    (1..=number)
        .map(|viewer| {
            let admission = shell.session(viewer);
            shell.wait(10);
            admission
        })
        .collect()
}

fn plays(shell: &Shell, admission: &Admission) -> bool {
    shell.factory.session_in(admission.slot) == Some(admission.session)
}

#[test]
fn growing_warms_what_is_missing_at_once() {
    let mut shell = Shell::free(4);
    let state = resize(&mut shell, 6, None);
    assert_eq!((state.from, state.to, state.ended, state.surplus), (4, 6, 0, 0));
    assert_eq!(shell.effects(), [Effect::Warm { slot: SlotId(5) }, Effect::Warm { slot: SlotId(6) }, Effect::Changed]);
    shell.all_ready();
    assert_eq!(shell.counts(), [0, 6, 0, 0, 0]);
}

#[test]
fn shrinking_ends_warming_slots_first_then_the_free_ones_that_were_ready_last() {
    let mut shell = Shell::free(4);
    resize(&mut shell, 5, None);
    shell.effects.clear();
    let state = resize(&mut shell, 2, None);
    assert_eq!((state.from, state.to, state.ended, state.surplus), (5, 2, 3, 0));
    assert_eq!(shell.to_stop, [SlotId(5), SlotId(4), SlotId(3)]);
    assert_eq!(shell.counts(), [0, 2, 0, 0, 3], "what ends is counted until it is gone");
    shell.stop_those_told();
    assert_eq!(shell.counts(), [0, 2, 0, 0, 0], "no successors");
}

#[test]
fn sessions_beyond_the_number_play_on_and_whoever_leaves_first_makes_room() {
    let mut shell = Shell::free(4);
    let all = sessions(&mut shell, 4);
    let state = resize(&mut shell, 2, None);
    assert_eq!((state.ended, state.surplus), (0, 2));
    assert_eq!(shell.factory.poll_timeout(), None, "nobody is sent away");
    shell.wait(3_600_000);
    assert_eq!(shell.counts(), [0, 0, 0, 4, 0]);
    for (leaves, left) in [(0, 3), (3, 2)] {
        shell.says_goodbye(&all[leaves]);
        shell.stop_those_told();
        assert_eq!(shell.counts(), [0, 0, 0, left, 0], "not replaced");
    }
    shell.says_goodbye(&all[1]);
    shell.stop_those_told();
    assert_eq!(shell.counts(), [1, 0, 0, 1, 0], "from now on slots are replaced again");
    assert!(plays(&shell, &all[2]));
}

#[test]
fn a_lease_beyond_the_number_may_be_used_and_if_it_is_not_its_slot_ends() {
    let mut shell = Shell::free(2);
    let (kept, _) = shell.ticket(1);
    shell.ticket(2);
    let state = resize(&mut shell, 0, None);
    assert_eq!((state.ended, state.surplus), (0, 2));
    let admission = opened(shell.redeem(kept, 1));
    shell.wait(5_000);
    assert_eq!(shell.counts(), [0, 0, 0, 1, 1], "the lease that lapsed has left no free slot behind");
    assert!(plays(&shell, &admission));
}

#[test]
fn at_the_deadline_leases_go_first_then_the_lost_then_the_youngest() {
    let mut shell = Shell::free(5);
    let all = sessions(&mut shell, 4);
    shell.loses_connection(&all[1]);
    let (ticket, _) = shell.ticket(9);
    for (slots, still) in
        [(4, [true, true, true, true]), (3, [true, false, true, true]), (2, [true, false, true, false])]
    {
        resize(&mut shell, slots, Some(100));
        shell.wait(99);
        assert_eq!(shell.factory.size_state().surplus, 1);
        shell.effects.clear();
        shell.wait(1);
        assert_eq!(shell.factory.size_state().surplus, 0);
        assert_eq!([0, 1, 2, 3].map(|index| plays(&shell, &all[index])), still, "at {slots}");
        shell.stop_those_told();
        assert_eq!(shell.factory.counts().capacity(), slots, "and none is replaced");
    }
    assert_eq!(shell.redeem(ticket, 9), Redeemed::Refused(Refusal::Draining));
    assert_eq!(shell.resume(&all[3], 4), Redeemed::Refused(Refusal::Draining));
}

#[test]
fn without_patience_the_surplus_ends_at_once() {
    let mut shell = Shell::free(3);
    sessions(&mut shell, 2);
    let state = resize(&mut shell, 1, Some(0));
    assert_eq!((state.ended, state.surplus), (2, 0));
    assert_eq!(shell.counts(), [0, 0, 0, 1, 2]);
    shell.stop_those_told();
    assert_eq!(shell.counts(), [0, 0, 0, 1, 0]);
}

#[test]
fn growing_again_takes_the_surplus_back_and_waits_for_what_was_told_to_end() {
    let mut shell = Shell::free(4);
    let all = sessions(&mut shell, 2);
    resize(&mut shell, 1, Some(10_000));
    assert_eq!(shell.counts(), [0, 0, 0, 2, 2]);
    let state = resize(&mut shell, 4, None);
    assert_eq!((state.from, state.surplus), (1, 0));
    assert_eq!(shell.counts(), [0, 0, 0, 2, 2], "each has its place until it is gone");
    shell.stop_those_told();
    assert_eq!(shell.counts(), [2, 0, 0, 2, 0]);
    shell.wait(20_000);
    assert!(all.iter().all(|admission| plays(&shell, admission)), "the deadline went with the surplus");
}

#[test]
fn successors_that_wait_after_failures_are_given_up_first() {
    let mut shell = Shell::free(3);
    shell.dies(3, Ending::Killed);
    shell.effects.clear();
    resize(&mut shell, 2, None);
    assert_eq!((shell.effects(), shell.counts()), (vec![], [0, 2, 0, 0, 0]));
    shell.wait(10_000);
    assert_eq!(shell.counts(), [0, 2, 0, 0, 0]);
}

#[test]
fn a_resize_has_bounds_and_does_not_stop_a_drain() {
    let mut shell = Shell::free(1);
    let mut refused = |slots, within| {
        let refused = shell.factory.resize(shell.now, slots, within).expect_err("refused").to_string();
        shell.pump();
        refused
    };
    assert!(refused(SLOTS_MAX + 1, None).contains("16384"));
    assert!(refused(0, Some(RESIZE_DEADLINE_MAX + Millis(1))).contains("24 h"));
    shell.factory.drain(shell.now, Millis(1_000));
    let refused = shell.factory.resize(shell.now, 2, None).expect_err("refused").to_string();
    shell.pump();
    assert!(refused.contains("--cancel"), "{refused}");
    assert_eq!(shell.factory.state(shell.now).slots_wanted, 1);
}

#[test]
fn a_drain_taken_back_after_a_resize_warms_the_new_number() {
    let mut shell = Shell::free(2);
    resize(&mut shell, 3, None);
    shell.factory.drain(shell.now, Millis::ZERO);
    shell.pump();
    shell.stop_those_told();
    shell.factory.cancel_drain(shell.now);
    shell.pump();
    assert_eq!(shell.counts(), [3, 0, 0, 0, 0]);
}

#[test]
fn a_withdrawn_pool_offers_nothing_and_lets_everybody_play_on() {
    let mut shell = Shell::free(4);
    let admission = shell.session(1);
    let (ticket, _) = shell.ticket(2);
    withdraw(&mut shell, "8 % of the pictures are late");
    assert_eq!(shell.counts(), [0, 0, 1, 1, 2]);
    assert_eq!(shell.reserve(&request(3)), Reserved::Full(shell.factory.counts()));
    shell.stop_those_told();
    let second = opened(shell.redeem(ticket, 2));
    assert_eq!(shell.counts(), [0, 0, 0, 2, 0], "no successors");
    shell.says_goodbye(&second);
    shell.stop_those_told();
    shell.wait(3_600_000);
    assert_eq!(shell.counts(), [0, 0, 0, 1, 0]);
    assert!(plays(&shell, &admission));
    restore(&mut shell);
    assert_eq!(shell.counts(), [3, 0, 0, 1, 0]);
}

#[test]
fn the_reason_of_a_withdrawal_is_reported_until_it_is_over() {
    let mut shell = Shell::free(2);
    let note = |shell: &mut Shell| (shell.factory.report(shell.now).note, shell.factory.state(shell.now).withdrawn);
    assert_eq!(note(&mut shell), (None, None));
    withdraw(&mut shell, "late");
    shell.stop_those_told();
    shell.effects.clear();
    withdraw(&mut shell, "late");
    assert_eq!(shell.effects(), [], "the same again is no news");
    withdraw(&mut shell, &"ä".repeat(NOTE_MAX + 1));
    assert_eq!(shell.effects(), [Effect::Changed], "another reason is");
    let kept = Some("ä".repeat(NOTE_MAX));
    assert_eq!(note(&mut shell), (kept.clone(), kept));
    restore(&mut shell);
    assert_eq!(note(&mut shell), (None, None));
    assert_eq!(shell.factory.tally().withdrawn, 1);
}

#[test]
fn a_resize_of_a_withdrawn_pool_holds_when_it_is_restored() {
    let mut shell = Shell::free(2);
    withdraw(&mut shell, "late");
    let state = resize(&mut shell, 3, None);
    assert_eq!((state.to, state.note.as_deref()), (3, Some("late")));
    shell.stop_those_told();
    assert_eq!(shell.counts(), [0; 5]);
    restore(&mut shell);
    assert_eq!(shell.counts(), [3, 0, 0, 0, 0]);
}

#[test]
fn the_view_shows_the_surplus_and_what_is_left_to_it() {
    let mut shell = Shell::free(2);
    sessions(&mut shell, 2);
    resize(&mut shell, 1, Some(1_000));
    let view = shell.factory.state(shell.now + Millis(400));
    assert_eq!((view.slots_wanted, view.surplus, view.surplus_left), (1, 1, Some(Millis(600))));
}
