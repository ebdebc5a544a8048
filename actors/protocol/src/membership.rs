//! Membership of a domain: tokens, joining, heartbeats, the directory of nodes, the deny list. Spoken by `orchestrator`.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::deployment::{
    DeployService, Deploying, DeploymentPage, DeploymentRemoval, DeploymentShown, ListDeployments, RemoveDeployment,
    ReportShare, ShareNoted, WatchDeployment,
};
use crate::gateway::ZoneReport;
use crate::service::{
    ListManifests, ManifestPage, RegisterService, Registration, ServiceShown, ShowService, UnregisterService,
    Unregistration,
};
use crate::zone::InstanceFailure;
use crate::{DomainName, Incarnation, Millis, NodeName, Roles, ServiceName, ZoneName, actor_protocol};

actor_protocol! {
    /// What the orchestrator is asked. Path: `orchestrator`.
    pub protocol Orchestrator("orchestrator") {
        0x0101 => Join -> Admission;
        0x0102 => Heartbeat -> HeartbeatReply;
        0x0103 => MintToken -> Minting;
        0x0104 => Deny -> Denial;
        0x0105 => ListNodes -> NodeList;
        0x0106 => ListInstances -> InstanceList;
        0x0107 => Renew -> Admission;
        0x0108 => RegisterService -> Registration;
        0x0109 => ShowService -> ServiceShown;
        0x010a => ListManifests -> ManifestPage;
        0x010b => UnregisterService -> Unregistration;
        0x010c => DeployService -> Deploying;
        0x010d => WatchDeployment -> DeploymentShown;
        0x010e => ListDeployments -> DeploymentPage;
        0x010f => RemoveDeployment -> DeploymentRemoval;
        0x0110 => ReportShare -> ShareNoted;
        also ZoneReport;
    }
}

/// A node without a certificate asks to be admitted. The proof is a signature, with the private half of `public_key`, over
/// the TLS exporter of this very connection (RFC 8446 §7.5), so that a stolen message is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// The secret of a token, which works once.
    pub secret: u128,
    /// Ed25519 public key, 32 bytes.
    pub public_key: [u8; 32],
    /// Ed25519 signature over the exporter, 64 bytes.
    pub proof: Vec<u8>,
}

/// A member asks for a fresh certificate, for the same or a new key. Its name and roles stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renew {
    /// Ed25519 public key, 32 bytes.
    pub public_key: [u8; 32],
    /// Ed25519 signature over the exporter, 64 bytes.
    pub proof: Vec<u8>,
}

/// The answer to [`Join`] and [`Renew`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Admission {
    /// Admitted.
    Admitted {
        /// The domain.
        domain: DomainName,
        /// The node's name, as the token said.
        node: NodeName,
        /// What it may be.
        roles: Roles,
        /// Its zone, if it has one.
        zone: Option<ZoneName>,
        /// The node's certificate, PEM.
        certificate: String,
    },
    /// The token is not known: mistyped, or of another domain.
    UnknownToken,
    /// The token was used before, by this node.
    UsedToken {
        /// Who used it.
        node: NodeName,
    },
    /// The token's time is over.
    ExpiredToken,
    /// The signature does not fit the key and this connection.
    BadProof,
    /// The node is on the deny list.
    Denied {
        /// What the operator wrote.
        reason: String,
    },
}

/// "I am here, and this is where others find me."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// What the node runs.
    pub roles: Roles,
    /// Its zone, if it has one.
    pub zone: Option<ZoneName>,
    /// The UDP address others dial.
    pub advertise: SocketAddr,
    /// Which life of the node.
    pub incarnation: Incarnation,
    /// The version of the directory that the node has; 0 = none.
    pub known: u64,
    /// True when the node is about to stop: it is listed as down at once.
    pub leaving: bool,
}

/// The orchestrator's answer to a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatReply {
    /// The directory, if the node's is out of date.
    pub directory: Option<Directory>,
}

/// Who is who in the domain. The same for every node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Grows with each change, also across restarts of the orchestrator.
    pub version: u64,
    /// The nodes, by name.
    pub nodes: Vec<NodeRecord>,
    /// Nodes that are refused, wherever they come.
    pub denied: Vec<NodeName>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Its name.
    pub node: NodeName,
    /// What it runs.
    pub roles: Roles,
    /// Its zone, if it has one.
    pub zone: Option<ZoneName>,
    /// The UDP address to dial; none until it has been heard of.
    pub advertise: Option<SocketAddr>,
    /// Which life of it was heard last.
    pub incarnation: Incarnation,
    /// Heard of within the last few heartbeats.
    pub alive: bool,
}

/// An operator asks for a token that admits one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintToken {
    /// The name that the node will have.
    pub node: NodeName,
    /// What it may be.
    pub roles: Roles,
    /// The zone it belongs to; needed for the roles zone and host.
    pub zone: Option<ZoneName>,
    /// How long the token works.
    pub valid_for: Millis,
}

/// The answer to [`MintToken`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Minting {
    /// The text to hand to `fusion join`.
    Token {
        /// Opaque text without spaces.
        text: String,
    },
    /// Why not: a name in use, a role that needs a zone.
    Refused {
        /// In words, with the remedy.
        reason: String,
    },
}

/// An operator puts a node on the deny list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deny {
    /// Who.
    pub node: NodeName,
    /// Why, for people.
    pub reason: String,
}

/// The answer to [`Deny`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Denial {
    /// On the list, and stored.
    Denied,
    /// No such node.
    UnknownNode {
        /// Names that look like it.
        near: Vec<NodeName>,
    },
    /// The orchestrator does not deny itself.
    Own,
}

/// Asks for the directory, whatever its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListNodes {
    /// Only nodes that are alive.
    pub alive_only: bool,
}

/// The answer to [`ListNodes`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeList {
    /// The domain.
    pub domain: DomainName,
    /// The directory.
    pub directory: Directory,
}

/// Asks for the instances of a service, or of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListInstances {
    /// Only this service.
    pub service: Option<ServiceName>,
}

/// The answer to [`ListInstances`]: what the gateways reported, each report with its age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceList {
    /// Pools, by zone and instance.
    pub pools: Vec<ZonePool>,
    /// Instances that should run and do not, with the cause.
    pub failures: Vec<(ZoneName, InstanceFailure)>,
    /// Service names the domain has ever had.
    pub services: Vec<ServiceName>,
}

/// A pool and the zone it is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZonePool {
    /// The zone.
    pub zone: ZoneName,
    /// The host the instance runs on.
    pub host: NodeName,
    /// The pool; its age includes the time since the report came.
    pub pool: crate::slot::PoolReport,
}
