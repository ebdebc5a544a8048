//! The orchestrator's decisions: who may join, who is who, who is alive, who is refused, and what the zones reported.
//!
//! ```text
//!   operator ──MintToken──► token ──Join, once──► member ──heartbeat every second──► alive
//!                                                   │  ▲                              │ 3 s of silence, or it leaves
//!                                                Deny  └──────────── down ◄───────────┘
//!                                                   └──► denied, for good
//! ```
//!
//! Owns: tokens, members, the deny list, the version of the directory, and the names of zones, hosts and services that the
//! domain ever had. Refuses: signing certificates and storing.
//!
//! **Store, then send.** Every decision comes as a [`Decision`]: its changes are committed before its reply is sent. If the
//! commit fails, nothing is sent, and the core is made anew from what the store has: it is ahead of it.

use std::collections::{BTreeMap, BTreeSet};

use actors_protocol::gateway::ZoneReport;
use actors_protocol::membership::{Directory, ListNodes, NodeList};
use actors_protocol::{DomainName, Incarnation, Millis, NodeName, Role, Roles, ServiceName, ZoneName};

mod admission;
mod deny;
mod listing;
mod mint;
mod nodes;
mod record;
mod state;
#[cfg(test)]
mod tests;

pub use admission::{CERTIFICATE_SECONDS, Entry, Issue};
pub use listing::{FAILURES_LISTED_MAX, POOLS_LISTED_MAX, SERVICES_MAX};
pub use mint::{Minted, TOKEN_VALID_MAX, TOKENS_MAX};
pub use nodes::ALIVE_FOR;
pub use record::{Change, DeniedRow, HostRow, NodeRow, TokenRow, TokenSecret};
pub use state::{MemberState, MembershipState};

/// Members of a domain. With [`DENIED_MAX`] it keeps the directory below a frame.
pub const NODES_MAX: usize = 1_024;
/// Nodes on the deny list; beyond it, the one whose certificate ends first is forgotten.
pub const DENIED_MAX: usize = 8_192;
/// Zones of a domain.
pub const ZONES_MAX: usize = 256;

/// A reply, and what must be stored before it is sent.
#[must_use = "the changes are committed before the reply is sent"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<T> {
    /// To be committed as one.
    pub changes: Vec<Change>,
    /// What to send after that.
    pub reply: T,
}

/// See the module.
pub struct MembershipCore {
    domain: DomainName,
    own: NodeName,
    version: u64,
    members: BTreeMap<NodeName, Member>,
    tokens: BTreeMap<TokenSecret, TokenRow>,
    denied: BTreeMap<NodeName, DeniedRow>,
    zones: BTreeSet<ZoneName>,
    hosts: BTreeMap<NodeName, ZoneName>,
    services: BTreeSet<ServiceName>,
    reports: BTreeMap<ZoneName, Reported>,
    /// No member falls silent before this. It may be too early, never too late: heartbeats only put it off.
    next_silence: Option<Millis>,
    /// Of the decision being made.
    changes: Vec<Change>,
    directory_changed: bool,
}

struct Member {
    row: NodeRow,
    heard: Millis,
}

struct Reported {
    from: NodeName,
    report: ZoneReport,
    heard: Millis,
}

impl MembershipCore {
    /// The orchestrator on node `own`, with what it had stored. Members that were alive then count as heard of now: they
    /// had no chance to be heard while it was away.
    pub fn restore(
        now: Millis,
        domain: DomainName,
        own: NodeName,
        stored: impl IntoIterator<Item = Change>,
    ) -> MembershipCore {
        let mut core = MembershipCore {
            domain,
            own,
            version: 0,
            members: BTreeMap::new(),
            tokens: BTreeMap::new(),
            denied: BTreeMap::new(),
            zones: BTreeSet::new(),
            hosts: BTreeMap::new(),
            services: BTreeSet::new(),
            reports: BTreeMap::new(),
            next_silence: None,
            changes: Vec::new(),
            directory_changed: false,
        };
        for change in stored {
            core.apply(now, change);
        }
        core.expect_silence(now);
        core
    }

