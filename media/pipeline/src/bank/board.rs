//! What the tiles of one source show: a slot per size with the latest picture, and what is wrong with the source.
//!
//! Owns: who attends to which size, the pictures, their stamps, and the memory of pictures that nobody holds any more.
//! Refuses: to make pictures.

use std::collections::BTreeMap;
use std::sync::Arc;

use media_share::{I420, Size, Tile};
use parking_lot::Mutex;

/// Sizes that nobody attends to any more whose last picture is kept while the source runs, so that a page somebody turns
/// back to is there at once.
const KEPT_SIZES: usize = 8;

/// See the module.
#[derive(Default)]
pub struct Board(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Grows with each change; the stamp of what changed.
    counter: u64,
    /// The stamp of sizes that have no slot.
    floor: u64,
    slots: BTreeMap<Size, Slot>,
    broken: Option<Arc<str>>,
    counts: Counts,
}

#[derive(Default)]
struct Slot {
    attendants: u32,
    stamp: u64,
    picture: Option<Arc<I420>>,
    /// The picture before: its memory is used again if nobody holds it.
    spare: Option<Arc<I420>>,
}

/// What was done for a source since the bank was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pictures that came out of the decoder.
    pub decoded: u64,
    /// Tiles made of them.
    pub scaled: u64,
}

impl Board {
    /// One more attends to this size. Its last picture, if it is still there, is shown again.
    pub fn attend(&self, size: Size) {
        let mut inner = self.0.lock();
        let floor = inner.floor;
        let slot = inner.slots.entry(size).or_insert_with(|| Slot { stamp: floor, ..Slot::default() });
        slot.attendants += 1;
        if slot.attendants == 1 && slot.picture.is_some() {
            inner.touch(size);
        }
    }

    /// One of those who attended has left.
    pub fn leave(&self, size: Size) {
        let mut inner = self.0.lock();
        let Some(slot) = inner.slots.get_mut(&size).filter(|slot| slot.attendants > 0) else { return };
        slot.attendants -= 1;
        if slot.attendants > 0 {
            return;
        }
        if slot.picture.is_some() {
            inner.touch(size);
        }
        let idle = |slot: &Slot| slot.attendants == 0;
        if inner.slots.values().filter(|slot| idle(slot)).count() > KEPT_SIZES {
            let oldest = inner.slots.iter().filter(|(_, slot)| idle(slot)).min_by_key(|(_, slot)| slot.stamp);
            if let Some((size, stamp)) = oldest.map(|(size, slot)| (*size, slot.stamp)) {
                inner.slots.remove(&size);
                inner.floor = inner.floor.max(stamp);
            }
        }
    }

    /// See [`Tiles::stamp`](media_share::Tiles::stamp).
    pub fn stamp(&self, size: Size) -> u64 {
        let inner = self.0.lock();
        inner.slots.get(&size).map_or(inner.floor, |slot| slot.stamp)
    }

    /// See [`Tiles::tile`](media_share::Tiles::tile).
    pub fn tile(&self, size: Size) -> Tile {
        let inner = self.0.lock();
        if let Some(cause) = &inner.broken {
            return Tile::Broken(cause.clone());
        }
        let attended = inner.slots.get(&size).filter(|slot| slot.attendants > 0);
        attended.and_then(|slot| slot.picture.clone()).map_or(Tile::Waiting, Tile::Picture)
    }

    /// The sizes that a new picture is scaled to, each with memory for it where there is some.
    pub fn wanted(&self) -> Vec<(Size, Option<I420>)> {
        let mut inner = self.0.lock();
        let attended = inner.slots.iter_mut().filter(|(_, slot)| slot.attendants > 0);
        attended.map(|(size, slot)| (*size, slot.spare.take().and_then(Arc::into_inner))).collect()
    }

    /// The sizes that somebody attends to and that have no picture.
    pub fn missing(&self) -> Vec<Size> {
        let inner = self.0.lock();
        let missing = |slot: &Slot| slot.attendants > 0 && slot.picture.is_none();
        inner.slots.iter().filter(|(_, slot)| missing(slot)).map(|(size, _)| *size).collect()
    }

    /// The decoder made one more picture; these are its tiles. What was broken is whole again.
    pub fn publish(&self, decoded: u64, tiles: Vec<I420>) {
        let mut inner = self.0.lock();
        inner.counts.decoded += decoded;
        inner.counts.scaled += tiles.len() as u64;
        if inner.broken.take().is_some() {
            inner.touch_all();
        }
        for tile in tiles {
            let size = tile.size();
            if let Some(slot) = inner.slots.get_mut(&size) {
                slot.spare = slot.picture.replace(Arc::new(tile));
                if slot.attendants > 0 {
                    inner.touch(size);
                }
            }
        }
    }

    /// The source cannot be shown.
    pub fn fail(&self, words: &str) {
        let mut inner = self.0.lock();
        if inner.broken.as_deref() != Some(words) {
            inner.broken = Some(words.into());
            inner.touch_all();
        }
    }

