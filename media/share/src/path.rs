//! How the way to a viewer is, as the driver of its pictures sees it: what a ladder of bit rates decides on.
//!
//! Owns: the words. Refuses: the decision ([`rung`](crate::rung)) and the measuring (`media/session`).

use actors_protocol::Millis;

/// The way to one viewer since the last report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// The round trip now.
    pub rtt: Millis,
    /// The shortest round trip on this connection: the way without its queues.
    pub rtt_min: Millis,
    /// Pictures that the viewer has acknowledged.
    pub acknowledged: u32,
    /// Bytes of those.
    pub bytes: u64,
    /// Pictures that were given up because they were late.
    pub given_up: u32,
    /// How long the oldest picture that is under way has been so; zero if none is.
    pub oldest: Millis,
}
