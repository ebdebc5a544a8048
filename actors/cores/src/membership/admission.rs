//! Joining and renewing: who is given a certificate, for which name and roles.
//!
//! Owns: the order of the reasons against it. Refuses: the signature of the certificate, and the check of the proof, which
//! needs the connection; it is told the outcome.

use actors_protocol::membership::Admission;
use actors_protocol::{DomainName, Millis, NodeName, Roles, ZoneName};

use super::mint::DAY;
use super::{Change, Decision, MembershipCore, NodeRow, TokenRow, TokenSecret};

/// A node's certificate is good for 30 days.
pub const CERTIFICATE_SECONDS: u64 = 30 * DAY;

/// Whether to issue a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Issue it, and answer with [`Issue::admitted`].
    Issue(Issue),
    /// Answer with this.
    Refused(Admission),
}

/// What to put into a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The domain.
    pub domain: DomainName,
    /// The node.
    pub node: NodeName,
    /// What it may be.
    pub roles: Roles,
    /// Its zone, if it has one.
    pub zone: Option<ZoneName>,
}

impl Issue {
    /// The answer that carries the certificate, PEM.
    pub fn admitted(self, certificate: String) -> Admission {
        let Issue { domain, node, roles, zone } = self;
        Admission::Admitted { domain, node, roles, zone, certificate }
    }
}

impl MembershipCore {
    /// A node asks to be admitted with a token. `proven`: its signature fits the key and the connection.
    pub fn join(&mut self, now: Millis, wall: u64, secret: u128, proven: bool) -> Decision<Entry> {
        match self.may_join(wall, TokenSecret(secret), proven) {
            Err(refusal) => self.decide(|_| Entry::Refused(refusal)),
            Ok(token) => {
                let TokenRow { node, roles, zone, .. } = token.clone();
                self.change(now, Change::Token(TokenRow { used: true, ..token }));
                // Whoever had the name before is forgotten.
                let row = NodeRow::new(node, roles, zone);
                self.admit(now, wall, roles, row)
            }
        }
    }

    fn may_join(&self, wall: u64, secret: TokenSecret, proven: bool) -> Result<TokenRow, Admission> {
        let token = self.tokens.get(&secret).ok_or(Admission::UnknownToken)?;
        // Before all that would tell a thief of the token something about it.
        if !proven {
            return Err(Admission::BadProof);
        }
        if let Some(denied) = self.denied.get(&token.node) {
            return Err(Admission::Denied { reason: denied.reason.clone() });
        }
        if token.used {
            return Err(Admission::UsedToken { node: token.node.clone() });
        }
        if token.until <= wall {
            return Err(Admission::ExpiredToken);
        }
        // The name was free when the token was made; since then somebody may have been heard of under it.
        if self.members.get(&token.node).is_some_and(|member| member.row.certified_until > wall || member.row.alive) {
            return Err(Admission::UsedToken { node: token.node.clone() });
        }
        Ok(token.clone())
    }

    /// A member asks for a fresh certificate. Its name and roles stay: `certified` are those of the present one.
    pub fn renew(
        &mut self,
        now: Millis,
        wall: u64,
        node: &NodeName,
        certified: Roles,
        proven: bool,
    ) -> Decision<Entry> {
        if let Some(denied) = self.denied.get(node) {
            let reason = denied.reason.clone();
            return self.decide(|_| Entry::Refused(Admission::Denied { reason }));
        }
        if !proven {
            return self.decide(|_| Entry::Refused(Admission::BadProof));
        }
        let row = self.members.get(node).map(|member| member.row.clone());
        self.admit(now, wall, certified, row.unwrap_or_else(|| NodeRow::new(node.clone(), certified, None)))
    }

    /// A node whose certificate the owner of the authority issues by itself, without a token: the orchestrator's own, and
    /// those of a domain in one process. Asking again is no mistake.
    pub fn enrol(
        &mut self,
        now: Millis,
        wall: u64,
        node: NodeName,
        roles: Roles,
        zone: Option<ZoneName>,
    ) -> Decision<Entry> {
        if let Some(denied) = self.denied.get(&node) {
            let reason = denied.reason.clone();
            return self.decide(|_| Entry::Refused(Admission::Denied { reason }));
        }
        let row = match self.members.get(&node) {
            Some(member) => NodeRow { zone, ..member.row.clone() },
            None => NodeRow::new(node, roles, zone),
        };
        self.admit(now, wall, roles, row)
    }

    /// `roles`: what the certificate says. What the node was heard to run may be less.
    fn admit(&mut self, now: Millis, wall: u64, roles: Roles, row: NodeRow) -> Decision<Entry> {
        let NodeRow { node, zone, .. } = row.clone();
        let certified_until = wall.saturating_add(CERTIFICATE_SECONDS);
        self.change(now, Change::Node(NodeRow { certified_until, ..row }));
        self.learn_place(now, &node, roles, zone.as_ref());
        self.decide(|core| Entry::Issue(Issue { domain: core.domain.clone(), node, roles, zone }))
    }
}
