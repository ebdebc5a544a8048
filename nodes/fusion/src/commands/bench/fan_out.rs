//! `fusion bench fan-out`: many viewers of one encoder, and how many pictures the host sends per second of its processor.
//!
//! All of the host counts: decoding nine clips, drawing, encoding, and sending each picture to everybody. `tests/bench` sends
//! as many bytes with a program that does nothing else.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::json;
use tokio::time::Instant;

use super::crowd::{Crowd, distinct, open};
use super::domain::{Domain, Media, SERVICE, Shape};
use super::figures::{Bar, Report, Row};
use super::usage;
use crate::cli::FanOut;
use crate::output;

/// Bit rates have gone up, and those who are shown the same at the same rate have come together again.
const SETTLE: Duration = Duration::from_secs(12);

/// Measures.
pub async fn run(args: &FanOut) -> anyhow::Result<Report> {
    let media = Media::make().await?;
    let slots = args.viewers;
    let domain = Domain::start(&media, &media.moving, Shape { hosts: 1, slots }).await?;
    let viewer = domain.viewer()?;
    // One of them is looked at.
    let witness = open(&viewer, SERVICE).await?;
    let mut crowd = Crowd::quiet(&viewer, slots as usize - 1).await?;
    let lengths = crowd.witness(witness);
    output::progress(&format!("bench: {slots} viewers of one view, load {:.1}", usage::load()));
    crowd.watch(SETTLE).await?;
    lengths.borrow_mut().clear();
    let own = std::process::id();
    let (begun, processor, viewers) = (Instant::now(), domain.processor()?, usage::processor(own)?);
    let (pictures, bytes, late) = (crowd.came.pictures(), crowd.came.bytes(), crowd.came.late());
    crowd.watch(args.time).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let processor = (domain.processor()? - processor).as_secs_f64();
    let viewers = (usage::processor(own)? - viewers).as_secs_f64();
    let (pictures, bytes) = (crowd.came.pictures() - pictures, crowd.came.bytes() - bytes);
    let late = crowd.came.late() - late;
    let encoders = distinct(&domain.studios().await?);
    viewer.close().await;
    ensure!(pictures > 0, "nothing came");
    if let Some(path) = &args.lengths {
        let lines: String = lengths.borrow().iter().map(|length| format!("{length}\n")).collect();
        std::fs::write(path, lines).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let rows = vec![
        Row::plain("pictures per second of the host's processor", "/s", pictures as f64 / processor, Bar::None),
        Row::plain("pictures delivered", "/s", pictures as f64 / seconds, Bar::None),
        Row::plain("the host's processor", " %", processor * 1e2 / seconds, Bar::None),
        Row::plain("encoders", "", encoders as f64, Bar::AtMost(1.0)),
    ];
    let detail = json!({
        "viewers": slots, "seconds": seconds, "pictures": pictures, "bytes": bytes, "late": late, "encoders": encoders,
        "processor_seconds": processor, "viewers_seconds": viewers, "load": usage::load(),
    });
    Ok(Report { rows, detail })
}
