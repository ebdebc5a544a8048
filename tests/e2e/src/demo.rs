//! The demo: a whole domain in one `fusion dev`, in a directory of its own, on ports of its own.

use std::ops::Deref;
use std::time::Duration;

use serde_json::Value;

use crate::alone::{Alone, alone};
use crate::{Process, TempDir, Terminal, media};

/// The first one draws and encodes the clip.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// A running demo. Commands are given as to its terminal: `demo.ok("service list")`.
#[derive(Debug)]
pub struct Demo {
    /// `fusion dev`.
    pub process: Process,
    /// What it said when it was ready.
    pub ready: Value,
    terminal: Terminal,
    directory: TempDir,
    _alone: Alone,
}

impl Demo {
    /// Starts it and waits until it is ready.
    #[track_caller]
    pub fn start() -> Demo {
        Demo::start_with("")
    }

    /// Starts it with more words on the command line.
    #[track_caller]
    pub fn start_with(words: &str) -> Demo {
        let alone = alone();
        let directory = TempDir::new();
        let terminal = Terminal::new(directory.join("demo"));
        media::lend(terminal.dir());
        let mut process = Process::spawn("fusion dev", terminal.command(&format!("dev --json --port 0 {words}")));
        let ready = process.wait_for_json(READY_WITHIN);
        media::keep(terminal.dir());
        Demo { process, ready, terminal, directory, _alone: alone }
    }

    /// A directory for what a test writes; it goes with the demo.
    pub fn scratch(&self) -> &TempDir {
        &self.directory
    }
}

impl Deref for Demo {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.terminal
    }
}
