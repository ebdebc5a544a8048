//! From streams to units: one access unit per stream, read with limits, many at a time.
//!
//! Owns: the bytes that are being received, and their bound. Refuses: to order units (`playout` does), and to wait for
//! anybody: what is over the bound is given up, so that the network side never stalls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;
use transport_link::{InStream, LinkError};
use transport_wire::media::MEDIA_HEADER_BYTES;
use transport_wire::notes::NotesReader;
use transport_wire::{MediaHeader, StreamCode, StreamKind};

use crate::limits::PENDING_BYTES_MAX;
use crate::shared::Shared;

/// What became of one stream.
#[derive(Debug)]
pub(crate) enum Received {
    /// A whole unit.
    Unit {
        /// Its header.
        header: MediaHeader,
        /// Its payload.
        data: Bytes,
        /// When the last byte had come.
        complete_at: Instant,
    },
    /// The server reset it because it was late. The header, if it had come.
    Late(Option<MediaHeader>),
    /// It is no valid unit, or there is no room for it. The header, if it had come.
    Refused(Option<MediaHeader>),
    /// The connection is gone, or the session is.
    Gone,
}

/// Bytes that are being received, over all streams of a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget(Arc<AtomicUsize>);

struct Held<'a>(&'a Budget, usize);

impl Budget {
    fn hold(&self, bytes: usize) -> Option<Held<'_>> {
        let held = Held(self, bytes);
        // On refusal `held` gives back what was added.
        (self.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= PENDING_BYTES_MAX).then_some(held)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// Reads one stream to its end.
pub(crate) async fn read(mut stream: InStream, budget: Budget, shared: Arc<Shared>) -> Received {
    let mut kind = [0];
    if let Err(error) = stream.read_exact(&mut kind).await {
        return ended(error, None);
    }
    match StreamKind::try_from(kind[0]) {
        Ok(StreamKind::Media) => {}
        Ok(StreamKind::Notes) => return read_notes(stream, &shared).await,
        Ok(StreamKind::Input) | Err(_) => {
            stream.stop(StreamCode::UNKNOWN_KIND);
            return Received::Refused(None);
        }
    }
    let header = match read_header(&mut stream).await {
        Ok(header) => header,
        Err(received) => return received,
    };
    let length = header.payload_len as usize;
    let Some(_held) = budget.hold(length) else {
        stream.stop(StreamCode::DROPPED);
        return Received::Refused(Some(header));
    };
    let mut payload = Payload::Nothing;
    let mut complete_at = Instant::now();
    loop {
        match stream.read().await {
            Ok(Some(chunk)) => {
                payload.push(chunk, length);
                complete_at = Instant::now();
                if payload.len() > length {
                    stream.stop(StreamCode::DROPPED);
                    return Received::Refused(Some(header));
                }
            }
            Ok(None) if payload.len() == length => {
                return Received::Unit { header, data: payload.freeze(), complete_at };
            }
            Ok(None) => return Received::Refused(Some(header)),
            Err(error) => return ended(error, Some(header)),
        }
    }
}

async fn read_header(stream: &mut InStream) -> Result<MediaHeader, Received> {
    let mut bytes = [0; MEDIA_HEADER_BYTES];
    stream.read_exact(&mut bytes).await.map_err(|error| ended(error, None))?;
    MediaHeader::decode(&bytes).map_err(|error| {
        tracing::debug!(%error, "a stream is no picture");
        stream.stop(StreamCode::DROPPED);
        Received::Refused(None)
    })
}

/// Notes come as long as the connection lasts. A stream of other bytes is not read on; the pictures go on.
async fn read_notes(mut stream: InStream, shared: &Shared) -> Received {
    let mut reader = NotesReader::new();
    let error = loop {
        match stream.read().await {
            Ok(Some(chunk)) => reader.push(&chunk),
            Ok(None) => match reader.finish() {
                Ok(()) => return Received::Gone,
                Err(error) => break error,
            },
            Err(_) => return Received::Gone,
        }
        let wrong = loop {
            match reader.next() {
                Ok(Some(note)) => shared.noted(note),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        if let Some(error) = wrong {
            stream.stop(StreamCode::DROPPED);
            break error;
        }
    };
    tracing::debug!(%error, "a stream has no notes");
    Received::Refused(None)
}

fn ended(error: LinkError, header: Option<MediaHeader>) -> Received {
    match error {
        LinkError::StreamReset(StreamCode::LATE) => Received::Late(header),
        LinkError::StreamReset(_) => Received::Gone,
        LinkError::StreamEnded => Received::Refused(header),
        _ => Received::Gone,
    }
}

/// A payload as it comes: a unit that came in one piece is not copied.
enum Payload {
    Nothing,
    One(Bytes),
    Many(BytesMut),
}

impl Payload {
    fn push(&mut self, chunk: Bytes, length: usize) {
        *self = match std::mem::replace(self, Payload::Nothing) {
            Payload::Nothing => Payload::One(chunk),
            Payload::One(first) => {
                // The budget holds `length`, so that a header cannot make us allocate more than that.
                let mut all = BytesMut::with_capacity(length);
                all.extend_from_slice(&first);
                all.extend_from_slice(&chunk);
                Payload::Many(all)
            }
            Payload::Many(mut all) => {
                all.extend_from_slice(&chunk);
                Payload::Many(all)
            }
        };
    }

    fn len(&self) -> usize {
        match self {
            Payload::Nothing => 0,
            Payload::One(chunk) => chunk.len(),
            Payload::Many(all) => all.len(),
        }
    }

    fn freeze(self) -> Bytes {
        match self {
            Payload::Nothing => Bytes::new(),
            Payload::One(chunk) => chunk,
            Payload::Many(all) => all.freeze(),
        }
    }
}
