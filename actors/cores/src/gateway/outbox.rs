//! When which receiver is sent the zone's report.
//!
//! ```text
//!   quiet ──change──► gathering ──20 ms──► every receiver is owed one
//!   receiver:  owed ──► in flight ──noted──► up to date ──250 ms──► owed
//!                ▲          │ failed, or no answer
//!                └──250 ms──┘
//! ```
//!
//! Owns: one report in flight per receiver, and the periods. Refuses: the report itself. A receiver whose link is slow gets
//! fewer and fresher reports, never a queue of old ones.

use std::collections::{BTreeMap, BTreeSet};

use actors_protocol::{Millis, NodeName};
use serde::Serialize;

/// Changes within this time go out together.
pub const GATHER: Millis = Millis(20);
/// A report goes out this often when nothing changes, and this long after a failure.
pub const REPEAT: Millis = Millis(250);
/// The deadline for a receiver's answer; the shell asks with it. A report older than this is not worth delivering.
pub const SEND_WITHIN: Millis = Millis(500);
/// Resolvers and orchestrators that one gateway reports to.
pub const RECEIVERS_MAX: usize = 256;

/// The shell's own deadline comes first; this one is for an answer that is never given.
const ANSWER_MAX: Millis = Millis(SEND_WITHIN.0 + 100);

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Receiver {
    /// The last report it has confirmed.
    pub noted: u64,
    /// The number of the report that is under way, and until when its answer is waited for.
    pub in_flight: Option<(u64, Millis)>,
    /// There is something it does not know.
    owed: bool,
    /// Not before this, whatever it is owed.
    not_before: Millis,
    /// Once more at this time, even if nothing changes.
    repeat_at: Millis,
}

#[derive(Default)]
pub(super) struct Outbox {
    receivers: BTreeMap<NodeName, Receiver>,
    gather_until: Option<Millis>,
}

impl Outbox {
    /// The zone has changed.
    pub fn changed(&mut self, now: Millis) {
        self.gather_until.get_or_insert(now + GATHER);
    }

    /// The zone has changed, and somebody waits for it: it is not gathered.
    pub fn owe(&mut self) {
        self.receivers.values_mut().for_each(|entry| entry.owed = true);
    }

    /// These are the receivers; new ones are owed a report at once.
    pub fn set_receivers(&mut self, now: Millis, receivers: &BTreeSet<NodeName>) {
        self.receivers.retain(|receiver, _| receivers.contains(receiver));
        for receiver in receivers.iter() {
            if !self.receivers.contains_key(receiver) {
                self.up(now, receiver);
            }
        }
    }

    /// The link to a receiver has come up: what was under way is lost, and it is owed a report at once.
    pub fn up(&mut self, now: Millis, receiver: &NodeName) {
        if !self.receivers.contains_key(receiver) && self.receivers.len() >= RECEIVERS_MAX {
            return;
        }
        let entry = self.receivers.entry(receiver.clone()).or_default();
        *entry = Receiver { noted: entry.noted, owed: true, not_before: now, ..Receiver::default() };
    }

    pub fn noted(&mut self, receiver: &NodeName, seq: u64) {
        let Some(entry) = self.receivers.get_mut(receiver) else { return };
        entry.noted = entry.noted.max(seq);
        entry.in_flight = entry.in_flight.filter(|(sent, _)| *sent > seq);
    }

    pub fn failed(&mut self, now: Millis, receiver: &NodeName, seq: u64) {
        let Some(entry) = self.receivers.get_mut(receiver) else { return };
        if entry.in_flight.is_some_and(|(sent, _)| sent == seq) {
            entry.lost(now);
        }
    }

    pub fn on_timeout(&mut self, now: Millis) {
        let gathered = self.gather_until.is_some_and(|until| until <= now);
        if gathered {
            self.gather_until = None;
        }
        for entry in self.receivers.values_mut() {
            entry.owed |= gathered || entry.repeat_at <= now;
            if entry.in_flight.is_some_and(|(_, until)| until <= now) {
                entry.lost(now);
                entry.not_before = now; // The answer was waited for long enough.
            }
        }
    }

    /// Takes out who is to be sent report `seq` now.
    pub fn due(&mut self, now: Millis, seq: u64) -> Vec<NodeName> {
        let mut due = Vec::new();
        for (name, entry) in &mut self.receivers {
            if entry.ready_at().is_some_and(|at| at <= now) {
                *entry = Receiver {
                    noted: entry.noted,
                    in_flight: Some((seq, now + ANSWER_MAX)),
                    owed: false,
                    not_before: now,
                    repeat_at: now + REPEAT,
                };
                due.push(name.clone());
            }
        }
        due
    }

    pub fn poll_timeout(&self) -> Option<Millis> {
        let receivers = self.receivers.values().map(|entry| match entry.in_flight {
            Some((_, until)) => until,
            None => entry.ready_at().unwrap_or(entry.repeat_at),
        });
        receivers.chain(self.gather_until).min()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&NodeName, &Receiver)> {
        self.receivers.iter()
    }
}

impl Receiver {
    fn lost(&mut self, now: Millis) {
        self.in_flight = None;
        self.owed = true;
        self.not_before = now + REPEAT;
    }

    fn ready_at(&self) -> Option<Millis> {
        (self.in_flight.is_none() && self.owed).then_some(self.not_before)
    }
}
