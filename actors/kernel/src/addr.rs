//! Addresses: [`ActorRef`] for one life of an actor on this node, [`Addr`] for a protocol, near or far.

use std::future::Future;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actors_protocol::{ActorPath, Fault, Incarnation, Includes, Message, NodeName, Protocol, Request};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::actor::{Actor, Caller, Handler};
use crate::call::{Call, ReplyTo};
use crate::directory::Directory;
use crate::links::Links;
use crate::port::{Deliver, NearCall, Port};

/// One life of an actor on this node. Takes every message, also those that cannot cross the network.
pub struct ActorRef<A: Actor> {
    pub(crate) port: Arc<Port<A>>,
}

impl<A: Actor> Clone for ActorRef<A> {
    fn clone(&self) -> Self {
        ActorRef { port: self.port.clone() }
    }
}

impl<A: Actor> ActorRef<A> {
    /// Where it lives.
    pub fn path(&self) -> &ActorPath {
        &self.port.who.path
    }

    /// Which life this is.
    pub fn incarnation(&self) -> Incarnation {
        self.port.who.incarnation
    }

    /// Leaves a message without waiting for the answer. Nobody hears whether it was handled; an actor that is gone or
    /// overloaded is told at once.
    pub fn tell<M: Message>(&self, message: M) -> Result<(), Fault>
    where
        A: Handler<M>,
    {
        self.port.admit()?;
        self.port.put(self.call(message, None, ReplyTo::nobody(&self.port.who)));
        Ok(())
    }

    /// Asks, and waits for the answer at most `within`. The call leaves now; the answer is what is awaited.
    pub fn ask<M: Message>(
        &self,
        message: M,
        within: Duration,
    ) -> impl Future<Output = Result<M::Reply, Fault>> + use<A, M>
    where
        A: Handler<M>,
    {
        let deadline = after(within);
        let (sender, receiver) = oneshot::channel();
        self.port.post(self.call(message, Some(deadline), ReplyTo::near(&self.port.who, sender)));
        wait(receiver, deadline)
    }

    /// The address by which others reach whichever life is at this path.
    pub fn addr(&self) -> Addr<A::Protocol> {
        let place = Place::Near { directory: self.port.directory.clone() };
        Addr { place, path: self.port.who.path.clone(), incarnation: Incarnation::ANY, protocol: PhantomData }
    }

    /// Asks it to stop after the messages that wait.
    pub fn stop(&self) {
        self.port.halt();
    }

    /// Ends it as a crash would.
    pub fn kill(&self) {
        self.port.kill();
    }

    fn call<M: Message>(&self, message: M, deadline: Option<Instant>, reply: ReplyTo<M::Reply>) -> Call<M> {
        Call { message, arrived: Instant::now(), deadline, caller: Caller::near(), trace: 0, reply }
    }
}

async fn wait<R>(receiver: oneshot::Receiver<Result<R, Fault>>, deadline: Instant) -> Result<R, Fault> {
    match tokio::time::timeout_at(deadline, receiver).await {
        Ok(reply) => reply.expect("a call that is dropped is answered all the same"),
        Err(_) => Err(Fault::Deadline),
    }
}

/// Waits beyond this are for ever; cut to it, every clock can add them.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// The instant after `wait` from now.
pub(crate) fn after(wait: Duration) -> Instant {
    Instant::now() + wait.min(FOREVER)
}

enum Place {
    Near { directory: Arc<Directory> },
    Far { links: Rc<Links>, node: NodeName },
}

