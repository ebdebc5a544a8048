//! The wire of a Fusion domain: bytes in, bytes out.
//!
//! Owns: the limits, the codec, frames, envelopes, version negotiation, media headers, inputs and notes, and the names of the
//! codes with which a connection ends. It is the only crate that names `bincode`.
//! Refuses: sockets, streams, clocks, tasks. Whatever comes from a peer is untrusted here: no input makes it panic, and
//! no length makes it allocate before the length has been compared with its limit.

pub mod close;
pub mod codec;
pub mod envelope;
pub mod error;
pub mod frame;
pub mod input;
pub mod limits;
pub mod media;
pub mod notes;
pub mod version;

pub use close::{CloseCode, StreamCode};
pub use codec::{decode, encode, encode_into};
pub use envelope::{CallHead, Envelope, Hello};
pub use error::WireError;
pub use frame::FrameReader;
pub use media::{Codec, MediaHeader, StreamKind};
pub use notes::Note;
pub use version::{VersionMismatch, Versions};
