//! What a zone manager does, as sentences.

use super::*;
use actors_protocol::Address;
use actors_protocol::host::Offering;

fn wanted(name: &str, host: Option<&str>) -> Wanted {
    let create = CreateInstance {
        instance: name.parse().expect("name"),
        zone: "zone-a".parse().expect("name"),
        gateway: "zone-a".parse().expect("name"),
        builder: "echo".into(),
        offerings: vec![Offering {
            service: "echo.demo".parse().expect("name"),
            cap: None,
            parameters: Default::default(),
        }],
        slots: 4,
        parameters: BTreeMap::new(),
        provisional: None,
    };
    Wanted { create, host: host.map(|host| host.parse().expect("name")) }
}

fn factory(life: u64) -> Address {
    format!("fusion://demo/host-a/instance/one#{life}").parse().expect("address")
}

fn creates(core: &mut ZoneCore) -> Vec<(String, String)> {
    let mut list = Vec::new();
    while let Some(effect) = core.poll_effect() {
        if let Effect::Create { host, create } = effect {
            list.push((host.to_string(), create.instance.to_string()));
        }
    }
    list
}

fn names(names: &[&str]) -> Vec<NodeName> {
    names.iter().map(|name| name.parse().expect("name")).collect()
}

fn pair(host: &str, instance: &str) -> (String, String) {
    (host.to_owned(), instance.to_owned())
}

#[test]
fn instances_spread_over_the_hosts_and_are_asked_for_once() {
    let mut core = ZoneCore::new(vec![wanted("one", None), wanted("two", None), wanted("six", Some("host-b"))]);
    assert!(core.failures().iter().any(|failure| failure.cause.contains("has no host that is up")));
    core.hosts(Millis(1), &names(&["host-a", "host-b"]));
    let made = creates(&mut core);
    assert_eq!(core.failures()[0].cause, "host host-a is making it");
    assert!(core.failures().iter().all(is_beginning));
    assert_eq!(made.len(), 3);
    assert_eq!(made, [pair("host-a", "one"), pair("host-b", "six"), pair("host-a", "two")]);
    core.hosts(Millis(2), &names(&["host-a", "host-b"]));
    assert!(creates(&mut core).is_empty(), "an answer is awaited");
}

#[test]
fn a_refusal_is_told_and_tried_again_after_a_pause_that_grows() {
    let mut core = ZoneCore::new(vec![wanted("one", None)]);
    let host = "host-a".parse().expect("name");
    core.hosts(Millis(0), &names(&["host-a"]));
    assert_eq!(creates(&mut core), [pair("host-a", "one")]);
    let refusal = || Ok(Creation::Refused { cause: "clip '/no/such' does not exist".into() });
    core.created(Millis(0), &host, &"one".parse().expect("name"), refusal());
    assert!(core.failures()[0].cause.contains("/no/such"), "{:?}", core.failures());
    assert!(!is_beginning(&core.failures()[0]));
    core.on_timeout(Millis(999));
    assert!(creates(&mut core).is_empty());
    core.on_timeout(Millis(1_000));
    assert_eq!(creates(&mut core).len(), 1);
    core.created(Millis(1_000), &host, &"one".parse().expect("name"), refusal());
    core.on_timeout(Millis(2_999));
    assert!(creates(&mut core).is_empty(), "the second pause is twice the first");
    core.on_timeout(Millis(3_000));
    assert_eq!(creates(&mut core).len(), 1);
    core.created(Millis(3_000), &host, &"one".parse().expect("name"), Ok(Creation::Created { factory: factory(7) }));
    assert!(core.failures().is_empty());
    assert_eq!(core.placement(), [("one".parse().expect("name"), Some(host))]);
}

#[test]
fn what_a_restarted_host_no_longer_runs_is_made_again() {
    let mut core = ZoneCore::new(vec![wanted("one", None)]);
    let (host, name) = ("host-a".parse().expect("name"), "one".parse().expect("name"));
    core.hosts(Millis(0), &names(&["host-a"]));
    creates(&mut core);
    core.created(Millis(0), &host, &name, Ok(Creation::Created { factory: factory(7) }));
    core.status(Millis(500), &host, Some(&[(name.clone(), Incarnation(7))]));
    assert!(creates(&mut core).is_empty());
    core.status(Millis(1_000), &host, Some(&[]));
    assert_eq!(creates(&mut core), [pair("host-a", "one")]);
}

