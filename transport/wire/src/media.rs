//! Media on the wire: one unidirectional stream per access unit, a fixed header and then the raw payload.
//!
//! ```text
//! offset in the stream                       offset in the stream
//! 0    kind = 1      u8                      13   picture      u64   number in the session
//! 1    version = 1   u8                      21   pts          u64   microseconds of media time
//! 2    flags         u8  1 key, 2 repeat     29   last input   u32   the last one applied before this picture
//! 3    codec         u8  1 h264, 2 i420      33   width        u16   pixels
//! 4    reserved = 0  u8                      35   height       u16   pixels
//! 5    group         u32                     37   payload      u32   bytes that follow
//! 9    unit          u16  index in group     41   payload …
//! 11   previous      u16  units of the group before
//! ```
//!
//! Numbers are big-endian. The first byte of *every* unidirectional stream is its [`StreamKind`]; the header proper is
//! the 40 bytes after it.
//!
//! Owns: this layout, and the priority of a unit's stream. Refuses: to look into a payload.

use crate::WireError;
use crate::limits::{UNIT_BYTES_MAX, UNITS_PER_GROUP_MAX};

/// Bytes of a [`MediaHeader`], without the kind of the stream.
pub const MEDIA_HEADER_BYTES: usize = 40;
/// The version of the header's layout.
const HEADER_VERSION: u8 = 1;
const FLAG_KEY: u8 = 1;
const FLAG_REPEAT: u8 = 2;
const WHAT: &str = "a media header";

/// What a unidirectional stream, or a datagram, carries: its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StreamKind {
    /// One access unit, towards the viewer.
    Media = 1,
    /// Input events in order, from the viewer; or one of them in a datagram.
    Input = 2,
    /// What has the focus, in words, towards the viewer; one stream at a time.
    Notes = 3,
}

impl TryFrom<u8> for StreamKind {
    type Error = WireError;
    fn try_from(byte: u8) -> Result<StreamKind, WireError> {
        match byte {
            1 => Ok(StreamKind::Media),
            2 => Ok(StreamKind::Input),
            3 => Ok(StreamKind::Notes),
            other => Err(WireError::malformed("a stream", format!("there is no kind {other}"))),
        }
    }
}

/// How a payload is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Codec {
    /// H.264 in Annex B byte stream format, parameter sets before each key picture (ITU-T H.264 annex B).
    H264 = 1,
    /// Raw planes Y, U, V, 4:2:0, no padding.
    I420 = 2,
}

impl Codec {
    /// The word in messages and `--json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Codec::H264 => "h264",
            Codec::I420 => "i420",
        }
    }
}

/// What a viewer must know of an access unit before its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaHeader {
    /// Can be decoded without any other unit; begins a group.
    pub key: bool,
    /// The picture before it still holds: a sign of life, or the acknowledgement of an input that changed nothing. It has
    /// no payload, and every other picture has one.
    pub repeat: bool,
    /// How the payload is coded.
    pub codec: Codec,
    /// The group: a key picture and what depends on it. Grows.
    pub group: u32,
    /// The index in the group; the key picture is 0.
    pub unit: u16,
    /// How many units were sent of the group before. A viewer that has them all need not wait for another.
    pub previous: u16,
    /// The number of the picture in the session. Grows by one per picture due, so that a skipped one is a visible gap.
    pub picture: u64,
    /// Media time since the session began, in microseconds.
    pub pts_us: u64,
    /// The number of the last input that was applied before this picture; 0 = none yet.
    pub last_input: u32,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// Bytes of the payload; the stream ends after them. Zero for a repeat, and for nothing else.
    pub payload_len: u32,
}

