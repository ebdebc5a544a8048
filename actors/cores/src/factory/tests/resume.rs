//! Viewers that lose their connection, and come back or do not.

use actors_protocol::ResumeToken;
use actors_protocol::factory::Farewell;

use super::*;

#[test]
fn a_lost_viewer_keeps_its_slot_for_six_seconds() {
    let mut shell = Shell::free(1);
    let admission = shell.session(1);
    shell.effects.clear();
    shell.loses_connection(&admission);
    assert_eq!(shell.effects(), [Effect::Detach { session: admission.session, slot: admission.slot }]);
    assert_eq!(shell.counts(), [0, 0, 0, 1, 0]);
    shell.wait(5_999);
    assert_eq!(shell.counts(), [0, 0, 0, 1, 0]);
    shell.wait(1);
    assert_eq!(shell.counts(), [0, 0, 0, 0, 1]);
    let over = Effect::Over {
        session: admission.session,
        slot: admission.slot,
        attachment: None,
        held: Millis(6_000),
        why: Why::Lost,
    };
    assert_eq!(shell.effects(), [over, Effect::End { slot: admission.slot, why: Why::Lost }, Effect::Changed]);
    assert_eq!(shell.resume(&admission, 1), Redeemed::Refused(Refusal::Expired));
}

#[test]
fn a_lost_viewer_that_comes_back_has_the_same_session_over_another_connection() {
    let mut shell = Shell::free(1);
    let admission = shell.session(1);
    shell.loses_connection(&admission);
    shell.wait(3_000);
    shell.effects.clear();
    let resumed = opened(shell.resume(&admission, 1));
    assert_eq!(resumed, Admission { attachment: Attachment(2), ..admission.clone() });
    assert_eq!(shell.effects(), [], "there is no old connection to close, and no count has changed");
    shell.wait(60_000);
    assert_eq!(shell.counts(), [0, 0, 0, 1, 0], "the window is closed again");
}

#[test]
fn a_resume_replaces_a_connection_that_is_still_up() {
    let mut shell = Shell::free(1);
    let admission = shell.session(1);
    shell.effects.clear();
    let resumed = opened(shell.resume(&admission, 1));
    let replace =
        Effect::Replace { session: admission.session, slot: admission.slot, attachment: admission.attachment };
    assert_eq!(shell.effects(), [replace]);
    shell.loses_connection(&admission);
    assert_eq!(shell.effects(), [], "the loss of a connection that was replaced means nothing");
    shell.wait(10_000);
    assert_eq!(shell.counts(), [0, 0, 0, 1, 0]);
    shell.loses_connection(&resumed);
    shell.wait(6_000);
    assert_eq!(shell.counts(), [0, 0, 0, 0, 1]);
}

#[test]
fn each_loss_opens_a_window_of_its_own() {
    let mut shell = Shell::free(1);
    let first = shell.session(1);
    shell.loses_connection(&first);
    shell.wait(5_000);
    let second = opened(shell.resume(&first, 1));
    shell.loses_connection(&second);
    shell.loses_connection(&second);
    shell.wait(5_999);
    assert_eq!(shell.counts(), [0, 0, 0, 1, 0]);
    shell.wait(1);
    assert_eq!(shell.counts(), [0, 0, 0, 0, 1]);
}

#[test]
fn a_token_in_the_hands_of_another_viewer_is_refused_and_takes_nothing_over() {
    let mut shell = Shell::free(1);
    let admission = shell.session(1);
    shell.effects.clear();
    assert_eq!(shell.resume(&admission, 2), Redeemed::Refused(Refusal::WrongKey));
    let unproved = shell.factory.resume(shell.now, admission.resume, &viewer(1), false);
    assert_eq!(unproved, Redeemed::Refused(Refusal::WrongKey));
    shell.pump();
    assert_eq!(shell.effects(), []);
    assert_eq!(shell.factory.goodbye(shell.now, admission.session, admission.attachment), Farewell::Ended);
}

#[test]
fn a_token_that_was_never_given_out_is_forged() {
    let mut shell = Shell::free(1);
    let admission = Admission { resume: ResumeToken(3), ..shell.session(1) };
    assert_eq!(shell.resume(&admission, 1), Redeemed::Refused(Refusal::Forged));
}

#[test]
fn a_ticket_is_no_resume_token() {
    let mut shell = Shell::free(1);
    let (ticket, _) = shell.ticket(1);
    let answer = shell.factory.resume(shell.now, ResumeToken(ticket.0), &viewer(1), true);
    assert_eq!(answer, Redeemed::Refused(Refusal::Forged));
}

#[test]
fn a_goodbye_counts_even_if_its_connection_was_lost_before_it_was_read() {
    let mut shell = Shell::free(1);
    let admission = shell.session(1);
    shell.loses_connection(&admission);
    shell.says_goodbye(&admission);
    assert_eq!(shell.counts(), [0, 0, 0, 0, 1]);
    assert_eq!(shell.factory.poll_timeout(), None);
}

#[test]
fn after_a_goodbye_nobody_comes_back() {
    let mut shell = Shell::free(1);
    let admission = shell.session(1);
    shell.says_goodbye(&admission);
    assert_eq!(shell.resume(&admission, 1), Redeemed::Refused(Refusal::Expired));
}

#[test]
fn a_lost_session_in_a_drain_may_be_resumed_until_the_deadline() {
    let mut shell = Shell::free(1);
    let admission = shell.session(1);
    shell.loses_connection(&admission);
    shell.factory.drain(shell.now, Millis(4_000));
    shell.pump();
    shell.wait(2_000);
    let resumed = opened(shell.resume(&admission, 1));
    shell.wait(2_000);
    assert_eq!(shell.resume(&resumed, 1), Redeemed::Refused(Refusal::Draining));
}
