//! What a caller, a zone and a store see of a deployment.

use super::*;

const A: RequestId = RequestId(1 << 64);

/// From the order to both zones deploying, 4 slots each.
fn deploying(core: &mut DeploymentCore) {
    assert_eq!(core.start(NOW, order(1, 8)), Start::Begun);
    for name in ["zone-a", "zone-b"] {
        core.registered(NOW + Millis(2), A, &zone(name), Ok(()));
        core.offered(NOW + Millis(300), A, &zone(name), Ok(offer(800, 4)));
    }
    effects(core);
}

fn all_reported(core: &mut DeploymentCore) {
    for name in ["zone-a", "zone-b"] {
        core.progress(NOW + Millis(310), A, &zone(name), Progress::Created);
        core.progress(NOW + Millis(340), A, &zone(name), Progress::Ready);
        core.progress(NOW + Millis(345), A, &zone(name), Progress::Reported(2));
        core.progress(NOW + Millis(350), A, &zone(name), Progress::Reported(4));
    }
}

#[test]
fn a_deployment_over_two_zones_from_the_order_until_it_can_be_resolved() {
    let mut core = core(&["zone-a", "zone-b"]);
    assert_eq!(core.start(NOW, order(1, 8)), Start::Begun);
    assert_eq!(lines(&mut core), ["zone-a: register", "zone-b: register"]);
    core.registered(NOW + Millis(2), A, &zone("zone-a"), Ok(()));
    core.registered(NOW + Millis(3), A, &zone("zone-b"), Ok(()));
    assert_eq!(lines(&mut core), ["zone-a: offer 8", "zone-b: offer 8"]);
    core.offered(NOW + Millis(300), A, &zone("zone-a"), Ok(offer(800, 4)));
    assert!(lines(&mut core).is_empty(), "the other zone may be better");
    core.offered(NOW + Millis(320), A, &zone("zone-b"), Ok(offer(700, 6)));
    assert_eq!(lines(&mut core), ["store intended", "zone-a: deploy 4", "zone-b: deploy 4"]);
    all_reported(&mut core);
    assert_eq!(lines(&mut core), ["store committed", "zone-a: confirm", "zone-b: confirm"]);
    for name in ["zone-a", "zone-b"] {
        core.confirmed(NOW + Millis(352), A, &zone(name), Ok(()));
        core.progress(NOW + Millis(360), A, &zone(name), Progress::Resolvable);
    }
    let effects = effects(&mut core);
    let [Effect::Done(outcome)] = effects.as_slice() else { panic!("{effects:?}") };
    let shares = outcome.result.as_ref().expect("it stands");
    assert_eq!(shares.iter().map(|share| share.slots).collect::<Vec<_>>(), [4, 4]);
    assert_eq!(shares[0].stem.as_str(), "epg-0000000000000001");
    assert!(outcome.left.is_empty() && outcome.took == Millis(360));
    let took = |stride, name: &str| {
        let of = |step: &&Step| step.stride == stride && step.zone == Some(zone(name));
        outcome.steps.iter().find(of).map(|step| (step.began.0, step.took.0))
    };
    assert_eq!(took(Stride::Register, "zone-b"), Some((0, 3)));
    assert_eq!(took(Stride::Offer, "zone-a"), Some((2, 298)));
    assert_eq!(took(Stride::Create, "zone-a"), Some((320, 0)), "its news came from before");
    assert_eq!(took(Stride::Ready, "zone-a"), Some((310, 30)));
    assert_eq!(took(Stride::Report, "zone-b"), Some((340, 10)));
    assert_eq!(took(Stride::Resolve, "zone-b"), Some((352, 8)));
    assert_eq!(core.poll_timeout(), None, "nothing is waited for");
    assert_eq!(core.standing().count(), 2);
}

#[test]
fn an_offer_that_still_holds_is_used_again_and_only_as_far_as_it_goes() {
    let mut core = core(&["zone-a"]);
    core.start(NOW, order(1, 4));
    core.registered(NOW, A, &zone("zone-a"), Ok(()));
    core.offered(NOW, A, &zone("zone-a"), Ok(offer(800, 6)));
    effects(&mut core);
    core.start(NOW + Millis(10), order(2, 2));
    assert_eq!(lines(&mut core), ["store intended", "zone-a: deploy 2"], "neither registered nor asked again");
    core.start(NOW + Millis(20), order(3, 1));
    assert_eq!(lines(&mut core), ["zone-a: offer 1"], "all six of the offer are given away");
}

