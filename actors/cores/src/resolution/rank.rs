//! Which candidate comes first, and why the others do not.
//!
//! Owns: the one order, for opening, looking up and explaining; and its words. What is heard of comes before what is silent,
//! what has a free slot before what is full, what the topology knows before what it does not, near before far, much before
//! little; at last the alphabet, so that the answer is the same every time.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use actors_protocol::resolver::{Candidate, Explain, Explanation, LOOKUP_CANDIDATES_MAX, Lookup, LookupReply};
use actors_protocol::slot::{PoolReport, SlotCounts};
use actors_protocol::{Millis, ServiceName, ZoneName};

use super::ResolutionCore;
use super::book::{Book, Zone};
use crate::near::near;

/// The order of candidates; the smaller, the better.
type Key = (bool, bool, bool, u64, Reverse<u32>);

pub(super) fn key(stale: bool, latency_us: Option<u64>, free: u32) -> Key {
    (stale, free == 0, latency_us.is_none(), latency_us.unwrap_or_default(), Reverse(free))
}

struct Ranked<'a> {
    key: Key,
    zone: &'a ZoneName,
    of: &'a Zone,
    pool: &'a PoolReport,
    latency_us: Option<u64>,
    free: u32,
}

fn ranked<'a>(
    book: &'a Book,
    now: Millis,
    service: &ServiceName,
    latencies: Option<&BTreeMap<ZoneName, u64>>,
) -> Vec<Ranked<'a>> {
    let mut candidates = Vec::new();
    for (name, place) in book.service(service).into_iter().flat_map(|service| &service.places) {
        let of = &book.zones[name];
        let latency_us = latencies.and_then(|latencies| latencies.get(name)).copied();
        let stale = of.is_stale(now);
        candidates.extend(place.pools(of).map(|(_, pool, free)| {
            let key = key(stale, latency_us, free);
            Ranked { key, zone: name, of, pool, latency_us, free }
        }));
    }
    candidates.sort_by(|a, b| (a.key, a.zone, &a.pool.instance).cmp(&(b.key, b.zone, &b.pool.instance)));
    candidates
}

impl Ranked<'_> {
    fn candidate(&self, now: Millis, rank: usize, best: &Ranked<'_>) -> Candidate {
        Candidate {
            zone: self.zone.clone(),
            instance: self.pool.instance.clone(),
            latency_us: self.latency_us,
            free: self.free,
            counts: self.pool.counts,
            age: self.pool.age + now.since(self.of.heard),
            rank: rank as u32,
            why: self.why(now, rank, best),
        }
    }

    fn why(&self, now: Millis, rank: usize, best: &Ranked<'_>) -> String {
        let (stale, full, ..) = self.key;
        if stale {
            return format!("report is {} old", seconds(now.since(self.of.heard)));
        }
        if full && self.pool.counts.free > 0 {
            return format!("the service is at its cap in this pool, which has {} free", self.pool.counts.free);
        }
        if full {
            let note = self.pool.note.as_ref().map_or_else(String::new, |note| format!("; it offers none now: {note}"));
            return format!("full: {}{note}", in_words(self.pool.counts));
        }
        let Some(latency_us) = self.latency_us else { return "not in the topology".to_owned() };
        if rank == 1 {
            return "nearest with a free slot".to_owned();
        }
        // With a free slot and in the topology, it stands behind one that has both too.
        match latency_us.saturating_sub(best.latency_us.unwrap_or_default()) {
            0 if self.free < best.free => {
                format!("as near as {}, with fewer free slots: {} against {}", best.place(self), self.free, best.free)
            }
            0 => format!("as good as {}, which comes first by name", best.place(self)),
            farther_us => format!("{} farther than {}", milliseconds(farther_us), best.zone),
        }
    }

    /// What tells it apart from `other`: its zone, or in one zone its instance.
    fn place(&self, other: &Ranked<'_>) -> &str {
        if self.zone == other.zone { self.pool.instance.as_str() } else { self.zone.as_str() }
    }
}

