//! Deployments: slots of a registered service, all that were asked for or none. Spoken by `orchestrator`.
//!
//! Owns: the messages to deploy, to follow, to list and to remove. Refuses: deciding (`actors_cores::deployment`).

use serde::{Deserialize, Serialize};

use crate::offer::Offer;
use crate::{InstanceName, Millis, NodeName, RequestId, ServiceName, ZoneName};

/// Deployments of one page at most; it keeps a page below a frame.
pub const DEPLOYMENTS_PAGE_MAX: u32 = 256;
/// A deployment is watched for so long at most before it is shown as it is.
pub const WATCH_MAX: Millis = Millis::from_secs(60);
/// Zones that an order may name.
pub const ZONES_NAMED_MAX: usize = 256;

/// Wants slots. It is answered at once; [`WatchDeployment`] tells what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployService {
    /// Chosen at random by who asks, and the deployment's id. The same again is the same deployment.
    pub request: RequestId,
    /// Which service.
    pub service: ServiceName,
    /// How many slots; never fewer, never more.
    pub slots: u32,
    /// Only in these zones; empty = in any.
    pub zones: Vec<ZoneName>,
    /// In no more zones than this; 0 = in as many as it takes.
    pub zones_most: u32,
    /// No slot dearer than this ([`Offer::price`]); none = whatever it costs.
    pub price_most: Option<u32>,
    /// How long offers are waited for; none = as the domain sees fit.
    pub offer_within: Option<Millis>,
    /// How long slots are waited for; none = as the domain sees fit.
    pub deploy_within: Option<Millis>,
}

/// The answer to [`DeployService`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deploying {
    /// It begins, or was begun by the same request before.
    Accepted {
        /// Which deployment.
        id: RequestId,
    },
    /// There is no such service.
    Unknown {
        /// Names that look like it.
        near: Vec<ServiceName>,
    },
    /// It is not begun.
    Refused {
        /// Why, with the remedy.
        reason: String,
    },
}

/// Asks how far a deployment is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchDeployment {
    /// Which.
    pub id: RequestId,
    /// The answer waits for the end of what is under way, so long at most and never longer than [`WATCH_MAX`]; zero = as it is.
    pub wait: Millis,
}

/// The answer to [`WatchDeployment`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeploymentShown {
    /// It is like this.
    Deployment(DeploymentState),
    /// There is none of this id, or it was forgotten.
    Unknown,
}

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeploymentStage {
    /// Zones are asked for offers.
    Offering,
    /// Zones make their shares.
    Deploying,
    /// All is there, and is made lasting.
    Confirming,
    /// It stands.
    Standing,
    /// It goes.
    Undoing,
    /// It has ended, and nothing is left of it.
    Over,
}

/// One deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentState {
    /// Which.
    pub id: RequestId,
    /// Of which service.
    pub service: ServiceName,
    /// How many slots were asked for.
    pub slots: u32,
    /// How far it is.
    pub stage: DeploymentStage,
    /// Why there is nothing, or why it goes.
    pub cause: Option<String>,
    /// What is not finished and will be by itself, in words.
    pub left: Vec<String>,
    /// The zones that have a share, with their instances as far as they are known.
    pub shares: Vec<ShareState>,
    /// Every zone that was looked at. Forgotten when the orchestrator starts anew.
    pub verdicts: Vec<ZoneVerdict>,
    /// Each step that ended, with its time. Forgotten when the orchestrator starts anew.
    pub steps: Vec<StepTiming>,
    /// From the beginning to the end, or until now.
    pub took: Millis,
}

/// What one zone has of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareState {
    /// Which zone.
    pub zone: ZoneName,
    /// How many slots.
    pub slots: u32,
    /// Its instances.
    pub instances: Vec<PlacedInstance>,
}

/// An instance and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedInstance {
    /// Which.
    pub instance: InstanceName,
    /// On which host.
    pub host: NodeName,
    /// With how many slots.
    pub slots: u32,
}

/// What became of one zone that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneVerdict {
    /// Which zone.
    pub zone: ZoneName,
    /// Its offer, if it made one.
    pub offer: Option<Offer>,
    /// The offer was an earlier one that still held.
    pub cached: bool,
    /// Slots it was given; 0 = it lost.
    pub given: u32,
    /// Why it was taken, or why it lost.
    pub why: String,
}

/// A step that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTiming {
    /// Which: `preselect`, `register`, `offer`, `select`, `create`, `ready`, `report`, `confirm`, `resolve`, `undo`.
    pub step: String,
    /// In which zone; none = in the orchestrator.
    pub zone: Option<ZoneName>,
    /// When it began, since the deployment began.
    pub began: Millis,
    /// How long it took.
    pub took: Millis,
}

/// Asks for the deployments that stand, are under way, or have ended lately; by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListDeployments {
    /// Only of this service.
    pub service: Option<ServiceName>,
    /// Only those after this id; none = from the beginning.
    pub after: Option<RequestId>,
    /// At most so many, and never more than [`DEPLOYMENTS_PAGE_MAX`].
    pub most: u32,
}

/// The answer to [`ListDeployments`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentPage {
    /// The deployments.
    pub deployments: Vec<DeploymentSummary>,
    /// Ask for those after this one next; none = these were the last.
    pub next: Option<RequestId>,
}

/// A deployment in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentSummary {
    /// Which.
    pub id: RequestId,
    /// Of which service.
    pub service: ServiceName,
    /// How many slots were asked for.
    pub slots: u32,
    /// How far it is.
    pub stage: DeploymentStage,
    /// The zones that have a share.
    pub zones: Vec<ZoneName>,
    /// Why there is nothing, or why it goes.
    pub cause: Option<String>,
}

/// Removes a deployment, whether it stands or is under way. [`WatchDeployment`] tells when it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveDeployment {
    /// Which.
    pub id: RequestId,
    /// Its sessions are ended at once; otherwise they may go on until they end.
    pub force: bool,
}

/// The answer to [`RemoveDeployment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeploymentRemoval {
    /// It goes.
    Removing,
    /// There is none of this id, or nothing of it is left.
    Unknown,
}

/// A zone manager tells how far a share is, before it answers for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportShare {
    /// Of which deployment.
    pub id: RequestId,
    /// Which zone tells.
    pub zone: ZoneName,
    /// How far it is.
    pub progress: ShareProgress,
}

/// How far a share is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShareProgress {
    /// Its instances exist.
    Created,
    /// Their slots are free.
    Ready,
    /// Every resolver that is up hands them out.
    Resolvable,
}

/// The answer to [`ReportShare`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareNoted {
    /// Such a deployment is known.
    pub known: bool,
}
