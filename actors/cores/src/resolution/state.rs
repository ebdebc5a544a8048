//! The resolver's state, for inspection.

use actors_protocol::resolver::Opening;
use actors_protocol::{Incarnation, Millis, NodeName, ServiceName, SiteName, ZoneName};
use serde::Serialize;

use super::ResolutionCore;

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Requests to open, repeats included.
    pub opens: u64,
    /// Requests that were known already.
    pub repeats: u64,
    /// Questions to gateways.
    pub asks: u64,
    /// Questions to gateways that were not answered, or whose instances did not answer.
    pub silences: u64,
    /// Answers by their kind, from here on.
    pub granted: u64,
    /// See [`Opening::Full`].
    pub full: u64,
    /// See [`Opening::Unknown`].
    pub unknown: u64,
    /// See [`Opening::Unreachable`].
    pub unreachable: u64,
    /// See [`Opening::TooManyLeases`].
    pub too_many_leases: u64,
    /// See [`Opening::QueueFull`].
    pub queue_full: u64,
    /// Requests whose askers went away.
    pub cancelled: u64,
    /// Slots that were granted to nobody and given back.
    pub released: u64,
    /// Reports taken in.
    pub reports: u64,
    /// Reports that were older than what was there.
    pub reports_ignored: u64,
}

impl Tally {
    pub(super) fn count(&mut self, opening: &Opening) {
        *match opening {
            Opening::Granted(_) => &mut self.granted,
            Opening::Full { .. } => &mut self.full,
            Opening::Unreachable { .. } => &mut self.unreachable,
            Opening::TooManyLeases { .. } => &mut self.too_many_leases,
            Opening::QueueFull { .. } => &mut self.queue_full,
            // An unknown site is answered before anything is counted.
            Opening::Unknown { .. } | Opening::UnknownSite { .. } => &mut self.unknown,
        } += 1;
    }
}

/// What a resolver knows, as `fusion actors PATH` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct ResolutionState {
    /// The site of viewers that name none.
    pub default_site: SiteName,
    /// The zones that are heard of.
    pub zones: Vec<ZoneState>,
    /// Services that a zone has or should have.
    pub services: Vec<ServiceName>,
    /// Requests under way, those in the queues included.
    pub requests: usize,
    /// The queues.
    pub queues: Vec<QueueState>,
    /// Answers remembered.
    pub remembered: usize,
    /// Counts since the start.
    pub tally: Tally,
}

/// One zone.
#[derive(Clone, Debug, Serialize)]
pub struct ZoneState {
    /// Its name.
    pub zone: ZoneName,
    /// The node of its gateway.
    pub gateway: NodeName,
    /// Which life of the gateway.
    pub incarnation: Incarnation,
    /// The number of its last report.
    pub seq: u64,
    /// Since that report.
    pub age: Millis,
    /// It is silent for longer than its report holds.
    pub stale: bool,
    /// Pools in the report.
    pub pools: usize,
}

/// One queue.
#[derive(Clone, Debug, Serialize)]
pub struct QueueState {
    /// What is waited for.
    pub service: ServiceName,
    /// How many wait.
    pub waiting: u32,
    /// How many of them are being tried now.
    pub trying: u32,
}

impl ResolutionCore {
    /// What it knows now.
    pub fn state(&self, now: Millis) -> ResolutionState {
        let zones = self.book.zones.iter().map(|(zone, of)| ZoneState {
            zone: zone.clone(),
            gateway: of.gateway.clone(),
            incarnation: of.report.incarnation,
            seq: of.report.seq,
            age: now.since(of.heard),
            stale: of.is_stale(now),
            pools: of.report.pools.len(),
        });
        let queues = self.queues.iter().map(|(service, queue)| QueueState {
            service: service.clone(),
            waiting: queue.len(),
            trying: queue.trying(),
        });
        ResolutionState {
            default_site: self.topology.default_site().clone(),
            zones: zones.collect(),
            services: self.book.names().cloned().collect(),
            requests: self.requests.len(),
            queues: queues.collect(),
            remembered: self.memory.len(),
            tally: self.tally,
        }
    }
}
