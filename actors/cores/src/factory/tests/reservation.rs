//! Reserving, releasing, lapsing, and every refusal.

use super::*;

#[test]
fn a_reservation_holds_the_lowest_free_slot_for_five_seconds() {
    let mut shell = Shell::free(3);
    let answer = shell.reserve(&request(1));
    let Reserved::Granted { ticket, slot, hold } = answer else { panic!("{answer:?}") };
    assert_eq!((ticket, slot, hold), (Ticket(1_001), SlotId(1), Millis(5_000)));
    assert_eq!(shell.counts(), [0, 2, 1, 0, 0]);
    assert_eq!(shell.effects(), [Effect::Changed]);
    assert_eq!(shell.factory.poll_timeout(), Some(Millis(5_000)));
}

#[test]
fn the_second_gets_another_slot_and_the_third_is_told_how_things_stand() {
    let mut shell = Shell::free(2);
    assert_eq!((shell.ticket(1).1, shell.ticket(2).1), (1, 2));
    let full = SlotCounts { reserved: 2, ..SlotCounts::default() };
    assert_eq!(shell.reserve(&request(3)), Reserved::Full(full));
}

#[test]
fn warming_slots_are_not_given_out() {
    let mut shell = Shell::warming(1);
    assert_eq!(shell.reserve(&request(1)), Reserved::Full(SlotCounts { warming: 1, ..SlotCounts::default() }));
}

#[test]
fn a_repeat_gets_the_same_answer_with_what_is_left_of_the_hold() {
    let mut shell = Shell::free(2);
    let (ticket, slot) = shell.ticket(1);
    shell.wait(1_200);
    let again = Reserved::Granted { ticket, slot: SlotId(slot), hold: Millis(3_800) };
    assert_eq!(shell.reserve(&request(1)), again);
    assert_eq!(shell.counts(), [0, 1, 1, 0, 0]);
}

#[test]
fn a_repeat_gets_the_same_answer_while_the_session_runs_even_in_a_drain() {
    let mut shell = Shell::free(2);
    let (ticket, slot) = shell.ticket(1);
    let admission = opened(shell.redeem(ticket, 1));
    shell.factory.drain(shell.now, Millis(9_000));
    shell.pump();
    let again = Reserved::Granted { ticket, slot: SlotId(slot), hold: Millis::ZERO };
    assert_eq!(shell.reserve(&request(1)), again);
    shell.says_goodbye(&admission);
    assert_eq!(shell.reserve(&request(1)), Reserved::Draining, "after the session the request is a new one");
}

#[test]
fn a_refusal_is_not_remembered() {
    let mut shell = Shell::free(1);
    shell.ticket(1);
    assert!(matches!(shell.reserve(&request(2)), Reserved::Full(_)));
    shell.factory.release(shell.now, RequestId(1));
    shell.pump();
    assert_eq!(shell.ticket(2).1, 1);
}

#[test]
fn a_released_slot_is_free_at_once_and_its_ticket_is_over() {
    let mut shell = Shell::free(1);
    let (ticket, _) = shell.ticket(1);
    shell.effects.clear();
    assert_eq!(shell.factory.release(shell.now, RequestId(1)), Released::Freed);
    shell.pump();
    assert_eq!(shell.effects(), [Effect::Changed]);
    assert_eq!(shell.counts(), [0, 1, 0, 0, 0]);
    assert_eq!(shell.factory.poll_timeout(), None);
    assert_eq!(shell.redeem(ticket, 1), Redeemed::Refused(Refusal::Expired));
    assert_eq!(shell.factory.release(shell.now, RequestId(1)), Released::NoLease);
}

#[test]
fn what_was_never_reserved_or_is_redeemed_cannot_be_released() {
    let mut shell = Shell::free(1);
    assert_eq!(shell.factory.release(shell.now, RequestId(1)), Released::NoLease);
    shell.session(1);
    assert_eq!(shell.factory.release(shell.now, RequestId(1)), Released::NoLease);
    shell.pump();
    assert_eq!(shell.counts(), [0, 0, 0, 1, 0]);
}

#[test]
fn an_unused_lease_lapses_and_frees_its_slot() {
    let mut shell = Shell::free(1);
    shell.ticket(1);
    shell.wait(4_999);
    assert_eq!(shell.counts(), [0, 0, 1, 0, 0]);
    shell.wait(1);
    assert_eq!(shell.counts(), [0, 1, 0, 0, 0]);
    assert_eq!(shell.ticket(1).1, 1, "the same request may ask anew");
}

#[test]
fn a_lease_is_over_at_its_instant_even_if_the_timer_is_late() {
    let mut shell = Shell::free(1);
    let (ticket, _) = shell.ticket(1);
    shell.now = Millis(5_000);
    assert_eq!(shell.redeem(ticket, 1), Redeemed::Refused(Refusal::Expired));
    assert_eq!(shell.ticket(2).1, 1);
}

#[test]
fn leases_lapse_each_at_its_own_time() {
    let mut shell = Shell::free(2);
    shell.ticket(1);
    shell.wait(3_000);
    shell.ticket(2);
    shell.wait(2_000);
    assert_eq!(shell.counts(), [0, 1, 1, 0, 0]);
    shell.wait(3_000);
    assert_eq!(shell.counts(), [0, 2, 0, 0, 0]);
}

