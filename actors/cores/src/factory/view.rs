//! A factory as people see it: its state for inspection, without a secret in it.
//!
//! Owns: what is shown and how much of it. Tickets, tokens and viewers' keys are not.

use actors_protocol::{Incarnation, InstanceName, Millis, ServiceName, SessionId, SlotCounts, SlotId, SlotState};
use serde::Serialize;

use super::Factory;
use super::report::{Holding, Tally};
use super::slots::{Condition, Slot};

/// The most slots that are shown one by one: beyond that a person reads counts, and the answer must fit into a frame.
pub const SLOTS_SHOWN_MAX: usize = 256;

/// See [`Factory::state`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FactoryView {
    /// The instance.
    pub instance: InstanceName,
    /// Which life of its factory.
    pub incarnation: Incarnation,
    /// How many slots there are to be: what the configuration says, or the last resize.
    pub slots_wanted: u32,
    /// Why free slots are withdrawn; none when they are not.
    pub withdrawn: Option<String>,
    /// Leases and sessions that go on beyond the number of slots.
    pub surplus: usize,
    /// What is left until the surplus is ended; none when each of it ends by itself.
    pub surplus_left: Option<Millis>,
    /// The five states.
    pub counts: SlotCounts,
    /// Their sum.
    pub capacity: u32,
    /// Successors that wait after failures.
    pub successors_waiting: usize,
    /// What is left until a drain ends the sessions that run; none when there is no drain.
    pub drain_left: Option<Millis>,
    /// The services that draw on the pool.
    pub services: Vec<ServiceView>,
    /// The slots, the first [`SLOTS_SHOWN_MAX`] of them.
    pub slots: Vec<SlotView>,
    /// Slots that are not shown.
    pub slots_not_shown: usize,
    /// Secrets that are no longer good and still remembered.
    pub past_secrets: usize,
    /// Decisions since the factory began.
    pub tally: Tally,
    /// Holding times.
    pub holding: Holding,
}

/// A service of the pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceView {
    /// Its name.
    pub service: ServiceName,
    /// At most this many slots at once.
    pub cap: Option<u32>,
    /// Slots reserved or active for it.
    pub used: u32,
}

/// A slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlotView {
    /// Its number.
    pub slot: SlotId,
    /// Its state.
    pub state: SlotState,
    /// For how long it has been in that state.
    pub since: Millis,
    /// Whose lease or session has it.
    pub service: Option<ServiceName>,
    /// The session.
    pub session: Option<SessionId>,
    /// What is left to a lease, or to a viewer that lost its connection.
    pub left: Option<Millis>,
}

impl Factory {
    /// The living slots, each with its state.
    pub fn slots(&self) -> impl Iterator<Item = (SlotId, SlotState)> {
        self.slots.iter().map(|(id, slot)| (id, slot.condition.state()))
    }

    /// The state for inspection; a pure look, nothing lapses by it.
    pub fn state(&self, now: Millis) -> FactoryView {
        let counts = self.counts();
        FactoryView {
            instance: self.instance.clone(),
            incarnation: self.incarnation,
            slots_wanted: self.size.wanted,
            withdrawn: self.size.withdrawn.clone(),
            surplus: self.surplus(),
            surplus_left: self.surplus_until().map(|until| until.since(now)),
            counts,
            capacity: counts.capacity(),
            successors_waiting: self.slots.to_come(),
            drain_left: self.drain.as_ref().map(|drain| drain.until.since(now)),
            services: self
                .services
                .iter()
                .map(|service| ServiceView { service: service.name.clone(), cap: service.cap, used: service.used })
                .collect(),
            slots: self.slots.iter().take(SLOTS_SHOWN_MAX).map(|(id, slot)| self.slot_view(now, id, slot)).collect(),
            slots_not_shown: self.slots.living().saturating_sub(SLOTS_SHOWN_MAX),
            past_secrets: self.past_tickets.len() + self.past_tokens.len(),
            tally: self.tally,
            holding: self.holding,
        }
    }

    fn slot_view(&self, now: Millis, id: SlotId, slot: &Slot) -> SlotView {
        let (service, session, until) = match slot.condition {
            Condition::Reserved(ticket) => match self.leases.get(ticket) {
                Some(lease) => (Some(lease.service), None, Some(lease.until)),
                None => (None, None, None),
            },
            Condition::Active(session) => {
                let entry = self.sessions.get(session);
                (entry.map(|entry| entry.service), Some(session), entry.and_then(|entry| entry.lost_until))
            }
            Condition::Warming | Condition::Free | Condition::Draining { .. } => (None, None, None),
        };
        SlotView {
            slot: id,
            state: slot.condition.state(),
            since: now.since(slot.since),
            service: service.map(|index| self.services[index].name.clone()),
            session,
            left: until.map(|until| until.since(now)),
        }
    }
}
