//! What the architecture says, as tests: who may depend on whom, what pure code may not name, what each document must hold.
//!
//! Owns: the tables of arrows and fences ([`rules`]), the reading of the dependency graph ([`graph`]) and of the sources
//! ([`sources`]), the list of everything that is wrong ([`Findings`]).
//! Refuses: to change anything, with one exception: `FUSION_BLESS=1` rewrites the generated page of the role table.
//! Every finding says what is wrong and what to do about it.

use std::path::{Path, PathBuf};

pub mod graph;
pub mod rules;
pub mod sources;

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("this crate lives two folders below the root")
        .to_path_buf()
}

/// Everything one check found, so that a person sees all of it at once.
#[derive(Debug, Default)]
pub struct Findings(Vec<String>);

impl Findings {
    /// None yet.
    pub fn new() -> Findings {
        Findings::default()
    }

    /// Something is wrong: what, and what to do.
    pub fn add(&mut self, what: impl AsRef<str>, remedy: impl AsRef<str>) {
        self.0.push(format!("{}\n      remedy: {}", what.as_ref(), remedy.as_ref()));
    }

    /// Fails the test that calls it if anything was found.
    #[track_caller]
    pub fn settle(self, rule: &str) {
        assert!(self.0.is_empty(), "{rule}\n  - {}\n", self.0.join("\n  - "));
    }
}
