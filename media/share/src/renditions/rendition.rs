//! One rendition: whom it is for, what it has drawn, and what it wants to draw next.
//!
//! Its sessions are in two sets. Those that *watch* have been given every picture since a key picture, so any next picture
//! is of use to them; those that *wait* can use nothing but a key picture. A picture that nobody could use is not drawn.
//!
//! Owns: the above, and the rules when a picture and a key picture may be made.
//! Refuses: which session is where (`placing`), and what a session is given (`giving`).

use core::cmp::Ordering;
use core::num::NonZeroU32;
use std::collections::{BTreeMap, BTreeSet};

use actors_protocol::{Millis, SessionId};

use super::options::Options;
use crate::picture::{Codec, Format};
use crate::rung::Rung;

/// What sessions that share a rendition have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key<V> {
    pub(super) format: Format,
    pub(super) rung: Rung,
    pub(super) view: V,
}

impl<V> Key<V> {
    /// Raw pictures have no bit rate, and some formats one that is fixed: for them all rungs are the same.
    pub(super) fn new(format: Format, rung: Rung, view: V) -> Key<V> {
        let fixed = format.codec == Codec::I420 || format.bit_rate.is_some();
        let rung = if fixed { Rung::START } else { rung };
        Key { format, rung, view }
    }

    /// In the order in which it takes least to find a difference.
    fn plain(&self) -> (Rung, Codec, u16, u16, u32, Option<NonZeroU32>) {
        let Format { codec, width, height, rate_millihertz, bit_rate } = self.format;
        (self.rung, codec, width, height, rate_millihertz, bit_rate)
    }
}

impl<V: Ord> Ord for Key<V> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.plain().cmp(&other.plain()).then_with(|| self.view.cmp(&other.view))
    }
}

impl<V: Ord> PartialOrd for Key<V> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A picture that is being drawn.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) key: bool,
    pub(super) since: Millis,
    pub(super) due: Millis,
    /// Its media time on the clock that all renditions have in common, microseconds.
    pub(super) at_us: u64,
    /// The sessions that were here when it was begun and still are, and the last input that each had made.
    pub(super) inputs: BTreeMap<SessionId, u32>,
}

/// The picture that was begun last.
#[derive(Debug)]
pub(super) struct Begun<V> {
    pub(super) view: V,
    /// The stamp of the view when it was begun.
    pub(super) stamp: u64,
    pub(super) pts_us: u64,
}

/// A picture that is due and not begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owed {
    pub(super) due: Millis,
    /// Its media time, as in [`Flight`].
    pub(super) at_us: u64,
    /// The stamp for which it is owed; none if it is owed for a change of view since the last tick.
    pub(super) stamp: Option<u64>,
    /// The view has changed since the last picture: it does not wait for a tick, but keeps the gap between inputs.
    pub(super) urgent: bool,
}

/// What a rendition wants to draw, if it is let.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// Not before.
    pub(super) at: Millis,
    /// Not before, as a key picture; none if nobody needs one.
    pub(super) key_at: Option<Millis>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) drawn: u64,
    pub(super) keys: u64,
    pub(super) late: u64,
}

#[derive(Debug)]
pub(super) struct Rendition<V> {
    pub(super) key: Key<V>,
    pub(super) watching: BTreeSet<SessionId>,
    pub(super) waiting: BTreeSet<SessionId>,
    pub(super) flight: Option<Flight>,
    pub(super) begun: Option<Begun<V>>,
    /// When the last key picture was begun.
    pub(super) keyed: Option<Millis>,
    /// When a picture was last begun because the view had changed.
    pub(super) answered: Option<Millis>,
    pub(super) owed: Option<Owed>,
    /// Pictures skipped since the last one was begun: gaps in the numbers of its sessions.
    pub(super) missed: u64,
    /// The newest tick of the grid that was looked at.
    pub(super) tick: u64,
    /// A picture was due at that tick.
    pub(super) moving: bool,
    /// The media time of its first picture, on the common clock.
    pub(super) origin_us: Option<u64>,
    /// Since when it has no sessions.
    pub(super) empty_since: Option<Millis>,
    pub(super) counts: Counts,
    /// Somebody's group gets too long: a key picture is to come, and nobody waits for it.
    pub(super) stale: bool,
}

