//! The decisions of a zone's gateway: what its zone looks like, whom to tell, and which pool a viewer's slot comes from.
//!
//! ```text
//!   factories ──PoolReport──► pools ──changes gathered for 20 ms, repeated every 250 ms──► ZoneReport ──► receivers
//!   resolver ──Reserve──► Attempt: pools with free slots first, then the rest ──► Reservation
//! ```
//!
//! Owns: the zone's copy of what factories report, and the sequence of zone reports. Refuses: slots; a factory alone hands
//! those out. A gateway that has just started knows nothing yet and says so: for [`LEARNING`] it does not claim that a
//! service is unknown, and it sends no report while it has nothing to report.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use actors_protocol::SlotCounts;
use actors_protocol::gateway::{Noted, Release, ReportPool, Reservation, Reserve, ZoneReport};
use actors_protocol::zone::InstanceFailure;
use actors_protocol::{Incarnation, InstanceName, Millis, NodeName, ServiceName, ZoneName};

mod attempt;
mod memory;
pub(crate) mod order;
mod outbox;
mod pools;
mod state;
#[cfg(test)]
mod tests;

pub use attempt::{Attempt, Step};
pub use memory::{REQUEST_REMEMBERED_FOR, REQUESTS_REMEMBERED_MAX};
pub use outbox::{GATHER, RECEIVERS_MAX, REPEAT, SEND_WITHIN};
pub use pools::{GONE_REMEMBERED_FOR, OFFERINGS_MAX, POOLS_MAX, PoolKey, SILENCE_MAX};
pub use state::{GatewayState, PoolState, ReceiverState};

use crate::flaw::Flaw;
use attempt::Planned;
use memory::Memory;
use outbox::Outbox;
use pools::{Pools, Taken};

/// After its start a gateway waits this long for its factories' reports: their reconnect backoff (1 s at most) and the
/// report itself.
pub const LEARNING: Millis = Millis::from_secs(2);
/// A zone report without a successor is true for this long: four periods.
pub const STALE_AFTER: Millis = Millis(4 * REPEAT.0);
/// Failures in a report at most.
pub const FAILURES_MAX: usize = 256;
/// A failure's cause is cut to this many bytes in a report, so that the report stays below a frame.
pub const CAUSE_BYTES_MAX: usize = 400;

/// What the gateway's shell is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send the zone's report and tell how it went: [`GatewayCore::noted`] or [`GatewayCore::failed`]. Ask with the
    /// deadline [`SEND_WITHIN`].
    Send {
        /// A resolver or the orchestrator.
        to: NodeName,
        /// The report.
        report: ZoneReport,
    },
}

/// See the module.
pub struct GatewayCore {
    zone: ZoneName,
    incarnation: Incarnation,
    learning_until: Millis,
    seq: u64,
    pools: Pools,
    failures: Vec<InstanceFailure>,
    /// Instances that are not handed out and not reported: nobody has confirmed them.
    hidden: BTreeSet<InstanceName>,
    outbox: Outbox,
    memory: Memory,
    effects: VecDeque<Effect>,
    ignored: u64,
    no_room: u64,
    flaw: Flaw,
}

impl GatewayCore {
    /// The gateway of `zone`, in its life `incarnation`.
    pub fn new(now: Millis, zone: ZoneName, incarnation: Incarnation) -> GatewayCore {
        GatewayCore {
            zone,
            incarnation,
            learning_until: now + LEARNING,
            seq: 0,
            pools: Pools::default(),
            failures: Vec::new(),
            hidden: BTreeSet::new(),
            outbox: Outbox::default(),
            memory: Memory::default(),
            effects: VecDeque::new(),
            ignored: 0,
            no_room: 0,
            flaw: Flaw::None,
        }
    }

    /// Switches one wrong decision on.
    #[cfg(feature = "flaws")]
    pub fn set_flaw(&mut self, flaw: Flaw) {
        self.flaw = flaw;
    }

    /// A factory reports its pool. A report that is older than what is there changes nothing (I6), and its sender may
    /// forget it too.
    pub fn report(&mut self, now: Millis, report: ReportPool) -> Noted {
        let ReportPool { host, pool, last } = report;
        let seq = pool.seq;
        let key = PoolKey { instance: pool.instance.clone(), host };
        match self.pools.report(now, key, pool, last, self.flaw) {
            Taken::Changed => self.outbox.changed(now),
            Taken::Same => {}
            Taken::Ignored => self.ignored += 1,
            Taken::NoRoom => {
                self.no_room += 1;
                return Noted { seq: 0 }; // Not taken in: the factory reports again, and there may be room then.
            }
        }
        Noted { seq }
    }

