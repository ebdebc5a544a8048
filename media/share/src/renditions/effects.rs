//! What renditions want done: the effects, in order.
//!
//! Owns: the words. Refuses: doing anything.

use core::fmt;

use actors_protocol::{Millis, SessionId};
use serde::Serialize;

use crate::picture::{Format, Picture};
use crate::rung::Rung;

/// The number of a rendition; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RenditionId(pub u64);

impl fmt::Display for RenditionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rendition {}", self.0)
    }
}

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<V> {
    /// There is one more rendition: attend to its view. Its encoder may be made by the first [`Effect::Draw`].
    Open {
        /// A number that was never used before.
        rendition: RenditionId,
        /// What its pictures are like, for ever.
        format: Format,
        /// The bit rate that it begins with.
        rung: Rung,
        /// What it shows.
        view: V,
    },
    /// From now on the rendition shows another view: attend to this one instead.
    Attend {
        /// Which.
        rendition: RenditionId,
        /// What it shows from now on.
        view: V,
    },
    /// Draw and encode one picture, then say [`drawn`](super::Renditions::drawn) or [`failed`](super::Renditions::failed).
    /// There is never a second one for a rendition before the first is answered.
    Draw {
        /// Which.
        rendition: RenditionId,
        /// What to draw.
        view: V,
        /// The bit rate from this picture on.
        rung: Rung,
        /// It must be a key picture.
        key: bool,
        /// Media time since the rendition's first picture, microseconds; grows strictly.
        pts_us: u64,
        /// When it was due; in the past if the rendition was busy.
        due: Millis,
    },
    /// A picture for a session. All that share a rendition get the same bytes.
    Give {
        /// Whose.
        session: SessionId,
        /// The session's own: number, media time and last input are counted for it alone.
        picture: Picture,
    },
    /// The session is over: what it was shown cannot be drawn any more. It is forgotten here.
    Over {
        /// Which.
        session: SessionId,
        /// In words.
        cause: String,
    },
    /// The rendition is no more: its encoder and its attendance can go. What it is still drawing is of no use; the answer
    /// to it is ignored.
    Close {
        /// Which.
        rendition: RenditionId,
    },
}
