//! Frames: `[length: u32, big-endian][body: length bytes]`, one after the other on one long-lived stream.
//!
//! Owns: cutting a stream into frames, without a copy where a frame lies inside one received chunk, and writing a frame in
//! place with its length patched in afterwards.
//! Refuses: to know what is in a body, and to reserve memory on a peer's word: a length over the limit is an error at
//! once, and what is under it grows with the bytes that have really come.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::WireError;
use crate::limits::FRAME_BYTES_MAX;

/// Bytes of the length before each body.
pub const PREFIX_BYTES: usize = 4;

/// Memory that is reserved for a frame of which only the beginning has come.
const PARTIAL_RESERVE_BYTES: usize = 16 * 1024;

/// Cuts a stream into frames.
#[derive(Debug)]
pub struct FrameReader {
    limit: usize,
    /// Chunks that have come and not been cut; empty after [`FrameReader::next`] has said `None`.
    chunks: VecDeque<Bytes>,
    /// A frame that lies in more than one chunk, prefix included. It is copied, so that a peer which sends a byte a packet
    /// makes us hold bytes and not packets.
    partial: BytesMut,
}

impl Default for FrameReader {
    fn default() -> FrameReader {
        FrameReader::new(FRAME_BYTES_MAX)
    }
}

impl FrameReader {
    /// A reader that refuses bodies of more than `limit` bytes.
    pub fn new(limit: usize) -> FrameReader {
        FrameReader { limit, chunks: VecDeque::new(), partial: BytesMut::new() }
    }

    /// Another limit, from the next frame on: a stranger's first frame is bounded more tightly than what follows.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Takes in what has come. Call [`FrameReader::next`] until it says `None` before the next push.
    pub fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.chunks.push_back(chunk);
        }
    }

    /// The body of the next frame, or `None` when more bytes are needed. After an error the stream is of no more use.
    #[allow(clippy::should_implement_trait)] // an iterator would end at the first None; this goes on after the next push
    pub fn next(&mut self) -> Result<Option<Bytes>, WireError> {
        while let Some(chunk) = self.chunks.front_mut() {
            if self.partial.is_empty()
                && let Some(prefix) = chunk.first_chunk::<PREFIX_BYTES>()
            {
                let length = checked_length(*prefix, self.limit)?;
                if chunk.len() - PREFIX_BYTES >= length {
                    chunk.advance(PREFIX_BYTES);
                    let body = chunk.split_to(length);
                    if chunk.is_empty() {
                        self.chunks.pop_front();
                    }
                    return Ok(Some(body));
                }
                self.partial.reserve((PREFIX_BYTES + length).min(PARTIAL_RESERVE_BYTES));
            }
            let complete = absorb(&mut self.partial, chunk, self.limit)?;
            if chunk.is_empty() {
                self.chunks.pop_front();
            }
            if complete {
                let mut frame = self.partial.split();
                frame.advance(PREFIX_BYTES);
                return Ok(Some(frame.freeze()));
            }
        }
        Ok(None)
    }

    /// The stream has ended: was it between two frames?
    pub fn finish(&self) -> Result<(), WireError> {
        let got = self.partial.len() + self.chunks.iter().map(Bytes::len).sum::<usize>();
        if got == 0 {
            return Ok(());
        }
        let whole = self.partial.first_chunk().map_or(PREFIX_BYTES, |prefix| {
            PREFIX_BYTES + u32::from_be_bytes(*prefix) as usize // compared with the limit when it came
        });
        Err(WireError::Truncated { what: "a frame", missing: whole.saturating_sub(got).max(1) as u64 })
    }
}

/// Moves bytes of `chunk` to the frame that is being put together; true when it is whole.
fn absorb(partial: &mut BytesMut, chunk: &mut Bytes, limit: usize) -> Result<bool, WireError> {
    if partial.len() < PREFIX_BYTES {
        let count = (PREFIX_BYTES - partial.len()).min(chunk.len());
        partial.put_slice(&chunk[..count]);
        chunk.advance(count);
    }
    let Some(prefix) = partial.first_chunk::<PREFIX_BYTES>() else { return Ok(false) };
    let whole = PREFIX_BYTES + checked_length(*prefix, limit)?;
    let count = (whole - partial.len()).min(chunk.len());
    partial.put_slice(&chunk[..count]);
    chunk.advance(count);
    Ok(partial.len() == whole)
}

fn checked_length(prefix: [u8; PREFIX_BYTES], limit: usize) -> Result<usize, WireError> {
    let length = u32::from_be_bytes(prefix);
    if length as usize > limit {
        return Err(WireError::Oversized { what: "a frame", bytes: length.into(), limit: limit as u64 });
    }
    Ok(length as usize)
}

/// Appends one frame whose body `fill` writes, and patches its length in. If `fill` fails or panics, or the body is over
/// [`FRAME_BYTES_MAX`], `out` is as it was before: it may be a buffer that others write to as well.
pub fn append(out: &mut BytesMut, fill: impl FnOnce(&mut BytesMut) -> Result<(), WireError>) -> Result<(), WireError> {
    let mut draft = Draft { start: out.len(), out, whole: false };
    draft.out.put_u32(0);
    fill(draft.out)?;
    let length = draft.out.len() - draft.start - PREFIX_BYTES;
    if length > FRAME_BYTES_MAX {
        return Err(WireError::Oversized { what: "a frame", bytes: length as u64, limit: FRAME_BYTES_MAX as u64 });
    }
    let start = draft.start;
    draft.out[start..start + PREFIX_BYTES].copy_from_slice(&(length as u32).to_be_bytes());
    draft.whole = true;
    Ok(())
}

/// Takes a half-written frame back.
struct Draft<'a> {
    out: &'a mut BytesMut,
    start: usize,
    whole: bool,
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.whole {
            self.out.truncate(self.start);
        }
    }
}
