//! Envelopes: what a frame's body is. Fixed layouts, written by hand, all numbers big-endian.
//!
//! ```text
//! offset  Hello (1)             Call (2)            Reply (3)    Failed (4)     Cancel (5)   GoAway (6)
//! 0       kind          u8      kind         u8     kind   u8    kind     u8    kind  u8     kind   u8
//! 1       magic "FUSN"  4 B     path length  u8     id     u32   id       u32   id    u32    code   u32
//! 2       │                     tag          u16    │            │              │            │
//! 4       │                     id           u32    │            │              │            │
//! 5       major         u16     │                   payload …    fault    u8    (5 bytes)    words  UTF-8 …
//! 6       │                     │                                words    UTF-8 …
//! 7       minor         u16     │
//! 8       │                     within ms    u32
//! 9       minor min     u16
//! 11      words         UTF-8 …
//! 12                            incarnation  u64
//! 20                            trace        u64
//! 28                            path         ASCII
//! 28 + n                        payload …
//! ```
//!
//! `…` reaches to the end of the frame. Payloads are [`crate::codec`]'s; nothing else is. The first seven bytes of a Hello
//! are the same in every major version, so that a refusal can name both; of another major version's hello nothing more is
//! relied on. Faults: 1 deadline, 2 gone, 3 overloaded, 4 panicked, 5 version, 6 denied, 7 malformed.
//!
//! Owns: these layouts. Refuses: to know which ids are in flight or which tags exist; that is the connection's business.

use actors_protocol::{Fault, Tag};
use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;

use crate::codec;
use crate::frame;
use crate::limits::{FRAME_BYTES_MAX, PATH_BYTES_MAX, WORDS_BYTES_MAX};
use crate::version::{MAJOR, Versions};
use crate::{CloseCode, WireError};

const HELLO: u8 = 1;
const CALL: u8 = 2;
const REPLY: u8 = 3;
const FAILED: u8 = 4;
const CANCEL: u8 = 5;
const GO_AWAY: u8 = 6;

const MAGIC: [u8; 4] = *b"FUSN";
const CALL_HEAD_BYTES: usize = 28;

/// The first envelope in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello<'a> {
    /// What the sender speaks.
    pub versions: Versions,
    /// Who the sender says it is (program, version, node), for logs only: identity is the certificate's.
    pub words: &'a str,
}

/// Everything of a call but its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallHead<'a> {
    /// The number of the call, chosen by the asker, unique among its calls in flight.
    pub id: u32,
    /// Which message the payload is.
    pub tag: Tag,
    /// How long the asker waits from now, in milliseconds; after that the answer interests nobody.
    pub within_ms: u32,
    /// Which life of the actor; 0 = whichever lives.
    pub incarnation: u64,
    /// The asker's trace, 0 = none.
    pub trace: u64,
    /// The actor.
    pub path: &'a str,
}

/// One frame's body, decoded. Payloads are slices of the frame, not copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Envelope<'a> {
    /// The first one in each direction.
    Hello(Hello<'a>),
    /// A question.
    Call {
        /// To whom, and how.
        head: CallHead<'a>,
        /// The message, still encoded.
        payload: Bytes,
    },
    /// Its answer.
    Reply {
        /// Which call.
        id: u32,
        /// The answer, still encoded.
        payload: Bytes,
    },
    /// The machinery could not bring the call to an answer.
    Failed {
        /// Which call.
        id: u32,
        /// Why.
        fault: Fault,
    },
    /// The asker has stopped waiting.
    Cancel {
        /// Which call.
        id: u32,
    },
    /// The sender will close the connection; answers in flight still come, new calls will not be taken.
    GoAway {
        /// The code it will close with.
        code: CloseCode,
        /// Why, for people.
        words: &'a str,
    },
}

