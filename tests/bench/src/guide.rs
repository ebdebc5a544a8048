//! The programme guide, as `fusion bench` measures it, beside peers that do a part of the same.
//!
//! ```text
//!   this program ──starts──► fusion bench density | latency | fan-out   (its rows become ours)
//!        └──────starts──► Xvnc and a window that changes its colour; bare quinn that sends the same bytes
//! ```
//!
//! Owns: the peers, and the rows that compare. Refuses: to measure the guide itself, which `fusion bench` does without peers.

pub mod bare;
mod rfb;
pub mod window;
mod xvnc;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::child::{Child, Kind};
use crate::figures::percentile;
use crate::progress;
use crate::report::{Bar, Report, Row};

/// Keys that are measured, ours and the peer's.
const KEYS: u32 = 300;
const KEYS_QUICK: u32 = 60;
/// Viewers of one encoder.
const VIEWERS: usize = 200;
/// Seconds that pictures are sent to them.
const SECONDS: u64 = 15;
const SECONDS_QUICK: u64 = 4;
/// What ours may take of Xvnc's time.
const OF_XVNC: f64 = 0.6;

/// What `fusion bench --json` prints.
#[derive(Deserialize)]
struct Told {
    rows: Vec<Row>,
    detail: serde_json::Value,
}

/// Runs a measurement of `fusion`, which is beside this program.
fn fusion(words: &[&str]) -> anyhow::Result<Told> {
    let own = std::env::current_exe()?;
    let program = own.with_file_name("fusion");
    ensure!(program.exists(), "{} is missing: `make bench` builds it, or cargo build --release", program.display());
    let mut command = Command::new(&program);
    command.args(["bench", "--json"]).args(words).stderr(Stdio::inherit());
    let ended = command.output().with_context(|| format!("{} cannot be started", program.display()))?;
    ensure!(ended.status.success(), "fusion bench {} has failed; above is why", words.join(" "));
    serde_json::from_slice(&ended.stdout).context("fusion bench said something else than its figures")
}

/// Where a chart goes: beside the JSON.
fn beside(json: &Path, name: &str) -> PathBuf {
    json.with_file_name(name)
}

/// Sessions together and apart.
pub fn density(quick: bool, json: &Path, report: &mut Report) -> anyhow::Result<()> {
    progress("density: sessions of the guide, together and apart");
    let svg = beside(json, "density.svg");
    let svg = svg.to_string_lossy();
    let mut words = vec!["density", "--svg", &svg];
    words.extend(quick.then_some("--quick"));
    let told = fusion(&words)?;
    told.rows.into_iter().for_each(|row| report.add(row));
    report.detail("density", told.detail);
    Ok(())
}

/// From an input to its picture.
pub fn latency(quick: bool, json: &Path, report: &mut Report) -> anyhow::Result<()> {
    let keys = if quick { KEYS_QUICK } else { KEYS };
    progress(&format!("latency: {keys} keys to Xvnc, then to the guide"));
    let theirs = match xvnc::keys(keys) {
        Ok(mut samples) => Some((percentile(&mut samples, 0.5), percentile(&mut samples, 0.99))),
        Err(error) => {
            progress(&format!("latency: NO PEER, ours alone: {error:#}"));
            None
        }
    };
    let (svg, keys) = (beside(json, "latency.svg"), keys.to_string());
    let svg = svg.to_string_lossy();
    let mut words = vec!["latency", "--keys", &keys, "--svg", &svg];
    let other = theirs.map(|(p50, p99)| format!("Xvnc={p50},{p99}"));
    words.extend(other.iter().flat_map(|other| ["--beside", other]));
    let told = fusion(&words)?;
    let ours: Vec<f64> = told.rows.iter().take(2).map(|row| row.ours).collect();
    told.rows.into_iter().for_each(|row| report.add(row));
    report.detail("latency", told.detail);
    if let (Some((p50, p99)), [our_p50, our_p99]) = (theirs, &ours[..]) {
        let (peer, unit) = ("Xvnc, key → raw pixels", " ms");
        let row = Row::plain("input → picture, p50, ours decoded", unit, *our_p50, Bar::RatioAtMost(OF_XVNC));
        report.add(row.against(peer, p50, our_p50 / p50));
        let row = Row::plain("input → picture, p99, ours decoded", unit, *our_p99, Bar::None);
        report.add(row.against(peer, p99, our_p99 / p99));
    }
    Ok(())
}

/// Many viewers of one encoder.
pub async fn fan_out(quick: bool, report: &mut Report) -> anyhow::Result<()> {
    progress(&format!("fan-out: {VIEWERS} viewers of one encoder, then the same bytes from bare quinn"));
    let seconds = if quick { SECONDS_QUICK } else { SECONDS };
    let lengths = std::env::temp_dir().join(format!("fusion-bench-lengths-{}", std::process::id()));
    let path = lengths.to_string_lossy().into_owned();
    let (viewers, time) = (VIEWERS.to_string(), format!("{seconds}s"));
    let measured = async {
        let told = fusion(&["fan-out", "--viewers", &viewers, "--time", &time, "--lengths", &path])?;
        let mut sender: Child<bare::At> = Child::start(Kind::FanOut)?;
        anyhow::Ok((told, bare::receive(&mut sender, VIEWERS, &path, seconds).await?))
    }
    .await;
    // Whatever came of it.
    let _ = std::fs::remove_file(&lengths);
    let (told, theirs) = measured?;
    let ours = told.rows.first().context("fusion bench fan-out told no figure")?.ours;
    let theirs = theirs.pictures as f64 / theirs.processor_seconds;
    let peer = "bare quinn, the same bytes";
    let row = Row::plain("fan-out to 200, per second of the sender's processor", "/s", ours, Bar::RatioAtLeast(0.7));
    report.add(row.against(peer, theirs, ours / theirs));
    if let Some(sending) = told.rows.get(1).map(|row| row.ours) {
        let row = Row::plain("fan-out to 200, sending alone", "/s", sending, Bar::None);
        report.add(row.against(peer, theirs, sending / theirs));
    }
    told.rows.into_iter().skip(2).for_each(|mut row| {
        row.measure = format!("fan-out: {}", row.measure).into();
        report.add(row);
    });
    report.detail("fan_out", told.detail);
    Ok(())
}
