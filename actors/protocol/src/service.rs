//! Services that a domain knows by their manifests, before and beside any instance of them. Spoken by `orchestrator`.
//!
//! Owns: the messages to register, show, list and unregister. Refuses: judging a manifest (`actors_cores::manifest`).

use serde::{Deserialize, Serialize};

use crate::manifest::Visibility;
use crate::{ProviderName, RequestId, ServiceName};

/// Services of one page at most; it keeps a page below a frame.
pub const SERVICES_PAGE_MAX: u32 = 256;

/// Registers a service, or gives it another manifest. Instances that run keep the manifest they were made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterService {
    /// The manifest, as JSON; at most [`MANIFEST_BYTES_MAX`](crate::manifest::MANIFEST_BYTES_MAX).
    pub manifest: String,
}

/// The answer to [`RegisterService`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Registration {
    /// It is registered, and stored.
    Registered {
        /// Which service.
        service: ServiceName,
        /// What was there before.
        change: RegistrationChange,
    },
    /// The manifest is not sound: everything that is wrong with it.
    Invalid {
        /// Never empty.
        problems: Vec<ManifestProblem>,
    },
    /// The manifest is sound and cannot be registered now.
    Refused {
        /// Why, with the remedy.
        reason: String,
    },
}

/// What a registration changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistrationChange {
    /// It was not registered.
    New,
    /// It had another manifest.
    Replaced,
    /// It had the same one.
    Same,
}

/// One thing that is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestProblem {
    /// Where: a JSON pointer (RFC 6901), empty for the whole; where it is no JSON at all, line and column.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// Asks for one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowService {
    /// Which.
    pub service: ServiceName,
}

/// The answer to [`ShowService`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServiceShown {
    /// It is registered.
    Service {
        /// In short.
        summary: ServiceSummary,
        /// Its manifest as JSON, in its normal form.
        manifest: String,
        /// Its deployments that stand or are under way, at most [`SERVICES_PAGE_MAX`].
        deployments: Vec<RequestId>,
    },
    /// It is not.
    Unknown {
        /// Names that look like it.
        near: Vec<ServiceName>,
    },
}

/// A registered service, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSummary {
    /// Its name.
    pub service: ServiceName,
    /// Who provides it.
    pub provider: ProviderName,
    /// Who registered it.
    pub owner: String,
    /// A line for people.
    pub description: Option<String>,
    /// Who may see it.
    pub visibility: Visibility,
    /// What an instance is: `actor`, `process`, `container`, `vm`.
    pub kind: String,
    /// Slots that are deployed, and are not on their way out.
    pub slots: u32,
    /// It is being unregistered.
    pub leaving: bool,
}

/// Asks for the registered services, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListManifests {
    /// Only those after this name; none = from the beginning.
    pub after: Option<ServiceName>,
    /// At most so many, and never more than [`SERVICES_PAGE_MAX`].
    pub most: u32,
}

/// The answer to [`ListManifests`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestPage {
    /// The services.
    pub services: Vec<ServiceSummary>,
    /// Ask for those after this one next; none = these were the last.
    pub next: Option<ServiceName>,
}

/// Unregisters a service: its deployments are removed, then its manifest is forgotten. Asked again, it tells how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnregisterService {
    /// Which.
    pub service: ServiceName,
    /// Its sessions are ended at once; otherwise they may go on until they end.
    pub force: bool,
}

/// The answer to [`UnregisterService`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unregistration {
    /// Nothing was deployed, or nothing is any more: it is forgotten, and that is stored.
    Gone,
    /// These deployments are still being removed; it is forgotten after the last.
    Leaving {
        /// Which.
        deployments: Vec<RequestId>,
    },
    /// There is no such service (any more).
    Unknown {
        /// Names that look like it.
        near: Vec<ServiceName>,
    },
}
