//! Users of a domain: people and programs outside it, with bearer tokens and roles. Spoken by `users`.
//!
//! A user's role is not a node's role: nodes show certificates, users show tokens to the REST interface. What a user's role
//! may do stands in `actors_cores::users`.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{DomainName, ProviderName, actor_protocol};

actor_protocol! {
    /// What the keeper of users is asked. Path: `users`, beside the orchestrator.
    pub protocol Users("users") {
        0x0901 => AddUser -> UserAddition;
        0x0902 => ListUsers -> UserPage;
        0x0903 => RemoveUser -> UserRemoval;
        0x0904 => Authenticate -> Authentication;
        0x0905 => ShowUser -> UserShown;
    }
}

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserRole {
    /// Everything.
    Admin,
    /// Registers and deploys services under its own suffixes.
    Provider,
    /// Sees everything and deploys what is registered; changes no service and no user.
    Operator,
    /// Sees services, also private ones, and may open them.
    Viewer,
}

impl UserRole {
    /// Every role, in the order of the numbers on the wire.
    pub const ALL: [UserRole; 4] = [UserRole::Admin, UserRole::Provider, UserRole::Operator, UserRole::Viewer];

    /// The word used on the command line and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            UserRole::Admin => "admin",
            UserRole::Provider => "provider",
            UserRole::Operator => "operator",
            UserRole::Viewer => "viewer",
        }
    }
}

impl fmt::Display for UserRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no user's role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a user's role; the roles are admin, provider, operator, viewer")]
pub struct UnknownUserRole(String);

impl FromStr for UserRole {
    type Err = UnknownUserRole;
    fn from_str(text: &str) -> Result<UserRole, UnknownUserRole> {
        let found = UserRole::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| UnknownUserRole(text.chars().take(80).collect()))
    }
}

/// A user, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The name; a provider's stands in its manifests.
    pub name: ProviderName,
    /// What it may do.
    pub role: UserRole,
    /// The ends of the service names it may register; only a provider has any.
    pub suffixes: Vec<DomainName>,
}

/// Somebody with the right to asks for a new user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddUser {
    /// Who, as what.
    pub user: User,
}

/// The answer to [`AddUser`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserAddition {
    /// Stored.
    Added {
        /// The bearer token. It is shown this once: the domain keeps a hash of it.
        token: String,
    },
    /// There is a user of this name, or it is being added.
    Exists,
    /// A provider without suffix, a suffix that is somebody else's.
    Refused {
        /// In words, with the remedy.
        reason: String,
    },
    /// Too many tokens are being hashed; ask again.
    Busy,
}

/// Asks for users, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListUsers {
    /// Only names after this one.
    pub after: Option<ProviderName>,
    /// How many; cut to what a page holds.
    pub limit: u32,
}

/// The answer to [`ListUsers`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPage {
    /// Users, ascending by name.
    pub users: Vec<User>,
    /// There are more after the last one.
    pub more: bool,
}

/// Removes a user; its token works no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveUser {
    /// Who.
    pub name: ProviderName,
}

/// The answer to [`RemoveUser`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserRemoval {
    /// Gone, and stored.
    Removed,
    /// No such user.
    Unknown {
        /// Names that look like it.
        near: Vec<ProviderName>,
    },
}

/// Whose token is this?
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticate {
    /// As it was shown.
    pub token: String,
}

impl fmt::Debug for Authenticate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticate { .. }") // A token in a log is a token lost.
    }
}

/// The answer to [`Authenticate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authentication {
    /// This user's.
    Known(User),
    /// Nobody's: mistyped, removed, or of another domain.
    Unknown,
    /// Too many tokens are being verified; ask again.
    Busy,
}

/// Asks for one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowUser {
    /// Who.
    pub name: ProviderName,
}

/// The answer to [`ShowUser`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserShown {
    /// This one.
    User(User),
    /// No such user.
    Unknown {
        /// Names that look like it.
        near: Vec<ProviderName>,
    },
}
