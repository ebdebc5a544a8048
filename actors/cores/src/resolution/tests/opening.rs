//! A request that does not have to wait.

use super::*;

#[test]
fn the_nearest_zone_with_a_free_slot_is_asked_first() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 4, 4);
    assert_eq!(open(&mut core, 1, request(1, 0)), None);
    assert_eq!(effects(&mut core), ["1→zone-a"]);
    answer(&mut core, 2, 1, grant("zone-a", 5));
    assert_eq!(effects(&mut core), ["1: granted zone-a"]);

    two_zones(&mut core, 3, 2, 0, 4);
    open(&mut core, 4, request(2, 0));
    let at_work = Open { site: Some(name("work")), ..request(3, 0) };
    open(&mut core, 4, at_work);
    assert_eq!(effects(&mut core), ["2→zone-b", "3→zone-b"], "zone-a is reported full; from work it is farther anyway");
}

#[test]
fn a_burst_moves_on_when_the_slots_that_were_reported_are_taken() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 2, 4);
    for number in 1..=3 {
        open(&mut core, 1, request(number, 0));
        answer(&mut core, 1, number, grant("zone-x", number));
    }
    let asked: Vec<_> = effects(&mut core).into_iter().filter(|effect| effect.contains('→')).collect();
    assert_eq!(asked, ["1→zone-a", "2→zone-a", "3→zone-b"]);
}

#[test]
fn a_request_is_refused_only_after_every_zone_has_said_no() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 0, 0);
    report(&mut core, 0, zone("zone-c", 1, vec![pool("clip-c", 1, 3)]));
    open(&mut core, 1, request(1, 0));
    for (asked, active) in [("1→zone-c", 4), ("1→zone-a", 3), ("1→zone-b", 2)] {
        assert_eq!(effects(&mut core), [asked]);
        answer(&mut core, 2, 1, full(active));
    }
    assert_eq!(effects(&mut core), ["1: full 9 after 0"]);
}

#[test]
fn a_refusal_tells_why_a_pool_offers_nothing() {
    let mut core = core();
    let (host, withdrawn) = pool("clip-b", 0, 2);
    let withdrawn = PoolReport { note: Some("8 % are late".to_owned()), ..withdrawn };
    report(&mut core, 0, zone("zone-a", 1, vec![pool("clip-a", 0, 4), (host, withdrawn)]));
    open(&mut core, 1, request(1, 0));
    answer(&mut core, 2, 1, full(6));
    assert_eq!(effects(&mut core), ["1→zone-a", "1: full 6 after 0 (8 % are late)"]);
    let explained =
        core.explain(Millis(2), &actors_protocol::resolver::Explain { service: name("clip.demo"), site: None });
    let whys: Vec<_> = explained.candidates.iter().map(|candidate| candidate.why.as_str()).collect();
    assert!(whys.iter().any(|why| why.contains("it offers none now: 8 % are late")), "{whys:?}");
}

#[test]
fn a_zone_that_comes_while_others_are_asked_is_asked_too() {
    let mut core = core();
    report(&mut core, 0, zone("zone-a", 1, vec![pool("clip-a", 1, 3)]));
    open(&mut core, 1, request(1, 0));
    report(&mut core, 2, zone("zone-b", 1, vec![pool("clip-b", 1, 3)]));
    answer(&mut core, 3, 1, full(4));
    assert_eq!(effects(&mut core), ["1→zone-a", "1→zone-b"]);
}

#[test]
fn zones_that_do_not_answer_are_named_when_no_other_said_full() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 4, 4);
    open(&mut core, 1, request(1, 0));
    open(&mut core, 1, request(2, 0));
    answer(&mut core, 2, 1, Err(Fault::Deadline));
    answer(&mut core, 2, 1, Ok(Reservation::Unreachable(vec![name("clip-b")])));
    answer(&mut core, 2, 2, Err(Fault::Deadline));
    answer(&mut core, 2, 2, full(4));
    let answers: Vec<_> = effects(&mut core).into_iter().filter(|effect| effect.contains(':')).collect();
    assert_eq!(answers, ["1: unreachable zone-a,zone-b", "2: full 4 after 0"]);
}