impl MediaHeader {
    /// The header as it is on the stream, its kind before it. Fails if a field is over its limit.
    pub fn encode(&self) -> Result<[u8; 1 + MEDIA_HEADER_BYTES], WireError> {
        self.check()?;
        let flags = if self.key { FLAG_KEY } else { 0 } | if self.repeat { FLAG_REPEAT } else { 0 };
        let mut out = [0; 1 + MEDIA_HEADER_BYTES];
        out[..5].copy_from_slice(&[StreamKind::Media as u8, HEADER_VERSION, flags, self.codec as u8, 0]);
        out[5..9].copy_from_slice(&self.group.to_be_bytes());
        out[9..11].copy_from_slice(&self.unit.to_be_bytes());
        out[11..13].copy_from_slice(&self.previous.to_be_bytes());
        out[13..21].copy_from_slice(&self.picture.to_be_bytes());
        out[21..29].copy_from_slice(&self.pts_us.to_be_bytes());
        out[29..33].copy_from_slice(&self.last_input.to_be_bytes());
        out[33..35].copy_from_slice(&self.width.to_be_bytes());
        out[35..37].copy_from_slice(&self.height.to_be_bytes());
        out[37..41].copy_from_slice(&self.payload_len.to_be_bytes());
        Ok(out)
    }

    /// Reads the 40 bytes that follow the kind of the stream.
    pub fn decode(bytes: &[u8; MEDIA_HEADER_BYTES]) -> Result<MediaHeader, WireError> {
        let [version, flags, codec, reserved, ..] = *bytes;
        if version != HEADER_VERSION {
            return Err(WireError::malformed(WHAT, format!("its version is {version}, not {HEADER_VERSION}")));
        }
        if flags & !(FLAG_KEY | FLAG_REPEAT) != 0 || reserved != 0 {
            return Err(WireError::malformed(WHAT, "bits are set that have no meaning"));
        }
        let codec = match codec {
            1 => Codec::H264,
            2 => Codec::I420,
            other => return Err(WireError::malformed(WHAT, format!("there is no codec {other}"))),
        };
        let header = MediaHeader {
            key: flags & FLAG_KEY != 0,
            repeat: flags & FLAG_REPEAT != 0,
            codec,
            group: u32::from_be_bytes(part(bytes, 4)),
            unit: u16::from_be_bytes(part(bytes, 8)),
            previous: u16::from_be_bytes(part(bytes, 10)),
            picture: u64::from_be_bytes(part(bytes, 12)),
            pts_us: u64::from_be_bytes(part(bytes, 20)),
            last_input: u32::from_be_bytes(part(bytes, 28)),
            width: u16::from_be_bytes(part(bytes, 32)),
            height: u16::from_be_bytes(part(bytes, 34)),
            payload_len: u32::from_be_bytes(part(bytes, 36)),
        };
        header.check()?;
        Ok(header)
    }

    /// The priority of this unit's stream; see [`priority`].
    pub fn priority(&self) -> i32 {
        priority(self.group, self.unit)
    }

    fn check(&self) -> Result<(), WireError> {
        if self.payload_len as usize > UNIT_BYTES_MAX {
            let (bytes, limit) = (self.payload_len.into(), UNIT_BYTES_MAX as u64);
            return Err(WireError::Oversized { what: "an access unit", bytes, limit });
        }
        if self.unit >= UNITS_PER_GROUP_MAX {
            return Err(WireError::malformed(WHAT, format!("a group has no unit {}", self.unit)));
        }
        if self.key != (self.unit == 0) {
            return Err(WireError::malformed(WHAT, "a group begins with its key picture and has no other"));
        }
        match (self.repeat, self.payload_len) {
            (true, 1..) => Err(WireError::malformed(WHAT, "a repeat has no payload")),
            (false, 0) => Err(WireError::malformed(WHAT, "a picture that is no repeat has a payload")),
            (true, 0) if self.key => Err(WireError::malformed(WHAT, "a repeat is no key picture")),
            _ => Ok(()),
        }?;
        Ok(())
    }
}

