//! The decisions of a resolver: which zone a viewer's slot comes from, who waits, and why.
//!
//! ```text
//!   gateways ──ZoneReport──► book ──► lookup, explain
//!   viewer ──Open──► zones by rank, one after the other ──Reserve──► gateway
//!                        └──► queue, while the viewer is willing to wait ──► Opening
//! ```
//!
//! Owns: the requests under way, the queues, and a copy of what the zones report. Refuses: to refuse by reports alone. A
//! report says in which order to ask; "full" is what every zone of the service has said to this very request (I4).

use std::collections::{BTreeMap, VecDeque};

use actors_protocol::gateway::{Noted, Release, Reserve, ZoneReport};
use actors_protocol::resolver::Opening;
use actors_protocol::{Millis, NodeName, RequestId, ServiceName, ZoneName};

mod ask;
mod book;
mod memory;
mod open;
mod queue;
mod rank;
mod request;
mod state;
#[cfg(test)]
mod tests;
mod topology;

pub use book::{LEARNING, SILENCE_MAX, ZONES_MAX};
pub use memory::{ANSWER_REMEMBERED_FOR, ANSWERS_REMEMBERED_MAX};
pub use open::{ASKERS_MAX, REQUESTS_MAX, WAIT_MAX};
pub use queue::{PROBE, QUEUE_MAX};
pub use state::{QueueState, ResolutionState, Tally, ZoneState};
pub use topology::Topology;

use crate::flaw::Flaw;
use book::Book;
use memory::Memory;
use queue::{Alarm, Alarms, Queue};
use request::Pending;

/// The deadline for a gateway's answer; the shell asks with it.
pub const RESERVE_WITHIN: Millis = Millis::from_secs(1);

/// What the resolver's shell is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask a gateway, within [`RESERVE_WITHIN`], and tell the outcome: [`ResolutionCore::reserved`].
    Reserve {
        /// Tells the answers to one request apart.
        attempt: u64,
        /// The zone.
        zone: ZoneName,
        /// The node of its gateway.
        gateway: NodeName,
        /// The question.
        reserve: Reserve,
    },
    /// Answer every call that waits for this request.
    Answer {
        /// Which.
        request: RequestId,
        /// The answer.
        opening: Opening,
    },
    /// Give a slot back that nobody takes. If it fails, the lease lapses by itself.
    Release {
        /// The node of the gateway that granted it.
        gateway: NodeName,
        /// Which.
        release: Release,
    },
}

/// See the module.
pub struct ResolutionCore {
    topology: Topology,
    book: Book,
    requests: BTreeMap<RequestId, Pending>,
    queues: BTreeMap<ServiceName, Queue>,
    /// The number of the next viewer that must wait.
    next_number: u64,
    next_attempt: u64,
    alarms: Alarms,
    memory: Memory,
    effects: VecDeque<Effect>,
    tally: Tally,
    flaw: Flaw,
}

impl ResolutionCore {
    /// A resolver that has heard of nothing yet.
    pub fn new(now: Millis, topology: Topology) -> ResolutionCore {
        ResolutionCore {
            topology,
            book: Book::new(now),
            requests: BTreeMap::new(),
            queues: BTreeMap::new(),
            next_number: 0,
            next_attempt: 0,
            alarms: Alarms::default(),
            memory: Memory::default(),
            effects: VecDeque::new(),
            tally: Tally::default(),
            flaw: Flaw::None,
        }
    }

    /// Switches one wrong decision on.
    #[cfg(feature = "flaws")]
    pub fn set_flaw(&mut self, flaw: Flaw) {
        self.flaw = flaw;
    }

    /// The gateway on node `gateway` reports its zone. A report older than what is there changes nothing (I6).
    pub fn report(&mut self, now: Millis, gateway: NodeName, report: ZoneReport) -> Noted {
        let noted = Noted { seq: report.seq };
        if self.book.report(now, gateway, report, self.flaw) {
            self.tally.reports += 1;
            let waiting: Vec<_> = self.queues.keys().cloned().collect();
            for service in waiting {
                self.try_queued(now, &service);
            }
        } else {
            self.tally.reports_ignored += 1;
        }
        noted
    }

    /// What the zones reported last, each with the node that the report came from. The harness compares it with the truth
    /// (I7), and with what was believed before (I6).
    pub fn zones(&self) -> impl Iterator<Item = (&NodeName, &ZoneReport)> {
        self.book.zones.values().map(|zone| (&zone.gateway, &zone.report))
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When [`ResolutionCore::on_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Millis> {
        [self.alarms.poll_timeout(), self.book.poll_timeout(), self.memory.poll_timeout()].into_iter().flatten().min()
    }

    /// Time has passed.
    pub fn on_timeout(&mut self, now: Millis) {
        self.memory.age(now);
        self.book.age(now);
        while let Some(alarm) = self.alarms.pop(now) {
            match alarm {
                Alarm::Request(request) => self.time_is_over(now, request),
                Alarm::Probe(service) => self.probe(now, service),
            }
        }
    }
}