/// "4 active, 0 draining", with the states in between named when there are any.
pub(super) fn in_words(counts: SlotCounts) -> String {
    let mut words = format!("{} active, {} draining", counts.active, counts.draining);
    for (count, word) in [(counts.reserved, "reserved"), (counts.warming, "warming")] {
        if count > 0 {
            words += &format!(", {count} {word}");
        }
    }
    words
}

fn seconds(time: Millis) -> String {
    if time.0 < 1_000 { format!("{} ms", time.0) } else { format!("{} s", time.0 / 1_000) }
}

fn milliseconds(time_us: u64) -> String {
    match (time_us / 1_000, time_us % 1_000) {
        (ms, 0) => format!("{ms} ms"),
        (0, us) => format!("{us} µs"),
        (ms, us) => format!("{ms}.{} ms", us / 100),
    }
}

impl ResolutionCore {
    /// Which instances could serve the viewer, best first. Reserves nothing.
    pub fn lookup(&self, now: Millis, lookup: &Lookup) -> LookupReply {
        let latencies = self.topology.find(lookup.site.as_ref()).map(|(_, latencies)| latencies);
        let ranked = ranked(&self.book, now, &lookup.service, latencies);
        let Some(best) = ranked.first() else { return LookupReply::Unknown { near: self.near(&lookup.service) } };
        let first = ranked.iter().zip(1..).take(LOOKUP_CANDIDATES_MAX);
        LookupReply::Found(first.map(|(candidate, rank)| candidate.candidate(now, rank, best)).collect())
    }

    /// What a viewer would get, and why.
    pub fn explain(&self, now: Millis, explain: &Explain) -> Explanation {
        let site = self.topology.find(explain.site.as_ref());
        let ranked = ranked(&self.book, now, &explain.service, site.map(|(_, latencies)| latencies));
        let candidates: Vec<_> = match ranked.first() {
            Some(best) => ranked.iter().zip(1..).map(|(c, rank)| c.candidate(now, rank, best)).collect(),
            None => Vec::new(),
        };
        let queued = self.queues.get(&explain.service).map_or(0, super::queue::Queue::len);
        let asked = explain.site.as_ref().unwrap_or(self.topology.default_site());
        let verdict = match site {
            Some(_) => self.verdict(now, &explain.service, &candidates, queued),
            None => {
                let sites: Vec<_> = self.topology.sites().map(|site| site.as_str()).collect();
                format!("refused: site {asked} is not in the topology; the sites are {}", sites.join(", "))
            }
        };
        let known = self.book.service(&explain.service).is_some();
        let near = if known { Vec::new() } else { self.near(&explain.service) };
        Explanation { site: asked.clone(), candidates, verdict, near, queued }
    }

    fn verdict(&self, now: Millis, service: &ServiceName, candidates: &[Candidate], queued: u32) -> String {
        let failures = self.book.zones.iter().flat_map(|(zone, of)| {
            of.report.failures.iter().filter(|failure| failure.service == *service).map(move |failure| (zone, failure))
        });
        let mut verdict = match candidates.first() {
            None if self.book.service(service).is_some() => "refused: no instance runs".to_owned(),
            None if now < self.book.learning_until(service) => {
                "waits: the zones may not have reported yet; after that, unknown service".to_owned()
            }
            None => "refused: unknown service".to_owned(),
            Some(best) if best.free > 0 => {
                format!("opens in {} ({}): {}", best.zone, best.instance, best.why)
            }
            Some(_) => {
                let sum = candidates.iter().fold(SlotCounts::default(), |sum, candidate| sum + candidate.counts);
                format!("no free slot: {}; each zone is asked before a viewer is refused or waits", in_words(sum))
            }
        };
        if queued > 0 {
            verdict += &format!("; {queued} in the queue");
        }
        for (zone, failure) in failures {
            verdict += &format!("; {} in {zone} does not run: {}", failure.instance, failure.cause);
        }
        verdict
    }

    pub(super) fn near(&self, service: &ServiceName) -> Vec<ServiceName> {
        near(service.as_str(), self.book.names()).into_iter().cloned().collect()
    }
}
