//! Waking an actor from any thread: what a worker does when it has something ready.
//!
//! Owns: one flag per actor that asked for it. Wakes before the actor's next turn count once, so a waker is a queue of
//! length one and needs no other bound. Refuses: to carry anything; what is ready lies with whoever made it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

/// Wakes one life of an actor: [`Actor::woken`](crate::Actor::woken) is called soon. After the actor's end it does nothing.
#[derive(Clone)]
pub struct ActorWaker(Arc<Signal>);

#[derive(Default)]
struct Signal {
    raised: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl ActorWaker {
    pub(crate) fn new(task: Option<Waker>) -> ActorWaker {
        ActorWaker(Arc::new(Signal { raised: AtomicBool::new(false), task: Mutex::new(task) }))
    }

    /// From any thread, as often as you like.
    pub fn wake(&self) {
        // Release: what was made ready before is seen by the actor after it has taken the flag.
        if self.0.raised.swap(true, Ordering::AcqRel) {
            return;
        }
        let task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Has it been woken since it was asked last?
    pub(crate) fn take(&self) -> bool {
        self.0.raised.swap(false, Ordering::AcqRel)
    }

    /// The actor's turns are asked for through this from now on. Look at the flag afterwards.
    pub(crate) fn register(&self, task: &Waker) {
        *self.0.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.clone());
    }
}
