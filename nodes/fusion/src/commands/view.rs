//! `fusion view`: a session from a terminal or in a window. Counts, records, pipes, presses keys; tells at the end what was
//! seen, also when the session did not end as it should.

mod decode;
#[cfg(feature = "media")]
mod mp4;
mod outputs;
mod pipe;
mod recording;
mod run;
#[cfg(test)]
mod samples;
#[cfg(feature = "window")]
pub mod window;

use std::process::ExitCode;
use std::time::Duration;

use actors_protocol::input::keysym;
use anyhow::{Context, bail};
pub use outputs::Screen;
use outputs::{Measured, Outputs};
use recording::Container;
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval};
use transport_viewer::{DomainTrust, Event, OpenOptions, Options, Session, SessionInfo, Stats, Viewer};

use crate::cli::View;
use crate::commands::node::Stopping;
use crate::home::Home;
use crate::output;
use run::Run;

/// When all pictures are there and a key is not yet echoed: how long for.
const LAST_KEYS_WITHIN: Duration = Duration::from_secs(5);

/// How often a window is told what has been measured.
const MEASURED_EVERY: Duration = Duration::from_millis(500);

/// Is a window to be opened? It is what somebody gets who asks for nothing else.
pub fn wants_window(args: &View, json: bool) -> bool {
    let otherwise = args.record.is_some() || args.y4m.is_some() || args.frames.is_some() || json || args.no_window;
    args.window || (cfg!(feature = "window") && !otherwise)
}

/// The keys that are to be pressed, by name and number. What cannot be meant is refused before anything is opened.
fn checked(args: &View) -> anyhow::Result<Vec<(String, u32)>> {
    if let Some(path) = &args.record {
        Container::of(path)?;
    }
    args.keys.iter().map(|name| Ok((name.clone(), keysym(name)?))).collect()
}

/// Opens, watches, tells.
pub async fn run(home: &Home, args: View, json: bool, screen: Option<Screen>) -> anyhow::Result<ExitCode> {
    let keys = checked(&args)?;
    if screen.is_none() && wants_window(&args, json) {
        bail!("this binary was built without the feature `window`; --record FILE and --y4m - work without");
    }
    if screen.is_some() || args.y4m.is_some() {
        // The libraries are loaded before a slot is taken, not while its first pictures wait.
        decode::prepare()?;
    }
    let trust = DomainTrust::load(home.dir())?;
    let viewer = Viewer::new(trust, Options::default())?;
    if !args.wait.is_zero() {
        output::progress(&format!("opening {}, waiting at most {} s for a slot", args.service, args.wait.as_secs()));
    }
    let mut session = viewer.open(&args.service, OpenOptions { site: args.site.clone(), wait: args.wait }).await?;
    let (mut screen, show) = match screen {
        None => (None, None),
        Some(Screen { opened, show, measured, closed }) => {
            opened(session.info(), session.input_sender());
            (Some((measured, closed)), Some(show))
        }
    };
    let mut outputs = Outputs::open(&args, session.info(), show)?;
    let mut run = Run::new(keys, session.info());
    let watched = watch(&mut session, &mut run, &mut outputs, screen.as_mut(), &args).await;
    run.noted(|number| session.note_at(number));
    let (info, stats) = (session.info().clone(), session.stats());
    session.close().await;
    viewer.close().await;
    let finished = outputs.finish().await;
    let (written, unfinished) = match finished {
        Ok(written) => (written, None),
        Err(error) => (outputs::Written::default(), Some(error)),
    };
    // What ended the session is told before what went wrong after it.
    let trouble = watched.err().or(unfinished);
    let out = match args.y4m.as_deref().is_some_and(pipe::is_standard_output) {
        true => output::progress,
        false => output::line,
    };
    if json {
        out(&serde_json::to_string(&run.report(&info, &stats, &written, trouble.as_ref()))?);
    }
    if let Some(trouble) = trouble {
        return Err(trouble);
    }
    if !json {
        out(&told(&info, &stats));
        if let Some(path) = &args.record {
            out(&format!("recorded in {}; play it with: ffplay {0}", path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn told(info: &SessionInfo, stats: &Stats) -> String {
    format!(
        "{} in {}/{}: {} pictures, {} key pictures, {} late, first after {:.1} ms",
        info.service,
        info.zone,
        info.instance,
        stats.frames,
        stats.key_frames,
        stats.late,
        stats.first_frame_ms.unwrap_or(0.0)
    )
}

/// A window's ends that the watching needs: whom to tell what was measured, and who says that it was closed.
type Watched = (Measured, oneshot::Receiver<()>);

async fn watch(
    session: &mut Session,
    run: &mut Run,
    outputs: &mut Outputs,
    mut screen: Option<&mut Watched>,
    args: &View,
) -> anyhow::Result<()> {
    let mut stopping = Stopping::listen()?;
    let mut next_key: Option<Instant> = None;
    let mut last_keys_until: Option<Instant> = None;
    let mut measured = interval(MEASURED_EVERY);
    measured.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let enough = args.frames.is_some_and(|frames| run.counted >= frames);
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
            event = next(session, outputs) => match event {
                // Whoever read the pictures has seen enough; if it failed instead, the end of the outputs says so.
                None => return Ok(()),
                Some(Event::Picture(picture)) => {
                    if run.seen == 0 {
                        let info = session.info();
                        output::progress(&format!("{} plays from {}/{}, {}", info.service, info.zone, info.instance, info.slot));
                        next_key = Some(Instant::now() + args.key_interval);
                    }
                    run.picture(&picture);
                    run.noted(|number| session.note_at(number));
                    run.counted += u64::from(outputs.picture(&picture)?);
                }
                Some(Event::Lost { words }) => {
                    run.lost += 1;
                    output::progress(&format!("the connection is lost, trying to go on: {words}"));
                }
                Some(Event::Resumed) => output::progress("the session goes on"),
                Some(Event::Ended(ended)) => return Err(ended).context(format!("after {} pictures", run.seen)),
            },
            () = pause(next_key), if !run.keys.is_empty() => {
                run.press(session)?;
                next_key = Some(Instant::now() + args.key_interval);
            }
            () = closed(&mut screen) => return Ok(()),
            _ = measured.tick(), if screen.is_some() => {
                if let Some((measured, _)) = &screen {
                    measured(session.stats());
                }
            }
            () = stopping.told() => return Ok(()),
        }
    }
}

/// What happens next, asked for when there is room for it. None = there will be none any more.
async fn next(session: &mut Session, outputs: &Outputs) -> Option<Event> {
    match outputs.ready().await {
        true => Some(session.next().await),
        false => None,
    }
}

/// The window was closed; without one, never.
async fn closed(screen: &mut Option<&mut Watched>) {
    match screen {
        // An end that was dropped is a window that is gone.
        Some((_, closed)) => drop(closed.await),
        None => std::future::pending().await,
    }
}

async fn pause(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}
