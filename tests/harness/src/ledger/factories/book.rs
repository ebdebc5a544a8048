//! One factory as it is seen from outside: who holds which slot, which state each is in and since when.

use std::collections::BTreeMap;

use actors_cores::factory::Admission;
use actors_protocol::gateway::Reserve;
use actors_protocol::host::Offering;
use actors_protocol::{
    ActorPath, Incarnation, InstanceName, NodeName, RequestId, ServiceName, SessionId, SlotCounts, SlotId, SlotState,
    Ticket,
};
use media_session::observe::Sighting;

use super::super::Notes;
use super::super::agreement::{Pool, numbers};
use super::{ONE_TIMER, STOPPED_AFTER};
use crate::report::Invariant;

/// Who has a slot.
#[derive(Clone, Debug)]
pub(super) enum Holder {
    /// A ticket is out.
    Lease { ticket: Ticket, request: RequestId, service: ServiceName, until: u64 },
    /// A viewer has it.
    Session { session: SessionId, service: ServiceName },
}

impl Holder {
    fn service(&self) -> &ServiceName {
        match self {
            Holder::Lease { service, .. } | Holder::Session { service, .. } => service,
        }
    }

    /// The state that its slot must be in.
    fn state(&self) -> SlotState {
        match self {
            Holder::Lease { .. } => SlotState::Reserved,
            Holder::Session { .. } => SlotState::Active,
        }
    }
}

/// See the module.
pub(super) struct Book {
    pub path: ActorPath,
    pub incarnation: Incarnation,
    pub gateway: NodeName,
    pub begun: u64,
    /// When what is reported of it changed last.
    pub changed: u64,
    /// Each slot's state, and since when it is in it.
    pub slots: BTreeMap<SlotId, (SlotState, u64)>,
    offerings: Vec<Offering>,
    counts: SlotCounts,
    holders: BTreeMap<SlotId, Holder>,
    /// When each service was at its cap last, and which are at it now.
    capped: BTreeMap<ServiceName, u64>,
    at_cap: Vec<ServiceName>,
    /// Since when fewer actors live than are counted.
    fewer_since: Option<u64>,
}

impl Book {
    pub fn new(now: u64, sighting: &Sighting<'_>) -> Book {
        Book {
            path: actors_protocol::ActorPath::of_instance(&sighting.create.instance),
            incarnation: sighting.incarnation,
            gateway: sighting.create.gateway.clone(),
            begun: now,
            changed: now,
            slots: BTreeMap::new(),
            offerings: sighting.create.offerings.clone(),
            counts: SlotCounts::default(),
            holders: BTreeMap::new(),
            capped: BTreeMap::new(),
            at_cap: Vec::new(),
            fewer_since: None,
        }
    }

    pub fn granted(&mut self, notes: &mut Notes, ask: &Reserve, ticket: Ticket, slot: SlotId, hold: u64) {
        let now = notes.now();
        let again = match self.holders.get(&slot) {
            Some(Holder::Lease { ticket: held, until, .. }) => *held == ticket || *until <= now + ONE_TIMER,
            // A repeat after the ticket was redeemed: the session is that request's own.
            Some(Holder::Session { .. }) => hold == 0,
            None => true,
        };
        notes.premise(Invariant::I1);
        if !again {
            let words = format!("{slot} of {} is granted; {:?} has it", self.path, self.holders[&slot]);
            notes.violated(Invariant::I1, words);
        }
        if hold > 0 {
            let (request, service) = (ask.request, ask.service.clone());
            self.holders.insert(slot, Holder::Lease { ticket, request, service, until: now + hold });
        }
    }

    pub fn released(&mut self, request: RequestId) {
        self.holders.retain(|_, holder| !matches!(holder, Holder::Lease { request: of, .. } if *of == request));
    }

    pub fn opened(&mut self, notes: &mut Notes, ticket: Ticket, admission: &Admission) {
        let slot = admission.slot;
        match self.holders.get(&slot) {
            Some(Holder::Lease { ticket: held, .. }) if *held == ticket => {}
            // A slot that nobody had: a spent ticket's second session, which is I2's affair.
            None => {}
            Some(other) => {
                let words = format!("{slot} of {} is opened with a ticket; {other:?} has it", self.path);
                notes.violated(Invariant::I1, words);
            }
        }
        let (session, service) = (admission.session, admission.service.clone());
        self.holders.insert(slot, Holder::Session { session, service });
    }