#[test]
fn an_offer_that_no_longer_holds_is_asked_for_again() {
    let mut core = core(&["zone-a"]);
    core.start(NOW, order(1, 4));
    core.registered(NOW, A, &zone("zone-a"), Ok(()));
    core.offered(NOW, A, &zone("zone-a"), Ok(Offer { valid_for: Millis(100), ..offer(800, 100) }));
    effects(&mut core);
    core.start(NOW + Millis(100), order(2, 2));
    assert_eq!(lines(&mut core), ["zone-a: offer 2"]);
}

#[test]
fn a_late_offer_is_dropped_and_the_deployment_goes_on_without_it() {
    let mut core = core(&["zone-a", "zone-b"]);
    core.start(NOW, order(1, 4));
    core.registered(NOW, A, &zone("zone-a"), Ok(()));
    core.registered(NOW, A, &zone("zone-b"), Ok(()));
    core.offered(NOW, A, &zone("zone-b"), Ok(offer(300, 4)));
    effects(&mut core);
    assert_eq!(core.poll_timeout(), Some(NOW + Millis(1_000)));
    core.on_timeout(NOW + Millis(1_000));
    assert_eq!(lines(&mut core), ["store intended", "zone-b: deploy 4"]);
    core.offered(NOW + Millis(1_001), A, &zone("zone-a"), Ok(offer(900, 4)));
    assert!(lines(&mut core).is_empty());
    core.start(NOW + Millis(1_002), order(2, 4));
    assert_eq!(lines(&mut core), ["zone-a: offer 4", "zone-b: offer 4"], "what came late is not kept either");
}

#[test]
fn not_enough_on_offer_is_refused_with_every_zones_reason_and_nothing_was_stored() {
    let mut core = core(&["zone-a", "zone-b"]);
    core.start(NOW, Order { zones: vec![zone("zone-a"), zone("zone-c")], ..order(1, 8) });
    core.registered(NOW, A, &zone("zone-a"), Ok(()));
    core.offered(NOW, A, &zone("zone-a"), Ok(offer(800, 4)));
    let lines = lines(&mut core);
    assert_eq!(lines.len(), 3, "register, offer, refused: {lines:?}");
    assert!(lines[2].contains("4 of 8 slots") && lines[2].contains("zone-c: it is not up"), "{}", lines[2]);
    assert!(core.outcome(A).is_some_and(|outcome| outcome.verdicts.len() == 2));
    assert_eq!(core.poll_timeout(), None);
}

#[test]
fn without_any_zone_it_is_refused_at_once() {
    let mut core = core(&[]);
    assert_eq!(core.start(NOW, order(1, 8)), Start::Begun);
    assert_eq!(lines(&mut core), ["refused: no zone is up that may run it; start one, or name others"]);
}

#[test]
fn one_zone_that_fails_undoes_both_and_the_caller_hears_why() {
    let mut core = core(&["zone-a", "zone-b"]);
    deploying(&mut core);
    core.progress(NOW + Millis(310), A, &zone("zone-a"), Progress::Reported(4));
    core.progress(
        NOW + Millis(320),
        A,
        &zone("zone-b"),
        Progress::Failed("host-b: image fusion/epg:1 is missing".into()),
    );
    assert_eq!(lines(&mut core), ["store undoing", "zone-a: undo", "zone-b: undo"]);
    core.undone(NOW + Millis(330), A, &zone("zone-a"), Ok(()));
    core.undone(NOW + Millis(331), A, &zone("zone-b"), Ok(()));
    assert_eq!(lines(&mut core), ["refused: zone-b: host-b: image fusion/epg:1 is missing", "store gone"]);
    assert_eq!(core.poll_timeout(), None);
}

