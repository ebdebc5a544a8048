//! Where an actor is: `fusion://domain/node/path#incarnation`, and how a viewer finds an instance.

use core::fmt;
use core::net::SocketAddr;
use core::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{DomainName, Incarnation, InstanceName, NodeName};

/// Longest path in bytes. A path is written into every call, so it is kept short.
pub const PATH_BYTES_MAX: usize = 200;

/// An actor's place inside its node: labels joined by `/`, as in `instance/clip-a/slot-3`. Shared, not copied, when cloned:
/// calls carry it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ActorPath(Arc<str>);

/// A text that is no path or no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{given}' is not an actor's {kind}: {why}")]
pub struct AddressError {
    kind: &'static str,
    given: String,
    why: String,
}

impl ActorPath {
    /// Checks `text`: non-empty parts of `a-z A-Z 0-9 - _ .` joined by `/`, at most 200 bytes.
    pub fn new(text: &str) -> Result<ActorPath, AddressError> {
        let error =
            |why: &str| Err(AddressError { kind: "path", given: text.chars().take(80).collect(), why: why.to_owned() });
        if text.len() > PATH_BYTES_MAX {
            return error("it is longer than 200 bytes");
        }
        for part in text.split('/') {
            if part.is_empty() {
                return error("a part is empty");
            }
            if !part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
                return error("a part has a character other than letters, digits, '-', '_' and '.'");
            }
        }
        Ok(ActorPath(text.into()))
    }

    /// Where the factory of an instance lives on its host: `instance/NAME`.
    pub fn of_instance(instance: &InstanceName) -> ActorPath {
        ActorPath::new(&format!("instance/{instance}")).expect("a name is a part of a path")
    }

    /// `self/part`. Fails as [`ActorPath::new`] does.
    pub fn child(&self, part: impl fmt::Display) -> Result<ActorPath, AddressError> {
        ActorPath::new(&format!("{self}/{part}"))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is this path `other` or below it?
    pub fn within(&self, other: &str) -> bool {
        match self.0.strip_prefix(other) {
            Some(rest) => other.is_empty() || rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }
}

impl TryFrom<String> for ActorPath {
    type Error = AddressError;
    fn try_from(text: String) -> Result<ActorPath, AddressError> {
        ActorPath::new(&text)
    }
}

impl From<ActorPath> for String {
    fn from(path: ActorPath) -> String {
        path.0.as_ref().to_owned()
    }
}

impl FromStr for ActorPath {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<ActorPath, AddressError> {
        ActorPath::new(text)
    }
}

impl core::borrow::Borrow<str> for ActorPath {
    /// Hashes and compares as its text, so that a map keyed by path is searched without making one.
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ActorPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ActorPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// The full address of an actor in a domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// The domain.
    pub domain: DomainName,
    /// The node.
    pub node: NodeName,
    /// The place inside the node.
    pub path: ActorPath,
    /// Which life of it; [`Incarnation::ANY`] for whichever lives.
    pub incarnation: Incarnation,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fusion://{}/{}/{}", self.domain, self.node, self.path)?;
        if self.incarnation == Incarnation::ANY { Ok(()) } else { write!(f, "#{}", self.incarnation.0) }
    }
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Address, AddressError> {
        let error = |why: String| AddressError { kind: "address", given: text.chars().take(80).collect(), why };
        let rest = text.strip_prefix("fusion://").ok_or_else(|| error("it does not begin with fusion://".into()))?;
        let (rest, incarnation) = match rest.split_once('#') {
            Some((rest, number)) => {
                let number = number.parse().map_err(|_| error("what follows '#' is not a number".into()))?;
                (rest, Incarnation(number))
            }
            None => (rest, Incarnation::ANY),
        };
        let mut parts = rest.splitn(3, '/');
        let mut next = |what: &str| parts.next().ok_or_else(|| error(format!("the {what} is missing")));
        let (domain, node, path) = (next("domain")?, next("node")?, next("path")?);
        Ok(Address {
            domain: domain.parse().map_err(|e: crate::NameError| error(e.to_string()))?,
            node: node.parse().map_err(|e: crate::NameError| error(e.to_string()))?,
            path: ActorPath::new(path)?,
            incarnation,
        })
    }
}

/// How a viewer reaches the instance that holds its slot. Schemes other than `fusion` come with services that know nothing
/// of Fusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Locator {
    /// An instance on a node of a domain.
    Fusion {
        /// The UDP address to dial.
        endpoint: SocketAddr,
        /// The DNS name in the node's certificate, `node.role.domain`.
        server_name: String,
        /// The factory.
        factory: Address,
    },
    /// Something else, by its URL (`tcp://`, `rfb://`, `http://`).
    Url(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_written() {
        for text in ["fusion://demo/host-a/instance/clip-a/slot-3#17", "fusion://lab.example/n1/resolver"] {
            let address: Address = text.parse().expect("valid");
            assert_eq!(address.to_string(), text);
        }
        for bad in
            ["http://demo/n/p", "fusion://demo/n", "fusion://demo/n/a//b", "fusion://demo/n/p#x", "fusion://d/N/p"]
        {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    #[test]
    fn within_respects_parts() {
        let path = ActorPath::new("instance/clip-a/slot-3").expect("valid");
        assert!(path.within("") && path.within("instance/clip-a") && path.within("instance/clip-a/slot-3"));
        assert!(!path.within("instance/clip") && !path.within("instance/clip-a/slot-30"));
    }
}
