//! `fusion bench latency`: from an input to its decoded picture, and where the time goes.
//!
//! Four sessions of a page of nine clips in one host process; three of them move by themselves, the fourth presses keys and
//! decodes everything that it is sent, in this process. An input is measured from the moment it is handed to the viewer
//! library until the first picture that echoes it has been decoded. What the host takes it tells itself; the rest of the way
//! is what is left.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use media_pipeline::H264Decoder;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use transport_viewer::{Event, InputEvent, Session};

use super::chart;
use super::crowd::{Crowd, TAB, open};
use super::domain::{Domain, Media, SERVICE, Shape};
use super::figures::{Bar, Report, Row, percentile};
use super::usage;
use crate::cli::Latency;
use crate::output;

/// The three that move by themselves, in a ring.
const OTHERS: [usize; 3] = [1, 3, 5];
/// Bit rates have gone up as far as they do.
const SETTLE: Duration = Duration::from_secs(7);
/// Of this many keys or fewer it is a test of the bench: nobody waits for bit rates.
const FEW: u32 = 20;
/// A key that has no picture by then is not answered.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// Between a picture and the next key: at least so long, and up to a hundred milliseconds more, so that keys fall anywhere
/// between two pictures of the clips.
const PAUSE_LEAST_MS: u64 = 60;
/// What the bench's parts are called, in their order.
const STEPS: [&str; 5] = ["queue", "compose", "encode", "send, way and receive", "decode"];

/// One key, milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
struct Sample {
    /// Until the picture was decoded.
    decoded: f64,
    /// Until its last byte had come.
    came: f64,
    /// Decoding it.
    decode: f64,
}

/// Measures.
pub async fn run(args: &Latency) -> anyhow::Result<Report> {
    let media = Media::make().await?;
    let domain = Domain::start(&media, &media.moving, Shape { hosts: 1, slots: 4, bit_rate: None }).await?;
    let viewer = domain.viewer()?;
    let mut others = Crowd::gather(&viewer, OTHERS.into_iter()).await?;
    let session = open(&viewer, SERVICE).await?;
    let before = usage::load();
    output::progress(&format!("bench: {} keys, load {before:.1}", args.keys));
    let samples = tokio::select! {
        samples = press(session, args.keys) => samples?,
        ended = others.watch(Duration::MAX) => return Err(ended.err().context("the others have left")?),
    };
    let studios = domain.studios().await?;
    let host = &studios.first().context("there is one host")?["timing_us"]["for_input"];
    viewer.close().await;
    let of = |which: fn(&Sample) -> f64, percent| percentile(&samples.iter().map(which).collect::<Vec<_>>(), percent);
    let rest: [f64; 2] = [50, 99].map(|percent| {
        let at_host: f64 = STEPS[..3].iter().map(|step| told(host, step, percent)).sum();
        of(|sample| sample.came, percent) - at_host
    });
    let step = |index: usize, at: usize| match index {
        0..=2 => told(host, STEPS[index], [50, 99][at]),
        3 => rest[at],
        _ => of(|sample| sample.decode, [50, 99][at]),
    };
    let (p50, p99) = (of(|sample| sample.decoded, 50), of(|sample| sample.decoded, 99));
    let mut rows = vec![
        Row::plain("input → decoded picture, p50", " ms", p50, Bar::AtMost(5.0)),
        Row::plain("input → decoded picture, p99", " ms", p99, Bar::AtMost(15.0)),
    ];
    for (index, name) in STEPS.iter().enumerate() {
        rows.push(Row::plain(format!("of which {name}, p50"), " ms", step(index, 0), Bar::None));
    }
    for (index, name) in STEPS.iter().enumerate().filter(|(index, _)| *index != 3) {
        rows.push(Row::plain(format!("{name} alone, p99"), " ms", step(index, 1), Bar::None));
    }
    let bar = |name: &str, parts| chart::Row { name: name.to_owned(), parts };
    let mut bars = vec![bar("ours, p50", (0..5).map(|index| (index, step(index, 0))).collect())];
    bars.push(bar("ours, p99", vec![(5, p99)]));
    for other in &args.beside {
        bars.push(bar(&format!("{}, p50", other.name), vec![(5, other.p50)]));
        bars.push(bar(&format!("{}, p99", other.name), vec![(5, other.p99)]));
    }
    let parts = [&STEPS[..], &["as a whole"]].concat();
    std::fs::write(&args.svg, chart::bars("From an input to its decoded picture", "ms", &parts, &bars))?;
    output::progress(&format!("bench: the chart is in {}", args.svg.display()));
    let detail = json!({
        "keys": args.keys, "samples_ms": samples, "host_us": host, "load_before": before, "load_after": usage::load(),
        "release": !cfg!(debug_assertions),
    });
    Ok(Report { rows, detail })
}

/// What the studio tells of a step, in milliseconds.
fn told(host: &Value, step: &str, percent: usize) -> f64 {
    host[step][format!("p{percent}")].as_f64().map_or(f64::NAN, |us| us / 1e3)
}

/// Presses keys, one when the one before has been answered, and decodes everything.
async fn press(mut session: Session, keys: u32) -> anyhow::Result<Vec<Sample>> {
    let mut decoder = H264Decoder::new()?;
    let mut samples = Vec::new();
    let mut sent: Option<(u32, Instant)> = None;
    let mut next = Instant::now() + if keys > FEW { SETTLE } else { ANSWER_WITHIN / 3 };
    while samples.len() < keys as usize {
        let until = sent.map_or(next, |(_, at)| at + ANSWER_WITHIN);
        tokio::select! {
            event = session.next() => {
                let picture = match event {
                    Event::Picture(picture) => picture,
                    Event::Ended(ended) => return Err(ended).context("the session has ended while it was measured"),
                    Event::Lost { words } => bail!("the connection was lost while it was measured: {words}"),
                    Event::Resumed => continue,
                };
                if picture.repeat {
                    continue;
                }
                let begun = Instant::now();
                let decoded = decoder.decode(&picture.data)?;
                let done = Instant::now();
                if let Some((_, at)) = sent.take_if(|(number, _)| picture.last_input >= *number) {
                    ensure!(decoded.is_some(), "the picture that answers a key could not be decoded");
                    let ms = |from: Instant, to: Instant| (to - from).as_secs_f64() * 1e3;
                    samples.push(Sample {
                        decoded: ms(at, done),
                        came: ms(at, picture.complete_at),
                        decode: ms(begun, done),
                    });
                    next = done + Duration::from_millis(PAUSE_LEAST_MS + scattered(samples.len() as u64) % 100);
                }
            }
            () = sleep_until(until) => match sent {
                Some((number, _)) => bail!("input {number} was not answered within {} s", ANSWER_WITHIN.as_secs()),
                None => {
                    let at = Instant::now();
                    sent = Some((session.send(InputEvent::Key { keysym: TAB, down: true })?, at));
                }
            }
        }
    }
    session.close().await;
    Ok(samples)
}

/// Numbers without a pattern, the same in each run.
fn scattered(index: u64) -> u64 {
    index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
}