    /// The one place where what is kept changes.
    fn apply(&mut self, now: Millis, change: Change) {
        match change {
            Change::Node(row) => {
                let heard = self.members.get(&row.node).map_or(now, |member| member.heard);
                self.members.insert(row.node.clone(), Member { row, heard });
            }
            Change::NodeGone(node) => drop(self.members.remove(&node)),
            Change::Token(row) => drop(self.tokens.insert(row.secret, row)),
            Change::TokenGone(secret) => drop(self.tokens.remove(&secret)),
            Change::Denied(row) => drop(self.denied.insert(row.node.clone(), row)),
            Change::DeniedGone(node) => drop(self.denied.remove(&node)),
            Change::Zone(zone) => drop(self.zones.insert(zone)),
            Change::Host(row) => drop(self.hosts.insert(row.node, row.zone)),
            Change::HostGone(node) => drop(self.hosts.remove(&node)),
            Change::Service(service) => drop(self.services.insert(service)),
            Change::Version(version) => self.version = version,
        }
    }

    /// Changes what is kept, and says so in the decision being made.
    fn change(&mut self, now: Millis, change: Change) {
        self.directory_changed |= match &change {
            Change::Node(row) => self.members.get(&row.node).is_none_or(|old| old.row.record() != row.record()),
            Change::NodeGone(_) | Change::Denied(_) | Change::DeniedGone(_) => true,
            _ => false,
        };
        self.changes.push(change.clone());
        self.apply(now, change);
    }

    /// Ends the decision being made. The directory's version is part of it, so that it grows over restarts too.
    fn decide<T>(&mut self, reply: impl FnOnce(&MembershipCore) -> T) -> Decision<T> {
        if core::mem::take(&mut self.directory_changed) {
            self.version += 1;
            self.changes.push(Change::Version(self.version));
        }
        Decision { changes: core::mem::take(&mut self.changes), reply: reply(self) }
    }

    /// A member's zone, and the hosts of a zone, are known from when they are first heard of.
    fn learn_place(&mut self, now: Millis, node: &NodeName, roles: Roles, zone: Option<&ZoneName>) {
        let Some(zone) = zone else { return };
        if !self.zones.contains(zone) && self.zones.len() < ZONES_MAX {
            self.change(now, Change::Zone(zone.clone()));
        }
        if roles.has(Role::Host) && self.hosts.get(node) != Some(zone) {
            self.change(now, Change::Host(HostRow { node: node.clone(), zone: zone.clone() }));
        }
    }

    /// The domain.
    pub fn domain(&self) -> &DomainName {
        &self.domain
    }

    /// Who is who, for heartbeats' replies.
    pub fn directory(&self) -> Directory {
        Directory {
            version: self.version,
            nodes: self.members.values().map(|member| member.row.record()).collect(),
            denied: self.denied.keys().cloned().collect(),
        }
    }

    /// The nodes that the endpoint is to refuse.
    pub fn denied(&self) -> BTreeSet<NodeName> {
        self.denied.keys().cloned().collect()
    }

    /// The members, each with the life that was heard of last, and whether it is alive.
    pub fn members(&self) -> impl Iterator<Item = (&NodeName, Incarnation, bool)> {
        self.members.iter().map(|(name, member)| (name, member.row.incarnation, member.row.alive))
    }

    /// The zones whose manager is up: the manager's node and which life of it.
    pub fn zones_up(&self) -> BTreeMap<ZoneName, (NodeName, Incarnation)> {
        let up = self.members.values().map(|member| &member.row);
        let up = up.filter(|row| row.alive && row.roles.has(Role::Zone));
        up.filter_map(|row| Some((row.zone.clone()?, (row.node.clone(), row.incarnation)))).collect()
    }

    /// Who is who, for people.
    pub fn list_nodes(&self, list: &ListNodes) -> NodeList {
        let mut directory = self.directory();
        directory.nodes.retain(|node| node.alive || !list.alive_only);
        NodeList { domain: self.domain.clone(), directory }
    }

    /// The zones the domain has, or had.
    pub fn zones(&self) -> impl Iterator<Item = &ZoneName> {
        self.zones.iter()
    }

    /// The hosts, each with its zone.
    pub fn hosts(&self) -> impl Iterator<Item = (&NodeName, &ZoneName)> {
        self.hosts.iter()
    }
}
