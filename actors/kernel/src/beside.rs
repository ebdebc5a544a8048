//! A task that an actor runs beside its mailbox: when it is over, its result goes to the actor.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::actor::Actor;
use crate::cx::Cx;
use crate::life::Life;
use crate::owned::Caught;

pin_project! {
    pub(crate) struct Beside<A: Actor, F, T> {
        #[pin]
        future: Caught<F>,
        then: Option<T>,
        key: u64,
        life: Weak<Life<A>>,
    }
}

impl<A: Actor, F, T> Beside<A, F, T> {
    /// Runs `future` for the actor of `life`, which keeps the task under `key`.
    pub(crate) fn new(life: &Rc<Life<A>>, key: u64, future: F, then: T) -> Beside<A, F, T> {
        Beside { future: Caught::new(future), then: Some(then), key, life: Rc::downgrade(life) }
    }
}

impl<A, F, T> Future for Beside<A, F, T>
where
    A: Actor,
    F: Future + 'static,
    T: FnOnce(&mut A, F::Output, &mut Cx<'_, A>) + 'static,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let output = ready!(this.future.poll(task));
        if let (Some(then), Some(life)) = (this.then.take(), this.life.upgrade()) {
            let key = *this.key;
            life.pump.borrow_mut().push(Box::new(move |actor, cx| {
                cx.life.tasks.borrow_mut().remove(&key);
                match output {
                    Ok(output) => then(actor, output, cx),
                    Err(panic) => resume_unwind(panic),
                }
            }));
        }
        Poll::Ready(())
    }
}
