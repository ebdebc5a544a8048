//! The skin of actix around one actor: the only code that actix calls.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use actix::{ActorContext, AsyncContext};
use actors_protocol::{Fault, Message};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::actor::{Actor, Answer, Handler};
use crate::call::Call;
use crate::cx::Cx;
use crate::node::Node;
use crate::owned::OwnedTask;
use crate::port::Port;
use crate::pump::{Pump, PumpState};

/// Tasks that one actor may have under way; a call that would need one more is answered with `Overloaded`.
pub(crate) const TASKS_PER_ACTOR_MAX: usize = 8_192;

/// What belongs to one life of one actor, apart from the actor itself.
pub(crate) struct Life<A: Actor> {
    pub(crate) node: Node,
    pub(crate) port: Arc<Port<A>>,
    pub(crate) pump: RefCell<PumpState<A>>,
    pub(crate) tasks: RefCell<BTreeMap<u64, OwnedTask>>,
    pub(crate) next_key: std::cell::Cell<u64>,
}

pub(crate) struct Shell<A: Actor> {
    pub(crate) actor: A,
    pub(crate) life: Rc<Life<A>>,
}

/// Stop in an orderly way.
pub(crate) struct Halt;
/// Tell your state.
pub(crate) struct Reveal(pub(crate) oneshot::Sender<serde_json::Value>);
/// The node drains.
pub(crate) struct Prepare {
    pub(crate) within: std::time::Duration,
    pub(crate) ready: oneshot::Sender<()>,
}

impl actix::Message for Halt {
    type Result = ();
}
impl actix::Message for Reveal {
    type Result = ();
}
impl actix::Message for Prepare {
    type Result = ();
}

impl<A: Actor> Shell<A> {
    /// Runs `act` with the actor and its context.
    pub(crate) fn with<R>(
        &mut self,
        ctx: &mut actix::Context<Self>,
        act: impl FnOnce(&mut A, &mut Cx<'_, A>) -> R,
    ) -> R {
        let life = self.life.clone();
        let mut cx = Cx { life: &life, stop: false };
        let result = act(&mut self.actor, &mut cx);
        if cx.stop {
            ctx.stop();
        }
        result
    }
}

impl<A: Actor> actix::Actor for Shell<A> {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.spawn(Pump);
        self.with(ctx, |actor, cx| actor.started(cx));
    }

    fn stopped(&mut self, ctx: &mut Self::Context) {
        self.with(ctx, |actor, cx| actor.stopping(cx));
    }
}

impl<A: Handler<M>, M: Message> actix::Handler<Call<M>> for Shell<A> {
    type Result = ();

    fn handle(&mut self, call: Call<M>, ctx: &mut Self::Context) {
        let Call { message, arrived, deadline, caller, trace, reply } = call;
        self.life.port.books.taken(arrived);
        let begun = Instant::now();
        if deadline.is_some_and(|deadline| begun >= deadline) {
            reply.send(Err(Fault::Deadline));
            return;
        }
        if self.life.tasks.borrow().len() >= TASKS_PER_ACTOR_MAX {
            reply.send(Err(Fault::Overloaded(self.life.port.path.to_string())));
            return;
        }
        let answer = {
            let _span = tracing::trace_span!("handle", actor = %self.life.port.path, trace).entered();
            self.with(ctx, |actor, cx| actor.handle(message, &caller, cx))
        };
        match answer {
            Answer::Now(answer) => reply.send(Ok(answer)),
            Answer::Later(promised) => promised.asked_by(reply),
        }
        self.life.port.books.handled(begun.elapsed());
    }
}

impl<A: Actor> actix::Handler<Halt> for Shell<A> {
    type Result = ();
    fn handle(&mut self, _: Halt, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl<A: Actor> actix::Handler<Reveal> for Shell<A> {
    type Result = ();
    fn handle(&mut self, reveal: Reveal, _: &mut Self::Context) {
        // Whoever asked may have given up.
        drop(reveal.0.send(self.actor.state(self.life.node.now())));
    }
}

impl<A: Actor> actix::Handler<Prepare> for Shell<A> {
    type Result = ();
    fn handle(&mut self, prepare: Prepare, ctx: &mut Self::Context) {
        let answer = self.with(ctx, |actor, cx| actor.drain(prepare.within, cx));
        let (sender, receiver) = oneshot::channel();
        let reply = crate::call::ReplyTo::near(sender);
        match answer {
            Answer::Now(()) => reply.send(Ok(())),
            Answer::Later(promised) => promised.asked_by(reply),
        }
        self.with(ctx, |_, cx| {
            cx.run(
                async move {
                    // Kept or dropped, the actor is as ready as it will be.
                    drop(receiver.await);
                },
                move |_, (), _| {
                    // Whoever waited may have run out of time.
                    let _ = prepare.ready.send(());
                },
            );
        });
    }
}
