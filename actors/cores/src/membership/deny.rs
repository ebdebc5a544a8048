//! The deny list: nodes that are refused for as long as their certificates could be shown.
//!
//! Owns: who is on it. Refuses: the orchestrator itself, which could not be told.

use actors_protocol::Millis;
use actors_protocol::membership::{Denial, Deny};

use super::{Change, DENIED_MAX, Decision, DeniedRow, MembershipCore};
use crate::near::near;

/// A reason is cut to this many bytes.
const REASON_BYTES_MAX: usize = 400;

impl MembershipCore {
    /// An operator puts a node on the list. A node that has a token and has not joined yet can be denied as well.
    pub fn deny(&mut self, now: Millis, deny: &Deny) -> Decision<Denial> {
        let node = &deny.node;
        if *node == self.own {
            return self.decide(|_| Denial::Own);
        }
        if self.denied.contains_key(node) {
            return self.decide(|_| Denial::Denied);
        }
        let member = self.members.get(node).map(|member| member.row.certified_until);
        if member.is_none() && !self.tokens.values().any(|token| token.node == *node) {
            let near = near(node.as_str(), self.members.keys()).into_iter().cloned().collect();
            return self.decide(|_| Denial::UnknownNode { near });
        }
        if self.denied.len() >= DENIED_MAX
            && let Some(first) = self.denied.values().min_by_key(|row| row.certified_until).map(|row| row.node.clone())
        {
            self.change(now, Change::DeniedGone(first));
        }
        let mut reason = deny.reason.clone();
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        let certified_until = member.unwrap_or_default();
        self.change(now, Change::Denied(DeniedRow { node: node.clone(), reason, certified_until }));
        if member.is_some() {
            self.change(now, Change::NodeGone(node.clone()));
        }
        if self.hosts.contains_key(node) {
            self.change(now, Change::HostGone(node.clone()));
        }
        self.reports.retain(|_, reported| reported.from != *node);
        self.decide(|_| Denial::Denied)
    }
}
