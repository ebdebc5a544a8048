//! A second factory, as plain as can be: one list of slots, searched from end to end for every question.
//!
//! It shares no code with the true one and keeps no index, so the two are wrong together only if the rules are.

use actors_protocol::factory::Farewell;
use actors_protocol::gateway::{Released, Reserve};
use actors_protocol::{Millis, RequestId, SlotCounts, SlotId, Ticket, ViewerKey};

use super::super::{Limits, Refusal, Reserved};

const MEMORY: u64 = 60_000;

#[derive(Clone, Debug, PartialEq)]
enum Holder {
    Nobody { warm: bool },
    Lease { ask: Reserve, ticket: u128, until: u64 },
    Session { ask: Reserve, ticket: u128, token: u128, lost_until: Option<u64>, attachment: u32, opened: u64 },
    Drain,
}

#[derive(Clone, Debug)]
struct Slot {
    number: u32,
    started: u64,
    failures: u32,
    holder: Holder,
}

/// What became of a secret, and when.
#[derive(Clone, Copy, Debug)]
struct Gone {
    secret: u128,
    since: u64,
    refusal: Refusal,
}

#[derive(Debug)]
pub struct Model {
    now: u64,
    limits: Limits,
    wanted: usize,
    services: Vec<(String, Option<u32>)>,
    slots: Vec<Slot>,
    last: u32,
    to_come: Vec<(u64, u32)>,
    drain: Option<u64>,
    withdrawn: bool,
    surplus_until: Option<u64>,
    opened: u64,
    gone_tickets: Vec<Gone>,
    gone_tokens: Vec<Gone>,
}

impl Model {
    pub fn new(wanted: usize, services: &[(&str, Option<u32>)], limits: Limits) -> Model {
        let mut model = Model {
            now: 0,
            limits,
            wanted,
            services: services.iter().map(|(name, cap)| ((*name).to_owned(), *cap)).collect(),
            slots: Vec::new(),
            last: 0,
            to_come: vec![(0, 0); wanted],
            drain: None,
            withdrawn: false,
            surplus_until: None,
            opened: 0,
            gone_tickets: Vec::new(),
            gone_tokens: Vec::new(),
        };
        model.advance(Millis::ZERO);
        model
    }

    pub fn advance(&mut self, now: Millis) {
        self.now = self.now.max(now.0);
        let due = |(index, slot): (usize, &Slot)| match &slot.holder {
            Holder::Lease { until, ticket, .. } if *until <= self.now => Some((*until, *ticket, index)),
            _ => None,
        };
        let mut lapsed: Vec<_> = self.slots.iter().enumerate().filter_map(due).collect();
        lapsed.sort_unstable();
        for (_, _, index) in lapsed {
            self.end_lease(index, Refusal::Expired);
        }
        for index in 0..self.slots.len() {
            match &self.slots[index].holder {
                Holder::Session { lost_until: Some(until), .. } if *until <= self.now => {
                    self.end_session(index, Refusal::Expired);
                }
                Holder::Session { .. } if self.drain.is_some_and(|until| until <= self.now) => {
                    self.end_session(index, Refusal::Draining);
                }
                _ => {}
            }
        }
        if self.surplus_until.is_some_and(|until| until <= self.now) {
            self.surplus_until = None;
            while self.staying() > self.wanted {
                self.end_one_more();
            }
        }
        self.to_come.sort_unstable();
        while self.to_come.first().is_some_and(|(due, _)| *due <= self.now) {
            let (_, failures) = self.to_come.remove(0);
            self.last += 1;
            let holder = Holder::Nobody { warm: false };
            self.slots.push(Slot { number: self.last, started: self.now, failures, holder });
        }
    }

    fn target(&self) -> usize {
        if self.withdrawn { 0 } else { self.wanted }
    }

    fn staying(&self) -> usize {
        self.slots.iter().filter(|slot| slot.holder != Holder::Drain).count()
    }

