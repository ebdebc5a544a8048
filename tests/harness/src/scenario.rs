//! One run: a domain comes up, viewers come and go, everything goes wrong, then nothing does, and then it is looked at what
//! has become of it all.
//!
//! ```text
//!   0 s         6 s           14 s                    32 s                some 12 s later
//!   ├─ comes up ─┼─ viewers ───┼─ viewers and faults ──┼─ settles, checks ─┼─ shut down, nothing is left
//! ```

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::cast::Cast;
use crate::domain::{Domain, Making};
use crate::faults::Faults;
use crate::hostile::Hostile;
use crate::ledger::{Ledger, SETTLE};
use crate::net::Random;
use crate::report::{Invariant, Report, Violation};
use crate::viewers::Person;

/// When the first viewers come.
const VIEWERS_FROM: Duration = Duration::from_secs(6);
/// When the first fault may strike: by then everything has been calm for long enough to promise something.
const FAULTS_FROM: Duration = Duration::from_secs(14);
/// For how long faults strike.
const FAULTS_FOR: Duration = Duration::from_secs(18);
/// What must not last is looked at this often.
const TICK: Duration = Duration::from_millis(250);
/// When all faults are over, all is well again within this time: what [`SETTLE`] says, a zone's longest pause between two
/// tries to make an instance, and what the last sessions need to be given up.
const WELL_WITHIN: Duration = Duration::from_secs(30);
/// A viewer or a fault that does not come to its end is stuck.
const END_WITHIN: Duration = Duration::from_secs(60);

/// How a run is made.
#[derive(Clone)]
pub struct Plan {
    /// The nodes.
    pub making: Making,
    /// Ask the cores to check themselves, too.
    pub inside: bool,
    /// Honest viewers.
    pub viewers: u8,
    /// There is a guide in every run, and not in every second.
    pub guide: bool,
    /// Print what happens.
    pub aloud: bool,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { making: Making::default(), inside: true, viewers: 5, guide: false, aloud: false }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What was counted.
    pub report: Report,
    /// What was broken.
    pub violations: Vec<Violation>,
    /// The same for every run of the seed.
    pub trace: u64,
    /// How long it took in virtual time.
    pub virtual_time: Duration,
}

/// A runtime for one simulation: one thread, a paused clock.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime can be made")
}

/// Runs a simulation in virtual time, and fails if it leaves a task behind.
pub fn simulate<T>(simulation: impl Future<Output = T>) -> T {
    let (result, left) = simulate_and_count(simulation);
    assert_eq!(left, 0, "tasks are left behind");
    result
}

/// The result, and how many tasks are left behind.
fn simulate_and_count<T>(simulation: impl Future<Output = T>) -> (T, usize) {
    let runtime = runtime();
    let local = LocalSet::new();
    let result = local.block_on(&runtime, async {
        let result = simulation.await;
        // Endpoints end by themselves when nobody holds them; their last packets need a moment.
        sleep(Duration::from_secs(5)).await;
        result
    });
    (result, runtime.metrics().num_alive_tasks())
}

/// Runs the fault scenario with one seed.
pub fn run(seed: u64, plan: &Plan) -> Outcome {
    let (mut outcome, left) = simulate_and_count(play(seed, plan.clone()));
    if left > 0 {
        let (invariant, at) = (Invariant::I8, outcome.virtual_time.as_millis() as u64);
        let words = format!("{left} tasks of the runtime are left behind");
        outcome.violations.push(Violation { invariant, at, words });
    }
    outcome
}

async fn play(seed: u64, plan: Plan) -> Outcome {
    let begun = Instant::now();
    let stream = |word| Random::derive(seed, word);
    let ledger = Ledger::new(plan.inside, plan.aloud);
    let mut cast = Cast::draw(&mut stream(1));
    // In every second run, so that all of them together take no longer.
    if plan.guide || seed.is_multiple_of(2) {
        cast = cast.with_guide(2 + stream(7).below(3) as u32);
    }
    let domain = Domain::new(seed, cast, ledger.clone(), plan.making);
    domain.boot_all();
    let mut ticking = JoinSet::new();
    ticking.spawn_local(tick(domain.clone()));

    let quiet_at = begun + FAULTS_FROM + FAULTS_FOR;
    let mut lives = JoinSet::new();
    for number in 0..plan.viewers {
        let person = Person::new(&domain, number, stream(100 + u64::from(number)));
        lives.spawn_local(async move {
            sleep_until(begun + VIEWERS_FROM).await;
            person.live(quiet_at).await;
        });
    }
    let hostile = Hostile::new(&domain, stream(2));
    lives.spawn_local(async move {
        sleep_until(begun + VIEWERS_FROM).await;
        hostile.live(quiet_at).await;
    });
    let (network, processes) = (Faults::new(&domain, stream(3)), Faults::new(&domain, stream(4)));
    lives.spawn_local(async move {
        sleep_until(begun + FAULTS_FROM).await;
        network.network(quiet_at).await;
    });
    lives.spawn_local(async move {
        sleep_until(begun + FAULTS_FROM).await;
        processes.processes(quiet_at).await;
    });
    sleep_until(quiet_at).await;
    if timeout(END_WITHIN, async { while lives.join_next().await.is_some() {} }).await.is_err() {
        ledger.violated(Invariant::Words, "a viewer or a fault does not come to its end");
    }
    drop(lives);
    recover(&domain).await;
    let orphans = domain.orphans();
    if !orphans.is_empty() {
        ledger.violated(Invariant::I8, format!("without parent: {orphans:?}"));
    }
    domain.shut_down(&mut stream(5)).await;
    sleep(TICK).await;
    domain.tick();
    ticking.abort_all();
    while ticking.join_next().await.is_some() {}
    let report = ledger.report(domain.net().counters());
    let (violations, trace) = (ledger.violations(), ledger.trace());
    Outcome { seed, report, violations, trace, virtual_time: begun.elapsed() }
}

/// The faults are over: everything that should run must run again, every slot be free, and the resolvers know it.
async fn recover(domain: &Domain) {
    let ledger = domain.ledger();
    domain.net().heal_all();
    domain.media().calm();
    domain.end_strays();
    domain.boot_all();
    ledger.premise(Invariant::Recovery);
    let until = Instant::now() + WELL_WITHIN;
    let settled = Instant::now() + Duration::from_millis(SETTLE) + TICK;
    let agreements = ledger.agreements();
    loop {
        sleep(TICK).await;
        let free = ledger.all_free(&domain.wanted());
        if free.is_ok() && Instant::now() >= settled && ledger.agreements() > agreements {
            return;
        }
        if Instant::now() >= until {
            let agreed = ledger.agreements() - agreements;
            let words = format!("{free:?}; resolvers agreed {agreed} times");
            return ledger.violated(Invariant::Recovery, words);
        }
    }
}

async fn tick(domain: Domain) {
    loop {
        sleep(TICK).await;
        domain.tick();
    }
}
