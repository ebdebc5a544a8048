//! What the sessions of an instance are shown: a program that is there, or one that begins with the factory.
//!
//! Owns: the choice. Refuses: the programs themselves.

use std::rc::Rc;

use actors_kernel::{Cx, SpawnError};
use media_share::Program;

use crate::factory::FactoryActor;

/// What the sessions of an instance are shown.
#[derive(Clone)]
pub enum Production {
    /// The same in every life of the factory; it needs no actor.
    Ready(Rc<dyn Program>),
    /// Begun anew in each life of the factory, with actors that are the factory's children.
    Staged(Rc<dyn Stage>),
}

impl Production {
    /// A program that needs no actor.
    pub fn ready(program: impl Program + 'static) -> Production {
        Production::Ready(Rc::new(program))
    }

    pub(crate) fn begin(&self, cx: &mut Cx<'_, FactoryActor>) -> Result<Rc<dyn Program>, SpawnError> {
        match self {
            Production::Ready(program) => Ok(program.clone()),
            Production::Staged(stage) => stage.begin(cx),
        }
    }
}

/// A program that needs actors of its own.
pub trait Stage {
    /// Starts them, as children of the factory.
    fn begin(&self, cx: &mut Cx<'_, FactoryActor>) -> Result<Rc<dyn Program>, SpawnError>;
}
