//! The harness of tier T2: the true shells and the true factory over real quinn, on an in-memory network in virtual time.
//!
//! Owns: the simulated network ([`net`]).
//! Refuses: the wall clock and the operating system's sockets. Everything here runs on one current-thread runtime whose
//! clock is paused, and takes its randomness from one seed.

pub mod net;
