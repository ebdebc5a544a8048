//! Holding a slot for a viewer, and giving it back.
//!
//! Owns: the order in which a reservation is judged: a repeat first, then whether the service is here, a drain, the bounds
//! on open leases, the cap, and last whether a slot is free.

use actors_protocol::factory::SlotReservation;
use actors_protocol::gateway::{Released, Reserve};
use actors_protocol::{Locator, Millis, RequestId, SlotCounts, SlotId, SlotState, Ticket};

use super::leases::Lease;
use super::options::Limits;
use super::slots::Condition;
use super::tickets::Fate;
use super::{Factory, Service};
use crate::flaw::flawed;

/// The random number that came in is zero or was given out before. Nothing was done; ask again with another. From a sound
/// source this never happens; a broken one must not lead to secrets that can be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the random number is zero or was given out before: draw another")]
pub struct BadRandomness;

/// The answer to a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// A slot is held.
    Granted {
        /// The secret.
        ticket: Ticket,
        /// The slot.
        slot: SlotId,
        /// What is left of the hold; zero in the repeat for a session that runs.
        hold: Millis,
    },
    /// No slot is free, or the service is at its cap.
    Full(SlotCounts),
    /// The instance does not offer the service.
    NotOffered,
    /// The instance drains.
    Draining,
    /// The viewer, or its address, has too many open leases.
    TooManyLeases {
        /// The bound that was met.
        limit: u32,
    },
}

impl Reserved {
    /// As the message, with the place where the ticket is redeemed.
    pub fn into_reply(self, locator: &Locator) -> SlotReservation {
        match self {
            Reserved::Granted { ticket, slot, hold } => {
                SlotReservation::Granted { ticket, slot, locator: locator.clone(), hold }
            }
            Reserved::Full(counts) => SlotReservation::Full(counts),
            Reserved::NotOffered => SlotReservation::NotOffered,
            Reserved::Draining => SlotReservation::Draining,
            Reserved::TooManyLeases { limit } => SlotReservation::TooManyLeases { limit },
        }
    }
}

impl Factory {
    /// Holds a slot for a viewer. `randomness` becomes the ticket; it must come from a source that cannot be guessed.
    ///
    /// A repeat of a request gets the same answer while its lease is open or its session runs. A refusal is not remembered:
    /// asking again is asking anew.
    pub fn reserve(&mut self, now: Millis, ask: &Reserve, randomness: u128) -> Result<Reserved, BadRandomness> {
        let now = self.advance(now);
        if let Some(same) = self.answer_again(now, ask.request) {
            self.tally.repeated += 1;
            return Ok(same);
        }
        let answer = self.decide(now, ask, randomness)?;
        self.tally.answered(&answer);
        Ok(answer)
    }

    /// Gives a slot back that was reserved and not redeemed.
    pub fn release(&mut self, now: Millis, request: RequestId) -> Released {
        let now = self.advance(now);
        match self.requests.get(&request).copied().filter(|ticket| self.leases.contains(*ticket)) {
            Some(ticket) => {
                self.end_lease(now, ticket, Fate::Over);
                self.tally.released += 1;
                Released::Freed
            }
            None => Released::NoLease,
        }
    }

    /// A request that is new, or whose lease and session are over.
    fn decide(&mut self, now: Millis, ask: &Reserve, randomness: u128) -> Result<Reserved, BadRandomness> {
        let Ok(service) = self.services.binary_search_by(|entry| entry.name.cmp(&ask.service)) else {
            return Ok(Reserved::NotOffered);
        };
        if self.drain.is_some() {
            return Ok(Reserved::Draining);
        }
        let origin = ask.origin.to_canonical();
        let Limits { hold, leases_per_viewer, leases_per_origin, .. } = self.limits;
        if self.leases.of_viewer(&ask.viewer) >= leases_per_viewer {
            return Ok(Reserved::TooManyLeases { limit: leases_per_viewer });
        }
        if self.leases.of_origin(&origin) >= leases_per_origin {
            return Ok(Reserved::TooManyLeases { limit: leases_per_origin });
        }
        let Some(slot) = self.slot_to_give(service) else { return Ok(Reserved::Full(self.counts())) };
        let ticket = self.fresh_ticket(randomness)?;

        let lease = Lease { request: ask.request, service, viewer: ask.viewer, origin, slot, until: now + hold };
        self.leases.insert(ticket, lease);
        self.requests.insert(ask.request, ticket);
        self.services[service].used += 1;
        self.put(now, slot, Condition::Reserved(ticket));
        Ok(Reserved::Granted { ticket, slot, hold })
    }

    fn answer_again(&self, now: Millis, request: RequestId) -> Option<Reserved> {
        let ticket = *self.requests.get(&request)?;
        let (slot, hold) = match self.leases.get(ticket) {
            Some(lease) => (lease.slot, lease.until.since(now)),
            None => (self.sessions.of_ticket(ticket)?.1.slot, Millis::ZERO),
        };
        Some(Reserved::Granted { ticket, slot, hold })
    }

    /// The free slot with the lowest number, unless the service is at its cap.
    fn slot_to_give(&self, service: usize) -> Option<SlotId> {
        let Service { cap, used, .. } = &self.services[service];
        if cap.is_some_and(|cap| *used >= cap) {
            return None;
        }
        if flawed!(self.flaw, LeaseTwice)
            && let Some(slot) = self.slots.first(SlotState::Reserved)
        {
            return Some(slot);
        }
        self.slots.first(SlotState::Free)
    }

    fn fresh_ticket(&self, randomness: u128) -> Result<Ticket, BadRandomness> {
        let ticket = Ticket(randomness);
        let known = self.leases.contains(ticket)
            || self.sessions.of_ticket(ticket).is_some()
            || self.past_tickets.fate(randomness).is_some();
        if randomness == 0 || known { Err(BadRandomness) } else { Ok(ticket) }
    }
}
