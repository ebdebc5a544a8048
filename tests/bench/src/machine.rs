//! The machine and the program that were measured, as far as the system tells.

use std::fs;

use anyhow::Context;
use serde::Serialize;

/// What a reader of the figures must know.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// The processor, in its maker's words.
    pub processor: String,
    /// Threads that run at once.
    pub cores: usize,
    /// Memory.
    pub memory_mb: u64,
    /// The kernel.
    pub system: String,
    /// Processes that wanted a processor in the minute before: above 1 the figures are rough.
    pub load: f64,
    /// Optimised? Without it the figures mean nothing.
    pub release: bool,
}

impl Facts {
    /// Asks the system.
    pub fn gather() -> Facts {
        Facts {
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mb: kilobytes("/proc/meminfo", "MemTotal").unwrap_or(0) / 1024,
            system: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            load: load(),
            release: !cfg!(debug_assertions),
        }
    }
}

/// Processes that wanted a processor in the last minute.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

/// The private memory of a process that is really there, in bytes: heap and stacks, not its program.
pub fn memory_of(process: &str) -> u64 {
    kilobytes(&format!("/proc/{process}/status"), "RssAnon").unwrap_or(0) * 1024
}

/// Processor time of a process and its threads, in user mode and in the kernel, which tells it in hundredths of a second.
pub fn processor_seconds(process: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    // Fields are counted from behind the name, which may contain anything.
    let fields: Vec<_> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: Option<f64> =
        fields.get(11..13).and_then(|fields| fields.iter().map(|field| field.parse::<f64>().ok()).sum());
    Ok(ticks.with_context(|| format!("{path} is not what it should be"))? / 100.0)
}

fn kilobytes(file: &str, name: &str) -> Option<u64> {
    field(file, name)?.split_whitespace().next()?.parse().ok()
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
