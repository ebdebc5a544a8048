//! Begins lives, watches their ends, and brings back what the node itself runs. actix does none of this.
//!
//! ```text
//!   spawn ─► life ──stopped──► forgotten
//!             │ ▲
//!     panic,  │ │ after 50 ms, doubling to 1 s; from the beginning after 10 s of life
//!     kill    ▼ │
//!            (gone)
//! ```

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::AsyncContext;
use actors_protocol::{ActorPath, Incarnation};

use crate::actor::{Actor, End, Obituary, Spec};
use crate::addr::ActorRef;
use crate::books::Books;
use crate::directory::{Entry, Registration};
use crate::node::Node;
use crate::owned::OwnedTask;
use crate::port::Port;
use crate::pump::PumpState;
use crate::shell::{Life, Shell};
use actors_protocol::Protocol;

const RESPAWN_FIRST: Duration = Duration::from_millis(50);
const RESPAWN_MOST: Duration = Duration::from_secs(1);
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
        if let End::Panicked(words) = &end {
            tracing::error!(actor = %path, incarnation = incarnation.0, "panicked: {words}");
        }
        Obituary { path, incarnation, end }
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no words".to_owned())
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
    if node.is_draining() {
        return Err(SpawnError::Draining);
    }
    if node.directory().contains(&path) {
        return Err(SpawnError::Taken(path));
    }
    let incarnation = node.next_incarnation();
    let books = Arc::new(Books::new(spec.mailbox));
    let context = actix::Context::<Shell<A>>::new();
    let mailbox = context.address();
    let (sender, receiver) = tokio::sync::oneshot::channel::<Shell<A>>();
    let task = node.tasks().spawn(A::Protocol::NAME, async move {
        if let Ok(shell) = receiver.await {
            context.into_future(shell).await;
        }
    });
    let port = Arc::new(Port {
        mailbox,
        books: books.clone(),
        routes: node.tables().of::<A>(),
        path: path.clone(),
        incarnation,
        abort: task.abort_handle(),
        directory: node.directory().clone(),
    });
    let life = Rc::new(Life {
        node: node.clone(),
        port: port.clone(),
        pump: std::cell::RefCell::new(PumpState::new()),
        tasks: Default::default(),
        next_key: std::cell::Cell::new(0),
    });
    drop(sender.send(Shell { actor, life }));
    let registration = Registration::new(
        node.directory(),
        path,
        Entry { incarnation, kind: A::Protocol::NAME, parent, books, deliver: port.clone(), restarts, spec },
    );
    Ok((ActorRef { port }, Watch { task, registration }))
}

/// Begins an actor that the node brings back when it crashes. The returned task is the supervisor.
pub(crate) fn supervise<A: Actor>(
    node: &Node,
    path: ActorPath,
    spec: Spec,
    mut make: impl FnMut() -> A + 'static,
) -> Result<(ActorRef<A>, OwnedTask), SpawnError> {
    let (first, mut watch) = begin(node, path.clone(), None, spec, 0, make())?;
    // The supervisor must not keep the node alive that owns it.
    let weak = node.downgrade();
    let task = node.tasks().spawn("supervisor", async move {
        let mut restarts = 0;
        let mut pause = RESPAWN_FIRST;
        loop {
            let begun = tokio::time::Instant::now();
            let obituary = watch.end().await;
            if obituary.end == End::Stopped {
                return;
            }
            if begun.elapsed() >= GOOD_LIFE {
                pause = RESPAWN_FIRST;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RESPAWN_MOST);
            restarts += 1;
            let Some(node) = weak.upgrade() else { return };
            match begin(&node, path.clone(), None, spec, restarts, make()) {
                Ok((_, next)) => watch = next,
                Err(error) => {
                    tracing::debug!(actor = %path, "not brought back: {error}");
                    return;
                }
            }
        }
    });
    Ok((first, task))
}

impl Node {
    pub(crate) fn next_incarnation(&self) -> Incarnation {
        self.count_incarnation()
    }
}
