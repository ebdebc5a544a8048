//! What a factory tells of itself outside: the pool's report, and what it has counted since it began.
//!
//! Owns: the order of reports, the tally of decisions and the histogram of holding times. Refuses: counting slots; that is
//! [`Slots::counts`](super::slots::Slots::counts), and only that.

use actors_protocol::Millis;
use actors_protocol::slot::{PoolReport, ServiceUse};
use serde::Serialize;

use super::redemption::Refusal;
use super::{Ending, Factory, Reserved};

/// The upper bounds of the buckets of holding times; what is longer is in one bucket more. Each is two to three times the one
/// before: enough to tell a glance from an evening.
pub const HOLDING_BOUNDS: [Millis; 11] = [
    Millis::from_secs(1),
    Millis::from_secs(2),
    Millis::from_secs(5),
    Millis::from_secs(10),
    Millis::from_secs(30),
    Millis::from_secs(60),
    Millis::from_secs(120),
    Millis::from_secs(300),
    Millis::from_secs(600),
    Millis::from_secs(1_800),
    Millis::from_secs(3_600),
];

/// How long sessions held their slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Holding {
    /// Sessions per bucket of [`HOLDING_BOUNDS`]; the last bucket has no upper bound.
    pub buckets: [u64; HOLDING_BOUNDS.len() + 1],
    /// All of them together.
    pub total: Millis,
}

impl Holding {
    pub(super) fn add(&mut self, held: Millis) {
        self.buckets[HOLDING_BOUNDS.partition_point(|bound| *bound < held)] += 1;
        self.total = self.total + held;
    }

    /// Sessions that are over.
    pub fn sessions(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

/// How often each decision was taken in this life of the factory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Leases given.
    pub granted: u64,
    /// Requests that were answered again as before.
    pub repeated: u64,
    /// Leases given back.
    pub released: u64,
    /// Leases that nobody used in time.
    pub lapsed: u64,
    /// Reservations refused because nothing was free.
    pub full: u64,
    /// Reservations of a service that is not offered here.
    pub not_offered: u64,
    /// Reservations, tickets and tokens refused because of a drain.
    pub draining: u64,
    /// Reservations refused because of too many open leases.
    pub too_many_leases: u64,
    /// Sessions opened.
    pub redeemed: u64,
    /// Connections lost.
    pub lost: u64,
    /// Sessions resumed.
    pub resumed: u64,
    /// Secrets that were never given out, or are forgotten.
    pub forged: u64,
    /// Secrets whose time was over.
    pub expired: u64,
    /// Tickets shown again.
    pub reused: u64,
    /// Secrets shown by a wrong viewer.
    pub wrong_key: u64,
    /// Another number of slots was asked for.
    pub resized: u64,
    /// Free slots were withdrawn.
    pub withdrawn: u64,
    /// Slots whose actor stopped.
    pub stopped: u64,
    /// Slots whose actor panicked.
    pub panicked: u64,
    /// Slots whose actor was killed or did not start.
    pub killed: u64,
}

impl Tally {
    pub(super) fn answered(&mut self, answer: &Reserved) {
        match answer {
            Reserved::Granted { .. } => self.granted += 1,
            Reserved::Full(_) => self.full += 1,
            Reserved::NotOffered => self.not_offered += 1,
            Reserved::Draining => self.draining += 1,
            Reserved::TooManyLeases { .. } => self.too_many_leases += 1,
        }
    }

    pub(super) fn turned_away(&mut self, refusal: Refusal) {
        match refusal {
            Refusal::Forged => self.forged += 1,
            Refusal::Expired => self.expired += 1,
            Refusal::Reused => self.reused += 1,
            Refusal::WrongKey => self.wrong_key += 1,
            Refusal::Draining => self.draining += 1,
        }
    }

    pub(super) fn slot_ended(&mut self, how: Ending) {
        match how {
            Ending::Stopped => self.stopped += 1,
            Ending::Panicked => self.panicked += 1,
            Ending::Killed => self.killed += 1,
        }
    }
}

impl Factory {
    /// The pool as it is now, as the next report in order.
    pub fn report(&mut self, now: Millis) -> PoolReport {
        self.advance(now);
        self.seq += 1;
        PoolReport {
            instance: self.instance.clone(),
            incarnation: self.incarnation,
            seq: self.seq,
            counts: self.counts(),
            services: self
                .services
                .iter()
                .map(|service| ServiceUse { service: service.name.clone(), cap: service.cap, used: service.used })
                .collect(),
            age: Millis::ZERO,
            note: self.size.withdrawn.clone(),
        }
    }

    /// What was decided how often.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How long sessions held their slots.
    pub fn holding_times(&self) -> &Holding {
        &self.holding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holding_time_is_in_the_first_bucket_that_is_not_too_small() {
        let mut holding = Holding::default();
        for held in [0, 1_000, 1_001, 3_600_000, 3_600_001] {
            holding.add(Millis(held));
        }
        assert_eq!(holding.buckets, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(holding.sessions(), 5);
        assert_eq!(holding.total, Millis(7_202_002));
    }
}