    /// What was wrong is not any more, although there is no picture yet.
    pub fn mend(&self) {
        let mut inner = self.0.lock();
        if inner.broken.take().is_some() {
            inner.touch_all();
        }
    }

    /// The source has stopped: its pictures are let go. What was wrong with it is still known.
    pub fn clear(&self) {
        let mut inner = self.0.lock();
        let shown: Vec<_> =
            inner.slots.iter().filter(|(_, slot)| slot.picture.is_some()).map(|(size, _)| *size).collect();
        for size in shown {
            let slot = inner.slots.entry(size).or_default();
            (slot.picture, slot.spare) = (None, None);
            if slot.attendants > 0 {
                inner.touch(size);
            }
        }
    }

    /// The sizes that somebody attends to, with how many; the counts; what is wrong.
    pub fn facts(&self) -> (Vec<(Size, u32)>, Counts, Option<Arc<str>>) {
        let inner = self.0.lock();
        let attended = inner.slots.iter().filter(|(_, slot)| slot.attendants > 0);
        (attended.map(|(size, slot)| (*size, slot.attendants)).collect(), inner.counts, inner.broken.clone())
    }
}

impl Inner {
    fn touch(&mut self, size: Size) {
        self.counter += 1;
        if let Some(slot) = self.slots.get_mut(&size) {
            slot.stamp = self.counter;
        }
    }

    fn touch_all(&mut self) {
        self.counter += 1;
        self.floor = self.counter;
        for slot in self.slots.values_mut() {
            slot.stamp = self.counter;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u16) -> Size {
        Size::new(width, 4).expect("even")
    }

    fn shown(board: &Board, size: Size) -> Option<u8> {
        match board.tile(size) {
            Tile::Picture(picture) => Some(picture.bytes()[0]),
            _ => None,
        }
    }

    fn grey(size: Size, level: u8) -> I420 {
        let mut picture = I420::black(size);
        picture.bytes_mut().fill(level);
        picture
    }

    #[test]
    fn the_stamp_of_a_size_grows_with_what_it_shows() {
        let board = Board::default();
        board.attend(size(4));
        board.attend(size(8));
        let before = [board.stamp(size(4)), board.stamp(size(8))];
        board.publish(1, vec![grey(size(4), 50)]);
        assert!(board.stamp(size(4)) > before[0]);
        assert_eq!(board.stamp(size(8)), before[1], "nothing new there");
        assert_eq!((shown(&board, size(4)), shown(&board, size(8))), (Some(50), None));
        let before = [size(4), size(8), size(10)].map(|size| board.stamp(size));
        board.fail("no");
        let after = [size(4), size(8), size(10)].map(|size| board.stamp(size));
        assert!(before.iter().zip(after).all(|(before, after)| after > *before), "all are broken now");
        board.fail("no");
        assert_eq!(board.stamp(size(4)), after[0], "the same cause is no change");
        assert!(matches!(board.tile(size(10)), Tile::Broken(_)));
        board.publish(1, vec![grey(size(8), 60)]);
        assert_eq!((shown(&board, size(4)), shown(&board, size(8))), (Some(50), Some(60)));
        board.fail("no");
        let stamp = board.stamp(size(4));
        board.mend();
        assert!(board.stamp(size(4)) > stamp && shown(&board, size(4)) == Some(50));
    }

    #[test]
    fn a_size_without_attendants_shows_nothing_and_is_not_scaled_to_and_comes_back_at_once() {
        let board = Board::default();
        board.attend(size(4));
        board.publish(1, vec![grey(size(4), 50)]);
        let stamp = board.stamp(size(4));
        board.leave(size(4));
        assert!(board.stamp(size(4)) > stamp && matches!(board.tile(size(4)), Tile::Waiting));
        assert!(board.wanted().is_empty());
        board.attend(size(4));
        assert_eq!(shown(&board, size(4)), Some(50));
        board.clear();
        assert_eq!(shown(&board, size(4)), None);
    }

    #[test]
    fn sizes_that_come_and_go_are_not_kept_for_ever() {
        let board = Board::default();
        let mut last = 0;
        for width in 1..200 {
            board.attend(size(width * 2));
            board.publish(1, vec![grey(size(width * 2), 1)]);
            board.leave(size(width * 2));
            assert!(board.stamp(size(2)) >= last, "a stamp never falls");
            last = board.stamp(size(2));
        }
        assert_eq!(board.0.lock().slots.len(), KEPT_SIZES);
    }

    #[test]
    fn memory_is_used_again_unless_somebody_holds_it() {
        let board = Board::default();
        board.attend(size(4));
        board.publish(1, vec![grey(size(4), 1)]);
        let held = board.tile(size(4));
        board.publish(1, vec![grey(size(4), 2)]);
        assert!(board.wanted()[0].1.is_none(), "the first one is held");
        board.publish(1, vec![grey(size(4), 3)]);
        assert_eq!(board.wanted()[0].1.as_ref().map(|memory| memory.bytes()[0]), Some(2));
        assert!(matches!(held, Tile::Picture(picture) if picture.bytes()[0] == 1));
    }
}
