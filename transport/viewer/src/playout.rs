//! In which order pictures are shown: units come in as the network delivers them, pictures go out as a decoder needs them.
//!
//! Owns: which unit is next, how long a newer group waits for the rest of an older one, and which pictures count as late.
//! Refuses: a clock, a socket, a decoder. Time comes in as an argument; a unit's body is opaque.
//!
//! ```text
//!            key of a newer group is complete, and
//!            ├─ nothing is missing in between (by number, or all `previous` units were shown), or
//!            ├─ what is missing was reset, or
//!            └─ the grace is over
//!   group g ────────────────────────────────────────────────────────────────► group g+n, unit 0
//!     │  ▲
//!     └──┘ the next unit of the group has come
//! ```
//!
//! Promised, and checked over random arrivals in `tests/playout.rs`: every picture that goes out is the first of its group
//! or follows its predecessor directly; numbers grow; nothing goes out twice; without loss everything goes out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use actors_protocol::Millis;

use crate::limits::{GRACE, GRACE_MAX, LOST_MAX, PENDING_BYTES_MAX, UNITS_PENDING_MAX};

/// Where a unit belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its group: a key picture and its dependants. Grows; 2³² of them are four years at 30 a second, so it never wraps.
    pub group: u32,
    /// Its index in the group; the key picture is 0.
    pub unit: u16,
    /// How many units of the group before were sent.
    pub previous: u16,
    /// The number of the picture in the session. One number per picture that was due: a gap is a picture that was skipped.
    pub number: u64,
    /// Can it be decoded without any other?
    pub key: bool,
}

/// A picture that can be shown now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released<T> {
    /// Where it belongs.
    pub place: Place,
    /// Pictures that are missing between the last one and this one, and that will not come.
    pub late_before: u64,
    /// What came with it.
    pub body: T,
}

/// What has been counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlayoutCounts {
    /// Numbers missing in what went out.
    pub late: u64,
    /// Units that came too late, twice, or without what they depend on.
    pub discarded: u64,
}

struct Waiting<T> {
    place: Place,
    since: Millis,
    bytes: usize,
    body: T,
}

/// The reorder buffer of one session.
pub struct Playout<T> {
    /// The group that is shown and the unit that comes next; none before the first picture and after a cut.
    at: Option<(u32, u16)>,
    /// The connection was cut: what is missing before the next key will not come.
    was_cut: bool,
    next_number: u64,
    grace: Millis,
    pending: BTreeMap<(u32, u16), Waiting<T>>,
    pending_bytes: usize,
    /// Units of the current and of newer groups that were reset.
    lost: BTreeSet<(u32, u16)>,
    /// How many units groups had, as the groups after them tell.
    sizes: BTreeMap<u32, u16>,
    ready: VecDeque<Released<T>>,
    counts: PlayoutCounts,
}

impl<T> Default for Playout<T> {
    fn default() -> Playout<T> {
        Playout {
            at: None,
            was_cut: false,
            next_number: 0,
            grace: GRACE,
            pending: BTreeMap::new(),
            pending_bytes: 0,
            lost: BTreeSet::new(),
            sizes: BTreeMap::new(),
            ready: VecDeque::new(),
            counts: PlayoutCounts::default(),
        }
    }
}

impl<T> Playout<T> {
    /// Sets the grace for a path with this round trip: reordering, and one retransmission.
    pub fn set_rtt(&mut self, rtt: Millis) {
        self.grace = (GRACE + rtt).min(GRACE_MAX);
    }

    /// A unit is complete. `bytes` is what it holds in memory.
    pub fn arrived(&mut self, now: Millis, place: Place, bytes: usize, body: T) {
        let id = (place.group, place.unit);
        let passed = self.at.is_some_and(|at| id < at) || place.number < self.next_number;
        let headless = place.unit == 0 && !place.key;
        if passed || headless || self.pending.contains_key(&id) {
            self.counts.discarded += 1;
            return;
        }
        // A stream that was counted as reset cannot deliver; if it does all the same, what it delivered is good.
        self.lost.remove(&id);
        self.note_size(place);
        self.pending_bytes += bytes;
        self.pending.insert(id, Waiting { place, since: now, bytes, body });
        self.advance(now);
        while self.pending.len() > UNITS_PENDING_MAX || self.pending_bytes > PENDING_BYTES_MAX {
            self.evict();
        }
    }

    /// A unit was reset and will not come.
    pub fn lost(&mut self, now: Millis, place: Place) {
        let id = (place.group, place.unit);
        if self.at.is_some_and(|at| id < at) || self.pending.contains_key(&id) || self.lost.len() >= LOST_MAX {
            return;
        }
        self.lost.insert(id);
        self.note_size(place);
        self.advance(now);
    }

