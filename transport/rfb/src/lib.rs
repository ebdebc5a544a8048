//! RFB, the protocol of VNC (RFC 6143): bytes in, events out. So far what a client sends; it is what a raw port takes as
//! inputs.
//!
//! Owns: the layout of the messages and their limits, and the way from a pointer mask to single buttons.
//! Refuses: sockets, time, and what an input means.

pub mod client;

pub use client::{ClientError, ClientMessage, ClientReader, Pointer};
