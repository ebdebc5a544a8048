//! The table of calls behind [`Shared`](super::Shared): what a call is, where its bytes go, how it gets its answer. All of it
//! runs under the lock; wakers are handed out, never woken here.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use actors_protocol::Fault;
use bytes::{Bytes, BytesMut};
use slab::Slab;
use tokio::time::Instant;
use transport_wire::envelope;
use transport_wire::limits::{CALLS_IN_FLIGHT_MAX, OUTBOX_BYTES_MAX};

use super::outbox::Outbox;

/// A call's id is its place in the table and, above these bits, a count: a late answer to a call that was forgotten does not
/// fit the call that has its place now.
const INDEX_BITS: u32 = 12;
const _: () = assert!(CALLS_IN_FLIGHT_MAX <= 1 << INDEX_BITS);

pub(super) struct State {
    /// For people: the peer's name or address.
    pub(super) whom: Arc<str>,
    pub(super) phase: Phase,
    pub(super) outbox: Outbox,
    pub(super) calls: Slab<Call>,
    pub(super) count: u32,
    pub(super) held: VecDeque<Held>,
    pub(super) held_bytes: usize,
    /// The instant at which the deadlines are looked at next; calls that were answered in time do not move it.
    pub(super) alarm: Option<Instant>,
    pub(super) alarm_waker: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Hold,
    Send,
}

pub(super) enum Phase {
    /// No link, and what an asker is told if no other one comes in time: why the last one ended or could not be made.
    Waiting {
        why: Option<Fault>,
    },
    Greeting,
    Open {
        minor: u16,
    },
    /// The peer takes no new calls on this link.
    Leaving,
    Ended {
        why: Fault,
    },
}

pub(super) struct Call {
    pub(super) id: u32,
    pub(super) deadline: Instant,
    /// Handed to the link: it may be carried out.
    pub(super) sent: bool,
    pub(super) stage: Stage,
}

pub(super) enum Stage {
    Waiting(Option<Waker>),
    Answered(Result<Bytes, Fault>),
}

/// A call that is encoded and waits for a link, or for the hello of one.
pub(super) struct Held {
    pub(super) id: u32,
    pub(super) since: u16,
    pub(super) name: &'static str,
    pub(super) frame: BytesMut,
}

impl State {
    pub(super) fn new(whom: String) -> State {
        State {
            whom: whom.into(),
            phase: Phase::Waiting { why: None },
            outbox: Outbox::default(),
            calls: Slab::new(),
            count: 0,
            held: VecDeque::new(),
            held_bytes: 0,
            alarm: None,
            alarm_waker: None,
        }
    }

    /// May a call be made now, and where do its bytes go?
    pub(super) fn admit(&self, since: u16, name: &str) -> Result<Way, Fault> {
        let way = match &self.phase {
            Phase::Ended { why } => return Err(why.clone()),
            Phase::Open { minor } if since > *minor => return Err(too_new(name, since, *minor)),
            Phase::Open { .. } => Way::Send,
            Phase::Greeting if since == 0 && self.held.is_empty() => Way::Send,
            Phase::Waiting { .. } | Phase::Greeting | Phase::Leaving => Way::Hold,
        };
        let full = match way {
            Way::Send => self.outbox.is_full(),
            Way::Hold => self.held_bytes >= OUTBOX_BYTES_MAX,
        };
        if full || self.calls.len() >= CALLS_IN_FLIGHT_MAX {
            return Err(Fault::Overloaded(format!("the link to {}", self.whom)));
        }
        Ok(way)
    }

    pub(super) fn call(&mut self, id: u32) -> Option<&mut Call> {
        self.calls.get_mut(index_of(id)).filter(|call| call.id == id)
    }

    pub(super) fn answer(&mut self, id: u32, answer: Result<Bytes, Fault>) -> Option<Waker> {
        // Unknown: forgotten here while the answer was on its way.
        let call = self.call(id).filter(|call| call.sent)?;
        match &mut call.stage {
            Stage::Waiting(waker) => {
                let waker = waker.take();
                call.stage = Stage::Answered(answer);
                waker
            }
            Stage::Answered(_) => None,
        }
    }

    /// Tells the peer that nobody waits for `id`, if there is a link.
    pub(super) fn cancel(&mut self, id: u32) -> Option<Waker> {
        if matches!(self.phase, Phase::Waiting { .. } | Phase::Ended { .. }) || self.outbox.is_full() {
            return None;
        }
        envelope::write_cancel(self.outbox.frames(), id).expect("a cancel is short");
        self.outbox.writer()
    }

    /// Sends held calls in order. Before the hello (`greeting`) only up to the first one that needs more than minor 0; after it
    /// all of them, and the ones that are too new fail. Wakers of the failed.
    pub(super) fn flush(&mut self, minor: u16, greeting: bool) -> Vec<Option<Waker>> {
        let mut failed = Vec::new();
        let now = Instant::now();
        while let Some(held) = self.held.front() {
            if greeting && held.since > 0 {
                break;
            }
            let mut held = self.held.pop_front().expect("there is a front");
            self.held_bytes -= held.frame.len();
            let Some(call) = self.calls.get_mut(index_of(held.id)).filter(|call| call.id == held.id) else { continue };
            let Stage::Waiting(waker) = &mut call.stage else { continue };
            if held.since > minor {
                failed.push(waker.take());
                call.stage = Stage::Answered(Err(too_new(held.name, held.since, minor)));
                continue;
            }
            call.sent = true;
            envelope::set_within(&mut held.frame, whole_millis(call.deadline - now));
            self.outbox.frames().extend_from_slice(&held.frame);
        }
        failed
    }

    /// Forgets held calls that nobody waits for any more.
    pub(super) fn drop_held(&mut self) {
        let State { calls, held, held_bytes, .. } = self;
        held.retain(|held| {
            let wanted = calls
                .get(index_of(held.id))
                .is_some_and(|call| call.id == held.id && matches!(call.stage, Stage::Waiting(_)));
            if !wanted {
                *held_bytes -= held.frame.len();
            }
            wanted
        });
    }

    pub(super) fn advance_alarm(&mut self, deadline: Instant) -> Option<Waker> {
        if self.alarm.is_some_and(|alarm| alarm <= deadline) {
            return None;
        }
        self.alarm = Some(deadline);
        self.alarm_waker.take()
    }
}

pub(super) fn id_of(count: u32, index: usize) -> u32 {
    count << INDEX_BITS | index as u32 // at most CALLS_IN_FLIGHT_MAX
}

pub(super) fn index_of(id: u32) -> usize {
    (id & ((1 << INDEX_BITS) - 1)) as usize
}

fn too_new(name: &str, since: u16, minor: u16) -> Fault {
    Fault::Version(format!("'{name}' came with wire version 1.{since}, and 1.{minor} was agreed on"))
}

/// Rounded up: a peer must not give up before the asker does.
pub(super) fn whole_millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(u32::MAX)
}
