//! Draining, its deadline, and taking it back.

use actors_protocol::factory::DrainState;

use super::*;

/// One slot of each: active, reserved, free, warming.
fn one_of_each() -> (Shell, Admission, Ticket) {
    let mut shell = Shell::free(4);
    let admission = shell.session(1);
    let (ticket, _) = shell.ticket(2);
    shell.wait(500);
    shell.dies(4, Ending::Killed);
    shell.wait(500);
    assert_eq!(shell.counts(), [1, 1, 1, 1, 0]);
    shell.effects.clear();
    (shell, admission, ticket)
}

fn drain(shell: &mut Shell, within: u64) {
    shell.factory.drain(shell.now, Millis(within));
    shell.pump();
}

#[test]
fn a_drain_ends_what_is_idle_and_lets_sessions_run() {
    let (mut shell, admission, _) = one_of_each();
    drain(&mut shell, 10_000);
    assert_eq!(shell.counts(), [0, 0, 0, 1, 3]);
    let ended = shell.to_stop.clone();
    assert_eq!(ended, [SlotId(5), SlotId(2), SlotId(3)], "warming first, then free, what was reserved among them");
    assert_eq!(shell.factory.drain_state(), DrainState { draining: true, sessions: 1, counts: shell.factory.counts() });
    shell.stop_those_told();
    assert_eq!(shell.counts(), [0, 0, 0, 1, 0], "no successors");
    shell.wait(9_999);
    assert_eq!(shell.factory.session_in(admission.slot), Some(admission.session));
}

#[test]
fn at_the_deadline_the_sessions_end_and_when_the_last_slot_is_gone_the_drain_is_done() {
    let (mut shell, admission, _) = one_of_each();
    drain(&mut shell, 10_000);
    shell.stop_those_told();
    shell.effects.clear();
    shell.wait(10_000);
    let over = Effect::Over {
        session: admission.session,
        slot: admission.slot,
        attachment: Some(admission.attachment),
        held: Millis(11_000),
        why: Why::Drained,
    };
    assert_eq!(shell.effects(), [over, Effect::End { slot: admission.slot, why: Why::Drained }, Effect::Changed]);
    shell.stop_those_told();
    assert_eq!(shell.effects(), [Effect::Drained, Effect::Changed]);
    assert_eq!(shell.counts(), [0; 5]);
    assert_eq!(shell.factory.poll_timeout(), None);
}

#[test]
fn a_drain_without_patience_ends_everything_now() {
    let (mut shell, _, _) = one_of_each();
    drain(&mut shell, 0);
    assert_eq!(shell.counts(), [0, 0, 0, 0, 4]);
}

#[test]
fn a_drain_ends_early_when_the_viewers_leave() {
    let mut shell = Shell::free(1);
    let admission = shell.session(1);
    drain(&mut shell, 10_000);
    shell.says_goodbye(&admission);
    assert_eq!(shell.factory.poll_timeout(), None, "no session is left to be ended by the deadline");
    shell.stop_those_told();
    assert!(shell.effects().contains(&Effect::Drained));
}

#[test]
fn a_draining_instance_refuses_reservations_and_takes_leases_back() {
    let (mut shell, _, ticket) = one_of_each();
    drain(&mut shell, 10_000);
    assert_eq!(shell.reserve(&request(3)), Reserved::Draining);
    assert_eq!(shell.reserve(&request(2)), Reserved::Draining, "also to the repeat of a request whose lease is gone");
    assert_eq!(shell.redeem(ticket, 2), Redeemed::Refused(Refusal::Draining));
    assert_eq!(shell.factory.release(shell.now, RequestId(2)), Released::NoLease);
}

#[test]
fn a_warming_slot_that_gets_ready_in_a_drain_is_not_free() {
    let mut shell = Shell::warming(1);
    drain(&mut shell, 1_000);
    shell.all_ready();
    assert_eq!(shell.counts(), [0, 0, 0, 0, 1]);
}

#[test]
fn a_second_drain_moves_the_deadline() {
    for (second, left) in [(1_000, 1_000), (20_000, 20_000)] {
        let mut shell = Shell::free(1);
        shell.session(1);
        drain(&mut shell, 10_000);
        drain(&mut shell, second);
        assert_eq!(shell.factory.poll_timeout(), Some(shell.now + Millis(left)));
    }
}

#[test]
fn a_drain_of_nothing_is_done_at_once_and_says_so_each_time() {
    let mut shell = Shell::warming(0);
    for _ in 0..2 {
        shell.effects.clear();
        drain(&mut shell, 1_000);
        assert_eq!(shell.effects(), [Effect::Drained]);
    }
}

#[test]
fn a_drain_taken_back_warms_what_is_missing() {
    let (mut shell, admission, _) = one_of_each();
    drain(&mut shell, 10_000);
    shell.dies(2, Ending::Stopped);
    shell.to_stop.retain(|slot| *slot != SlotId(2));
    shell.effects.clear();
    shell.factory.cancel_drain(shell.now);
    shell.pump();
    assert_eq!(shell.effects(), [Effect::Warm { slot: SlotId(6) }, Effect::Changed]);
    assert_eq!(shell.counts(), [1, 0, 0, 1, 2], "those that were told to end still do");
    shell.stop_those_told();
    assert_eq!(shell.counts(), [3, 0, 0, 1, 0]);
    shell.wait(60_000);
    assert_eq!(shell.factory.session_in(admission.slot), Some(admission.session), "the deadline holds no more");
    shell.all_ready();
    assert!(matches!(shell.reserve(&request(3)), Reserved::Granted { .. }));
}

#[test]
fn taking_back_a_drain_that_is_not_there_does_nothing() {
    let mut shell = Shell::free(1);
    shell.factory.cancel_drain(shell.now);
    shell.pump();
    assert_eq!(shell.effects(), []);
}

#[test]
fn a_drain_forgets_successors_that_wait_and_its_end_brings_them_back() {
    let mut shell = Shell::warming(1);
    shell.dies(1, Ending::Killed);
    drain(&mut shell, 1_000);
    assert_eq!(shell.factory.poll_timeout(), None);
    shell.factory.cancel_drain(shell.now);
    shell.pump();
    assert_eq!(shell.counts(), [1, 0, 0, 0, 0]);
}
