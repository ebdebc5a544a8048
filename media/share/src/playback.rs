//! The two ports: [`Program`], what all sessions of an instance share, and [`Playback`], what one session is shown.
//!
//! Owns: the contract between who drives a playback and who writes one.
//! Refuses: sending, pacing by sleeping, deadlines of single pictures; those are the driver's.
//!
//! The driver's loop is the same for every playback:
//!
//! ```text
//!   open(now) ──► poll_picture(now) until None ──► sleep until poll_timeout() ──► poll_picture …
//!                        ▲                                     │
//!                        └── input(now, …), skip_to_key(now) ──┘   (either may make a picture due at once)
//! ```
//!
//! A picture acknowledges every input that was handed in before it was polled: the driver writes the number of the last
//! one into the picture's header, so a playback need not know the numbers.

use actors_protocol::Millis;
use actors_protocol::input::InputEvent;
use serde::Serialize;

use crate::picture::{Format, Picture};

/// How late a picture may be before it is worth nothing to a viewer.
///
/// Longer than the jitter of a bad line, shorter than what a person takes for a reaction.
pub const PICTURE_DEADLINE: Millis = Millis(300);

/// What all sessions of an instance share: a clip in memory, a world, a decoder.
pub trait Program: Send + Sync {
    /// What its pictures are like. The same for all sessions and for ever.
    fn format(&self) -> Format;

    /// Begins to show it to one more session, from that session's picture 0.
    fn open(&self, now: Millis) -> Box<dyn Playback>;
}

/// What one session is shown. Pure: time comes in. `now` never goes back.
///
/// Promised by every playback: numbers grow strictly, from 0; the first picture is a key picture, and so is the one after
/// any gap in the numbers; no picture comes before it is due.
pub trait Playback: Send {
    /// The next picture, if one is due. Ask until there is none.
    fn poll_picture(&mut self, now: Millis) -> Option<Picture>;

    /// When the next picture is due; none if only an input can make one due. May lie in the past.
    fn poll_timeout(&self) -> Option<Millis>;

    /// The viewer did something.
    fn input(&mut self, now: Millis, event: &InputEvent);

    /// The viewer cannot use what comes next, because a picture before it was lost or late: what is not yet sent of this
    /// group is dropped, and the playback goes on at its next key picture.
    fn skip_to_key(&mut self, now: Millis);

    /// For inspection.
    fn state(&self) -> PlaybackState;
}

/// What inspection shows of a playback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlaybackState {
    /// The number that the next picture will have.
    pub next: u64,
    /// Pictures given out.
    pub given: u64,
    /// Pictures that were due and will never be given out; the gaps in the numbers.
    pub skipped: u64,
    /// Inputs taken in.
    pub inputs: u64,
}
