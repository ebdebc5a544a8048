//! The decisions of a Fusion domain, as state machines that know no clock, socket, actor or media library.
//!
//! Every core takes `now` (and randomness, where it needs any) with each input and yields effects through `poll_effect`;
//! `poll_timeout` tells when it wants to be called again. The same cores run in production, in tests and in the harness.
//!
//! Owns: what is decided. Refuses: doing it. No tokio, no actix, no quinn, no std clock, no order that depends on a hash.

pub mod backoff;
pub mod deployment;
pub mod evaluation;
pub mod factory;
pub mod flaw;
pub mod gateway;
pub mod manifest;
pub mod membership;
pub mod near;
pub mod registry;
pub mod resolution;
pub mod share;
pub mod users;
pub mod zone;

pub use flaw::Flaw;
