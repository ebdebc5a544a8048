//! What processes have used, as the kernel counts it.

use std::fs;
use std::time::Duration;

use anyhow::{Context, ensure};

/// The kernel shows times in hundredths of a second, whatever it counts in (proc(5), USER_HZ).
const TICK: Duration = Duration::from_millis(10);
/// Where `utime` and `stime` stand in `/proc/PID/stat`, counted from the field after the name (proc(5)).
const UTIME: usize = 11;

/// Processor time of a process and all its threads since it began, in user mode and in the kernel.
pub fn processor(process: u32) -> anyhow::Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("{path}: is the process gone?"))?;
    ticks(&text).map(|ticks| TICK * ticks).with_context(|| format!("{path} is not what it should be"))
}

/// A name may contain spaces and brackets: fields are counted from the last bracket on.
fn ticks(stat: &str) -> Option<u32> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |at: usize| fields.get(at)?.parse::<u32>().ok();
    field(UTIME)?.checked_add(field(UTIME + 1)?)
}

/// Memory of a process in bytes; what it shares with others counts in part (PSS).
pub fn memory(process: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{process}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| format!("{path}: is the process gone?"))?;
    let line = text.lines().find(|line| line.starts_with("Pss:")).unwrap_or_default();
    let kilobytes: Option<u64> = line.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    let kilobytes = kilobytes.with_context(|| format!("{path} tells no Pss"))?;
    ensure!(kilobytes > 0, "{path}: the process has ended");
    Ok(kilobytes * 1_024)
}

/// Processes that wanted a processor in the last minute.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "42 (a) name) S 1 42 42 0 -1 4194304 100 0 0 0 250 30 0 0 20 0 9 0 12345 1000 200";
        assert_eq!(ticks(stat), Some(280));
        assert_eq!(ticks("42 (short) S 1"), None);
        assert!(processor(std::process::id()).is_ok() && memory(std::process::id()).expect("ours") > 100_000);
    }
}
