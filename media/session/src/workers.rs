//! The threads that paint and encode: a bounded pool with a queue, urgent work first, and a way to give up on a thread.
//!
//! ```text
//!   submit ─► urgent ─┐
//!             calm ───┴─► thread ─► done(outcome)            abandon(job): its thread is written off, another takes its
//!                                                            place, and what it may still bring is thrown away
//! ```
//!
//! Owns: the threads and what waits for them. A thread that hangs in a media library cannot be ended from outside; it is
//! left behind and counted, and after [`ABANDONED_MAX`] of them the pool is broken.
//! Refuses: to know what a job is, and to keep the time: whoever submits watches the clock.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Threads that may be left behind before the pool takes no more work: each may hold a core.
pub(crate) const ABANDONED_MAX: u32 = 4;

/// Which job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct JobId(u64);

type Work = Box<dyn FnOnce() + Send>;

struct Job {
    id: JobId,
    work: Work,
}

#[derive(Default)]
struct State {
    urgent: VecDeque<Job>,
    calm: VecDeque<Job>,
    /// At work now, by thread.
    running: Vec<(u64, JobId)>,
    next_thread: u64,
    next_job: u64,
    abandoned: u32,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wanted: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A job's panic is caught before it can poison anything.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module. Dropped, its threads end after what they are doing.
pub(crate) struct Workers {
    name: String,
    shared: Arc<Shared>,
    /// No threads: work is done where it is submitted. For virtual time.
    inline: bool,
}

/// Work that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Too many threads hang.
    #[error("{0} worker threads hang in a media library; restart the node")]
    Broken(u32),
    /// No thread can be started.
    #[error("no worker thread can be started: {0}")]
    Thread(String),
}

impl Workers {
    /// So many threads; none = the work is done where it is submitted.
    pub(crate) fn new(name: &str, threads: usize) -> Result<Workers, Refused> {
        let inline = threads == 0;
        let workers = Workers { name: name.to_owned(), shared: Arc::new(Shared::default()), inline };
        (0..threads).try_for_each(|_| workers.start())?;
        Ok(workers)
    }

    fn start(&self) -> Result<(), Refused> {
        let thread = {
            let mut state = self.shared.lock();
            state.next_thread += 1;
            state.next_thread
        };
        let shared = self.shared.clone();
        let started =
            std::thread::Builder::new().name(format!("{}-{thread}", self.name)).spawn(move || run(&shared, thread));
        started.map(drop).map_err(|error| Refused::Thread(error.to_string()))
    }

    /// Does `work` on a thread; urgent work is taken first. Work that panics ends there: whoever submits finds out because
    /// it brings nothing, so let the work itself catch what it can.
    pub(crate) fn submit(&self, urgent: bool, work: impl FnOnce() + Send + 'static) -> Result<JobId, Refused> {
        let mut state = self.shared.lock();
        if state.abandoned >= ABANDONED_MAX {
            return Err(Refused::Broken(state.abandoned));
        }
        state.next_job += 1;
        let id = JobId(state.next_job);
        if self.inline {
            drop(state);
            work();
            return Ok(id);
        }
        let job = Job { id, work: Box::new(work) };
        if urgent {
            state.urgent.push_back(job)
        } else {
            state.calm.push_back(job)
        }
        drop(state);
        self.shared.wanted.notify_one();
        Ok(id)
    }

    /// Gives up on a job: if it still waits it is dropped, if a thread hangs in it, another thread takes that one's place.
    pub(crate) fn abandon(&self, id: JobId) -> Result<(), Refused> {
        let hangs = {
            let mut state = self.shared.lock();
            state.urgent.retain(|job| job.id != id);
            state.calm.retain(|job| job.id != id);
            let hangs = state.running.iter().position(|(_, running)| *running == id);
            if let Some(at) = hangs {
                state.running.swap_remove(at);
                state.abandoned += 1;
            }
            hangs.is_some()
        };
        if hangs { self.start() } else { Ok(()) }
    }

