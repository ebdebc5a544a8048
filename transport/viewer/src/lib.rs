//! The viewer library: a service's name in, pictures out, input back.
//!
//! Owns: how a slot is found and taken, the order of pictures, the road of inputs, coming back after a lost connection, and
//! what is measured. Refuses: to decode, to show, to retry what was refused; actors and media libraries.
#![doc = ""]
#![doc = include_str!("../README.md")]

pub mod error;
pub mod limits;
pub mod measure;
pub mod picture;
pub mod playout;
pub mod queue;
pub mod record;
pub mod trust;

mod channel;
mod input;
mod keep;
mod random;
mod receive;
mod resolve;
mod session;
mod shared;
mod viewer;

pub use actors_protocol::input::{InputEvent, UnknownKey, keysym};
pub use actors_protocol::{ServiceName, SiteName};
pub use error::{InputError, OpenError, Refusal};
pub use measure::{Percentiles, Stats};
pub use picture::{Ended, Event, Picture, SessionInfo};
pub use record::{RecordError, Recorded, Recorder};
pub use session::{InputSender, Session};
pub use transport_link::Socket;
pub use transport_wire::{CloseCode, Codec, Versions};
pub use trust::{DomainTrust, ResolverAddress, TrustError};
pub use viewer::{OpenOptions, Options, Viewer};
