//! What a factory wants done: the effects, in order.
//!
//! Owns: the queue, which is as long as one input makes it (at most two effects a slot) because the shell empties it after
//! each input. Refuses: doing anything.

use std::collections::VecDeque;

use actors_protocol::{Millis, SessionId, SlotId};
use serde::Serialize;

use super::sessions::Attachment;

/// Why a slot or a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// The viewer said goodbye.
    Goodbye,
    /// The viewer lost its connection and did not come back in time.
    Lost,
    /// The session's own actor ended it.
    Finished,
    /// The instance is being drained.
    Drained,
    /// The slot's actor died.
    Died,
    /// The instance has more slots than it is to have.
    Shrunk,
    /// The instance is overloaded and offers no slots for the time being.
    Withdrawn,
}

/// What the shell is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start the actor of this slot, and say when it is ready or has ended. It is counted from now on.
    Warm {
        /// A number that was never used before.
        slot: SlotId,
    },
    /// Stop the actor of this slot. The slot is `draining` and counted until it is said to have ended.
    End {
        /// Which.
        slot: SlotId,
        /// For the viewer, if there is one, and for the log.
        why: Why,
    },
    /// The viewer's connection is lost; the session keeps its slot and may be resumed.
    Detach {
        /// Which.
        session: SessionId,
        /// Its slot.
        slot: SlotId,
    },
    /// The session goes on over another connection; close the one that held it.
    Replace {
        /// Which.
        session: SessionId,
        /// Its slot.
        slot: SlotId,
        /// The connection to close.
        attachment: Attachment,
    },
    /// The session is over. If its slot's actor lives, an [`Effect::End`] follows.
    Over {
        /// Which.
        session: SessionId,
        /// Its slot.
        slot: SlotId,
        /// The connection that holds it; none if that is lost.
        attachment: Option<Attachment>,
        /// From redeeming to here.
        held: Millis,
        /// The cause.
        why: Why,
    },
    /// The instance drains and the last slot's actor is gone.
    Drained,
    /// Counts or uses differ from what was last reported. Comes last and at most once, however much has changed.
    Changed,
}

#[derive(Debug, Default)]
pub(super) struct Effects {
    queue: VecDeque<Effect>,
    changed: bool,
}

impl Effects {
    pub(super) fn push(&mut self, effect: Effect) {
        self.queue.push_back(effect);
    }

    pub(super) fn changed(&mut self) {
        self.changed = true;
    }

    pub(super) fn poll(&mut self) -> Option<Effect> {
        self.queue.pop_front().or_else(|| std::mem::take(&mut self.changed).then_some(Effect::Changed))
    }
}
