//! `fusion bench`: what the guide costs and how fast it answers, measured on the real thing.
//!
//! ```text
//!   this process: orchestrator, resolver, zone, and all viewers ──loopback──► hosts: `fusion node`, the same binary
//! ```
//!
//! Owns: the set-up, the table, the JSON and the charts. Refuses: peers (`tests/bench` has them and calls this), and to fail
//! because something took long: a time is a fact of a machine. A missed bar is said aloud, and the exit code stays 0.

#[cfg(feature = "media")]
mod chart;
#[cfg(feature = "media")]
mod crowd;
#[cfg(feature = "media")]
mod density;
#[cfg(feature = "media")]
mod domain;
#[cfg(feature = "media")]
mod fan_out;
#[cfg(feature = "media")]
mod figures;
#[cfg(feature = "media")]
mod latency;
#[cfg(feature = "media")]
mod usage;

use std::process::ExitCode;

use crate::cli::Bench;

/// Measures.
#[cfg(feature = "media")]
pub async fn run(bench: Bench, json: bool) -> anyhow::Result<ExitCode> {
    let report = match bench {
        Bench::Density(args) => density::run(&args).await?,
        Bench::Latency(args) => latency::run(&args).await?,
        Bench::FanOut(args) => fan_out::run(&args).await?,
    };
    report.tell(json)?;
    Ok(ExitCode::SUCCESS)
}

/// Says what it would need.
#[cfg(not(feature = "media"))]
pub async fn run(_: Bench, _: bool) -> anyhow::Result<ExitCode> {
    anyhow::bail!("this binary was built without the feature `media`: it has no guide to measure")
}
