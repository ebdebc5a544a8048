//! Values to bytes and back: bincode 2.0.1, `standard()`, through serde.
//!
//! Owns: the one configuration there is, its limit, and the check that every byte was consumed (bincode itself ignores
//! what is left over).
//! Refuses: the attributes that do not survive a format without field names (`skip_serializing_if`, `default`, `flatten`,
//! `untagged`, internal tags) and zero-sized elements, which cost no bytes and so pass every limit. Nothing here can see
//! them in a type; the golden bytes of `fixtures/golden` show them in the messages. Why bincode, and the way out of it:
//! `docs/adr/0003-bincode.md`.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::WireError;
use crate::limits::{DECODED_BYTES_MAX, FRAME_BYTES_MAX};

type Config = Configuration<LittleEndian, Varint, Limit<DECODED_BYTES_MAX>>;
const CONFIG: Config = bincode::config::standard().with_limit::<DECODED_BYTES_MAX>();
const WHAT: &str = "a message";

/// `value` in new memory. At most [`FRAME_BYTES_MAX`] bytes.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, WireError> {
    let mut out = BytesMut::with_capacity(64);
    encode_into(value, &mut out)?;
    Ok(out.into())
}

/// Appends `value` to `out`. If it fails, `out` is as it was before.
pub fn encode_into<T: Serialize + ?Sized>(value: &T, out: &mut BytesMut) -> Result<(), WireError> {
    encode_within(value, out, FRAME_BYTES_MAX)
}

/// [`encode_into`] with a limit of its own.
pub(crate) fn encode_within<T: Serialize + ?Sized>(
    value: &T,
    out: &mut BytesMut,
    bytes_max: usize,
) -> Result<(), WireError> {
    let start = out.len();
    let mut sink = Sink { out, end_max: start + bytes_max, full: None };
    let result = bincode::serde::encode_into_writer(value, &mut sink, CONFIG);
    let full = sink.full;
    result.map_err(|error| {
        out.truncate(start);
        match full {
            Some(end) => WireError::Oversized { what: WHAT, bytes: (end - start) as u64, limit: bytes_max as u64 },
            None => WireError::Unencodable { what: WHAT, why: error.to_string() },
        }
    })
}

/// Reads one value; every byte must belong to it.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    match bincode::serde::decode_from_slice(bytes, CONFIG) {
        Ok((value, read)) if read == bytes.len() => Ok(value),
        Ok((_, read)) => Err(WireError::Trailing { what: WHAT, bytes: (bytes.len() - read) as u64 }),
        Err(error) => Err(refusal(error)),
    }
}

#[cold]
fn refusal(error: DecodeError) -> WireError {
    match error {
        DecodeError::UnexpectedEnd { additional } => WireError::Truncated { what: WHAT, missing: additional as u64 },
        // bincode does not say how much was asked for; more than the limit, that is.
        DecodeError::LimitExceeded => {
            let limit = DECODED_BYTES_MAX as u64;
            WireError::Oversized { what: "a decoded message", bytes: limit + 1, limit }
        }
        DecodeError::OtherString(why) => WireError::malformed(WHAT, why),
        other => WireError::malformed(WHAT, other.to_string()),
    }
}

/// Where bincode writes: the caller's buffer, up to a bound.
struct Sink<'a> {
    out: &'a mut BytesMut,
    end_max: usize,
    /// How long the buffer would have become when it met its bound.
    full: Option<usize>,
}

impl Writer for Sink<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let end = self.out.len() + bytes.len();
        if end > self.end_max {
            self.full = Some(end);
            return Err(EncodeError::Other("over the limit"));
        }
        self.out.put_slice(bytes);
        Ok(())
    }
}
