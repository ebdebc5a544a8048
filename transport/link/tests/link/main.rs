//! The link over real loopback sockets, and over a network in memory on a paused clock.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // tests may: each ends with its runtime, and its tasks with it

mod admission;
mod alone;
mod control;
mod hostile;
mod media;
mod network;
mod proofs;
mod redial;
mod restart;
mod support;
mod versions;
mod virtual_time;
