//! Reports, counts and the view: what is told is what is.

use actors_protocol::slot::ServiceUse;

use super::*;

#[test]
fn a_report_tells_counts_and_uses_in_order() {
    let mut shell = Shell::free_of(options(4, &[(PLAY, Some(3)), (GUIDE, None)]));
    shell.session(1);
    shell.ticket(2);
    let report = shell.factory.report(shell.now);
    assert_eq!((report.instance.as_str(), report.incarnation, report.seq), ("play-a", Incarnation(7), 1));
    assert_eq!(report.counts, SlotCounts { free: 2, reserved: 1, active: 1, ..SlotCounts::default() });
    assert_eq!(
        report.services,
        [
            ServiceUse { service: service(GUIDE), cap: None, used: 0 },
            ServiceUse { service: service(PLAY), cap: Some(3), used: 2 }
        ]
    );
    assert_eq!((report.free_for(&service(GUIDE)), report.free_for(&service(PLAY))), (2, 1));
    assert_eq!(shell.factory.report(shell.now).seq, 2);
}

#[test]
fn a_report_does_not_tell_of_a_lease_that_is_over() {
    let mut shell = Shell::free(1);
    shell.ticket(1);
    assert_eq!(shell.factory.report(Millis(5_000)).counts.free, 1);
}

#[test]
fn many_changes_are_told_as_one() {
    let mut shell = Shell::free(3);
    for number in 1..=3 {
        shell.factory.reserve(shell.now, &request(number), u128::from(number)).expect("a new number");
    }
    shell.pump();
    assert_eq!(shell.effects(), [Effect::Changed]);
}

#[test]
fn refusals_and_repeats_change_nothing() {
    let mut shell = Shell::free(1);
    let (ticket, _) = shell.ticket(1);
    shell.effects.clear();
    shell.reserve(&request(1));
    shell.reserve(&request(2));
    shell.redeem(ticket, 9);
    shell.redeem(Ticket(3), 1);
    assert_eq!(shell.effects(), []);
}

#[test]
fn the_view_shows_who_has_which_slot_and_for_how_long() {
    let mut shell = Shell::free(3);
    let admission = shell.session(1);
    shell.wait(1_000);
    shell.ticket(2);
    shell.loses_connection(&admission);
    shell.wait(500);
    let view = shell.factory.state(shell.now);
    assert_eq!((view.capacity, view.slots_not_shown, view.slots.len()), (3, 0, 3));
    assert_eq!(
        view.slots[0],
        SlotView {
            slot: SlotId(1),
            state: SlotState::Active,
            since: Millis(1_500),
            service: Some(service(PLAY)),
            session: Some(admission.session),
            left: Some(Millis(5_500)),
        }
    );
    assert_eq!((view.slots[1].state, view.slots[1].left), (SlotState::Reserved, Some(Millis(4_500))));
    assert_eq!((view.slots[2].state, view.slots[2].since), (SlotState::Free, Millis(1_500)));
    assert_eq!((view.tally.granted, view.tally.redeemed, view.tally.lost), (2, 1, 1));
}

#[test]
fn the_view_has_no_secret_in_it_and_is_bounded() {
    let mut shell = Shell::free(300);
    let admission = shell.session(1);
    let (ticket, _) = shell.ticket(2);
    let shown = format!("{:?}", shell.factory.state(shell.now));
    let secrets = [admission.resume.0, ticket.0];
    assert!(secrets.iter().all(|secret| !shown.contains(&secret.to_string())), "{shown}");
    assert!(!shown.contains("ViewerKey"), "{shown}");
    let view = shell.factory.state(shell.now);
    assert_eq!((view.slots.len(), view.slots_not_shown), (SLOTS_SHOWN_MAX, 300 - SLOTS_SHOWN_MAX));
}

#[test]
fn holding_times_are_those_of_sessions() {
    let mut shell = Shell::free(2);
    let admission = shell.session(1);
    shell.ticket(2);
    shell.wait(1_500);
    shell.says_goodbye(&admission);
    shell.wait(60_000);
    let holding = shell.factory.holding_times();
    assert_eq!((holding.sessions(), holding.total, holding.buckets[1]), (1, Millis(1_500), 1));
}

#[test]
fn every_decision_is_tallied() {
    let mut shell = Shell::free(1);
    let (ticket, _) = shell.ticket(1);
    shell.reserve(&request(1));
    shell.reserve(&request(2));
    shell.reserve(&Reserve { service: service(GUIDE), ..request(3) });
    shell.redeem(ticket, 5);
    shell.redeem(Ticket(6), 5);
    let admission = opened(shell.redeem(ticket, 1));
    shell.redeem(ticket, 1);
    shell.loses_connection(&admission);
    shell.resume(&admission, 1);
    shell.dies(1, Ending::Panicked);
    shell.resume(&admission, 1);
    shell.factory.drain(shell.now, Millis(1));
    shell.pump();
    shell.reserve(&request(4));
    let expected = Tally {
        granted: 1,
        repeated: 1,
        full: 1,
        not_offered: 1,
        wrong_key: 1,
        forged: 1,
        redeemed: 1,
        reused: 1,
        lost: 1,
        resumed: 1,
        panicked: 1,
        expired: 1,
        draining: 1,
        ..Tally::default()
    };
    assert_eq!(*shell.factory.tally(), expected);
}
