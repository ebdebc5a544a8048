//! GStreamer: making the clip that Fusion brings along, loading any clip, and saying what the machine lacks.
//!
//! Owns: everything that names GStreamer. Other crates see [`media_share::ClipTrack`] and plain values.
//! Refuses: sessions and their pace (`media/session`), pure playback (`media/share`), and the process: no signal handler,
//! no environment variable, no global beside the one that the library itself is.
//!
//! All calls block, for seconds at worst: call them where blocking is allowed. Each has a deadline.

pub mod annexb;
mod assembly;
mod bank;
mod decoder;
mod draw;
mod encoder;
mod error;
mod fixture;
mod generate;
mod load;
mod mp4;
mod pads;
mod probe;
mod screen;
mod streams;

pub use bank::{
    BankOptions, FIRST_PICTURE, KEPT_HEIGHT, KEPT_WIDTH, NEXT_PICTURE, PICTURE_ENDINGS, PICTURE_PIXELS_MAX,
    PICTURE_SIDE_MAX, PLAYING_MAX, SOURCES_MAX, SourceBank, SourceReport, VIDEO_ENDINGS,
};
pub use decoder::{DecodeError, H264Decoder};
pub use draw::{Artist, ClipSpec};
pub use encoder::X264Encoders;
pub use error::PipelineError;
pub use fixture::generate_guide;
pub use generate::{GENERATE_DEADLINE, generate_clip, generate_clip_with};
pub use load::{Limits, load_clip, load_clip_within};
pub use mp4::{Mp4Error, Mp4Writer};
pub use probe::{Element, Report, probe};
pub use screen::draw_on_screen;

/// Starts GStreamer. Every function of this crate does it; doing it again costs nothing.
///
/// The first start on a machine scans all plugins (about a second) and keeps the result in a file, by default in
/// `~/.cache/gstreamer-1.0`. Where that cannot be written, each start scans again: a program that knows a writable
/// place should set `GST_REGISTRY` to a file there, unless it is set, *before it starts any thread*. That is for the
/// program to do: a library must not change the environment.
pub fn init() -> Result<(), PipelineError> {
    gstreamer::init().map_err(PipelineError::Init)
}
