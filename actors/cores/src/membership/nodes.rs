//! Heartbeats: who is alive, in which life, and where.
//!
//! Owns: the directory's truth about each node. Refuses: what an older life says (I6), and roles beyond the certificate's.

use actors_protocol::membership::{Heartbeat, HeartbeatReply};
use actors_protocol::{Millis, NodeName, Roles};

use super::{Change, Decision, MembershipCore, NODES_MAX, NodeRow};

/// A node is alive for this long after a heartbeat: three of them missed.
pub const ALIVE_FOR: Millis = Millis::from_secs(3);

impl MembershipCore {
    /// A member says that it is there. `certified`: the roles in its certificate. The reply is none for a node that is
    /// denied: its connection is to be closed.
    pub fn heartbeat(
        &mut self,
        now: Millis,
        node: &NodeName,
        certified: Roles,
        beat: &Heartbeat,
    ) -> Decision<Option<HeartbeatReply>> {
        if self.denied.contains_key(node) {
            return self.decide(|_| None);
        }
        let known = self.members.get(node).map(|member| member.row.clone());
        let room = known.is_some() || self.members.len() < NODES_MAX;
        let roles: Roles = beat.roles.iter().filter(|role| certified.has(*role)).collect();
        let row = known.clone().unwrap_or_else(|| NodeRow::new(node.clone(), roles, beat.zone.clone()));
        let late = beat.incarnation < row.incarnation
            // It has said that it stops: what it said before that comes late.
            || beat.incarnation == row.incarnation && row.left && !beat.leaving;
        if room && !late {
            let zone = row.zone.clone().or(beat.zone.clone());
            let heard = NodeRow {
                roles,
                zone: zone.clone(),
                advertise: Some(beat.advertise),
                incarnation: beat.incarnation,
                alive: !beat.leaving,
                left: beat.leaving,
                ..row
            };
            if known.as_ref() != Some(&heard) {
                self.change(now, Change::Node(heard));
                self.learn_place(now, node, roles, zone.as_ref());
            }
            if let Some(member) = self.members.get_mut(node) {
                member.heard = now;
            }
            if !beat.leaving {
                self.next_silence.get_or_insert(now + ALIVE_FOR);
            }
        }
        self.decide(|core| {
            let directory = (beat.known != core.version).then(|| core.directory());
            Some(HeartbeatReply { directory })
        })
    }

    /// When [`MembershipCore::on_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Millis> {
        self.next_silence
    }

    /// Time has passed: members that were not heard of are down.
    pub fn on_timeout(&mut self, now: Millis) -> Decision<()> {
        if self.next_silence.is_some_and(|at| at <= now) {
            let alive = self.members.values().filter(|member| member.row.alive);
            let silent = alive.filter(|member| member.heard + ALIVE_FOR <= now);
            let rows: Vec<_> = silent.map(|member| NodeRow { alive: false, ..member.row.clone() }).collect();
            for row in rows {
                self.change(now, Change::Node(row));
            }
            self.expect_silence(now);
        }
        self.decide(|_| ())
    }

    pub(super) fn expect_silence(&mut self, now: Millis) {
        let alive = self.members.values().filter(|member| member.row.alive);
        self.next_silence = alive.map(|member| (member.heard + ALIVE_FOR).max(now)).min();
    }
}
