//! What a session hands to its application: pictures, and what becomes of the connection.
//!
//! Owns: the types of the public interface that are plain data. Refuses: behaviour.

use std::fmt;

use actors_protocol::{InstanceName, Millis, ServiceName, SessionId, SlotId, ZoneName};
use bytes::Bytes;
use tokio::time::Instant;
use transport_wire::{CloseCode, Codec};

/// One picture, undecoded, in decoding order.
#[derive(Clone)]
pub struct Picture {
    /// Its number in the session. The first is 0; it grows by one per picture that was due, so that
    /// `number == previous.number + 1 + late_before + dropped_before`.
    pub number: u64,
    /// Its group: a key picture and what depends on it.
    pub group: u32,
    /// Its index in the group; the key picture is 0.
    pub unit: u16,
    /// Can it be decoded without any other? A decoder may be begun here.
    pub key: bool,
    /// The picture before it still holds: a sign of life, or the acknowledgement of an input that changed nothing. `data`
    /// is empty: a decoder is not given it.
    pub repeat: bool,
    /// How `data` is coded.
    pub codec: Codec,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// Media time since the session began, in microseconds.
    pub pts_us: u64,
    /// The number of the last input that was applied before this picture; 0 = none yet.
    pub last_input: u32,
    /// Pictures directly before this one that never came, or came too late to be shown.
    pub late_before: u64,
    /// Pictures directly before this one that came and were dropped because the application did not take them in time.
    pub dropped_before: u64,
    /// When its last byte had arrived, on this machine's clock.
    pub complete_at: Instant,
    /// The access unit: H.264 in Annex B, or the raw planes Y, U, V. Empty for a repeat, and for nothing else.
    pub data: Bytes,
}

impl fmt::Debug for Picture {
    /// Without the data: a log is no place for pictures.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Picture { number, group, unit, data, .. } = self;
        let kind = if self.key { " key" } else { "" };
        write!(f, "Picture({number}, {group}.{unit}{kind}, {} bytes)", data.len())
    }
}

/// What a session is: told once, when it has been opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// The service.
    pub service: ServiceName,
    /// The instance that serves it.
    pub instance: InstanceName,
    /// The instance's zone.
    pub zone: ZoneName,
    /// The session's number, unique in its instance.
    pub session: SessionId,
    /// The slot it holds.
    pub slot: SlotId,
    /// How its pictures are coded: `h264`, `i420`, or what a later version brings.
    pub codec: String,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// Pictures per thousand seconds.
    pub rate_millihertz: u32,
    /// How long a lost connection may stay lost.
    pub resume_window: Millis,
}

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The code with which the other side, or [`Session::close`](crate::Session::close), ended it. None = the connection
    /// was lost and the session could not be resumed.
    pub code: Option<CloseCode>,
    /// The reason, for people.
    pub words: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "the session has ended ({}): {}", code.name(), self.words),
            None => write!(f, "the session has ended: {}", self.words),
        }
    }
}

impl std::error::Error for Ended {}

/// What happens in a session.
#[derive(Clone, Debug)]
pub enum Event {
    /// The next picture.
    Picture(Picture),
    /// The connection is lost; the session tries to go on over a new one. Show the last picture, and say so.
    Lost {
        /// What happened to the connection.
        words: String,
    },
    /// The session goes on. The next picture is a key picture.
    Resumed,
    /// The session is over; nothing follows but this event again.
    Ended(Ended),
}
