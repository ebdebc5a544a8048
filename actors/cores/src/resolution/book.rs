//! What the zones reported last, indexed by service.
//!
//! Owns: one report per zone, where in it each service is, and what was learnt by asking since. Refuses: adding up slots
//! over time: a new report replaces what was believed before it.

use std::collections::{BTreeMap, BTreeSet};

use actors_protocol::gateway::ZoneReport;
use actors_protocol::slot::PoolReport;
use actors_protocol::{Millis, NodeName, ServiceName, ZoneName};

use crate::factory::NOTE_MAX;
use crate::flaw::{Flaw, flawed};
use crate::gateway::order;

/// Zones at most; a report of one more is ignored.
pub const ZONES_MAX: usize = 256;
/// A zone that has said nothing for this long is no candidate any more.
pub const SILENCE_MAX: Millis = Millis::from_secs(30);
/// For this long after its start a resolver does not claim that a service is unknown, nor for this long after the last
/// zone that had it stopped to report it: a gateway that restarts needs as long to learn of its pools again.
pub const LEARNING: Millis = crate::gateway::LEARNING;

/// A zone and its last report.
pub(super) struct Zone {
    pub gateway: NodeName,
    pub report: ZoneReport,
    pub heard: Millis,
}

/// A service in a zone.
#[derive(Default)]
pub(super) struct Place {
    /// Where in the zone's report: which pool, and which of its services. Empty when the zone should have it and has not.
    pools: Vec<(u32, u32)>,
    /// The report that the two below go with; a later one makes them void.
    marked: order::Place,
    taken: u32,
    said_full: bool,
}

#[derive(Default)]
pub(super) struct Service {
    pub places: BTreeMap<ZoneName, Place>,
    gone_since: Option<Millis>,
}

pub(super) struct Book {
    pub started: Millis,
    pub zones: BTreeMap<ZoneName, Zone>,
    services: BTreeMap<ServiceName, Service>,
    /// Services without a place, by when they are forgotten.
    gone: BTreeSet<(Millis, ServiceName)>,
}

impl Zone {
    pub fn place(&self) -> order::Place {
        (self.report.incarnation, self.report.seq)
    }

    /// Not heard of for longer than its report holds. What the sender claims is kept within reason.
    pub fn is_stale(&self, now: Millis) -> bool {
        now.since(self.heard) > self.report.stale_after.clamp(Millis(100), Millis(10_000))
    }
}

impl Place {
    /// The service's pools here: the host, the report, and the slots the service could be given.
    pub fn pools<'a>(&'a self, zone: &'a Zone) -> impl Iterator<Item = (&'a NodeName, &'a PoolReport, u32)> {
        self.pools.iter().map(|(pool, service)| {
            let (host, pool) = &zone.report.pools[*pool as usize];
            let entry = &pool.services[*service as usize];
            let left = entry.cap.map_or(u32::MAX, |cap| cap.saturating_sub(entry.used));
            (host, pool, pool.counts.free.min(left))
        })
    }

    /// There is a pool to be asked.
    pub fn serves(&self) -> bool {
        !self.pools.is_empty()
    }

    /// Free slots by the last report, less what was taken since; none if the zone said since that it has none.
    pub fn free(&self, zone: &Zone) -> u32 {
        let reported = || self.pools(zone).map(|(_, _, free)| free).fold(0, u32::saturating_add);
        match self.marked == zone.place() {
            true if self.said_full => 0,
            true => reported().saturating_sub(self.taken),
            false => reported(),
        }
    }

    fn mark(&mut self, zone: &Zone) -> &mut Place {
        if self.marked != zone.place() {
            *self = Place { pools: core::mem::take(&mut self.pools), marked: zone.place(), taken: 0, said_full: false };
        }
        self
    }
}

impl Book {
    pub fn new(started: Millis) -> Book {
        Book { started, zones: BTreeMap::new(), services: BTreeMap::new(), gone: BTreeSet::new() }
    }

    /// Takes a report in; false if a later one was there before.
    pub fn report(&mut self, now: Millis, gateway: NodeName, report: ZoneReport, flaw: Flaw) -> bool {
        let name = report.zone.clone();
        let no_room = self.zones.len() >= ZONES_MAX;
        match self.zones.get_mut(&name) {
            Some(zone) => {
                let new = (&gateway, (report.incarnation, report.seq));
                if !order::takes_over(new, (&zone.gateway, zone.place()), zone.is_stale(now)) {
                    return false;
                }
                zone.heard = now;
                if flawed!(flaw, DeafToReports) {
                    return false;
                }
                zone.gateway = gateway;
                let before = core::mem::replace(&mut zone.report, report);
                if !same_shape(&before, &zone.report) {
                    self.unindex(now, &before);
                    self.index(&name);
                }
            }
            None if no_room => return false,
            None => {
                self.zones.insert(name.clone(), Zone { gateway, report, heard: now });
                self.index(&name);
            }
        }
        true
    }

