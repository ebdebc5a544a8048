//! `fusion bench density`: what sessions of the guide cost together and apart.
//!
//! Together: one host process with one instance of many slots. Apart: as many host processes with one slot each. Both are
//! this very binary, show the same nine clips and the same moving highlights, and are watched by the same viewers, which
//! live in this process and decode nothing. Counted are processor time and memory of the host processes only.

use std::time::Duration;

use anyhow::ensure;
use serde::Serialize;
use tokio::time::Instant;

use super::chart::{self, Line, Panel};
use super::crowd::{Crowd, distinct};
use super::domain::{Domain, Media, Shape};
use super::figures::{Bar, Report, Row, number, slope};
use super::usage;
use crate::cli::Density;
use crate::output;

/// How long, and with how many.
struct Plan {
    together: &'static [usize],
    apart: &'static [usize],
    /// Bit rates have gone up by then, or down, as far as they do.
    settle: Duration,
    time: Duration,
    still: Duration,
    /// What is compared, with the bars for processor and memory.
    compared: &'static [(usize, Bar, Bar)],
}

const FULL: Plan = Plan {
    together: &[1, 4, 16, 32],
    apart: &[4, 16],
    settle: Duration::from_secs(7),
    time: Duration::from_secs(12),
    still: Duration::from_secs(24),
    compared: &[(16, Bar::RatioAtMost(0.25), Bar::RatioAtMost(0.2)), (4, Bar::RatioAtMost(0.45), Bar::None)],
};
const QUICK: Plan = Plan {
    together: &[1, 2],
    apart: &[2],
    settle: Duration::from_millis(500),
    time: Duration::from_secs(1),
    still: Duration::from_secs(2),
    compared: &[(2, Bar::None, Bar::None)],
};
/// Views are counted so often in a measurement.
const LOOKS: u32 = 4;

/// One measurement.
#[derive(Clone, Debug, Serialize)]
struct Sample {
    sessions: usize,
    processes: usize,
    seconds: f64,
    /// Pictures delivered; repeats are none.
    pictures: u64,
    /// Pictures that were due and did not come.
    late: u64,
    lost: u64,
    kilobits_per_session: f64,
    /// Processor time of the hosts.
    processor_seconds: f64,
    /// Processor time of this process: viewers and control.
    viewers_seconds: f64,
    /// PSS of the hosts at the end.
    memory_mb: f64,
    /// Encoders at work, the fewest of several looks.
    encoders: usize,
    load: f64,
}

impl Sample {
    /// Milliseconds of a processor for each picture that was delivered.
    fn per_picture(&self) -> f64 {
        self.processor_seconds * 1e3 / self.pictures as f64
    }

    fn rate(&self) -> f64 {
        self.pictures as f64 / self.seconds
    }
}

/// What the sessions are shown, and what they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    /// Nine clips, each session's highlight moves.
    Guide,
    /// Nine clips, nobody does anything.
    Clips,
    /// Stills, nobody does anything.
    Stills,
}

/// Measures.
pub async fn run(args: &Density) -> anyhow::Result<Report> {
    let plan = if args.quick { QUICK } else { FULL };
    let media = Media::make().await?;
    let mut together = Vec::new();
    for sessions in plan.together {
        let shape = Shape { hosts: 1, slots: *sessions as u32, bit_rate: None };
        together.push(sample(&media, Show::Guide, shape, plan.settle, plan.time).await?);
    }
    let mut apart = Vec::new();
    for sessions in plan.apart {
        let shape = Shape { hosts: *sessions, slots: 1, bit_rate: None };
        apart.push(sample(&media, Show::Guide, shape, plan.settle, plan.time).await?);
    }
    let one = Shape { hosts: 1, slots: 1, bit_rate: None };
    let moving = sample(&media, Show::Clips, one, plan.settle, plan.still).await?;
    let still = sample(&media, Show::Stills, one, plan.settle, plan.still).await?;
    std::fs::write(&args.svg, charts(&together, &apart))?;
    output::progress(&format!("bench: the chart is in {}", args.svg.display()));
    let rows = rows(&plan, &together, &apart, &moving, &still);
    let detail = serde_json::json!({
        "together": together, "apart": apart, "moving": moving, "still": still, "quick": args.quick,
        "release": !cfg!(debug_assertions),
    });
    Ok(Report { rows, detail })
}

