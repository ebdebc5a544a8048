//! The factory and the sessions of an instance: actors over the pure core of slots and the pure ports of media.
//!
//! Owns: one factory actor per instance, one session actor per slot, the connections of viewers that hold sessions, and the
//! pace at which pictures go out on them.
//! Refuses: to decide who gets a slot (`actors/cores`), to know how a picture comes to be (`media/share`'s ports; neither
//! GStreamer nor a GPU is named here), to open a connection.

pub mod delivery;
mod factory;
mod notes;
pub mod observe;
mod production;
mod raw;
mod report;
mod selfcheck;
mod session;
mod studio;
mod workers;

pub use actors_cores::Flaw;
pub use actors_cores::factory::Limits;
pub use factory::{FactoryActor, FactoryProblem, FactorySetup, Strain, spawn_factory};
pub use production::{Production, Stage};
pub use raw::{RawPort, RawPortError};
pub use studio::{Audience, Interactions, Scene, Staging, StudioSetup, Takes, Trial};
