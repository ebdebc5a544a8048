//! One source of a bank, and what can be seen of it.
//!
//! Owns: its card, where it comes from, its board, and the report on it. Refuses: to play it.

use std::sync::atomic::Ordering;

use media_share::{Size, SourceCard, SourceKind};
use serde::Serialize;

use super::board::Board;
use super::catalogue::Origin;
use super::player::Vitals;

/// See the module.
pub struct Source {
    pub card: SourceCard,
    pub origin: Origin,
    pub board: Board,
    pub vitals: Vitals,
}

/// A source at this moment, for inspection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceReport {
    /// Its place in the list.
    pub id: u32,
    /// For people.
    pub title: String,
    /// Its kind.
    pub kind: SourceKind,
    /// It is being decoded, or kept: somebody attends to it, or did within the linger.
    pub running: bool,
    /// How many attend to it, at any size.
    pub attendants: u32,
    /// The sizes that somebody attends to.
    pub sizes: Vec<Size>,
    /// Pictures decoded since the bank was opened.
    pub decoded: u64,
    /// Tiles made of them.
    pub scaled: u64,
    /// Decoders that it has now; more than one would be a fault. A still has none.
    pub decoders: u32,
    /// Threads that it has now.
    pub threads: i32,
    /// Failures since it was started last.
    pub failures: u32,
    /// Why it cannot be shown.
    pub broken: Option<String>,
}

impl Source {
    pub fn new(card: SourceCard, origin: Origin) -> Source {
        Source { card, origin, board: Board::default(), vitals: Vitals::default() }
    }

    /// What errors call it: the file's name, or the title of a live source.
    pub fn name(&self) -> String {
        match &self.origin {
            Origin::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Origin::Uri(_) => self.card.title.clone(),
        }
    }

    pub fn report(&self, running: bool) -> SourceReport {
        let (sizes, counts, broken) = self.board.facts();
        SourceReport {
            id: self.card.id.0,
            title: self.card.title.clone(),
            kind: self.card.kind,
            running,
            attendants: sizes.iter().map(|(_, attendants)| attendants).sum(),
            sizes: sizes.into_iter().map(|(size, _)| size).collect(),
            decoded: counts.decoded,
            scaled: counts.scaled,
            decoders: self.vitals.decoders.load(Ordering::Relaxed),
            threads: self.vitals.threads.load(Ordering::Relaxed),
            failures: self.vitals.failures.load(Ordering::Relaxed),
            broken: broken.map(|words| words.to_string()),
        }
    }
}
