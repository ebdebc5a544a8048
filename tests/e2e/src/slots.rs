//! The slots of a domain as `fusion service list` and `fusion actors` tell them, once or again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::viewer::Seat;
use crate::{Terminal, json};

/// One instance's slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub instance: String,
    /// Its zone.
    pub zone: String,
    /// The node that runs it.
    pub host: String,
    /// Warming, free, reserved, active, draining.
    pub states: [u64; 5],
    /// What is told as their sum.
    pub capacity: u64,
}

impl Pool {
    /// Slots that wait for a viewer.
    pub fn free(&self) -> u64 {
        self.states[1]
    }

    /// Slots with a session.
    pub fn active(&self) -> u64 {
        self.states[3]
    }

    /// Slots on their way out.
    pub fn draining(&self) -> u64 {
        self.states[4]
    }

    /// Every slot is free, and there are this many.
    pub fn all_free(&self, slots: u64) -> bool {
        self.free() == slots && self.capacity == slots
    }
}

impl Terminal {
    /// The instances of a service, by name; without one, of every service.
    #[track_caller]
    pub fn pools(&self, service: &str) -> Vec<Pool> {
        let listed = self.json(&format!("service list {service}"));
        let mut pools: Vec<_> = json::list(&listed, "/instances").iter().map(pool).collect();
        pools.sort_by(|a, b| a.instance.cmp(&b.instance));
        pools
    }

    /// One instance, whatever it offers.
    #[track_caller]
    pub fn pool(&self, instance: &str) -> Pool {
        let pools = self.pools("");
        let found = pools.iter().find(|pool| pool.instance == instance);
        found.unwrap_or_else(|| panic!("no instance {instance} in {pools:?}")).clone()
    }

    /// The paths of the session actors of an instance, as `fusion actors` takes them.
    #[track_caller]
    pub fn slot_actors(&self, instance: &str) -> Vec<String> {
        let listed = self.json("actors");
        let paths = json::list(&listed, "/actors").iter().map(|actor| json::text(actor, "/path").to_owned());
        let below = format!("/instance/{instance}/slot-");
        paths.filter(|path| path.contains(&below)).collect()
    }

    /// The path of the actor that a viewer plays from.
    #[track_caller]
    pub fn actor_of(&self, seat: &Seat) -> String {
        format!("{}/instance/{}/{}", self.pool(&seat.instance).host, seat.instance, seat.slot)
    }
}

fn pool(value: &Value) -> Pool {
    let text = |name: &str| json::text(value, name).to_owned();
    let states = ["/warming", "/free", "/reserved", "/active", "/draining"].map(|state| json::count(value, state));
    let capacity = json::count(value, "/capacity");
    Pool { instance: text("/instance"), zone: text("/zone"), host: text("/host"), states, capacity }
}

/// Looks at a service's slots again and again, on a thread of its own.
#[derive(Debug)]
pub struct Sampler {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Vec<Pool>>>>,
}

impl Sampler {
    /// Begins, with this pause between two samples.
    pub fn start(terminal: &Terminal, service: &str, pause: Duration) -> Sampler {
        let over = Arc::new(AtomicBool::new(false));
        let (theirs, terminal, service) = (over.clone(), terminal.clone(), service.to_owned());
        let sample = move || {
            let mut samples = Vec::new();
            while !theirs.load(Ordering::Acquire) {
                samples.push(terminal.pools(&service));
                std::thread::sleep(pause);
            }
            samples
        };
        let thread = std::thread::Builder::new().name("sampler".into()).spawn(sample);
        Sampler { over, thread: Some(thread.expect("a thread can be started, or no test can run")) }
    }

    /// Ends. Returns every sample.
    #[track_caller]
    pub fn finish(mut self) -> Vec<Vec<Pool>> {
        self.over.store(true, Ordering::Release);
        let thread = self.thread.take().expect("finished once");
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
