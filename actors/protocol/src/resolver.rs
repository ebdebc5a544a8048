//! The resolver: from a service's name to the best free slot, and why. Spoken by `resolver`.

use serde::{Deserialize, Serialize};

use crate::gateway::{Grant, Noted, ZoneReport};
use crate::slot::SlotCounts;
use crate::{InstanceName, Millis, RequestId, ServiceName, SiteName, ViewerKey, ZoneName, actor_protocol};

actor_protocol! {
    /// What a resolver is asked. Path: `resolver`.
    pub protocol Resolver("resolver") {
        0x0401 => Lookup -> LookupReply;
        0x0402 => Open -> Opening;
        0x0403 => Explain -> Explanation;
        0x0404 => ZoneReport -> Noted;
    }
}

/// Which zones have the service, best first? Reserves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// What.
    pub service: ServiceName,
    /// Where the viewer is; none = the resolver's default.
    pub site: Option<SiteName>,
}

/// The answer to [`Lookup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LookupReply {
    /// Candidates, best first; at most [`LOOKUP_CANDIDATES_MAX`].
    Found(Vec<Candidate>),
    /// No zone has it.
    Unknown {
        /// Names that look like it.
        near: Vec<ServiceName>,
    },
}

/// How many candidates a lookup returns at most.
pub const LOOKUP_CANDIDATES_MAX: usize = 16;

/// One instance that could serve the viewer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its zone.
    pub zone: ZoneName,
    /// The instance.
    pub instance: InstanceName,
    /// One way, from the viewer's site to the zone, in microseconds; none = the topology does not say.
    pub latency_us: Option<u64>,
    /// Slots the service could be given.
    pub free: u32,
    /// The pool's five states.
    pub counts: SlotCounts,
    /// How old the report is.
    pub age: Millis,
    /// Its place: 1 is the best.
    pub rank: u32,
    /// What decided its place, in words.
    pub why: String,
}

impl Eq for Candidate {}

/// Find the best slot and hold it. A repeat with the same id gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Who asks, once.
    pub request: RequestId,
    /// What.
    pub service: ServiceName,
    /// Where the viewer is; none = the resolver's default.
    pub site: Option<SiteName>,
    /// The key that the ticket will be bound to.
    pub viewer: ViewerKey,
    /// How long to wait in the queue when everything is full; at most 60 s.
    pub wait: Millis,
}

/// The answer to [`Open`]. Frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opening {
    /// A slot is held.
    Granted(Grant),
    /// No slot is free anywhere, and the wait is over.
    Full {
        /// All pools of the service together.
        counts: SlotCounts,
        /// How long the request was in the queue.
        waited: Millis,
        /// Why a pool of the service offers fewer slots than it could, if one says so.
        note: Option<String>,
    },
    /// No zone has the service.
    Unknown {
        /// Names that look like it.
        near: Vec<ServiceName>,
    },
    /// The site is not in the topology.
    UnknownSite {
        /// The sites there are.
        sites: Vec<SiteName>,
    },
    /// The viewer, or its address, has too many unredeemed tickets.
    TooManyLeases {
        /// The bound that was met.
        limit: u32,
    },
    /// Zones that have the service did not answer.
    Unreachable {
        /// Which.
        zones: Vec<ZoneName>,
    },
    /// The queue of the resolver is at its bound.
    QueueFull {
        /// The bound.
        limit: u32,
    },
}

/// What would a viewer at `site` get, and why?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explain {
    /// What.
    pub service: ServiceName,
    /// Where the viewer is; none = the resolver's default.
    pub site: Option<SiteName>,
}

/// The answer to [`Explain`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The site that was used.
    pub site: SiteName,
    /// Every candidate, best first.
    pub candidates: Vec<Candidate>,
    /// The decision, in words.
    pub verdict: String,
    /// Names that look like the service, when there is none.
    pub near: Vec<ServiceName>,
    /// Viewers in the queue for this service.
    pub queued: u32,
}
