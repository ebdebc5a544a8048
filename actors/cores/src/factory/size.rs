//! How many slots there are to be: another number for a running instance, and a pool that is withdrawn under overload.
//!
//! ```text
//!   resize(more)  ── what is missing warms at once
//!   resize(fewer) ── successors that wait, then warming, then free slots go at once
//!                 └─ leases and sessions beyond the number go on: whichever ends first is not replaced;
//!                    at the deadline, if there is one, the rest of them are ended
//!   withdraw      ── as if none were wanted, but no session is ever ended for it
//! ```
//!
//! A slot that goes on beyond the number is not marked: the surplus is a number, not a list. So a viewer who leaves by himself
//! is always the one who makes room, growing again takes a surplus back by doing nothing, and there is no second book that
//! could disagree with the slots.
//!
//! At the deadline the surplus ends in this order, because of what its end costs: leases, the latest first (their viewers have
//! seen nothing and ask again); sessions whose viewer has lost the connection, the youngest first (perhaps nobody is there);
//! then sessions, the youngest first (whoever has stayed longest has the most to lose).
//!
//! Owns: the number, the reason of a withdrawal, the deadline of a surplus. Refuses: measuring load; it is told.

use std::cmp::Reverse;

use actors_protocol::factory::SizeState;
use actors_protocol::{Millis, SlotState};

use super::effects::Why;
use super::options::{RESIZE_DEADLINE_MAX, SLOTS_MAX};
use super::slots::Condition;
use super::tickets::Fate;
use super::{Factory, ResizeError};
use crate::flaw::flawed;

/// The most characters of a withdrawal's reason that are kept: it travels in every report.
pub const NOTE_MAX: usize = 200;

/// The number of slots that there are to be, and what stands against it.
#[derive(Debug)]
pub(super) struct Size {
    pub(super) wanted: u32,
    /// Why free slots are withdrawn; none when they are not.
    pub(super) withdrawn: Option<String>,
    /// When the surplus of a shrink is ended; none: each of it ends by itself.
    pub(super) until: Option<Millis>,
    /// Never more slots than this: what is wanted, or what a shrink has left over. It only sinks, until the next resize.
    pub(super) ceiling: usize,
}

impl Size {
    pub(super) fn new(wanted: u32) -> Size {
        Size { wanted, withdrawn: None, until: None, ceiling: wanted as usize }
    }
}

impl Factory {
    /// Another number of slots from now on, for the life of this factory. With `within`, what goes on beyond the number is
    /// ended then; without, it ends by itself. Said again, the new number and the new deadline hold.
    pub fn resize(&mut self, now: Millis, slots: u32, within: Option<Millis>) -> Result<SizeState, ResizeError> {
        let now = self.advance(now);
        if slots > SLOTS_MAX {
            return Err(ResizeError::TooManySlots(slots));
        }
        if within.is_some_and(|within| within > RESIZE_DEADLINE_MAX) {
            return Err(ResizeError::TooLate);
        }
        if self.drain.is_some() {
            return Err(ResizeError::Draining);
        }
        let from = std::mem::replace(&mut self.size.wanted, slots);
        self.size.until = within.map(|within| now + within);
        self.size.ceiling = self.slots.living().max(slots as usize);
        self.tally.resized += 1;
        let before = self.counts().draining;
        self.fit(now);
        self.end_overdue_surplus(now);
        let ended = self.counts().draining.saturating_sub(before);
        Ok(SizeState { from, ended, ..self.size_state() })
    }

    /// How far a resize is: nothing is changed by asking.
    pub fn size_state(&self) -> SizeState {
        SizeState {
            from: self.size.wanted,
            to: self.size.wanted,
            ended: 0,
            surplus: u32::try_from(self.surplus()).unwrap_or(u32::MAX),
            counts: self.counts(),
            note: self.size.withdrawn.clone(),
        }
    }

