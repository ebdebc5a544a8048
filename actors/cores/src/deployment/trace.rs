//! The steps of a deployment and how long each took.
//!
//! Owns: the words for the steps. Refuses: reading a clock.

use actors_protocol::{Millis, ZoneName};
use serde::{Deserialize, Serialize};

/// A step of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stride {
    /// Zones that may be asked at all.
    Preselect,
    /// The zone gets to know the service.
    Register,
    /// The zone's offer; no time when it was cached.
    Offer,
    /// Which zones, how many slots each.
    Select,
    /// From the order to deploy until the zone's instances exist.
    Create,
    /// Until they are ready.
    Ready,
    /// Until their slots are reported.
    Report,
    /// Until the zone has made them lasting.
    Confirm,
    /// Until a resolver hands them out.
    Resolve,
    /// Until the zone has taken it back.
    Undo,
}

/// A step that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which.
    pub stride: Stride,
    /// In which zone; none = in the orchestrator.
    pub zone: Option<ZoneName>,
    /// When it began, since the deployment began.
    pub began: Millis,
    /// How long it took.
    pub took: Millis,
}

/// Collects steps.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    began: Millis,
    pub(super) steps: Vec<Step>,
}

impl Trace {
    pub(super) fn new(now: Millis) -> Trace {
        Trace { began: now, steps: Vec::new() }
    }

    /// A step that began at `since` ends now.
    pub(super) fn step(&mut self, now: Millis, since: Millis, stride: Stride, zone: Option<&ZoneName>) {
        let (began, took) = (since.since(self.began), now.since(since));
        self.steps.push(Step { stride, zone: zone.cloned(), began, took });
    }

    /// How long it has been going on.
    pub(super) fn age(&self, now: Millis) -> Millis {
        now.since(self.began)
    }
}
