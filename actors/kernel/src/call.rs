//! A message on its way: deadline, caller, trace, and where the answer goes.

use actors_protocol::{Fault, Message, Request};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::actor::Caller;

/// Where an answer goes. If it is dropped, the asker hears that the actor is gone, or that it panicked.
pub(crate) enum ReplyTo<R> {
    Near(Option<oneshot::Sender<Result<R, Fault>>>),
    Far(Option<transport_link::ReplyTo>, fn(transport_link::ReplyTo, Result<R, Fault>)),
    Nobody,
}

impl<R> ReplyTo<R> {
    pub(crate) fn near(sender: oneshot::Sender<Result<R, Fault>>) -> ReplyTo<R> {
        ReplyTo::Near(Some(sender))
    }

    pub(crate) fn send(mut self, reply: Result<R, Fault>) {
        self.give(reply);
    }

    fn give(&mut self, reply: Result<R, Fault>) {
        match self {
            // An asker whose deadline has passed has dropped its end; nobody is left to tell.
            ReplyTo::Near(sender) => drop(sender.take().map(|sender| sender.send(reply))),
            ReplyTo::Far(to, send) => {
                if let Some(to) = to.take() {
                    send(to, reply);
                }
            }
            ReplyTo::Nobody => {}
        }
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        match self {
            ReplyTo::Near(Some(sender)) => sender.is_closed(),
            ReplyTo::Far(Some(to), _) => to.is_abandoned(),
            _ => false,
        }
    }
}

impl<R> Drop for ReplyTo<R> {
    fn drop(&mut self) {
        // A handler that panics drops what it was to answer. Without this the asker could not tell a crash from a node
        // that went away.
        if std::thread::panicking() {
            self.give(Err(Fault::Panicked("the actor".into())));
        }
    }
}

/// One message with all that belongs to it.
pub(crate) struct Call<M: Message> {
    pub(crate) message: M,
    pub(crate) arrived: Instant,
    pub(crate) deadline: Option<Instant>,
    pub(crate) caller: Caller,
    pub(crate) trace: u64,
    pub(crate) reply: ReplyTo<M::Reply>,
}

impl<M: Message> actix::Message for Call<M> {
    type Result = ();
}

/// Encodes an answer into the connection it goes out on.
pub(crate) fn send_far<M: Request>(to: transport_link::ReplyTo, reply: Result<M::Reply, Fault>) {
    to.send(reply.as_ref().map_err(Clone::clone));
}
