//! `fusion bench …`: what is measured, and where the chart goes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `fusion bench`
#[derive(Subcommand)]
pub enum Bench {
    /// Sessions of the guide in one process against as many processes: processor and memory of each. About four minutes.
    #[command(after_help = "Example:\n  fusion bench density --svg docs/density.svg")]
    Density(Density),
    /// From an input to its decoded picture, with what each step takes. Half a minute.
    #[command(after_help = "Example:\n  fusion bench latency --json")]
    Latency(Latency),
    /// Many viewers of one encoder: pictures sent per second of the processor. Half a minute.
    #[command(after_help = "Example:\n  fusion bench fan-out --viewers 50")]
    FanOut(FanOut),
}

/// `fusion bench density`
#[derive(Args)]
pub struct Density {
    /// Short, and few sessions: a first look whose figures mean little.
    #[arg(long)]
    pub quick: bool,
    /// Where the chart goes.
    #[arg(long, value_name = "FILE", default_value = "density.svg")]
    pub svg: PathBuf,
}

/// `fusion bench latency`
#[derive(Args)]
pub struct Latency {
    /// Keys that are pressed and measured.
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub keys: u32,
    /// Where the chart goes.
    #[arg(long, value_name = "FILE", default_value = "latency.svg")]
    pub svg: PathBuf,
    /// Somebody else's times, measured in the same way, to be drawn beside ours: a name, p50 and p99 in milliseconds.
    #[arg(long, value_name = "NAME=P50,P99", value_parser = beside)]
    pub beside: Vec<Beside>,
}

/// `fusion bench fan-out`
#[derive(Args)]
pub struct FanOut {
    /// Viewers, all of the same view.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    pub viewers: u32,
    /// How long is measured.
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = super::duration)]
    pub time: std::time::Duration,
    /// Write the length of each picture that one viewer was sent, one a line, for whoever wants to send the same.
    #[arg(long, value_name = "FILE")]
    pub lengths: Option<PathBuf>,
}

/// Times that were measured elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// Whose.
    pub name: String,
    /// Milliseconds.
    pub p50: f64,
    /// Milliseconds.
    pub p99: f64,
}

fn beside(text: &str) -> Result<Beside, String> {
    let shape = || "it should be NAME=P50,P99, in milliseconds, as in 'another=9.7,16.9'".to_owned();
    let (name, times) = text.split_once('=').ok_or_else(shape)?;
    let (p50, p99) = times.split_once(',').ok_or_else(shape)?;
    let number = |text: &str| text.parse::<f64>().ok().filter(|ms| ms.is_finite() && *ms >= 0.0).ok_or_else(shape);
    Ok(Beside { name: name.to_owned(), p50: number(p50)?, p99: number(p99)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_others_read() {
        let read = beside("another=9.7,16.9").expect("right");
        assert_eq!(read, Beside { name: "another".to_owned(), p50: 9.7, p99: 16.9 });
        assert!(beside("another=9.7").is_err() && beside("9.7,1").is_err() && beside("a=x,1").is_err());
    }
}
