//! A request goes from zone to zone.
//!
//! Owns: which zone is next, and what all answers together come to. Refuses: to end before every zone was asked.

use actors_protocol::gateway::{Grant, Release, Reservation};
use actors_protocol::resolver::Opening;
use actors_protocol::slot::SlotCounts;
use actors_protocol::{Fault, Millis, NodeName, RequestId, ServiceName, ZoneName};

use super::queue::Alarm;
use super::request::{Pass, Pending, Phase};
use super::{Effect, RESERVE_WITHIN, ResolutionCore, rank};
use crate::flaw::flawed;

/// The shell's own deadline comes first; this one is for an answer that is never given.
const ANSWER_MAX: Millis = Millis(RESERVE_WITHIN.0 + 250);

impl ResolutionCore {
    /// Asks the next zone; if there is none, waits on or refuses.
    pub(super) fn advance(&mut self, now: Millis, request: RequestId) {
        let Some(pending) = self.requests.get(&request) else { return };
        let mut next = self.next_zone(now, pending);
        let over = now >= pending.deadline;
        if next.is_none() && over && pending.pass.free_only {
            // Its time is over: the zones that are believed to be full are asked too, before it is refused.
            let Some(pending) = self.requests.get_mut(&request) else { return };
            pending.pass.free_only = false;
            next = self.requests.get(&request).and_then(|pending| self.next_zone(now, pending));
        }
        match next {
            Some((zone, gateway)) => self.ask(now, request, zone, gateway),
            None if over => {
                let opening = self.refusal(now, request);
                self.answer(now, request, opening);
            }
            None => {
                self.park(now, request);
            }
        }
    }

    /// The best zone that has not been asked in this pass.
    fn next_zone(&self, now: Millis, pending: &Pending) -> Option<(ZoneName, NodeName)> {
        let service = self.book.service(&pending.reserve.service)?;
        let latencies = self.topology.find(pending.site.as_ref()).map(|(_, latencies)| latencies)?;
        let asked = &pending.pass.asked;
        if flawed!(self.flaw, RefusesTooEarly) && !asked.is_empty() {
            return None;
        }
        let candidates = service.places.iter().filter(|(zone, place)| place.serves() && !asked.contains(zone));
        let (key, name, zone) = candidates
            .map(|(name, place)| {
                let zone = &self.book.zones[name];
                (rank::key(zone.is_stale(now), latencies.get(name).copied(), place.free(zone)), name, zone)
            })
            .filter(|((_, full, ..), ..)| !(*full && pending.pass.free_only))
            .min_by_key(|(key, ..)| *key)?;
        if flawed!(self.flaw, RefusesTooEarly) && key.1 {
            return None;
        }
        Some((name.clone(), zone.gateway.clone()))
    }

    fn ask(&mut self, now: Millis, request: RequestId, zone: ZoneName, gateway: NodeName) {
        let Some(pending) = self.requests.get_mut(&request) else { return };
        self.next_attempt += 1;
        self.tally.asks += 1;
        let attempt = self.next_attempt;
        pending.pass.asked.push(zone.clone());
        pending.phase = Phase::Asking { zone: zone.clone(), attempt };
        self.alarms.clear(pending.alarm_at, Alarm::Request(request));
        pending.alarm_at = now + ANSWER_MAX;
        self.alarms.set(pending.alarm_at, Alarm::Request(request));
        self.effects.push_back(Effect::Reserve { attempt, zone, gateway, reserve: pending.reserve.clone() });
    }

    /// A gateway has answered [`Effect::Reserve`] number `attempt`, or the machinery says why not.
    pub fn reserved(&mut self, now: Millis, request: RequestId, attempt: u64, outcome: Result<Reservation, Fault>) {
        let zone = match self.requests.get(&request).map(|pending| &pending.phase) {
            Some(Phase::Asking { zone, attempt: current }) if *current == attempt => zone.clone(),
            _ => return self.too_late(request, outcome),
        };
        let Some(pending) = self.requests.get_mut(&request) else { return };
        let gone = pending.askers == 0;
        match outcome {
            Ok(Reservation::Granted(grant)) => {
                self.book.taken(&pending.reserve.service, &zone);
                if gone {
                    self.finish(request);
                    return self.give_back(request, &grant);
                }
                return self.answer(now, request, Opening::Granted(grant));
            }
            Ok(Reservation::TooManyLeases { limit }) => {
                return self.answer(now, request, Opening::TooManyLeases { limit });
            }
            Ok(Reservation::Full(counts)) => {
                pending.pass.full = Some(pending.pass.full.unwrap_or_default() + counts);
            }
            Ok(Reservation::Unknown) => {}
            Ok(Reservation::Unreachable(_)) | Err(_) => {
                self.tally.silences += 1;
                pending.pass.silent.push(zone.clone());
            }
        }
        self.book.said_full(&pending.reserve.service, &zone);
        if gone {
            self.finish(request);
        } else {
            let service = pending.reserve.service.clone();
            self.advance(now, request);
            // If it waits now: a report that came while it asked may show a slot that nobody else in the queue wants.
            self.try_queued(now, &service);
        }
    }

