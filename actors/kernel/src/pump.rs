//! The heart of one actor beside its mailbox: timers and the results of its tasks, brought to it one at a time.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, Sleep, sleep_until};

use actix::{ActorContext, AsyncContext};

use crate::actor::Actor;
use crate::cx::Cx;
use crate::shell::{Pause, Shell};
use crate::waker::ActorWaker;

/// Something to do with the actor.
pub(crate) type Job<A> = Box<dyn FnOnce(&mut A, &mut Cx<'_, A>)>;

pub(crate) struct PumpState<A: Actor> {
    jobs: VecDeque<Job<A>>,
    wake_at: Option<Instant>,
    later: BTreeMap<(Instant, u64), Job<A>>,
    /// Made when the first timer is set: an idle actor has none.
    sleep: Option<Pin<Box<Sleep>>>,
    /// What `sleep` is set to; none when it has rung.
    armed: Option<Instant>,
    waker: Option<Waker>,
    /// For other threads; made when somebody asks for it.
    outside: Option<ActorWaker>,
}

impl<A: Actor> PumpState<A> {
    pub(crate) fn new() -> PumpState<A> {
        PumpState {
            jobs: VecDeque::new(),
            wake_at: None,
            later: BTreeMap::new(),
            sleep: None,
            armed: None,
            waker: None,
            outside: None,
        }
    }

    /// What wakes the actor from any thread.
    pub(crate) fn outside(&mut self) -> ActorWaker {
        self.outside.get_or_insert_with(|| ActorWaker::new(self.waker.clone())).clone()
    }

    /// Brings a job from outside. Bounded by the owner: one job per task, and tasks are bounded.
    pub(crate) fn push(&mut self, job: Job<A>) {
        self.jobs.push_back(job);
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    /// Like [`PumpState::later`], called inside the actor's own turn: the pump is polled at the end of it, and needs no
    /// waking.
    pub(crate) fn wake_at(&mut self, at: Option<Instant>) {
        self.wake_at = at;
    }

    pub(crate) fn later(&mut self, at: Instant, key: u64, job: Job<A>) {
        self.later.insert((at, key), job);
    }

    /// Jobs that were put off.
    pub(crate) fn put_off(&self) -> usize {
        self.later.len()
    }

    /// The next thing that is due, or when to look again.
    fn due(&mut self, task: &mut Context<'_>) -> Option<Due<A>> {
        if let Some(job) = self.jobs.pop_front() {
            return Some(Due::Job(job));
        }
        if self.outside.as_ref().is_some_and(ActorWaker::take) {
            return Some(Due::Woken);
        }
        loop {
            let later = self.later.first_key_value().map(|((at, _), _)| *at);
            let next = [self.wake_at, later].into_iter().flatten().min()?;
            if next <= Instant::now() {
                if self.wake_at == Some(next) {
                    self.wake_at = None;
                    return Some(Due::Woken);
                }
                return self.later.pop_first().map(|(_, job)| Due::Job(job));
            }
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(next)));
            if self.armed != Some(next) {
                sleep.as_mut().reset(next);
                self.armed = Some(next);
            }
            if sleep.as_mut().poll(task).is_pending() {
                return None;
            }
            // It has rung: look at the clock again.
            self.armed = None;
        }
    }
}

enum Due<A: Actor> {
    Job(Job<A>),
    Woken,
}

/// The one future that actix polls for an actor.
pub(crate) struct Pump;

/// Jobs done in one go before others on this thread get their turn.
pub(crate) const JOBS_PER_TURN: usize = 64;

impl<A: Actor> actix::fut::ActorFuture<Shell<A>> for Pump {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        shell: &mut Shell<A>,
        ctx: &mut actix::Context<Shell<A>>,
        task: &mut Context<'_>,
    ) -> Poll<()> {
        shell.turn();
        for _ in 0..JOBS_PER_TURN {
            let due = {
                let mut state = shell.life.pump.borrow_mut();
                if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(task.waker())) {
                    state.waker = Some(task.waker().clone());
                    if let Some(outside) = &state.outside {
                        outside.register(task.waker());
                    }
                }
                state.due(task)
            };
            match due {
                Some(Due::Job(job)) => shell.with(ctx, |actor, cx| job(actor, cx)),
                Some(Due::Woken) => shell.with(ctx, |actor, cx| actor.woken(cx)),
                None => return Poll::Pending,
            }
            if ctx.state().stopping() {
                // It has stopped itself: what else is due comes too late.
                return Poll::Pending;
            }
        }
        ctx.wait(Pause::new());
        Poll::Pending
    }
}
