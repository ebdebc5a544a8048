//! [`Outbox`]: whole frames that wait for the writer. Filled under the lock of its owner, emptied in one piece.

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

    /// The writer takes everything.
    pub(super) fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        self.expected = false;
        if self.frames.is_empty() {
            match &mut self.writer {
                Some(writer) => writer.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        self.last_batch_bytes = self.frames.len();
        Poll::Ready(std::mem::take(&mut self.frames).freeze())
    }

    /// The link is over; nobody will write this.
    pub(super) fn clear(&mut self) {
        self.frames = BytesMut::new();
    }
}
