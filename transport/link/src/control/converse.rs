//! The dialler's side of a control stream: reads answers, writes what collects, minds the deadlines.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use transport_wire::limits::{FRAME_BYTES_MAX, HELLO_BYTES_MAX};
use transport_wire::{Envelope, FrameReader, Versions, WireError};

use super::calls::{Shared, unexpected, wake};
use super::writer::write;
use crate::stream::read_error;
use crate::{Connection, LinkError};

/// Chunks that are read at once; a chunk is what one packet brought.
pub(super) const CHUNKS: usize = 16;
/// Batches of chunks that are taken in, one on the heels of the other, before others get their turn.
pub(super) const BATCHES_IN_A_ROW: u32 = 4;
/// A peer that takes the stream answers it with a hello; one that does not within this time is no Fusion node.
const HELLO_WITHIN: Duration = Duration::from_secs(5);
/// What we say of ourselves in the hello.
pub(super) const WORDS: &str = concat!("fusion ", env!("CARGO_PKG_VERSION"));

/// Runs one link to its end. `up` is called with the agreed minor version when the peer's hello has come: it admits us.
pub(crate) async fn converse(
    shared: &Shared,
    connection: &Connection,
    versions: Versions,
    up: impl FnOnce(u16) + Send,
) -> LinkError {
    let (send, mut receive) = match connection.0.quinn.open_bi().await {
        Ok(stream) => stream,
        Err(error) => return connection.why(error),
    };
    shared.attach(versions, WORDS);
    let ended: Result<Infallible, LinkError> = tokio::select! {
        biased;
        ended = read(&mut receive, shared, connection, versions, up) => ended,
        ended = write(send, connection, |cx, stream| shared.poll_take(cx, stream)) => ended,
    };
    let Err(error) = ended;
    error
}

async fn read(
    stream: &mut quinn::RecvStream,
    shared: &Shared,
    connection: &Connection,
    versions: Versions,
    up: impl FnOnce(u16),
) -> Result<Infallible, LinkError> {
    let mut frames = FrameReader::new(HELLO_BYTES_MAX);
    let theirs = match timeout(HELLO_WITHIN, first_frame(stream, &mut frames, connection)).await {
        Ok(hello) => hello?,
        Err(_) => return Err(LinkError::Deadline { whom: shared.whom().to_string(), within: HELLO_WITHIN }),
    };
    let minor = shared.greeted(versions, theirs).map_err(|error| broken(connection, error))?;
    frames.set_limit(FRAME_BYTES_MAX);
    up(minor);

    let mut wakers: Vec<Option<Waker>> = Vec::new();
    let mut batches = 0;
    loop {
        let taken = shared.deliver(&mut wakers, || frames.next());
        wake(wakers.drain(..));
        taken.map_err(|error| broken(connection, error))?;
        batches += 1;
        if batches == BATCHES_IN_A_ROW {
            batches = 0;
            tokio::task::yield_now().await;
        }
        if read_chunks(stream, &mut frames, connection).await? == Came::Later {
            batches = 0;
        }
    }
}

/// The peer's hello, which must be its first frame.
pub(super) async fn first_frame(
    stream: &mut quinn::RecvStream,
    frames: &mut FrameReader,
    connection: &Connection,
) -> Result<Versions, LinkError> {
    loop {
        if let Some(frame) = frames.next().map_err(|error| broken(connection, error))? {
            return match Envelope::decode(&frame) {
                Ok(Envelope::Hello(hello)) => {
                    tracing::debug!(?connection, versions = %hello.versions, words = hello.words, "hello");
                    Ok(hello.versions)
                }
                Ok(_) => Err(broken(connection, unexpected("a frame before the hello"))),
                Err(error) => Err(broken(connection, error)),
            };
        }
        read_chunks(stream, frames, connection).await?;
    }
}

/// How bytes were had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// They were there already.
    AtOnce,
    /// They were waited for; meanwhile others had their turn.
    Later,
}

/// Waits for bytes and hands them to `frames`.
pub(super) async fn read_chunks(
    stream: &mut quinn::RecvStream,
    frames: &mut FrameReader,
    connection: &Connection,
) -> Result<Came, LinkError> {
    let mut chunks: [Bytes; CHUNKS] = Default::default();
    let mut came = Came::AtOnce;
    let read = {
        let mut reading = pin!(stream.read_chunks(&mut chunks));
        poll_fn(|cx| {
            let read = reading.as_mut().poll(cx);
            if read.is_pending() {
                came = Came::Later;
            }
            read
        })
        .await
    };
    match read {
        Ok(Some(count)) => {
            chunks.into_iter().take(count).for_each(|chunk| frames.push(chunk));
            Ok(came)
        }
        Ok(None) => match frames.finish() {
            Ok(()) => Err(LinkError::StreamEnded),
            Err(error) => Err(broken(connection, error)),
        },
        Err(error) => Err(read_error(error, connection)),
    }
}

/// The peer sent what is no part of the protocol: the connection ends with the code that says what it was.
pub(super) fn broken(connection: &Connection, error: WireError) -> LinkError {
    let (code, words) = (error.close_code(), error.to_string());
    connection.close(code, &words);
    match error {
        WireError::Version(mismatch) => LinkError::Version(mismatch.to_string()),
        _ => LinkError::Broken { code, words },
    }
}

/// Fails calls at their deadlines. One timer for all: it is set for the earliest one and not moved by answers, so a call that
/// is answered in time costs no timer at all.
pub(crate) async fn deadlines(shared: &Shared) -> Infallible {
    let mut timer = pin!(None::<Sleep>);
    poll_fn(|cx| {
        loop {
            let Some(alarm) = shared.alarm(cx) else {
                timer.set(None);
                return Poll::Pending;
            };
            if timer.as_ref().as_pin_ref().is_none_or(|timer| timer.deadline() != alarm) {
                timer.set(Some(sleep_until(alarm)));
            }
            let sleep = timer.as_mut().as_pin_mut().expect("set just now");
            if sleep.poll(cx).is_pending() {
                return Poll::Pending;
            }
            timer.set(None);
            shared.expire(Instant::now());
        }
    })
    .await
}
