//! `fusion view`: a session from a terminal. Counts, records, presses keys; tells at the end what was seen.

use std::process::ExitCode;
use std::time::Duration;

use actors_protocol::input::{InputEvent, keysym};
use anyhow::{Context, bail};
use serde_json::json;
use tokio::time::Instant;
use transport_viewer::{DomainTrust, Event, OpenOptions, Options, Picture, Recorder, Session, Stats, Viewer};

use crate::cli::View;
use crate::commands::node::told_to_stop;
use crate::home::Home;
use crate::output;

/// When all pictures are there and a key is not yet echoed: how long for.
const LAST_KEYS_WITHIN: Duration = Duration::from_secs(5);

/// A key that was pressed.
struct Pressed {
    name: String,
    number: u32,
    /// The number of the first picture that echoes it.
    frame: Option<u64>,
}

/// What a run gathers beside the library's own statistics.
struct Run {
    keys: Vec<(String, u32)>,
    pressed: Vec<Pressed>,
    recorder: Option<Recorder<std::io::BufWriter<std::fs::File>>>,
    seen: u64,
    gap_ms_max: f64,
    last: Option<Instant>,
    lost: u64,
}

/// Opens, watches, tells.
pub async fn run(home: &Home, args: View, json: bool) -> anyhow::Result<ExitCode> {
    let mut keys = Vec::new();
    for name in &args.keys {
        keys.push((name.clone(), keysym(name)?));
    }
    let trust = DomainTrust::load(home.dir())?;
    let viewer = Viewer::new(trust, Options::default())?;
    if !args.wait.is_zero() {
        output::progress(&format!("opening {}, waiting at most {} s for a slot", args.service, args.wait.as_secs()));
    }
    let mut session = viewer.open(&args.service, OpenOptions { site: args.site.clone(), wait: args.wait }).await?;
    let recorder = match &args.record {
        Some(path) => Some(Recorder::create(path, session.info())?),
        None => None,
    };
    keys.reverse();
    let mut run = Run { keys, pressed: Vec::new(), recorder, seen: 0, gap_ms_max: 0.0, last: None, lost: 0 };
    let watched = watch(&mut session, &mut run, &args).await;
    let (info, stats) = (session.info().clone(), session.stats());
    session.close().await;
    viewer.close().await;
    let recorded = run.recorder.take().map(Recorder::finish).transpose()?;
    watched?;
    let value = report(&info, &stats, &run, recorded);
    if json {
        output::json(&value)?;
    } else {
        output::line(&format!(
            "{} in {}/{}: {} pictures, {} key pictures, {} late, first after {:.1} ms",
            info.service,
            info.zone,
            info.instance,
            stats.frames,
            stats.key_frames,
            stats.late,
            stats.first_frame_ms.unwrap_or(0.0)
        ));
        if let Some(path) = &args.record {
            output::line(&format!("recorded in {}; play it with: ffplay {0}", path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn watch(session: &mut Session, run: &mut Run, args: &View) -> anyhow::Result<()> {
    let mut stop = std::pin::pin!(told_to_stop());
    let mut next_key: Option<Instant> = None;
    let mut last_keys_until: Option<Instant> = None;
    loop {
        let enough = args.frames.is_some_and(|frames| run.seen >= frames);
        let answered = run.keys.is_empty() && run.pressed.iter().all(|key| key.frame.is_some());
        if enough && answered {
            return Ok(());
        }
        if enough {
            let until = *last_keys_until.get_or_insert_with(|| Instant::now() + LAST_KEYS_WITHIN);
            if Instant::now() >= until {
                bail!("{} pictures came, but not every key was answered by one", run.seen);
            }
        }
        tokio::select! {
            event = session.next() => match event {
                Event::Picture(picture) => {
                    if run.seen == 0 {
                        next_key = Some(Instant::now() + args.key_interval);
                    }
                    run.picture(&picture)?;
                }
                Event::Lost { words } => {
                    run.lost += 1;
                    output::progress(&format!("the connection is lost, trying to go on: {words}"));
                }
                Event::Resumed => output::progress("the session goes on"),
                Event::Ended(ended) => return Err(ended).context(format!("after {} pictures", run.seen)),
            },
            () = pause(next_key), if !run.keys.is_empty() => {
                run.press(session)?;
                next_key = Some(Instant::now() + args.key_interval);
            }
            stopped = &mut stop => return stopped,
        }
    }
}

async fn pause(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

impl Run {
    fn picture(&mut self, picture: &Picture) -> anyhow::Result<()> {
        self.seen += 1;
        if let Some(last) = self.last.replace(picture.complete_at) {
            let gap = picture.complete_at.saturating_duration_since(last);
            self.gap_ms_max = self.gap_ms_max.max(gap.as_secs_f64() * 1e3);
        }
        for key in self.pressed.iter_mut().filter(|key| key.frame.is_none() && key.number <= picture.last_input) {
            key.frame = Some(picture.number);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.picture(picture)?;
        }
        Ok(())
    }

    fn press(&mut self, session: &Session) -> anyhow::Result<()> {
        let Some((name, keysym)) = self.keys.pop() else { return Ok(()) };
        let number = session.send(InputEvent::Key { keysym, down: true })?;
        session.send(InputEvent::Key { keysym, down: false })?;
        self.pressed.push(Pressed { name, number, frame: None });
        Ok(())
    }
}

fn report(
    info: &transport_viewer::SessionInfo,
    stats: &Stats,
    run: &Run,
    recorded: Option<transport_viewer::Recorded>,
) -> serde_json::Value {
    let percentiles = |p: &Option<transport_viewer::Percentiles>| {
        p.as_ref().map(|p| json!({ "p50": round(p.p50), "p99": round(p.p99), "samples": p.samples }))
    };
    let keys: Vec<_> = run.pressed.iter().map(|key| json!({ "key": key.name, "frame": key.frame })).collect();
    json!({
        "service": info.service, "instance": info.instance, "zone": info.zone, "session": info.session,
        "slot": info.slot, "codec": info.codec, "width": info.width, "height": info.height,
        "frames": stats.frames, "key_frames": stats.key_frames, "repeats": stats.repeats,
        "first_frame_ms": stats.first_frame_ms.map(round), "input_to_picture_ms": percentiles(&stats.input_to_picture_ms),
        "picture_age_ms": percentiles(&stats.picture_age_ms), "late": stats.late, "dropped": stats.dropped,
        "resets": stats.resets, "bytes": stats.bytes, "interval_ms_max": round(run.gap_ms_max), "rtt_ms": round(stats.rtt_ms),
        "lost": run.lost, "resumed": stats.resumed, "keys": keys,
        "recorded": recorded.map(|recorded| json!({
            "pictures": recorded.pictures, "left_out": recorded.left_out, "bytes": recorded.bytes,
        })),
    })
}

/// Microseconds are more than a reader can use.
fn round(ms: f64) -> f64 {
    (ms * 1e3).round() / 1e3
}
