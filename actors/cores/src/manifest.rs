//! Reading and writing manifests: JSON in, a sound [`Manifest`] or every problem with its place and remedy out.
//!
//! ```text
//!   text ──read──► Manifest ──belongs(owner)──► may be registered
//!     ▲              │
//!     └────write─────┘      the normal form: what is empty or absent is left out
//! ```
//!
//! [`SCHEMA`] says the same for editors and other programs, as far as a schema can: what it refuses is refused here. Beyond
//! it go references, sums and the bytes of a whole manifest.
//!
//! Owns: what a manifest may say. Refuses: knowing which builders, evaluators and images there are.

use core::fmt;

use actors_protocol::manifest::{MANIFEST_BYTES_MAX, MANIFEST_VERSION, Manifest};
use serde_json::error::Category;

mod graph;
mod owner;
mod place;
mod sections;
mod strict;
#[cfg(test)]
mod tests;
mod values;
mod write;

pub use owner::{Owner, belongs};
pub use write::write;

use place::{Findings, Object, Place};
use strict::Strict;

/// The published JSON Schema (draft 2020-12), as served and as in `fixtures/manifests/schema.json`.
pub const SCHEMA: &str = include_str!("../../../fixtures/manifests/schema.json");
/// Problems told at once, at most.
pub const PROBLEMS_MAX: usize = 16;

/// One thing that is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: a JSON pointer (RFC 6901), empty for the whole; where it is no JSON at all, line and column.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() { "the manifest" } else { &self.place };
        write!(f, "{place}: {}; {}", self.what, self.remedy)
    }
}

/// Everything that is wrong with a manifest, at most [`PROBLEMS_MAX`], in the order of the text's parts. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(pub Vec<Problem>);

/// Reads a manifest.
///
/// Errors: no JSON, too long, unknown keys and keys that stand twice, wrong types, impossible slots, references that lead nowhere or in a circle.
pub fn read(text: &str) -> Result<Manifest, Problems> {
    let mut findings = Findings::default();
    if text.len() > MANIFEST_BYTES_MAX {
        let what = format!("it has {} bytes", text.len());
        findings.add(&Place::root(), what, format!("{MANIFEST_BYTES_MAX} is the most; keep media and data elsewhere"));
        return Err(findings.into_problems());
    }
    match serde_json::from_str::<Strict>(text) {
        Ok(Strict(value)) => {
            let manifest = sections::manifest(&value, &mut findings);
            match manifest {
                Some(manifest) if findings.is_empty() => Ok(manifest),
                _ => Err(findings.into_problems()),
            }
        }
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            // Syntactically fine, and yet an error: a key that stands twice.
            let (what, remedy) = match error.classify() {
                Category::Data => (error.to_string(), "keep one of the two"),
                _ => (format!("it is not JSON: {error}"), "write one JSON object, as in fixtures/manifests"),
            };
            let remedy = remedy.to_owned();
            Err(Problems(vec![Problem { place, what, remedy }]))
        }
    }
}

/// The version comes first: a manifest of another version is not judged by the rules of this one.
fn version(object: &Object<'_>, findings: &mut Findings) -> Option<u32> {
    let (value, place) = object.need("manifest", "add \"manifest\": 1", findings)?;
    if value.as_u64() == Some(u64::from(MANIFEST_VERSION)) {
        return Some(MANIFEST_VERSION);
    }
    findings.add(&place, format!("version {value} is not known"), format!("this domain reads {MANIFEST_VERSION}"));
    None
}
