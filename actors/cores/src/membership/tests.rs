//! The orchestrator's promises, as sentences. Here: the words they are written in.

use std::collections::BTreeMap;

use actors_protocol::membership::{Admission, Denial, Deny, Heartbeat, HeartbeatReply, ListInstances, MintToken};
use actors_protocol::slot::{PoolReport, ServiceUse, SlotCounts};
use actors_protocol::{Incarnation, InstanceName};

use super::*;

mod history;
mod joining;
mod living;

/// A second since 1970, as good as any other.
const WALL: u64 = 1_700_000_000;
const DAYS_30: u64 = 30 * 86_400;

fn name<N: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> N {
    text.parse().unwrap()
}

/// The stored rows, by what they are of.
type Rows = BTreeMap<String, Change>;

fn store(rows: &mut Rows, changes: &[Change]) {
    for change in changes {
        let (key, gone) = match change {
            Change::Node(row) => (format!("node {}", row.node), false),
            Change::NodeGone(node) => (format!("node {node}"), true),
            Change::Token(row) => (format!("token {}", row.secret.0), false),
            Change::TokenGone(secret) => (format!("token {}", secret.0), true),
            Change::Denied(row) => (format!("denied {}", row.node), false),
            Change::DeniedGone(node) => (format!("denied {node}"), true),
            Change::Zone(zone) => (format!("zone {zone}"), false),
            Change::Host(row) => (format!("host {}", row.node), false),
            Change::HostGone(node) => (format!("host {node}"), true),
            Change::Service(service) => (format!("service {service}"), false),
            Change::Version(_) => ("version".to_owned(), false),
        };
        if gone { drop(rows.remove(&key)) } else { drop(rows.insert(key, change.clone())) }
    }
}

/// An orchestrator and its store.
struct Domain {
    core: MembershipCore,
    rows: Rows,
    now: u64,
    wall: u64,
}

impl Domain {
    fn new() -> Domain {
        let rows = Rows::new();
        Domain { core: Domain::core(0, &rows), rows, now: 0, wall: WALL }
    }

    fn core(now: u64, rows: &Rows) -> MembershipCore {
        MembershipCore::restore(Millis(now), name("demo"), name("orchestrator"), rows.values().cloned())
    }

    /// Store, then send.
    fn commit<T>(&mut self, decision: Decision<T>) -> T {
        store(&mut self.rows, &decision.changes);
        decision.reply
    }

    /// kill -9 and start again.
    fn restart(&mut self) {
        self.core = Domain::core(self.now, &self.rows);
    }

    fn mint(&mut self, secret: u128, node: &str, roles: &[Role], zone: Option<&str>) -> Result<Minted, String> {
        let mint =
            MintToken { node: name(node), roles: Roles::of(roles), zone: zone.map(name), valid_for: Millis(60_000) };
        let decision = self.core.mint(Millis(self.now), self.wall, secret, &mint);
        self.commit(decision)
    }

    fn join(&mut self, secret: u128) -> Entry {
        let decision = self.core.join(Millis(self.now), self.wall, secret, true);
        self.commit(decision)
    }

    fn host(&mut self, secret: u128, node: &str) {
        self.mint(secret, node, &[Role::Host], Some("zone-a")).unwrap();
        assert!(matches!(self.join(secret), Entry::Issue(_)));
    }

    fn deny(&mut self, node: &str) -> Denial {
        let decision = self.core.deny(Millis(self.now), &Deny { node: name(node), reason: "lost".into() });
        self.commit(decision)
    }

    fn beat(&mut self, node: &str, incarnation: u64) -> Option<HeartbeatReply> {
        self.beat_as(node, Heartbeat { incarnation: Incarnation(incarnation), ..beat() })
    }

    fn beat_as(&mut self, node: &str, beat: Heartbeat) -> Option<HeartbeatReply> {
        let decision = self.core.heartbeat(Millis(self.now), &name(node), Roles::of(&[Role::Host, Role::Zone]), &beat);
        self.commit(decision)
    }

    fn pass(&mut self, time: u64) {
        let until = self.now + time;
        while let Some(at) = self.core.poll_timeout().filter(|at| at.0 <= until) {
            self.now = at.0;
            let decision = self.core.on_timeout(at);
            self.commit(decision);
        }
        self.now = until;
        self.wall += time / 1_000;
    }

    fn alive(&self) -> Vec<String> {
        let nodes = self.core.directory().nodes.into_iter().filter(|node| node.alive);
        nodes.map(|node| node.node.to_string()).collect()
    }
}

fn beat() -> Heartbeat {
    Heartbeat {
        roles: Roles::of(&[Role::Host]),
        zone: Some(name("zone-a")),
        advertise: "10.0.0.1:4433".parse().unwrap(),
        incarnation: Incarnation(1),
        known: 0,
        leaving: false,
    }
}

fn refusal(entry: Entry) -> Admission {
    match entry {
        Entry::Refused(admission) => admission,
        Entry::Issue(issue) => panic!("{issue:?}"),
    }
}
