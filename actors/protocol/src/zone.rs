//! The zone manager: which instances the zone should run. Spoken by `zone`.

use serde::{Deserialize, Serialize};

use crate::{InstanceName, NodeName, ServiceName, ZoneName, actor_protocol};

actor_protocol! {
    /// What a zone manager is asked. Path: `zone`.
    pub protocol Zone("zone") {
        0x0201 => ZoneStatus -> ZoneState;
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
