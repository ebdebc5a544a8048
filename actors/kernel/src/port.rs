//! The way into one actor's mailbox, typed inside, erased for the directory.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use actors_protocol::{Fault, Message, Request, Tag};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use transport_link::InboundCall;

use crate::actor::{Actor, Caller, Handler};
use crate::books::Books;
use crate::call::{self, Call, ReplyTo};
use crate::directory::Directory;
use crate::life::Who;
use crate::routes::Routes;
use crate::shell::{Halt, Prepare, Reveal, Shell};

/// One life of one actor, as the kernel reaches it.
pub(crate) struct Port<A: Actor> {
    pub(crate) mailbox: actix::Addr<Shell<A>>,
    pub(crate) books: Arc<Books>,
    pub(crate) routes: Arc<Routes<A>>,
    pub(crate) who: Arc<Who>,
    /// Set right after the port is made.
    pub(crate) abort: OnceLock<AbortHandle>,
    pub(crate) directory: Arc<Directory>,
}

/// A near call whose types have been erased on its way through the directory.
pub(crate) struct NearCall<M: Message> {
    pub(crate) message: M,
    pub(crate) deadline: Instant,
    pub(crate) reply: oneshot::Sender<Result<M::Reply, Fault>>,
}

/// What the directory can do with an actor of any type.
pub(crate) trait Deliver: Send + Sync {
    /// Decodes and delivers a call from another node. False: the actor has no such route, `call` is untouched.
    fn far(&self, call: InboundCall<'_>) -> Result<(), Unrouted>;
    /// Delivers a [`NearCall`] of the message with this tag.
    fn near(&self, tag: Tag, call: Box<dyn Any + Send>) -> Result<(), Fault>;
    /// Asks for the actor's state.
    fn reveal(&self, to: oneshot::Sender<serde_json::Value>);
    /// Asks it to finish what should be finished.
    fn prepare(&self, within: std::time::Duration, ready: oneshot::Sender<()>);
    /// Asks it to stop.
    fn halt(&self);
    /// Ends it as a crash would.
    fn kill(&self);
}

/// The actor does not understand the message.
pub(crate) struct Unrouted;

impl<A: Actor> Port<A> {
    /// Makes room in the mailbox for one message, to be [`put`](Port::put) there at once.
    pub(crate) fn admit(&self) -> Result<(), Fault> {
        if !self.mailbox.connected() {
            Err(self.who.gone())
        } else if !self.books.admit() {
            Err(self.who.overloaded())
        } else {
            Ok(())
        }
    }

    /// Puts a message that was admitted into the mailbox.
    #[expect(clippy::disallowed_methods, reason = "the kernel counts the mailbox itself; actix's own bound is soft")]
    pub(crate) fn put<M: Message>(&self, call: Call<M>)
    where
        A: Handler<M>,
    {
        self.mailbox.do_send(call);
    }

    /// Puts a call into the mailbox, or answers it at once.
    pub(crate) fn post<M: Message>(&self, call: Call<M>)
    where
        A: Handler<M>,
    {
        match self.admit() {
            Ok(()) => self.put(call),
            Err(fault) => call.reply.send(Err(fault)),
        }
    }

    pub(crate) fn deliver_far<M: Request>(port: &Port<A>, call: InboundCall<'_>)
    where
        A: Handler<M>,
    {
        let message = match transport_wire::codec::decode::<M>(&call.payload) {
            Ok(message) => message,
            Err(error) => {
                let code = error.close_code();
                let words = format!("{} for {}: {error}", M::NAME, port.who.path);
                call.reply.fail(Fault::Malformed(words.clone()));
                // Whoever writes bytes that are not a message cannot be trusted to mean the next ones.
                call.connection.close(code, &words);
                return;
            }
        };
        port.post(Call {
            message,
            arrived: call.arrived,
            deadline: Some(call.arrived + std::time::Duration::from_millis(u64::from(call.head.within_ms))),
            caller: Caller::far(call.connection),
            trace: call.head.trace,
            reply: call::far::<M>(&port.who, call.reply),
        });
    }

    pub(crate) fn deliver_near<M: Request>(port: &Port<A>, call: Box<dyn Any + Send>)
    where
        A: Handler<M>,
    {
        let call: Box<NearCall<M>> = call.downcast().expect("a tag stands for one type of message");
        port.post(Call {
            message: call.message,
            arrived: Instant::now(),
            deadline: Some(call.deadline),
            caller: Caller::near(),
            trace: 0,
            reply: ReplyTo::near(&port.who, call.reply),
        });
    }
}

impl<A: Actor> Deliver for Port<A> {
    fn far(&self, call: InboundCall<'_>) -> Result<(), Unrouted> {
        match self.routes.get(call.head.tag) {
            Some(route) => {
                (route.far)(self, call);
                Ok(())
            }
            None => {
                let words = format!("{} does not understand message {:#06x}", self.who.path, call.head.tag);
                call.reply.fail(Fault::Version(words));
                Err(Unrouted)
            }
        }
    }

    fn near(&self, tag: Tag, call: Box<dyn Any + Send>) -> Result<(), Fault> {
        match self.routes.get(tag) {
            Some(route) => {
                (route.near)(self, call);
                Ok(())
            }
            None => Err(Fault::Version(format!("{} does not understand message {tag:#06x}", self.who.path))),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the kernel's own messages are few and pass the bound on purpose")]
    fn reveal(&self, to: oneshot::Sender<serde_json::Value>) {
        self.mailbox.do_send(Reveal(to));
    }

    #[expect(clippy::disallowed_methods, reason = "the kernel's own messages are few and pass the bound on purpose")]
    fn prepare(&self, within: std::time::Duration, ready: oneshot::Sender<()>) {
        self.mailbox.do_send(Prepare { within, ready });
    }

    #[expect(clippy::disallowed_methods, reason = "the kernel's own messages are few and pass the bound on purpose")]
    fn halt(&self) {
        self.mailbox.do_send(Halt);
    }

    fn kill(&self) {
        if let Some(task) = self.abort.get() {
            task.abort();
        }
    }
}