#[test]
fn slots_that_do_not_come_in_time_are_named_with_how_far_they_got() {
    let mut core = core(&["zone-a", "zone-b"]);
    deploying(&mut core);
    core.progress(NOW + Millis(310), A, &zone("zone-a"), Progress::Created);
    core.progress(NOW + Millis(310), A, &zone("zone-b"), Progress::Reported(4));
    core.on_timeout(NOW + Millis(10_300));
    effects(&mut core);
    for name in ["zone-a", "zone-b"] {
        core.undone(NOW + Millis(10_310), A, &zone(name), Ok(()));
    }
    let told = lines(&mut core);
    assert!(
        told[0].contains("not ready within 10 s: zone-a has created its instances, and they are not ready"),
        "{told:?}"
    );
}

#[test]
fn more_slots_than_were_asked_for_are_a_fault_and_not_a_gift() {
    let mut core = core(&["zone-a", "zone-b"]);
    deploying(&mut core);
    core.progress(NOW + Millis(310), A, &zone("zone-a"), Progress::Reported(5));
    assert_eq!(lines(&mut core)[0], "store undoing");
}

#[test]
fn an_undo_that_cannot_reach_its_zone_is_told_and_forgotten_when_nothing_can_be_left() {
    let mut core = core(&["zone-a", "zone-b"]);
    deploying(&mut core);
    let down = NOW + Millis(400);
    core.zones(down, &alive(&["zone-a"]));
    assert_eq!(lines(&mut core), ["store undoing", "zone-a: undo"]);
    core.undone(down, A, &zone("zone-a"), Ok(()));
    core.on_timeout(down + UNDO_WITHIN);
    let effects = effects(&mut core);
    let [Effect::Done(outcome)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(outcome.result.as_ref().is_err_and(|cause| cause.contains("zone-b went down")));
    assert_eq!(outcome.left, ["zone-b: it could not be asked to undo; its instances end by themselves"]);
    assert_eq!(core.poll_timeout(), Some(down + FORGET_AFTER));
    core.on_timeout(down + FORGET_AFTER);
    assert_eq!(lines(&mut core), ["store gone"]);
}

#[test]
fn a_zone_that_comes_back_is_asked_to_undo_at_once() {
    let mut core = core(&["zone-a", "zone-b"]);
    deploying(&mut core);
    core.zones(NOW + Millis(400), &alive(&["zone-a"]));
    effects(&mut core);
    core.zones(NOW + Millis(900), &alive(&["zone-a", "zone-b"]));
    assert_eq!(lines(&mut core), ["zone-b: undo"]);
}

#[test]
fn after_the_commit_a_zone_that_goes_is_no_reason_to_undo() {
    let mut core = core(&["zone-a", "zone-b"]);
    deploying(&mut core);
    all_reported(&mut core);
    effects(&mut core);
    core.zones(NOW + Millis(400), &alive(&["zone-a"]));
    core.confirmed(NOW + Millis(400), A, &zone("zone-a"), Ok(()));
    core.progress(NOW + Millis(400), A, &zone("zone-a"), Progress::Resolvable);
    core.on_timeout(NOW + Millis(350) + RESOLVE_WITHIN);
    let done = effects(&mut core);
    let [Effect::Done(outcome)] = done.as_slice() else { panic!("{done:?}") };
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.left, ["zone-b: it has not confirmed; it is asked again when it is up"]);
    core.zones(NOW + Millis(9_000), &alive(&["zone-a", "zone-b"]));
    assert_eq!(lines(&mut core), ["zone-b: confirm"]);
}

#[test]
fn a_confirmation_that_is_lost_is_sent_again() {
    let mut core = core(&["zone-a", "zone-b"]);
    deploying(&mut core);
    all_reported(&mut core);
    effects(&mut core);
    core.confirmed(NOW + Millis(360), A, &zone("zone-a"), Ok(()));
    core.confirmed(NOW + Millis(360), A, &zone("zone-b"), Err("no answer within the deadline".to_owned()));
    core.on_timeout(NOW + Millis(350) + AGAIN_AFTER);
    assert!(lines(&mut core).contains(&"zone-b: confirm".to_owned()));
}

