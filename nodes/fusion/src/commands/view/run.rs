//! What one run of `fusion view` gathers beside the library's own statistics, and how it is told.
//!
//! Owns: the keys that were pressed, the gaps, the JSON. Refuses: waiting for anything.

use std::sync::Arc;

use actors_protocol::input::InputEvent;
use serde_json::{Value, json};
use tokio::time::Instant;
use transport_viewer::{Percentiles, Picture, Session, SessionInfo, Stats};

use super::outputs::Written;

/// Gaps that are told one by one; after that many, their number says enough.
const GAPS_MAX: usize = 256;
/// Over this many times the time between two pictures, a pause is a gap: 100 ms at 30 a second.
const PAUSE_PICTURES: f64 = 3.0;

/// A key that was pressed.
pub struct Pressed {
    name: String,
    number: u32,
    /// The number of the first picture that echoes it.
    pub frame: Option<u64>,
    /// What has the focus in that picture, in words, if the service says so.
    focused: Option<Arc<str>>,
}

/// Pictures that are missing, or that came late.
struct Gap {
    /// The number of the picture after it.
    frame: u64,
    missing: u64,
    ms: f64,
    key: bool,
}

/// See the module.
pub struct Run {
    /// Still to be pressed, the next one last.
    pub keys: Vec<(String, u32)>,
    /// Pressed.
    pub pressed: Vec<Pressed>,
    /// Pictures taken.
    pub seen: u64,
    /// How many of them count as asked for by `--frames`.
    pub counted: u64,
    /// How often the connection was lost.
    pub lost: u64,
    pause_ms: f64,
    interval_ms_max: f64,
    last: Option<Instant>,
    gaps: Vec<Gap>,
}

impl Run {
    /// Nothing was seen yet. `keys` in the order in which they are to be pressed.
    pub fn new(mut keys: Vec<(String, u32)>, info: &SessionInfo) -> Run {
        keys.reverse();
        let pause_ms = PAUSE_PICTURES * 1e6 / f64::from(info.rate_millihertz.max(1));
        Run {
            keys,
            pressed: Vec::new(),
            seen: 0,
            counted: 0,
            lost: 0,
            pause_ms,
            interval_ms_max: 0.0,
            last: None,
            gaps: Vec::new(),
        }
    }

    /// A picture has come.
    pub fn picture(&mut self, picture: &Picture) {
        self.seen += 1;
        let last = self.last.replace(picture.complete_at);
        let ms = last.map_or(0.0, |last| picture.complete_at.saturating_duration_since(last).as_secs_f64() * 1e3);
        self.interval_ms_max = self.interval_ms_max.max(ms);
        let missing = picture.late_before + picture.dropped_before;
        if (missing > 0 || ms > self.pause_ms) && self.gaps.len() < GAPS_MAX {
            self.gaps.push(Gap { frame: picture.number, missing, ms, key: picture.key });
        }
        for key in self.pressed.iter_mut().filter(|key| key.frame.is_none() && key.number <= picture.last_input) {
            key.frame = Some(picture.number);
        }
    }

    /// Looks up what the service says of the pictures that echo keys. A note may come after its picture, and old ones are
    /// forgotten: so after every picture, and once more at the end.
    pub fn noted(&mut self, note_at: impl Fn(u64) -> Option<Arc<str>>) {
        for key in &mut self.pressed {
            if let Some(note) = key.frame.and_then(&note_at) {
                key.focused = Some(note);
            }
        }
    }

    /// Presses the next key, and lets it go.
    pub fn press(&mut self, session: &Session) -> anyhow::Result<()> {
        let Some((name, keysym)) = self.keys.pop() else { return Ok(()) };
        let number = session.send(InputEvent::Key { keysym, down: true })?;
        session.send(InputEvent::Key { keysym, down: false })?;
        self.pressed.push(Pressed { name, number, frame: None, focused: None });
        Ok(())
    }

