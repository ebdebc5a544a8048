//! The gateway's promises, as sentences.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use actors_protocol::factory::SlotReservation;
use actors_protocol::slot::{PoolReport, ServiceUse, SlotCounts};
use actors_protocol::{Locator, RequestId, SlotId, Ticket, ViewerKey};
use proptest::prelude::*;

use super::*;

fn name<N: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> N {
    text.parse().unwrap()
}

fn core() -> GatewayCore {
    GatewayCore::new(Millis(0), name("zone-a"), Incarnation(1))
}

fn pool(instance: &str, place: (u64, u64), free: u32, active: u32) -> PoolReport {
    PoolReport {
        instance: name(instance),
        incarnation: Incarnation(place.0),
        seq: place.1,
        counts: SlotCounts { free, active, ..SlotCounts::default() },
        services: vec![ServiceUse { service: name("clip.demo"), cap: None, used: active }],
        age: Millis(3),
        note: None,
    }
}

fn report(core: &mut GatewayCore, now: u64, host: &str, pool: PoolReport) -> Noted {
    core.report(Millis(now), ReportPool { host: name(host), pool, last: false })
}

fn reserve(request: u128) -> Reserve {
    let origin = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Reserve { request: RequestId(request), service: name("clip.demo"), viewer: ViewerKey([1; 32]), origin }
}

fn granted(ticket: u128) -> SlotReservation {
    let locator = Locator::Url("tcp://somewhere".into());
    SlotReservation::Granted { ticket: Ticket(ticket), slot: SlotId(1), locator, hold: Millis(5_000) }
}

fn full(active: u32) -> SlotReservation {
    SlotReservation::Full(SlotCounts { active, ..SlotCounts::default() })
}

fn ask(core: &mut GatewayCore, now: u64, attempt: &mut Attempt) -> String {
    match core.step(Millis(now), attempt) {
        Step::Ask(key) => key.instance.to_string(),
        Step::Done(done) => format!("{done:?}"),
    }
}

/// To whom, the report's number, and how many pools are in it.
type Sent = (String, u64, usize);

fn drain(core: &mut GatewayCore) -> Vec<Sent> {
    let effects = std::iter::from_fn(|| core.poll_effect());
    effects.map(|Effect::Send { to, report }| (to.to_string(), report.seq, report.pools.len())).collect()
}

/// Runs the core's own timers up to and including `until`.
fn run(core: &mut GatewayCore, until: u64) -> Vec<(u64, Vec<Sent>)> {
    let mut sent = Vec::new();
    while let Some(at) = core.poll_timeout().filter(|at| at.0 <= until) {
        core.on_timeout(at);
        sent.push((at.0, drain(core)));
    }
    sent.retain(|(_, sends)| !sends.is_empty());
    sent
}

#[test]
fn a_report_of_an_older_life_or_with_an_older_number_changes_nothing() {
    let mut core = core();
    report(&mut core, 0, "host-1", pool("clip-a", (2, 5), 4, 0));
    for older in [(1, 900), (2, 4), (2, 5)] {
        assert_eq!(
            report(&mut core, 1, "host-1", pool("clip-a", older, 0, 4)).seq,
            older.1,
            "its sender may forget it"
        );
    }
    assert_eq!(core.state(Millis(1)).pools[0].counts.free, 4);
    assert_eq!(core.state(Millis(1)).ignored, 3);
    report(&mut core, 2, "host-1", pool("clip-a", (3, 1), 1, 3));
    assert_eq!(core.state(Millis(2)).pools[0].counts.free, 1, "a newer life counts from one again");
}

#[test]
fn a_factory_that_has_ended_is_not_brought_back_by_a_late_report() {
    let mut core = core();
    report(&mut core, 0, "host-1", pool("clip-a", (2, 5), 4, 0));
    core.report(Millis(1), ReportPool { host: name("host-1"), pool: pool("clip-a", (2, 6), 0, 0), last: true });
    report(&mut core, 2, "host-1", pool("clip-a", (2, 7), 4, 0));
    assert!(core.state(Millis(2)).pools.is_empty());
    report(&mut core, 3, "host-1", pool("clip-a", (3, 1), 4, 0));
    assert_eq!(core.state(Millis(3)).pools.len(), 1, "its next life is welcome");
}