    /// The connection is gone: what has not arrived will not. The next picture is the first key picture that comes.
    pub fn cut(&mut self) {
        self.counts.discarded += self.pending.len() as u64;
        self.pending.clear();
        self.pending_bytes = 0;
        self.lost.clear();
        self.sizes.clear();
        self.at = None;
        self.was_cut = true;
    }

    /// The next picture to show.
    pub fn poll_picture(&mut self) -> Option<Released<T>> {
        self.ready.pop_front()
    }

    /// When [`Playout::on_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Millis> {
        self.candidate().map(|(_, since)| since + self.grace)
    }

    /// Time has passed.
    pub fn on_timeout(&mut self, now: Millis) {
        self.advance(now);
    }

    /// What has been counted.
    pub fn counts(&self) -> PlayoutCounts {
        self.counts
    }

    fn advance(&mut self, now: Millis) {
        loop {
            self.follow();
            let Some((place, since)) = self.candidate() else { return };
            if !self.nothing_to_wait_for(place) && now < since + self.grace {
                return;
            }
            self.enter(place.group);
        }
    }

    /// Lets out what follows directly on the last picture.
    fn follow(&mut self) {
        while let Some((group, unit)) = self.at {
            let Some(waiting) = self.pending.remove(&(group, unit)) else { return };
            self.pending_bytes -= waiting.bytes;
            if waiting.place.number < self.next_number {
                // Numbers must grow. What cannot be shown breaks its group.
                self.counts.discarded += 1;
                self.lost.insert((group, unit));
                return;
            }
            let late_before = waiting.place.number - self.next_number;
            self.counts.late += late_before;
            self.next_number = waiting.place.number + 1;
            self.ready.push_back(Released { place: waiting.place, late_before, body: waiting.body });
            let Some(next) = unit.checked_add(1) else { return };
            self.at = Some((group, next));
        }
    }

    /// The key picture of the oldest newer group that has one, and since when.
    fn candidate(&self) -> Option<(Place, Millis)> {
        let mut from = match self.at {
            Some((group, _)) => group.checked_add(1)?,
            None => 0,
        };
        loop {
            let (&(group, unit), waiting) = self.pending.range((from, 0)..).next()?;
            if unit == 0 {
                return Some((waiting.place, waiting.since));
            }
            from = group.checked_add(1)?;
        }
    }

    /// Is it certain that no picture before `key` can still be shown?
    fn nothing_to_wait_for(&self, key: Place) -> bool {
        if key.number == self.next_number || self.was_cut {
            return true;
        }
        let Some((group, next)) = self.at else { return false };
        let finished = self.sizes.get(&group).is_some_and(|size| *size <= next) || self.lost.contains(&(group, next));
        let between = (key.group - group - 1) as usize;
        let none_between =
            between <= self.lost.len() && (group + 1..key.group).all(|skipped| self.lost.contains(&(skipped, 0)));
        finished && none_between
    }

    fn note_size(&mut self, place: Place) {
        let Some(before) = place.group.checked_sub(1) else { return };
        if self.at.is_none_or(|(group, _)| group <= before) {
            self.sizes.insert(before, place.previous);
        }
        if self.sizes.len() > LOST_MAX {
            self.sizes.pop_last();
        }
    }

    fn enter(&mut self, group: u32) {
        let kept = self.pending.split_off(&(group, 0));
        let passed = std::mem::replace(&mut self.pending, kept);
        self.counts.discarded += passed.len() as u64;
        self.pending_bytes -= passed.values().map(|waiting| waiting.bytes).sum::<usize>();
        self.lost = self.lost.split_off(&(group, 0));
        self.sizes = self.sizes.split_off(&group);
        self.at = Some((group, 0));
        self.was_cut = false;
    }

    /// Over the bound: the oldest group that waits is given up.
    fn evict(&mut self) {
        let Some((&(oldest, _), _)) = self.pending.first_key_value() else { return };
        while let Some(entry) = self.pending.first_entry() {
            if entry.key().0 != oldest {
                return;
            }
            self.pending_bytes -= entry.remove().bytes;
            self.counts.discarded += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(group: u32, unit: u16, previous: u16, number: u64) -> Place {
        Place { group, unit, previous, number, key: unit == 0 }
    }

    fn numbers(playout: &mut Playout<()>) -> Vec<u64> {
        std::iter::from_fn(|| playout.poll_picture()).map(|picture| picture.place.number).collect()
    }

    #[test]
    fn a_newer_group_does_not_wait_when_the_older_one_is_known_to_be_over() {
        let mut playout = Playout::default();
        playout.arrived(Millis(0), place(0, 0, 0, 0), 1, ());
        // Picture 1 was skipped by the server: one unit of group 0 was sent, and the key of group 1 says so.
        playout.arrived(Millis(5), place(1, 0, 1, 2), 1, ());
        assert_eq!(numbers(&mut playout), [0, 2]);
        assert_eq!(playout.counts().late, 1);
    }

    #[test]
    fn a_newer_group_waits_a_grace_for_the_older_ones_tail() {
        let mut playout = Playout::default();
        playout.arrived(Millis(0), place(0, 0, 0, 0), 1, ());
        playout.arrived(Millis(10), place(1, 0, 2, 2), 1, ());
        assert_eq!(numbers(&mut playout), [0], "unit 1 of group 0 may still come");
        assert_eq!(playout.poll_timeout(), Some(Millis(10) + GRACE));
        playout.arrived(Millis(20), place(0, 1, 0, 1), 1, ());
        assert_eq!(numbers(&mut playout), [1, 2], "it came in time");

        playout.arrived(Millis(30), place(2, 0, 3, 5), 1, ());
        playout.on_timeout(Millis(30) + GRACE - Millis(1));
        assert_eq!(numbers(&mut playout), [0u64; 0]);
        playout.on_timeout(Millis(30) + GRACE);
        assert_eq!(numbers(&mut playout), [5], "the grace is over");
        playout.arrived(Millis(90), place(1, 1, 2, 3), 1, ());
        assert_eq!(numbers(&mut playout), [0u64; 0], "too late is too late");
        assert_eq!(playout.counts(), PlayoutCounts { late: 2, discarded: 1 });
    }

    #[test]
    fn a_reset_ends_the_wait() {
        let mut playout = Playout::default();
        playout.arrived(Millis(0), place(0, 0, 0, 0), 1, ());
        playout.arrived(Millis(10), place(2, 0, 4, 9), 1, ());
        playout.lost(Millis(11), place(1, 0, 4, 5));
        assert_eq!(numbers(&mut playout), [0], "unit 1 of group 0 may still come");
        playout.lost(Millis(12), place(0, 1, 0, 1));
        assert_eq!(numbers(&mut playout), [9], "both groups in between are known to be lost");
    }

    #[test]
    fn after_a_cut_the_first_key_picture_is_shown_at_once() {
        let mut playout = Playout::default();
        playout.arrived(Millis(0), place(3, 0, 0, 0), 1, ());
        playout.arrived(Millis(0), place(3, 2, 0, 2), 1, ());
        playout.cut();
        playout.arrived(Millis(3_000), place(4, 1, 0, 91), 1, ());
        assert_eq!(numbers(&mut playout), [0], "a dependant alone is not shown");
        playout.arrived(Millis(3_001), place(4, 0, 3, 90), 1, ());
        assert_eq!(numbers(&mut playout), [90, 91]);
        assert_eq!(playout.counts().late, 89);
    }

    #[test]
    fn after_a_cut_groups_may_be_counted_anew() {
        let mut playout = Playout::default();
        playout.arrived(Millis(0), place(8, 0, 0, 0), 1, ());
        playout.cut();
        playout.arrived(Millis(50), place(2, 0, 0, 7), 1, ());
        assert_eq!(numbers(&mut playout), [0, 7], "numbers must grow, groups start where the new connection does");
    }

    #[test]
    fn what_comes_twice_or_without_its_key_is_discarded() {
        let mut playout = Playout::default();
        playout.arrived(Millis(0), Place { key: false, ..place(0, 0, 0, 0) }, 1, ());
        playout.arrived(Millis(0), place(0, 1, 0, 1), 1, ());
        playout.arrived(Millis(0), place(0, 1, 0, 1), 1, ());
        assert_eq!((playout.counts().discarded, playout.pending_bytes), (2, 1));
        assert_eq!(numbers(&mut playout), [0u64; 0]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut playout = Playout::default();
        for unit in 1..=(3 * UNITS_PENDING_MAX as u16) {
            playout.arrived(Millis(0), place(7, unit, 0, u64::from(unit)), 1, ());
            assert!(playout.pending.len() <= UNITS_PENDING_MAX);
        }
        for unit in 1..=9 {
            playout.arrived(Millis(0), place(8, unit, 0, 5_000 + u64::from(unit)), PENDING_BYTES_MAX / 4, ());
            assert!(playout.pending_bytes <= PENDING_BYTES_MAX);
        }
        playout.arrived(Millis(1), place(9, 0, 0, 9_000), 1, ());
        playout.on_timeout(Millis(1_000));
        assert_eq!(numbers(&mut playout), [9_000], "and a key picture gets through");
    }
}
