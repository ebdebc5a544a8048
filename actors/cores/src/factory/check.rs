//! The invariants of a factory, checked against its own books. For tests and the harness: it looks at everything.
//!
//! Each message begins with the number of the invariant that is broken, where there is one.

use std::collections::BTreeMap;

use actors_protocol::{Millis, SlotId, SlotState};

use super::Factory;
use super::slots::Condition;

impl Factory {
    /// I1, I2, I3, I5 and I8 as far as they can be seen from inside, and that the indices agree.
    pub fn check(&self) -> Result<(), String> {
        self.sessions.check(self.now)?;
        self.leases.check(self.now)?;
        self.check_holders()?;
        self.slots.check()?;
        self.check_number_of_slots()?;
        self.check_indices()
    }

    /// **I1**: a slot has at most one lease or session, and is in the state that says so. **I8**: a slot that ends has been
    /// told to.
    fn check_holders(&self) -> Result<(), String> {
        let mut holders: BTreeMap<SlotId, Condition> = BTreeMap::new();
        let leases = self.leases.iter().map(|(ticket, lease)| (lease.slot, Condition::Reserved(ticket)));
        let sessions = self.sessions.iter().map(|(id, session)| (session.slot, Condition::Active(id)));
        for (slot, holder) in leases.chain(sessions) {
            if let Some(other) = holders.insert(slot, holder) {
                return Err(format!("I1: {slot} is held twice: {other:?} and {holder:?}"));
            }
        }
        for (id, slot) in self.slots.iter() {
            match (slot.condition, holders.remove(&id)) {
                (Condition::Draining { told: false }, _) => {
                    return Err(format!("I8: {id} drains and its actor was not told to stop"));
                }
                (Condition::Reserved(_) | Condition::Active(_), None) => {
                    return Err(format!("I5: {id} is {:?} and nobody holds it", slot.condition.state()));
                }
                (condition, Some(holder)) if condition != holder => {
                    return Err(format!("I1: {id} is {condition:?} and held by {holder:?}"));
                }
                _ => {}
            }
        }
        match holders.first_key_value() {
            Some((slot, holder)) => Err(format!("I1: {holder:?} has {slot}, which does not live")),
            None => Ok(()),
        }
    }

    /// Nothing is missing from the number that is wanted and nothing is warmed beyond it; what goes on beyond it is held; in a
    /// drain there are no successors.
    fn check_number_of_slots(&self) -> Result<(), String> {
        let (living, to_come) = (self.slots.living(), self.slots.to_come());
        let (target, ceiling, draining) = (self.target(), self.size.ceiling, self.drain.is_some());
        let missing = !draining && living + to_come < target;
        let to_come_beyond = to_come > 0 && (draining || living + to_come > target);
        if missing || to_come_beyond || living + to_come > ceiling {
            return Err(format!(
                "{living} slots live, {to_come} are to come, {target} are to be, at most {ceiling} (drain: {draining})"
            ));
        }
        let idle = self.slots.number_in(SlotState::Warming) + self.slots.number_in(SlotState::Free);
        if !draining && self.staying() > target && idle > 0 {
            return Err(format!("{idle} slots are idle, {} stay and {target} are to be", self.staying()));
        }
        if draining && self.slots.number_in(SlotState::Active) + self.slots.number_in(SlotState::Draining) != living {
            return Err("a slot could be given out in a drain".to_owned());
        }
        let overdue = |due: Option<Millis>| due.is_some_and(|due| due <= self.now);
        if overdue(self.poll_timeout()) {
            return Err(format!("what was due at {:?} has not happened by {}", self.poll_timeout(), self.now));
        }
        Ok(())
    }

    /// What is kept beside the tables agrees with them.
    fn check_indices(&self) -> Result<(), String> {
        let mut used = vec![0_u32; self.services.len()];
        let mut requests = BTreeMap::new();
        for (ticket, lease) in self.leases.iter() {
            used[lease.service] += 1;
            requests.insert(lease.request, ticket);
            if self.past_tickets.fate(ticket.0).is_some() {
                return Err(format!("I2: the ticket for {} is good and spent at once", lease.slot));
            }
        }
        for (_, session) in self.sessions.iter() {
            used[session.service] += 1;
            requests.insert(session.request, session.ticket);
        }
        for (service, used) in self.services.iter().zip(used) {
            if service.used != used {
                return Err(format!("{} is said to use {} slots and uses {used}", service.name, service.used));
            }
            if service.cap.is_some_and(|cap| used > cap) {
                return Err(format!("{} uses {used} slots, over its cap {:?}", service.name, service.cap));
            }
        }
        if requests != self.requests {
            return Err("the requests that are remembered are not those that are open".to_owned());
        }
        if self.requests.len() != self.leases.len() + self.sessions.len() {
            return Err("two leases or sessions came of one request".to_owned());
        }
        Ok(())
    }
}