#[test]
fn a_lost_host_takes_its_pools_with_it_and_brings_them_back() {
    let mut core = core();
    report(&mut core, 0, "host-1", pool("clip-a", (2, 5), 4, 0));
    report(&mut core, 0, "host-2", pool("clip-b", (1, 1), 4, 0));
    core.host_gone(Millis(1), &name("host-1"));
    assert_eq!(core.state(Millis(1)).pools.len(), 1);
    report(&mut core, 2, "host-1", pool("clip-a", (2, 5), 4, 0));
    assert_eq!(core.state(Millis(2)).pools.len(), 1, "what was under way when it was lost does not count");
    report(&mut core, 3, "host-1", pool("clip-a", (2, 6), 4, 0));
    assert_eq!(core.state(Millis(3)).pools.len(), 2);
}

#[test]
fn a_pool_that_falls_silent_is_gone_until_it_is_heard_of_again_and_its_service_is_said_not_to_run() {
    let mut core = core();
    report(&mut core, 0, "host-1", pool("clip-a", (2, 5), 4, 0));
    report(&mut core, 3_000, "host-1", pool("clip-a", (2, 6), 4, 0));
    assert!(core.poll_timeout() <= Some(SILENCE_MAX));
    core.on_timeout(Millis(3_000) + SILENCE_MAX - Millis(1));
    assert_eq!(core.state(Millis(9_000)).pools.len(), 1, "a report puts it off");
    core.on_timeout(Millis(3_000) + SILENCE_MAX);
    let report_now = core.zone_report(Millis(9_000));
    assert!(report_now.pools.is_empty() && report_now.failures[0].cause.contains("host-1"), "{report_now:?}");
    let mut attempt = core.begin(Millis(9_000), reserve(1));
    assert_eq!(core.step(Millis(9_000), &mut attempt), Step::Done(Reservation::Unreachable(vec![name("clip-a")])));
    report(&mut core, 9_500, "host-1", pool("clip-a", (2, 7), 4, 0));
    let report_now = core.zone_report(Millis(9_500));
    assert_eq!((report_now.pools.len(), report_now.failures.len()), (1, 0));
}

#[test]
fn changes_within_20_ms_go_out_together_and_the_report_is_repeated() {
    let mut core = core();
    report(&mut core, 0, "host-1", pool("clip-a", (1, 1), 4, 0));
    core.set_receivers(Millis(5), &[name("resolver")].into());
    assert_eq!(drain(&mut core), [("resolver".into(), 1, 1)], "a new receiver gets a report at once");
    core.noted(Millis(6), &name("resolver"), 1);
    assert_eq!(run(&mut core, 99), [(20, vec![("resolver".into(), 2, 1)])], "the first change, gathered till 20");
    core.noted(Millis(25), &name("resolver"), 2);
    report(&mut core, 100, "host-1", pool("clip-a", (1, 2), 3, 1));
    report(&mut core, 110, "host-1", pool("clip-a", (1, 3), 2, 2));
    assert_eq!(run(&mut core, 121), [(120, vec![("resolver".into(), 3, 1)])]);
    core.noted(Millis(125), &name("resolver"), 3);
    assert_eq!(run(&mut core, 400), [(370, vec![("resolver".into(), 4, 1)])], "the repeat, 250 ms later");
}