/// The priority of a unit's stream, greater is sent sooner: the newest group first, in it the units in order. In steps it
/// is `group × 4096 − unit`, moved below zero so that streams of the default priority 0 (control, input) go before media.
///
/// 19 bits are left for the group. Where they wrap, every 524,288 groups, the group after the wrap is sent behind the
/// few older units that still wait; those are late within a third of a second and reset, and all is in order again.
pub const fn priority(group: u32, unit: u16) -> i32 {
    const UNITS: i32 = UNITS_PER_GROUP_MAX as i32;
    const GROUPS: u32 = (1 << 31) / UNITS_PER_GROUP_MAX as u32;
    let unit = if unit < UNITS_PER_GROUP_MAX { unit as i32 } else { UNITS - 1 };
    i32::MIN + (group % GROUPS) as i32 * UNITS + (UNITS - 1 - unit)
}

fn part<const N: usize>(bytes: &[u8; MEDIA_HEADER_BYTES], at: usize) -> [u8; N] {
    core::array::from_fn(|index| bytes[at + index])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CloseCode;

    const KEY: MediaHeader = MediaHeader {
        key: true,
        repeat: false,
        codec: Codec::I420,
        group: 1,
        unit: 0,
        previous: 0,
        picture: 0,
        pts_us: 0,
        last_input: 0,
        width: 64,
        height: 36,
        payload_len: 3_456,
    };

    #[test]
    fn a_header_over_its_limits_is_neither_written_nor_read() {
        let good = KEY.encode().expect("within its limits");
        let oversized = MediaHeader { payload_len: UNIT_BYTES_MAX as u32 + 1, ..KEY };
        assert_eq!(oversized.encode().expect_err("too long").close_code(), CloseCode::OVERSIZED);
        for bad in [
            MediaHeader { unit: 1, ..KEY },
            MediaHeader { key: false, ..KEY },
            MediaHeader { key: false, unit: UNITS_PER_GROUP_MAX, ..KEY },
            MediaHeader { payload_len: 0, ..KEY },
            MediaHeader { repeat: true, payload_len: 0, ..KEY },
            MediaHeader { key: false, unit: 1, repeat: true, ..KEY },
        ] {
            assert_eq!(bad.encode().expect_err("no such picture").close_code(), CloseCode::MALFORMED);
        }
        for (at, byte, code) in [
            (0, 2, CloseCode::MALFORMED),  // version
            (1, 4, CloseCode::MALFORMED),  // flags
            (2, 0, CloseCode::MALFORMED),  // codec
            (3, 1, CloseCode::MALFORMED),  // reserved
            (9, 1, CloseCode::MALFORMED),  // a unit that is no key picture, and a key picture
            (36, 1, CloseCode::OVERSIZED), // 16 MiB of payload
        ] {
            let mut bytes: [u8; MEDIA_HEADER_BYTES] = good[1..].try_into().expect("40 bytes after the kind");
            assert_eq!(MediaHeader::decode(&bytes), Ok(KEY));
            bytes[at] = byte;
            assert_eq!(MediaHeader::decode(&bytes).expect_err("bad").close_code(), code, "byte {at}");
        }
    }

    #[test]
    fn a_repeat_is_a_header() {
        let repeat = MediaHeader { key: false, unit: 1, repeat: true, payload_len: 0, ..KEY };
        let bytes = repeat.encode().expect("good");
        assert_eq!(MediaHeader::decode(bytes[1..].try_into().expect("40 bytes")), Ok(repeat));
    }

    #[test]
    fn priorities_use_their_whole_range_and_wrap_without_a_panic() {
        assert_eq!(priority(0, UNITS_PER_GROUP_MAX - 1), i32::MIN);
        assert_eq!(priority((1 << 19) - 1, 0), -1);
        assert_eq!(priority(1 << 19, 0), priority(0, 0));
        assert_eq!(priority(u32::MAX, u16::MAX), priority(u32::MAX, UNITS_PER_GROUP_MAX - 1));
    }
}