    /// Of a surplus whose deadline is there, the one that ends next: the one that has the least to lose.
    fn end_one_more(&mut self) {
        let rank = |slot: &Slot| match &slot.holder {
            Holder::Lease { until, .. } => Some((0, u64::MAX - until, u64::MAX - u64::from(slot.number))),
            Holder::Session { lost_until: Some(_), opened, .. } => Some((1, u64::MAX - opened, 0)),
            Holder::Session { lost_until: None, opened, .. } => Some((2, u64::MAX - opened, 0)),
            Holder::Nobody { .. } | Holder::Drain => None,
        };
        let next = (0..self.slots.len()).filter_map(|index| Some((rank(&self.slots[index])?, index))).min();
        match next {
            Some(((0, ..), index)) => self.end_lease(index, Refusal::Draining),
            Some((_, index)) => self.end_session(index, Refusal::Draining),
            None => panic!("a surplus is held by somebody"),
        }
    }

    /// As many idle slots end, and as many successors come, as it takes.
    fn fit(&mut self) {
        self.to_come.sort_unstable();
        self.to_come.truncate(self.target().saturating_sub(self.slots.len()));
        for warm in [false, true] {
            for index in (0..self.slots.len()).rev() {
                if self.slots[index].holder == (Holder::Nobody { warm }) && self.staying() > self.target() {
                    self.slots[index].holder = Holder::Drain;
                }
            }
        }
        if self.drain.is_none() {
            let missing = self.target().saturating_sub(self.slots.len() + self.to_come.len());
            self.to_come.extend(vec![(self.now, 0); missing]);
        }
        self.advance(Millis(self.now));
    }

    /// The number before and the surplus, or nothing when it is refused.
    pub fn resize(&mut self, slots: usize, within: Option<Millis>) -> Option<(usize, usize)> {
        if self.drain.is_some() {
            return None;
        }
        let from = std::mem::replace(&mut self.wanted, slots);
        self.surplus_until = within.map(|within| self.now + within.0);
        self.fit();
        Some((from, self.staying().saturating_sub(self.wanted)))
    }

    pub fn withdraw(&mut self, withdrawn: bool) {
        self.withdrawn = withdrawn;
        self.fit();
    }

    fn end_lease(&mut self, index: usize, refusal: Refusal) {
        let enough = self.staying() > self.target();
        let after = if enough { Holder::Drain } else { Holder::Nobody { warm: true } };
        let holder = std::mem::replace(&mut self.slots[index].holder, after);
        let Holder::Lease { ticket, .. } = holder else { panic!("a lease") };
        self.gone_tickets.push(Gone { secret: ticket, since: self.now, refusal });
    }

    fn end_session(&mut self, index: usize, refusal: Refusal) {
        let holder = std::mem::replace(&mut self.slots[index].holder, Holder::Drain);
        let Holder::Session { ticket, token, .. } = holder else { panic!("a session") };
        self.gone_tickets.push(Gone { secret: ticket, since: self.now, refusal: Refusal::Reused });
        self.gone_tokens.push(Gone { secret: token, since: self.now, refusal });
    }

    pub fn ready(&mut self, number: SlotId) {
        for slot in &mut self.slots {
            if slot.number == number.0 && slot.holder == (Holder::Nobody { warm: false }) {
                slot.holder = Holder::Nobody { warm: true };
            }
        }
    }

    pub fn died(&mut self, number: SlotId) {
        let Some(index) = self.slots.iter().position(|slot| slot.number == number.0) else { return };
        let failures = match self.slots[index].holder {
            Holder::Drain => 0,
            Holder::Nobody { warm: false } => self.slots[index].failures + 1,
            _ if self.now - self.slots[index].started < 1_000 => self.slots[index].failures + 1,
            _ => 1,
        };
        match self.slots[index].holder {
            Holder::Lease { .. } => self.end_lease(index, Refusal::Expired),
            Holder::Session { .. } => self.end_session(index, Refusal::Expired),
            _ => {}
        }
        self.slots.remove(index);
        if self.drain.is_none() {
            let delay = [0, 500, 1_000][failures.min(2) as usize];
            if self.slots.len() + self.to_come.len() < self.target() {
                self.to_come.push((self.now + delay, failures));
            }
            self.advance(Millis(self.now));
        }
    }

