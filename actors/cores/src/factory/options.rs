//! What a factory is made with, and when it cannot be made.

use actors_protocol::host::Offering;
use actors_protocol::{Incarnation, InstanceName, Millis, ServiceName};

/// The most slots of one instance. A pool's report does not grow with them, but its actors do.
pub const SLOTS_MAX: u32 = 16_384;

/// The longest deadline of a resize; who wants to wait longer gives none, and then nobody is sent away.
pub const RESIZE_DEADLINE_MAX: Millis = Millis::from_secs(24 * 3_600);

/// The bounds of a factory; the defaults are the domain's (`docs/semantics.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a reserved slot is held for its viewer.
    pub hold: Millis,
    /// How long a session waits for a viewer that lost its connection.
    pub resume_window: Millis,
    /// Open leases per viewer key. A viewer makes a key per open, so this bounds one open that goes wrong.
    pub leases_per_viewer: u32,
    /// Open leases per address: what one machine can hold back from the others.
    pub leases_per_origin: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            hold: Millis::from_secs(5),
            resume_window: Millis::from_secs(6),
            leases_per_viewer: 2,
            leases_per_origin: 64,
        }
    }
}

/// What a factory is made with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The instance.
    pub instance: InstanceName,
    /// Which life of its factory.
    pub incarnation: Incarnation,
    /// The services that draw on the pool, each with its cap.
    pub offerings: Vec<Offering>,
    /// How many slots there are to be.
    pub slots: u32,
    /// The bounds.
    pub limits: Limits,
}

/// Why there can be no such factory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactoryError {
    /// An instance without a service cannot be found.
    #[error("instance {0} offers no service")]
    NoService(InstanceName),
    /// Which of the two caps should hold?
    #[error("instance {0} offers {1} twice")]
    ServiceTwice(InstanceName, ServiceName),
    /// More than [`SLOTS_MAX`].
    #[error("instance {0} wants {1} slots; at most {SLOTS_MAX} are permitted")]
    TooManySlots(InstanceName, u32),
}

/// Why an instance keeps its number of slots.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResizeError {
    /// More than [`SLOTS_MAX`].
    #[error("{0} slots are too many; at most {SLOTS_MAX} are permitted")]
    TooManySlots(u32),
    /// Longer than [`RESIZE_DEADLINE_MAX`].
    #[error(
        "the deadline is too far away; use at most {} h, or none to let every session end by itself",
        RESIZE_DEADLINE_MAX.0 / 3_600_000
    )]
    TooLate,
    /// There is nothing to fit.
    #[error(
        "the instance drains and will have no slots; take the drain back first (fusion instance drain PATH --cancel)"
    )]
    Draining,
}
