//! Tasks with an owner: dropping the owner's handle ends the task, and the node's census counts every one that lives.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

/// How many tasks live, by name.
#[derive(Clone, Default)]
pub(crate) struct TaskBooks(Rc<RefCell<BTreeMap<&'static str, usize>>>);

struct Count {
    books: TaskBooks,
    name: &'static str,
}

pin_project! {
    /// A future that is counted for as long as it is there.
    struct Counted<F> {
        #[pin]
        future: F,
        count: Count,
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(task)
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        let mut books = self.books.0.borrow_mut();
        if let Some(count) = books.get_mut(self.name) {
            *count -= 1;
            if *count == 0 {
                books.remove(self.name);
            }
        }
    }
}

impl TaskBooks {
    /// Spawns `future` on this thread; it is counted until it is gone.
    #[expect(clippy::disallowed_methods, reason = "the one place that spawns: what it returns owns the task")]
    pub(crate) fn spawn(&self, name: &'static str, future: impl Future<Output = ()> + 'static) -> OwnedTask {
        *self.0.borrow_mut().entry(name).or_default() += 1;
        let count = Count { books: self.clone(), name };
        OwnedTask(tokio::task::spawn_local(Counted { future, count }))
    }

    /// (name, how many), for each name of which one lives.
    pub(crate) fn living(&self) -> Vec<(&'static str, usize)> {
        self.0.borrow().iter().map(|(name, count)| (*name, *count)).collect()
    }
}

/// A task and the duty to end it: dropping this ends the task.
#[must_use = "dropping it ends the task"]
pub struct OwnedTask(tokio::task::JoinHandle<()>);

impl OwnedTask {
    /// Has it come to its end?
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits for its end: `Ok` if it ran to its end, otherwise how it did not.
    pub(crate) async fn join(&mut self) -> Result<(), tokio::task::JoinError> {
        (&mut self.0).await
    }

    /// Ends it before its next step.
    pub fn abort(&self) {
        self.0.abort();
    }

    pub(crate) fn abort_handle(&self) -> tokio::task::AbortHandle {
        self.0.abort_handle()
    }
}

impl Drop for OwnedTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Tasks that are kept until they are over or their owner lets go of all of them.
#[derive(Default)]
pub(crate) struct OwnedTasks(Vec<OwnedTask>);

impl OwnedTasks {
    pub(crate) fn push(&mut self, task: OwnedTask) {
        // Only when the list would have to grow: each task is looked at a few times in its life, not at every push.
        if self.0.len() == self.0.capacity() {
            self.prune();
        }
        self.0.push(task);
    }

    /// Lets go of the tasks that are over.
    pub(crate) fn prune(&mut self) {
        self.0.retain(|task| !task.is_finished());
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

pin_project! {
    /// Runs a future and brings a panic of it as a value.
    pub(crate) struct Caught<F> {
        #[pin]
        future: F,
    }
}

impl<F> Caught<F> {
    pub(crate) fn new(future: F) -> Caught<F> {
        Caught { future }
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        match catch_unwind(AssertUnwindSafe(|| future.poll(task))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}