#[test]
fn a_gateway_whose_answer_never_comes_does_not_hold_a_request_up() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 4, 4);
    open(&mut core, 1, request(1, 0));
    effects(&mut core);
    assert_eq!(run(&mut core, 1_300), [(1_251, "1→zone-b".into())]);
    answer(&mut core, 1_301, 1, grant("zone-b", 2));
    core.reserved(Millis(1_302), RequestId(1), 1, grant("zone-a", 1));
    assert_eq!(
        effects(&mut core),
        ["1: granted zone-b", "release 1 at gateway-zone-a"],
        "and its late slot is given back"
    );
    core.reserved(Millis(1_303), RequestId(1), 1, grant("zone-b", 2));
    assert!(effects(&mut core).is_empty(), "but not the slot that the request holds");
}

#[test]
fn an_unknown_service_is_refused_with_names_that_are_near() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 4, 4);
    let asked = Open { service: name("clp.demo"), ..request(1, 10_000) };
    let refused = open(&mut core, 2_000, asked).unwrap();
    assert_eq!(outcome(&refused), "unknown, near [\"clip.demo\"]");
    let asked = Open { site: Some(name("moon")), ..request(2, 0) };
    assert_eq!(outcome(&open(&mut core, 2_000, asked).unwrap()), "no such site, but [\"home\", \"work\"]");
}

#[test]
fn a_resolver_that_has_just_started_waits_for_reports_before_it_calls_a_service_unknown() {
    let mut core = core();
    assert_eq!(open(&mut core, 100, request(1, 0)), None);
    assert_eq!(open(&mut core, 100, Open { service: name("no.such"), ..request(2, 0) }), None);
    two_zones(&mut core, 700, 1, 4, 0);
    assert_eq!(effects(&mut core), ["1→zone-a"]);
    answer(&mut core, 701, 1, grant("zone-a", 1));
    effects(&mut core);
    assert_eq!(run(&mut core, 3_000), [(2_000, "2: unknown, near []".into())]);
}

#[test]
fn a_service_whose_gateway_restarts_is_not_unknown_meanwhile() {
    let mut core = core();
    report(&mut core, 0, zone("zone-a", 1, vec![pool("clip-a", 4, 0)]));
    let reborn = |seq, pools| ZoneReport { incarnation: Incarnation(2), ..zone("zone-a", seq, pools) };
    report(&mut core, 5_000, reborn(1, vec![]));
    assert_eq!(open(&mut core, 5_100, request(1, 0)), None);
    report(&mut core, 5_200, reborn(2, vec![pool("clip-a", 4, 0)]));
    assert_eq!(effects(&mut core), ["1→zone-a"]);
    report(&mut core, 6_000, reborn(3, vec![]));
    core.on_timeout(Millis(8_000));
    let refused = open(&mut core, 8_000, request(2, 0)).unwrap();
    assert_eq!(outcome(&refused), "unknown, near []", "but gone is gone after a while");
}

#[test]
fn a_service_whose_instance_does_not_run_is_not_unknown() {
    let mut core = core();
    let failure = InstanceFailure { instance: name("clip-a"), service: name("clip.demo"), cause: "no clip".into() };
    report(&mut core, 0, ZoneReport { failures: vec![failure], ..zone("zone-a", 1, vec![]) });
    assert_eq!(open(&mut core, 2_500, request(1, 0)), None);
    assert_eq!(effects(&mut core), ["1: unreachable zone-a"]);
}