    /// Free and warming slots end and are not replaced, nor is any other slot that ends, until [`Factory::restore`]. Leases
    /// and sessions go on. Said again, the new reason holds; of it [`NOTE_MAX`] characters are kept.
    pub fn withdraw(&mut self, now: Millis, why: String) {
        let now = self.advance(now);
        let why = if why.chars().count() > NOTE_MAX { why.chars().take(NOTE_MAX).collect() } else { why };
        if self.size.withdrawn.as_ref() == Some(&why) {
            return;
        }
        if self.size.withdrawn.replace(why).is_none() {
            self.tally.withdrawn += 1;
        }
        self.effects.changed();
        self.fit(now);
    }

    /// The pool is offered again: what is missing from the number that is wanted warms.
    pub fn restore(&mut self, now: Millis) {
        let now = self.advance(now);
        if self.size.withdrawn.take().is_some() {
            self.effects.changed();
            self.fit(now);
        }
    }

    /// Why free slots are withdrawn, if they are.
    pub fn withdrawn(&self) -> Option<&str> {
        self.size.withdrawn.as_deref()
    }

    /// So many slots there are to be at this moment.
    pub(super) fn target(&self) -> usize {
        if self.size.withdrawn.is_some() { 0 } else { self.size.wanted as usize }
    }

    /// Slots that are not on their way out.
    pub(super) fn staying(&self) -> usize {
        self.slots.living().saturating_sub(self.slots.number_in(SlotState::Draining))
    }

    /// Leases and sessions that go on beyond the number.
    pub(super) fn surplus(&self) -> usize {
        self.staying().saturating_sub(self.size.wanted as usize)
    }

    /// Brings the slots to the number there are to be, as far as that can be done without ending a lease or a session. In a
    /// drain nothing warms.
    pub(super) fn fit(&mut self, now: Millis) {
        let target = self.target();
        // A slot that ends has its place until it is gone: only then a successor may warm.
        self.slots.keep_successors(target.saturating_sub(self.slots.living()));
        let why = if self.size.withdrawn.is_some() { Why::Withdrawn } else { Why::Shrunk };
        for state in [SlotState::Warming, SlotState::Free] {
            while self.staying() > target
                && let Some(slot) = self.slots.last(state)
            {
                self.end_slot(now, slot, why);
                if flawed!(self.flaw, ShrinkForgets) {
                    self.slots.remove(now, slot);
                }
            }
        }
        if self.drain.is_none() {
            for _ in self.slots.living() + self.slots.to_come()..target {
                self.slots.succeed(now, 0);
            }
            self.warm_due(now);
        }
    }

    /// When the surplus is ended, if there is one.
    pub(super) fn surplus_until(&self) -> Option<Millis> {
        self.size.until.filter(|_| self.surplus() > 0)
    }

    /// Ends the surplus when its deadline is there; in which order, says the module.
    pub(super) fn end_overdue_surplus(&mut self, now: Millis) {
        if self.surplus_until().is_none_or(|until| until > now) {
            return;
        }
        let leases = self.slots.all_in(SlotState::Reserved).into_iter().filter_map(|slot| {
            let Some(Condition::Reserved(ticket)) = self.slots.condition(slot) else { return None };
            Some((Reverse(self.leases.get(ticket)?.until), Reverse(slot), ticket))
        });
        let mut leases: Vec<_> = leases.collect();
        leases.sort_unstable();
        let mut sessions: Vec<_> =
            self.sessions.iter().map(|(id, session)| (session.lost_until.is_none(), Reverse(id))).collect();
        sessions.sort_unstable();
        for (_, _, ticket) in leases.into_iter().take(self.surplus()) {
            self.end_lease(now, ticket, Fate::Withdrawn);
        }
        for (_, Reverse(session)) in sessions.into_iter().take(self.surplus()) {
            self.end_session(now, session, Why::Shrunk);
        }
        self.size.until = None;
    }
}
