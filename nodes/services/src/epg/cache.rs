//! Pieces that have been drawn, kept for everybody who needs them again.
//!
//! Owns: the bound. What has not been asked for the longest goes when there are too many bytes. Refuses: drawing, which is
//! done without the lock: two who miss the same piece at once both draw it, and nobody else waits.

use std::collections::BTreeMap;
use std::sync::Arc;

use media_share::I420;
use parking_lot::Mutex;

use super::sprite::Sprite;

/// A piece.
pub enum Art {
    /// Covers what is below.
    Picture(I420),
    /// Lies over it.
    Sprite(Sprite),
}

impl Art {
    fn bytes(&self) -> usize {
        match self {
            Art::Picture(picture) => picture.bytes().len(),
            Art::Sprite(sprite) => sprite.bytes(),
        }
    }
}

/// See the module.
pub struct Cache<K> {
    shelf: Mutex<Shelf<K>>,
    bytes_max: usize,
    pieces_max: usize,
}

struct Shelf<K> {
    pieces: BTreeMap<K, Piece>,
    bytes: usize,
    /// Grows by one per question.
    turn: u64,
}

struct Piece {
    art: Arc<Art>,
    /// The turn in which it was asked for last.
    asked: u64,
}

impl<K: Ord + Clone> Cache<K> {
    /// Keeps at most so many bytes and so many pieces, but always the one that was drawn last.
    pub fn new(bytes_max: usize, pieces_max: usize) -> Cache<K> {
        Cache { shelf: Mutex::new(Shelf { pieces: BTreeMap::new(), bytes: 0, turn: 0 }), bytes_max, pieces_max }
    }

    /// The piece, drawn now if it is not there.
    pub fn get(&self, key: &K, draw: impl FnOnce() -> Art) -> Arc<Art> {
        {
            let mut shelf = self.shelf.lock();
            shelf.turn += 1;
            let turn = shelf.turn;
            if let Some(piece) = shelf.pieces.get_mut(key) {
                piece.asked = turn;
                return piece.art.clone();
            }
        }
        let art = Arc::new(draw());
        let mut shelf = self.shelf.lock();
        shelf.bytes += art.bytes();
        let asked = shelf.turn;
        if let Some(other) = shelf.pieces.insert(key.clone(), Piece { art: art.clone(), asked }) {
            shelf.bytes -= other.art.bytes();
        }
        while shelf.pieces.len() > 1 && (shelf.bytes > self.bytes_max || shelf.pieces.len() > self.pieces_max) {
            let others = shelf.pieces.iter().filter(|(other, _)| *other != key);
            let Some(oldest) = others.min_by_key(|(_, piece)| piece.asked).map(|(key, _)| key.clone()) else { break };
            if let Some(gone) = shelf.pieces.remove(&oldest) {
                shelf.bytes -= gone.art.bytes();
            }
        }
        art
    }

    /// Drops every piece that is of no use any more.
    pub fn keep_only(&self, useful: impl Fn(&K) -> bool) {
        let mut shelf = self.shelf.lock();
        let mut bytes = 0;
        shelf.pieces.retain(|key, piece| {
            let keep = useful(key);
            bytes += if keep { piece.art.bytes() } else { 0 };
            keep
        });
        shelf.bytes = bytes;
    }

    /// (pieces, bytes) that are kept.
    pub fn kept(&self) -> (usize, usize) {
        let shelf = self.shelf.lock();
        (shelf.pieces.len(), shelf.bytes)
    }
}

#[cfg(test)]
mod tests {
    use media_share::Size;
    use proptest::prelude::*;

    use super::*;

    fn art(bytes: usize) -> Art {
        Art::Picture(I420::black(Size::new(2, (bytes / 3) as u16 & !1).expect("even")))
    }

    proptest! {
        #[test]
        fn what_is_kept_is_bounded_and_counted(asked in proptest::collection::vec((0u32..40, 0u8..20), 1..300)) {
            let cache = Cache::new(3_000, 8);
            for (key, other) in asked {
                let bytes = 60 + 30 * key as usize;
                let got = cache.get(&key, || art(bytes)).bytes();
                prop_assert_eq!(got, art(bytes).bytes());
                let (pieces, bytes) = cache.kept();
                prop_assert!(pieces <= 8 && bytes <= 3_000, "{} pieces, {} bytes", pieces, bytes);
                if other == 0 {
                    cache.keep_only(|key| key % 2 == 0);
                }
                let sum: usize = cache.shelf.lock().pieces.values().map(|piece| piece.art.bytes()).sum();
                prop_assert_eq!(sum, cache.kept().1);
            }
        }
    }

    #[test]
    fn what_is_kept_is_not_drawn_again_and_the_oldest_goes_first() {
        let cache = Cache::new(1 << 20, 2);
        let drawn = std::cell::Cell::new(0);
        let get = |key: u32| {
            cache.get(&key, || {
                drawn.set(drawn.get() + 1);
                art(60)
            });
            drawn.get()
        };
        assert_eq!([get(1), get(2), get(1), get(3), get(1), get(2)], [1, 2, 2, 3, 3, 4]);
    }

    #[test]
    fn a_piece_larger_than_the_bound_is_drawn_all_the_same() {
        let cache = Cache::new(10, 2);
        cache.get(&1, || art(600));
        assert_eq!(cache.kept().0, 1);
        cache.get(&2, || art(600));
        assert_eq!(cache.kept().0, 1, "it makes way for the next");
    }
}
