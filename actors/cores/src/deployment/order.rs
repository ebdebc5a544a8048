//! What is asked of a deployment, what it became, and what is kept of it over a restart.
//!
//! Owns: these values and their limits. Refuses: deciding.

use actors_protocol::{InstanceName, Millis, RequestId, ServiceName, ZoneName};
use serde::{Deserialize, Serialize};

use super::select::Verdict;
use super::trace::Step;

/// Offers are waited for this long at most.
pub const OFFER_WITHIN_MAX: Millis = Millis::from_secs(10);
/// Slots are waited for this long at most: a good third of [`PROVISIONAL`](super::PROVISIONAL) is left for the confirmation.
pub const DEPLOY_WITHIN_MAX: Millis = Millis::from_secs(40);

/// Slots of a service that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Chosen at random by who asks; the same again is the same deployment.
    pub id: RequestId,
    /// Of which service.
    pub service: ServiceName,
    /// How many; never fewer, never more.
    pub slots: u32,
    /// How many an instance has at most.
    pub each: u32,
    /// How many the service may have in the domain, these among them; none = as many as are asked for.
    pub most: Option<u32>,
    /// Create instances, or configure those that are there.
    pub road: Road,
    /// Only these zones; empty = any.
    pub zones: Vec<ZoneName>,
    /// No more zones than this; 0 = as many as it takes.
    pub zones_most: u32,
    /// No slot dearer than this (see [`Offer::price`](actors_protocol::offer::Offer::price)); none = whatever it costs.
    pub price_most: Option<u32>,
    /// How long offers are waited for; at most [`OFFER_WITHIN_MAX`].
    pub offer_within: Millis,
    /// How long slots are waited for; at most [`DEPLOY_WITHIN_MAX`].
    pub deploy_within: Millis,
}

impl Order {
    /// Why it cannot be begun, with the remedy.
    pub(super) fn flaw(&self) -> Option<String> {
        if self.slots == 0 || self.each == 0 {
            return Some("no slots are asked for; give 1 or more".to_owned());
        }
        if self.offer_within > OFFER_WITHIN_MAX || self.offer_within == Millis::ZERO {
            return Some(format!(
                "offers within {}; give more than nothing, up to {OFFER_WITHIN_MAX}",
                self.offer_within
            ));
        }
        if self.deploy_within > DEPLOY_WITHIN_MAX || self.deploy_within == Millis::ZERO {
            return Some(format!(
                "slots within {}; give more than nothing, up to {DEPLOY_WITHIN_MAX}",
                self.deploy_within
            ));
        }
        None
    }

    /// The beginning of its instances' names, never used again: the service's first label and the request's number.
    pub(super) fn stem(&self) -> InstanceName {
        let label = self.service.as_str().split('.').next().unwrap_or_default();
        let label: String = label.chars().take(32).collect();
        let name = format!("{}-{:016x}", label.trim_end_matches('-'), self.id.0 >> 64);
        InstanceName::new(&name).expect("a label's beginning, '-' and hexadecimal digits are a label of at most 49")
    }
}

/// How slots come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Road {
    /// New instances.
    Create,
    /// An added configuration of instances that are there: the same road without create.
    Configure,
}

/// What one zone does for a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Of which deployment.
    pub id: RequestId,
    /// Which zone.
    pub zone: ZoneName,
    /// Of which service.
    pub service: ServiceName,
    /// How many slots.
    pub slots: u32,
    /// How many an instance has at most.
    pub each: u32,
    /// Create or configure.
    pub road: Road,
    /// The beginning of its instances' names; the zone appends `-0`, `-1`, ….
    pub stem: InstanceName,
}

/// How a deployment ended, and how it got there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which.
    pub id: RequestId,
    /// Of which service.
    pub service: ServiceName,
    /// How many slots were asked for.
    pub slots: u32,
    /// What each zone runs; or why there is nothing.
    pub result: Result<Vec<Share>, String>,
    /// What is not finished yet and will be by itself, in words. Empty when all is done.
    pub left: Vec<String>,
    /// Every zone that was looked at: its offer, what it was given, why it lost.
    pub verdicts: Vec<Verdict>,
    /// Each step with its time.
    pub steps: Vec<Step>,
    /// From the beginning to the end.
    pub took: Millis,
}

/// One change of what is kept. A stored record reads back as the change that wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A deployment is as this says.
    Deployment(Box<Record>),
    /// A deployment is no more; nothing of it is left.
    DeploymentGone(RequestId),
}

/// What is kept of a deployment, under its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What was asked for.
    pub order: Order,
    /// What each zone was given.
    pub shares: Vec<Share>,
    /// How far it is.
    pub stage: Stage,
}

/// How far a deployment is, as far as a restart must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Zones may have been asked to deploy: it is undone.
    Intended,
    /// It is there for good: it is confirmed again.
    Committed,
    /// It goes: it is undone.
    Undoing {
        /// Why.
        cause: String,
        /// It had been committed, so that its instances do not end by themselves.
        committed: bool,
    },
}
