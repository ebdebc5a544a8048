//! From ticket to session, the refusals told apart, and the ends of a session.

use actors_protocol::SessionId;
use actors_protocol::factory::Farewell;

use super::*;

#[test]
fn a_ticket_opens_a_session_in_its_slot() {
    let mut shell = Shell::free(2);
    let (ticket, slot) = shell.ticket(1);
    let admission = opened(shell.redeem(ticket, 1));
    assert_eq!(admission.slot, SlotId(slot));
    assert_eq!(admission.service, service(PLAY));
    assert_eq!(admission.resume_window, Millis(6_000));
    assert_eq!(shell.counts(), [0, 1, 0, 1, 0]);
    assert_eq!(shell.factory.poll_timeout(), None, "the lease does not lapse any more");
    assert_eq!(shell.factory.session_in(SlotId(slot)), Some(admission.session));
    assert_eq!(shell.factory.session_in(SlotId(2)), None);
}

#[test]
fn a_ticket_that_was_never_given_out_is_forged() {
    let mut shell = Shell::free(1);
    assert_eq!(shell.redeem(Ticket(5), 1), Redeemed::Refused(Refusal::Forged));
    assert_eq!(shell.redeem(Ticket(0), 1), Redeemed::Refused(Refusal::Forged));
}

#[test]
fn a_ticket_whose_lease_has_lapsed_is_expired() {
    let mut shell = Shell::free(1);
    let (ticket, _) = shell.ticket(1);
    shell.wait(5_000);
    assert_eq!(shell.redeem(ticket, 1), Redeemed::Refused(Refusal::Expired));
}

#[test]
fn a_ticket_that_was_redeemed_is_reused_while_its_session_runs_and_after() {
    let mut shell = Shell::free(2);
    let (ticket, _) = shell.ticket(1);
    let admission = opened(shell.redeem(ticket, 1));
    shell.wait(REMEMBERED_FOR.0 * 2);
    assert_eq!(shell.redeem(ticket, 1), Redeemed::Refused(Refusal::Reused), "however long the session runs");
    shell.says_goodbye(&admission);
    assert_eq!(shell.redeem(ticket, 1), Redeemed::Refused(Refusal::Reused));
    assert_eq!(shell.counts(), [0, 1, 0, 0, 1]);
}

#[test]
fn what_is_forgotten_is_answered_like_a_forgery_and_opens_nothing() {
    let mut shell = Shell::free(1);
    let (ticket, _) = shell.ticket(1);
    let admission = opened(shell.redeem(ticket, 1));
    shell.says_goodbye(&admission);
    shell.wait(REMEMBERED_FOR.0);
    assert_eq!(shell.redeem(ticket, 1), Redeemed::Refused(Refusal::Forged));
    assert_eq!(shell.resume(&admission, 1), Redeemed::Refused(Refusal::Forged));
    assert_eq!(shell.counts(), [0, 0, 0, 0, 1]);
}

#[test]
fn a_ticket_in_the_hands_of_another_viewer_is_refused_and_stays_good() {
    let mut shell = Shell::free(1);
    let (ticket, _) = shell.ticket(1);
    assert_eq!(shell.redeem(ticket, 2), Redeemed::Refused(Refusal::WrongKey));
    let unproved = shell.factory.redeem(shell.now, ticket, &viewer(1), false, 77);
    assert_eq!(unproved, Ok(Redeemed::Refused(Refusal::WrongKey)));
    opened(shell.redeem(ticket, 1));
}

#[test]
fn a_ticket_that_a_drain_took_back_says_so() {
    let mut shell = Shell::free(1);
    let (ticket, _) = shell.ticket(1);
    shell.factory.drain(shell.now, Millis(1_000));
    shell.pump();
    assert_eq!(shell.redeem(ticket, 1), Redeemed::Refused(Refusal::Draining));
}

#[test]
fn zero_and_numbers_given_out_before_are_not_made_resume_tokens() {
    let mut shell = Shell::free(3);
    let running = shell.session(1);
    let over = shell.session(2);
    shell.says_goodbye(&over);
    let (ticket, _) = shell.ticket(3);
    for number in [0, running.resume.0, over.resume.0] {
        let answer = shell.factory.redeem(shell.now, ticket, &viewer(3), true, number);
        assert_eq!(answer, Err(BadRandomness), "{number}");
    }
    opened(shell.redeem(ticket, 3));
}

#[test]
fn a_goodbye_ends_session_and_slot_at_once() {
    let mut shell = Shell::free(1);
    let admission = shell.session(1);
    shell.wait(700);
    shell.effects.clear();
    let answer = shell.factory.goodbye(shell.now, admission.session, admission.attachment);
    shell.pump();
    assert_eq!(answer, Farewell::Ended);
    let over = Effect::Over {
        session: admission.session,
        slot: admission.slot,
        attachment: Some(admission.attachment),
        held: Millis(700),
        why: Why::Goodbye,
    };
    assert_eq!(shell.effects(), [over, Effect::End { slot: admission.slot, why: Why::Goodbye }, Effect::Changed]);
    shell.stop_those_told();
    assert_eq!(shell.effects(), [Effect::Warm { slot: SlotId(2) }, Effect::Changed]);
}

#[test]
fn only_the_connection_that_holds_a_session_may_end_it() {
    let mut shell = Shell::free(2);
    let first = shell.session(1);
    let resumed = opened(shell.resume(&first, 1));
    assert_eq!(shell.factory.goodbye(shell.now, first.session, first.attachment), Farewell::NotYours);
    let unknown = SessionId(99);
    assert_eq!(shell.factory.goodbye(shell.now, unknown, first.attachment), Farewell::NotYours);
    assert_eq!(shell.factory.goodbye(shell.now, resumed.session, resumed.attachment), Farewell::Ended);
    assert_eq!(shell.factory.goodbye(shell.now, resumed.session, resumed.attachment), Farewell::NotYours);
    shell.pump();
}

#[test]
fn a_session_that_its_own_actor_ends_is_over_and_the_actor_is_stopped() {
    let mut shell = Shell::free(1);
    let admission = shell.session(1);
    shell.effects.clear();
    shell.factory.session_ended(shell.now, admission.session);
    shell.pump();
    assert!(shell.effects().contains(&Effect::End { slot: admission.slot, why: Why::Finished }));
    assert_eq!(shell.counts(), [0, 0, 0, 0, 1]);
    shell.factory.session_ended(shell.now, admission.session);
    shell.pump();
    assert_eq!(shell.effects(), [], "it ends once");
}

#[test]
fn sessions_have_numbers_of_their_own() {
    let mut shell = Shell::free(2);
    let first = shell.session(1);
    shell.says_goodbye(&first);
    let second = shell.session(2);
    assert_ne!(first.session, second.session);
}