    pub fn resumed(&self, notes: &mut Notes, admission: &Admission) {
        match self.holders.get(&admission.slot) {
            Some(Holder::Session { session, .. }) if *session == admission.session => {}
            other => {
                let words = format!("{} of {} is resumed; {other:?} has it", admission.slot, self.path);
                notes.violated(Invariant::I1, words);
            }
        }
    }

    pub fn over(&mut self, session: SessionId, slot: SlotId) {
        if matches!(self.holders.get(&slot), Some(Holder::Session { session: of, .. }) if *of == session) {
            self.holders.remove(&slot);
        }
    }

    pub fn settled(&mut self, notes: &mut Notes, sighting: &Sighting<'_>) {
        let now = notes.now();
        let counts = sighting.core.counts();
        let before = std::mem::take(&mut self.slots);
        self.slots = sighting
            .core
            .slots()
            .map(|(slot, state)| match before.get(&slot) {
                Some((same, since)) if *same == state => (slot, (state, *since)),
                _ => (slot, (state, now)),
            })
            .collect();
        if counts != self.counts || before != self.slots {
            self.changed = now;
            self.counts = counts;
            notes.trace("settled", numbers(&counts).into_iter().fold(0, |sum, of| sum * 64 + u64::from(of)));
        }
        let held = self.holders.len();
        self.let_go(notes);
        if held != self.holders.len() {
            self.changed = now;
        }
        // What was at its cap after the last event was so until a moment ago.
        let was_at_cap = std::mem::take(&mut self.at_cap);
        let is_at_cap = self.offerings.iter().filter(|of| of.cap.is_some_and(|cap| self.used(&of.service) >= cap));
        self.at_cap = is_at_cap.map(|of| of.service.clone()).collect();
        for service in was_at_cap.iter().chain(&self.at_cap) {
            self.capped.insert(service.clone(), now);
        }
        self.overdue(notes);
    }

    /// A holder whose slot is not in the state that says so has lost it: lapsed, drained, died.
    fn let_go(&mut self, notes: &mut Notes) {
        let now = notes.now();
        let slots = &self.slots;
        self.holders.retain(|slot, holder| {
            let keeps = slots.get(slot).is_some_and(|(state, _)| *state == holder.state());
            if !keeps && matches!(holder, Holder::Lease { until, .. } if *until <= now + ONE_TIMER) {
                notes.premise(Invariant::I5);
            }
            keeps
        });
    }

    /// What must have happened by now.
    pub fn overdue(&mut self, notes: &mut Notes) {
        let now = notes.now();
        for (slot, (state, since)) in &self.slots {
            match (state, self.holders.get(slot)) {
                (SlotState::Reserved, Some(Holder::Lease { until, .. })) if until + ONE_TIMER < now => {
                    let words = format!("{slot} of {} is held by a lease that was over at {until} ms", self.path);
                    notes.violated(Invariant::I5, words);
                }
                (SlotState::Draining, _) if since + STOPPED_AFTER < now => {
                    let words = format!("{slot} of {} drains since {since} ms, and its actor lives", self.path);
                    notes.violated(Invariant::I8, words);
                }
                (SlotState::Draining, _) => notes.premise(Invariant::I8),
                _ => {}
            }
        }
    }

    /// Counts against the kernel's directory.
    pub fn compare(&mut self, notes: &mut Notes, living: usize) {
        let now = notes.now();
        let counted = self.counts.capacity() as usize;
        notes.premise(Invariant::I3);
        if living > counted {
            notes.violated(Invariant::I8, format!("{living} actors of {} live, {counted} are counted", self.path));
        }
        if living >= counted {
            self.fewer_since = None;
        } else if *self.fewer_since.get_or_insert(now) < now {
            notes.violated(Invariant::I3, format!("{counted} slots of {} are counted, {living} live", self.path));
        }
    }

    fn used(&self, service: &ServiceName) -> u32 {
        self.holders.values().filter(|holder| holder.service() == service).count() as u32
    }

    /// Could `service` have had one more slot at any time since `since`, as far as its cap is concerned?
    pub fn has_room_since(&self, service: &ServiceName, since: u64) -> bool {
        let offered = self.offerings.iter().any(|of| of.service == *service);
        offered && !self.at_cap.contains(service) && self.capped.get(service).is_none_or(|at| *at < since)
    }

    pub fn pool(&self, host: &NodeName, instance: &InstanceName) -> Pool {
        let mut uses: Vec<_> =
            self.offerings.iter().map(|of| (of.service.to_string(), self.used(&of.service))).collect();
        uses.sort();
        Pool {
            host: host.clone(),
            instance: instance.clone(),
            incarnation: self.incarnation,
            counts: numbers(&self.counts),
            uses,
        }
    }
}
