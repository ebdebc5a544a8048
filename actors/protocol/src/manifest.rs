//! Manifests: what a provider says about a service, so that a domain can deploy it.
//!
//! The shape is that of `"manifest": 1`, the JSON which `fixtures/manifests/schema.json` describes: keys are the names of
//! the fields, and a kind is an object with one key, `{"actor": {"builder": "epg"}}`.
//!
//! Owns: the shape and its limits. Refuses: reading, writing and judging JSON (`actors_cores::manifest`). Whoever holds a
//! [`Manifest`] made there holds a sound one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ProviderName, ServiceName};

/// The version that this code reads and writes.
pub const MANIFEST_VERSION: u32 = 1;
/// Longest manifest in bytes: it is one value of a store, and that is at most 64 KiB.
pub const MANIFEST_BYTES_MAX: usize = 32 * 1024;
/// Slots of one instance at most.
pub const SLOTS_EACH_MAX: u32 = 4_096;
/// Slots of one service in a domain at most.
pub const SLOTS_MOST_MAX: u32 = 1_000_000;
/// Configurations of one service at most.
pub const CONFIGURATIONS_MAX: usize = 64;
/// Parameters of one part at most.
pub const PARAMETERS_MAX: usize = 64;
/// Longest word in characters: a builder, an image, a parameter's key.
pub const WORD_CHARS_MAX: usize = 255;
/// Longest text in characters: a parameter's value, one argument of a command, the description.
pub const TEXT_CHARS_MAX: usize = 4_096;
/// Words of a command at most.
pub const COMMAND_WORDS_MAX: usize = 256;
/// Components of a composite service at most.
pub const COMPONENTS_MAX: usize = 64;
/// Longest part that is kept unread, in bytes of JSON.
pub const UNREAD_BYTES_MAX: usize = 4_096;

/// What a part understands: `clip = "/path"`.
pub type Parameters = BTreeMap<String, String>;

/// Everything that a domain knows about a service before there is an instance of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_VERSION`].
    pub manifest: u32,
    /// The service.
    pub name: ServiceName,
    /// Who provides it; the end of every name in here must be theirs.
    pub provider: ProviderName,
    /// A line for people.
    pub description: Option<String>,
    /// Who may see and open it.
    pub visibility: Visibility,
    /// What an instance is, and how it is made.
    pub kind: Kind,
    /// What an instance may use of its machine; none = as much as there is.
    pub limits: Option<ResourceLimits>,
    /// Who says how well a host suits it; none = the hosts' own guess.
    pub evaluator: Option<EvaluatorUse>,
    /// How many slots.
    pub slots: SlotPlan,
    /// The names that viewers open. Never empty: without any in the JSON it is one, with the service's own name.
    pub configurations: Vec<Configuration>,
    /// What the builder, or the program, understands for the instance as a whole.
    pub parameters: Parameters,
    /// What its sessions are worth having for.
    pub targets: Targets,
    /// How viewers weigh candidates. Kept, not read yet.
    pub utility: Option<Unread>,
    /// When there should be more or fewer slots. Kept, not read yet.
    pub scaling: Option<Unread>,
    /// The services that it is composed of. Its references are checked; it is not acted on yet.
    pub graph: Option<Graph>,
}

/// Who may see a service and open it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everybody.
    Public,
    /// Its provider, and whoever has a viewer's token.
    Private,
}

/// What an instance is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Actors inside the host's own process.
    Actor {
        /// Which builder of the host's registry makes it: `clip`, `epg`.
        builder: String,
    },
    /// A program of the host's machine.
    Process {
        /// The program and its arguments, never empty; no shell is between.
        command: Vec<String>,
        /// Variables for it.
        environment: Parameters,
    },
    /// A container.
    Container {
        /// Which image, `fusion/epg:1`.
        image: String,
        /// What to run in it; empty = what the image says.
        command: Vec<String>,
        /// Variables for it.
        environment: Parameters,
    },
    /// A virtual machine.
    Vm {
        /// Which image.
        image: String,
        /// Words for its kernel; empty = what the image says.
        command: Vec<String>,
    },
}

impl Kind {
    /// The word for it in the JSON, and the word by which a host knows the adaptor.
    pub fn word(&self) -> &'static str {
        match self {
            Kind::Actor { .. } => "actor",
            Kind::Process { .. } => "process",
            Kind::Container { .. } => "container",
            Kind::Vm { .. } => "vm",
        }
    }
}

/// What an instance may use of its machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// Thousandths of a core; none = all cores.
    pub cpu_millis: Option<u32>,
    /// Megabytes (2²⁰ bytes) of memory; none = all of it.
    pub memory_mb: Option<u32>,
}

/// Who says how well a host suits the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluatorUse {
    /// The evaluator, a service with a manifest of its own: `fit.fusion`.
    pub service: ServiceName,
    /// What it understands (`gpu = "required"`).
    pub parameters: Parameters,
}

/// How many slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotPlan {
    /// Slots of one instance, at most; 1 to [`SLOTS_EACH_MAX`].
    pub each: u32,
    /// Slots in the whole domain, at most; none = as many as are asked for.
    pub most: Option<u32>,
}

/// A name that viewers open, served by the instance's pool of slots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The name.
    pub name: ServiceName,
    /// At most this many slots of one instance at once; none = all of them.
    pub cap: Option<u32>,
    /// What is understood for this name alone (`width = "1280"`).
    pub parameters: Parameters,
}

/// What a session is worth having for. Each is a wish: it is measured and shown, not enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// Pictures a second.
    pub frames_per_second: Option<u32>,
    /// From an input to its picture, in milliseconds.
    pub input_to_picture_ms: Option<u32>,
    /// From the decision to deploy until it can be resolved, in milliseconds.
    pub deploy_ms: Option<u32>,
}

/// The services that a composite service needs, and which needs which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// By a name that only this manifest knows. No component uses itself, not even through others.
    pub components: BTreeMap<String, Component>,
}

/// One part of a composite service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Which service it is.
    pub service: ServiceName,
    /// The components that it uses.
    pub uses: Vec<String>,
}

/// A JSON object, as text, that is kept for a later version of the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread(pub String);
