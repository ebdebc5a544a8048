//! Tokens: an operator's permission for one node to join, once.
//!
//! Owns: what a token may say, and the reasons against it, in words. Refuses: the text that carries the secret to the node;
//! that holds addresses and certificates, which are the shell's.

use actors_protocol::membership::MintToken;
use actors_protocol::{Millis, NodeName, Role, Roles, ZoneName};

use super::{Change, Decision, MembershipCore, NODES_MAX, TokenRow, TokenSecret};

/// Tokens remembered: those that work, and those that were used or have expired, so that a late comer is told so.
pub const TOKENS_MAX: usize = 4_096;
/// A token works for a month at most: a forgotten one must not stay a way in.
pub const TOKEN_VALID_MAX: Millis = Millis::from_secs(30 * DAY);

pub(super) const DAY: u64 = 24 * 60 * 60;
/// What a node may be by a token. There is one orchestrator, which `init` makes; operators are people.
const NODE_ROLES: Roles = Roles::of(&[Role::Zone, Role::Host, Role::Resolver]);

/// A token has been made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minted {
    /// The secret, for the text that the operator hands on.
    pub secret: TokenSecret,
    /// The name that the node will have.
    pub node: NodeName,
    /// Until when it works, in seconds since 1970.
    pub until: u64,
}

impl MembershipCore {
    /// Makes a token with the random number `secret`, at `wall` seconds since 1970. It takes the place of an earlier one for
    /// the same name that nobody has used. Refused: why, with the remedy.
    pub fn mint(&mut self, now: Millis, wall: u64, secret: u128, mint: &MintToken) -> Decision<Result<Minted, String>> {
        if let Err(reason) = self.may_mint(wall, mint) {
            return self.decide(|_| Err(reason));
        }
        let secret = TokenSecret(secret);
        if self.tokens.contains_key(&secret) {
            return self.decide(|_| Err("the random number was given before; ask again".to_owned()));
        }
        let unused = |token: &&TokenRow| token.node == mint.node && !token.used;
        if let Some(earlier) = self.tokens.values().find(unused).map(|token| token.secret) {
            self.change(now, Change::TokenGone(earlier));
        }
        if self.tokens.len() >= TOKENS_MAX {
            // The one that has been of no use for the longest.
            let useless = self.tokens.values().filter(|token| token.used || token.until <= wall);
            match useless.min_by_key(|token| token.until).map(|token| token.secret) {
                Some(oldest) => self.change(now, Change::TokenGone(oldest)),
                None => return self.decide(|_| Err(format!("{TOKENS_MAX} tokens are waiting to be used already"))),
            }
        }
        let until = wall.saturating_add(mint.valid_for.0.div_ceil(1_000));
        let (node, roles, zone) = (mint.node.clone(), mint.roles, mint.zone.clone());
        self.change(now, Change::Token(TokenRow { secret, node, roles, zone, until, used: false }));
        let node = mint.node.clone();
        self.decide(|_| Ok(Minted { secret, node, until }))
    }

    fn may_mint(&self, wall: u64, mint: &MintToken) -> Result<(), String> {
        let MintToken { node, roles, zone, valid_for } = mint;
        if *roles == Roles::NONE {
            return Err(format!("a node needs a role: {NODE_ROLES}"));
        }
        if let Some(role) = roles.iter().find(|role| !NODE_ROLES.has(*role)) {
            return Err(format!("no node joins as {role}; it can be {NODE_ROLES}"));
        }
        if zone.is_none() && roles.meets(Roles::of(&[Role::Zone, Role::Host])) {
            return Err(format!("the roles zone and host need a zone; say which one {node} belongs to"));
        }
        if *valid_for == Millis::ZERO || *valid_for > TOKEN_VALID_MAX {
            return Err("a token is valid for at least a millisecond and at most 30 days".to_owned());
        }
        self.name_is_free(wall, node)?;
        if let Some(zone) = zone.as_ref().filter(|_| roles.has(Role::Zone)) {
            self.zone_is_free(wall, node, zone)?;
        }
        if self.members.len() >= NODES_MAX {
            return Err(format!("the domain has {NODES_MAX} nodes, and no more are permitted"));
        }
        Ok(())
    }

    fn name_is_free(&self, wall: u64, node: &NodeName) -> Result<(), String> {
        if *node == self.own {
            return Err(format!("{node} is the orchestrator's own name; choose another"));
        }
        if let Some(denied) = self.denied.get(node) {
            return Err(format!("{node} is on the deny list ({}); choose another name", denied.reason));
        }
        match self.members.get(node).map(|member| &member.row) {
            Some(row) if row.certified_until > wall => {
                let left = days(row.certified_until - wall);
                Err(format!(
                    "the name {node} is in use: its certificate is good for another {left}; choose another name"
                ))
            }
            Some(row) if row.alive => {
                Err(format!("the name {node} is in use by a node that is up; choose another name"))
            }
            _ => Ok(()),
        }
    }

    /// A zone has one manager: two would both report it, and both place its instances.
    fn zone_is_free(&self, wall: u64, node: &NodeName, zone: &ZoneName) -> Result<(), String> {
        let manager = self.members.values().map(|member| &member.row).find(|row| {
            row.node != *node
                && row.roles.has(Role::Zone)
                && row.zone.as_ref() == Some(zone)
                && (row.certified_until > wall || row.alive)
        });
        match manager {
            Some(row) => {
                Err(format!("{zone} has a manager already, {}; deny that node first, or name another zone", row.node))
            }
            None => Ok(()),
        }
    }
}

fn days(seconds: u64) -> String {
    match seconds.div_ceil(DAY) {
        1 => "day".to_owned(),
        days => format!("{days} days"),
    }
}
