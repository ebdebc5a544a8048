//! Which pieces there are, and what each depends on: the keys under which they are kept.
//!
//! Owns: the promise that a piece is a function of its key (and of the name and the sources, which do not change). Refuses:
//! how a piece looks (`pieces`, `placeholder`).

use std::sync::Arc;

use media_share::{Size, SourceCard, SourceKind};

use super::cache::Art;
use super::canvas::Canvas;
use super::layout::{Layout, TILES};
use super::pieces::{self, Label};
use super::placeholder::{self, Lack};
use super::programme::{Programme, WallTime};
use super::sprite::Sprite;

/// A piece, for pictures of one size.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The whole picture's.
    pub size: Size,
    /// Which piece.
    pub part: Part,
}

/// Which piece, and what it depends on. A source is its place in the list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The ground of a page with so many tiles.
    Ground { tiles: usize },
    /// A guide without sources.
    Nothing,
    /// Name, page, clock.
    Header { page: usize, now: WallTime },
    /// The corners and the edge of a tile.
    Frame { place: usize, tiles: usize },
    /// The foot of a tile; `on_card` if that is no picture.
    Label { source: usize, focus: Option<WallTime>, on_card: bool },
    /// The mark of a kind in the corner of a tile.
    Badge { live: bool },
    /// What is said of the tile in focus.
    Panel { source: usize, auto: bool, now: WallTime },
    /// The mark of the focus.
    Ring,
    /// The foot of the full screen.
    Bar { source: usize, auto: bool, now: WallTime },
    /// A source without a picture, as a tile or on the whole picture; with words if it is broken.
    Card { source: usize, full: bool, broken: Option<Arc<str>> },
}

impl Part {
    /// The minute of which it tells, if it tells of one.
    pub fn minute(&self) -> Option<WallTime> {
        match self {
            Part::Header { now, .. } | Part::Panel { now, .. } | Part::Bar { now, .. } => Some(*now),
            Part::Label { focus, .. } => *focus,
            _ => None,
        }
    }
}

/// Draws a piece.
pub fn draw(name: &str, cards: &[SourceCard], layout: &Layout, part: &Part) -> Art {
    let card = |source: &usize| &cards[*source];
    match part {
        Part::Ground { tiles } => {
            let mut canvas = Canvas::new(pieces::whole(layout));
            pieces::ground(&mut canvas, layout, *tiles);
            opaque(&canvas)
        }
        Part::Nothing => opaque(&pieces::nothing(layout)),
        Part::Header { page, now } => {
            let pages = cards.len().div_ceil(TILES);
            over(&pieces::header(layout, name, *page, pages, *now))
        }
        Part::Frame { place, tiles } => over(&pieces::frame(layout, *place, *tiles)),
        Part::Label { source, focus, on_card } => {
            let programme = focus.map(|now| Programme::of(card(source), now));
            let label = Label { card: card(source), focus: programme.as_ref(), on_card: *on_card };
            over(&pieces::label(layout, &label))
        }
        Part::Badge { live } => over(&pieces::badge(layout, if *live { SourceKind::Live } else { SourceKind::Still })),
        Part::Panel { source, auto, now } => {
            over(&pieces::panel(layout, card(source), &Programme::of(card(source), *now), *auto))
        }
        Part::Ring => over(&pieces::ring(layout)),
        Part::Bar { source, auto, now } => {
            over(&pieces::bar(layout, card(source), &Programme::of(card(source), *now), *now, *auto))
        }
        Part::Card { source, full, broken } => {
            let lack = broken.as_deref().map_or(Lack::Waiting, Lack::Broken);
            let size = if *full { layout.size } else { layout.tile };
            opaque(&placeholder::card(layout, size, card(source), lack))
        }
    }
}

fn over(canvas: &Canvas) -> Art {
    Art::Sprite(Sprite::of(canvas))
}

fn opaque(canvas: &Canvas) -> Art {
    canvas.picture().map_or_else(|| over(canvas), Art::Picture)
}
