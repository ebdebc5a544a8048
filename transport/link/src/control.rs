//! Control: questions and answers on one long-lived framed stream per peer. The dialler asks, the acceptor answers.
//!
//! ```text
//!   dialler                                                      acceptor
//!   ask ──► table of calls                                         Dispatch (the kernel)
//!      └──► outbox ──► writer ═══ hello, call, call, cancel ══► reader ──┘   │
//!   Ask ◄── table ◄── reader ◄══ hello, reply, failed ════════ writer ◄── outbox ◄── ReplyTo
//! ```
//!
//! The dialler's hello and its first calls leave in one flight. A call that is newer than minor version 0 waits for the
//! acceptor's hello, and what is asked after it waits behind it, so that order is kept. Whatever collects in an outbox while
//! the writer is busy goes out in one piece: the busier a link, the fewer writes. What is alone on its link is written by
//! whoever asks or answers, without a turn of the driver.
//!
//! Owns: the table of calls in flight and its deadlines, both outboxes and their bounds. Refuses: to retry (a call that was
//! sent is never sent again), to spawn (a [`Driver`] is a future that the caller owns), to know what a message means.

mod ask;
mod calls;
mod converse;
mod outbox;
mod reply;
mod serve;
mod table;
mod writer;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actors_protocol::{Incarnation, Request};
use transport_wire::{CloseCode, Versions};

pub use ask::Ask;
pub use reply::{Dispatch, InboundCall, ReplyTo};
pub use transport_wire::CallHead;

pub(crate) use calls::Shared;
pub(crate) use converse::{converse, deadlines};
pub(crate) use reply::Serving;

use crate::{Connection, LinkError};

/// To whom a call goes, and how.
#[derive(Clone, Copy, Debug)]
pub struct CallTo<'a> {
    /// The actor's path inside the peer.
    pub path: &'a str,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// How long the answer is waited for.
    pub within: Duration,
    /// The trace that the call belongs to, 0 = none.
    pub trace: u64,
}

/// The asking end of a control stream. A clone is the same end.
#[derive(Clone)]
pub struct Control(pub(crate) Arc<Shared>);

impl Control {
    /// Opens the control stream of a connection that we dialled. Nothing happens until the driver is polled; calls may be asked
    /// at once.
    pub fn open(connection: &Connection, versions: Versions) -> (Control, Driver) {
        let shared = Shared::new(whom(connection));
        let (driven, connection) = (shared.clone(), connection.clone());
        // Made here, not in the future: a driver that is dropped before its first poll ends its calls all the same.
        let guard = EndOnDrop(shared.clone());
        let driver = Driver::new(async move {
            let error = tokio::select! {
                biased;
                error = converse(&driven, &connection, versions, |_| ()) => error,
                never = deadlines(&driven) => match never {},
            };
            driven.end(&error);
            drop(guard);
            error
        });
        (Control(shared), driver)
    }

    /// Answers on the control stream of a connection that we accepted: the first stream that the peer opens.
    pub fn serve(connection: &Connection, versions: Versions, dispatch: Arc<dyn Dispatch>) -> Driver {
        Driver::new(serve::serve(connection.clone(), versions, dispatch))
    }

    /// Asks. The call is on its way (or waits in order for its turn) when this returns; dropping the [`Ask`] forgets it.
    pub fn ask<M: Request>(
        &self,
        path: &str,
        incarnation: Incarnation,
        message: &M,
        within: Duration,
    ) -> Ask<M::Reply> {
        self.ask_with(CallTo { path, incarnation, within, trace: 0 }, message)
    }

    /// [`Control::ask`], with a trace.
    pub fn ask_with<M: Request>(&self, to: CallTo<'_>, message: &M) -> Ask<M::Reply> {
        Ask::new(&self.0, self.0.start(to, message))
    }

    /// Calls that wait for their answer.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight()
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Control({}, {} in flight)", self.0.whom(), self.in_flight())
    }
}

/// What moves a link. Its owner spawns it; it ends with the reason for which the link ended. Dropped, it ends the link:
/// whoever waits for an answer is told that the peer is gone.
#[must_use = "nothing moves unless the driver is polled"]
pub struct Driver(Pin<Box<dyn Future<Output = LinkError> + Send>>);

impl Driver {
    pub(crate) fn new(future: impl Future<Output = LinkError> + Send + 'static) -> Driver {
        Driver(Box::pin(future))
    }
}

impl Future for Driver {
    type Output = LinkError;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<LinkError> {
        self.0.as_mut().poll(cx)
    }
}

/// Fails what still waits when a driver is dropped in the middle of its work.
pub(crate) struct EndOnDrop(pub(crate) Arc<Shared>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        let words = "this side let go of the link".to_owned();
        self.0.end(&LinkError::ClosedHere { code: CloseCode::DROPPED, words });
    }
}

pub(crate) fn whom(connection: &Connection) -> String {
    let peer = connection.peer();
    match &peer.node {
        Some(node) => format!("node '{node}'"),
        None => format!("the viewer at {}", peer.address),
    }
}