    /// Jobs that wait for a thread.
    pub(crate) fn waiting(&self) -> usize {
        let state = self.shared.lock();
        state.urgent.len() + state.calm.len()
    }

    /// Threads that were given up on and have not come back.
    pub(crate) fn abandoned(&self) -> u32 {
        self.shared.lock().abandoned
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.urgent.clear();
        state.calm.clear();
        drop(state);
        self.shared.wanted.notify_all();
    }
}

fn run(shared: &Shared, thread: u64) {
    loop {
        let job = {
            let mut state = shared.lock();
            loop {
                if state.closed {
                    return;
                }
                let next = state.urgent.pop_front().or_else(|| state.calm.pop_front());
                if let Some(job) = next {
                    state.running.push((thread, job.id));
                    break job;
                }
                state = shared.wanted.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        };
        // Whoever gave the work hears of a panic: what the work would have brought is dropped with it.
        let _ = catch_unwind(AssertUnwindSafe(job.work));
        let mut state = shared.lock();
        match state.running.iter().position(|(at_work, _)| *at_work == thread) {
            Some(at) => drop(state.running.swap_remove(at)),
            None => {
                // It was given up on and has come back after all; its place is taken.
                state.abandoned = state.abandoned.saturating_sub(1);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;
    use std::time::Duration;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn urgent_work_is_taken_first_and_a_panic_costs_nobody_a_thread() {
        let workers = Workers::new("test", 1).expect("a thread");
        let (gate, open) = sync_channel::<()>(1);
        let (say, heard) = sync_channel(1);
        workers.submit(false, move || open.recv().expect("opened")).expect("taken");
        for (urgent, word) in [(false, "calm"), (true, "urgent")] {
            let say = say.clone();
            workers.submit(urgent, move || say.send(word).expect("heard")).expect("taken");
        }
        workers.submit(true, || panic!("on purpose")).expect("taken");
        gate.send(()).expect("waits");
        let said: Vec<_> = (0..2).map(|_| heard.recv_timeout(SOON).expect("said")).collect();
        assert_eq!(said, ["urgent", "calm"]);
    }

    #[test]
    fn a_thread_that_hangs_is_replaced_and_too_many_break_the_pool() {
        let workers = Workers::new("test", 1).expect("a thread");
        let mut gates = Vec::new();
        for hung in 1..=ABANDONED_MAX {
            let (gate, open) = sync_channel::<()>(1);
            let (say, heard) = sync_channel(1);
            let job = workers.submit(false, move || {
                say.send(()).expect("heard");
                let _ = open.recv();
            });
            heard.recv_timeout(SOON).expect("it has begun, on the thread that replaced the last one");
            workers.abandon(job.expect("taken")).expect("replaced");
            assert_eq!(workers.abandoned(), hung);
            gates.push(gate);
        }
        assert_eq!(workers.submit(true, || {}), Err(Refused::Broken(ABANDONED_MAX)));
        gates.clear();
        while workers.abandoned() > 0 {
            std::thread::yield_now();
        }
        assert!(workers.submit(true, || {}).is_ok(), "those that come back are no loss");
    }

    #[test]
    fn what_still_waits_can_be_given_up_without_a_loss() {
        let workers = Workers::new("test", 1).expect("a thread");
        let (gate, open) = sync_channel::<()>(1);
        let (say, heard) = sync_channel::<()>(1);
        workers.submit(false, move || open.recv().expect("opened")).expect("taken");
        let job = workers.submit(false, move || say.send(()).expect("heard")).expect("taken");
        workers.abandon(job).expect("no thread is needed");
        assert_eq!((workers.abandoned(), heard.recv_timeout(SOON).is_err()), (0, true), "its channel is closed");
        gate.send(()).expect("waits");
    }

    #[test]
    fn without_threads_the_work_is_done_at_once() {
        let workers = Workers::new("test", 0).expect("nothing to start");
        let (say, heard) = sync_channel(1);
        workers.submit(false, move || say.send(7).expect("heard")).expect("taken");
        assert_eq!((heard.try_recv(), workers.waiting()), (Ok(7), 0));
    }
}
