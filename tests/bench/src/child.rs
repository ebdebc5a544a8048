//! Servers in processes of their own: this program, started again.
//!
//! ```text
//!   Child::start(kind) ──► process: sets up, prints one line of JSON (where it is reached)
//!   Child::ask(word)   ──stdin──► answers with one line of JSON on stdout
//!   dropped            ──► stdin ends, the process ends
//! ```
//!
//! Owns: the processes. Refuses: to outlive this one; a child whose standard input ends, ends.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// What a child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A node with an actor that echoes.
    Node,
    /// A framed echo on bare quinn.
    Bare,
    /// A tonic server.
    Grpc,
    /// A domain with a host of `echo` slots.
    Domain,
    /// A node whose slots are weighed.
    Slots,
    /// A resolver whose idle connections are weighed.
    Resolver,
    /// Bare quinn that sends pictures to many.
    FanOut,
    /// A window that changes its colour.
    Window,
}

/// Runs this process as a child.
pub async fn run(kind: Kind) -> anyhow::Result<()> {
    match kind {
        Kind::Node => crate::ask::node::serve().await,
        Kind::Bare => crate::ask::bare::serve().await,
        Kind::Grpc => crate::ask::grpc::serve().await,
        Kind::Domain => crate::domain::serve().await,
        Kind::Slots => crate::memory::serve_slots().await,
        Kind::Resolver => crate::memory::serve_resolver().await,
        Kind::FanOut => crate::guide::bare::serve().await,
        Kind::Window => crate::guide::window::serve().await,
    }
}

/// A child, and its first words.
pub struct Child<T> {
    process: std::process::Child,
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
    kind: Kind,
    /// Where it is reached.
    pub at: T,
}

impl<T: DeserializeOwned> Child<T> {
    /// Starts a child and waits for its first line.
    pub fn start(kind: Kind) -> anyhow::Result<Child<T>> {
        let word = kind.to_possible_value().expect("none is hidden").get_name().to_owned();
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--child", &word])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("the server '{word}' could not be started"))?;
        let stdin = process.stdin.take();
        let mut stdout = BufReader::new(process.stdout.take().expect("piped"));
        let at = line(&mut stdout).with_context(|| format!("the server '{word}' did not start"));
        match at {
            Ok(at) => Ok(Child { process, stdin, stdout: Some(stdout), kind, at }),
            Err(error) => {
                drop(stdin);
                // It has said why on its standard error; what it ended with adds nothing.
                let _ = process.wait();
                Err(error)
            }
        }
    }

    /// Asks it something.
    pub fn ask<R: DeserializeOwned>(&mut self, word: &str) -> anyhow::Result<R> {
        self.tell(word)?;
        let stdout = self.stdout.as_mut().context("it is being asked something else")?;
        line(stdout).with_context(|| format!("the server '{:?}' did not answer '{word}'", self.kind))
    }

    /// Tells it something; its answer is asked for with [`Child::answer`].
    pub fn tell(&mut self, word: &str) -> anyhow::Result<()> {
        let stdin = self.stdin.as_mut().expect("taken when it is dropped only");
        writeln!(stdin, "{word}").and_then(|()| stdin.flush()).context("the server is gone")
    }

    /// The answer to what it was told, while this thread goes on with other things.
    pub async fn answer<R: DeserializeOwned + Send + 'static>(&mut self, within: Duration) -> anyhow::Result<R> {
        let mut stdout = self.stdout.take().context("it is being asked something else")?;
        let reading = tokio::task::spawn_blocking(move || (line(&mut stdout), stdout));
        let (answer, stdout) = timeout(within, reading).await.context("the server does not answer")??;
        self.stdout = Some(stdout);
        answer
    }

    /// Its private memory, in bytes.
    pub fn memory(&self) -> u64 {
        crate::machine::memory_of(&self.process.id().to_string())
    }
}

impl<T> Drop for Child<T> {
    fn drop(&mut self) {
        self.stdin = None;
        // Killed besides: a server that does not notice must not keep the bench waiting.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn line<R: DeserializeOwned>(stdout: &mut impl BufRead) -> anyhow::Result<R> {
    let mut text = String::new();
    if stdout.read_line(&mut text)? == 0 {
        bail!("it has ended");
    }
    serde_json::from_str(&text).with_context(|| format!("it said {text:?}"))
}

/// In a child: says a line to the parent.
pub fn say(value: &impl Serialize) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer(&mut stdout, value)?;
    writeln!(stdout)?;
    Ok(stdout.flush()?)
}

/// In a child: the words of the parent. The channel ends when the parent does.
pub fn words() -> anyhow::Result<mpsc::Receiver<String>> {
    let (sender, receiver) = mpsc::channel(16);
    // It sleeps in `read` all the time; the work is on one thread all the same.
    std::thread::Builder::new().name("parent".to_owned()).stack_size(64 * 1024).spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    })?;
    Ok(receiver)
}

/// In a child that is asked nothing: waits for the end of the parent.
pub async fn until_parent_ends() -> anyhow::Result<()> {
    let mut words = words()?;
    while words.recv().await.is_some() {}
    Ok(())
}
