//! Who is there.

use super::*;

#[test]
fn a_node_is_alive_for_three_missed_heartbeats() {
    let mut domain = Domain::new();
    domain.host(7, "host-a");
    assert!(domain.alive().is_empty(), "it has joined and not been heard of");
    domain.beat("host-a", 1);
    domain.pass(1_000);
    domain.beat("host-a", 1);
    domain.pass(2_999);
    assert_eq!(domain.alive(), ["host-a"]);
    domain.pass(1);
    assert!(domain.alive().is_empty());
    domain.beat("host-a", 1);
    assert_eq!(domain.alive(), ["host-a"], "it is back");
    assert_eq!(domain.core.poll_timeout(), Some(Millis(domain.now) + ALIVE_FOR));
}

#[test]
fn a_node_that_leaves_is_down_at_once_and_a_late_heartbeat_does_not_revive_it() {
    let mut domain = Domain::new();
    domain.beat("host-a", 3);
    domain.beat_as("host-a", Heartbeat { leaving: true, incarnation: Incarnation(3), ..beat() });
    assert!(domain.alive().is_empty());
    domain.beat("host-a", 3);
    domain.restart();
    domain.beat("host-a", 3);
    assert!(domain.alive().is_empty());
    domain.beat("host-a", 4);
    assert_eq!(domain.alive(), ["host-a"], "its next life");
}

#[test]
fn an_older_life_says_nothing() {
    let mut domain = Domain::new();
    domain.beat("host-a", 5);
    let elsewhere = "10.0.0.9:1".parse().unwrap();
    domain.beat_as("host-a", Heartbeat { incarnation: Incarnation(4), advertise: elsewhere, ..beat() });
    let node = &domain.core.directory().nodes[0];
    assert_eq!((node.incarnation, node.advertise), (Incarnation(5), Some(beat().advertise)));
}

#[test]
fn a_node_has_no_role_that_its_certificate_has_not() {
    let mut domain = Domain::new();
    let greedy = Heartbeat { roles: Roles::of(&[Role::Host, Role::Resolver]), ..beat() };
    domain.beat_as("host-a", greedy);
    assert_eq!(domain.core.directory().nodes[0].roles, Roles::of(&[Role::Host]));
}

#[test]
fn a_node_keeps_the_zone_of_its_token() {
    let mut domain = Domain::new();
    domain.host(7, "host-a");
    domain.beat_as("host-a", Heartbeat { zone: Some(name("zone-b")), ..beat() });
    assert_eq!(domain.core.directory().nodes[0].zone, Some(name("zone-a")));
}

#[test]
fn the_directory_is_sent_to_whoever_has_another() {
    let mut domain = Domain::new();
    let directory = domain.beat("host-a", 1).unwrap().directory.unwrap();
    let known = directory.version;
    assert_eq!(domain.beat_as("host-a", Heartbeat { known, ..beat() }).unwrap().directory, None);
    let decision =
        domain.core.heartbeat(Millis(0), &name("host-a"), Roles::of(&[Role::Host]), &Heartbeat { known, ..beat() });
    assert!(decision.changes.is_empty(), "a heartbeat without news costs no commit");
    domain.beat("host-b", 1);
    let newer = domain.beat_as("host-a", Heartbeat { known, ..beat() }).unwrap().directory.unwrap();
    assert!(newer.version > known && newer.nodes.len() == 2);
}

#[test]
fn a_restart_of_the_orchestrator_declares_nobody_down() {
    let mut domain = Domain::new();
    domain.beat("host-a", 1);
    domain.beat("host-b", 1);
    let version = domain.core.directory().version;
    domain.now = 100_000;
    domain.restart();
    assert_eq!((domain.alive().len(), domain.core.directory().version), (2, version));
    domain.pass(1_000);
    domain.beat("host-a", 1);
    domain.pass(2_500);
    assert_eq!(domain.alive(), ["host-a"], "those that do not come back are");
    assert!(domain.core.directory().version > version);
}

