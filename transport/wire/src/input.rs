//! Input on the wire: `[length: u16, big-endian][Input]` one after the other on a stream whose first byte is
//! [`StreamKind::Input`]; in a datagram that byte and one [`Input`] without a length.
//!
//! Owns: both codings. Refuses: to order, count or apply input; datagrams come in any order or not at all, and the numbers
//! in them tell.

use actors_protocol::input::Input;
use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::codec;
use crate::limits::INPUT_BYTES_MAX;
use crate::{StreamKind, WireError};

const PREFIX_BYTES: usize = 2;
const WHAT: &str = "an input";

/// Appends one input to what is to be sent on the input stream. The kind of the stream is the opener's to write.
pub fn write(out: &mut BytesMut, input: &Input) -> Result<(), WireError> {
    let start = out.len();
    out.put_u16(0);
    match codec::encode_within(input, out, INPUT_BYTES_MAX) {
        Ok(()) => {
            let length = (out.len() - start - PREFIX_BYTES) as u16; // at most 64
            out[start..start + PREFIX_BYTES].copy_from_slice(&length.to_be_bytes());
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// One input as a datagram.
pub fn datagram(input: &Input) -> Result<Bytes, WireError> {
    let mut out = BytesMut::with_capacity(1 + INPUT_BYTES_MAX);
    out.put_u8(StreamKind::Input as u8);
    codec::encode_within(input, &mut out, INPUT_BYTES_MAX)?;
    Ok(out.freeze())
}

/// Reads a datagram.
pub fn from_datagram(bytes: &[u8]) -> Result<Input, WireError> {
    let Some((kind, body)) = bytes.split_first() else {
        return Err(WireError::Truncated { what: WHAT, missing: 1 });
    };
    match StreamKind::try_from(*kind)? {
        StreamKind::Input => decode(body),
        StreamKind::Media | StreamKind::Notes => {
            Err(WireError::malformed(WHAT, "a datagram carries inputs and nothing else"))
        }
    }
}

/// Cuts the input stream into inputs. Feed it what follows the kind of the stream.
#[derive(Debug, Default)]
pub struct InputReader {
    buffer: BytesMut,
}

impl InputReader {
    /// An empty reader.
    pub fn new() -> InputReader {
        InputReader::default()
    }

    /// Takes in what has come. Call [`InputReader::next`] until it says `None` before the next push.
    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The next input, or `None` when more bytes are needed. After an error the stream is of no more use.
    #[allow(clippy::should_implement_trait)] // an iterator would end at the first None; this goes on after the next push
    pub fn next(&mut self) -> Result<Option<Input>, WireError> {
        let Some(prefix) = self.buffer.first_chunk::<PREFIX_BYTES>() else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes(*prefix));
        check_length(length)?;
        if self.buffer.len() < PREFIX_BYTES + length {
            return Ok(None);
        }
        let input = decode(&self.buffer[PREFIX_BYTES..PREFIX_BYTES + length])?;
        self.buffer.advance(PREFIX_BYTES + length);
        Ok(Some(input))
    }

    /// The stream has ended: was it between two inputs?
    pub fn finish(&self) -> Result<(), WireError> {
        if self.buffer.is_empty() { Ok(()) } else { Err(WireError::Truncated { what: WHAT, missing: 1 }) }
    }
}

fn decode(body: &[u8]) -> Result<Input, WireError> {
    check_length(body.len())?;
    codec::decode(body)
}

fn check_length(bytes: usize) -> Result<(), WireError> {
    if bytes > INPUT_BYTES_MAX {
        return Err(WireError::Oversized { what: WHAT, bytes: bytes as u64, limit: INPUT_BYTES_MAX as u64 });
    }
    Ok(())
}
