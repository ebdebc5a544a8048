//! The zone manager: which instances the zone should run. Spoken by `zone`.

use serde::{Deserialize, Serialize};

use crate::deployment::PlacedInstance;
use crate::offer::Offer;
use crate::{InstanceName, Millis, NodeName, RequestId, ServiceName, ZoneName, actor_protocol};

actor_protocol! {
    /// What a zone manager is asked. Path: `zone`.
    pub protocol Zone("zone") {
        0x0201 => ZoneStatus -> ZoneState;
        0x0202 => LearnService -> Learning;
        0x0203 => AskOffer -> ZoneOffer;
        0x0204 => DeployShare -> ShareDeployed;
        0x0205 => ConfirmShare -> ShareConfirmed;
        0x0206 => UndoShare -> ShareUndone;
    }
}

/// Asks what the zone should run, and what it does run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneStatus {
    /// Only instances that do not run.
    pub failures_only: bool,
}

/// The answer to [`ZoneStatus`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneState {
    /// The zone.
    pub zone: ZoneName,
    /// Its hosts that are alive.
    pub hosts: Vec<NodeName>,
    /// The instances wanted, and the host that runs each.
    pub instances: Vec<(InstanceName, Option<NodeName>)>,
    /// Why an instance does not run.
    pub failures: Vec<InstanceFailure>,
}

/// An instance that should run and does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceFailure {
    /// Which.
    pub instance: InstanceName,
    /// Its first service.
    pub service: ServiceName,
    /// Why, with the remedy where there is one.
    pub cause: String,
}

/// Get to know a service, or its latest manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearnService {
    /// Its manifest, as JSON.
    pub manifest: String,
}

/// The answer to [`LearnService`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Learning {
    /// It is known, to this life of the zone manager.
    Known,
    /// It cannot be.
    Refused {
        /// Why, with the remedy.
        cause: String,
    },
}

/// Make an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskOffer {
    /// For which deployment.
    pub id: RequestId,
    /// Of which service.
    pub service: ServiceName,
    /// How many slots are wanted; the offer may have fewer.
    pub slots: u32,
    /// An answer after this is of no use.
    pub within: Millis,
}

/// The answer to [`AskOffer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ZoneOffer {
    /// What it would do; where it cannot, why.
    Offered(Offer),
    /// It does not know the service.
    Unknown,
}

/// What one zone does for a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneShare {
    /// Of which deployment.
    pub id: RequestId,
    /// Of which service.
    pub service: ServiceName,
    /// How many slots.
    pub slots: u32,
    /// How many an instance has at most.
    pub each: u32,
    /// The beginning of its instances' names; the zone appends `-0`, `-1`, …. Never used again.
    pub stem: InstanceName,
}

/// Make a share, provisionally: it cannot be resolved, and what is not confirmed in time ends by itself. It may come twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployShare {
    /// What.
    pub share: ZoneShare,
    /// An answer after this is of no use.
    pub within: Millis,
}

/// The answer to [`DeployShare`], once all its slots are there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShareDeployed {
    /// All its slots are free.
    Reported {
        /// How many, of all its instances together.
        slots: u32,
        /// Its instances.
        instances: Vec<PlacedInstance>,
    },
    /// It is not there.
    Refused {
        /// Why, with the remedy.
        cause: String,
    },
}

/// A share is for good; make it if it is not there. It may come twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmShare {
    /// What.
    pub share: ZoneShare,
    /// The service's manifest as JSON: the zone manager may have started anew.
    pub manifest: String,
}

/// The answer to [`ConfirmShare`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShareConfirmed {
    /// It is for good.
    Confirmed {
        /// Its instances.
        instances: Vec<PlacedInstance>,
    },
    /// Not yet; ask again.
    Refused {
        /// Why.
        cause: String,
    },
}

/// A share goes, and never comes back. It may come twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoShare {
    /// What.
    pub share: ZoneShare,
    /// How long its sessions may go on; zero = they end at once.
    pub deadline: Millis,
}

/// The answer to [`UndoShare`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShareUndone {
    /// Nothing of it is left but what drains.
    Undone,
    /// Not yet; ask again.
    Refused {
        /// Why.
        cause: String,
    },
}
