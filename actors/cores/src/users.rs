//! Users: who they are, which token is whose, what each role may do, and whose services are whose.
//!
//! ```text
//!   AddUser ──► add ──► Hash ──(a thread elsewhere)──► hashed ──► stored, then the token is shown once
//!   token ──► authenticate ──► Known | Unknown            at once: seen before, or no such token
//!                          └─► Verify ──(elsewhere)──► verified ──► Known | Unknown
//! ```
//!
//! A hash that is slow on purpose must not be computed where everybody waits, nor as often as somebody likes to ask. So the
//! core only says what is to be computed, at most [`WORK_MAX`] at once; beyond that the answer is "busy". A token that was
//! verified once is remembered by a *mark*, a fast hash under a key that only this process has: what callers do all day
//! costs microseconds, and what fills the slow road is only what was never right.
//!
//! Owns: users, the bound on slow work, the table of calls ([`calls`]), the rule of ownership. Refuses: hashing ([`Hasher`]
//! is a port), randomness, storing.

use std::collections::{BTreeMap, BTreeSet};

use actors_protocol::ProviderName;
use actors_protocol::manifest::{Manifest, Visibility};
use actors_protocol::user::{
    Authentication, ListUsers, User, UserAddition, UserPage, UserRemoval, UserRole, UserShown,
};
use serde::{Deserialize, Serialize};

use crate::manifest::{Owner, Problems, belongs};
use crate::near::near;

pub mod calls;
#[cfg(test)]
mod tests;
mod token;

pub use calls::{Call, callers, permits};
pub use token::{Token, TokenError, TokenId};

/// Users of a domain.
pub const USERS_MAX: usize = 4_096;
/// Suffixes of one provider.
pub const SUFFIXES_MAX: usize = 16;
/// Users in one page.
pub const PAGE_MAX: u32 = 200;
/// Slow hashes under way at once. Each takes some ten milliseconds of a processor and 19 MiB.
pub const WORK_MAX: usize = 4;

/// A fast hash of a token's secret under a key that only this process has.
pub type Mark = [u8; 32];

/// The slow hash of secrets, computed where it stops nobody.
pub trait Hasher: Send + Sync {
    /// A hash to be stored, with its salt and parameters in it. `salt` is random, and used once.
    fn hash(&self, secret: u128, salt: u128) -> String;

    /// Is this the hash of this secret? False too for a hash that cannot be read.
    fn verify(&self, secret: u128, hash: &str) -> bool;
}

/// A user as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// Who.
    pub user: User,
    /// Finds the row of a token; no secret.
    pub token: TokenId,
    /// What [`Hasher::hash`] made of the token's secret.
    pub hash: String,
}

/// What must be stored before the reply is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new user.
    Added(UserRow),
    /// It is gone.
    Removed(ProviderName),
}

/// The answer to an addition, so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adding {
    /// No; this is the reply.
    Answer(UserAddition),
    /// Its name is held for it: the secret is to be hashed, then [`UsersCore::hashed`] called.
    Hash,
}

/// The answer to a token, so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proving {
    /// Known at once.
    Answer(Authentication),
    /// The secret is to be verified against this hash, then [`UsersCore::verified`] called.
    Verify(String),
}

/// See the module.
#[derive(Default)]
pub struct UsersCore {
    rows: BTreeMap<ProviderName, UserRow>,
    tokens: BTreeMap<TokenId, ProviderName>,
    /// Marks of tokens that were verified, at most one for each.
    marks: BTreeMap<TokenId, Mark>,
    adding: BTreeSet<ProviderName>,
    working: usize,
}

impl UsersCore {
    /// With what was stored.
    pub fn restore(rows: impl IntoIterator<Item = UserRow>) -> UsersCore {
        let mut core = UsersCore::default();
        rows.into_iter().for_each(|row| core.take_in(row));
        core
    }

    fn take_in(&mut self, row: UserRow) {
        self.tokens.insert(row.token, row.user.name.clone());
        self.rows.insert(row.user.name.clone(), row);
    }

    /// May this user be added? If so its name is held until [`UsersCore::hashed`].
    pub fn add(&mut self, user: &User) -> Adding {
        if self.rows.contains_key(&user.name) || self.adding.contains(&user.name) {
            return Adding::Answer(UserAddition::Exists);
        }
        if let Err(reason) = self.may_add(user) {
            return Adding::Answer(UserAddition::Refused { reason });
        }
        if self.working >= WORK_MAX {
            return Adding::Answer(UserAddition::Busy);
        }
        self.working += 1;
        self.adding.insert(user.name.clone());
        Adding::Hash
    }

    fn may_add(&self, user: &User) -> Result<(), String> {
        let User { name, role, suffixes } = user;
        match (role, suffixes.len()) {
            (UserRole::Provider, 0) => {
                return Err(format!("a provider needs a suffix for its services' names, as in {name}.example"));
            }
            (UserRole::Provider, 1..=SUFFIXES_MAX) | (_, 0) => {}
            (UserRole::Provider, count) => {
                return Err(format!("{name} has {count} suffixes; {SUFFIXES_MAX} are the most"));
            }
            _ => return Err(format!("only a provider has suffixes, and {name} is to be {role}; leave them out")),
        }
        for (index, suffix) in suffixes.iter().enumerate() {
            if suffixes[..index].contains(suffix) {
                return Err(format!("the suffix {suffix} stands twice; name it once"));
            }
            let overlaps = |other: &str| under(suffix.as_str(), other) || under(other, suffix.as_str());
            let owner = self.rows.values().find(|row| row.user.suffixes.iter().any(|its| overlaps(its.as_str())));
            if let Some(row) = owner {
                return Err(format!("names under {suffix} are {}'s; choose another suffix", row.user.name));
            }
        }
        if self.rows.len() + self.adding.len() >= USERS_MAX {
            return Err(format!("the domain has {USERS_MAX} users, and no more are permitted; remove one"));
        }
        Ok(())
    }

