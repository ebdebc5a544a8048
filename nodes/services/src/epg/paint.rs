//! Puts pictures of the guide together: the ground, the tiles as they are at this moment, and the pieces that lie over them.
//!
//! Owns: what a picture is made of, and its stamp. Per picture nothing is drawn that was drawn before: planes are copied,
//! and sprites laid over. An input that moves the focus costs one label and one panel.
//! Refuses: the pieces themselves, decoding, and the time of day, which is asked for.

use std::sync::Arc;

use actors_protocol::Millis;
use media_share::ports::Attendance;
use media_share::{I420, MediaFault, Painter, Size, SourceCard, SourceId, SourceKind, Tile, Tiles};

use super::art::{self, Key, Part};
use super::cache::{Art, Cache};
use super::guide::{GuideView, Screen};
use super::layout::{Layout, TILES};
use super::pieces;
use super::programme::WallTime;

/// Bytes of pieces that are kept: a few pages at 1920×1080, dozens at 640×360.
const PIECES_BYTES_MAX: usize = 24 << 20;
/// Pieces that are kept.
const PIECES_MAX: usize = 1_024;

/// The time of day that belongs to a moment.
pub type WallClock = dyn Fn(Millis) -> WallTime + Send + Sync;

/// See the module.
pub struct GuidePainter<T> {
    name: String,
    tiles: Arc<T>,
    clock: Box<WallClock>,
    cache: Cache<Key>,
}

impl<T: Tiles> GuidePainter<T> {
    /// Paints `tiles` under the guide's name; `clock` knows the time of day, and it alone where on earth this is.
    pub fn new(
        name: impl Into<String>,
        tiles: Arc<T>,
        clock: impl Fn(Millis) -> WallTime + Send + Sync + 'static,
    ) -> GuidePainter<T> {
        let cache = Cache::new(PIECES_BYTES_MAX, PIECES_MAX);
        GuidePainter { name: name.into(), tiles, clock: Box::new(clock), cache }
    }

    /// (pieces, bytes) that are kept at this moment, for the inspector.
    pub fn kept(&self) -> (usize, usize) {
        self.cache.kept()
    }

    fn cards(&self) -> &[SourceCard] {
        self.tiles.cards()
    }

    /// The places in the list that a view shows, and the size of each; nothing without sources.
    fn shown(&self, view: &GuideView, layout: &Layout) -> (std::ops::Range<usize>, Size) {
        let count = self.cards().len();
        let focus = self.focus(view);
        match view.screen() {
            Screen::Full => (focus..count.min(focus + 1), layout.size),
            Screen::Page => {
                let first = focus / TILES * TILES;
                (first..count.min(first + TILES), layout.tile)
            }
        }
    }

    /// The source in focus, which there is.
    fn focus(&self, view: &GuideView) -> usize {
        view.focus().min(self.cards().len().saturating_sub(1))
    }

    fn piece(&self, layout: &Layout, part: Part) -> Arc<Art> {
        let key = Key { size: layout.size, part };
        self.cache.get(&key, || {
            // Minutes do not come again before tomorrow.
            if let Some(now) = key.part.minute() {
                self.cache.keep_only(|other| other.part.minute().is_none_or(|minute| minute == now));
            }
            art::draw(&self.name, self.cards(), layout, &key.part)
        })
    }

    fn put(&self, canvas: &mut I420, layout: &Layout, part: Part, x: usize, y: usize) {
        match &*self.piece(layout, part) {
            Art::Picture(picture) => copy(canvas, picture, x, y),
            Art::Sprite(sprite) => sprite.lay(canvas, x as isize, y as isize),
        }
    }

    /// Puts a source's tile, or a card if there is none; says whether it was a card.
    fn put_source(&self, canvas: &mut I420, layout: &Layout, source: usize, size: Size, x: usize, y: usize) -> bool {
        let full = size == layout.size;
        let broken = match self.tiles.tile(self.cards()[source].id, size) {
            Tile::Picture(picture) if picture.size() == size => {
                copy(canvas, &picture, x, y);
                return false;
            }
            Tile::Picture(picture) => {
                let (wide, high) = (picture.size().width(), picture.size().height());
                Some(format!("its picture has {wide}×{high} pixels, not those that were asked for").into())
            }
            Tile::Waiting => None,
            Tile::Broken(words) => Some(words),
        };
        self.put(canvas, layout, Part::Card { source, full, broken }, x, y);
        true
    }

