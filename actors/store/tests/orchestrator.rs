//! A domain's membership over a restart, in every kind of store: a used token stays used, a denied node stays denied.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::str::FromStr;

use actors_cores::membership::{Decision, Entry, MembershipCore};
use actors_protocol::gateway::ZoneReport;
use actors_protocol::membership::{Admission, Deny, Heartbeat, ListInstances, MintToken};
use actors_protocol::slot::{PoolReport, ServiceUse, SlotCounts};
use actors_protocol::{Incarnation, Millis, Role, Roles};
use actors_store::{Embedded, Memory, Store, StoreError, Table, records};

const WALL: u64 = 1_700_000_000;

fn name<N: FromStr<Err: std::fmt::Debug>>(text: &str) -> N {
    text.parse().unwrap()
}

fn core(store: &dyn Store) -> MembershipCore {
    let kept = records::load(store).unwrap();
    MembershipCore::restore(Millis(0), name("demo"), name("orchestrator"), kept)
}

/// Store, then send.
fn commit<T>(store: &dyn Store, decision: Decision<T>) -> T {
    records::save(store, &decision.changes).unwrap();
    decision.reply
}

/// Makes one record of each kind, and takes some away again.
fn live(store: &dyn Store) {
    let mut core = core(store);
    for (secret, node, role) in
        [(1, "host-a", Role::Host), (2, "manager", Role::Zone), (u128::MAX, "host-b", Role::Host)]
    {
        let zone = Some(name("zone-a"));
        let mint = MintToken { node: name(node), roles: Roles::of(&[role]), zone, valid_for: Millis(60_000) };
        commit(store, core.mint(Millis(0), WALL, secret, &mint)).unwrap();
        let admitted = commit(store, core.join(Millis(0), WALL, secret, true));
        assert!(matches!(admitted, Entry::Issue(_)));
        let beat = Heartbeat {
            roles: Roles::of(&[role]),
            zone: Some(name("zone-a")),
            advertise: "[2001:db8::1]:4433".parse().unwrap(),
            incarnation: Incarnation(u64::MAX),
            known: 0,
            leaving: false,
        };
        assert!(commit(store, core.heartbeat(Millis(0), &name(node), Roles::of(&[role]), &beat)).is_some());
    }
    let pool = PoolReport {
        instance: name("clip-a"),
        incarnation: Incarnation(1),
        seq: 1,
        counts: SlotCounts::default(),
        services: vec![ServiceUse { service: name("clip.demo"), cap: None, used: 0 }],
        age: Millis(0),
        note: None,
    };
    let report = ZoneReport {
        zone: name("zone-a"),
        incarnation: Incarnation(1),
        seq: 1,
        pools: vec![(name("host-a"), pool)],
        failures: vec![],
        stale_after: Millis(1_000),
    };
    commit(store, core.zone_report(Millis(0), &name("manager"), report));
    let reason = "stolen, \"really\" — zurück".to_owned();
    commit(store, core.deny(Millis(0), &Deny { node: name("host-b"), reason }));
}

fn still_so(store: &dyn Store) {
    let mut core = core(store);
    let used = core.join(Millis(0), WALL, 1, true);
    assert_eq!(used.reply, Entry::Refused(Admission::UsedToken { node: name("host-a") }));
    let Entry::Refused(Admission::Denied { reason }) = core.join(Millis(0), WALL, u128::MAX, true).reply else {
        panic!()
    };
    assert_eq!(reason, "stolen, \"really\" — zurück");
    let directory = core.directory();
    let nodes: Vec<_> = directory.nodes.iter().map(|node| (node.node.as_str(), node.alive)).collect();
    assert_eq!(nodes, [("host-a", true), ("manager", true)]);
    assert_eq!(directory.denied, [name("host-b")]);
    assert_eq!(core.hosts().collect::<Vec<_>>(), [(&name("host-a"), &name("zone-a"))]);
    assert_eq!(core.zones().collect::<Vec<_>>(), [&name::<actors_protocol::ZoneName>("zone-a")]);
    let listed = core.list_instances(Millis(0), &ListInstances { service: None });
    assert_eq!(listed.services, [name("clip.demo")]);
    assert!(directory.version > 3);
}

#[test]
fn membership_survives_in_every_kind_of_store() {
    let memory = Memory::new();
    live(&memory);
    still_so(&memory.clone());

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    live(&Embedded::open(&path).unwrap());
    still_so(&Embedded::open(&path).unwrap());
}

#[test]
fn a_record_that_cannot_be_read_is_an_error_that_shows_no_secret() {
    let store = Memory::new();
    store.put(Table::Tokens, "00c0ffee", b"{\"secret\": 12648430").unwrap();
    let error = records::load(&store).unwrap_err();
    assert!(matches!(error, StoreError::Record { table: "tokens", .. }));
    assert!(!error.to_string().contains("c0ffee") && error.to_string().contains("tokens"), "{error}");
}

#[test]
fn nothing_to_save_is_no_commit() {
    let store = Memory::new();
    records::save(&store, &[]).unwrap();
    assert!(Table::ALL.iter().all(|table| store.scan(*table).unwrap().is_empty()));
}
