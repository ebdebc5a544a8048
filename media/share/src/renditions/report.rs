//! What inspection shows of renditions.
//!
//! Owns: the records, plain data. Refuses: views (a view is a value of the service, which has its own inspection).

use actors_protocol::SessionId;
use serde::Serialize;

use super::effects::RenditionId;
use super::rendition::Rendition;
use crate::picture::Format;
use crate::rung::Rung;

/// Counts since the beginning; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Pictures that were due to be drawn: those that were, and those that were skipped.
    pub due: u64,
    /// Of those due: drawn later than one picture interval after they were due, or skipped because the encoder was busy.
    pub late: u64,
    /// Pictures drawn.
    pub drawn: u64,
    /// Key pictures among those drawn.
    pub keys: u64,
    /// Pictures given to sessions, without repeats.
    pub given: u64,
    /// Repeats given to sessions.
    pub repeats: u64,
    /// Renditions opened.
    pub opened: u64,
    /// Times that a session came to an equal one at a key picture.
    pub merged: u64,
    /// Renditions that failed.
    pub failed: u64,
}

/// Where a session is, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a, V> {
    /// Whose.
    pub session: SessionId,
    /// What its pictures are like.
    pub format: Format,
    /// Its bit rate.
    pub rung: Rung,
    /// What it is to be shown.
    pub view: &'a V,
    /// Where it is; nowhere while its viewer is away.
    pub rendition: Option<RenditionId>,
}

/// A rendition, as inspection shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RenditionState {
    /// Which.
    pub id: RenditionId,
    /// What its pictures are like.
    pub format: Format,
    /// Its bit rate.
    pub rung: Rung,
    /// Whom it is for, in order; none while it lingers.
    pub sessions: Vec<SessionId>,
    /// How many of those wait for its next key picture.
    pub waiting: usize,
    /// It is being drawn at this moment.
    pub busy: bool,
    /// Pictures drawn.
    pub drawn: u64,
    /// Key pictures among those drawn.
    pub keys: u64,
    /// Pictures that were late or skipped.
    pub late: u64,
}

/// Everything, as inspection shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RenditionsState {
    /// In the order of their numbers.
    pub renditions: Vec<RenditionState>,
    /// All sessions.
    pub sessions: usize,
    /// Sessions whose viewer is away.
    pub paused: usize,
    /// Counts since the beginning.
    pub totals: Totals,
}

impl RenditionState {
    pub(super) fn of<V: Ord + Clone>(id: RenditionId, rendition: &Rendition<V>) -> RenditionState {
        let mut sessions: Vec<_> = rendition.watching.iter().chain(&rendition.waiting).copied().collect();
        sessions.sort();
        RenditionState {
            id,
            format: rendition.key.format,
            rung: rendition.key.rung,
            sessions,
            waiting: rendition.waiting.len(),
            busy: rendition.flight.is_some(),
            drawn: rendition.counts.drawn,
            keys: rendition.counts.keys,
            late: rendition.counts.late,
        }
    }
}