async fn sample(media: &Media, show: Show, shape: Shape, settle: Duration, time: Duration) -> anyhow::Result<Sample> {
    let sessions = shape.hosts * shape.slots as usize;
    output::progress(&format!("bench: {show:?}, {sessions} sessions in {} host processes", shape.hosts));
    let folder = if show == Show::Stills { &media.still } else { &media.moving };
    let domain = Domain::start(media, folder, shape).await?;
    let viewer = domain.viewer()?;
    let mut crowd = match show {
        Show::Guide => Crowd::gather(&viewer, 0..sessions).await?,
        Show::Clips | Show::Stills => Crowd::quiet(&viewer, sessions, &[]).await?,
    };
    crowd.watch(settle).await?;
    let own = std::process::id();
    let before = (crowd.came.pictures(), crowd.came.late(), crowd.came.lost(), crowd.came.bytes());
    let (begun, processor, viewers) = (Instant::now(), domain.processor()?, usage::processor(own)?);
    let mut encoders = usize::MAX;
    for _ in 0..LOOKS {
        crowd.watch(time / LOOKS).await?;
        if shape.hosts == 1 {
            encoders = encoders.min(distinct(&domain.studios().await?));
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let processor_seconds = (domain.processor()? - processor).as_secs_f64();
    let bytes = crowd.came.bytes() - before.3;
    let sample = Sample {
        sessions,
        processes: shape.hosts,
        seconds,
        pictures: crowd.came.pictures() - before.0,
        late: crowd.came.late() - before.1,
        lost: crowd.came.lost() - before.2,
        kilobits_per_session: bytes as f64 * 8.0 / 1e3 / seconds / sessions as f64,
        processor_seconds,
        viewers_seconds: (usage::processor(own)? - viewers).as_secs_f64(),
        memory_mb: domain.memory()? as f64 / 1e6,
        encoders: if shape.hosts == 1 { encoders } else { sessions },
        load: usage::load(),
    };
    ensure!(sample.encoders == sessions, "{} sessions shared {} encoders", sessions, sample.encoders);
    output::progress(&format!(
        "bench: {} pictures/s, {} ms of a processor each, {} MB, load {:.1}",
        number(sample.rate()),
        number(sample.per_picture()),
        number(sample.memory_mb),
        sample.load
    ));
    viewer.close().await;
    Ok(sample)
}

fn rows(plan: &Plan, together: &[Sample], apart: &[Sample], moving: &Sample, still: &Sample) -> Vec<Row> {
    let mut rows = Vec::new();
    let of = |samples: &[Sample], sessions: usize| samples.iter().find(|one| one.sessions == sessions).cloned();
    for (sessions, processor, memory) in plan.compared {
        let (Some(one), Some(many)) = (of(together, *sessions), of(apart, *sessions)) else { continue };
        let peer = "apart";
        let row = |what: &str, unit, ours, bar| Row::plain(format!("{sessions} sessions: {what}"), unit, ours, bar);
        rows.push(row("processor per picture", " ms", one.per_picture(), *processor).against(peer, many.per_picture()));
        rows.push(row("memory (PSS)", " MB", one.memory_mb, *memory).against(peer, many.memory_mb));
        rows.push(row("pictures delivered", "/s", one.rate(), Bar::None).against(peer, many.rate()));
    }
    for one in together {
        let name = |what: &str| format!("{} in one process: {what}", one.sessions);
        rows.push(Row::plain(name("processor per picture"), " ms", one.per_picture(), Bar::None));
        rows.push(Row::plain(name("memory (PSS)"), " MB", one.memory_mb, Bar::None));
        rows.push(Row::plain(name("pictures delivered"), "/s", one.rate(), Bar::None));
    }
    let points: Vec<_> = together.iter().map(|one| (one.sessions as f64, one.memory_mb)).collect();
    rows.push(Row::plain("a further active session", " MB", slope(&points), Bar::AtMost(8.0)));
    let share = |one: &Sample| one.processor_seconds * 1e2 / one.seconds;
    let row = Row::plain("a still guide, of a processor", " %", share(still), Bar::RatioAtMost(0.02));
    rows.push(row.against("a moving one", share(moving)));
    rows
}

fn charts(together: &[Sample], apart: &[Sample]) -> String {
    let line = |name, samples: &[Sample], of: fn(&Sample) -> f64| Line {
        name,
        points: samples.iter().map(|one| (one.sessions as f64, of(one))).collect(),
    };
    // A single session is the same both ways.
    let alone: Vec<Sample> = together.iter().take(1).chain(apart).cloned().collect();
    let panel = |title, unit, of: fn(&Sample) -> f64| Panel {
        title,
        unit,
        across: "sessions",
        lines: vec![line("one process", together, of), line("one process each", &alone, of)],
    };
    chart::lines(
        "Sessions of the guide, together and apart",
        &[
            panel("Processor per picture delivered", "ms", Sample::per_picture),
            panel("Memory (PSS)", "MB", |one| one.memory_mb),
            panel("Pictures delivered", "per second", Sample::rate),
        ],
    )
}