impl<'a> Envelope<'a> {
    /// Reads a frame's body.
    #[inline]
    pub fn decode(frame: &'a Bytes) -> Result<Envelope<'a>, WireError> {
        let bytes: &'a [u8] = frame;
        match bytes.first() {
            Some(&CALL) => {
                let (head, payload_at) = decode_call(bytes)?;
                Ok(Envelope::Call { head, payload: frame.slice(payload_at..) })
            }
            Some(&REPLY) => Ok(Envelope::Reply { id: u32_at(bytes, 1, "a reply")?, payload: frame.slice(5..) }),
            Some(&FAILED) => decode_failed(bytes),
            Some(&CANCEL) => decode_cancel(bytes),
            Some(&GO_AWAY) => {
                let code = CloseCode(u32_at(bytes, 1, "a go-away")?);
                Ok(Envelope::GoAway { code, words: words("a go-away", &bytes[5..])? })
            }
            Some(&HELLO) => Ok(Envelope::Hello(decode_hello(bytes)?)),
            Some(other) => Err(WireError::malformed("an envelope", format!("there is no kind {other}"))),
            None => Err(WireError::Truncated { what: "an envelope", missing: 1 }),
        }
    }
}

/// Appends a whole frame: a hello. The words are cut to their limit.
pub fn write_hello(out: &mut BytesMut, versions: Versions, words: &str) -> Result<(), WireError> {
    frame::append(out, |out| {
        out.put_u8(HELLO);
        out.put_slice(&MAGIC);
        out.put_u16(versions.major);
        out.put_u16(versions.minor);
        out.put_u16(versions.minor_min);
        out.put_slice(cut(words).as_bytes());
        Ok(())
    })
}

/// Appends a whole frame: a call. If it fails, `out` is as it was before.
#[inline]
pub fn write_call<T: Serialize + ?Sized>(
    out: &mut BytesMut,
    head: &CallHead<'_>,
    message: &T,
) -> Result<(), WireError> {
    check_path(head.path.as_bytes())?;
    let mut fixed = [0; CALL_HEAD_BYTES];
    fixed[0] = CALL;
    fixed[1] = head.path.len() as u8; // check_path: at most 200
    fixed[2..4].copy_from_slice(&head.tag.to_be_bytes());
    fixed[4..8].copy_from_slice(&head.id.to_be_bytes());
    fixed[8..12].copy_from_slice(&head.within_ms.to_be_bytes());
    fixed[12..20].copy_from_slice(&head.incarnation.to_be_bytes());
    fixed[20..28].copy_from_slice(&head.trace.to_be_bytes());
    frame::append(out, |out| {
        out.put_slice(&fixed);
        out.put_slice(head.path.as_bytes());
        codec::encode_within(message, out, FRAME_BYTES_MAX - CALL_HEAD_BYTES - head.path.len())
    })
}

/// Sets anew how long the asker waits, in a whole frame that [`write_call`] has written: for a call that had to wait before it
/// could be sent.
pub fn set_within(call: &mut [u8], within_ms: u32) {
    const AT: usize = frame::PREFIX_BYTES + 8;
    debug_assert_eq!(call[frame::PREFIX_BYTES], CALL);
    call[AT..AT + 4].copy_from_slice(&within_ms.to_be_bytes());
}

/// Appends a whole frame: an answer. If it fails, `out` is as it was before.
#[inline]
pub fn write_reply<T: Serialize + ?Sized>(out: &mut BytesMut, id: u32, reply: &T) -> Result<(), WireError> {
    frame::append(out, |out| {
        out.put_slice(&with_u32(REPLY, id));
        codec::encode_within(reply, out, FRAME_BYTES_MAX - 5)
    })
}

/// Appends a whole frame: a call has failed. The fault's words are cut to their limit.
pub fn write_failed(out: &mut BytesMut, id: u32, fault: &Fault) -> Result<(), WireError> {
    let (code, words) = match fault {
        Fault::Deadline => (1, ""),
        Fault::Gone(words) => (2, words.as_str()),
        Fault::Overloaded(words) => (3, words.as_str()),
        Fault::Panicked(words) => (4, words.as_str()),
        Fault::Version(words) => (5, words.as_str()),
        Fault::Denied(words) => (6, words.as_str()),
        Fault::Malformed(words) => (7, words.as_str()),
    };
    frame::append(out, |out| {
        out.put_slice(&with_u32(FAILED, id));
        out.put_u8(code);
        out.put_slice(cut(words).as_bytes());
        Ok(())
    })
}

/// Appends a whole frame: the asker of a call has stopped waiting.
pub fn write_cancel(out: &mut BytesMut, id: u32) -> Result<(), WireError> {
    frame::append(out, |out| {
        out.put_slice(&with_u32(CANCEL, id));
        Ok(())
    })
}

/// Appends a whole frame: this side will close the connection. The words are cut to their limit.
pub fn write_go_away(out: &mut BytesMut, code: CloseCode, words: &str) -> Result<(), WireError> {
    frame::append(out, |out| {
        out.put_slice(&with_u32(GO_AWAY, code.0));
        out.put_slice(cut(words).as_bytes());
        Ok(())
    })
}

fn decode_call(bytes: &[u8]) -> Result<(CallHead<'_>, usize), WireError> {
    const WHAT: &str = "a call";
    let Some((head, rest)) = bytes.split_first_chunk::<CALL_HEAD_BYTES>() else {
        return Err(WireError::Truncated { what: WHAT, missing: (CALL_HEAD_BYTES - bytes.len()) as u64 });
    };
    let path_bytes = usize::from(head[1]);
    if rest.len() < path_bytes {
        return Err(WireError::Truncated { what: WHAT, missing: (path_bytes - rest.len()) as u64 });
    }
    let path = &rest[..path_bytes];
    check_path(path)?;
    let path = core::str::from_utf8(path).map_err(|_| WireError::malformed(WHAT, "its path is not text"))?;
    let call = CallHead {
        tag: u16::from_be_bytes([head[2], head[3]]),
        id: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
        within_ms: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
        incarnation: u64_in(head, 12),
        trace: u64_in(head, 20),
        path,
    };
    Ok((call, CALL_HEAD_BYTES + path_bytes))
}

fn decode_hello(bytes: &[u8]) -> Result<Hello<'_>, WireError> {
    const WHAT: &str = "a hello";
    let missing = |whole: usize| WireError::Truncated { what: WHAT, missing: (whole - bytes.len()) as u64 };
    let Some((fixed, rest)) = bytes.split_first_chunk::<7>() else { return Err(missing(7)) };
    if fixed[1..5] != MAGIC {
        return Err(WireError::malformed(WHAT, "it does not begin as one; this is not a Fusion peer"));
    }
    let major = u16::from_be_bytes([fixed[5], fixed[6]]);
    if major != MAJOR {
        // Another wire: what follows may look like anything. Its newest minor version is most likely where ours is.
        let minor = rest.first_chunk().map_or(0, |minor| u16::from_be_bytes(*minor));
        return Ok(Hello { versions: Versions { major, minor, minor_min: minor }, words: "" });
    }
    let Some((minors, rest)) = rest.split_first_chunk::<4>() else { return Err(missing(11)) };
    let minor = u16::from_be_bytes([minors[0], minors[1]]);
    let minor_min = u16::from_be_bytes([minors[2], minors[3]]);
    if minor_min > minor {
        return Err(WireError::malformed(WHAT, "its oldest version is newer than its newest"));
    }
    Ok(Hello { versions: Versions { major, minor, minor_min }, words: words(WHAT, rest)? })
}

