//! What an actor is to those who write one: the traits, the answer, the caller, the obituary.

use std::net::SocketAddr;

use actors_protocol::{ActorPath, Incarnation, Message, Millis, NodeName, Protocol, Role, Roles};
use transport_link::Connection;

use crate::cx::Cx;
use crate::routes::Routes;

/// A unit of state with a mailbox. One message is handled at a time; nothing else touches the state.
pub trait Actor: Sized + Unpin + 'static {
    /// What others may ask of it from another node.
    type Protocol: Protocol;

    /// Names every request of [`Actor::Protocol`]; a missing or a foreign one is found when the first such actor starts.
    fn routes(_routes: &mut Routes<Self>) {}

    /// Before the first message.
    fn started(&mut self, _cx: &mut Cx<'_, Self>) {}

    /// The time that was set with [`Cx::wake_at`] has come, or somebody used [`Cx::waker`].
    fn woken(&mut self, _cx: &mut Cx<'_, Self>) {}

    /// The node drains: finish what should be finished, within the time. Ready when the answer is given.
    fn drain(&mut self, _within: std::time::Duration, _cx: &mut Cx<'_, Self>) -> Answer<()> {
        Answer::Now(())
    }

    /// After the last message of an orderly stop. Not called after a panic or a kill.
    fn stopping(&mut self, _cx: &mut Cx<'_, Self>) {}

    /// What `fusion actors PATH` shows: no secrets. `now` as in [`Cx::now`].
    fn state(&self, _now: Millis) -> serde_json::Value {
        serde_json::Value::Null
    }
}

/// An actor understands `M`.
pub trait Handler<M: Message>: Actor {
    /// Handles one message. Must not block; what takes time goes into [`Cx::run`].
    fn handle(&mut self, message: M, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<M::Reply>;
}

/// An answer, now or later.
pub enum Answer<R> {
    /// Here it is.
    Now(R),
    /// It was promised with [`Cx::promise`].
    Later(Promised<R>),
}

impl<R> From<R> for Answer<R> {
    fn from(reply: R) -> Answer<R> {
        Answer::Now(reply)
    }
}

/// The half of a promise that goes back to the kernel.
pub struct Promised<R>(pub(crate) std::rc::Rc<std::cell::RefCell<PromiseState<R>>>);

/// The half that the actor keeps until it knows the answer. Dropped unkept, the asker hears that the actor is gone.
#[must_use = "dropping it tells the asker that the actor is gone"]
pub struct Promise<R>(std::rc::Rc<std::cell::RefCell<PromiseState<R>>>);

pub(crate) enum PromiseState<R> {
    Open,
    Asked(crate::call::ReplyTo<R>),
    Kept(R),
    Done,
}

impl<R> Promise<R> {
    pub(crate) fn pair() -> (Promise<R>, Answer<R>) {
        let state = std::rc::Rc::new(std::cell::RefCell::new(PromiseState::Open));
        (Promise(state.clone()), Answer::Later(Promised(state)))
    }

    /// Gives the answer.
    pub fn keep(self, reply: R) {
        let state = self.0.replace(PromiseState::Done);
        match state {
            PromiseState::Asked(to) => to.send(Ok(reply)),
            PromiseState::Open => *self.0.borrow_mut() = PromiseState::Kept(reply),
            PromiseState::Kept(_) | PromiseState::Done => {}
        }
    }

    /// Has the asker gone away (its deadline over, its connection lost)? Nobody reads the answer then.
    pub fn is_abandoned(&self) -> bool {
        match &*self.0.borrow() {
            PromiseState::Asked(to) => to.is_abandoned(),
            _ => false,
        }
    }
}

impl<R> Promised<R> {
    pub(crate) fn asked_by(self, to: crate::call::ReplyTo<R>) {
        let state = self.0.replace(PromiseState::Done);
        match state {
            PromiseState::Kept(reply) => to.send(Ok(reply)),
            // A promise that was dropped already leaves `to` to be dropped with the state: the asker hears "gone".
            _ => *self.0.borrow_mut() = PromiseState::Asked(to),
        }
    }
}

/// Who asks.
#[derive(Clone)]
pub struct Caller {
    /// What the caller may be; the role table has been checked against it.
    pub roles: Roles,
    /// The node it is, if it has a certificate.
    pub node: Option<NodeName>,
    /// The connection the call came over; none for a call from this node.
    pub connection: Option<Connection>,
}

impl Caller {
    /// A call from inside the node: every role, since no network was crossed.
    pub fn near() -> Caller {
        const EVERY: Roles = Roles::of(&Role::ALL);
        Caller { roles: EVERY, node: None, connection: None }
    }

    pub(crate) fn far(connection: &Connection) -> Caller {
        let peer = connection.peer();
        Caller { roles: peer.roles, node: peer.node.clone(), connection: Some(connection.clone()) }
    }

    /// The address the call came from; none for a call from this node.
    pub fn origin(&self) -> Option<SocketAddr> {
        self.connection.as_ref().map(|connection| connection.peer().address)
    }
}

/// How an actor is run.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Messages its mailbox holds at most; the next is answered with `Overloaded`.
    pub mailbox: u32,
    /// When a node drains, lower ranks go first: 0 bridges, 1 sessions, 2 media, 3 roles, 4 the store. [`Spec::STAYS`] is
    /// not drained.
    pub rank: u8,
    /// `fusion actors kill` and `stop` are refused for it.
    pub essential: bool,
}

impl Spec {
    /// The rank of what lives until its node is closed.
    pub const STAYS: u8 = u8::MAX;
}

impl Default for Spec {
    fn default() -> Spec {
        Spec { mailbox: 256, rank: 3, essential: false }
    }
}

/// How an actor's life ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was asked to, or stopped itself.
    Stopped,
    /// It panicked, with these words.
    Panicked(String),
    /// It was killed.
    Killed,
}

/// What the owner of an actor is told at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obituary {
    /// Where it lived.
    pub path: ActorPath,
    /// Which life.
    pub incarnation: Incarnation,
    /// How it ended.
    pub end: End,
}
