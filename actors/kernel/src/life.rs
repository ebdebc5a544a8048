//! One life of one actor: who it is, what belongs to it, and the future that it runs in.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use actix::ActorContext;
use actix::dev::ContextFut;
use actors_protocol::{ActorPath, Fault, Incarnation};

use crate::actor::Actor;
use crate::node::Node;
use crate::owned::OwnedTask;
use crate::port::Port;
use crate::pump::PumpState;
use crate::shell::Shell;

/// Who a life is, for all who have to do with it.
pub(crate) struct Who {
    pub(crate) path: ActorPath,
    pub(crate) incarnation: Incarnation,
    crashed: AtomicBool,
}

impl Who {
    pub(crate) fn new(path: ActorPath, incarnation: Incarnation) -> Arc<Who> {
        Arc::new(Who { path, incarnation, crashed: AtomicBool::new(false) })
    }

    /// Is it in the middle of a panic, or was that its end?
    pub(crate) fn has_crashed(&self) -> bool {
        self.crashed.load(Relaxed) || std::thread::panicking()
    }

    pub(crate) fn gone(&self) -> Fault {
        Fault::Gone(self.path.to_string())
    }

    pub(crate) fn overloaded(&self) -> Fault {
        Fault::Overloaded(self.path.to_string())
    }

    pub(crate) fn panicked(&self) -> Fault {
        Fault::Panicked(self.path.to_string())
    }
}

/// What belongs to one life of one actor, apart from the actor itself. It holds the mailbox's address, so that actix never
/// ends an actor because nobody else does.
pub(crate) struct Life<A: Actor> {
    pub(crate) node: Node,
    pub(crate) port: Arc<Port<A>>,
    pub(crate) pump: RefCell<PumpState<A>>,
    pub(crate) tasks: RefCell<BTreeMap<u64, OwnedTask>>,
    pub(crate) next_key: Cell<u64>,
}

/// The future of one life. It stands around actix's own for two reasons: that one, when it is dropped, would run the actor
/// once more (a kill must not); and what a crash leaves behind is taken apart after the panic, not during it, where a second
/// panic would take the whole process along.
pub(crate) struct Run<A: Actor> {
    context: Option<ContextFut<Shell<A>, actix::Context<Shell<A>>>>,
    who: Arc<Who>,
}

impl<A: Actor> Run<A> {
    pub(crate) fn new(context: ContextFut<Shell<A>, actix::Context<Shell<A>>>, who: Arc<Who>) -> Run<A> {
        Run { context: Some(context), who }
    }

    fn end(&mut self) {
        if let Some(mut context) = self.context.take() {
            context.ctx().terminate();
        }
    }
}

impl<A: Actor> Future for Run<A> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        let Some(context) = &mut self.context else { return Poll::Ready(()) };
        match catch_unwind(AssertUnwindSafe(|| Pin::new(context).poll(task))) {
            Ok(poll) => poll,
            Err(panic) => {
                self.who.crashed.store(true, Relaxed);
                // A further panic, in a destructor, adds nothing: the actor is at its end.
                drop(catch_unwind(AssertUnwindSafe(|| self.end())));
                resume_unwind(panic)
            }
        }
    }
}

impl<A: Actor> Drop for Run<A> {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a panic said.
pub(crate) fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no words".to_owned())
}
