//! One connection with its control stream, moved by whoever waits on it.
//!
//! Owns: the futures that read and write a connection. Refuses: to spawn them; they are polled while an answer is waited
//! for, and by the session's task afterwards, so that dropping a [`Channel`] ends all that it does.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use actors_protocol::{Fault, Incarnation, Request};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use transport_link::tuning::UNI_STREAMS_VIEWER;
use transport_link::{Connection, Control, Driver, LinkError, OutStream};
use transport_wire::{CloseCode, Versions, WireError};

use crate::input::Outgoing;
use crate::receive::{self, Budget};
use crate::shared::Shared;

/// Why a question has no answer.
#[derive(Debug)]
pub(crate) enum Silence {
    /// The connection has ended.
    Link(LinkError),
    /// It has not.
    Fault(Fault),
}

pub(crate) struct Channel {
    connection: Connection,
    control: Control,
    moving: Pin<Box<dyn Future<Output = LinkError> + Send>>,
    over: Option<LinkError>,
}

impl Channel {
    /// A channel for questions only.
    pub(crate) fn new(connection: Connection, versions: Versions) -> Channel {
        let (control, driver) = Control::open(&connection, versions);
        Channel { connection, control, moving: Box::pin(driver), over: None }
    }

    /// A channel that also takes pictures in, from the first moment: they may overtake the answer to the first question.
    pub(crate) fn with_pictures(connection: Connection, versions: Versions, shared: Arc<Shared>) -> Channel {
        let (control, driver) = Control::open(&connection, versions);
        let moving = Box::pin(converse(connection.clone(), driver, shared));
        Channel { connection, control, moving, over: None }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) async fn ask<M: Request>(
        &mut self,
        path: &str,
        incarnation: Incarnation,
        message: &M,
        within: Duration,
    ) -> Result<M::Reply, Silence> {
        let ask = self.control.ask(path, incarnation, message, within);
        let fault = tokio::select! {
            biased;
            answer = ask => match answer {
                Ok(reply) => return Ok(reply),
                Err(fault) => fault,
            },
            why = self.moved() => return Err(Silence::Link(why)),
        };
        // "Gone" says less than the connection does.
        match (&fault, self.connection.close_reason()) {
            (Fault::Gone(_), Some(why)) => Err(Silence::Link(why)),
            _ => Err(Silence::Fault(fault)),
        }
    }

    /// Moves the connection until it ends, and says why it did. May be dropped and asked again.
    pub(crate) async fn moved(&mut self) -> LinkError {
        if let Some(why) = &self.over {
            return why.clone();
        }
        let why = (&mut self.moving).await;
        // Whichever part of us saw the end first: the connection itself knows best.
        let why = self.connection.close_reason().unwrap_or(why);
        self.over.insert(why).clone()
    }
}

/// The control stream and the pictures, until the connection ends.
async fn converse(connection: Connection, driver: Driver, shared: Arc<Shared>) -> LinkError {
    let mut pictures = pin!(receive_all(&connection, &shared));
    tokio::select! {
        biased;
        why = driver => {
            if connection.close_reason().is_none() {
                // A session without control cannot say goodbye.
                connection.close(CloseCode::PROTOCOL, "the control stream has ended");
            }
            // What had arrived before the end is still shown.
            pictures.await;
            why
        }
        why = &mut pictures => why,
    }
}

/// Takes pictures in until the connection ends.
async fn receive_all(connection: &Connection, shared: &Arc<Shared>) -> LinkError {
    let budget = Budget::default();
    let mut readers = JoinSet::new();
    let why = loop {
        let grace = shared.grace_until();
        tokio::select! {
            // In this order, so that a flood of streams keeps neither what has come nor the clock waiting.
            biased;
            () = sleep_until(grace.unwrap_or_else(Instant::now)), if grace.is_some() => shared.grace_is_over(),
            Some(received) = readers.join_next() => take(received, connection, shared),
            stream = connection.accept_uni(), if readers.len() < UNI_STREAMS_VIEWER as usize => match stream {
                Ok(stream) => { readers.spawn(receive::read(stream, budget.clone(), shared.clone())); }
                Err(why) => break why,
            },
        }
    };
    // Their connection is gone, so they end at once.
    while let Some(received) = readers.join_next().await {
        take(received, connection, shared);
    }
    why
}

fn take(received: Result<receive::Received, tokio::task::JoinError>, connection: &Connection, shared: &Shared) {
    match received {
        Ok(received) => shared.received(received, connection.rtt()),
        Err(error) => tracing::error!(%error, "a reader of one picture has failed"),
    }
}

/// Sends inputs until the connection ends.
pub(crate) async fn send_inputs(connection: &Connection, shared: &Shared) -> LinkError {
    let mut stream: Option<OutStream> = None;
    loop {
        let sent = match shared.outgoing().await {
            Ok(Outgoing::Stream(bytes)) => write(connection, &mut stream, bytes).await,
            Ok(Outgoing::Datagram(input)) => match datagram(connection, &input) {
                Ok(Ok(())) => Ok(()),
                Ok(Err(LinkError::Datagram(_))) => match Outgoing::also_on_stream(&input) {
                    Ok(bytes) => write(connection, &mut stream, bytes).await,
                    Err(error) => refuse(error),
                },
                Ok(Err(why)) => Err(why),
                Err(error) => refuse(error),
            },
            Err(error) => refuse(error),
        };
        match sent {
            Ok(()) => {}
            // The server does not want to read this stream; the connection lives. What comes next goes on a new one.
            Err(LinkError::StreamReset(_) | LinkError::StreamEnded) => stream = None,
            Err(why) => return why,
        }
    }
}

fn datagram(
    connection: &Connection,
    input: &actors_protocol::input::Input,
) -> Result<Result<(), LinkError>, WireError> {
    Ok(connection.send_datagram(transport_wire::input::datagram(input)?))
}

/// An input that cannot be encoded is one that no version of the wire has; there is none.
fn refuse(error: WireError) -> Result<(), LinkError> {
    tracing::error!(%error, "an input was not sent");
    Ok(())
}

async fn write(connection: &Connection, stream: &mut Option<OutStream>, bytes: bytes::Bytes) -> Result<(), LinkError> {
    let stream = match stream {
        Some(stream) => stream,
        None => {
            let mut opened = connection.open_uni().await?;
            opened.write(Outgoing::stream_head()).await?;
            stream.insert(opened)
        }
    };
    stream.write(bytes).await
}
