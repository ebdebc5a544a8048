//! [`Shared`]: the asking end's books. Every call is in the table from `start` until its [`Ask`](super::Ask) has the answer or
//! is dropped; where its bytes are depends on the link:
//!
//! ```text
//!   Waiting ──attach──► Greeting ──hello──► Open ──► Leaving      (go-away: what is asked now is for the next link)
//!     ▲  held in order     │ minor 0: outbox   │ outbox  │ held
//!     └───────detach───────┴───────────────────┴─────────┘   sent calls fail, held ones stay        any ──► Ended
//! ```
//!
//! A link that is not redialled goes from `Greeting` on to `Ended` and holds nothing for a next link.
//!
//! Invariant: no waker is woken under the lock; it may run foreign code that comes back here.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actors_protocol::{Fault, Request};
use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::time::Instant;
use transport_wire::{CallHead, CloseCode, Envelope, Versions, WireError, envelope, version};

use super::CallTo;
use super::table::{Call, Held, Phase, Stage, State, Way, id_of, index_of, whole_millis};
use crate::LinkError;

/// Who waits "for ever" waits for ten years, which every clock can add.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

pub(crate) struct Shared {
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn new(whom: String) -> Arc<Shared> {
        Arc::new(Shared { state: Mutex::new(State::new(whom)) })
    }

    pub(crate) fn whom(&self) -> Arc<str> {
        self.state.lock().whom.clone()
    }

    pub(crate) fn set_whom(&self, whom: String) {
        self.state.lock().whom = whom.into();
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.state.lock().calls.len()
    }

    /// Enters a call and sends it, or holds it. The id, or why nothing was done.
    pub(super) fn start<M: Request>(&self, to: CallTo<'_>, message: &M) -> Result<u32, Fault> {
        let deadline = Instant::now() + to.within.min(FOREVER);
        let mut state = self.state.lock();
        let way = state.admit(M::SINCE, M::NAME)?;
        let index = state.calls.vacant_key();
        let id = id_of(state.count, index);
        let head = CallHead {
            id,
            tag: M::TAG,
            within_ms: whole_millis(to.within),
            incarnation: to.incarnation.0,
            trace: to.trace,
            path: to.path,
        };
        match way {
            Way::Send => envelope::write_call(state.outbox.frames(), &head, message)?,
            Way::Hold => {
                let mut frame = BytesMut::new();
                envelope::write_call(&mut frame, &head, message)?;
                state.held_bytes += frame.len();
                state.held.push_back(Held { id, since: M::SINCE, name: M::NAME, frame });
            }
        }
        state.count = state.count.wrapping_add(1);
        let alone = state.calls.is_empty();
        state.calls.insert(Call { id, deadline, sent: way == Way::Send, stage: Stage::Waiting(None) });
        let alarm = state.advance_alarm(deadline);
        let writer = match way {
            Way::Send if alone => state.outbox.write_alone(),
            Way::Send => state.outbox.writer(),
            Way::Hold => None,
        };
        drop(state);
        wake([alarm, writer]);
        Ok(id)
    }

    pub(super) fn poll_answer(&self, id: u32, cx: &mut Context<'_>) -> Poll<Result<Bytes, Fault>> {
        let mut state = self.state.lock();
        let call = state.call(id).expect("a call is in the table until its Ask has the answer");
        match &mut call.stage {
            Stage::Waiting(Some(waker)) => waker.clone_from(cx.waker()),
            Stage::Waiting(none) => *none = Some(cx.waker().clone()),
            Stage::Answered(_) => {
                let call = state.calls.remove(index_of(id));
                drop(state);
                let Stage::Answered(answer) = call.stage else { unreachable!("matched above") };
                return Poll::Ready(answer);
            }
        }
        Poll::Pending
    }

    /// The asker has lost interest. If the peer has the call, it is told.
    pub(super) fn forget(&self, id: u32) {
        let mut state = self.state.lock();
        if state.call(id).is_none() {
            return;
        }
        let call = state.calls.remove(index_of(id));
        let writer = match &call.stage {
            Stage::Waiting(_) if call.sent => state.cancel(id),
            _ => None,
        };
        drop(state);
        wake([writer]);
    }

    /// There is a link: the hello goes first, then what may go with it.
    pub(super) fn attach(&self, versions: Versions, words: &str) {
        let mut state = self.state.lock();
        state.phase = Phase::Greeting;
        state.outbox.clear();
        envelope::write_hello(state.outbox.frames(), versions, words).expect("a hello is short");
        let failed = state.flush(0, true);
        let writer = state.outbox.writer();
        drop(state);
        wake([writer]);
        wake(failed);
    }

