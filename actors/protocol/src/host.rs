//! The host: makes and removes instances on its machine. Spoken by `host`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::offer::Offer;
use crate::{Address, Incarnation, InstanceName, Millis, NodeName, ServiceName, ZoneName, actor_protocol};

actor_protocol! {
    /// What a host is asked. Path: `host`.
    pub protocol Host("host") {
        0x0501 => CreateInstance -> Creation;
        0x0502 => RemoveInstance -> Removal;
        0x0503 => HostStatus -> HostState;
        0x0504 => ConfirmInstance -> Confirmation;
        0x0505 => ListMade -> MadeList;
        0x0506 => JudgeInstance -> Judgement;
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

/// A provisional instance is for good. It may come twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmInstance {
    /// Which.
    pub instance: InstanceName,
}

/// The answer to [`ConfirmInstance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirmation {
    /// It stays until it is removed.
    Confirmed,
    /// There is none of that name.
    Unknown,
}

/// Asks what runs here, what is made just now, and whether it is for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMade {
    /// Only for this zone.
    pub zone: ZoneName,
    /// Only instances whose names begin like this; none = all.
    pub stem: Option<InstanceName>,
}

/// The answer to [`ListMade`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeList {
    /// The instances.
    pub instances: Vec<MadeInstance>,
}

/// An instance as its host knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeInstance {
    /// Which.
    pub instance: InstanceName,
    /// Its factory's present life; none while it is made.
    pub incarnation: Option<Incarnation>,
    /// The slots it was made with.
    pub slots: u32,
    /// Nobody has confirmed it yet.
    pub provisional: bool,
}

/// How well would this host run such instances? Nothing is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgeInstance {
    /// One instance, as it would be asked for.
    pub create: CreateInstance,
    /// What makes it: `actor`, `process`, `container`, `vm`.
    pub kind: String,
    /// How many slots are wanted of all of them together.
    pub slots: u32,
}

/// The answer to [`JudgeInstance`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// What the host would do; where it cannot, why.
    pub offer: Offer,
    /// What makes hosts alike to an evaluator; another word, another environment.
    pub environment: String,
    /// How loaded it is, in thousandths.
    pub load: u16,
}