#[test]
fn a_restart_undoes_what_was_intended_and_keeps_what_was_committed() {
    let mut core = core(&["zone-a", "zone-b"]);
    assert_eq!(core.start(NOW, order(1, 8)), Start::Begun);
    for name in ["zone-a", "zone-b"] {
        core.registered(NOW, A, &zone(name), Ok(()));
        core.offered(NOW, A, &zone(name), Ok(offer(800, 4)));
    }
    let stored = |effects: Vec<Effect>| -> Vec<Change> {
        let change = |effect| match effect {
            Effect::Store(change) => Some(change),
            _ => None,
        };
        effects.into_iter().filter_map(change).collect()
    };
    let intended = stored(effects(&mut core));
    let mut after = DeploymentCore::restore(NOW, intended.clone());
    assert_eq!(lines(&mut after), ["store undoing"], "nothing is sent before it is known who is up");
    after.zones(NOW, &alive(&["zone-a", "zone-b"]));
    assert_eq!(lines(&mut after), ["zone-a: undo", "zone-b: undo"]);
    for name in ["zone-a", "zone-b"] {
        after.undone(NOW, A, &zone(name), Ok(()));
    }
    let told = lines(&mut after);
    assert!(told[0].contains("the orchestrator restarted") && told[0].contains("deploy again"), "{told:?}");

    all_reported(&mut core);
    let committed = stored(effects(&mut core));
    let mut after = DeploymentCore::restore(NOW, intended.into_iter().chain(committed));
    assert!(lines(&mut after).is_empty());
    after.zones(NOW, &alive(&["zone-a", "zone-b"]));
    assert_eq!(lines(&mut after), ["zone-a: confirm", "zone-b: confirm"]);
}

#[test]
fn a_zone_that_restarts_is_told_what_stands_in_it() {
    let mut core = core(&["zone-a", "zone-b"]);
    deploying(&mut core);
    all_reported(&mut core);
    for name in ["zone-a", "zone-b"] {
        core.progress(NOW + Millis(360), A, &zone(name), Progress::Resolvable);
    }
    effects(&mut core);
    let second_life = vec![(zone("zone-a"), Incarnation(2)), (zone("zone-b"), Incarnation(1))];
    core.zones(NOW + Millis(5_000), &second_life);
    assert_eq!(lines(&mut core), ["zone-a: confirm"]);
    core.confirmed(NOW + Millis(5_010), A, &zone("zone-a"), Ok(()));
    assert!(lines(&mut core).is_empty() && core.poll_timeout().is_none(), "and that is all");
}

#[test]
fn the_same_request_twice_is_one_deployment_and_has_one_answer() {
    let mut core = core(&["zone-a", "zone-b"]);
    deploying(&mut core);
    assert_eq!(core.start(NOW + Millis(301), order(1, 8)), Start::Joined);
    assert!(lines(&mut core).is_empty());
    core.progress(NOW + Millis(310), A, &zone("zone-a"), Progress::Failed("the disk is full".into()));
    core.undone(NOW + Millis(311), A, &zone("zone-a"), Ok(()));
    core.undone(NOW + Millis(312), A, &zone("zone-b"), Ok(()));
    let Start::Over(outcome) = core.start(NOW + Millis(400), order(1, 8)) else { panic!("it is over") };
    assert!(outcome.result.is_err_and(|cause| cause.contains("the disk is full")));
}

#[test]
fn what_stands_can_be_removed_and_so_can_what_is_under_way() {
    let mut core = core(&["zone-a", "zone-b"]);
    deploying(&mut core);
    all_reported(&mut core);
    for name in ["zone-a", "zone-b"] {
        core.progress(NOW + Millis(360), A, &zone(name), Progress::Resolvable);
    }
    effects(&mut core);
    assert_eq!(core.in_zone(&zone("zone-a")), [A]);
    assert!(core.remove(NOW + Millis(500), A, "unregistered"));
    assert_eq!(lines(&mut core), ["store undoing", "zone-a: drain", "zone-b: drain"]);
    for name in ["zone-a", "zone-b"] {
        core.undone(NOW + Millis(510), A, &zone(name), Ok(()));
    }
    assert_eq!(lines(&mut core), ["refused: unregistered", "store gone"]);
    assert!(!core.remove(NOW + Millis(520), A, "unregistered"), "there is none any more");

    core.start(NOW + Millis(600), order(2, 8));
    effects(&mut core);
    assert!(core.remove(NOW + Millis(601), RequestId(2 << 64), "unregistered"));
    assert_eq!(lines(&mut core), ["refused: unregistered"], "nothing was stored, nothing is to be undone");
}