#[test]
fn one_report_is_in_flight_per_receiver_and_a_slow_one_gets_the_latest_next() {
    let mut core = core();
    core.set_receivers(Millis(0), &[name("slow"), name("swift")].into());
    assert!(drain(&mut core).is_empty(), "a gateway that knows nothing yet does not say that there is nothing");
    report(&mut core, 1, "host-1", pool("clip-a", (1, 1), 4, 0));
    assert_eq!(run(&mut core, 1), [(0, vec![("slow".into(), 1, 1), ("swift".into(), 1, 1)])]);
    core.noted(Millis(2), &name("swift"), 1);
    run(&mut core, 29);
    for active in 2..=4 {
        let at = 50 * active;
        report(&mut core, at, "host-1", pool("clip-a", (1, active), 4, active as u32));
        core.noted(Millis(at), &name("swift"), u64::MAX);
        drain(&mut core);
        let sent = run(&mut core, at + 20);
        assert!(matches!(&*sent, [(_, to)] if to[..] == [("swift".into(), active + 1, 1)]), "{sent:?}");
    }
    core.noted(Millis(220), &name("swift"), u64::MAX);
    core.noted(Millis(221), &name("slow"), 1);
    let effects: Vec<_> = std::iter::from_fn(|| core.poll_effect()).collect();
    let [Effect::Send { to, report }] = &*effects else { panic!("{effects:?}") };
    assert_eq!((to.as_str(), report.pools[0].1.counts.active), ("slow", 4), "not one by one, but the latest");
}

#[test]
fn a_report_that_failed_is_sent_again_and_a_link_that_comes_up_does_not_wait() {
    let mut core = core();
    report(&mut core, 0, "host-1", pool("clip-a", (1, 1), 4, 0));
    core.set_receivers(Millis(30), &[name("resolver")].into());
    drain(&mut core);
    core.failed(Millis(40), &name("resolver"), 1);
    assert_eq!(run(&mut core, 289), [], "not at once: what refuses is not to be hammered");
    assert_eq!(run(&mut core, 290).len(), 1);
    core.receiver_up(Millis(300), &name("resolver"));
    assert_eq!(drain(&mut core).len(), 1);
    core.failed(Millis(301), &name("resolver"), 2);
    assert_eq!(core.state(Millis(301)).receivers[0].in_flight, Some(3), "the failure is of a report long given up");
    assert_eq!(run(&mut core, 899), [], "waits for the answer");
    assert_eq!(run(&mut core, 901).len(), 1, "which never came");
}

#[test]
fn the_age_of_a_pool_grows_while_it_waits() {
    let mut core = core();
    report(&mut core, 10, "host-1", pool("clip-a", (1, 1), 4, 0));
    assert_eq!(core.zone_report(Millis(110)).pools[0].1.age, Millis(103));
}

#[test]
fn pools_with_free_slots_are_asked_first_and_the_full_ones_nevertheless() {
    let mut core = core();
    report(&mut core, 0, "host-1", pool("clip-a", (1, 1), 0, 4));
    report(&mut core, 0, "host-1", pool("clip-b", (1, 1), 1, 3));
    report(&mut core, 0, "host-2", pool("clip-c", (1, 1), 3, 1));
    let mut attempt = core.begin(Millis(1), reserve(7));
    for (expected, answer) in [("clip-c", full(4)), ("clip-b", full(4))] {
        assert_eq!(ask(&mut core, 1, &mut attempt), expected);
        core.answer(Millis(1), &mut attempt, answer);
    }
    assert_eq!(ask(&mut core, 1, &mut attempt), "clip-a", "its report may be stale");
    core.answer(Millis(1), &mut attempt, granted(9));
    let Step::Done(Reservation::Granted(grant)) = core.step(Millis(1), &mut attempt) else { panic!() };
    assert_eq!((grant.instance.as_str(), grant.zone.as_str(), grant.ticket), ("clip-a", "zone-a", Ticket(9)));

    let mut repeat = core.begin(Millis(2), reserve(7));
    assert_eq!(ask(&mut core, 2, &mut repeat), "clip-a", "a repeat goes where the answer is");
    assert_eq!(core.release(&Release { request: RequestId(7), instance: name("clip-a") }).len(), 1);
}

