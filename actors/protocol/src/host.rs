//! The host: makes and removes instances on its machine. Spoken by `host`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Address, Incarnation, InstanceName, Millis, NodeName, ServiceName, ZoneName, actor_protocol};

actor_protocol! {
    /// What a host is asked. Path: `host`.
    pub protocol Host("host") {
        0x0501 => CreateInstance -> Creation;
        0x0502 => RemoveInstance -> Removal;
        0x0503 => HostStatus -> HostState;
    }
}

/// A service that an instance offers: a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offering {
    /// The name viewers open.
    pub service: ServiceName,
    /// At most this many slots of the pool at once; none = all of them.
    pub cap: Option<u32>,
    /// What the builder understands for this service alone (`width = "1280"`); see [`CreateInstance::parameters`] for the
    /// instance as a whole.
    pub parameters: BTreeMap<String, String>,
}

/// Make an instance. Asking again for one that exists is answered with [`Creation::Exists`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateInstance {
    /// Its name.
    pub instance: InstanceName,
    /// The zone that asks; its gateway gets the reports.
    pub zone: ZoneName,
    /// The node of that gateway.
    pub gateway: NodeName,
    /// Which builder of the host's registry makes it: `clip`, `echo`.
    pub builder: String,
    /// The services it offers.
    pub offerings: Vec<Offering>,
    /// How many slots.
    pub slots: u32,
    /// What the builder understands (`clip = "/path"`).
    pub parameters: BTreeMap<String, String>,
    /// Removes itself when it is not confirmed in time; none = committed from the start.
    pub provisional: Option<Millis>,
}

/// The answer to [`CreateInstance`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Creation {
    /// Made; its slots warm now.
    Created {
        /// Its factory.
        factory: Address,
    },
    /// It was there already.
    Exists {
        /// Its factory.
        factory: Address,
    },
    /// It could not be made.
    Refused {
        /// Why, with the remedy.
        cause: String,
    },
}

/// Stop and remove an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveInstance {
    /// Which.
    pub instance: InstanceName,
    /// How long its sessions may go on; zero = stop at once.
    pub deadline: Millis,
}

/// The answer to [`RemoveInstance`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Removal {
    /// It drains and goes.
    Draining,
    /// There is none of that name.
    Unknown,
}

/// Asks which instances run here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStatus {
    /// Only those of this zone.
    pub zone: Option<ZoneName>,
}

/// The answer to [`HostStatus`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostState {
    /// Instances and their factories' present life.
    pub instances: Vec<(InstanceName, Incarnation)>,
    /// The builders of this host.
    pub builders: Vec<String>,
}
