//! The commands, one file each. Each takes its part of the command line and says how it ended.

pub mod actors;
pub mod bench;
pub mod dev;
pub mod doctor;
pub mod instance;
pub mod join;
pub mod node;
pub mod nodes;
pub mod resolve;
pub mod service;
pub mod user;
pub mod view;