    fn used(&self, service: &str) -> u32 {
        let uses = |slot: &&Slot| match &slot.holder {
            Holder::Lease { ask, .. } | Holder::Session { ask, .. } => ask.service.as_str() == service,
            _ => false,
        };
        self.slots.iter().filter(uses).count() as u32
    }

    pub fn reserve(&mut self, wanted: &Reserve, number: u128) -> Reserved {
        for slot in &self.slots {
            let (same, ticket, left) = match &slot.holder {
                Holder::Lease { ask, ticket, until } => (ask.request == wanted.request, *ticket, until - self.now),
                Holder::Session { ask, ticket, .. } => (ask.request == wanted.request, *ticket, 0),
                _ => continue,
            };
            if same {
                return Reserved::Granted { ticket: Ticket(ticket), slot: SlotId(slot.number), hold: Millis(left) };
            }
        }
        let Some((name, cap)) = self.services.iter().find(|(name, _)| name == wanted.service.as_str()) else {
            return Reserved::NotOffered;
        };
        if self.drain.is_some() {
            return Reserved::Draining;
        }
        let leases = |wanted: &dyn Fn(&Reserve) -> bool| {
            self.slots.iter().filter(|slot| matches!(&slot.holder, Holder::Lease { ask, .. } if wanted(ask))).count()
        };
        if leases(&|ask| ask.viewer == wanted.viewer) >= self.limits.leases_per_viewer as usize {
            return Reserved::TooManyLeases { limit: self.limits.leases_per_viewer };
        }
        if leases(&|ask| ask.origin == wanted.origin) >= self.limits.leases_per_origin as usize {
            return Reserved::TooManyLeases { limit: self.limits.leases_per_origin };
        }
        let at_cap = cap.is_some_and(|cap| self.used(name) >= cap);
        let counts = self.counts();
        let free = self.slots.iter_mut().filter(|slot| slot.holder == (Holder::Nobody { warm: true }));
        match free.min_by_key(|slot| slot.number).filter(|_| !at_cap) {
            Some(slot) => {
                let until = self.now + self.limits.hold.0;
                slot.holder = Holder::Lease { ask: wanted.clone(), ticket: number, until };
                Reserved::Granted { ticket: Ticket(number), slot: SlotId(slot.number), hold: self.limits.hold }
            }
            None => Reserved::Full(counts),
        }
    }

    pub fn release(&mut self, request: RequestId) -> Released {
        let held = |slot: &Slot| matches!(&slot.holder, Holder::Lease { ask, .. } if ask.request == request);
        match self.slots.iter().position(held) {
            Some(index) => {
                self.end_lease(index, Refusal::Expired);
                Released::Freed
            }
            None => Released::NoLease,
        }
    }

    /// The slot and the attachment, or the refusal.
    pub fn redeem(
        &mut self,
        shown: Ticket,
        viewer: &ViewerKey,
        proved: bool,
        token: u128,
    ) -> Result<(SlotId, u32), Refusal> {
        for slot in &mut self.slots {
            match &slot.holder {
                Holder::Session { ticket, .. } if *ticket == shown.0 => return Err(Refusal::Reused),
                Holder::Lease { ask, ticket, .. } if *ticket == shown.0 => {
                    if !proved || ask.viewer != *viewer {
                        return Err(Refusal::WrongKey);
                    }
                    let (ask, ticket) = (ask.clone(), *ticket);
                    self.opened += 1;
                    let opened = self.opened;
                    slot.holder = Holder::Session { ask, ticket, token, lost_until: None, attachment: 1, opened };
                    return Ok((SlotId(slot.number), 1));
                }
                _ => {}
            }
        }
        Err(self.why_gone(&self.gone_tickets, shown.0))
    }