#[test]
fn a_refusal_sums_what_the_pools_said() {
    let mut core = core();
    for instance in ["clip-a", "clip-b", "clip-c"] {
        report(&mut core, 0, "host-1", pool(instance, (1, 1), 1, 3));
    }
    let mut attempt = core.begin(Millis(1), reserve(7));
    for answer in [full(4), SlotReservation::Draining, SlotReservation::NotOffered] {
        ask(&mut core, 1, &mut attempt);
        core.answer(Millis(1), &mut attempt, answer);
    }
    let Step::Done(Reservation::Full(counts)) = core.step(Millis(1), &mut attempt) else { panic!() };
    assert_eq!(counts, SlotCounts { free: 1, active: 7, ..SlotCounts::default() });
}

#[test]
fn a_pool_that_comes_while_the_others_are_asked_is_asked_before_the_refusal() {
    let mut core = core();
    report(&mut core, 0, "host-1", pool("clip-a", (1, 1), 1, 0));
    let mut attempt = core.begin(Millis(1), reserve(7));
    assert_eq!(ask(&mut core, 1, &mut attempt), "clip-a");
    report(&mut core, 2, "host-2", pool("clip-b", (1, 1), 1, 0));
    core.answer(Millis(3), &mut attempt, full(1));
    assert_eq!(ask(&mut core, 3, &mut attempt), "clip-b");
}

#[test]
fn silent_factories_are_named_and_told_to_release_when_another_grants() {
    let mut core = core();
    report(&mut core, 0, "host-1", pool("clip-a", (1, 1), 2, 0));
    report(&mut core, 0, "host-2", pool("clip-b", (1, 1), 1, 0));
    let mut attempt = core.begin(Millis(1), reserve(7));
    for _ in 0..2 {
        ask(&mut core, 1, &mut attempt);
        attempt.unreachable();
    }
    let Step::Done(Reservation::Unreachable(silent)) = core.step(Millis(1), &mut attempt) else { panic!() };
    assert_eq!(silent, [name("clip-a"), name("clip-b")]);
    assert!(attempt.doubtful().is_empty());

    let mut attempt = core.begin(Millis(1), reserve(8));
    ask(&mut core, 1, &mut attempt);
    attempt.unreachable();
    ask(&mut core, 1, &mut attempt);
    core.answer(Millis(1), &mut attempt, granted(1));
    assert_eq!(attempt.doubtful()[0].instance.as_str(), "clip-a");
}

#[test]
fn a_viewer_with_too_many_leases_is_not_sent_round_the_pools() {
    let mut core = core();
    report(&mut core, 0, "host-1", pool("clip-a", (1, 1), 2, 0));
    report(&mut core, 0, "host-2", pool("clip-b", (1, 1), 1, 0));
    let mut attempt = core.begin(Millis(1), reserve(7));
    ask(&mut core, 1, &mut attempt);
    core.answer(Millis(1), &mut attempt, SlotReservation::TooManyLeases { limit: 2 });
    assert_eq!(core.step(Millis(1), &mut attempt), Step::Done(Reservation::TooManyLeases { limit: 2 }));
}

#[test]
fn a_service_is_unknown_only_to_a_gateway_that_has_had_time_to_learn() {
    let mut core = core();
    let mut early = core.begin(Millis(1_999), reserve(7));
    assert_eq!(core.step(Millis(1_999), &mut early), Step::Done(Reservation::Unreachable(vec![])));
    let mut late = core.begin(Millis(2_000), reserve(8));
    assert_eq!(core.step(Millis(2_000), &mut late), Step::Done(Reservation::Unknown));
    let failure = InstanceFailure { instance: name("clip-a"), service: name("clip.demo"), cause: "no clip".into() };
    core.set_failures(Millis(2_001), vec![failure]);
    let mut failed = core.begin(Millis(2_002), reserve(9));
    assert_eq!(core.step(Millis(2_002), &mut failed), Step::Done(Reservation::Unreachable(vec![name("clip-a")])));
}

