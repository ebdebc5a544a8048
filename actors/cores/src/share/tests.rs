//! Shares told as stories.

use super::*;
use actors_protocol::host::MadeInstance;

fn name(name: &str) -> NodeName {
    NodeName::new(name).expect("a node name")
}

fn share(slots: u32) -> ZoneShare {
    ZoneShare {
        id: RequestId(7),
        service: "epg.example".parse().expect("a service name"),
        slots,
        each: 4,
        stem: "epg-07".parse().expect("an instance name"),
    }
}

fn core() -> ShareCore {
    let mut core = ShareCore::default();
    core.hosts(&[name("host-a"), name("host-b")]);
    core
}

fn plan() -> Result<Vec<Placement>, String> {
    Ok(vec![Placement { host: name("host-a"), slots: 4 }, Placement { host: name("host-b"), slots: 2 }])
}

fn effects(core: &mut ShareCore) -> Vec<Effect> {
    core::iter::from_fn(|| core.poll_effect()).collect()
}

fn instance(index: usize) -> InstanceName {
    making::numbered(&share(6).stem, index)
}

fn free(free: u32) -> SlotCounts {
    SlotCounts { free, ..SlotCounts::default() }
}

fn made(index: usize, slots: u32) -> MadeInstance {
    MadeInstance { instance: instance(index), incarnation: None, slots, provisional: true }
}

/// Hosts that do at once whatever they are asked, and have `found` of the share.
fn obey(core: &mut ShareCore, found: &[(&str, MadeInstance)]) -> Vec<Effect> {
    let mut rest = Vec::new();
    while let Some(effect) = core.poll_effect() {
        match effect {
            Effect::Confirm(errand) | Effect::Remove(errand, _) => core.host_answered(&errand, Done::Yes),
            Effect::Search { host, id, round, .. } => {
                let here = found.iter().filter(|(at, _)| *at == host.as_str());
                let here: Vec<_> = here.map(|(_, made)| made.clone()).collect();
                core.found(id, &host, round, Some(&here));
            }
            rest_of => rest.push(rest_of),
        }
    }
    rest
}

/// A share of two instances that is there, provisionally.
fn deployed(core: &mut ShareCore) {
    core.deploy(Millis(0), share(6), plan, Millis(1_000));
    core.created(share(6).id, &instance(0), Ok(()));
    core.pool(&name("host-a"), &instance(0), free(4));
    core.created(share(6).id, &instance(1), Ok(()));
    core.pool(&name("host-b"), &instance(1), free(2));
}

#[test]
fn a_share_is_there_when_all_its_slots_are_and_is_hidden_until_it_is_confirmed() {
    let mut core = core();
    deployed(&mut core);
    let told = effects(&mut core);
    let create = told.iter().filter(|effect| matches!(effect, Effect::Create { .. })).count();
    let told_all = matches!(told.last(), Some(Effect::Deployed(_, Ok((6, there)))) if there.len() == 2);
    assert!(create == 2 && told_all, "{told:?}");
    assert_eq!(core.hidden().len(), 2);
    core.confirm(share(6));
    let told = obey(&mut core, &[]);
    assert!(matches!(told.last(), Some(Effect::Confirmed(_, Ok(there))) if there.len() == 2), "{told:?}");
    assert_eq!(told.iter().filter(|effect| matches!(effect, Effect::Keep { host: Some(_), .. })).count(), 2);
    assert!(core.hidden().is_empty() && core.kept().count() == 2);
}

#[test]
fn the_same_order_twice_makes_nothing_twice() {
    let mut core = core();
    deployed(&mut core);
    effects(&mut core);
    core.deploy(Millis(5), share(6), plan, Millis(1_000));
    assert!(matches!(effects(&mut core)[..], [Effect::Deployed(_, Ok((6, _)))]));
}

