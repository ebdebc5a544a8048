//! The kit of tier T3: the true `fusion` program in processes of its own, on loopback and across network namespaces, on
//! the real clock.
//!
//! Owns: starting and ending processes, ports, directories, namespaces with delay and a limited rate, looking at
//! recordings.
//! Refuses: knowing Fusion from inside (no crate of ours is a dependency); asserting times, which a busy machine stretches:
//! tests print them with [`say`] and assert outcomes.
//!
//! The parts panic with words a person can act on, because a test has nothing better to do with a failure. Whatever a
//! test started ends with it: a dropped [`Process`] is killed and reaped, dropped [`Namespaces`] are removed, and a test
//! process that is killed itself takes its children along.
#![allow(clippy::disallowed_methods, reason = "the kit drives real processes in real time, and owns its threads")]

mod alone;
mod binary;
mod demo;
pub mod folder;
pub mod json;
mod media;
mod namespaces;
mod noise;
pub mod pictures;
mod ports;
mod probe;
mod process;
mod raw;
mod rest;
mod say;
pub mod scenes;
mod screen;
pub mod six;
mod slots;
mod temp;
mod terminal;
mod viewer;
mod wait;

pub use binary::fusion;
pub use demo::Demo;
pub use namespaces::{Link, Namespaces, Traffic};
pub use noise::Noise;
pub use ports::free_port;
pub use probe::Probe;
pub use process::{Finished, Process, run};
pub use raw::RawClient;
pub use rest::{Answer, Rest};
pub use say::{say, skipped};
pub use screen::{Screen, Shot};
pub use six::Six;
pub use slots::{Pool, Sampler};
pub use temp::TempDir;
pub use terminal::Terminal;
pub use viewer::{Seat, Viewer, assert_unaffected};
pub use wait::eventually;