#[test]
fn a_restarted_zone_takes_over_what_its_hosts_run() {
    let mut core = ZoneCore::new(vec![wanted("one", Some("host-a"))]);
    let (host, name): (NodeName, InstanceName) = ("host-a".parse().expect("name"), "one".parse().expect("name"));
    core.hosts(Millis(0), &names(&["host-a"]));
    creates(&mut core);
    core.created(Millis(5), &host, &name, Ok(Creation::Exists { factory: factory(7) }));
    assert!(core.failures().is_empty());
}

#[test]
fn when_a_host_goes_its_instances_move() {
    let mut core = ZoneCore::new(vec![wanted("one", None)]);
    core.hosts(Millis(0), &names(&["host-a"]));
    creates(&mut core);
    core.created(
        Millis(0),
        &"host-a".parse().expect("name"),
        &"one".parse().expect("name"),
        Ok(Creation::Created { factory: factory(7) }),
    );
    core.hosts(Millis(9), &names(&["host-b"]));
    assert_eq!(creates(&mut core), [pair("host-b", "one")]);
}

#[test]
fn what_runs_twice_after_its_host_came_back_is_removed_once() {
    let mut core = ZoneCore::new(vec![wanted("one", None)]);
    let (old, new): (NodeName, NodeName) = ("host-a".parse().expect("name"), "host-b".parse().expect("name"));
    let name: InstanceName = "one".parse().expect("name");
    core.hosts(Millis(0), &names(&["host-a"]));
    core.created(Millis(0), &old, &name, Ok(Creation::Created { factory: factory(7) }));
    core.hosts(Millis(9), &names(&["host-b"]));
    core.created(Millis(9), &new, &name, Ok(Creation::Created { factory: factory(1) }));
    core.hosts(Millis(20), &names(&["host-a", "host-b"]));
    creates(&mut core);
    let running = [(name.clone(), Incarnation(7))];
    core.status(Millis(30), &old, Some(&running));
    let removal = Some(Effect::Remove { host: old.clone(), instance: name.clone() });
    assert_eq!(core.poll_effect(), removal);
    core.status(Millis(530), &old, Some(&running));
    assert_eq!(core.poll_effect(), None, "it drains");
    core.not_removed(&old, &name);
    core.status(Millis(1_030), &old, Some(&running));
    assert_eq!(core.poll_effect(), removal, "it could not be asked");
    core.status(Millis(1_530), &old, Some(&[]));
    assert_eq!(core.poll_effect(), None);
    assert_eq!(core.placement(), [(name, Some(new))]);
}

#[test]
fn an_instance_without_its_host_does_not_keep_the_core_awake() {
    let mut core = ZoneCore::new(vec![wanted("one", Some("host-b"))]);
    core.hosts(Millis(3), &names(&["host-a"]));
    core.on_timeout(Millis(3));
    assert_eq!(core.poll_timeout(), Some(Millis(503)));
}

#[test]
fn hosts_are_asked_what_they_run_and_not_again_before_they_answer() {
    let mut core = ZoneCore::new(vec![]);
    let host = "host-a".parse().expect("name");
    core.hosts(Millis(0), &names(&["host-a"]));
    core.on_timeout(Millis(0));
    assert_eq!(core.poll_effect(), Some(Effect::Status { host: "host-a".parse().expect("name") }));
    core.on_timeout(Millis(500));
    assert_eq!(core.poll_effect(), None);
    core.status(Millis(600), &host, None);
    core.on_timeout(Millis(1_000));
    assert_eq!(core.poll_effect(), Some(Effect::Status { host }));
    assert_eq!(core.poll_timeout(), Some(Millis(1_500)));
}

#[test]
fn after_a_refusal_another_host_is_tried() {
    let mut core = ZoneCore::new(vec![wanted("one", None)]);
    core.hosts(Millis(0), &names(&["host-a", "host-b"]));
    assert_eq!(creates(&mut core), [pair("host-a", "one")]);
    let refusal = || Ok(Creation::Refused { cause: "it is being removed here".into() });
    core.created(Millis(0), &"host-a".parse().expect("name"), &"one".parse().expect("name"), refusal());
    core.on_timeout(Millis(1_000));
    assert_eq!(creates(&mut core), [pair("host-b", "one")]);
    core.created(Millis(1_000), &"host-b".parse().expect("name"), &"one".parse().expect("name"), refusal());
    core.on_timeout(Millis(3_000));
    assert_eq!(creates(&mut core), [pair("host-a", "one")]);
}