    /// The host is lost; what it reported no longer holds.
    pub fn host_gone(&mut self, now: Millis, host: &NodeName) {
        if self.pools.host_gone(now, host) {
            self.outbox.changed(now);
        }
    }

    /// The instances that should run and do not; the causes are cut to [`CAUSE_BYTES_MAX`].
    pub fn set_failures(&mut self, now: Millis, mut failures: Vec<InstanceFailure>) {
        failures.truncate(FAILURES_MAX);
        for failure in &mut failures {
            let end = failure.cause.floor_char_boundary(CAUSE_BYTES_MAX);
            failure.cause.truncate(end);
        }
        if failures != self.failures {
            self.failures = failures;
            self.outbox.changed(now);
        }
    }

    /// Instances that are neither handed out nor reported. What becomes visible is reported at once. Gives the number of the
    /// first report that says so.
    pub fn hide(&mut self, now: Millis, hidden: BTreeSet<InstanceName>) -> u64 {
        let before = core::mem::replace(&mut self.hidden, hidden);
        let turned = |name: &InstanceName| before.contains(name) != self.hidden.contains(name);
        if !self.pools.iter().any(|(key, _)| turned(&key.instance)) {
            return self.seq;
        }
        let first = self.seq + 1;
        self.outbox.owe();
        self.send_due(now);
        first
    }

    /// The latest report that a receiver has confirmed.
    pub fn noted_by(&self, receiver: &NodeName) -> u64 {
        self.outbox.iter().find(|(name, _)| *name == receiver).map_or(0, |(_, entry)| entry.noted)
    }

    /// What the factories of hidden instances reported last.
    pub fn hidden_pools(&self) -> impl Iterator<Item = (&PoolKey, SlotCounts)> {
        let hidden = self.pools.iter().filter(|(key, _)| self.hidden.contains(&key.instance));
        hidden.map(|(key, pool)| (key, pool.report.counts))
    }

    /// Who gets the zone's reports: the domain's resolvers and its orchestrator. A new one gets a report at once.
    pub fn set_receivers(&mut self, now: Millis, receivers: &BTreeSet<NodeName>) {
        self.outbox.set_receivers(now, receivers);
        self.send_due(now);
    }

    /// The link to a receiver has come up; it gets a report at once.
    pub fn receiver_up(&mut self, now: Millis, receiver: &NodeName) {
        self.outbox.up(now, receiver);
        self.send_due(now);
    }

    /// A receiver has confirmed a report.
    pub fn noted(&mut self, now: Millis, receiver: &NodeName, seq: u64) {
        self.outbox.noted(receiver, seq);
        self.send_due(now);
    }

    /// A receiver could not be sent report `seq`, or did not answer.
    pub fn failed(&mut self, now: Millis, receiver: &NodeName, seq: u64) {
        self.outbox.failed(now, receiver, seq);
        self.send_due(now);
    }

    /// Begins to look for a slot. Go on with [`GatewayCore::step`].
    pub fn begin(&mut self, now: Millis, reserve: Reserve) -> Attempt {
        let mut plan: Vec<(u32, Planned)> = Vec::new();
        for key in self.pools.of_service(&reserve.service).iter().filter(|key| !self.hidden.contains(&key.instance)) {
            if let Some(pool) = self.pools.get(key) {
                let free = pool.report.free_for(&reserve.service);
                plan.push((free, Planned { key: key.clone(), counts: pool.report.counts }));
            }
        }
        // A repeat goes to the factory that has the answer; otherwise the most free first, which puts the full ones last.
        let before = self.memory.get(reserve.request);
        plan.sort_by(|(free_a, a), (free_b, b)| {
            let known = |planned: &Planned| before == Some(&planned.key);
            (known(b), free_b).cmp(&(known(a), free_a)).then_with(|| a.key.cmp(&b.key))
        });
        let plan: Vec<_> = plan.into_iter().map(|(_, planned)| planned).collect();
        if let Some(first) = plan.first() {
            self.memory.put(now, reserve.request, first.key.clone());
        }
        Attempt::new(reserve, plan)
    }