    /// Drops the zones that have been silent for too long, and services that have had no place for long enough.
    pub fn age(&mut self, now: Millis) {
        let silent = |zone: &Zone| zone.heard + SILENCE_MAX <= now;
        while let Some(name) = self.zones.iter().find(|(_, zone)| silent(zone)).map(|(name, _)| name.clone()) {
            if let Some(zone) = self.zones.remove(&name) {
                self.unindex(now, &zone.report);
            }
        }
        while let Some((until, _)) = self.gone.first()
            && *until <= now
            && let Some((_, service)) = self.gone.pop_first()
        {
            self.services.remove(&service);
        }
    }

    pub fn poll_timeout(&self) -> Option<Millis> {
        let zones = self.zones.values().map(|zone| zone.heard + SILENCE_MAX);
        zones.chain(self.gone.first().map(|(until, _)| *until)).min()
    }

    /// The service, if a zone has it or should have it.
    pub fn service(&self, service: &ServiceName) -> Option<&Service> {
        self.services.get(service).filter(|service| !service.places.is_empty())
    }

    /// Why a pool of the service offers fewer slots than it could: what the first that says so says. It is remembered with the
    /// refusal, so it is cut: a reporter might send more than a factory would.
    pub fn note(&self, service: &ServiceName) -> Option<String> {
        let places = self.service(service)?.places.iter();
        let mut pools = places.flat_map(|(zone, place)| place.pools(&self.zones[zone]));
        pools.find_map(|(_, pool, _)| Some(pool.note.as_ref()?.chars().take(NOTE_MAX).collect()))
    }

    /// Every service that a zone has or should have.
    pub fn names(&self) -> impl Iterator<Item = &ServiceName> {
        self.services.iter().filter(|(_, service)| !service.places.is_empty()).map(|(name, _)| name)
    }

    /// Until when a report may still make an unknown service known.
    pub fn learning_until(&self, service: &ServiceName) -> Millis {
        let gone_since = self.services.get(service).and_then(|service| service.gone_since);
        self.started.max(gone_since.unwrap_or_default()) + LEARNING
    }

    /// Slots that queued viewers of the service may try for.
    pub fn free(&self, service: &ServiceName) -> u32 {
        let places = self.service(service).into_iter().flat_map(|service| &service.places);
        places.map(|(zone, place)| place.free(&self.zones[zone])).fold(0, u32::saturating_add)
    }

    /// A zone has granted a slot.
    pub fn taken(&mut self, service: &ServiceName, zone: &ZoneName) {
        if let Some(place) = self.marked(service, zone) {
            place.taken = place.taken.saturating_add(1);
        }
    }

    /// A zone has said that it has no slot, or did not answer: nothing is to be expected of it until it reports again.
    pub fn said_full(&mut self, service: &ServiceName, zone: &ZoneName) {
        if let Some(place) = self.marked(service, zone) {
            place.said_full = true;
        }
    }

    fn marked(&mut self, service: &ServiceName, zone: &ZoneName) -> Option<&mut Place> {
        let place = self.services.get_mut(service)?.places.get_mut(zone)?;
        Some(place.mark(self.zones.get(zone)?))
    }

    fn index(&mut self, name: &ZoneName) {
        let report = &self.zones[name].report;
        for (service, at) in services(report) {
            let entry = match self.services.get_mut(service) {
                Some(entry) => entry,
                None => self.services.entry(service.clone()).or_default(),
            };
            if let Some(since) = entry.gone_since.take() {
                self.gone.remove(&(since + LEARNING, service.clone()));
            }
            let place = entry.places.entry(name.clone()).or_default();
            place.pools.extend(at);
        }
    }

    fn unindex(&mut self, now: Millis, report: &ZoneReport) {
        for (service, _) in services(report) {
            let Some(entry) = self.services.get_mut(service) else { continue };
            if entry.places.remove(&report.zone).is_some() && entry.places.is_empty() {
                entry.gone_since = Some(now);
                self.gone.insert((now + LEARNING, service.clone()));
            }
        }
    }
}

/// Each service of a report, with where it is; services that should run and do not are nowhere.
fn services(report: &ZoneReport) -> impl Iterator<Item = (&ServiceName, Option<(u32, u32)>)> {
    let pools = (0u32..).zip(&report.pools).flat_map(|(pool, (_, report))| {
        (0u32..).zip(&report.services).map(move |(service, entry)| (&entry.service, Some((pool, service))))
    });
    pools.chain(report.failures.iter().map(|failure| (&failure.service, None)))
}

/// Are the same services at the same places in both?
fn same_shape(a: &ZoneReport, b: &ZoneReport) -> bool {
    a.pools.len() == b.pools.len() && services(a).eq(services(b))
}