#[test]
fn a_zones_report_has_a_bound() {
    let mut core = core();
    for index in 0..=POOLS_MAX {
        let noted = report(&mut core, 0, "host-1", pool(&format!("clip-{index}"), (1, 1), 1, 0));
        assert_eq!(noted.seq, u64::from(index < POOLS_MAX), "the one too many is not confirmed");
    }
    assert_eq!(core.zone_report(Millis(0)).pools.len(), POOLS_MAX);
    let failure =
        |cause: &str| InstanceFailure { instance: name("x"), service: name("clip.demo"), cause: cause.into() };
    core.set_failures(Millis(0), vec![failure(&"é".repeat(1_000)); 1_000]);
    assert_eq!(core.zone_report(Millis(0)).failures.len(), FAILURES_MAX);
    assert!(core.zone_report(Millis(0)).failures[0].cause.len() <= CAUSE_BYTES_MAX);
}

#[test]
fn memory_is_bounded_in_number_and_age() {
    let mut core = core();
    report(&mut core, 0, "host-1", pool("clip-a", (1, 1), 2, 0));
    for request in 0..=REQUESTS_REMEMBERED_MAX {
        core.begin(Millis(1), reserve(request as u128));
    }
    assert_eq!(core.state(Millis(1)).remembered, REQUESTS_REMEMBERED_MAX);
    core.on_timeout(Millis(1) + REQUEST_REMEMBERED_FOR);
    assert_eq!(core.state(Millis(1)).remembered, 0);
}

#[cfg(feature = "flaws")]
#[test]
fn the_flawed_gateway_lets_an_older_life_replace_a_newer_one() {
    let mut core = core();
    core.set_flaw(Flaw::OlderIncarnation);
    report(&mut core, 0, "host-1", pool("clip-a", (2, 5), 4, 0));
    report(&mut core, 1, "host-1", pool("clip-a", (1, 900), 0, 4));
    assert_eq!(core.state(Millis(1)).pools[0].incarnation, Incarnation(1));
}

/// A model pool: how many of its slots are free, and what it reported last.
type World = BTreeMap<String, u32>;

proptest! {
    /// I4 in one zone: whatever the reports say, a refusal means that each pool had no slot at some time in between.
    #[test]
    fn no_refusal_while_a_pool_has_a_free_slot_throughout(
        reported in prop::collection::btree_map("p[0-9]", 0u32..3, 1..6),
        truth in prop::collection::vec(0u32..3, 6),
        taken in prop::collection::vec((0usize..6, 0usize..6), 0..6),
    ) {
        let mut core = core();
        let mut world = World::new();
        for ((instance, free), truth) in reported.iter().zip(truth) {
            report(&mut core, 0, "host-1", pool(instance, (1, 1), *free, 1));
            world.insert(instance.clone(), truth);
        }
        let mut always_free: BTreeSet<_> = world.iter().filter(|(_, free)| **free > 0).map(|(i, _)| i.clone()).collect();
        let mut attempt = core.begin(Millis(1), reserve(1));
        for turn in 0.. {
            for (_, index) in taken.iter().filter(|(at, _)| *at == turn) {
                if let Some((instance, free)) = world.iter_mut().nth(*index) {
                    *free = 0;
                    always_free.remove(instance);
                }
            }
            match core.step(Millis(1), &mut attempt) {
                Step::Ask(key) => {
                    let answer = if world[key.instance.as_str()] > 0 { granted(1) } else { full(1) };
                    core.answer(Millis(1), &mut attempt, answer);
                }
                Step::Done(Reservation::Granted(_)) => break,
                Step::Done(refusal) => {
                    prop_assert!(always_free.is_empty(), "{refusal:?} while {always_free:?} had free slots");
                    break;
                }
            }
        }
    }

    /// I6: in whatever order reports arrive, the pool shown is the latest of those that came.
    #[test]
    fn the_latest_report_wins_in_any_order(places in prop::collection::vec((0u64..4, 0u64..4), 1..20)) {
        let mut core = core();
        for place in &places {
            report(&mut core, 0, "host-1", pool("clip-a", *place, 1, 0));
        }
        let shown = &core.state(Millis(0)).pools[0];
        prop_assert_eq!((shown.incarnation.0, shown.seq), *places.iter().max().unwrap());
    }
}
