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
use bytes::BytesMut;
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
    let mut sink = Sink { at: start, start, end_max: start + bytes_max, full: None, whole: false, out };
    match bincode::serde::encode_into_writer(value, &mut sink, CONFIG) {
        Ok(()) => {
            sink.whole = true;
            Ok(())
        }
        Err(error) => Err(match sink.full {
            Some(end) => WireError::Oversized { what: WHAT, bytes: (end - start) as u64, limit: bytes_max as u64 },
            None => WireError::Unencodable { what: WHAT, why: error.to_string() },
        }),
    }
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
///
/// bincode writes a byte or a few at a time. Appending each would cost a check of the capacity and a change of the length
/// per byte; so the buffer is made longer in steps and cut to what was written at the end, also after a panic.
struct Sink<'a> {
    out: &'a mut BytesMut,
    start: usize,
    at: usize,
    end_max: usize,
    /// How long the buffer would have become when it met its bound.
    full: Option<usize>,
    whole: bool,
}

/// Most messages are shorter, so they take one step.
const STEP_BYTES: usize = 128;

impl Sink<'_> {
    /// Makes room for bytes up to `end`, and never beyond the bound. Steps grow with what has been written.
    #[cold]
    fn grow(&mut self, end: usize) -> Result<(), EncodeError> {
        if end > self.end_max {
            self.full = Some(end);
            return Err(EncodeError::Other("over the limit"));
        }
        let step = STEP_BYTES.max(self.at - self.start);
        self.out.resize(end.max(self.at + step).min(self.end_max), 0);
        Ok(())
    }
}

impl Writer for Sink<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let end = self.at + bytes.len();
        if end > self.out.len() {
            self.grow(end)?;
        }
        if let ([byte], Some(place)) = (bytes, self.out.get_mut(self.at)) {
            *place = *byte; // most writes, and much cheaper than a copy of unknown length
        } else {
            self.out[self.at..end].copy_from_slice(bytes);
        }
        self.at = end;
        Ok(())
    }
}

impl Drop for Sink<'_> {
    fn drop(&mut self) {
        self.out.truncate(if self.whole { self.at } else { self.start });
    }
}
