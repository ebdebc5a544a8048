//! [`Outbox`]: whole frames that wait for the writer. Filled under the lock of its owner, emptied in one piece.
//!
//! ```text
//!   many under way:  frame, frame, frame ──► writer (a task that is woken once) ──► one write
//!   alone:           frame ──► the stream, which a writer without work lends ──► one write, and no task is woken
//! ```

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use transport_wire::limits::OUTBOX_BYTES_MAX;

/// A new buffer is as large as the last batch was, within these bounds: an idle link keeps no buffer at all, a busy one does
/// not grow its buffer step by step for each batch.
const BUFFER_BYTES_MIN: usize = 256;
/// See [`BUFFER_BYTES_MIN`].
const BUFFER_BYTES_MAX: usize = 64 * 1024;

#[derive(Default)]
pub(super) struct Outbox {
    frames: BytesMut,
    last_batch_bytes: usize,
    /// The writer, when it has nothing to do.
    writer: Option<Waker>,
    /// The writer's turn comes anyway, in the same poll: waking it would only cost another one.
    expected: bool,
    /// The writer's stream, for as long as the writer has nothing to do.
    lent: Option<quinn::SendStream>,
}

impl Outbox {
    /// Where frames are appended.
    pub(super) fn frames(&mut self) -> &mut BytesMut {
        if self.frames.capacity() == 0 {
            self.frames.reserve(self.last_batch_bytes.clamp(BUFFER_BYTES_MIN, BUFFER_BYTES_MAX));
        }
        &mut self.frames
    }

    /// After frames were appended: the writer, if it must be woken. To be woken when no lock is held.
    #[must_use]
    pub(super) fn writer(&mut self) -> Option<Waker> {
        if self.expected { None } else { self.writer.take() }
    }

    /// After a frame was appended by somebody who is alone on the link: there is nothing to gather it with, so it is written
    /// here and now. The writer, if it must be woken all the same: the stream takes no more, or is over, and the writer knows
    /// what to do about either.
    #[must_use]
    pub(super) fn write_alone(&mut self) -> Option<Waker> {
        if let Some(stream) = self.lent.as_mut().filter(|_| !self.expected) {
            self.last_batch_bytes = self.frames.len();
            let mut batch = [std::mem::take(&mut self.frames).freeze()];
            // Nobody waits here for a full stream to have room: that is the writer's business, so nobody need be woken.
            // Whatever comes of the attempt, what was not written is still in `batch`.
            let _ = pin!(stream.write_chunks(&mut batch)).poll(&mut Context::from_waker(Waker::noop()));
            let [rest] = batch;
            if rest.is_empty() {
                return None;
            }
            self.frames = rest.into();
        }
        self.writer()
    }

    pub(super) fn expect_writer(&mut self) {
        self.expected = true;
    }

    pub(super) fn bytes(&self) -> usize {
        self.frames.len()
    }

    /// No more fits, but for the few bytes that say so.
    pub(super) fn is_full(&self) -> bool {
        self.frames.len() >= OUTBOX_BYTES_MAX
    }

    /// The writer takes everything; when there is nothing, it leaves its stream here.
    pub(super) fn poll_take(&mut self, cx: &mut Context<'_>, stream: &mut Option<quinn::SendStream>) -> Poll<Bytes> {
        self.expected = false;
        if self.frames.is_empty() {
            self.lent = stream.take().or(self.lent.take());
            match &mut self.writer {
                Some(writer) => writer.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        *stream = self.lent.take().or(stream.take());
        self.last_batch_bytes = self.frames.len();
        Poll::Ready(std::mem::take(&mut self.frames).freeze())
    }

    /// The link is over; nobody will write this.
    pub(super) fn clear(&mut self) {
        self.frames = BytesMut::new();
        self.lent = None;
    }
}
