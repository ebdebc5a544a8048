//! One viewer's reservation in one zone: which pools to ask, in which order, and what the answers come to.
//!
//! ```text
//!   begin ──► Ask(pool) ──Full, Draining, NotOffered, unreachable──► Ask(next pool) ──…──► Done(refusal)
//!                 └──────Granted, TooManyLeases──────────────────────────────────────────► Done
//! ```
//!
//! Owns: the order and the sum. Refuses: to refuse by reports alone. Reports may be stale, so a pool that is reported as
//! full is asked last, but it is asked (I4).

use std::sync::Arc;

use actors_protocol::factory::{ReserveSlot, SlotReservation};
use actors_protocol::gateway::{Grant, Reservation, Reserve};
use actors_protocol::slot::SlotCounts;
use actors_protocol::{InstanceName, ZoneName};

use super::pools::PoolKey;

/// What to do next for an [`Attempt`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask this factory, with [`Attempt::question`], whichever life of it lives.
    Ask(Arc<PoolKey>),
    /// Answer the asker.
    Done(Reservation),
}

/// A reservation under way. Whoever asks the factories holds it; between two answers nothing else depends on it.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub(super) reserve: Reserve,
    /// In the order of asking. Appended to when a pool appears while the attempt is under way.
    pub(super) plan: Vec<Planned>,
    pub(super) next: usize,
    pub(super) full: Option<SlotCounts>,
    pub(super) unreachable: Vec<Arc<PoolKey>>,
    pub(super) done: Option<Reservation>,
}

#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub key: Arc<PoolKey>,
    /// As reported when it was planned.
    pub counts: SlotCounts,
}

impl Attempt {
    pub(super) fn new(reserve: Reserve, plan: Vec<Planned>) -> Attempt {
        Attempt { reserve, plan, next: 0, full: None, unreachable: Vec::new(), done: None }
    }

    /// The question for a factory.
    pub fn question(&self) -> ReserveSlot {
        ReserveSlot(self.reserve.clone())
    }

    /// What is being reserved.
    pub fn reserve(&self) -> &Reserve {
        &self.reserve
    }

    /// The factory that was asked last has answered.
    pub(super) fn answer(&mut self, zone: &ZoneName, answer: SlotReservation) {
        let Some(asked) = self.asked() else { return };
        match answer {
            SlotReservation::Granted { ticket, slot, locator, hold } => {
                let instance = asked.key.instance.clone();
                let grant = Grant { ticket, locator, instance, zone: zone.clone(), slot, hold };
                self.done = Some(Reservation::Granted(grant));
            }
            SlotReservation::Full(counts) => self.add_full(counts),
            // It answers no more viewers, and yet its sessions are what stands in the way: they are told of.
            SlotReservation::Draining => self.add_full(asked.counts),
            SlotReservation::NotOffered => {}
            // The bound is the viewer's, not the pool's: to go round the pools would be to go round the bound.
            SlotReservation::TooManyLeases { limit } => self.done = Some(Reservation::TooManyLeases { limit }),
        }
    }

    /// The factory that was asked last did not answer. It may have set a slot aside nevertheless: see
    /// [`Attempt::doubtful`].
    pub fn unreachable(&mut self) {
        if let Some(asked) = self.asked() {
            self.unreachable.push(asked.key);
        }
    }

    /// Factories that were asked and never answered. When another has granted, tell these to release the request; if that
    /// fails too, the lease lapses by itself.
    pub fn doubtful(&self) -> &[Arc<PoolKey>] {
        match self.done {
            Some(Reservation::Granted(_)) => &self.unreachable,
            _ => &[],
        }
    }

    fn asked(&self) -> Option<Planned> {
        self.next.checked_sub(1).and_then(|last| self.plan.get(last)).cloned()
    }

    fn add_full(&mut self, counts: SlotCounts) {
        self.full = Some(self.full.unwrap_or_default() + counts);
    }

    /// Every pool was asked, and none granted.
    pub(super) fn conclude(&mut self, otherwise: impl FnOnce() -> Reservation) -> Reservation {
        let refusal = match (self.full, &*self.unreachable) {
            (Some(counts), _) => Reservation::Full(counts),
            (None, []) => otherwise(),
            (None, silent) => {
                let names: std::collections::BTreeSet<InstanceName> =
                    silent.iter().map(|key| key.instance.clone()).collect();
                Reservation::Unreachable(names.into_iter().collect())
            }
        };
        self.done.insert(refusal).clone()
    }
}