#[test]
fn a_repeat_gets_the_same_answer_and_a_stranger_does_not() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 4, 4);
    open(&mut core, 1, request(1, 0));
    assert_eq!(open(&mut core, 2, request(1, 0)), None, "it joins the attempt under way");
    answer(&mut core, 3, 1, grant("zone-a", 5));
    assert_eq!(effects(&mut core), ["1→zone-a", "1: granted zone-a"]);
    let Some(Opening::Granted(again)) = open(&mut core, 4, request(1, 0)) else { panic!() };
    assert_eq!(again.ticket, Ticket(5));
    let stranger = Open { viewer: ViewerKey([99; 32]), ..request(1, 0) };
    assert_eq!(outcome(&open(&mut core, 5, stranger).unwrap()), "more than 1 leases");
    core.on_timeout(Millis(3) + ANSWER_REMEMBERED_FOR);
    assert_eq!(open(&mut core, 10_003, request(1, 0)), None, "forgotten: it is asked again");
}

#[test]
fn repeats_that_wait_for_one_answer_have_a_bound() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 4, 4);
    for _ in 0..ASKERS_MAX {
        assert_eq!(open(&mut core, 1, request(1, 0)), None);
    }
    assert_eq!(outcome(&open(&mut core, 1, request(1, 0)).unwrap()), "more than 8 wait");
}

#[test]
fn a_slot_that_is_granted_when_the_asker_is_gone_is_given_back() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 4, 4);
    open(&mut core, 1, request(1, 0));
    open(&mut core, 1, request(1, 0));
    core.cancel(RequestId(1));
    core.cancel(RequestId(1));
    answer(&mut core, 3, 1, grant("zone-a", 5));
    assert_eq!(effects(&mut core), ["1→zone-a", "release 1 at gateway-zone-a"]);
    assert_eq!((core.state(Millis(3)).requests, core.state(Millis(3)).remembered), (0, 0));

    open(&mut core, 4, request(2, 0));
    core.cancel(RequestId(2));
    open(&mut core, 5, request(2, 0));
    answer(&mut core, 6, 2, grant("zone-a", 6));
    assert_eq!(effects(&mut core), ["2→zone-a", "2: granted zone-a"], "unless it came back in time");
}

#[test]
fn too_many_leases_end_the_search() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 4, 4);
    open(&mut core, 1, request(1, 10_000));
    answer(&mut core, 2, 1, Ok(Reservation::TooManyLeases { limit: 2 }));
    assert_eq!(effects(&mut core), ["1→zone-a", "1: more than 2 leases"]);
}

#[test]
fn requests_under_way_have_a_bound() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 4, 4);
    for number in 0..u128::from(REQUESTS_MAX) {
        assert_eq!(open(&mut core, 1, request(number, 0)), None);
    }
    let refused = open(&mut core, 1, request(u128::MAX, 0)).unwrap();
    assert_eq!(outcome(&refused), "more than 16384 wait");
}

#[test]
fn what_is_remembered_has_a_bound() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 4, 4);
    for number in 0..=ANSWERS_REMEMBERED_MAX as u128 {
        open(&mut core, 1, request(number, 0));
        answer(&mut core, 1, number, grant("zone-a", number));
    }
    assert_eq!(core.state(Millis(1)).remembered, ANSWERS_REMEMBERED_MAX);
}

#[cfg(feature = "flaws")]
#[test]
fn the_flawed_resolver_refuses_by_the_reports() {
    let mut core = core();
    core.set_flaw(Flaw::RefusesTooEarly);
    two_zones(&mut core, 0, 1, 0, 0);
    open(&mut core, 1, request(1, 0));
    assert_eq!(effects(&mut core), ["1: full 8 after 0"], "nobody was asked");
    two_zones(&mut core, 2, 2, 4, 4);
    open(&mut core, 3, request(2, 0));
    answer(&mut core, 4, 2, full(4));
    assert_eq!(effects(&mut core), ["2→zone-a", "2: full 4 after 0"], "the other zone was not asked");
}
