//! `fusion bench fan-out`: many viewers of one encoder, and how many pictures the host sends per second of its processor.
//!
//! All look at one clip on the whole picture. All of the host counts: decoding, drawing, encoding, and sending each picture to
//! everybody; what a single viewer takes is told besides, since most of that is not sending. `tests/bench` sends as many bytes
//! with a program that does nothing else.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use super::crowd::{Crowd, RETURN, distinct, open, press};
use super::domain::{Domain, Media, SERVICE, Shape};
use super::figures::{Bar, Report, Row};
use super::usage;
use crate::cli::FanOut;
use crate::output;

/// kbit/s: where each of these viewers would end on this machine, one after the other. Fixed, so that all share one encoder.
const BIT_RATE: u32 = 3_000;
/// Who is shown the same has come together.
const SETTLE: Duration = Duration::from_secs(6);

/// What was measured with so many viewers.
#[derive(Serialize)]
struct Sample {
    viewers: u32,
    seconds: f64,
    /// Pictures that came; repeats are none.
    pictures: u64,
    bytes: u64,
    /// Pictures that were due and did not come.
    late: u64,
    encoders: usize,
    /// The host's.
    processor_seconds: f64,
    /// This process's.
    viewers_seconds: f64,
    load: f64,
    /// Of each picture that one of them was sent.
    #[serde(skip)]
    lengths: Vec<usize>,
}

/// Measures.
pub async fn run(args: &FanOut) -> anyhow::Result<Report> {
    let media = Media::make().await?;
    let many = sample(&media, args.viewers, args.time).await?;
    let one = sample(&media, 1, args.time).await?;
    if let Some(path) = &args.lengths {
        let lines: String = many.lengths.iter().map(|length| format!("{length}\n")).collect();
        std::fs::write(path, lines).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let of_host = many.pictures as f64 / many.processor_seconds;
    let (further, sending) =
        (many.pictures.saturating_sub(one.pictures), many.processor_seconds - one.processor_seconds);
    let share = |sample: &Sample| sample.processor_seconds * 1e2 / sample.seconds;
    let rows = vec![
        Row::plain("pictures per second of the host's processor", "/s", of_host, Bar::None),
        Row::plain("the same without what one viewer takes", "/s", further as f64 / sending, Bar::None),
        Row::plain("pictures delivered", "/s", many.pictures as f64 / many.seconds, Bar::None),
        Row::plain("the host's processor", " %", share(&many), Bar::None).against("one viewer", share(&one)),
        Row::plain("encoders", "", many.encoders as f64, Bar::AtMost(1.0)),
    ];
    Ok(Report { rows, detail: json!({ "many": many, "one": one }) })
}

async fn sample(media: &Media, viewers: u32, time: Duration) -> anyhow::Result<Sample> {
    let domain =
        Domain::start(media, &media.moving, Shape { hosts: 1, slots: viewers, bit_rate: Some(BIT_RATE) }).await?;
    let viewer = domain.viewer()?;
    // One of them is looked at.
    let witness = open(&viewer, SERVICE).await?;
    press(&witness, RETURN)?;
    let mut crowd = Crowd::quiet(&viewer, viewers as usize - 1, &[RETURN]).await?;
    let lengths = crowd.witness(witness);
    output::progress(&format!("bench: {viewers} viewers of one view, load {:.1}", usage::load()));
    crowd.watch(SETTLE).await?;
    lengths.borrow_mut().clear();
    let own = std::process::id();
    let (begun, processor, mine) = (Instant::now(), domain.processor()?, usage::processor(own)?);
    let (pictures, bytes, late) = (crowd.came.pictures(), crowd.came.bytes(), crowd.came.late());
    crowd.watch(time).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let sample = Sample {
        viewers,
        seconds,
        pictures: crowd.came.pictures() - pictures,
        bytes: crowd.came.bytes() - bytes,
        late: crowd.came.late() - late,
        encoders: distinct(&domain.studios().await?),
        processor_seconds: (domain.processor()? - processor).as_secs_f64(),
        viewers_seconds: (usage::processor(own)? - mine).as_secs_f64(),
        load: usage::load(),
        lengths: lengths.take(),
    };
    ensure!(sample.pictures > 0, "nothing came");
    viewer.close().await;
    Ok(sample)
}
