//! The port to the sources that tiles show: decoded once, scaled once per size, for everybody.
//!
//! Owns: the contract. Refuses: files and decoders (`media/pipeline` implements it), the page on which tiles stand
//! (`nodes/services`).

use std::sync::Arc;

use crate::i420::{I420, Size};
use crate::ports::Attendance;

/// A source's place in the list; stable for the life of a bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct SourceId(pub u32);

/// What kind of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A video file, played round and round.
    Clip,
    /// A picture.
    Still,
    /// Something that goes on by itself: a URL.
    Live,
}

/// What is known of a source without decoding it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceCard {
    /// Its place in the list.
    pub id: SourceId,
    /// For people: the file's name without ending, with spaces for `-` and `_`, the first letter large.
    pub title: String,
    /// Its kind.
    pub kind: SourceKind,
}

/// What a tile of a source shows at this moment.
#[derive(Clone, Debug)]
pub enum Tile {
    /// Nothing yet: the source is being opened, or nobody attends to it at this size.
    Waiting,
    /// A picture of exactly the size that was asked for; the source's own shape is kept, with black beside it.
    Picture(Arc<I420>),
    /// The source cannot be shown; in words.
    Broken(Arc<str>),
}

/// Sources and their tiles. All methods are cheap and may be called from any thread.
pub trait Tiles: Send + Sync + 'static {
    /// The sources, by id: `cards()[n].id == SourceId(n)`.
    fn cards(&self) -> &[SourceCard];

    /// Somebody wants tiles of this size of this source from now on. Whoever comes first starts the decoder; when the last
    /// one is gone it goes on for a linger, then ends.
    fn attend(&self, source: SourceId, size: Size) -> Attendance;

    /// Grows when, and only when, [`tile`](Tiles::tile) would give another answer than before.
    fn stamp(&self, source: SourceId, size: Size) -> u64;

    /// What the tile shows now.
    fn tile(&self, source: SourceId, size: Size) -> Tile;
}