fn zone_report(zone: &str, incarnation: u64, seq: u64, free: u32) -> ZoneReport {
    let pool = PoolReport {
        instance: name::<InstanceName>("clip-a"),
        incarnation: Incarnation(1),
        seq: 1,
        counts: SlotCounts { free, ..SlotCounts::default() },
        services: vec![ServiceUse { service: name("clip.demo"), cap: None, used: 0 }],
        age: Millis(5),
        note: None,
    };
    let failure = actors_protocol::zone::InstanceFailure {
        instance: name("echo-a"),
        service: name("echo.demo"),
        cause: "no builder".into(),
    };
    let (pools, failures) = (vec![(name("host-a"), pool)], vec![failure]);
    ZoneReport {
        zone: name(zone),
        incarnation: Incarnation(incarnation),
        seq,
        pools,
        failures,
        stale_after: Millis(1_000),
    }
}

fn report(domain: &mut Domain, from: &str, report: ZoneReport) -> u64 {
    let decision = domain.core.zone_report(Millis(domain.now), &name(from), report);
    domain.commit(decision).seq
}

fn manager(domain: &mut Domain, node: &str, zone: &str) {
    domain.beat_as(node, Heartbeat { roles: Roles::of(&[Role::Zone]), zone: Some(name(zone)), ..beat() });
}

#[test]
fn the_zones_reports_are_listed_with_their_ages() {
    let mut domain = Domain::new();
    manager(&mut domain, "manager", "zone-a");
    assert_eq!(report(&mut domain, "manager", zone_report("zone-a", 2, 5, 4)), 5);
    for older in [(1, 9), (2, 4)] {
        report(&mut domain, "manager", zone_report("zone-a", older.0, older.1, 0));
    }
    domain.now = 100;
    let list =
        |service: Option<&str>| domain.core.list_instances(Millis(100), &ListInstances { service: service.map(name) });
    let all = list(None);
    assert_eq!((all.pools[0].pool.age, all.pools[0].pool.counts.free), (Millis(105), 4));
    assert_eq!((all.failures.len(), &all.services[..]), (1, &[name("clip.demo")][..]));
    assert_eq!((list(Some("clip.demo")).pools.len(), list(Some("clip.demo")).failures.len()), (1, 0));
    assert_eq!((list(Some("echo.demo")).pools.len(), list(Some("echo.demo")).failures.len()), (0, 1));
}

#[test]
fn service_names_are_kept_over_a_restart() {
    let mut domain = Domain::new();
    manager(&mut domain, "manager", "zone-a");
    report(&mut domain, "manager", zone_report("zone-a", 1, 1, 4));
    domain.restart();
    let list = domain.core.list_instances(Millis(0), &ListInstances { service: None });
    assert_eq!((list.pools.len(), list.services.len()), (0, 1));
    let again = domain.core.zone_report(Millis(0), &name("manager"), zone_report("zone-a", 1, 2, 4));
    assert!(again.changes.is_empty(), "a name is stored once");
    assert_eq!(domain.core.zones().collect::<Vec<_>>(), [&name::<ZoneName>("zone-a")]);
}

#[test]
fn only_a_zones_manager_reports_it() {
    let mut domain = Domain::new();
    manager(&mut domain, "manager-b", "zone-b");
    domain.beat("host-a", 1);
    for other in ["manager-b", "host-a", "stranger"] {
        assert_eq!(report(&mut domain, other, zone_report("zone-a", 1, 1, 4)), 0, "{other}: not taken in");
    }
    assert!(domain.core.list_instances(Millis(0), &ListInstances { service: None }).pools.is_empty());
}

#[test]
fn a_denied_managers_report_is_forgotten() {
    let mut domain = Domain::new();
    manager(&mut domain, "manager", "zone-a");
    report(&mut domain, "manager", zone_report("zone-a", 1, 1, 4));
    domain.deny("manager");
    assert!(domain.core.list_instances(Millis(0), &ListInstances { service: None }).pools.is_empty());
}

#[test]
fn members_have_a_bound() {
    let mut domain = Domain::new();
    for index in 0..=NODES_MAX {
        domain.beat(&format!("host-{index}"), 1);
    }
    assert_eq!(domain.core.directory().nodes.len(), NODES_MAX);
    assert!(domain.mint(7, "host-x", &[Role::Host], Some("zone-a")).unwrap_err().contains("no more are permitted"));
    let listed = domain.core.list_nodes(&actors_protocol::membership::ListNodes { alive_only: true });
    assert_eq!(listed.directory.nodes.len(), NODES_MAX);
}
