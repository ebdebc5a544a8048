//! A request that has to wait.

use super::*;

/// Everything is full, and `numbers` wait up to 10 s each.
fn waiting(numbers: std::ops::RangeInclusive<u128>) -> ResolutionCore {
    let mut core = core();
    two_zones(&mut core, 0, 1, 0, 0);
    for number in numbers {
        open(&mut core, number as u64, request(number, 10_000));
        while matches!(core.requests[&RequestId(number)].phase, request::Phase::Asking { .. }) {
            answer(&mut core, number as u64, number, full(4));
        }
    }
    effects(&mut core);
    core
}

#[test]
fn a_slot_that_is_given_up_goes_to_the_one_who_waits_longest() {
    let mut core = waiting(1..=3);
    two_zones(&mut core, 500, 2, 0, 1);
    assert_eq!(effects(&mut core), ["1→zone-b"], "one slot, one attempt, and only where the slot is");
    two_zones(&mut core, 510, 3, 0, 1);
    assert!(effects(&mut core).is_empty(), "the slot is spoken for");
    answer(&mut core, 520, 1, grant("zone-b", 1));
    two_zones(&mut core, 530, 4, 1, 1);
    assert_eq!(effects(&mut core), ["1: granted zone-b", "2→zone-a", "3→zone-a"]);
}

#[test]
fn whoever_finds_the_slot_taken_keeps_its_place() {
    let mut core = waiting(1..=2);
    two_zones(&mut core, 500, 2, 1, 0);
    answer(&mut core, 510, 1, full(4));
    assert_eq!(effects(&mut core), ["1→zone-a"], "and is not sent there again by the same report");
    two_zones(&mut core, 520, 3, 1, 0);
    assert_eq!(effects(&mut core), ["1→zone-a"]);
}

#[test]
fn at_the_deadline_all_zones_are_asked_once_more_before_the_refusal() {
    let mut core = waiting(1..=1);
    // Reports have ceased: probes ask both zones once a second, in vain.
    for second in 1..=9 {
        let probed = run(&mut core, second * 1_000 + 1);
        assert_eq!(probed.len(), 1, "{probed:?}");
        answer(&mut core, second * 1_000 + 1, 1, full(4));
        answer(&mut core, second * 1_000 + 1, 1, full(4));
        effects(&mut core);
    }
    assert_eq!(run(&mut core, 10_001)[0], (10_001, "1→zone-a".into()));
    answer(&mut core, 10_010, 1, full(4));
    answer(&mut core, 10_020, 1, full(3));
    assert_eq!(effects(&mut core), ["1→zone-b", "1: full 7 after 10019"]);
    assert!(core.state(Millis(10_020)).queues.is_empty());
}

#[test]
fn an_attempt_under_way_at_the_deadline_goes_on_over_the_other_zones() {
    let mut core = waiting(1..=1);
    two_zones(&mut core, 9_900, 2, 1, 0);
    answer(&mut core, 10_100, 1, full(4));
    answer(&mut core, 10_200, 1, full(4));
    assert_eq!(effects(&mut core), ["1→zone-a", "1→zone-b", "1: full 8 after 10199"]);
}

#[test]
fn a_newcomer_who_will_wait_goes_behind_those_who_wait() {
    let mut core = waiting(1..=1);
    open(&mut core, 500, request(2, 10_000));
    assert!(effects(&mut core).is_empty());
    two_zones(&mut core, 510, 2, 2, 0);
    assert_eq!(effects(&mut core), ["1→zone-a", "2→zone-a"]);
}

#[test]
fn a_newcomer_who_will_not_wait_is_refused_only_after_asking() {
    let mut core = waiting(1..=1);
    open(&mut core, 500, request(2, 0));
    answer(&mut core, 510, 2, full(4));
    answer(&mut core, 520, 2, full(4));
    assert_eq!(effects(&mut core), ["2→zone-a", "2→zone-b", "2: full 8 after 0"]);
}

#[test]
fn the_wait_is_a_minute_at_most() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 0, 0);
    open(&mut core, 0, request(1, 3_600_000));
    assert_eq!(core.requests[&RequestId(1)].deadline, WAIT_MAX);
}

#[test]
fn a_viewer_that_goes_away_leaves_the_queue() {
    let mut core = waiting(1..=2);
    core.cancel(RequestId(1));
    two_zones(&mut core, 500, 2, 1, 0);
    assert_eq!(effects(&mut core), ["2→zone-a"]);
    core.cancel(RequestId(2));
    answer(&mut core, 510, 2, full(4));
    assert!(effects(&mut core).is_empty() && core.state(Millis(510)).queues.is_empty());
    assert_eq!(core.poll_timeout(), Some(Millis(500) + SILENCE_MAX), "and no alarm is left behind");
}

#[test]
fn the_queue_has_a_bound_and_asks_before_it_refuses() {
    let mut core = waiting(1..=u128::from(QUEUE_MAX));
    let late = u128::from(QUEUE_MAX) + 1;
    open(&mut core, 5_000, request(late, 10_000));
    answer(&mut core, 5_001, late, full(4));
    answer(&mut core, 5_002, late, full(4));
    assert_eq!(effects(&mut core).last().unwrap(), "1025: more than 1024 wait");
    let before = core.state(Millis(5_003)).remembered;
    assert_eq!((before, open(&mut core, 5_003, request(late, 10_000))), (0, None), "a repeat may find room");
}

#[test]
fn silent_zones_are_waited_for_as_well() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 4, 0);
    open(&mut core, 1, request(1, 10_000));
    answer(&mut core, 2, 1, Err(Fault::Gone("gateway".into())));
    answer(&mut core, 2, 1, full(4));
    effects(&mut core);
    two_zones(&mut core, 250, 2, 4, 0);
    assert_eq!(effects(&mut core), ["1→zone-a"]);
}
