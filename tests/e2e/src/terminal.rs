//! A terminal of a domain: `fusion` commands with a directory, perhaps inside a network namespace.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::namespaces::Namespaces;
use crate::process::behind;
use crate::{Finished, Viewer, fusion, run};

/// No command of these tests takes longer by itself; a starved machine makes everything slow.
const COMMAND_TAKES_MAX: Duration = Duration::from_secs(60);

/// Where commands are given.
#[derive(Debug, Clone)]
pub struct Terminal {
    dir: PathBuf,
    network: Option<PathBuf>,
}

impl Terminal {
    /// Commands with `--dir dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Terminal {
        Terminal { dir: dir.into(), network: None }
    }

    /// The same directory, from inside a member.
    pub fn inside(&self, namespaces: &Namespaces, member: usize) -> Terminal {
        Terminal { dir: self.dir.clone(), network: Some(namespaces.path(member)) }
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `fusion` with these words, which spaces separate, and with the directory.
    #[track_caller]
    pub fn command(&self, words: &str) -> Command {
        let mut command = fusion();
        command.args(words.split_whitespace()).arg("--dir").arg(&self.dir);
        match &self.network {
            Some(network) => behind(["nsenter", &format!("--net={}", network.display()), "--"], &command),
            None => command,
        }
    }

    /// Gives a command and waits for its end.
    #[track_caller]
    pub fn run(&self, words: &str) -> Finished {
        Finished { name: format!("fusion {words}"), ..run(self.command(words), COMMAND_TAKES_MAX) }
    }

    /// Gives a command that must succeed, and returns what it printed.
    #[track_caller]
    pub fn ok(&self, words: &str) -> String {
        self.run(words).expect_code(0).stdout
    }

    /// Gives a command that must succeed, with `--json`.
    #[track_caller]
    pub fn json(&self, words: &str) -> Value {
        self.run(&format!("{words} --json")).expect_code(0).json()
    }

    /// Gives a command that must fail with this exit code, and returns what it said.
    #[track_caller]
    pub fn refused(&self, words: &str, code: i32) -> String {
        self.run(words).expect_code(code).stderr
    }

    /// Begins `fusion view` with these words, and `--json`.
    #[track_caller]
    pub fn view(&self, words: &str) -> Viewer {
        Viewer::spawn(&format!("view {words}"), self.command(&format!("view {words} --json")))
    }
}