    /// The hash for a user that [`UsersCore::add`] held the name of. With none, nothing came of it and the name is free. It
    /// is judged once more: somebody else may have got the suffix meanwhile.
    pub fn hashed(&mut self, user: User, token: TokenId, hash: Option<String>) -> Result<Change, UserAddition> {
        self.working = self.working.saturating_sub(1);
        self.adding.remove(&user.name);
        let Some(hash) = hash else { return Err(UserAddition::Busy) };
        if let Err(reason) = self.may_add(&user) {
            return Err(UserAddition::Refused { reason });
        }
        let row = UserRow { user, token, hash };
        self.take_in(row.clone());
        Ok(Change::Added(row))
    }

    /// Removes a user; a token of it that is being verified is nobody's by then.
    pub fn remove(&mut self, name: &ProviderName) -> (Option<Change>, UserRemoval) {
        match self.rows.remove(name) {
            Some(row) => {
                self.tokens.remove(&row.token);
                self.marks.remove(&row.token);
                (Some(Change::Removed(row.user.name)), UserRemoval::Removed)
            }
            None => (None, UserRemoval::Unknown { near: near(name.as_str(), self.rows.keys().cloned()) }),
        }
    }

    /// A page of users.
    pub fn list(&self, list: &ListUsers) -> UserPage {
        let from = match &list.after {
            Some(after) => (core::ops::Bound::Excluded(after), core::ops::Bound::Unbounded),
            None => (core::ops::Bound::Unbounded, core::ops::Bound::Unbounded),
        };
        let mut rows = self.rows.range::<ProviderName, _>(from);
        let count = list.limit.clamp(1, PAGE_MAX) as usize;
        let users = rows.by_ref().take(count).map(|(_, row)| row.user.clone()).collect();
        UserPage { users, more: rows.next().is_some() }
    }

    /// One user.
    pub fn show(&self, name: &ProviderName) -> UserShown {
        match self.rows.get(name) {
            Some(row) => UserShown::User(row.user.clone()),
            None => UserShown::Unknown { near: near(name.as_str(), self.rows.keys().cloned()) },
        }
    }

    /// Whose token is this? `mark` is of its secret.
    pub fn authenticate(&mut self, token: TokenId, mark: &Mark) -> Proving {
        let Some(row) = self.tokens.get(&token).and_then(|name| self.rows.get(name)) else {
            return Proving::Answer(Authentication::Unknown);
        };
        // The mark is a keyed hash: that the comparison ends early tells nothing about the secret.
        if self.marks.get(&token) == Some(mark) {
            return Proving::Answer(Authentication::Known(row.user.clone()));
        }
        if self.working >= WORK_MAX {
            return Proving::Answer(Authentication::Busy);
        }
        self.working += 1;
        Proving::Verify(row.hash.clone())
    }

    /// What came of a verification; none: nothing did.
    pub fn verified(&mut self, token: TokenId, mark: Mark, right: Option<bool>) -> Authentication {
        self.working = self.working.saturating_sub(1);
        let row = self.tokens.get(&token).and_then(|name| self.rows.get(name));
        match (right, row) {
            (None, _) => Authentication::Busy,
            (Some(true), Some(row)) => {
                self.marks.insert(token, mark);
                Authentication::Known(row.user.clone())
            }
            _ => Authentication::Unknown,
        }
    }

    /// How many there are, and how much slow work is under way: for inspection.
    pub fn counts(&self) -> (usize, usize) {
        (self.rows.len(), self.working)
    }
}

/// May this user see a service of `provider`? What is private is for its provider and for whoever has a viewer's token;
/// other providers see what is public.
pub fn sees(user: &User, provider: &ProviderName, visibility: Visibility) -> bool {
    user.role != UserRole::Provider || visibility == Visibility::Public || *provider == user.name
}

/// May this user change a service of `provider`: register it again or remove it?
pub fn owns(user: &User, provider: &ProviderName) -> bool {
    match user.role {
        UserRole::Admin => true,
        UserRole::Provider => *provider == user.name,
        UserRole::Operator | UserRole::Viewer => false,
    }
}

/// May this user deploy a service of `provider`, and take its deployments down?
pub fn deploys(user: &User, provider: &ProviderName) -> bool {
    owns(user, provider) || user.role == UserRole::Operator
}

/// May this user register this manifest? A provider only its own, under its suffixes.
pub fn may_register(user: &User, manifest: &Manifest) -> Result<(), Problems> {
    match user.role {
        UserRole::Admin => Ok(()),
        _ => belongs(manifest, &Owner { name: user.name.clone(), suffixes: user.suffixes.clone() }),
    }
}

/// Is `name` the suffix itself or below it?
fn under(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|beginning| beginning.is_empty() || beginning.ends_with('.'))
}
