//! The factory of an instance: the one owner of its slots, leases, tickets, resume tokens and sessions.
//!
//! ```text
//!              slot_ready        reserve             redeem
//!   (Warm) ──► warming ──► free ───────► reserved ───────► active ──┐ connection_lost: may resume within the window
//!                 │         │ ▲             │                │  ▲───┘
//!                 │         │ └─ release, ──┤                │ goodbye, session_ended, window over
//!                 │  drain  │    lapse      │ drain          │ drain deadline
//!                 └─────────┴───────────────┴──► draining ◄──┘           (End)
//!                                                    │ slot_ended, which may come in any state
//!                                                    ▼
//!                                               gone: a successor with a new number warms
//! ```
//!
//! A slot counts from the effect that starts its actor until it is said to have ended; none is warmed beyond the number that
//! is wanted, because a successor is warmed only when its predecessor is gone. A reservation gets the free slot with the lowest
//! number: that is the one that has been ready longest (numbers grow), it needs no index beside the set of free slots, and
//! what is reserved and given back again and again touches one slot and leaves the others cold.
//!
//! Every input carries `now` and first brings time up to it, so a lease is over at its instant even if the timer is late.
//! Nothing but drain and inspection looks at all slots.
//!
//! Owns: all of the above, for one incarnation. Refuses: clocks, randomness of its own, connections, signatures (it is told
//! whether one was good), actors.

mod check;
mod drain;
mod effects;
mod leases;
mod options;
mod redemption;
mod report;
mod reservation;
mod sessions;
mod size;
mod slots;
mod tickets;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use actors_protocol::host::Offering;
use actors_protocol::{
    Incarnation, InstanceName, Millis, RequestId, ServiceName, SessionId, SlotCounts, SlotId, Ticket,
};

use crate::flaw::{Flaw, flawed};
use drain::Drain;
use effects::Effects;
use leases::Leases;
use sessions::Sessions;
use size::Size;
use slots::{Condition, Slots};
use tickets::{Fate, Past};

pub use effects::{Effect, Why};
pub use options::{FactoryError, Limits, Options, RESIZE_DEADLINE_MAX, ResizeError, SLOTS_MAX};
pub use redemption::{Admission, Redeemed, Refusal};
pub use report::{HOLDING_BOUNDS, Holding, Tally};
pub use reservation::{BadRandomness, Reserved};
pub use sessions::Attachment;
pub use size::NOTE_MAX;
pub use tickets::{REMEMBERED_FOR, REMEMBERED_MAX};
pub use view::{FactoryView, SLOTS_SHOWN_MAX, ServiceView, SlotView};

/// How a slot's actor came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to, or stopped by itself.
    Stopped,
    /// It panicked.
    Panicked,
    /// It was killed, or could not even be started.
    Killed,
}

/// A service of the pool.
#[derive(Debug)]
struct Service {
    name: ServiceName,
    cap: Option<u32>,
    /// Slots reserved or active for it.
    used: u32,
}

/// See the module.
#[derive(Debug)]
pub struct Factory {
    instance: InstanceName,
    incarnation: Incarnation,
    limits: Limits,
    size: Size,
    /// In the order of their names.
    services: Vec<Service>,
    slots: Slots,
    leases: Leases,
    sessions: Sessions,
    /// The ticket of every request whose lease or session is open: a repeat gets the same answer.
    requests: BTreeMap<RequestId, Ticket>,
    past_tickets: Past,
    past_tokens: Past,
    drain: Option<Drain>,
    effects: Effects,
    tally: Tally,
    holding: Holding,
    /// Of the report made last.
    seq: u64,
    /// The latest `now` that came in; time does not run backwards in here.
    now: Millis,
    flaw: Flaw,
}

impl Factory {
    /// A factory whose slots all warm.
    pub fn new(now: Millis, options: Options) -> Result<Factory, FactoryError> {
        let Options { instance, incarnation, mut offerings, slots, limits } = options;
        offerings.sort_by(|a, b| a.service.cmp(&b.service));
        if offerings.is_empty() {
            return Err(FactoryError::NoService(instance));
        }
        if let Some(pair) = offerings.windows(2).find(|pair| pair[0].service == pair[1].service) {
            return Err(FactoryError::ServiceTwice(instance, pair[0].service.clone()));
        }
        if slots > SLOTS_MAX {
            return Err(FactoryError::TooManySlots(instance, slots));
        }
        let mut factory = Factory {
            instance,
            incarnation,
            limits,
            size: Size::new(slots),
            services: offerings
                .into_iter()
                .map(|Offering { service, cap, .. }| Service { name: service, cap, used: 0 })
                .collect(),
            slots: Slots::default(),
            leases: Leases::default(),
            sessions: Sessions::default(),
            requests: BTreeMap::new(),
            past_tickets: Past::default(),
            past_tokens: Past::default(),
            drain: None,
            effects: Effects::default(),
            tally: Tally::default(),
            holding: Holding::default(),
            seq: 0,
            now,
            flaw: Flaw::None,
        };
        factory.fit(now);
        factory.effects.changed();
        Ok(factory)
    }