    fn paint_page(&self, canvas: &mut I420, layout: &Layout, view: &GuideView, now: WallTime) {
        let (sources, size) = self.shown(view, layout);
        let (focus, page) = (self.focus(view), self.focus(view) / TILES);
        self.put(canvas, layout, Part::Ground { tiles: sources.len() }, 0, 0);
        self.put(canvas, layout, Part::Header { page, now }, layout.header.x, layout.header.y);
        let (tiles, foot) = (sources.len(), pieces::foot(layout));
        for (source, tile) in sources.zip(layout.tiles) {
            let on_card = self.put_source(canvas, layout, source, size, tile.x, tile.y);
            let label = Part::Label { source, focus: (source == focus).then_some(now), on_card };
            self.put(canvas, layout, label, tile.x + foot.x, tile.y + foot.y);
            let kind = self.cards()[source].kind;
            // On a card the words have all the room there is.
            if kind != SourceKind::Clip && !on_card {
                self.put(canvas, layout, Part::Badge { live: kind == SourceKind::Live }, tile.x, tile.y);
            }
            self.put(canvas, layout, Part::Frame { place: source % TILES, tiles }, tile.x, tile.y);
        }
        let tile = layout.tiles[focus % TILES];
        if let Art::Sprite(ring) = &*self.piece(layout, Part::Ring) {
            let reach = pieces::ring_reach(layout) as isize;
            ring.lay(canvas, tile.x as isize - reach, tile.y as isize - reach);
        }
        let panel = Part::Panel { source: focus, auto: view.auto(), now };
        self.put(canvas, layout, panel, layout.panel.x, layout.panel.y);
    }
}

impl<T: Tiles> Painter for GuidePainter<T> {
    type View = GuideView;

    /// What is shown is attended to and nothing beside it: a page that is turned to shows its cards until its tiles are
    /// there, and one that was turned away from lingers.
    fn attend(&self, view: &GuideView, size: Size) -> Attendance {
        let (sources, size) = self.shown(view, &Layout::of(size));
        let attend = |source: usize| self.tiles.attend(self.cards()[source].id, size);
        Box::new(sources.map(attend).collect::<Vec<_>>())
    }

    fn stamp(&self, view: &GuideView, size: Size, now: Millis) -> u64 {
        let layout = Layout::of(size);
        let (sources, tile) = self.shown(view, &layout);
        let focus = self.focus(view) as u64;
        let state = focus << 2 | u64::from(view.auto()) << 1 | u64::from(view.screen() == Screen::Full);
        let start = stir(stir(0, state), u64::from((self.clock)(now).minutes()));
        let id = |source: usize| -> SourceId { self.cards()[source].id };
        sources.fold(start, |stamp, source| stir(stamp, self.tiles.stamp(id(source), tile)))
    }

    fn paint(&self, view: &GuideView, now: Millis, canvas: &mut I420) -> Result<(), MediaFault> {
        let layout = Layout::of(canvas.size());
        let now = (self.clock)(now);
        if self.cards().is_empty() {
            self.put(canvas, &layout, Part::Nothing, 0, 0);
            return Ok(());
        }
        match view.screen() {
            Screen::Page => self.paint_page(canvas, &layout, view, now),
            Screen::Full => {
                let source = self.focus(view);
                self.put_source(canvas, &layout, source, layout.size, 0, 0);
                let bar = Part::Bar { source, auto: view.auto(), now };
                self.put(canvas, &layout, bar, layout.bar.x, layout.bar.y);
            }
        }
        Ok(())
    }
}

/// One picture on another: in one go if it is as large.
fn copy(canvas: &mut I420, picture: &I420, x: usize, y: usize) {
    if picture.size() == canvas.size() {
        canvas.bytes_mut().copy_from_slice(picture.bytes());
    } else {
        canvas.place(picture, x, y);
    }
}

/// Mixes a number into a stamp. For each stamp it is one to one in the number and the other way round, so that one tile that
/// changes always changes the whole.
fn stir(stamp: u64, number: u64) -> u64 {
    let mixed = (stamp ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    mixed ^ mixed >> 32
}
