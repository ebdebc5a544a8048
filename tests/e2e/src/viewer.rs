//! A running `fusion view --json`.

use std::ops::{Deref, DerefMut};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::{Finished, Process, eventually, json, say};

/// A viewer that has a slot plays after milliseconds; a starved machine may take longer.
const PLAYS_WITHIN: Duration = Duration::from_secs(20);
/// For its end after it was told to, or after its last picture.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// A viewer in a process of its own.
#[derive(Debug)]
pub struct Viewer {
    process: Process,
    name: String,
}

/// What a viewer plays from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Its zone.
    pub zone: String,
    /// Its instance.
    pub instance: String,
    /// Its slot, as in the path of the slot's actor.
    pub slot: String,
}

impl Viewer {
    /// Starts it.
    #[track_caller]
    pub fn spawn(name: &str, command: Command) -> Viewer {
        Viewer { process: Process::spawn(name, command), name: name.to_owned() }
    }

    /// Waits for its first picture; tells where that came from.
    #[track_caller]
    pub fn plays(&mut self) -> Seat {
        eventually(PLAYS_WITHIN, &format!("{} plays", self.name), || {
            let said = self.process.stderr();
            match said.lines().find_map(seat) {
                Some(seat) => Ok(seat),
                None => match self.process.ended() {
                    Some(status) => panic!("{} ended before it played ({status}): {said}", self.name),
                    None => Err(format!("it has said: {said}")),
                },
            }
        })
    }

    /// Tells it to end, and returns its report. It must have been content.
    #[track_caller]
    pub fn leave(mut self) -> Value {
        self.process.terminate();
        self.report()
    }

    /// Waits for its end, which must be a good one, and returns its report.
    #[track_caller]
    pub fn report(self) -> Value {
        self.finish().expect_code(0).json()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn finish(self) -> Finished {
        self.process.finish(ENDS_WITHIN)
    }
}

impl Deref for Viewer {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Viewer {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// `clip.demo plays from zone-a/clip-a, slot-3`
fn seat(line: &str) -> Option<Seat> {
    let (zone, rest) = line.split_once(" plays from ")?.1.split_once('/')?;
    let (instance, slot) = rest.split_once(", ")?;
    Some(Seat { zone: zone.into(), instance: instance.into(), slot: slot.into() })
}

/// Asserts that a session went on without a gap in its picture numbers and without an interval over 100 ms that the machine
/// does not account for: `withheld` is what its scheduler withheld from the processes a picture passes through.
#[track_caller]
pub fn assert_unaffected(who: &str, report: &Value, withheld: Duration) {
    const INTERVAL_MS_MAX: f64 = 100.0;
    let interval = json::number(report, "/interval_ms_max");
    let withheld = withheld.as_secs_f64() * 1e3;
    let (late, dropped, lost) =
        (json::count(report, "/late"), json::count(report, "/dropped"), json::count(report, "/lost"));
    say(format!(
        "{who}: {} pictures, {late} late, longest interval {interval:.1} ms ({withheld:.1} ms withheld by the scheduler)",
        json::count(report, "/frames")
    ));
    assert_eq!((late, dropped, lost), (0, 0, 0), "{who} has a gap: {report:#}");
    assert!(interval <= INTERVAL_MS_MAX + withheld, "{who} has an interval of {interval} ms: {report:#}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_read() {
        let read = seat("clip.demo plays from zone-a/clip-a, slot-3").expect("it says where");
        assert_eq!((read.zone.as_str(), read.instance.as_str(), read.slot.as_str()), ("zone-a", "clip-a", "slot-3"));
        assert_eq!(seat("opening clip.demo, waiting at most 10 s for a slot"), None);
    }
}
