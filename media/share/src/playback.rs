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
//! A picture says itself which inputs it shows ([`Picture::last_input`]): one that was drawn elsewhere may have been begun
//! before the last input came. A playback whose pictures come from elsewhere wakes its driver when there is one.

use std::sync::Arc;

use actors_protocol::input::Input;
use actors_protocol::{Millis, ServiceName, SessionId};
use serde::Serialize;

use crate::path::Path;
use crate::picture::{Format, Picture};

/// How late a picture may be before it is worth nothing to a viewer.
///
/// Longer than the jitter of a bad line, shorter than what a person takes for a reaction.
pub const PICTURE_DEADLINE: Millis = Millis(300);

/// What all sessions of an instance share: a clip in memory, a world, a decoder.
pub trait Program {
    /// What the pictures of a service are like. The same for all its sessions and for ever.
    fn format(&self, service: &ServiceName) -> Format;

    /// Begins to show it to one more session, from that session's picture 0.
    fn open(&self, now: Millis, opening: Opening) -> Box<dyn Playback>;
}

/// What a playback is begun with.
pub struct Opening {
    /// The service that the viewer opened.
    pub service: ServiceName,
    /// The session's number.
    pub session: SessionId,
    /// What its pictures are to be like: the program's format, or the same with raw pictures if it is for a raw port.
    pub format: Format,
    /// Calls the driver back when a picture is there that no timer tells of. Cheap, and counts once until the driver looks.
    pub wake: Wake,
}

/// See [`Opening::wake`].
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What one session is shown. Time comes in; `now` never goes back.
///
/// Promised by every playback: numbers grow strictly, from 0; the first picture is a key picture; each other one is, or can
/// be decoded after the one given before it; no picture comes before it is due. A gap in the numbers is a picture that was
/// due and never drawn, or one that was given up.
pub trait Playback {
    /// The next picture, if one is due. Ask until there is none.
    fn poll_picture(&mut self, now: Millis) -> Option<Picture>;

    /// When the next picture is due; none if only an input or a wake can make one due. May lie in the past.
    fn poll_timeout(&self) -> Option<Millis>;

    /// The viewer did something. The numbers of inputs grow.
    fn input(&mut self, now: Millis, input: &Input);

    /// The viewer cannot use what comes next, because a picture before it was lost or late: what is not yet sent of this
    /// group is dropped, and the playback goes on at its next key picture.
    fn skip_to_key(&mut self, now: Millis);

    /// The group gets so long that it must end: make a key picture soon, if that can be done without leaving one out.
    fn freshen(&mut self, _now: Millis) {}

    /// The connection is lost: nobody watches until [`resume`](Playback::resume). Pictures are not polled meanwhile.
    fn pause(&mut self, _now: Millis) {}

    /// The viewer is back: the playback goes on at a key picture.
    fn resume(&mut self, now: Millis) {
        self.skip_to_key(now);
    }

    /// How the way to the viewer is, twice a second: a playback with several bit rates follows it.
    fn path(&mut self, _now: Millis, _path: &Path) {}

    /// What has the focus, in words, if that has changed since the last call, and the first picture that shows it.
    fn poll_note(&mut self) -> Option<Note> {
        None
    }

    /// It is over: in words. The session ends.
    fn over(&self) -> Option<String> {
        None
    }

    /// For inspection.
    fn state(&self) -> PlaybackState;
}

/// What has the focus: for tests, and for people who cannot see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The number of the first picture that shows it.
    pub picture: u64,
    /// In words.
    pub text: String,
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