#[test]
fn what_was_undone_never_comes_back() {
    let mut core = core();
    deployed(&mut core);
    effects(&mut core);
    core.undo(share(6), Millis::ZERO);
    let found = [("host-a", made(0, 4)), ("host-b", made(1, 2))];
    let told = obey(&mut core, &found);
    assert!(matches!(told.last(), Some(Effect::Undone(_, Ok(())))), "{told:?}");
    core.deploy(Millis(9), share(6), plan, Millis(1_000));
    core.confirm(share(6));
    assert!(matches!(effects(&mut core)[..], [Effect::Deployed(_, Err(_)), Effect::Confirmed(_, Err(_))]));
}

#[test]
fn an_undo_is_not_done_while_a_host_that_is_up_does_not_answer() {
    let mut core = core();
    deployed(&mut core);
    effects(&mut core);
    core.undo(share(6), Millis::ZERO);
    let searches = effects(&mut core);
    for effect in searches {
        if let Effect::Search { host, id, round, .. } = effect {
            core.found(id, &host, round, (host == name("host-a")).then_some(&[made(0, 4)]));
        }
    }
    let told = obey(&mut core, &[]);
    assert!(matches!(&told[..], [Effect::Undone(_, Err(why))] if why.contains("host-b")), "{told:?}");
    core.undo(share(6), Millis::ZERO);
    assert!(matches!(obey(&mut core, &[("host-b", made(1, 2))]).last(), Some(Effect::Undone(_, Ok(())))));
}

#[test]
fn a_zone_manager_that_started_anew_finds_what_is_there_and_makes_what_is_missing() {
    let mut core = core();
    core.confirm(share(6));
    let told = obey(&mut core, &[("host-b", made(1, 2))]);
    let missing = told.iter().find_map(|effect| match effect {
        Effect::Keep { instance, slots, host: None, .. } => Some((instance.clone(), *slots)),
        _ => None,
    });
    assert_eq!(missing, Some((instance(0), 4)), "{told:?}");
}

#[test]
fn an_instance_that_lies_is_late_or_loses_its_host_ends_the_share() {
    let mut core = core();
    core.deploy(Millis(0), share(6), plan, Millis(1_000));
    core.on_timeout(core.poll_timeout().expect("a deadline"));
    let late = |effect: &Effect| matches!(effect, Effect::Deployed(_, Err(why)) if why.contains("is not made"));
    assert!(effects(&mut core).iter().any(late));

    let mut core = self::core();
    core.deploy(Millis(0), share(6), plan, Millis(1_000));
    for index in [0, 1] {
        core.created(share(6).id, &instance(index), Ok(()));
    }
    core.pool(&name("host-a"), &instance(0), free(5));
    let lies = |effect: &Effect| matches!(effect, Effect::Deployed(_, Err(why)) if why.contains("builder"));
    assert!(effects(&mut core).iter().any(lies));

    let mut core = self::core();
    deployed(&mut core);
    core.hosts(&[name("host-b")]);
    let gone = |effect: &Effect| matches!(effect, Effect::Deployed(_, Err(why)) if why.contains("host-a went down"));
    assert!(effects(&mut core).iter().any(gone));
}

#[test]
fn a_host_that_was_away_when_its_share_was_undone_loses_it_when_it_is_back() {
    let mut core = core();
    deployed(&mut core);
    core.confirm(share(6));
    obey(&mut core, &[]);
    core.hosts(&[name("host-b")]);
    core.undo(share(6), Millis::ZERO);
    obey(&mut core, &[("host-b", made(1, 2))]);
    core.hosts(&[name("host-a"), name("host-b")]);
    assert_eq!(effects(&mut core), [Effect::Sweep(name("host-a"))]);
    core.swept(&name("host-a"), &[made(0, 4)]);
    assert!(matches!(&effects(&mut core)[..], [Effect::Remove(errand, _)] if errand.instance == instance(0)));
}

#[test]
fn a_zone_manager_that_knows_no_host_yet_claims_nothing() {
    let mut core = ShareCore::default();
    core.undo(share(6), Millis::ZERO);
    assert!(matches!(effects(&mut core)[..], [Effect::Drop(_), Effect::Undone(_, Err(_))]));
    let mut core = ShareCore::default();
    core.confirm(share(6));
    assert!(matches!(effects(&mut core)[..], [Effect::Confirmed(_, Err(_))]));
}
