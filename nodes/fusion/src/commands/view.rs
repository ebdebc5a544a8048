//! `fusion view`: a session from a terminal. Counts, records, presses keys; tells at the end what was seen, also when the
//! session did not end as it should.

mod run;

use std::process::ExitCode;
use std::time::Duration;

use actors_protocol::input::keysym;
use anyhow::{Context, bail};
use tokio::time::Instant;
use transport_viewer::{DomainTrust, Event, OpenOptions, Options, Recorder, Session, Viewer};

use crate::cli::View;
use crate::commands::node::Stopping;
use crate::home::Home;
use crate::output;
use run::Run;

/// When all pictures are there and a key is not yet echoed: how long for.
const LAST_KEYS_WITHIN: Duration = Duration::from_secs(5);

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
    let mut run = Run::new(keys, recorder, session.info());
    let watched = watch(&mut session, &mut run, &args).await;
    let (info, stats) = (session.info().clone(), session.stats());
    session.close().await;
    viewer.close().await;
    let recorded = run.recorder.take().map(Recorder::finish).transpose()?;
    if json {
        output::json(&run.report(&info, &stats, recorded, watched.as_ref().err()))?;
    }
    watched?;
    if !json {
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
    let mut stopping = Stopping::listen()?;
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
                        let info = session.info();
                        output::progress(&format!("{} plays from {}/{}, {}", info.service, info.zone, info.instance, info.slot));
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
            () = stopping.told() => return Ok(()),
        }
    }
}

async fn pause(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}
