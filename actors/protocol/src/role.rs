//! Roles: what a caller is, according to its certificate.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a caller may be. A connection without a client certificate is [`Role::Viewer`] and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Role {
    /// Knows the domain: nodes, tokens, zones, services.
    Orchestrator = 0,
    /// Manages one zone and is its gateway.
    Zone = 1,
    /// Runs instances.
    Host = 2,
    /// Finds the best slot for a viewer.
    Resolver = 3,
    /// A person, or a program on a person's behalf, with the operator's certificate.
    Operator = 4,
    /// Anybody: a connection without a certificate.
    Viewer = 5,
}

impl Role {
    /// Every role, in the order of the numbers on the wire.
    pub const ALL: [Role; 6] =
        [Role::Orchestrator, Role::Zone, Role::Host, Role::Resolver, Role::Operator, Role::Viewer];

    /// The word used in configuration files, certificates and messages to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Orchestrator => "orchestrator",
            Role::Zone => "zone",
            Role::Host => "host",
            Role::Resolver => "resolver",
            Role::Operator => "operator",
            Role::Viewer => "viewer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a role; the roles are orchestrator, zone, host, resolver, operator, viewer")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Role, UnknownRole> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| UnknownRole(text.into()))
    }
}

/// A set of roles.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Role>", into = "Vec<Role>")]
pub struct Roles(u8);

impl Roles {
    /// Nobody.
    pub const NONE: Roles = Roles(0);

    /// The set of `roles`.
    pub const fn of(roles: &[Role]) -> Roles {
        let mut bits = 0;
        let mut index = 0;
        while index < roles.len() {
            bits |= 1 << roles[index] as u8;
            index += 1;
        }
        Roles(bits)
    }

    /// Is `role` in the set?
    pub const fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    /// Have the two sets a role in common?
    pub const fn meets(self, other: Roles) -> bool {
        self.0 & other.0 != 0
    }

    /// The members, in the order of [`Role::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }
}

impl From<Vec<Role>> for Roles {
    fn from(roles: Vec<Role>) -> Roles {
        Roles::of(&roles)
    }
}

impl From<Roles> for Vec<Role> {
    fn from(roles: Roles) -> Vec<Role> {
        roles.iter().collect()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Roles {
        roles.into_iter().fold(Roles::NONE, |set, role| Roles(set.0 | 1 << role as u8))
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Role::as_str).collect();
        f.pad(&words.join(","))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}