    pub fn resume(&mut self, shown: u128, viewer: &ViewerKey, proved: bool) -> Result<(SlotId, u32), Refusal> {
        for slot in &mut self.slots {
            if let Holder::Session { ask, token, lost_until, attachment, .. } = &mut slot.holder
                && *token == shown
            {
                if !proved || ask.viewer != *viewer {
                    return Err(Refusal::WrongKey);
                }
                *lost_until = None;
                *attachment += 1;
                return Ok((SlotId(slot.number), *attachment));
            }
        }
        Err(self.why_gone(&self.gone_tokens, shown))
    }

    fn why_gone(&self, gone: &[Gone], secret: u128) -> Refusal {
        let remembered = |entry: &&Gone| entry.secret == secret && self.now - entry.since < MEMORY;
        gone.iter().find(remembered).map_or(Refusal::Forged, |entry| entry.refusal)
    }

    /// The slot of the session that `token` belongs to, if `of` is its present connection.
    fn attached(&mut self, token: u128, of: u32) -> Option<usize> {
        self.slots.iter().position(|slot| {
            matches!(&slot.holder, Holder::Session { token: own, attachment, .. } if *own == token && *attachment == of)
        })
    }

    pub fn connection_lost(&mut self, token: u128, of: u32) {
        let until = self.now + self.limits.resume_window.0;
        if let Some(index) = self.attached(token, of)
            && let Holder::Session { lost_until, .. } = &mut self.slots[index].holder
        {
            lost_until.get_or_insert(until);
        }
    }

    pub fn goodbye(&mut self, token: u128, of: u32) -> Farewell {
        match self.attached(token, of) {
            Some(index) => {
                self.end_session(index, Refusal::Expired);
                Farewell::Ended
            }
            None => Farewell::NotYours,
        }
    }

    pub fn session_ended(&mut self, token: u128) {
        let own = |slot: &Slot| matches!(slot.holder, Holder::Session { token: own, .. } if own == token);
        if let Some(index) = self.slots.iter().position(own) {
            self.end_session(index, Refusal::Expired);
        }
    }

    pub fn drain(&mut self, within: Millis) {
        self.drain = Some(self.now + within.0);
        self.to_come.clear();
        for index in 0..self.slots.len() {
            if matches!(self.slots[index].holder, Holder::Lease { .. }) {
                self.end_lease(index, Refusal::Draining);
            }
            if matches!(self.slots[index].holder, Holder::Nobody { .. }) {
                self.slots[index].holder = Holder::Drain;
            }
        }
        self.advance(Millis(self.now));
    }

    pub fn cancel_drain(&mut self) {
        if self.drain.take().is_some() {
            self.fit();
        }
    }

    pub fn counts(&self) -> SlotCounts {
        let mut counts = SlotCounts::default();
        for slot in &self.slots {
            *match slot.holder {
                Holder::Nobody { warm: false } => &mut counts.warming,
                Holder::Nobody { warm: true } => &mut counts.free,
                Holder::Lease { .. } => &mut counts.reserved,
                Holder::Session { .. } => &mut counts.active,
                Holder::Drain => &mut counts.draining,
            } += 1;
        }
        counts
    }

    pub fn draining(&self) -> Vec<SlotId> {
        let drains = self.slots.iter().filter(|slot| slot.holder == Holder::Drain);
        drains.map(|slot| SlotId(slot.number)).collect()
    }

    pub fn is_held(&self, number: SlotId) -> bool {
        let held = |slot: &Slot| matches!(slot.holder, Holder::Lease { .. } | Holder::Session { .. });
        self.slots.iter().any(|slot| slot.number == number.0 && held(slot))
    }
}
