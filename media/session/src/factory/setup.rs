//! What a factory is made with, where it lives, and how it is started.

use std::rc::Rc;

use actors_cores::Flaw;
use actors_cores::factory::{Factory as Core, FactoryError, Limits, Options};
use actors_kernel::{ActorRef, Node, SpawnError, Spec};
use actors_protocol::host::CreateInstance;
use actors_protocol::{ActorPath, Incarnation, Millis};

use super::FactoryActor;
use crate::observe::Observer;
use crate::production::Production;
use crate::raw::RawPort;

/// Reservations come in bursts; each is a microsecond's work.
const MAILBOX: u32 = 4_096;

/// What a factory is made with.
#[derive(Clone)]
pub struct FactorySetup {
    /// What the zone asked for.
    pub create: CreateInstance,
    /// What its sessions are shown.
    pub production: Production,
    /// The raw ports of its services.
    pub raw: Vec<RawPort>,
    /// Where viewers reach this node, and the name in its certificate.
    pub endpoint: std::net::SocketAddr,
    /// A DNS name of the node's certificate.
    pub server_name: String,
    /// The bounds.
    pub limits: Limits,
    /// Draws 128 bits that cannot be guessed.
    pub entropy: Rc<dyn Fn() -> u128>,
    /// One wrong decision; only a harness sets another than none.
    pub flaw: Flaw,
    /// Who looks on; only a harness does.
    pub observer: Option<Observer>,
}

/// Starts the factory of an instance. Fails when one of that name runs, or when the setup cannot be.
pub fn spawn_factory(node: &Node, setup: FactorySetup) -> Result<ActorRef<FactoryActor>, FactoryProblem> {
    // What the core refuses, it refuses here, where there is somebody to tell.
    Core::new(Millis::ZERO, options(&setup, Incarnation(1)))?;
    let path = ActorPath::of_instance(&setup.create.instance);
    let spec = Spec { mailbox: MAILBOX, rank: 1, ..Spec::default() };
    Ok(node.spawn(path, spec, move || FactoryActor::new(setup.clone()))?)
}

/// Why a factory could not be started.
#[derive(Debug, thiserror::Error)]
pub enum FactoryProblem {
    /// The setup.
    #[error(transparent)]
    Setup(#[from] FactoryError),
    /// The place.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
}

pub(super) fn options(setup: &FactorySetup, incarnation: Incarnation) -> Options {
    Options {
        instance: setup.create.instance.clone(),
        incarnation,
        offerings: setup.create.offerings.clone(),
        slots: setup.create.slots,
        limits: setup.limits,
    }
}