/// An actor that speaks protocol `P`, on this node or another: the call is the same.
///
/// Only a request of its protocol can be asked through it. A message that stays inside its node goes to the
/// [`ActorRef`], which is near for certain:
///
/// ```
/// # use actors_kernel::{Actor, ActorRef, Handler, Message};
/// struct Picture(std::sync::Arc<[u8]>);
/// impl Message for Picture { type Reply = (); }
/// fn show<A: Actor + Handler<Picture>>(screen: &ActorRef<A>, picture: Picture) {
///     screen.tell(picture).ok();
/// }
/// ```
///
/// The compiler refuses to send it where it could meet a network, also to an address that happens to be near:
///
/// ```compile_fail,E0277
/// # use actors_kernel::{Actor, ActorRef, Handler, Message};
/// # use std::time::Duration;
/// struct Picture(std::sync::Arc<[u8]>);
/// impl Message for Picture { type Reply = (); }
/// async fn show<A: Actor + Handler<Picture>>(screen: &ActorRef<A>, picture: Picture) {
///     screen.addr().ask(picture, Duration::from_secs(1)).await.ok();
/// }
/// ```
pub struct Addr<P: Protocol> {
    place: Place,
    path: ActorPath,
    incarnation: Incarnation,
    protocol: PhantomData<fn() -> P>,
}

impl<P: Protocol> Clone for Addr<P> {
    fn clone(&self) -> Self {
        let place = match &self.place {
            Place::Near { directory } => Place::Near { directory: directory.clone() },
            Place::Far { links, node } => Place::Far { links: links.clone(), node: node.clone() },
        };
        Addr { place, path: self.path.clone(), incarnation: self.incarnation, protocol: PhantomData }
    }
}

impl<P: Protocol> Addr<P> {
    pub(crate) fn far(links: Rc<Links>, node: NodeName, path: ActorPath) -> Addr<P> {
        Addr { place: Place::Far { links, node }, path, incarnation: Incarnation::ANY, protocol: PhantomData }
    }

    pub(crate) fn near(directory: Arc<Directory>, path: ActorPath) -> Addr<P> {
        Addr { place: Place::Near { directory }, path, incarnation: Incarnation::ANY, protocol: PhantomData }
    }

    /// The same address, for this life only: a later one is not reached (invariant I6).
    pub fn of(mut self, incarnation: Incarnation) -> Addr<P> {
        self.incarnation = incarnation;
        self
    }

    /// Where it lives on its node.
    pub fn path(&self) -> &ActorPath {
        &self.path
    }

    /// Asks, and waits for the answer at most `within`. The call leaves now; the answer is what is awaited. At most once:
    /// nothing is sent twice. A fault of `Deadline` or `Gone` leaves open whether the call was carried out.
    pub fn ask<M: Request>(
        &self,
        message: M,
        within: Duration,
    ) -> impl Future<Output = Result<M::Reply, Fault>> + use<P, M>
    where
        P: Includes<M>,
    {
        let asked = match &self.place {
            Place::Near { directory } => self.ask_near(directory, message, within),
            Place::Far { links, node } => links
                .with(node, |link| Asked::Far(link.ask(self.path.as_str(), self.incarnation, &message, within)))
                .unwrap_or_else(Asked::Failed),
        };
        async move {
            match asked {
                Asked::Near { receiver, deadline } => wait(receiver, deadline).await,
                Asked::Far(ask) => ask.await,
                Asked::Failed(fault) => Err(fault),
            }
        }
    }

    fn ask_near<M: Request>(&self, directory: &Directory, message: M, within: Duration) -> Asked<M::Reply> {
        let deadline = after(within);
        let Some(deliver) = directory.find(self.path.as_str(), self.incarnation) else {
            return Asked::Failed(Fault::Gone(self.path.to_string()));
        };
        let (reply, receiver) = oneshot::channel();
        match deliver.near(M::TAG, Box::new(NearCall { message, deadline, reply })) {
            Ok(()) => Asked::Near { receiver, deadline },
            Err(fault) => Asked::Failed(fault),
        }
    }
}

/// A call that has left.
enum Asked<R> {
    Near { receiver: oneshot::Receiver<Result<R, Fault>>, deadline: Instant },
    Far(transport_link::Ask<R>),
    Failed(Fault),
}
