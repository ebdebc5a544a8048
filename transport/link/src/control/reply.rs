//! The answering end: [`Dispatch`] takes calls in, [`ReplyTo`] brings each answer back to its link.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker};

use actors_protocol::{Fault, Tag, table};
use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::time::Instant;
use transport_wire::limits::{CALLS_IN_FLIGHT_MAX, OUTBOX_BYTES_MAX};
use transport_wire::{CallHead, CloseCode, Versions, envelope};

use super::calls::wake;
use super::outbox::Outbox;
use crate::Connection;

/// While more answers than this wait for a peer, no further question of it is read.
const UNREAD_ANSWERS_BYTES: usize = OUTBOX_BYTES_MAX / 4;

/// Takes calls in. Called on the link's own task, in the order of arrival: it must not block.
pub trait Dispatch: Send + Sync {
    /// A call has come.
    fn dispatch(&self, call: InboundCall<'_>);

    /// The minor version with which `tag` came into the wire; `None` if there is no such call. A peer that uses a call which is
    /// not part of the agreed version is out of its mind: the connection ends.
    fn since(&self, tag: Tag) -> Option<u16> {
        table::PROTOCOLS.iter().flat_map(|(_, calls)| *calls).find(|call| call.tag == tag).map(|call| call.since)
    }
}

/// A call that has come.
pub struct InboundCall<'a> {
    /// To whom, what and for how long.
    pub head: CallHead<'a>,
    /// The message, still encoded.
    pub payload: Bytes,
    /// Where the answer goes.
    pub reply: ReplyTo,
    /// The link it came by: the caller's roles are its peer's.
    pub connection: &'a Connection,
    /// When it came, or a moment before.
    pub arrived: Instant,
}

/// Where the answer to one call goes. Dropped without an answer, the asker learns that the actor is gone.
#[must_use = "dropping it answers that the actor is gone"]
pub struct ReplyTo {
    serving: Option<Arc<Serving>>,
    id: u32,
}

impl ReplyTo {
    /// Answers. An answer that cannot be encoded, or finds the outbox full, becomes a fault.
    pub fn send<R: Serialize + ?Sized>(mut self, answer: Result<&R, Fault>) {
        if let Some(serving) = self.serving.take() {
            serving.answer(self.id, answer);
        }
    }

    /// Answers with a fault.
    pub fn fail(self, fault: Fault) {
        self.send::<()>(Err(fault));
    }

    /// Has the asker stopped waiting, or has its link ended?
    pub fn is_abandoned(&self) -> bool {
        self.serving.as_ref().is_none_or(|serving| serving.is_abandoned(self.id))
    }
}

impl Drop for ReplyTo {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.answer::<()>(self.id, Err(Fault::Gone("the actor".to_owned())));
        }
    }
}

/// The answering end's books.
pub(crate) struct Serving {
    state: Mutex<State>,
    /// More answers wait than a reader should add to. Looked at for each call, so it is not behind the lock.
    crowded: AtomicBool,
}

#[derive(Default)]
struct State {
    outbox: Outbox,
    in_flight: usize,
    /// Calls in flight whose asker has stopped waiting. Empty almost always.
    cancelled: BTreeSet<u32>,
    /// The reader, when it waits for answers to be written.
    reader: Option<Waker>,
    ended: bool,
}

impl Serving {
    pub(super) fn new() -> Arc<Serving> {
        Arc::new(Serving { state: Mutex::default(), crowded: AtomicBool::new(false) })
    }

    pub(super) fn hello(&self, versions: Versions, words: &str) {
        self.write(|outbox| {
            envelope::write_hello(outbox.frames(), versions, words).expect("a hello is short");
        });
    }

    /// Tells the peer that this side will close: what it asks from now on is for another link.
    pub(crate) fn go_away(&self, code: CloseCode, words: &str) {
        self.write(|outbox| {
            envelope::write_go_away(outbox.frames(), code, words).expect("its words are cut");
        });
    }

    fn write(&self, append: impl FnOnce(&mut Outbox)) {
        let mut state = self.state.lock();
        if state.ended {
            return;
        }
        append(&mut state.outbox);
        let writer = state.outbox.writer();
        drop(state);
        wake([writer]);
    }

    /// Enters a call; `None` if there are too many, and then it is answered already.
    pub(super) fn begin(self: &Arc<Self>, id: u32) -> Option<ReplyTo> {
        let mut state = self.state.lock();
        // The id is in use again: what was said of its last use is over.
        if !state.cancelled.is_empty() {
            state.cancelled.remove(&id);
        }
        if state.in_flight >= CALLS_IN_FLIGHT_MAX {
            let fault = Fault::Overloaded("the link".to_owned());
            envelope::write_failed(state.outbox.frames(), id, &fault).expect("a fault is short");
            return None;
        }
        state.in_flight += 1;
        Some(ReplyTo { serving: Some(self.clone()), id })
    }

    pub(super) fn cancel(&self, id: u32) {
        let mut state = self.state.lock();
        if state.in_flight > state.cancelled.len() {
            state.cancelled.insert(id);
        }
    }

    fn is_abandoned(&self, id: u32) -> bool {
        let state = self.state.lock();
        state.ended || state.cancelled.contains(&id)
    }

    fn answer<R: Serialize + ?Sized>(&self, id: u32, answer: Result<&R, Fault>) {
        let mut state = self.state.lock();
        state.in_flight -= 1;
        let cancelled = !state.cancelled.is_empty() && state.cancelled.remove(&id);
        if state.in_flight == 0 {
            state.cancelled.clear();
        }
        if cancelled || state.ended {
            return;
        }
        let full = state.outbox.is_full();
        let frames = state.outbox.frames();
        let failed = match answer {
            Ok(_) if full => Err(Fault::Overloaded("the asker's link".to_owned())),
            Ok(reply) => envelope::write_reply(frames, id, reply).map_err(Fault::from),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = failed {
            envelope::write_failed(frames, id, &fault).expect("its words are cut");
        }
        if state.outbox.bytes() > UNREAD_ANSWERS_BYTES {
            self.crowded.store(true, Relaxed);
        }
        let writer = if state.in_flight == 0 { state.outbox.write_alone() } else { state.outbox.writer() };
        drop(state);
        wake([writer]);
    }

    pub(super) fn poll_take(&self, cx: &mut Context<'_>, stream: &mut Option<quinn::SendStream>) -> Poll<Bytes> {
        let mut state = self.state.lock();
        let taken = state.outbox.poll_take(cx, stream);
        let reader = if taken.is_ready() { state.reader.take() } else { None };
        drop(state);
        wake([reader]);
        taken
    }

    /// Should the reader wait for its turn before the next call?
    pub(super) fn is_crowded(&self) -> bool {
        self.crowded.load(Relaxed)
    }

    /// The reader's turn: ready when not too many answers wait. From here on the writer is expected to come after it, without
    /// being woken.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.outbox.bytes() > UNREAD_ANSWERS_BYTES {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.crowded.store(false, Relaxed);
        state.outbox.expect_writer();
        Poll::Ready(())
    }

    pub(super) fn end(&self) {
        let mut state = self.state.lock();
        state.ended = true;
        state.outbox.clear();
        state.cancelled.clear();
    }
}
