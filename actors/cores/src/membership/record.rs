//! What the orchestrator keeps over a restart: one record per thing, and the changes of them.
//!
//! Owns: the shape of the records. Refuses: how they are stored. A stored record reads back as the change that wrote it.

use core::fmt;
use core::net::SocketAddr;

use actors_protocol::membership::NodeRecord;
use actors_protocol::{Incarnation, NodeName, Roles, ServiceName, ZoneName};
use serde::{Deserialize, Serialize};

/// A token's secret: 128 random bits. Whoever reads a log must not be able to use it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TokenSecret(pub u128);

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(..)")
    }
}

/// One change of what is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A node is as this says.
    Node(NodeRow),
    /// A node is no member any more.
    NodeGone(NodeName),
    /// A token is as this says.
    Token(TokenRow),
    /// A token is forgotten.
    TokenGone(TokenSecret),
    /// A node is on the deny list.
    Denied(DeniedRow),
    /// A denial is forgotten, long after the certificate it was about has ended.
    DeniedGone(NodeName),
    /// The domain has, or had, this zone.
    Zone(ZoneName),
    /// The zone has this host.
    Host(HostRow),
    /// The host is no member any more.
    HostGone(NodeName),
    /// The domain has, or had, this service.
    Service(ServiceName),
    /// The version of the directory.
    Version(u64),
}

/// A member of the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRow {
    /// Its name.
    pub node: NodeName,
    /// What it runs; until it is heard of, what it may run.
    pub roles: Roles,
    /// Its zone, if it has one.
    pub zone: Option<ZoneName>,
    /// The UDP address to dial.
    pub advertise: Option<SocketAddr>,
    /// Which life of it was heard last.
    pub incarnation: Incarnation,
    /// Heard of within the last few heartbeats.
    pub alive: bool,
    /// This life of it said that it stops.
    pub left: bool,
    /// When the certificate ends that it was given last, in seconds since 1970; 0 = it was given elsewhere.
    pub certified_until: u64,
}

impl NodeRow {
    /// A node that has not been heard of.
    pub(super) fn new(node: NodeName, roles: Roles, zone: Option<ZoneName>) -> NodeRow {
        NodeRow {
            node,
            roles,
            zone,
            advertise: None,
            incarnation: Incarnation::default(),
            alive: false,
            left: false,
            certified_until: 0,
        }
    }

    pub(super) fn record(&self) -> NodeRecord {
        NodeRecord {
            node: self.node.clone(),
            roles: self.roles,
            zone: self.zone.clone(),
            advertise: self.advertise,
            incarnation: self.incarnation,
            alive: self.alive,
        }
    }
}

/// A token that admits one node, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// The secret.
    pub secret: TokenSecret,
    /// The name that the node will have.
    pub node: NodeName,
    /// What it may be.
    pub roles: Roles,
    /// Its zone, if it has one.
    pub zone: Option<ZoneName>,
    /// Until when it works, in seconds since 1970: it must mean the same after a restart.
    pub until: u64,
    /// It has been used.
    pub used: bool,
}

/// A node that is refused, wherever it comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedRow {
    /// Who.
    pub node: NodeName,
    /// What the operator wrote.
    pub reason: String,
    /// As in [`NodeRow::certified_until`].
    pub certified_until: u64,
}

/// A host and its zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRow {
    /// The host.
    pub node: NodeName,
    /// Its zone.
    pub zone: ZoneName,
}