    /// All of it. `trouble`: why the session is over, when it did not end as it should.
    pub fn report(
        &self,
        info: &SessionInfo,
        stats: &Stats,
        written: &Written,
        trouble: Option<&anyhow::Error>,
    ) -> Value {
        let key = |key: &Pressed| json!({ "key": key.name, "frame": key.frame, "focused": key.focused.as_deref() });
        let keys: Vec<_> = self.pressed.iter().map(key).collect();
        let gap =
            |gap: &Gap| json!({ "frame": gap.frame, "missing": gap.missing, "ms": round(gap.ms), "key": gap.key });
        json!({
            "service": info.service, "instance": info.instance, "zone": info.zone, "session": info.session,
            "slot": info.slot, "codec": info.codec, "width": info.width, "height": info.height,
            "frames": stats.frames, "key_frames": stats.key_frames, "repeats": stats.repeats,
            "first_frame_ms": stats.first_frame_ms.map(round),
            "input_to_picture_ms": percentiles(stats.input_to_picture_ms),
            "picture_age_ms": percentiles(stats.picture_age_ms),
            "interval_ms_max": round(self.interval_ms_max), "rtt_ms": round(stats.rtt_ms),
            "late": stats.late, "dropped": stats.dropped, "resets": stats.resets,
            "gaps": self.gaps.iter().map(gap).collect::<Vec<_>>(),
            "bytes": stats.bytes, "lost": self.lost, "resumed": stats.resumed, "keys": keys,
            "recorded": written.recorded.map(|recorded| json!({
                "pictures": recorded.pictures, "left_out": recorded.left_out, "bytes": recorded.bytes,
            })),
            "y4m": written.piped.map(|pictures| json!({ "pictures": pictures })),
            "trouble": trouble.map(|trouble| format!("{trouble:#}")),
        })
    }
}

fn percentiles(given: Option<Percentiles>) -> Option<Value> {
    given.map(|given| json!({ "p50": round(given.p50), "p99": round(given.p99), "samples": given.samples }))
}

/// Microseconds are more than a reader can use.
fn round(ms: f64) -> f64 {
    (ms * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use transport_viewer::Codec;

    use super::*;
    use crate::commands::view::samples::{info, picture};

    #[test]
    fn a_key_is_told_with_the_picture_that_echoes_it_and_what_is_focused_there() {
        let mut run = Run::new(Vec::new(), &info(Codec::H264));
        for (name, number) in [("Right", 1), ("Down", 3), ("Left", 5)] {
            run.pressed.push(Pressed { name: name.to_owned(), number, frame: None, focused: None });
        }
        let echo = |number, last_input| Picture { last_input, ..picture(number, b"x") };
        run.picture(&echo(7, 2));
        run.noted(|number| (number >= 7).then(|| "News at Six".into()));
        run.picture(&echo(9, 3));
        // The note of picture 9 comes late, and by then that of picture 7 is forgotten.
        run.noted(|_| None);
        run.noted(|number| (number >= 9).then(|| "Harbour, 8 p.m.".into()));
        let stats = transport_viewer::Stats {
            first_frame_ms: None,
            input_to_picture_ms: None,
            picture_age_ms: None,
            frames: 2,
            key_frames: 0,
            repeats: 0,
            bytes: 0,
            late: 0,
            dropped: 0,
            resets: 0,
            discarded: 0,
            malformed: 0,
            inputs: 3,
            resumed: 0,
            rtt_ms: 0.0,
        };
        let report = run.report(&info(Codec::H264), &stats, &Written::default(), None);
        let wanted = json!([
            { "key": "Right", "frame": 7, "focused": "News at Six" },
            { "key": "Down", "frame": 9, "focused": "Harbour, 8 p.m." },
            { "key": "Left", "frame": null, "focused": null },
        ]);
        assert_eq!(report["keys"], wanted);
    }
}
