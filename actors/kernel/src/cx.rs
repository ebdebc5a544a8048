//! What an actor can do while it handles something: tell the time, set timers, run tasks, have children, stop.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use actors_protocol::{ActorPath, Incarnation, Includes, Millis, Protocol, Request};

use crate::actor::{Actor, Answer, Obituary, Promise, Spec};
use crate::addr::{ActorRef, Addr, after};
use crate::beside::Beside;
use crate::life::Life;
use crate::node::Node;
use crate::supervisor::{self, SpawnError};
use crate::waker::ActorWaker;
use actors_protocol::Fault;

/// An actor's context, valid while one message is handled.
pub struct Cx<'a, A: Actor> {
    pub(crate) life: &'a Rc<Life<A>>,
    pub(crate) stop: bool,
}

impl<A: Actor> Cx<'_, A> {
    /// Milliseconds since the node started.
    pub fn now(&self) -> Millis {
        self.life.node.now()
    }

    /// The node it lives on.
    pub fn node(&self) -> &Node {
        &self.life.node
    }

    /// Where it lives.
    pub fn path(&self) -> &ActorPath {
        &self.life.port.who.path
    }

    /// Which life this is.
    pub fn incarnation(&self) -> Incarnation {
        self.life.port.who.incarnation
    }

    /// The actor's own address.
    pub fn me(&self) -> ActorRef<A> {
        ActorRef { port: self.life.port.clone() }
    }

    /// Sets the actor's one timer: [`Actor::woken`] is called at `at`, or soon if that has passed. None clears it.
    pub fn wake_at(&mut self, at: Option<Millis>) {
        let at = at.map(|at| self.life.node.instant(at));
        self.life.pump.borrow_mut().wake_at(at);
    }

    /// Wakes this actor from any thread: [`Actor::woken`] is called soon, once for all wakes until then.
    pub fn waker(&self) -> ActorWaker {
        self.life.pump.borrow_mut().outside()
    }

    /// Does `then` after a while, unless the actor has ended.
    pub fn after(&mut self, delay: Duration, then: impl FnOnce(&mut A, &mut Cx<'_, A>) + 'static) {
        let at = after(delay);
        self.life.pump.borrow_mut().later(at, self.key(), Box::new(then));
    }

    /// Runs `future` beside the actor and brings its result to `then`. The task is the actor's own: it ends with the actor,
    /// and the actor ends with it if it panics.
    pub fn run<F>(&mut self, future: F, then: impl FnOnce(&mut A, F::Output, &mut Cx<'_, A>) + 'static)
    where
        F: Future + 'static,
    {
        let key = self.key();
        let task = self.life.node.tasks().spawn(A::Protocol::NAME, Beside::new(self.life, key, future, then));
        self.life.tasks.borrow_mut().insert(key, task);
    }

    /// Asks another actor and brings its answer to `then`.
    pub fn ask<P, M>(
        &mut self,
        to: &Addr<P>,
        message: M,
        within: Duration,
        then: impl FnOnce(&mut A, Result<M::Reply, Fault>, &mut Cx<'_, A>) + 'static,
    ) where
        P: Protocol + Includes<M>,
        M: Request,
    {
        // The call leaves now, so that it keeps its place among the actor's other calls and messages.
        self.run(to.ask(message, within), then);
    }

    /// An answer that will be known later, and the promise to keep.
    pub fn promise<R>(&self) -> (Promise<R>, Answer<R>) {
        Promise::pair()
    }

    /// Starts a child at `PATH/name`. It ends with this actor (as if killed), is never brought back by the kernel, and its
    /// end is told to `on_end`; from then on its place is free. Fails if somebody lives there, or if `name` is no name.
    pub fn child<B: Actor>(
        &mut self,
        name: &str,
        spec: Spec,
        actor: B,
        on_end: impl FnOnce(&mut A, Obituary, &mut Cx<'_, A>) + 'static,
    ) -> Result<ActorRef<B>, SpawnError> {
        let path = self.path().child(name)?;
        let (child, watch) = supervisor::begin(&self.life.node, path, Some(self.path().clone()), spec, 0, actor)?;
        self.run(watch.end(), on_end);
        Ok(child)
    }

    /// Stops the actor after this message.
    pub fn stop(&mut self) {
        self.stop = true;
    }

    fn key(&self) -> u64 {
        let key = self.life.next_key.get();
        self.life.next_key.set(key + 1);
        key
    }
}
