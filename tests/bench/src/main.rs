//! `make bench`: figures that mean something on any machine, because each is a ratio against a peer that ran in the same call.
//!
//! ```text
//!   this process: clients, one thread ──loopback──► children (this program again): servers, one thread each
//! ```
//!
//! Owns: who runs when, the table for people, `bench.json` for programs. Refuses: to assert a time. A missed bar is said
//! aloud and the exit code stays 0; only a broken promise (a ticket given twice, a refusal while slots are free) is a failure.
//! What each figure means and how it came out: `docs/benchmarks.md`.
#![expect(clippy::disallowed_methods, reason = "it measures real processes on the real clock and owns them all")]

mod ask;
mod child;
mod domain;
mod figures;
mod guide;
mod identity;
mod machine;
mod memory;
mod open;
mod report;

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use tokio::runtime::LocalOptions;

use crate::report::Report;

/// Measures Fusion against peers that run in the same call; prints a table, writes JSON.
#[derive(Debug, Parser)]
#[command(after_help = "Example:\n  tests-bench --only ask --quick")]
struct Args {
    /// Measure this only; may be given more than once.
    #[arg(long, value_enum)]
    only: Vec<Subject>,
    /// A quarter of the time, for a first look.
    #[arg(long)]
    quick: bool,
    /// Where the figures go.
    #[arg(long, default_value = "bench.json", value_name = "FILE")]
    json: PathBuf,
    /// Run one contestant of `ask` for ten seconds, for a profiler.
    #[arg(long, value_enum, value_name = "CONTESTANT")]
    profile: Option<ask::Who>,
    /// With --profile: calls under way at once.
    #[arg(long, default_value_t = 64, requires = "profile")]
    in_flight: usize,
    /// This process is a server of a run: which.
    #[arg(long, hide = true)]
    child: Option<child::Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// A call to an actor on another node.
    Ask,
    /// From a name to a slot, and to the first picture.
    Open,
    /// What an idle slot and an idle connection cost.
    Memory,
    /// Sessions of the guide, together and apart.
    Density,
    /// From an input to its picture.
    Latency,
    /// Many viewers of one encoder.
    FanOut,
}

/// How long things are measured.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// Rounds; in each, every contestant has its turn. What is reported is a median over rounds.
    rounds: usize,
    /// One turn.
    turn: Duration,
    /// Sessions opened, one after the other.
    opens: usize,
    /// Slots of which the memory is measured.
    slots: u32,
    /// Idle connections of which the memory is measured.
    connections: usize,
}

const FULL: Plan = Plan { rounds: 12, turn: Duration::from_millis(500), opens: 400, slots: 8_000, connections: 1_000 };
const QUICK: Plan = Plan { rounds: 4, turn: Duration::from_millis(250), opens: 100, slots: 2_000, connections: 300 };

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("FUSION_LOG").unwrap_or_else(|_| "error".into());
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).init();
    let outcome = match (args.child, args.profile) {
        (Some(kind), _) => on_one_thread(child::run(kind)),
        (None, Some(who)) => on_one_thread(ask::profile(who, args.in_flight)),
        (None, None) => on_one_thread(measure(args)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One thread for everything, as a node has it; and a task like any other, as an actor is.
fn on_one_thread(future: impl Future<Output = anyhow::Result<()>> + 'static) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async { tokio::task::spawn_local(future).await? })
}

async fn measure(args: Args) -> anyhow::Result<()> {
    let begun = Instant::now();
    let plan = if args.quick { QUICK } else { FULL };
    let wanted = |subject| args.only.is_empty() || args.only.contains(&subject);
    let mut report = Report::new(machine::Facts::gather(), args.quick);
    report.greet();
    if wanted(Subject::Ask) {
        ask::measure(plan, &mut report).await?;
    }
    if wanted(Subject::Open) {
        open::measure(plan, &mut report).await?;
    }
    if wanted(Subject::Memory) {
        memory::measure(plan, &mut report).await?;
    }
    if wanted(Subject::Density) {
        guide::density(args.quick, &args.json, &mut report)?;
    }
    if wanted(Subject::Latency) {
        guide::latency(args.quick, &args.json, &mut report)?;
    }
    if wanted(Subject::FanOut) {
        guide::fan_out(args.quick, &mut report).await?;
    }
    report.finish(begun.elapsed(), &args.json)
}

/// What is going on, for whoever waits.
fn progress(words: &str) {
    eprintln!("bench: {words}");
}
