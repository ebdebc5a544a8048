//! The gateway of a zone: aggregates its pools, reserves slots in them. Spoken by `gateway`.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::slot::{PoolReport, SlotCounts};
use crate::zone::InstanceFailure;
use crate::{
    Incarnation, InstanceName, Locator, Millis, NodeName, RequestId, ServiceName, SlotId, Ticket, ViewerKey, ZoneName,
    actor_protocol,
};

actor_protocol! {
    /// What a gateway is asked. Path: `gateway`.
    pub protocol Gateway("gateway") {
        0x0301 => Reserve -> Reservation;
        0x0302 => Release -> Released;
        0x0303 => ReportPool -> Noted;
    }
}

/// Hold a slot of `service` for a viewer. A repeat with the same id gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    /// Who asks, once.
    pub request: RequestId,
    /// What for.
    pub service: ServiceName,
    /// The viewer that will redeem.
    pub viewer: ViewerKey,
    /// Where the viewer is seen to come from; open leases are bounded per address.
    pub origin: IpAddr,
}

/// The right to one slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The secret that turns the slot into a session, once.
    pub ticket: Ticket,
    /// Where to redeem it.
    pub locator: Locator,
    /// The instance.
    pub instance: InstanceName,
    /// Its zone.
    pub zone: ZoneName,
    /// The slot.
    pub slot: SlotId,
    /// The lease lapses after this time.
    pub hold: Millis,
}

/// The answer to [`Reserve`]. Frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reservation {
    /// A slot is held.
    Granted(Grant),
    /// No slot is free: what the pools of the service look like.
    Full(SlotCounts),
    /// This zone has no instance of the service.
    Unknown,
    /// The viewer, or its address, has too many unredeemed tickets.
    TooManyLeases {
        /// The bound that was met.
        limit: u32,
    },
    /// The service's instances did not answer; which.
    Unreachable(Vec<InstanceName>),
}

/// Give back a slot that was reserved and not redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The request it was reserved with.
    pub request: RequestId,
    /// The instance that granted it.
    pub instance: InstanceName,
}

/// The answer to [`Release`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Released {
    /// The slot is free again.
    Freed,
    /// There is no such lease: lapsed, redeemed, or never granted.
    NoLease,
}

/// A factory reports its pool to its gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPool {
    /// The host it runs on.
    pub host: NodeName,
    /// The snapshot.
    pub pool: PoolReport,
    /// True when the factory ends: the pool is forgotten.
    pub last: bool,
}

/// The reporter may forget what it reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// The sequence number that was taken in, or a later one that was there before.
    pub seq: u64,
}

/// A gateway reports its zone to resolvers and orchestrator: all of it, every time; small and never wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneReport {
    /// The zone.
    pub zone: ZoneName,
    /// Which life of the gateway.
    pub incarnation: Incarnation,
    /// Grows with every report of this incarnation.
    pub seq: u64,
    /// Its pools, each with the host it is on.
    pub pools: Vec<(NodeName, PoolReport)>,
    /// Instances that should run and do not.
    pub failures: Vec<InstanceFailure>,
    /// How long this report stays true at most without another: the sender's period with some room.
    pub stale_after: Millis,
}
