//! Whose names a manifest may use.
//!
//! Owns: the rule that every name ends in what its provider owns. Refuses: knowing the users.

use actors_protocol::manifest::Manifest;
use actors_protocol::{DomainName, ProviderName, ServiceName};

use super::Problems;
use super::place::{Findings, Place};

/// A provider, and the suffixes that are theirs: whoever owns `example` may call a service `guide.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Who.
    pub name: ProviderName,
    /// The ends of their names.
    pub suffixes: Vec<DomainName>,
}

impl Owner {
    /// Is this name under one of the owner's suffixes?
    pub fn owns(&self, name: &ServiceName) -> bool {
        let under = |suffix: &DomainName| {
            name.as_str().strip_suffix(suffix.as_str()).is_some_and(|beginning| beginning.ends_with('.'))
        };
        self.suffixes.iter().any(under)
    }
}

/// May this owner register this manifest? The names it is opened by must be theirs; an evaluator and components may be
/// somebody else's.
pub fn belongs(manifest: &Manifest, owner: &Owner) -> Result<(), Problems> {
    let mut findings = Findings::default();
    let root = Place::root();
    if manifest.provider != owner.name {
        let what = format!("it is {}'s, and it is registered by {}", manifest.provider, owner.name);
        findings.add(&root.key("provider"), what, format!("write \"{}\"", owner.name));
    }
    let mut check = |name: &ServiceName, place: Place| {
        if !owner.owns(name) {
            let remedy = match owner.suffixes.first() {
                Some(suffix) => {
                    let label = name.as_str().split('.').next().unwrap_or_default();
                    format!("take a name under one of your suffixes: {label}.{suffix}")
                }
                None => format!("ask an administrator for a suffix for {}", owner.name),
            };
            findings.add(&place, format!("{name} is somebody else's name"), remedy);
        }
    };
    check(&manifest.name, root.key("name"));
    for (index, configuration) in manifest.configurations.iter().enumerate() {
        // The service's own name has been judged.
        if configuration.name != manifest.name {
            check(&configuration.name, root.key("configurations").index(index).key("name"));
        }
    }
    if findings.is_empty() { Ok(()) } else { Err(findings.into_problems()) }
}
