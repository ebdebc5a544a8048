//! What the zones reported last, for people: instances with their ages, failures with their causes, service names.
//!
//! Owns: one report per zone, and the names of services that were ever reported. Refuses: a report of a zone by a node that
//! is not its manager.

use actors_protocol::gateway::{Noted, ZoneReport};
use actors_protocol::membership::{InstanceList, ListInstances, ZonePool};
use actors_protocol::{Millis, NodeName, Role};

use super::{Change, Decision, MembershipCore, Reported, ZONES_MAX};
use crate::gateway::order;

/// Service names kept.
pub const SERVICES_MAX: usize = 2_048;
/// Pools in one list; with the two others it keeps the list below a frame.
pub const POOLS_LISTED_MAX: usize = 1_024;
/// Failures in one list.
pub const FAILURES_LISTED_MAX: usize = 128;

impl MembershipCore {
    /// The gateway on node `from` reports its zone.
    pub fn zone_report(&mut self, now: Millis, from: &NodeName, report: ZoneReport) -> Decision<Noted> {
        let seq = report.seq;
        let row = self.members.get(from).map(|member| &member.row);
        if !row.is_some_and(|row| row.roles.has(Role::Zone) && row.zone.as_ref() == Some(&report.zone)) {
            return self.decide(|_| Noted { seq: 0 }); // Not taken in. Its heartbeat may be on the way.
        }
        let taken = match self.reports.get(&report.zone) {
            Some(held) => {
                let silent = now.since(held.heard) > held.report.stale_after;
                let place = |report: &ZoneReport| (report.incarnation, report.seq);
                order::takes_over((from, place(&report)), (&held.from, place(&held.report)), silent)
            }
            None => self.reports.len() < ZONES_MAX,
        };
        if taken {
            for entry in report.pools.iter().flat_map(|(_, pool)| &pool.services) {
                if !self.services.contains(&entry.service) && self.services.len() < SERVICES_MAX {
                    self.change(now, Change::Service(entry.service.clone()));
                }
            }
            let zone = report.zone.clone();
            self.reports.insert(zone, Reported { from: from.clone(), report, heard: now });
        }
        self.decide(|_| Noted { seq })
    }

    /// The instances of a service, or all, as the zones reported them last.
    pub fn list_instances(&self, now: Millis, list: &ListInstances) -> InstanceList {
        let wanted = |service| list.service.as_ref().is_none_or(|wanted| wanted == service);
        let (mut pools, mut failures) = (Vec::new(), Vec::new());
        for (zone, Reported { report, heard, .. }) in &self.reports {
            let here = report.pools.iter().filter(|(_, pool)| pool.services.iter().any(|entry| wanted(&entry.service)));
            pools.extend(here.map(|(host, pool)| {
                let mut pool = pool.clone();
                pool.age = pool.age + now.since(*heard);
                ZonePool { zone: zone.clone(), host: host.clone(), pool }
            }));
            let here = report.failures.iter().filter(|failure| wanted(&failure.service));
            failures.extend(here.map(|failure| (zone.clone(), failure.clone())));
        }
        pools.truncate(POOLS_LISTED_MAX);
        failures.truncate(FAILURES_LISTED_MAX);
        InstanceList { pools, failures, services: self.services.iter().cloned().collect() }
    }
}
