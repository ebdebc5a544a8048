//! A call with a message of 100 bytes to an actor on another node, beside three peers in the same run.
//!
//! Owns: the order of the turns, so that what disturbs the machine disturbs all contestants. Refuses: the contestants
//! (the modules beside it).

pub mod bare;
pub mod grpc;
pub mod message;
pub mod node;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::figures::{Turn, median, median_ratio, percentile};
use crate::report::{Bar, Report, Row};
use crate::{Plan, progress};

/// Calls under way at once, when there are many.
const MANY: usize = 64;

type Turning<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Turn>> + 'a>>;

/// One of those that are compared: a client here, connected to a server in another process.
pub trait Contestant {
    /// What it is called.
    fn name(&self) -> &'static str;
    /// Keeps `in_flight` calls under way for a while. Times are wanted when there is one.
    fn turn(&mut self, in_flight: usize, length: Duration) -> Turning<'_>;
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Who {
    /// Us.
    Fusion,
    /// Bare quinn, with the message decoded and encoded.
    Bare,
    /// Bare quinn, bytes only.
    Raw,
    /// Tonic.
    Tonic,
}

async fn start(who: Who) -> anyhow::Result<Box<dyn Contestant>> {
    Ok(match who {
        Who::Fusion => Box::new(node::Client::start()?),
        Who::Bare => Box::new(bare::Client::start(bare::Mode::Coded).await?),
        Who::Raw => Box::new(bare::Client::start(bare::Mode::Raw).await?),
        Who::Tonic => Box::new(grpc::Client::start().await?),
    })
}

/// One contestant, alone and for long enough that a profiler sees it.
pub async fn profile(who: Who, in_flight: usize) -> anyhow::Result<()> {
    let mut contestant = start(who).await?;
    for _ in 0..10 {
        let mut turn = contestant.turn(in_flight, Duration::from_secs(1)).await?;
        let rate = turn.rate();
        let mut words = format!("{}, {in_flight} in flight: {rate:.0}/s", contestant.name());
        for percent in [50, 90, 95, 98, 99].iter().filter(|_| in_flight == 1) {
            let time = percentile(&mut turn.times_us, f64::from(*percent) / 100.0);
            words += &format!(", p{percent} {time:.1} µs");
        }
        progress(&words);
    }
    Ok(())
}

/// What one contestant has shown, round by round.
#[derive(Default)]
struct Shown {
    rate: Vec<f64>,
    p50_us: Vec<f64>,
    p99_us: Vec<f64>,
}

/// Runs all of it.
pub async fn measure(plan: Plan, report: &mut Report) -> anyhow::Result<()> {
    progress("ask: starting an actor on a node, a bare echo, a tonic server");
    let mut contestants = Vec::new();
    for who in [Who::Fusion, Who::Bare, Who::Raw, Who::Tonic] {
        contestants.push(start(who).await?);
    }
    let mut shown: Vec<Shown> = contestants.iter().map(|_| Shown::default()).collect();
    for contestant in &mut contestants {
        contestant.turn(MANY, plan.turn).await?;
    }
    for round in 0..plan.rounds {
        progress(&format!("ask: round {} of {}", round + 1, plan.rounds));
        // Each round begins with another one: nobody always comes after the same one.
        for place in 0..contestants.len() {
            let which = (place + round) % contestants.len();
            let (contestant, shown) = (&mut contestants[which], &mut shown[which]);
            shown.rate.push(contestant.turn(MANY, plan.turn).await?.rate());
        }
        for place in 0..contestants.len() {
            let which = (place + round) % contestants.len();
            let (contestant, shown) = (&mut contestants[which], &mut shown[which]);
            let mut times = contestant.turn(1, plan.turn).await?.times_us;
            shown.p50_us.push(percentile(&mut times, 0.50));
            shown.p99_us.push(percentile(&mut times, 0.99));
        }
    }
    let names: Vec<_> = contestants.iter().map(|contestant| contestant.name()).collect();
    tell(&names, &shown, report);
    Ok(())
}

fn tell(names: &[&'static str], shown: &[Shown], report: &mut Report) {
    type Of = fn(&Shown) -> &[f64];
    let (rate, p50, p99): (Of, Of, Of) = (|s| &s.rate, |s| &s.p50_us, |s| &s.p99_us);
    let row = |measure, unit, of: Of, peer: usize, bar| {
        let (ours, theirs) = (of(&shown[0]), of(&shown[peer]));
        Row::plain(measure, unit, median(ours), bar)
            .against(names[peer], median(theirs), median_ratio(ours, theirs))
            .with_rounds(ours, theirs)
    };
    report.add(row("ask, 64 in flight", "/s", rate, 1, Bar::RatioAtLeast(0.5)));
    report.add(row("ask, 64 in flight", "/s", rate, 2, Bar::None));
    report.add(row("ask, 64 in flight", "/s", rate, 3, Bar::RatioAtLeast(3.0)));
    report.add(row("ask alone, p50", " µs", p50, 1, Bar::RatioAtMost(1.15)));
    report.add(row("ask alone, p99", " µs", p99, 1, Bar::RatioAtMost(1.5)));
    report.add(row("ask alone, p50", " µs", p50, 2, Bar::None));
    report.add(row("ask alone, p50", " µs", p50, 3, Bar::None));
}

/// A turn of a contestant whose calls are futures of their own: each of `in_flight` tasks makes one call after the other.
async fn calls<F>(in_flight: usize, length: Duration, call: impl Fn() -> F + 'static) -> anyhow::Result<Turn>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let call = Rc::new(call);
    let begun = Instant::now();
    if in_flight == 1 {
        let mut times_us = Vec::with_capacity(64 * 1024);
        let mut now = begun;
        while now - begun < length {
            call().await?;
            let before = std::mem::replace(&mut now, Instant::now());
            times_us.push((now - before).as_secs_f64() * 1e6);
        }
        return Ok(Turn { answered: times_us.len() as u64, took: begun.elapsed(), times_us });
    }
    let mut tasks = JoinSet::new();
    for _ in 0..in_flight {
        let call = call.clone();
        tasks.spawn_local(async move {
            let mut answered = 0;
            while begun.elapsed() < length {
                call().await?;
                answered += 1;
            }
            anyhow::Ok(answered)
        });
    }
    let mut answered = 0;
    while let Some(task) = tasks.join_next().await {
        answered += task??;
    }
    Ok(Turn { answered, took: begun.elapsed(), times_us: Vec::new() })
}
