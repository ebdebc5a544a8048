//! `fusion instance`: what can be said to a running instance.
//!
//! Owns: the words and their help. Refuses: doing anything (`commands/instance.rs`).

use std::time::Duration;

use clap::Subcommand;

use super::{NodePath, duration};

/// `fusion instance`
#[derive(Subcommand)]
pub enum Instance {
    /// Let running sessions end and open no new ones; blocks until it is done.
    #[command(after_help = "Example:\n  fusion instance drain host-a/instance/clip-a --deadline 30s")]
    Drain {
        /// NODE/PATH of the instance, as `fusion actors` prints it.
        path: NodePath,
        /// Sessions that still run then are ended.
        #[arg(long, default_value = "60s", value_parser = duration)]
        deadline: Duration,
        /// Take a drain back.
        #[arg(long)]
        cancel: bool,
    },
    /// Give a running instance another number of slots; blocks until new slots are warm.
    ///
    /// More slots warm at once. Of fewer, free slots end at once; sessions beyond the number play on, and whichever ends first
    /// is not replaced. The number holds until the instance itself ends: then the configuration's holds again.
    #[command(
        after_help = "Examples:\n  fusion instance slots host-a/instance/clip-a 6\n  fusion instance slots host-a/instance/clip-a 2 --deadline 5m --json"
    )]
    Slots {
        /// NODE/PATH of the instance, as `fusion actors` prints it.
        path: NodePath,
        /// How many slots there are to be.
        #[arg(value_name = "N")]
        slots: u32,
        /// When to end what still runs beyond that number, the youngest sessions first; blocks until then. At most 24h. Without
        /// it nobody is sent away, and nothing is waited for.
        #[arg(long, value_parser = duration)]
        deadline: Option<Duration>,
    },
}
