//! Begins lives, watches their ends, and brings back what the node itself runs. actix does none of this.
//!
//! ```text
//!   spawn ─► life ──stopped──► forgotten
//!             │ ▲
//!     panic,  │ │ after 50 ms, doubling to 1 s; from the beginning after 10 s of life
//!     kill    ▼ │
//!            (gone)
//! ```

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix::AsyncContext;
use actors_protocol::{ActorPath, Incarnation, Protocol};
use tokio::time::Instant;

use crate::actor::{Actor, End, Obituary, Spec};
use crate::addr::ActorRef;
use crate::books::Books;
use crate::directory::{Entry, Registration};
use crate::life::{Life, Run, Who, words_of};
use crate::node::{Node, WeakNode};
use crate::owned::OwnedTask;
use crate::port::Port;
use crate::pump::PumpState;
use crate::shell::Shell;

pub(crate) const RESPAWN_FIRST: Duration = Duration::from_millis(50);
pub(crate) const RESPAWN_MOST: Duration = Duration::from_secs(1);
/// A life as long as this was a good one: the next pause is short again.
const GOOD_LIFE: Duration = Duration::from_secs(10);

/// Why an actor could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// Somebody lives at that path.
    #[error("an actor lives at '{0}' already")]
    Taken(ActorPath),
    /// The path is no path.
    #[error(transparent)]
    Path(#[from] actors_protocol::address::AddressError),
    /// The node is on its way out.
    #[error("the node drains; it starts no more actors")]
    Draining,
}

/// A life under watch. Dropping it ends the actor.
pub(crate) struct Watch {
    task: OwnedTask,
    registration: Registration,
}

impl Watch {
    /// Waits for the end of this life.
    pub(crate) async fn end(mut self) -> Obituary {
        let end = match self.task.join().await {
            Ok(()) => End::Stopped,
            Err(error) if error.is_cancelled() => End::Killed,
            Err(error) => End::Panicked(words_of(error.into_panic().as_ref())),
        };
        let (path, incarnation) = (self.registration.path().clone(), self.registration.incarnation());
        match &end {
            End::Panicked(words) => tracing::error!(actor = %path, incarnation = incarnation.0, "panicked: {words}"),
            End::Killed => tracing::info!(actor = %path, incarnation = incarnation.0, "killed"),
            End::Stopped => {}
        }
        Obituary { path, incarnation, end }
    }
}

/// Begins one life.
pub(crate) fn begin<A: Actor>(
    node: &Node,
    path: ActorPath,
    parent: Option<ActorPath>,
    spec: Spec,
    restarts: u32,
    actor: A,
) -> Result<(ActorRef<A>, Watch), SpawnError> {
    if node.directory().contains(&path) {
        return Err(SpawnError::Taken(path));
    }
    let who = Who::new(path.clone(), node.next_incarnation());
    let books = Arc::new(Books::new(spec.mailbox));
    let context = actix::Context::<Shell<A>>::new();
    let mailbox = context.address();
    let port = Arc::new(Port {
        mailbox,
        books: books.clone(),
        routes: node.tables().of::<A>(),
        who: who.clone(),
        abort: OnceLock::new(),
        directory: node.directory().clone(),
    });
    let life = Rc::new(Life {
        node: node.clone(),
        port: port.clone(),
        pump: std::cell::RefCell::new(PumpState::new()),
        tasks: Default::default(),
        next_key: std::cell::Cell::new(0),
    });
    let run = Run::new(context.into_future(Shell::new(actor, life)), who.clone());
    let task = node.tasks().spawn(A::Protocol::NAME, run);
    port.abort.set(task.abort_handle()).expect("it is set once");
    let registration = Registration::new(
        node.directory(),
        path,
        Entry {
            incarnation: who.incarnation,
            kind: A::Protocol::NAME,
            parent,
            books,
            deliver: port.clone(),
            restarts,
            spec,
        },
    );
    Ok((ActorRef { port }, Watch { task, registration }))
}

/// What the node keeps of an actor that it runs. Dropping it ends the actor, also one that is between two lives.
pub(crate) struct Supervised {
    /// Over when the actor has ended for good.
    pub(crate) task: OwnedTask,
    pub(crate) rank: u8,
    retired: Rc<Cell<bool>>,
}

impl Supervised {
    /// The present life is the last.
    pub(crate) fn retire(&self) {
        self.retired.set(true);
    }

    /// Is it?
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.get()
    }
}

/// Begins an actor that the node brings back when it crashes.
pub(crate) fn supervise<A: Actor>(
    node: &Node,
    path: ActorPath,
    spec: Spec,
    mut make: impl FnMut() -> A + 'static,
) -> Result<(ActorRef<A>, Supervised), SpawnError> {
    let (first, watch) = begin(node, path.clone(), None, spec, 0, make())?;
    let retired = Rc::new(Cell::new(false));
    // The supervisor must not keep the node alive that owns it.
    let supervisor = Supervisor { node: node.downgrade(), path, spec, retired: retired.clone() };
    let task = node.tasks().spawn("supervisor", async move {
        supervisor.run(watch, make).await;
        if let Some(node) = supervisor.node.upgrade() {
            node.forget(&supervisor.path);
        }
    });
    Ok((first, Supervised { task, rank: spec.rank, retired }))
}

struct Supervisor {
    node: WeakNode,
    path: ActorPath,
    spec: Spec,
    retired: Rc<Cell<bool>>,
}

impl Supervisor {
    /// Ends when the actor has ended for good.
    async fn run<A: Actor>(&self, mut watch: Watch, mut make: impl FnMut() -> A) {
        let mut restarts = 0;
        let mut pause = RESPAWN_FIRST;
        loop {
            let begun = Instant::now();
            if watch.end().await.end == End::Stopped {
                return;
            }
            if begun.elapsed() >= GOOD_LIFE {
                pause = RESPAWN_FIRST;
            }
            watch = loop {
                if self.is_over() {
                    return;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(RESPAWN_MOST);
                restarts += 1;
                if self.is_over() {
                    return;
                }
                match self.begin(restarts, &mut make) {
                    Ok(next) => break next,
                    Err(why) => tracing::error!(actor = %self.path, "not brought back yet: {why}"),
                }
            };
        }
    }

    /// Is there to be no further life?
    fn is_over(&self) -> bool {
        self.retired.get() || self.node.upgrade().is_none_or(|node| node.is_draining())
    }

    fn begin<A: Actor>(&self, restarts: u32, make: &mut impl FnMut() -> A) -> Result<Watch, String> {
        // A maker that fails once may succeed the next time; the actor is not given up for it.
        let actor = catch_unwind(AssertUnwindSafe(make)).map_err(|panic| words_of(panic.as_ref()))?;
        let node = self.node.upgrade().ok_or("its node is gone")?;
        let begun = begin(&node, self.path.clone(), None, self.spec, restarts, actor);
        begun.map(|(_, watch)| watch).map_err(|error| error.to_string())
    }
}

impl Node {
    pub(crate) fn next_incarnation(&self) -> Incarnation {
        self.count_incarnation()
    }
}
