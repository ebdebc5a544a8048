//! A message on its way: deadline, caller, trace, and where the answer goes.

use std::sync::Arc;

use actors_protocol::{Fault, Message, Request};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::actor::Caller;
use crate::life::Who;

/// Where the answer of one call goes. Dropped unanswered, it says why there is none: the actor crashed over the call, or it
/// is gone.
pub(crate) struct ReplyTo<R> {
    to: To<R>,
    whose: Arc<Who>,
    /// The call has reached its handler.
    begun: bool,
}

enum To<R> {
    Near(oneshot::Sender<Result<R, Fault>>),
    Far(transport_link::ReplyTo, fn(transport_link::ReplyTo, Result<R, Fault>)),
    /// Nobody asked, or the answer is given.
    Nobody,
}

impl<R> ReplyTo<R> {
    /// The answer of `whose` goes to somebody on this node.
    pub(crate) fn near(whose: &Arc<Who>, to: oneshot::Sender<Result<R, Fault>>) -> ReplyTo<R> {
        ReplyTo { to: To::Near(to), whose: whose.clone(), begun: false }
    }

    /// Nobody waits for the answer.
    pub(crate) fn nobody(whose: &Arc<Who>) -> ReplyTo<R> {
        ReplyTo { to: To::Nobody, whose: whose.clone(), begun: false }
    }

    pub(crate) fn send(mut self, reply: Result<R, Fault>) {
        self.give(reply);
    }

    /// From here on a crash of the actor is a crash over this call.
    pub(crate) fn begin(&mut self) {
        self.begun = true;
    }

    fn give(&mut self, reply: Result<R, Fault>) {
        match std::mem::replace(&mut self.to, To::Nobody) {
            // An asker whose deadline has passed has dropped its end; nobody is left to tell.
            To::Near(sender) => drop(sender.send(reply)),
            To::Far(to, send) => send(to, reply),
            To::Nobody => {}
        }
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        match &self.to {
            To::Near(sender) => sender.is_closed(),
            To::Far(to, _) => to.is_abandoned(),
            To::Nobody => false,
        }
    }
}

impl<R> Drop for ReplyTo<R> {
    fn drop(&mut self) {
        if !matches!(self.to, To::Nobody) {
            let crash = self.begun && self.whose.has_crashed();
            self.give(Err(if crash { self.whose.panicked() } else { self.whose.gone() }));
        }
    }
}

/// The answer of `whose` to an `M` goes out over a connection.
pub(crate) fn far<M: Request>(whose: &Arc<Who>, to: transport_link::ReplyTo) -> ReplyTo<M::Reply> {
    ReplyTo { to: To::Far(to, send_far::<M>), whose: whose.clone(), begun: false }
}

fn send_far<M: Request>(to: transport_link::ReplyTo, reply: Result<M::Reply, Fault>) {
    match reply {
        Ok(reply) => to.send(Ok(&reply)),
        Err(fault) => to.fail(fault),
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
