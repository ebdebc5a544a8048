//! The ports between what is shown and what shows it: a *program* is what all sessions of an instance share, a *playback*
//! is what one of them is shown.
//!
//! Owns: the words for pictures and their format, the two ports, and the playback of a clip out of memory.
//! Refuses: how a picture comes to be. No GStreamer, no GPU, no socket, no actor and no clock: `now` comes in, pictures
//! come out. `media/session` drives the ports, `media/pipeline` and the services stand behind them.

pub mod clip;
pub mod demand;
pub mod i420;
pub mod overload;
pub mod path;
pub mod picture;
pub mod playback;
pub mod ports;
pub mod renditions;
pub mod rung;
pub mod tiles;
pub mod y4m;

pub use clip::{AccessUnit, ClipFault, ClipPlayback, ClipTrack};
pub use demand::{Demand, DemandEffect};
pub use i420::{I420, Plane, Size};
pub use overload::Overload;
pub use path::Path;
pub use picture::{Codec, Format, Picture};
pub use playback::{Note, Opening, PICTURE_DEADLINE, Playback, PlaybackState, Program, Wake};
pub use ports::{Encoded, Encoder, Encoders, Interaction, MediaFault, Painter, Target, View};
pub use renditions::{RenditionId, Renditions};
pub use rung::{Ladder, Rung, bit_rate};
pub use tiles::{SourceCard, SourceId, SourceKind, Tile, Tiles};
