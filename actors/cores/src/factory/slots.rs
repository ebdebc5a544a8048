//! The slots of an instance: which live, in which state, and which successors are still to be warmed.
//!
//! Owns: the map of slots and, per state, the set of those in it. The sets are indices of the map, and their sizes are the
//! only counts there are; `check` compares the two. Refuses: deciding when a slot changes its state.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use actors_protocol::{Millis, SessionId, SlotCounts, SlotId, SlotState, Ticket};

use crate::backoff;

/// A slot that dies unasked sooner than this after its start continues a row of failures, whatever its state was: otherwise
/// one that gets ready and dies again and again would be replaced ever as fast.
const STABLE_AFTER: Millis = Millis(1_000);
/// How long the successor of a slot that died unasked waits, the first time; later ones in a row wait a second. Long enough for whoever watches the slots to
/// see that one is missing, and to keep a fault that strikes all of them at once from turning into a burst of starts.
const CRASH_PAUSE: Millis = Millis(500);

/// A slot's state with what only that state has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Warming,
    Free,
    Reserved(Ticket),
    Active(SessionId),
    /// `told`: the effect that stops its actor has been put out.
    Draining {
        told: bool,
    },
}

impl Condition {
    pub(super) fn state(self) -> SlotState {
        match self {
            Condition::Warming => SlotState::Warming,
            Condition::Free => SlotState::Free,
            Condition::Reserved(_) => SlotState::Reserved,
            Condition::Active(_) => SlotState::Active,
            Condition::Draining { .. } => SlotState::Draining,
        }
    }
}

/// One living slot actor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) condition: Condition,
    /// When it came into this condition.
    pub(super) since: Millis,
    /// When its actor was asked for.
    started: Millis,
    /// How many predecessors in a row failed.
    failures: u8,
}

impl Slot {
    /// How many in a row have failed when this slot, asked or not, ends now.
    fn failures_at_end(&self, now: Millis) -> u8 {
        match self.condition {
            Condition::Draining { .. } => 0,
            Condition::Warming => self.failures.saturating_add(1),
            _ if now.since(self.started) < STABLE_AFTER => self.failures.saturating_add(1),
            _ => 1,
        }
    }
}

/// How long a successor waits after that many failures in a row. No jitter: it waits for nobody that others wait for.
fn delay(failures: u8) -> Millis {
    match failures {
        0 => Millis::ZERO,
        1 => CRASH_PAUSE,
        _ => backoff::LONGEST,
    }
}

/// A successor that waits for its turn to warm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Successor {
    due: Millis,
    failures: u8,
}

#[derive(Debug, Default)]
pub(super) struct Slots {
    living: BTreeMap<SlotId, Slot>,
    /// Indexed by `SlotState as usize`.
    by_state: [BTreeSet<SlotId>; 5],
    /// The number given out last; a number is never used again.
    last: u32,
    successors: BinaryHeap<Reverse<Successor>>,
}

impl Slots {
    /// Enters a new slot, which warms.
    pub(super) fn warm(&mut self, now: Millis, failures: u8) -> SlotId {
        self.last = self.last.checked_add(1).expect("a factory does not live for four thousand million slots");
        let id = SlotId(self.last);
        self.living.insert(id, Slot { condition: Condition::Warming, since: now, started: now, failures });
        self.by_state[SlotState::Warming as usize].insert(id);
        id
    }

    /// Moves a living slot to another condition. False when there is no such slot.
    pub(super) fn put(&mut self, now: Millis, id: SlotId, condition: Condition) -> bool {
        let Some(slot) = self.living.get_mut(&id) else { return false };
        let (from, to) = (slot.condition.state(), condition.state());
        slot.condition = condition;
        slot.since = now;
        if from != to {
            self.by_state[from as usize].remove(&id);
            self.by_state[to as usize].insert(id);
        }
        true
    }

    /// Strikes out a slot whose actor is gone. Its last condition, and how many in a row have failed.
    pub(super) fn remove(&mut self, now: Millis, id: SlotId) -> Option<(Condition, u8)> {
        let slot = self.living.remove(&id)?;
        self.by_state[slot.condition.state() as usize].remove(&id);
        Some((slot.condition, slot.failures_at_end(now)))
    }