    /// An answer that is no longer waited for. A slot in it is given back, unless the request holds that very slot, or may
    /// be about to: the zone that is being asked again gives a repeat the same one.
    fn too_late(&mut self, request: RequestId, outcome: Result<Reservation, Fault>) {
        let Ok(Reservation::Granted(grant)) = outcome else { return };
        let asks_there = self
            .requests
            .get(&request)
            .is_some_and(|pending| matches!(&pending.phase, Phase::Asking { zone, .. } if *zone == grant.zone));
        let holds_it = self
            .memory
            .get(request)
            .is_some_and(|known| matches!(&known.opening, Opening::Granted(held) if held.ticket == grant.ticket));
        if !asks_there && !holds_it {
            self.give_back(request, &grant);
        }
    }

    fn give_back(&mut self, request: RequestId, grant: &Grant) {
        if let Some(zone) = self.book.zones.get(&grant.zone) {
            self.tally.released += 1;
            let release = Release { request, instance: grant.instance.clone() };
            self.effects.push_back(Effect::Release { gateway: zone.gateway.clone(), release });
        }
    }

    pub(super) fn answer(&mut self, now: Millis, request: RequestId, opening: Opening) {
        let Some(pending) = self.finish(request) else { return };
        self.tally.count(&opening);
        if pending.askers > 0 {
            // "The queue is full" says nothing of the slots; a repeat may find room.
            if !matches!(opening, Opening::QueueFull { .. }) {
                self.memory.put(now, pending.reserve, opening.clone());
            }
            self.effects.push_back(Effect::Answer { request, opening });
        }
    }

    /// Every zone was asked, and there is no time left.
    fn refusal(&self, now: Millis, request: RequestId) -> Opening {
        let Some(pending) = self.requests.get(&request) else { return Opening::Unknown { near: Vec::new() } };
        let waited = pending.number.map_or(Millis::ZERO, |_| now.since(pending.queued_at));
        let service = &pending.reserve.service;
        let full = |counts| Opening::Full { counts, waited, note: self.book.note(service) };
        if let Some(counts) = pending.pass.full {
            return full(counts);
        }
        if !pending.pass.silent.is_empty() {
            return Opening::Unreachable { zones: pending.pass.silent.clone() };
        }
        let Some(known) = self.book.service(service) else { return Opening::Unknown { near: self.near(service) } };
        if flawed!(self.flaw, RefusesTooEarly) && pending.pass.asked.is_empty() {
            let pools = known.places.iter().flat_map(|(zone, place)| place.pools(&self.book.zones[zone]));
            return full(pools.fold(SlotCounts::default(), |sum, (_, pool, _)| sum + pool.counts));
        }
        // Zones that should have it and have not. Those that were asked and know nothing of it have lost it just now.
        let missing: Vec<_> =
            known.places.iter().filter(|(_, place)| !place.serves()).map(|(zone, _)| zone.clone()).collect();
        if missing.is_empty() {
            Opening::Unknown { near: self.near(service) }
        } else {
            Opening::Unreachable { zones: missing }
        }
    }

    /// Lets as many of the queue try as free slots are believed to be there.
    pub(super) fn try_queued(&mut self, now: Millis, service: &ServiceName) {
        let Some(queue) = self.queues.get(service) else { return };
        let free = self.book.free(service);
        // Each at most once: whoever finds no zone to ask is back in the queue at once.
        for _ in 0..queue.idle() {
            let Some(queue) = self.queues.get_mut(service).filter(|queue| queue.trying() < free) else { return };
            if let Some(request) = queue.try_oldest() {
                self.begin_pass(now, request, true);
            }
        }
    }

    fn begin_pass(&mut self, now: Millis, request: RequestId, free_only: bool) {
        if let Some(pending) = self.requests.get_mut(&request) {
            self.alarms.clear(pending.alarm_at, Alarm::Request(request));
            pending.pass = Pass::new(free_only);
            self.advance(now, request);
        }
    }

    /// The alarm of a request: the zone that was asked is silent, or the time in the queue is over.
    pub(super) fn time_is_over(&mut self, now: Millis, request: RequestId) {
        let Some(pending) = self.requests.get(&request) else { return };
        match &pending.phase {
            Phase::Asking { attempt, .. } => self.reserved(now, request, *attempt, Err(Fault::Deadline)),
            Phase::Idle => {
                if let Some(number) = pending.number
                    && let Some(queue) = self.queues.get_mut(&pending.reserve.service)
                {
                    queue.try_now(number);
                }
                self.begin_pass(now, request, false);
            }
        }
    }

    /// The first in the queue asks every zone, whatever was reported.
    pub(super) fn probe(&mut self, now: Millis, service: ServiceName) {
        let Some(queue) = self.queues.get_mut(&service) else { return };
        queue.probe_at = now + super::PROBE;
        let first = if queue.trying() == 0 { queue.try_oldest() } else { None };
        self.alarms.set(now + super::PROBE, Alarm::Probe(service));
        if let Some(request) = first {
            self.begin_pass(now, request, false);
        }
    }
}
