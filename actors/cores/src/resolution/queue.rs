//! Viewers that wait for a slot of one service, first come, first served.
//!
//! ```text
//!   join ──► idle ──a free slot is reported, a probe, or the deadline──► trying ──granted, or refused──► leave
//!              ▲                                                           │
//!              └──────────────── no slot, and time is left ────────────────┘   at the place it had
//! ```
//!
//! Owns: the order. At most as many try at once as free slots are reported, the oldest first.

use std::collections::{BTreeMap, BTreeSet};

use actors_protocol::{Millis, RequestId, ServiceName};

/// Viewers that may wait for one service.
pub const QUEUE_MAX: u32 = 1_024;
/// The first in the queue tries all zones this often even if no report shows a free slot: reports may have ceased.
pub const PROBE: Millis = Millis::from_secs(1);

pub(super) struct Queue {
    /// By number, which is given once and kept.
    idle: BTreeMap<u64, RequestId>,
    trying: u32,
    pub probe_at: Millis,
}

impl Queue {
    pub fn new(probe_at: Millis) -> Queue {
        Queue { idle: BTreeMap::new(), trying: 0, probe_at }
    }

    /// Those that wait and those that try.
    pub fn len(&self) -> u32 {
        self.idle.len() as u32 + self.trying
    }

    pub fn idle(&self) -> usize {
        self.idle.len()
    }

    pub fn trying(&self) -> u32 {
        self.trying
    }

    pub fn join(&mut self, number: u64, request: RequestId) {
        self.idle.insert(number, request);
    }

    /// The oldest that waits begins to try.
    pub fn try_oldest(&mut self) -> Option<RequestId> {
        let (_, request) = self.idle.pop_first()?;
        self.trying += 1;
        Some(request)
    }

    /// This one begins to try, out of turn: its time is over.
    pub fn try_now(&mut self, number: u64) {
        if self.idle.remove(&number).is_some() {
            self.trying += 1;
        }
    }

    /// It found nothing and waits on, at its old place.
    pub fn wait_on(&mut self, number: u64, request: RequestId) {
        self.trying = self.trying.saturating_sub(1);
        self.idle.insert(number, request);
    }

    pub fn leave(&mut self, number: u64) {
        if self.idle.remove(&number).is_none() {
            self.trying = self.trying.saturating_sub(1);
        }
    }
}

/// What the core is to be woken for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// A request's time in its present phase is over.
    Request(RequestId),
    /// A queue probes.
    Probe(ServiceName),
}

/// Alarms, earliest first; in one millisecond in an order that is the same every time.
#[derive(Default)]
pub(super) struct Alarms(BTreeSet<(Millis, Alarm)>);

impl Alarms {
    pub fn set(&mut self, at: Millis, alarm: Alarm) {
        self.0.insert((at, alarm));
    }

    pub fn clear(&mut self, at: Millis, alarm: Alarm) {
        self.0.remove(&(at, alarm));
    }

    pub fn poll_timeout(&self) -> Option<Millis> {
        self.0.first().map(|(at, _)| *at)
    }

    pub fn pop(&mut self, now: Millis) -> Option<Alarm> {
        if self.poll_timeout()? > now {
            return None;
        }
        self.0.pop_first().map(|(_, alarm)| alarm)
    }
}
