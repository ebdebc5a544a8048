//! The skin of actix around one actor: the only code that actix calls.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix::{ActorContext, AsyncContext};
use actors_protocol::{Fault, Message};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::actor::{Actor, Answer, Handler};
use crate::call::Call;
use crate::cx::Cx;
use crate::life::Life;
use crate::pump::Pump;

/// Tasks and timers that one actor may have under way; a call that would need one more is answered with `Overloaded`.
pub(crate) const TASKS_PER_ACTOR_MAX: usize = 8_192;

/// Messages handled in one go before the others on this thread, its sockets and its clock get their turn. Few, so that the
/// first answers to a crowd of calls leave while the others are being handled, and asker and answerer work at the same time:
/// with 64 calls in flight between two processes that doubles the rate (`make bench`). Fewer cost more rounds than they gain.
pub(crate) const MESSAGES_PER_TURN: u32 = 16;

pub(crate) struct Shell<A: Actor> {
    pub(crate) actor: A,
    pub(crate) life: Rc<Life<A>>,
    /// Messages handled in this turn.
    handled: u32,
    /// When the last of them was done, and so the next one begun: a look at the clock is saved.
    done: Option<Instant>,
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
    pub(crate) fn new(actor: A, life: Rc<Life<A>>) -> Shell<A> {
        Shell { actor, life, handled: 0, done: None }
    }

    /// Another turn begins.
    pub(crate) fn turn(&mut self) {
        self.handled = 0;
        self.done = None;
    }

    /// Tasks and timers under way.
    fn under_way(&self) -> usize {
        self.life.tasks.borrow().len() + self.life.pump.borrow().put_off()
    }

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
        let Call { message, arrived, deadline, caller, trace, mut reply } = call;
        self.handled += 1;
        if self.handled == MESSAGES_PER_TURN {
            ctx.wait(Pause::new());
        }
        self.life.port.books.taken(arrived);
        let begun = self.done.take().unwrap_or_else(Instant::now);
        if deadline.is_some_and(|deadline| begun >= deadline) {
            reply.send(Err(Fault::Deadline));
            return;
        }
        if self.under_way() >= TASKS_PER_ACTOR_MAX {
            reply.send(Err(self.life.port.who.overloaded()));
            return;
        }
        reply.begin();
        let answer = {
            let _span = tracing::trace_span!("handle", actor = %self.life.port.who.path, trace).entered();
            self.with(ctx, |actor, cx| actor.handle(message, &caller, cx))
        };
        match answer {
            Answer::Now(answer) => reply.send(Ok(answer)),
            Answer::Later(promised) => promised.asked_by(reply),
        }
        let done = Instant::now();
        self.life.port.books.handled(done - begun);
        self.done = Some(done);
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
        let reply = crate::call::ReplyTo::near(&self.life.port.who, sender);
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

/// Holds up an actor until the runtime has been round: sockets, clock, everybody else. A mere wake would not do: the
/// runtime polls dozens of tasks, or one dozens of times, before it looks at its sockets and its clock.
pub(crate) struct Pause(Pin<Box<dyn Future<Output = ()>>>);

impl Pause {
    pub(crate) fn new() -> Pause {
        Pause(Box::pin(tokio::task::yield_now()))
    }
}

impl<A: Actor> actix::fut::ActorFuture<Shell<A>> for Pause {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        _: &mut Shell<A>,
        _: &mut actix::Context<Shell<A>>,
        task: &mut Context<'_>,
    ) -> Poll<()> {
        self.0.as_mut().poll(task)
    }
}