    /// The link is over, or could not be made; another may come. What was sent fails, what was held stays, unless the peer
    /// will not have us: then whoever waits is told at once.
    pub(crate) fn detach(&self, why: &LinkError) {
        let keep_held = !why.is_refusal();
        let why = why.fault(&self.whom());
        self.settle(Phase::Waiting { why: Some(why.clone()) }, &why, keep_held);
    }

    /// All is over. The first reason counts.
    pub(crate) fn end(&self, why: &LinkError) {
        if !matches!(self.state.lock().phase, Phase::Ended { .. }) {
            let why = why.fault(&self.whom());
            self.settle(Phase::Ended { why: why.clone() }, &why, false);
        }
    }

    fn settle(&self, phase: Phase, why: &Fault, keep_held: bool) {
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        state.phase = phase;
        state.outbox.clear();
        for (_, call) in &mut state.calls {
            if let Stage::Waiting(waker) = &mut call.stage
                && (call.sent || !keep_held)
            {
                wakers.push(waker.take());
                call.stage = Stage::Answered(Err(why.clone()));
            }
        }
        state.drop_held();
        drop(state);
        wake(wakers);
    }

    pub(super) fn poll_take(&self, cx: &mut Context<'_>, stream: &mut Option<quinn::SendStream>) -> Poll<Bytes> {
        self.state.lock().outbox.poll_take(cx, stream)
    }

    /// The peer's hello: agrees on a version and lets go what was held for it.
    pub(super) fn greeted(&self, ours: Versions, theirs: Versions) -> Result<u16, WireError> {
        let minor = version::negotiate(ours, theirs)?;
        let mut state = self.state.lock();
        state.phase = Phase::Open { minor };
        let failed = state.flush(minor, false);
        let writer = state.outbox.writer();
        drop(state);
        wake([writer]);
        wake(failed);
        Ok(minor)
    }

    /// Takes in frames until `next` has no more. Wakers go to `wakers`; an error is the peer's fault and ends the link.
    pub(super) fn deliver(
        &self,
        wakers: &mut Vec<Option<Waker>>,
        mut next: impl FnMut() -> Result<Option<Bytes>, WireError>,
    ) -> Result<(), WireError> {
        let mut state = self.state.lock();
        while let Some(frame) = next()? {
            match Envelope::decode(&frame)? {
                Envelope::Reply { id, payload } => wakers.push(state.answer(id, Ok(payload))),
                Envelope::Failed { id, fault } => wakers.push(state.answer(id, Err(fault))),
                Envelope::GoAway { code, words } => {
                    tracing::debug!(whom = &*state.whom, code = CloseCode::name(code), words, "the peer is leaving");
                    state.phase = Phase::Leaving;
                }
                Envelope::Hello(_) => return Err(unexpected("a second hello")),
                Envelope::Call { .. } | Envelope::Cancel { .. } => {
                    return Err(unexpected("a call to the side that asks"));
                }
            }
        }
        Ok(())
    }

    /// The next instant at which [`Shared::expire`] has something to do; wakes the task of `cx` when it comes closer.
    pub(super) fn alarm(&self, cx: &mut Context<'_>) -> Option<Instant> {
        let mut state = self.state.lock();
        match &mut state.alarm_waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        state.alarm
    }

    /// Fails the calls whose deadline is over and sets the next alarm.
    pub(super) fn expire(&self, now: Instant) {
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        // A call that never left says why: "no answer" alone would send people looking in the wrong place.
        let unsent = match &state.phase {
            Phase::Waiting { why } => why.clone(),
            _ => None,
        };
        let mut next: Option<Instant> = None;
        let mut late = Vec::new();
        for (_, call) in &mut state.calls {
            let Stage::Waiting(waker) = &mut call.stage else { continue };
            if call.deadline > now {
                next = Some(next.map_or(call.deadline, |next| next.min(call.deadline)));
                continue;
            }
            wakers.push(waker.take());
            let fault = if call.sent { None } else { unsent.clone() };
            call.stage = Stage::Answered(Err(fault.unwrap_or(Fault::Deadline)));
            if call.sent {
                late.push(call.id);
            }
        }
        state.alarm = next;
        for id in late {
            wakers.push(state.cancel(id));
        }
        state.drop_held();
        drop(state);
        wake(wakers);
    }
}

pub(super) fn wake(wakers: impl IntoIterator<Item = Option<Waker>>) {
    wakers.into_iter().flatten().for_each(Waker::wake);
}

pub(super) fn unexpected(what: &str) -> WireError {
    WireError::Malformed { what: "the control stream", why: format!("{what} is not expected here") }
}
