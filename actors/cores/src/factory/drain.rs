//! Draining an instance: no new sessions, those that run go on until a deadline, and then nothing is left.
//!
//! A drain ends idle slots at once and takes open leases back; their tickets are answered with `Draining`. A lost viewer may
//! still resume until the deadline. Taking a drain back warms what is missing.

use actors_protocol::factory::DrainState;
use actors_protocol::{Millis, SlotState};

use super::Factory;
use super::effects::{Effect, Why};
use super::slots::Condition;
use super::tickets::Fate;

/// A drain under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drain {
    /// From this instant on no session runs.
    pub(super) until: Millis,
    /// [`Effect::Drained`] has been put out for it.
    told: bool,
}

impl Factory {
    /// No new sessions from now on; those that run may go on for `within`. Said again, the new deadline holds.
    pub fn drain(&mut self, now: Millis, within: Millis) {
        let now = self.advance(now);
        self.drain = Some(Drain { until: now + within, told: false });
        self.slots.forget_successors();
        for slot in self.slots.all_in(SlotState::Reserved) {
            if let Some(Condition::Reserved(ticket)) = self.slots.condition(slot) {
                self.end_lease(now, ticket, Fate::Withdrawn);
            }
        }
        for state in [SlotState::Warming, SlotState::Free] {
            for slot in self.slots.all_in(state) {
                self.end_slot(now, slot, Why::Drained);
            }
        }
        self.end_overdue_drain(now);
        self.tell_when_drained();
    }

    /// Takes a drain back. What it has ended stays ended; successors warm.
    pub fn cancel_drain(&mut self, now: Millis) {
        let now = self.advance(now);
        if self.drain.take().is_some() {
            self.fit(now);
        }
    }

    /// How far a drain is.
    pub fn drain_state(&self) -> DrainState {
        let counts = self.counts();
        DrainState { draining: self.drain.is_some(), sessions: counts.active, counts }
    }

    /// Ends the sessions that still run when the deadline is there.
    pub(super) fn end_overdue_drain(&mut self, now: Millis) {
        if self.drain.as_ref().is_none_or(|drain| drain.until > now) {
            return;
        }
        for slot in self.slots.all_in(SlotState::Active) {
            if let Some(Condition::Active(session)) = self.slots.condition(slot) {
                self.end_session(now, session, Why::Drained);
            }
        }
    }

    /// Says once per drain that the last slot is gone.
    pub(super) fn tell_when_drained(&mut self) {
        if let Some(drain) = &mut self.drain
            && !drain.told
            && self.slots.living() == 0
        {
            drain.told = true;
            self.effects.push(Effect::Drained);
        }
    }
}