    /// What to do next. After [`Step::Ask`] give [`GatewayCore::answer`] or [`Attempt::unreachable`], and call again.
    pub fn step(&mut self, now: Millis, attempt: &mut Attempt) -> Step {
        if let Some(done) = &attempt.done {
            return Step::Done(done.clone());
        }
        if attempt.next == attempt.plan.len() {
            // Before a refusal: has a pool come since?
            let pools = self.pools.of_service(&attempt.reserve.service).iter();
            for key in pools.filter(|key| !self.hidden.contains(&key.instance)) {
                if let Some(pool) = self.pools.get(key)
                    && !attempt.plan.iter().any(|planned| planned.key == *key)
                {
                    attempt.plan.push(Planned { key: key.clone(), counts: pool.report.counts });
                }
            }
        }
        if let Some(planned) = attempt.plan.get(attempt.next) {
            attempt.next += 1;
            return Step::Ask(planned.key.clone());
        }
        // Another attempt for this request, later, is a new one and takes the pools as they are then.
        self.memory.forget(attempt.reserve.request);
        let service = attempt.reserve.service.clone();
        Step::Done(attempt.conclude(|| self.nowhere(now, &service)))
    }

    /// The factory that was asked last has answered.
    pub fn answer(&mut self, now: Millis, attempt: &mut Attempt, answer: actors_protocol::factory::SlotReservation) {
        attempt.answer(&self.zone, answer);
        match &attempt.done {
            Some(Reservation::Granted(_)) => {
                let key = attempt.plan[attempt.next - 1].key.clone();
                self.memory.put(now, attempt.reserve.request, key);
            }
            Some(_) => self.memory.forget(attempt.reserve.request),
            None => {}
        }
    }

    /// Instances that should run and do not: those that the zone manager knows of, and those that fell silent.
    fn not_running(&self) -> impl Iterator<Item = InstanceFailure> {
        let known = |silent: &InstanceFailure| self.failures.iter().any(|failure| failure.instance == silent.instance);
        self.failures.iter().cloned().chain(self.pools.missing().filter(move |silent| !known(silent)))
    }

    /// No pool of the service was there to be asked.
    fn nowhere(&self, now: Millis, service: &ServiceName) -> Reservation {
        let failed: Vec<_> = self.not_running().filter(|f| f.service == *service).map(|f| f.instance).collect();
        if failed.is_empty() && now >= self.learning_until {
            Reservation::Unknown
        } else {
            Reservation::Unreachable(failed)
        }
    }

    /// The factories to pass a release on to; the first that had the lease ends the search.
    pub fn release(&mut self, release: &Release) -> Vec<Arc<PoolKey>> {
        let known = self.memory.get(release.request).filter(|key| key.instance == release.instance).cloned();
        self.memory.forget(release.request);
        match known {
            Some(key) => vec![key],
            None => self.pools.of_instance(&release.instance).cloned().collect(),
        }
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When [`GatewayCore::on_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Millis> {
        let outbox = self.outbox.poll_timeout();
        let outbox = if self.is_blank() { outbox.map(|at| at.max(self.learning_until)) } else { outbox };
        [outbox, self.pools.poll_timeout(), self.memory.poll_timeout()].into_iter().flatten().min()
    }

    /// Time has passed.
    pub fn on_timeout(&mut self, now: Millis) {
        if self.pools.age(now) {
            self.outbox.changed(now);
        }
        self.memory.age(now);
        self.outbox.on_timeout(now);
        self.send_due(now);
    }

    /// It has nothing to say and never said anything: a receiver may still hold what the life before this one reported,
    /// and that is worth more than "nothing here".
    fn is_blank(&self) -> bool {
        self.seq == 0 && self.pools.iter().len() == 0 && self.failures.is_empty()
    }

    fn send_due(&mut self, now: Millis) {
        if now < self.learning_until && self.is_blank() {
            return;
        }
        let due = self.outbox.due(now, self.seq + 1);
        if due.is_empty() {
            return;
        }
        self.seq += 1;
        let report = self.zone_report(now);
        self.effects.extend(due.into_iter().map(|to| Effect::Send { to, report: report.clone() }));
    }

    /// The pools, each with the life and the number of the report that is believed of it. The harness compares them with
    /// those of the moment before (I6).
    pub fn pools(&self) -> impl Iterator<Item = (&PoolKey, Incarnation, u64)> {
        self.pools.iter().map(|(key, pool)| (key, pool.report.incarnation, pool.report.seq))
    }

    /// The zone as it is now, under the number of the last report sent.
    pub fn zone_report(&self, now: Millis) -> ZoneReport {
        let visible = self.pools.iter().filter(|(key, _)| !self.hidden.contains(&key.instance));
        ZoneReport {
            zone: self.zone.clone(),
            incarnation: self.incarnation,
            seq: self.seq,
            pools: visible.map(|(key, pool)| (key.host.clone(), pool.aged(now))).collect(),
            failures: self.not_running().take(FAILURES_MAX).collect(),
            stale_after: STALE_AFTER,
        }
    }
}
