//! The time since a bank was opened. Real time, even where a node's time is driven: pipelines run on threads of their
//! own.
//!
//! Owns: the one call of the clock. Refuses: to wait.

use std::time::Instant;

use actors_protocol::Millis;

/// See the module.
#[derive(Clone)]
pub struct Clock(Instant);

impl Clock {
    /// Begins now.
    #[expect(clippy::disallowed_methods, reason = "pipelines run in real time")]
    pub fn new() -> Clock {
        Clock(Instant::now())
    }

    /// The time since then.
    pub fn now(&self) -> Millis {
        Millis::from(self.0.elapsed())
    }
}
