//! One viewer's request to open a service, from arrival to answer.
//!
//! ```text
//!            ┌───────────── next zone ─────────────┐
//!   open ──► asking ──Full, Unknown, no answer─────┘
//!     │        │ ▲  └──no zone left──► queued, while time is left; otherwise refused
//!     │        │ └── a free slot, a probe, the deadline ──┘
//!     │        └──Granted, TooManyLeases──► answered
//!     └──► queued, behind those that wait already
//! ```

use actors_protocol::gateway::Reserve;
use actors_protocol::slot::SlotCounts;
use actors_protocol::{Millis, SiteName, ZoneName};

pub(super) struct Pending {
    /// What each zone is asked.
    pub reserve: Reserve,
    /// None = the default.
    pub site: Option<SiteName>,
    /// How many calls wait for the answer: the first one and its repeats. None: whoever asked is gone.
    pub askers: u32,
    /// Until when it may wait.
    pub deadline: Millis,
    /// Its number in the queue, from when it first had to wait.
    pub number: Option<u64>,
    pub queued_at: Millis,
    pub phase: Phase,
    /// The alarm that is set for it.
    pub alarm_at: Millis,
    pub pass: Pass,
}

pub(super) enum Phase {
    /// In the queue, waiting for its turn.
    Idle,
    /// A zone has been asked, as this attempt.
    Asking { zone: ZoneName, attempt: u64 },
}

/// One round over the zones.
#[derive(Default)]
pub(super) struct Pass {
    /// Only zones that are believed to have a free slot; at the deadline the others follow.
    pub free_only: bool,
    pub asked: Vec<ZoneName>,
    /// The sum of what those said that are full.
    pub full: Option<SlotCounts>,
    pub silent: Vec<ZoneName>,
}

impl Pass {
    pub fn new(free_only: bool) -> Pass {
        Pass { free_only, ..Pass::default() }
    }
}
