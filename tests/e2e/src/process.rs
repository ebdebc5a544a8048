//! A program that a test started: its output line by line, signals by name, and an end that is certain.
//!
//! ```text
//!  spawn -> running <-> stopped        a dropped one is killed with its process group, and reaped
//!              |  (stop, resume)
//!              +-> ended               by itself, by terminate (SIGTERM) or kill (SIGKILL)
//! ```

mod nursery;
mod output;

use std::ffi::OsStr;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::Value;

use output::Output;

/// A killed process ends as soon as it is scheduled; one that does not is stuck in the kernel.
const KILL_TAKES_MAX: Duration = Duration::from_secs(10);
/// Between two looks at whether a process has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A running program.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    begun: Instant,
    status: Option<ExitStatus>,
    stdout: Output,
    stderr: Output,
    /// The number of the next line of stdout to hand out.
    next_line: u64,
}

impl Process {
    /// Starts `command` in a process group of its own, without input. `name` is what failures call it.
    #[track_caller]
    pub fn spawn(name: &str, command: Command) -> Process {
        let shown = format!("{command:?}");
        let mut child = nursery::spawn(command).unwrap_or_else(|error| panic!("{name}: {shown}: {error}"));
        let stdout = Output::keep(child.stdout.take().expect("stdout is piped"));
        let stderr = Output::keep(child.stderr.take().expect("stderr is piped"));
        Process { name: name.to_owned(), child, begun: Instant::now(), status: None, stdout, stderr, next_line: 0 }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of stdout, `None` when there will be no more. Panics if there is none `within` this time.
    #[track_caller]
    pub fn next_line(&mut self, within: Duration) -> Option<String> {
        match self.stdout.line(self.next_line, Instant::now() + within) {
            Ok(Some((number, line))) => {
                self.next_line = number + 1;
                Some(line)
            }
            Ok(None) => None,
            Err(output::TooLate) => panic!("{}: no line within {within:?}", self.name),
        }
    }

    /// Reads on to the first line of which `pick` makes something. Panics if there is none `within` this time.
    #[track_caller]
    pub fn wait_for_line<T>(&mut self, within: Duration, what: &str, mut pick: impl FnMut(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + within;
        loop {
            match self.stdout.line(self.next_line, deadline) {
                Ok(Some((number, line))) => {
                    self.next_line = number + 1;
                    if let Some(picked) = pick(&line) {
                        return picked;
                    }
                }
                Ok(None) => panic!("{} ended its output before {what}", self.name),
                Err(output::TooLate) => panic!("{}: no {what} within {within:?}", self.name),
            }
        }
    }

    /// Reads on to the first line that is a JSON object.
    #[track_caller]
    pub fn wait_for_json(&mut self, within: Duration) -> Value {
        self.wait_for_line(within, "line of JSON", |line| {
            serde_json::from_str(line).ok().filter(|value: &Value| value.is_object())
        })
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().expect("a child of this process can be waited for");
        }
        self.status
    }

    /// Waits for its end. Panics if it does not come `within` this time.
    #[track_caller]
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(Instant::now() < deadline, "{} still runs after {within:?}", self.name);
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits for its end and returns everything it left.
    #[track_caller]
    pub fn finish(mut self, within: Duration) -> Finished {
        let status = self.wait(within);
        let took = self.begun.elapsed();
        // The pipes end with the process, unless a child of its own still holds them.
        self.stdout.wait_for_end(Instant::now() + KILL_TAKES_MAX);
        self.stderr.wait_for_end(Instant::now() + KILL_TAKES_MAX);
        Finished { name: self.name.clone(), status, took, stdout: self.stdout.text(), stderr: self.stderr.text() }
    }

    /// SIGKILL, as `kill -9` does it; returns when the process is gone.
    #[track_caller]
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.wait(KILL_TAKES_MAX);
    }

    /// SIGTERM: asks it to end.
    #[track_caller]
    pub fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    /// SIGSTOP: it stands still until [`Process::resume`].
    #[track_caller]
    pub fn stop(&mut self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    #[track_caller]
    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
    }

    /// What it has printed so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has complained about so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    #[track_caller]
    fn signal(&mut self, signal: Signal) {
        // Once reaped, its id may be another's.
        assert!(self.ended().is_none(), "{} has ended, no {signal:?} reaches it", self.name);
        rustix::process::kill_process(self.pid(), signal)
            .unwrap_or_else(|error| panic!("{}: {signal:?}: {error}", self.name));
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let ended = self.ended();
        if ended.is_none() {
            let _ = rustix::process::kill_process_group(self.pid(), Signal::KILL);
            let _ = self.child.wait();
        }
        // Told by eprintln, so that libtest shows it with the test that failed.
        if std::thread::panicking() {
            let how = ended.map_or_else(|| "was still running".to_owned(), |status| format!("ended: {status}"));
            eprintln!("---- {} {how}, after {:?}", self.name, self.begun.elapsed());
            eprintln!("---- its stdout ends:\n{}", self.stdout.tail());
            eprintln!("---- its stderr ends:\n{}----", self.stderr.tail());
        }
    }
}

/// What a program left behind.
#[derive(Debug, Clone)]
pub struct Finished {
    /// What failures call it.
    pub name: String,
    /// How it ended.
    pub status: ExitStatus,
    /// From start to end.
    pub took: Duration,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Finished {
    /// The exit code; `None` when a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Panics unless it ended with this exit code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Finished {
        assert_eq!(
            self.code(),
            Some(code),
            "{}: {}\nstdout: {}\nstderr: {}",
            self.name,
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Its stdout, which must be one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(self.stdout.trim()).unwrap_or_else(|error| {
            panic!("{} did not print JSON ({error})\nstdout: {}\nstderr: {}", self.name, self.stdout, self.stderr)
        })
    }
}

/// Runs a command to its end.
#[track_caller]
pub fn run(command: Command, within: Duration) -> Finished {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or_default();
    let first = command.get_args().next().unwrap_or_default();
    let name = format!("{} {}", program.to_string_lossy(), first.to_string_lossy());
    Process::spawn(name.trim_end(), command).finish(within)
}

/// The same command behind another program that runs it: `nsenter --net=X COMMAND`. Input and output are not taken over.
pub(crate) fn behind<S: AsRef<OsStr>>(before: impl IntoIterator<Item = S>, command: &Command) -> Command {
    let mut before = before.into_iter();
    let mut outer = Command::new(before.next().expect("the program that runs the command"));
    outer.args(before).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        outer.current_dir(directory);
    }
    outer
}