#[test]
fn a_service_that_is_not_offered_is_refused() {
    let mut shell = Shell::free(1);
    let ask = Reserve { service: service("chess.demo"), ..request(1) };
    assert_eq!(shell.reserve(&ask), Reserved::NotOffered);
}

#[test]
fn a_viewer_has_two_open_leases_at_most() {
    let mut shell = Shell::free(4);
    let of_one = |number| Reserve { viewer: viewer(9), ..request(number) };
    shell.reserve(&of_one(1));
    let second = shell.reserve(&of_one(2));
    assert_eq!(shell.reserve(&of_one(3)), Reserved::TooManyLeases { limit: 2 });
    assert!(matches!(shell.reserve(&request(4)), Reserved::Granted { .. }), "another viewer is not concerned");
    let Reserved::Granted { ticket, .. } = second else { panic!("{second:?}") };
    opened(shell.redeem(ticket, 9));
    assert!(matches!(shell.reserve(&of_one(3)), Reserved::Granted { .. }), "a redeemed lease is not open");
}

#[test]
fn an_address_has_64_open_leases_at_most_however_it_is_written() {
    let mut shell = Shell::free(70);
    for number in 1..=64 {
        let ask = Reserve { origin: origin(1), ..request(number) };
        assert!(matches!(shell.reserve(&ask), Reserved::Granted { .. }));
    }
    let mapped = Ipv4Addr::new(10, 0, 0, 1).to_ipv6_mapped().into();
    for origin in [origin(1), mapped] {
        let ask = Reserve { origin, ..request(65) };
        assert_eq!(shell.reserve(&ask), Reserved::TooManyLeases { limit: 64 });
    }
    shell.wait(5_000);
    let ask = Reserve { origin: mapped, ..request(65) };
    assert!(matches!(shell.reserve(&ask), Reserved::Granted { .. }), "lapsed leases do not count");
}

#[test]
fn the_bounds_are_options() {
    let limits = Limits { leases_per_viewer: 1, hold: Millis(70), ..Limits::default() };
    let mut shell = Shell::free_of(Options { limits, ..options(2, &[(PLAY, None)]) });
    shell.ticket(1);
    let ask = Reserve { viewer: viewer(1), ..request(2) };
    assert_eq!(shell.reserve(&ask), Reserved::TooManyLeases { limit: 1 });
    shell.wait(70);
    assert_eq!(shell.counts(), [0, 2, 0, 0, 0]);
}

#[test]
fn a_service_uses_no_more_slots_than_its_cap_and_leaves_the_others_theirs() {
    let mut shell = Shell::free_of(options(3, &[(PLAY, Some(1)), (GUIDE, None)]));
    let admission = shell.session(1);
    assert!(matches!(shell.reserve(&request(2)), Reserved::Full(counts) if counts.free == 2));
    for number in [3, 4] {
        let ask = Reserve { service: service(GUIDE), ..request(number) };
        assert!(matches!(shell.reserve(&ask), Reserved::Granted { .. }));
    }
    shell.factory.release(shell.now, RequestId(3));
    shell.says_goodbye(&admission);
    assert!(matches!(shell.reserve(&request(2)), Reserved::Granted { .. }), "the cap is free again");
}

#[test]
fn zero_and_numbers_given_out_before_are_not_made_tickets() {
    let mut shell = Shell::free(3);
    let (first, _) = shell.ticket(1);
    let (second, _) = shell.ticket(2);
    shell.redeem(first, 1);
    shell.factory.release(shell.now, RequestId(2));
    let (third, _) = shell.ticket(3);
    shell.effects.clear();
    for number in [0, first.0, second.0, third.0] {
        assert_eq!(shell.factory.reserve(shell.now, &request(4), number), Err(BadRandomness), "{number}");
    }
    shell.pump();
    assert_eq!(shell.effects(), [], "nothing was done");
    assert!(matches!(shell.reserve(&request(4)), Reserved::Granted { .. }));
}

#[test]
fn an_answer_becomes_the_message_with_the_place_to_redeem() {
    use actors_protocol::Locator;
    use actors_protocol::factory::SlotReservation;
    let locator = Locator::Url("tcp://host:1".to_owned());
    let granted = Reserved::Granted { ticket: Ticket(1), slot: SlotId(2), hold: Millis(3) };
    let message =
        SlotReservation::Granted { ticket: Ticket(1), slot: SlotId(2), locator: locator.clone(), hold: Millis(3) };
    assert_eq!(granted.into_reply(&locator), message);
    let counts = SlotCounts { active: 1, ..SlotCounts::default() };
    assert_eq!(Reserved::Full(counts).into_reply(&locator), SlotReservation::Full(counts));
    assert_eq!(Reserved::NotOffered.into_reply(&locator), SlotReservation::NotOffered);
    assert_eq!(Reserved::Draining.into_reply(&locator), SlotReservation::Draining);
    assert_eq!(Reserved::TooManyLeases { limit: 2 }.into_reply(&locator), SlotReservation::TooManyLeases { limit: 2 });
}