    /// Counts a slot that is gone as one that drains: what [`Flaw::CountsDrift`](crate::flaw::Flaw) does.
    pub(super) fn count_ghost(&mut self, id: SlotId) {
        self.by_state[SlotState::Draining as usize].insert(id);
    }

    pub(super) fn condition(&self, id: SlotId) -> Option<Condition> {
        self.living.get(&id).map(|slot| slot.condition)
    }

    /// The lowest-numbered slot in that state.
    pub(super) fn first(&self, state: SlotState) -> Option<SlotId> {
        self.by_state[state as usize].first().copied()
    }

    /// The highest-numbered slot in that state: the one that has been ready for the shortest time.
    pub(super) fn last(&self, state: SlotState) -> Option<SlotId> {
        self.by_state[state as usize].last().copied()
    }

    pub(super) fn number_in(&self, state: SlotState) -> usize {
        self.by_state[state as usize].len()
    }

    /// The slots in that state, copied out so that they can be moved.
    pub(super) fn all_in(&self, state: SlotState) -> Vec<SlotId> {
        self.by_state[state as usize].iter().copied().collect()
    }

    /// The living slots in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SlotId, &Slot)> {
        self.living.iter().map(|(id, slot)| (*id, slot))
    }

    pub(super) fn living(&self) -> usize {
        self.living.len()
    }

    /// The five states: the sizes of the five sets at this moment.
    pub(super) fn counts(&self) -> SlotCounts {
        let number = |state| u32::try_from(self.number_in(state)).unwrap_or(u32::MAX);
        SlotCounts {
            warming: number(SlotState::Warming),
            free: number(SlotState::Free),
            reserved: number(SlotState::Reserved),
            active: number(SlotState::Active),
            draining: number(SlotState::Draining),
        }
    }

    /// A successor is to be warmed, at once or after the delay that the failures before it ask for.
    pub(super) fn succeed(&mut self, now: Millis, failures: u8) {
        self.successors.push(Reverse(Successor { due: now + delay(failures), failures }));
    }

    /// The failures before the next successor that is due.
    pub(super) fn pop_successor(&mut self, now: Millis) -> Option<u8> {
        if self.next_successor()? > now {
            return None;
        }
        self.successors.pop().map(|Reverse(successor)| successor.failures)
    }

    pub(super) fn next_successor(&self) -> Option<Millis> {
        self.successors.peek().map(|Reverse(successor)| successor.due)
    }

    /// Successors that wait.
    pub(super) fn to_come(&self) -> usize {
        self.successors.len()
    }

    /// Keeps that many of the successors that wait, those whose turn comes first.
    pub(super) fn keep_successors(&mut self, number: usize) {
        let too_many = self.successors.len().saturating_sub(number);
        if too_many > 0 {
            let latest_first = std::mem::take(&mut self.successors).into_sorted_vec();
            self.successors = latest_first.into_iter().skip(too_many).collect();
        }
    }

    pub(super) fn forget_successors(&mut self) {
        self.successors.clear();
    }

    /// **I3**, inside: every living slot is in the set of its state and in no other, and the sets hold nothing else.
    pub(super) fn check(&self) -> Result<(), String> {
        for (id, slot) in &self.living {
            let state = slot.condition.state();
            if !self.by_state[state as usize].contains(id) {
                return Err(format!("I3: {id} is {state:?} and not counted as that"));
            }
        }
        // Each living slot is in its own set, so any difference in number is a slot counted twice or a dead one counted.
        let counted = self.counts().capacity() as usize;
        if counted != self.living.len() {
            return Err(format!("I3: {counted} slots are counted, {} live", self.living.len()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_waits_longer_after_each_failure() {
        let delays: Vec<u64> = (0..=4).map(|failures| delay(failures).0).collect();
        assert_eq!(delays, [0, 500, 1_000, 1_000, 1_000]);
        assert_eq!(delay(u8::MAX), Millis(1_000));
    }

    #[test]
    fn an_idle_slot_costs_little() {
        // The budget of an idle slot is 6 kB, actor and all; the core takes this and some forty bytes of two trees.
        assert!(size_of::<Slot>() <= 64, "{}", size_of::<Slot>());
    }
}