#[test]
fn a_service_gets_no_more_slots_than_its_manifest_says_in_all_its_deployments() {
    let mut core = core(&["zone-a", "zone-b"]);
    deploying(&mut core);
    let more = |slots| Order { most: Some(10), ..order(2, slots) };
    let Start::Refused(why) = core.start(NOW, more(3)) else { panic!("8 and 3 are more than 10") };
    assert!(why.contains("8 slots of 10"), "{why}");
    assert_eq!(core.start(NOW, more(2)), Start::Begun);
    core.progress(NOW, A, &zone("zone-a"), Progress::Failed("the disk is full".into()));
    assert_eq!(core.start(NOW, Order { id: RequestId(9), ..more(8) }), Start::Begun, "what is undone counts no more");
}

#[test]
fn two_deployments_of_one_service_at_once_are_two() {
    let mut core = core(&["zone-a"]);
    for id in [1, 2] {
        assert_eq!(core.start(NOW, order(id, 4)), Start::Begun);
        core.registered(NOW, RequestId(id << 64), &zone("zone-a"), Ok(()));
    }
    effects(&mut core);
    for id in [1, 2] {
        core.offered(NOW, RequestId(id << 64), &zone("zone-a"), Ok(offer(800, 8)));
    }
    let stems = effects(&mut core).into_iter().filter_map(|effect| match effect {
        Effect::Send { ask: Ask::Deploy { share, .. }, .. } => Some(share.stem.to_string()),
        _ => None,
    });
    assert_eq!(stems.collect::<Vec<_>>(), ["epg-0000000000000001", "epg-0000000000000002"]);
    // The zone knows better than an offer what room it has: one of them may fail, and the other stands.
    core.progress(NOW, RequestId(2 << 64), &zone("zone-a"), Progress::Failed("no room".into()));
    core.progress(NOW, A, &zone("zone-a"), Progress::Reported(4));
    core.progress(NOW, A, &zone("zone-a"), Progress::Resolvable);
    core.undone(NOW, RequestId(2 << 64), &zone("zone-a"), Ok(()));
    let told = lines(&mut core);
    assert!(
        told.contains(&"done in 1".to_owned()) && told.contains(&"refused: zone-a: no room".to_owned()),
        "{told:?}"
    );
}

#[test]
fn an_added_configuration_takes_the_same_road_without_create() {
    let mut core = core(&["zone-a"]);
    core.start(NOW, Order { road: Road::Configure, ..order(1, 4) });
    core.registered(NOW, A, &zone("zone-a"), Ok(()));
    core.offered(NOW, A, &zone("zone-a"), Ok(offer(800, 4)));
    core.progress(NOW + Millis(1), A, &zone("zone-a"), Progress::Reported(4));
    core.progress(NOW + Millis(2), A, &zone("zone-a"), Progress::Resolvable);
    let last = lines(&mut core).pop();
    assert_eq!(last.as_deref(), Some("done in 1"));
}

#[test]
fn orders_that_cannot_be_are_refused_with_the_remedy() {
    let mut core = core(&["zone-a"]);
    for (bad, word) in [
        (order(1, 0), "1 or more"),
        (Order { offer_within: Millis::ZERO, ..order(1, 1) }, "up to 10 s"),
        (Order { deploy_within: Millis::from_secs(50), ..order(1, 1) }, "up to 40 s"),
    ] {
        let Start::Refused(why) = core.start(NOW, bad) else { panic!("it should be refused") };
        assert!(why.contains(word), "{why}");
    }
    for id in 0..UNDER_WAY_MAX as u128 {
        assert_eq!(core.start(NOW, order(id + 10, 1)), Start::Begun);
    }
    let Start::Refused(why) = core.start(NOW, order(1, 1)) else { panic!("too many") };
    assert!(why.contains("try again"), "{why}");
}
