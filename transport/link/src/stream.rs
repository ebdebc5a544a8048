//! Streams in one direction: [`OutStream`] and [`InStream`]. Thin: quinn's, with this crate's errors and codes.

use std::future::Future;

use bytes::Bytes;
use quinn::{ReadError, ReadExactError, WriteError};
use transport_wire::StreamCode;

use crate::{Connection, LinkError};

/// A stream towards the peer. Dropped before [`OutStream::finish`], it is reset, so that half a thing is never taken for a
/// whole one.
pub struct OutStream {
    quinn: quinn::SendStream,
    connection: Connection,
    finished: bool,
}

impl OutStream {
    pub(crate) fn new(quinn: quinn::SendStream, connection: Connection) -> OutStream {
        OutStream { quinn, connection, finished: false }
    }

    /// Streams of a greater priority are sent first; the default is 0.
    pub fn set_priority(&self, priority: i32) {
        // Fails only for a stream that is over, and then it does not matter.
        let _ = self.quinn.set_priority(priority);
    }

    /// Writes all of `data`, without copying it. Waits while the peer's window is full.
    pub async fn write(&mut self, data: Bytes) -> Result<(), LinkError> {
        self.write_all(&mut [data]).await
    }

    /// [`OutStream::write`] for several pieces, at one go if the window permits.
    pub async fn write_all(&mut self, pieces: &mut [Bytes]) -> Result<(), LinkError> {
        // quinn does not tell a writer that waits for the connection's window that its peer has stopped the stream: it would
        // wait on, and its bytes would keep the window full.
        let ended = self.ended();
        tokio::select! {
            biased;
            written = self.quinn.write_all_chunks(pieces) => written.map_err(|error| write_error(error, &self.connection)),
            ended = ended => ended.and(Err(LinkError::StreamEnded)),
        }
    }

    /// Nothing follows. What was written is still delivered.
    pub fn finish(&mut self) {
        self.finished = true;
        let _ = self.quinn.finish();
    }

    /// Gives up; what was not delivered yet will not be.
    pub fn reset(&mut self, code: StreamCode) {
        self.finished = true;
        let _ = self.quinn.reset(code.0.into());
    }

    /// After [`OutStream::finish`]: waits until the peer has acknowledged every byte. Before it: until the peer refuses more.
    pub async fn acknowledged(&self) -> Result<(), LinkError> {
        self.ended().await
    }

    fn ended(&self) -> impl Future<Output = Result<(), LinkError>> + use<> {
        let (stopped, connection) = (self.quinn.stopped(), self.connection.clone());
        async move {
            match stopped.await {
                Ok(None) => Ok(()),
                Ok(Some(code)) => Err(LinkError::StreamReset(stream_code(code))),
                Err(quinn::StoppedError::ConnectionLost(error)) => Err(connection.why(error)),
                Err(quinn::StoppedError::ZeroRttRejected) => unreachable_zero_rtt(),
            }
        }
    }
}

impl Drop for OutStream {
    fn drop(&mut self) {
        if !self.finished {
            let _ = self.quinn.reset(StreamCode::DROPPED.0.into());
        }
    }
}

/// A stream from the peer. Dropped before its end, the peer is told to stop.
pub struct InStream {
    quinn: quinn::RecvStream,
    connection: Connection,
}

impl InStream {
    pub(crate) fn new(quinn: quinn::RecvStream, connection: Connection) -> InStream {
        InStream { quinn, connection }
    }

    /// What comes next, without copying it; `None` at the end.
    pub async fn read(&mut self) -> Result<Option<Bytes>, LinkError> {
        match self.quinn.read_chunk(usize::MAX, true).await {
            Ok(chunk) => Ok(chunk.map(|chunk| chunk.bytes)),
            Err(error) => Err(read_error(error, &self.connection)),
        }
    }

    /// Exactly as many bytes as `buffer` has.
    pub async fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), LinkError> {
        self.quinn.read_exact(buffer).await.map_err(|error| match error {
            ReadExactError::FinishedEarly(_) => LinkError::StreamEnded,
            ReadExactError::ReadError(error) => read_error(error, &self.connection),
        })
    }

    /// Wants no more of it.
    pub fn stop(&mut self, code: StreamCode) {
        let _ = self.quinn.stop(code.0.into());
    }
}

pub(crate) fn write_error(error: WriteError, connection: &Connection) -> LinkError {
    match error {
        WriteError::Stopped(code) => LinkError::StreamReset(stream_code(code)),
        WriteError::ConnectionLost(error) => connection.why(error),
        WriteError::ClosedStream => LinkError::StreamEnded,
        WriteError::ZeroRttRejected => unreachable_zero_rtt(),
    }
}

pub(crate) fn read_error(error: ReadError, connection: &Connection) -> LinkError {
    match error {
        ReadError::Reset(code) => LinkError::StreamReset(stream_code(code)),
        ReadError::ConnectionLost(error) => connection.why(error),
        ReadError::ClosedStream => LinkError::StreamEnded,
        ReadError::IllegalOrderedRead => unreachable!("every read of this crate is ordered"),
        ReadError::ZeroRttRejected => unreachable_zero_rtt(),
    }
}

fn stream_code(code: quinn::VarInt) -> StreamCode {
    StreamCode(u32::try_from(code.into_inner()).unwrap_or(u32::MAX))
}

fn unreachable_zero_rtt<T>() -> T {
    unreachable!("no connection of this crate sends before the handshake is over")
}
