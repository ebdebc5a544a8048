//! Names: lower-case DNS labels, checked when they are made, so that no other code has to.
//!
//! A label is 1 to 63 of `a-z 0-9 -`, not beginning or ending with `-` (RFC 1035 §2.3.1, digits first as RFC 1123 §2.1
//! permits). A service name is two or more labels, at most 253 characters. Every other name is one label.

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest label in bytes (RFC 1035 §2.3.4).
pub const LABEL_BYTES_MAX: usize = 63;
/// Longest name in bytes, written with dots and without the root (RFC 1035 §2.3.4).
pub const NAME_BYTES_MAX: usize = 253;

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{given}' is not a {kind}: {why}")]
pub struct NameError {
    kind: &'static str,
    given: String,
    why: &'static str,
}

fn check_label(label: &str) -> Result<(), &'static str> {
    match label.as_bytes() {
        [] => Err("a label is empty"),
        bytes if bytes.len() > LABEL_BYTES_MAX => Err("a label is longer than 63 characters"),
        [b'-', ..] | [.., b'-'] => Err("a label begins or ends with '-'"),
        bytes if !bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-') => {
            Err("only a-z, 0-9 and '-' are permitted")
        }
        _ => Ok(()),
    }
}

fn check_dotted(name: &str, labels_min: usize) -> Result<(), &'static str> {
    if name.len() > NAME_BYTES_MAX {
        return Err("it is longer than 253 characters");
    }
    name.split('.').try_for_each(check_label)?;
    if name.split('.').count() < labels_min { Err("it needs a suffix, as in 'guide.example'") } else { Ok(()) }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// Checks `text` and makes it a name.
            pub fn new(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                match check(text) {
                    Ok(()) => Ok(Self(text.into())),
                    Err(why) => Err(NameError { kind: $kind, given: text.chars().take(80).collect(), why }),
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(&text)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
    };
}

name!(
    /// What a viewer opens: `clip.demo`. At least two labels; the suffix belongs to a provider.
    ServiceName, "service name", |name| check_dotted(name, 2)
);
name!(
    /// One Fusion domain: `demo`, `lab.example`.
    DomainName, "domain name", |name| check_dotted(name, 1)
);
name!(
    /// One node process (or one node inside `fusion dev`).
    NodeName, "node name", check_label
);
name!(
    /// One zone of a domain.
    ZoneName, "zone name", check_label
);
name!(
    /// A place where viewers are; the topology says how far it is from each zone.
    SiteName, "site name", check_label
);
name!(
    /// Who provides services: the name of a user.
    ProviderName, "provider name", check_label
);
name!(
    /// One running instance of a service, unique in its zone.
    InstanceName, "instance name", check_label
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!(ServiceName::new("clip.demo").is_ok());
        assert!(ZoneName::new("zone-a").is_ok());
        for (bad, word) in [
            ("clip", "suffix"),
            ("clip..demo", "empty"),
            ("Clip.demo", "only a-z"),
            ("-clip.demo", "begins"),
            ("clip.demo-", "begins or ends"),
            ("<b>.demo", "only a-z"),
        ] {
            let error = ServiceName::new(bad).expect_err("bad name").to_string();
            assert!(error.contains(word) && error.contains(bad), "{error}");
        }
        assert!(NodeName::new("a.b").is_err(), "a dot is not part of a label");
        assert!(ServiceName::new(&format!("{}.demo", "a".repeat(64))).is_err());
    }

    #[test]
    fn a_bad_name_does_not_deserialise() {
        assert!(serde_json::from_str::<ServiceName>("\"no suffix\"").is_err());
    }
}
