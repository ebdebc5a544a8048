//! The ports between who decides what is drawn and encoded ([`renditions`](crate::renditions)), who runs it, and who can:
//! a [`Painter`] draws a view, an [`Encoder`] makes access units of pictures.
//!
//! Owns: the contracts. Refuses: threads (whoever drives the ports calls them on its workers), GStreamer, GPUs.

use core::any::Any;
use core::fmt;

use actors_protocol::Millis;
use actors_protocol::input::InputEvent;
use bytes::Bytes;

use crate::i420::{I420, Size};
use crate::picture::Codec;

/// What a session sees, as a value: two sessions with equal views are shown the same pixels.
pub trait View: Clone + Ord + fmt::Debug + Send + Sync + Unpin + 'static {}

impl<V: Clone + Ord + fmt::Debug + Send + Sync + Unpin + 'static> View for V {}

/// While it is held, what a view shows is being decoded, simulated or fetched. Dropping it is the end of the demand.
pub type Attendance = Box<dyn Any + Send>;

/// Draws views. All methods may be called from any thread; [`paint`](Painter::paint) is called on a worker.
pub trait Painter: Send + Sync + 'static {
    /// What it draws.
    type View: View;

    /// Somebody is shown `view` at `size` from now on.
    fn attend(&self, view: &Self::View, size: Size) -> Attendance;

    /// Changes when, and only when, [`paint`](Painter::paint) would give other pixels than before. Cheap: it is asked at
    /// every tick of every encoder.
    fn stamp(&self, view: &Self::View, size: Size, now: Millis) -> u64;

    /// Draws the view; every pixel of the canvas is written. Fails when the view cannot be shown to anybody.
    fn paint(&self, view: &Self::View, now: Millis, canvas: &mut I420) -> Result<(), MediaFault>;
}

/// A picture, encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// It needs no picture before it.
    pub key: bool,
    /// One access unit.
    pub data: Bytes,
}

/// Makes access units of pictures of one size. Not shared: one thread at a time.
pub trait Encoder: Send {
    /// Encodes a picture, now: one picture in, its access unit out, no delay. `key` asks for a key picture, which this one
    /// then is. `pts_us` grows strictly.
    fn encode(&mut self, picture: &I420, pts_us: u64, key: bool) -> Result<Encoded, MediaFault>;

    /// From the next picture on, aim at so many bits per second.
    fn set_bit_rate(&mut self, bits_per_second: u32);
}

/// What an encoder is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// How pictures are coded.
    pub codec: Codec,
    /// Their size.
    pub size: Size,
    /// Pictures per thousand seconds.
    pub rate_millihertz: u32,
    /// Bits per second to aim at; without meaning for raw pictures.
    pub bit_rate: u32,
}

/// Makes encoders. Called on a worker.
pub trait Encoders: Send + Sync + 'static {
    /// A new encoder; its first picture is a key picture.
    fn make(&self, target: Target) -> Result<Box<dyn Encoder>, MediaFault>;
}

/// One session's way through what a painter can draw: inputs come in, a view comes out. Pure: time comes in.
pub trait Interaction {
    /// What the painter draws.
    type View: View;

    /// What the session is shown now.
    fn view(&self) -> Self::View;

    /// The viewer did something.
    fn input(&mut self, now: Millis, event: &InputEvent);

    /// When the view changes by itself next (auto-scroll); none if it does not.
    fn poll_timeout(&self) -> Option<Millis>;

    /// Time has come up to `now`.
    fn on_timeout(&mut self, now: Millis);

    /// What has the focus, in words: for tests, and for people who cannot see it.
    fn focus(&self) -> Option<String>;
}

/// Why a painter or an encoder could not, in words with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MediaFault(pub String);