    /// Takes this wrong decision from now on.
    #[cfg(any(test, feature = "flaws"))]
    pub fn set_flaw(&mut self, flaw: Flaw) {
        self.flaw = flaw;
    }

    /// The actor of a warming slot is ready. Said of any other slot it means nothing.
    pub fn slot_ready(&mut self, now: Millis, slot: SlotId) {
        let now = self.advance(now);
        if self.slots.condition(slot) == Some(Condition::Warming) {
            self.put(now, slot, Condition::Free);
        }
    }

    /// The actor of a slot is gone, asked or not: its lease or session is over, and a successor warms.
    pub fn slot_ended(&mut self, now: Millis, slot: SlotId, how: Ending) {
        let now = self.advance(now);
        let Some((condition, failures)) = self.slots.remove(now, slot) else { return };
        if flawed!(self.flaw, CountsDrift) {
            self.slots.count_ghost(slot);
        }
        self.effects.changed();
        self.tally.slot_ended(how);
        match condition {
            Condition::Reserved(ticket) => self.end_lease(now, ticket, Fate::Over),
            Condition::Active(session) => self.end_session(now, session, Why::Died),
            Condition::Warming | Condition::Free | Condition::Draining { .. } => {}
        }
        self.size.ceiling = self.slots.living().max(self.size.wanted as usize).min(self.size.ceiling);
        if self.drain.is_none() {
            if self.slots.living() + self.slots.to_come() < self.target() {
                self.slots.succeed(now, failures);
            }
            self.warm_due(now);
        }
        self.tell_when_drained();
    }

    /// When `on_timeout` wants to be called: the next lease, lost viewer, successor or drain that is due.
    pub fn poll_timeout(&self) -> Option<Millis> {
        [
            self.leases.next_deadline(),
            self.sessions.next_deadline(),
            self.slots.next_successor(),
            self.drain.as_ref().filter(|_| self.sessions.len() > 0).map(|drain| drain.until),
            self.surplus_until(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Brings time up to `now`.
    pub fn on_timeout(&mut self, now: Millis) {
        self.advance(now);
    }

    /// What is to be done next. The shell takes effects until there are none, after every input.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.poll()
    }

    /// The five states at this moment. Their sum is the number of living slot actors.
    pub fn counts(&self) -> SlotCounts {
        self.slots.counts()
    }

    /// The session that has this slot.
    pub fn session_in(&self, slot: SlotId) -> Option<SessionId> {
        match self.slots.condition(slot) {
            Some(Condition::Active(session)) => Some(session),
            _ => None,
        }
    }

    /// Everything that is due by `now` happens. Returns the present, which is never before what it was.
    fn advance(&mut self, now: Millis) -> Millis {
        self.now = self.now.max(now);
        let now = self.now;
        while let Some(ticket) = self.leases.pop_due(now) {
            if !flawed!(self.flaw, LapseForgotten) {
                self.end_lease(now, ticket, Fate::Over);
                self.tally.lapsed += 1;
            }
        }
        while let Some(session) = self.sessions.due(now) {
            self.end_session(now, session, Why::Lost);
        }
        self.end_overdue_drain(now);
        self.end_overdue_surplus(now);
        self.warm_due(now);
        self.past_tickets.age(now);
        self.past_tokens.age(now);
        now
    }

    /// Warms the successors whose time has come.
    fn warm_due(&mut self, now: Millis) {
        while let Some(failures) = self.slots.pop_successor(now) {
            let slot = self.slots.warm(now, failures);
            self.effects.push(Effect::Warm { slot });
            self.effects.changed();
        }
    }

    fn put(&mut self, now: Millis, slot: SlotId, condition: Condition) {
        if self.slots.put(now, slot, condition) {
            self.effects.changed();
        }
    }

    /// A slot ends; it is counted as draining until its actor is gone.
    fn end_slot(&mut self, now: Millis, slot: SlotId, why: Why) {
        let told = !flawed!(self.flaw, SlotNotStopped);
        self.put(now, slot, Condition::Draining { told });
        if told {
            self.effects.push(Effect::End { slot, why });
        }
    }

    /// A lease is over without a session. Its slot is free again, unless its actor is gone, or there are slots enough.
    fn end_lease(&mut self, now: Millis, ticket: Ticket, fate: Fate) {
        let Some(lease) = self.leases.remove(ticket) else { return };
        self.requests.remove(&lease.request);
        self.past_tickets.remember(now, ticket.0, fate);
        self.services[lease.service].used -= 1;
        self.effects.changed();
        if self.slots.condition(lease.slot) == Some(Condition::Reserved(ticket)) {
            if self.staying() > self.target() {
                let why = if self.size.withdrawn.is_some() { Why::Withdrawn } else { Why::Shrunk };
                self.end_slot(now, lease.slot, why);
            } else {
                self.put(now, lease.slot, Condition::Free);
            }
        }
    }
}