impl<V: Ord + Clone> Rendition<V> {
    /// A rendition without sessions.
    pub(super) fn new(now: Millis, key: Key<V>) -> Rendition<V> {
        Rendition {
            tick: key.format.newest_due(now),
            key,
            watching: BTreeSet::new(),
            waiting: BTreeSet::new(),
            flight: None,
            begun: None,
            keyed: None,
            answered: None,
            owed: None,
            missed: 0,
            moving: false,
            origin_us: None,
            empty_since: Some(now),
            counts: Counts::default(),
            stale: false,
        }
    }

    pub(super) fn members(&self) -> usize {
        self.watching.len() + self.waiting.len()
    }

    /// The picture begun last shows what the rendition is to show.
    pub(super) fn begun_is_present(&self) -> bool {
        self.begun.as_ref().is_some_and(|begun| begun.view == self.key.view)
    }

    /// When the budget allows the next key picture; the first is always allowed.
    pub(super) fn key_from(&self, gap: Millis) -> Millis {
        self.keyed.map_or(Millis::ZERO, |keyed| keyed + gap)
    }

    /// Would a session that came now be given a key picture of the present view without waiting?
    pub(super) fn key_soon(&self, now: Millis, options: &Options) -> bool {
        match &self.flight {
            Some(flight) => flight.key && self.begun_is_present(),
            None => self.key_from(options.key_gap) <= now,
        }
    }

    /// What it wants to draw; none while it is being drawn, and if nothing would be of use to anybody. `wanted` says that
    /// sessions elsewhere would come over at a key picture.
    pub(super) fn wish(&self, options: &Options, wanted: bool) -> Option<Wish> {
        if self.flight.is_some() || self.members() == 0 {
            return None;
        }
        let waited_for = (!self.waiting.is_empty()).then(|| self.key_from(options.key_gap));
        let merge = wanted.then(|| self.key_from(options.merge_gap));
        let stale = self.stale.then(|| self.key_from(options.key_gap));
        let key_at = waited_for.into_iter().chain(merge).chain(stale).min();
        let owed = self.owed.filter(|_| !self.watching.is_empty()).map(|owed| match self.answered {
            Some(answered) if owed.urgent => owed.due.max(answered + options.input_gap),
            _ => owed.due,
        });
        Some(Wish { at: owed.into_iter().chain(key_at).min()?, key_at })
    }

    /// It is to show another view, or the same again.
    pub(super) fn turn_to(&mut self, now: Millis, view: V) {
        self.key.view = view;
        self.moving = false;
        self.owed = (!self.begun_is_present()).then(|| {
            let due = self.owed.map_or(now, |owed| owed.due);
            Owed { due, at_us: now.0.saturating_mul(1_000), stamp: None, urgent: true }
        });
    }

    /// Brings the grid up to `now`. Answers how many pictures were skipped.
    ///
    /// A picture is due at a tick if the stamp differs from that of the picture begun or owed last. If one is owed already,
    /// that one is skipped. Between two ticks in a row at which one was due, those that nobody looked at had one too.
    pub(super) fn tick(&mut self, now: Millis, stamp: &mut dyn FnMut(&V, Format) -> u64) -> u64 {
        let format = self.key.format;
        let newest = format.newest_due(now);
        let unseen = newest.saturating_sub(self.tick).saturating_sub(1);
        if newest <= self.tick {
            return 0;
        }
        self.tick = newest;
        if self.watching.is_empty() {
            self.moving = false;
            return 0;
        }
        let stamp = stamp(&self.key.view, format);
        let (due, at_us) = (format.due(newest), format.pts_us(newest));
        let known = match self.owed {
            Some(owed) => owed.stamp,
            None => self.begun.as_ref().map(|begun| begun.stamp),
        };
        let mut skipped = 0;
        let is_due = known != Some(stamp);
        if is_due {
            skipped = if self.moving { unseen } else { 0 };
            self.owed = Some(match self.owed {
                // The change of view that is owed is this tick's picture.
                Some(owed) if owed.stamp.is_none() => Owed { stamp: Some(stamp), ..owed },
                Some(owed) => {
                    skipped += 1;
                    Owed { due, at_us, stamp: Some(stamp), urgent: owed.urgent }
                }
                None => Owed { due, at_us, stamp: Some(stamp), urgent: false },
            });
        }
        self.moving = is_due;
        self.missed += skipped;
        self.counts.late += skipped;
        skipped
    }
}
