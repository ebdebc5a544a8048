//! Media, the sending side: one unidirectional stream per access unit, newer groups first.
//!
//! A [`Unit`] is one future that opens the stream, writes header and payload, and waits until the peer has every byte. Its
//! owner polls it; a [`UnitReset`] gives it up from elsewhere when it is late. Dropped, it resets its stream: a viewer never
//! takes a part of a picture for a whole one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::Notify;
use transport_wire::{MediaHeader, StreamCode, WireError};

use crate::{Connection, LinkError, OutStream};

/// Makes [`Unit`]s.
pub struct UnitSender;

impl UnitSender {
    /// An access unit on its way to the peer. `payload_len` of the header is set here. Fails if the header or the payload is
    /// over its limit.
    pub fn send(connection: &Connection, mut header: MediaHeader, payload: Bytes) -> Result<Unit, WireError> {
        header.payload_len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let head = Bytes::copy_from_slice(&header.encode()?);
        let given_up = Arc::new(Notify::new());
        let future = Box::pin(send(connection.clone(), header.priority(), [head, payload], given_up.clone()));
        Ok(Unit { future, reset: UnitReset(given_up) })
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The peer has all of it.
    Acknowledged,
    /// This side gave it up, or the peer did not want it.
    Reset,
    /// The connection ended.
    Lost,
}

/// An access unit on its way. A future of its [`Outcome`].
#[must_use = "nothing is sent unless it is polled"]
pub struct Unit {
    future: Pin<Box<dyn Future<Output = Outcome> + Send>>,
    reset: UnitReset,
}

impl Unit {
    /// What gives the unit up from elsewhere.
    pub fn handle(&self) -> UnitReset {
        self.reset.clone()
    }

    /// Gives the unit up: what the peer does not have yet will not be sent.
    pub fn reset(&self) {
        self.reset.reset();
    }

    /// Sends it, and waits for the end of it.
    pub async fn outcome(self) -> Outcome {
        self.await
    }
}

impl Future for Unit {
    type Output = Outcome;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        self.future.as_mut().poll(cx)
    }
}

/// Gives a [`Unit`] up.
#[derive(Clone, Debug)]
pub struct UnitReset(Arc<Notify>);

impl UnitReset {
    /// The unit is late: what the peer does not have yet will not be sent. Without effect when it has ended.
    pub fn reset(&self) {
        self.0.notify_one();
    }
}

async fn send(connection: Connection, priority: i32, mut pieces: [Bytes; 2], given_up: Arc<Notify>) -> Outcome {
    let mut stream: Option<OutStream> = None;
    let sent = tokio::select! {
        biased;
        () = given_up.notified() => None,
        sent = write(&connection, &mut stream, priority, &mut pieces) => Some(sent),
    };
    match sent {
        Some(Ok(())) => Outcome::Acknowledged,
        Some(Err(LinkError::StreamReset(_))) => Outcome::Reset,
        Some(Err(_)) => Outcome::Lost,
        None => {
            if let Some(stream) = &mut stream {
                stream.reset(StreamCode::LATE);
            }
            Outcome::Reset
        }
    }
}

async fn write(
    connection: &Connection,
    stream: &mut Option<OutStream>,
    priority: i32,
    pieces: &mut [Bytes; 2],
) -> Result<(), LinkError> {
    let stream = stream.insert(connection.open_uni().await?);
    stream.set_priority(priority);
    stream.write_all(pieces).await?;
    stream.finish();
    stream.acknowledged().await
}