fn decode_failed(bytes: &[u8]) -> Result<Envelope<'_>, WireError> {
    const WHAT: &str = "a failure";
    let id = u32_at(bytes, 1, WHAT)?;
    let Some((code, rest)) = bytes[5..].split_first() else {
        return Err(WireError::Truncated { what: WHAT, missing: 1 });
    };
    let text = || words(WHAT, rest).map(str::to_owned);
    let fault = match code {
        1 if rest.is_empty() => Fault::Deadline,
        1 => return Err(WireError::Trailing { what: WHAT, bytes: rest.len() as u64 }),
        2 => Fault::Gone(text()?),
        3 => Fault::Overloaded(text()?),
        4 => Fault::Panicked(text()?),
        5 => Fault::Version(text()?),
        6 => Fault::Denied(text()?),
        7 => Fault::Malformed(text()?),
        other => return Err(WireError::malformed(WHAT, format!("there is no fault {other}"))),
    };
    Ok(Envelope::Failed { id, fault })
}

fn decode_cancel(bytes: &[u8]) -> Result<Envelope<'_>, WireError> {
    let id = u32_at(bytes, 1, "a cancel")?;
    match bytes.len() - 5 {
        0 => Ok(Envelope::Cancel { id }),
        left => Err(WireError::Trailing { what: "a cancel", bytes: left as u64 }),
    }
}

/// A path that can be shown in a log without harm; whether an actor lives there is not asked here.
fn check_path(path: &[u8]) -> Result<(), WireError> {
    if path.len() > PATH_BYTES_MAX {
        let (bytes, limit) = (path.len() as u64, PATH_BYTES_MAX as u64);
        return Err(WireError::Oversized { what: "a path", bytes, limit });
    }
    if path.is_empty() || !path.iter().all(u8::is_ascii_graphic) {
        return Err(WireError::malformed("a path", "it is empty or has a character that paths do not have"));
    }
    Ok(())
}

fn words<'a>(what: &'static str, bytes: &'a [u8]) -> Result<&'a str, WireError> {
    if bytes.len() > WORDS_BYTES_MAX {
        return Err(WireError::Oversized { what, bytes: bytes.len() as u64, limit: WORDS_BYTES_MAX as u64 });
    }
    core::str::from_utf8(bytes).map_err(|_| WireError::malformed(what, "its words are not UTF-8"))
}

/// `words` without what is over the limit, cut between two characters.
pub fn cut(words: &str) -> &str {
    &words[..words.floor_char_boundary(WORDS_BYTES_MAX)]
}

fn with_u32(kind: u8, number: u32) -> [u8; 5] {
    let [a, b, c, d] = number.to_be_bytes();
    [kind, a, b, c, d]
}

fn u32_at(bytes: &[u8], at: usize, what: &'static str) -> Result<u32, WireError> {
    match bytes[at..].first_chunk() {
        Some(number) => Ok(u32::from_be_bytes(*number)),
        None => Err(WireError::Truncated { what, missing: (at + 4 - bytes.len()) as u64 }),
    }
}

fn u64_in(head: &[u8; CALL_HEAD_BYTES], at: usize) -> u64 {
    u64::from_be_bytes(core::array::from_fn(|index| head[at + index]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_between_characters() {
        let long = format!("a{}", "é".repeat(WORDS_BYTES_MAX));
        assert_eq!(cut(&long).len(), WORDS_BYTES_MAX - 1, "an é has two bytes, and one would be over the limit");
        let mut out = BytesMut::new();
        write_failed(&mut out, 1, &Fault::Gone(long.clone())).expect("whatever the words");
        let frame = out.split_off(frame::PREFIX_BYTES).freeze();
        let expected = Envelope::Failed { id: 1, fault: Fault::Gone(cut(&long).to_owned()) };
        assert_eq!(Envelope::decode(&frame), Ok(expected));
        assert_eq!(cut("short"), "short");
    }
}
