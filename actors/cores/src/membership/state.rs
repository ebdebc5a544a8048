//! The orchestrator's state, for inspection. Secrets are not in it.

use actors_protocol::{Incarnation, Millis, NodeName, Roles, ServiceName, ZoneName};
use serde::Serialize;

use super::MembershipCore;

/// What the orchestrator knows, as `fusion actors PATH` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct MembershipState {
    /// The directory's version.
    pub version: u64,
    /// The members.
    pub members: Vec<MemberState>,
    /// Who is denied, and why.
    pub denied: Vec<(NodeName, String)>,
    /// Tokens that nobody has used, by the name they admit, with the end of their time in seconds since 1970.
    pub tokens_unused: Vec<(NodeName, u64)>,
    /// Tokens that were used, and are remembered.
    pub tokens_used: usize,
    /// Zones, each with the number of its last report and the time since.
    pub zones: Vec<(ZoneName, Option<(u64, Millis)>)>,
    /// Service names the domain has ever had.
    pub services: Vec<ServiceName>,
}

/// One member.
#[derive(Clone, Debug, Serialize)]
pub struct MemberState {
    /// Its name.
    pub node: NodeName,
    /// What it runs.
    pub roles: Roles,
    /// Which life of it was heard last.
    pub incarnation: Incarnation,
    /// Heard of within the last few heartbeats.
    pub alive: bool,
    /// Since it was heard of.
    pub heard: Millis,
    /// When its certificate ends, in seconds since 1970.
    pub certified_until: u64,
}

impl MembershipCore {
    /// What it knows now.
    pub fn state(&self, now: Millis) -> MembershipState {
        let members = self.members.values().map(|member| MemberState {
            node: member.row.node.clone(),
            roles: member.row.roles,
            incarnation: member.row.incarnation,
            alive: member.row.alive,
            heard: now.since(member.heard),
            certified_until: member.row.certified_until,
        });
        let reported = |zone| self.reports.get(zone).map(|of| (of.report.seq, now.since(of.heard)));
        let unused = self.tokens.values().filter(|token| !token.used);
        MembershipState {
            version: self.version,
            members: members.collect(),
            denied: self.denied.values().map(|row| (row.node.clone(), row.reason.clone())).collect(),
            tokens_unused: unused.map(|token| (token.node.clone(), token.until)).collect(),
            tokens_used: self.tokens.values().filter(|token| token.used).count(),
            zones: self.zones.iter().map(|zone| (zone.clone(), reported(zone))).collect(),
            services: self.services.iter().cloned().collect(),
        }
    }
}
