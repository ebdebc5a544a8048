//! What this machine does to processes: how long they were ready to run and did not get a core.
//!
//! A limit on the time between two pictures says something about Fusion only as far as the machine let its processes run.
//! So a test that asserts one allows for what the scheduler itself says it withheld, at worst within any half second, and
//! prints both. On an idle machine that is a few milliseconds.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::Process;

const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Looks within which the worst is sought: half a second of them.
const LOOKS: usize = 25;

/// Watches processes on a thread of its own. Those of Fusion have one thread each that matters, their first.
#[derive(Debug)]
pub struct Noise {
    shared: Arc<Mutex<Shared>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    watched: BTreeMap<u32, Watched>,
    over: bool,
}

#[derive(Debug, Default)]
struct Watched {
    delays: VecDeque<Duration>,
    worst: Duration,
}

impl Noise {
    /// Watches these from now on.
    pub fn of<'a>(processes: impl IntoIterator<Item = &'a Process>) -> Noise {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let theirs = shared.clone();
        let look = move || {
            while look(&mut lock(&theirs)) {
                std::thread::sleep(LOOK_EVERY);
            }
        };
        let thread = std::thread::Builder::new().name("noise".into()).spawn(look);
        let noise = Noise { shared, thread: Some(thread.expect("a thread can be started, or no test can run")) };
        processes.into_iter().for_each(|process| noise.watch(process));
        noise
    }

    /// Watches one more.
    pub fn watch(&self, process: &Process) {
        lock(&self.shared).watched.insert(process.id(), Watched::default());
    }

    /// How long the scheduler withheld a core from these, each at its worst: what it may have held up one picture that
    /// passes through all of them.
    pub fn worst<'a>(&self, processes: impl IntoIterator<Item = &'a Process>) -> Duration {
        let shared = lock(&self.shared);
        let worst = |process: &Process| shared.watched.get(&process.id()).map(|watched| watched.worst);
        processes.into_iter().filter_map(worst).sum()
    }
}

impl Drop for Noise {
    fn drop(&mut self) {
        lock(&self.shared).over = true;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks once; false when it is over.
fn look(shared: &mut Shared) -> bool {
    for (id, watched) in &mut shared.watched {
        let Some(now) = delayed(*id) else { continue };
        watched.delays.push_back(now);
        if watched.delays.len() > LOOKS {
            watched.delays.pop_front();
        }
        let before = watched.delays.front().copied().unwrap_or(now);
        watched.worst = watched.worst.max(now.saturating_sub(before));
    }
    !shared.over
}

/// The run delay of a process's first thread: the second field of its `schedstat`, in nanoseconds.
fn delayed(id: u32) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{id}/schedstat")).ok()?;
    text.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}
