//! A clip in memory and its playback: a list of access units that is passed through, at its own pace and in a loop.
//!
//! Owns: the pace, the loop, and the rule for being late.
//! Refuses: to decode, encode or change a picture; to read a file (`media/pipeline` does).
//!
//! ```text
//!   waiting for picture n ──due──► given, n+1 ──► …
//!        │
//!        ├── asked more than PICTURE_DEADLINE too late ─┐   (the process was stopped, the machine is overloaded)
//!        └── skip_to_key ───────────────────────────────┴──► n = the next key picture at or after the one due now
//! ```
//!
//! Late by less than the deadline, the playback gives out what is due, in order: at most a third of a second of pictures,
//! which a decoder can use. Later than that they are worth nothing, and there is no burst.

use std::sync::Arc;

use actors_protocol::input::Input;
use actors_protocol::{Millis, ServiceName};
use bytes::Bytes;

use crate::picture::{Codec, Format, Picture};
use crate::playback::{Opening, PICTURE_DEADLINE, Playback, PlaybackState, Program};

/// The largest access unit that can be sent to a viewer: the limit of the media wire, kept when a clip is made.
pub const UNIT_BYTES_MAX: usize = 8 << 20;

/// The most pictures of one clip: ten minutes at 60 a second. A clip is kept in memory whole.
pub const UNITS_MAX: usize = 36_000;

/// One coded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// It needs no unit before it.
    pub key: bool,
    /// Its bytes.
    pub data: Bytes,
}

/// Why a list of access units is not a clip.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClipFault {
    /// Nothing to show.
    #[error("the clip has no pictures")]
    Empty,
    /// No session could begin.
    #[error("the clip does not begin with a key picture")]
    NoKeyFirst,
    /// A picture without bytes.
    #[error("picture {index} of the clip is empty")]
    EmptyUnit {
        /// Its place in the clip.
        index: usize,
    },
    /// A picture which the wire will not carry.
    #[error("picture {index} of the clip has {bytes} bytes; the most is {UNIT_BYTES_MAX}")]
    UnitTooLarge {
        /// Its place in the clip.
        index: usize,
        /// Its size.
        bytes: usize,
    },
    /// More pictures than a process should keep.
    #[error("the clip has {units} pictures; the most is {UNITS_MAX}")]
    TooLong {
        /// How many.
        units: usize,
    },
    /// Nothing is ever due.
    #[error("the clip has no picture rate")]
    NoRate,
}

/// A clip in memory, checked. A clone refers to the same bytes.
#[derive(Clone, Debug)]
pub struct ClipTrack {
    format: Format,
    units: Arc<[AccessUnit]>,
}

impl ClipTrack {
    /// A clip of these units, in the order in which they are shown.
    pub fn new(format: Format, units: Vec<AccessUnit>) -> Result<ClipTrack, ClipFault> {
        if format.rate_millihertz == 0 {
            return Err(ClipFault::NoRate);
        }
        if units.len() > UNITS_MAX {
            return Err(ClipFault::TooLong { units: units.len() });
        }
        if !units.first().ok_or(ClipFault::Empty)?.key {
            return Err(ClipFault::NoKeyFirst);
        }
        for (index, unit) in units.iter().enumerate() {
            match unit.data.len() {
                0 => return Err(ClipFault::EmptyUnit { index }),
                bytes if bytes > UNIT_BYTES_MAX => return Err(ClipFault::UnitTooLarge { index, bytes }),
                _ => {}
            }
        }
        Ok(ClipTrack { format, units: units.into() })
    }

    /// A made-up H.264 clip whose units hold their own place as text, with a key picture every `group`: for tests of what
    /// carries a clip. No decoder will take it.
    pub fn synthetic(pictures: u32, group: u32) -> ClipTrack {
        let format = Format { codec: Codec::H264, width: 640, height: 360, rate_millihertz: 30_000, bit_rate: None };
        let unit = |index: u32| AccessUnit {
            key: index.is_multiple_of(group.max(1)),
            data: Bytes::from(format!("picture {index} of {pictures}")),
        };
        ClipTrack::new(format, (0..pictures.max(1)).map(unit).collect()).expect("picture 0 is a key picture")
    }

    /// What its pictures are like.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Its pictures.
    pub fn units(&self) -> &[AccessUnit] {
        &self.units
    }

    /// The memory that its pictures take.
    pub fn bytes(&self) -> usize {
        self.units.iter().map(|unit| unit.data.len()).sum()
    }

    /// How long one round takes.
    pub fn duration(&self) -> Millis {
        self.format.due(self.units.len() as u64)
    }

    fn unit(&self, number: u64) -> &AccessUnit {
        // The remainder is below a usize, because the length is one.
        &self.units[(number % self.units.len() as u64) as usize]
    }

    /// The first key picture at or after `number`. There is one within a round, because picture 0 is one.
    fn key_from(&self, number: u64) -> u64 {
        let round = self.units.len() as u64;
        (number..number.saturating_add(round)).find(|candidate| self.unit(*candidate).key).unwrap_or(number)
    }
}

impl Program for ClipTrack {
    fn format(&self, _: &ServiceName) -> Format {
        self.format
    }

    fn open(&self, now: Millis, _: Opening) -> Box<dyn Playback> {
        Box::new(ClipPlayback::new(self.clone(), now))
    }
}

/// One session's run through a clip, from picture 0 on and round and round.
#[derive(Clone, Debug)]
pub struct ClipPlayback {
    track: ClipTrack,
    /// When picture 0 was given out; before that, when the session was opened. Counted from the first picture and not from
    /// the opening, so that a session that took long to begin still begins at picture 0.
    begun: Millis,
    last_input: u32,
    state: PlaybackState,
}

impl ClipPlayback {
    /// Begins at picture 0, which is due at once.
    pub fn new(track: ClipTrack, now: Millis) -> ClipPlayback {
        ClipPlayback { track, begun: now, last_input: 0, state: PlaybackState::default() }
    }

    fn due(&self) -> Millis {
        self.begun + self.track.format.due(self.state.next)
    }
}

impl Playback for ClipPlayback {
    fn poll_picture(&mut self, now: Millis) -> Option<Picture> {
        if self.state.given == 0 {
            self.begun = self.begun.max(now);
        }
        if now.since(self.due()) > PICTURE_DEADLINE {
            self.skip_to_key(now);
        }
        if self.due() > now {
            return None;
        }
        let number = self.state.next;
        self.state.next += 1;
        self.state.given += 1;
        let unit = self.track.unit(number);
        let pts_us = self.track.format.pts_us(number);
        let last_input = self.last_input;
        Some(Picture { number, key: unit.key, repeat: false, last_input, pts_us, data: unit.data.clone() })
    }

    fn poll_timeout(&self) -> Option<Millis> {
        Some(self.due())
    }

    fn input(&mut self, _now: Millis, input: &Input) {
        // A clip shows what it shows; the next picture acknowledges the input, and none is drawn for it.
        self.last_input = input.number;
        self.state.inputs += 1;
    }

    fn skip_to_key(&mut self, now: Millis) {
        if self.state.given == 0 {
            return;
        }
        let due = self.track.format.newest_due(now.since(self.begun));
        let key = self.track.key_from(self.state.next.max(due));
        self.state.skipped += key - self.state.next;
        self.state.next = key;
    }

    fn state(&self) -> PlaybackState {
        self.state
    }
}

#[cfg(test)]
mod tests;
