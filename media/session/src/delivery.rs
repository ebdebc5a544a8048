//! Which pictures of a session are still worth sending: groups, deadlines, and what to give up. Pure: time comes in.
//!
//! A *group* is a key picture and the pictures that need it. A unit that the viewer has not acknowledged in time makes the
//! rest of its group worthless: all of it that is under way is given up, and the playback is to go on at its next key
//! picture.
//!
//! ```text
//!   picture ─► admit ─► (header) ─► on its stream ─► acknowledged
//!                │                        │
//!                │                     overdue, refused ─► GiveUp(group) [─► SkipToKey]
//!                └ a delta after a cut is dropped
//! ```
//!
//! Owns: the numbering of groups and units. Refuses: streams, clocks.

use std::collections::BTreeMap;

use actors_protocol::Millis;
use media_share::Path;
use media_share::picture::Picture;
use media_share::playback::PICTURE_DEADLINE;
use transport_wire::limits::UNITS_PER_GROUP_MAX;

/// Units under way at most: more than two seconds of pictures at 30 a second are never worth having.
pub const UNITS_UNDER_WAY_MAX: usize = 64;

/// The unit from which on a group is to come to its end: while its pictures are in time, nobody is to notice that it had to.
const GROUP_LONG: u16 = UNITS_PER_GROUP_MAX / 4 * 3;

/// How often the way to the viewer is looked at while pictures are sent.
const LOOK: Millis = Millis(500);

/// A unit's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its group.
    pub group: u32,
    /// Its index in the group.
    pub unit: u16,
}

/// A unit that may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Its place.
    pub place: Place,
    /// Units that were sent of the group before, in the first unit of a group and in all that follow it.
    pub previous: u16,
}

/// What to do about lateness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Reset the stream of this unit.
    GiveUp(Place),
    /// Let the playback go on at its next key picture.
    SkipToKey,
    /// Let the playback make a key picture soon: the group is at three quarters of what it may be.
    Freshen,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Delivery {
    group: u32,
    /// Units sent of the present group; none before the first key picture.
    units: Option<u16>,
    previous: u16,
    /// The present group is given up: only a key picture goes out.
    cut: bool,
    under_way: BTreeMap<Place, UnderWay>,
    /// The shortest round trip seen on this connection: the path without its queues.
    path: Option<Millis>,
    effects: std::collections::VecDeque<Effect>,
    late: u64,
    sent: u64,
    /// Since the last look at the path.
    seen: Path,
    look: Millis,
}

/// A unit that the viewer has not acknowledged yet.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    since: Millis,
    bytes: u64,
}

impl Delivery {
    /// A picture is due: may it go out, and where does it stand? One that may not is a gap in the numbers.
    pub fn admit(&mut self, now: Millis, picture: &Picture) -> Option<Admitted> {
        if picture.key {
            self.previous = self.units.filter(|_| !self.cut).unwrap_or(0);
            self.group = self.group.wrapping_add(u32::from(self.units.is_some()));
            self.units = Some(0);
            self.cut = false;
        }
        let unit = self.units.filter(|_| !self.cut)?;
        if self.under_way.len() >= UNITS_UNDER_WAY_MAX || unit >= UNITS_PER_GROUP_MAX {
            self.give_up(self.group);
            self.late += 1;
            return None;
        }
        let place = Place { group: self.group, unit };
        self.units = Some(unit + 1);
        if unit == GROUP_LONG {
            self.effects.push_back(Effect::Freshen);
        }
        self.under_way.insert(place, UnderWay { since: now, bytes: picture.data.len() as u64 });
        self.sent += 1;
        Some(Admitted { place, previous: self.previous })
    }

    /// The viewer has all of the unit.
    pub fn acknowledged(&mut self, place: Place) {
        if let Some(unit) = self.under_way.remove(&place) {
            self.seen.acknowledged += 1;
            self.seen.bytes += unit.bytes;
        }
    }

    /// The viewer does not want the unit, or its stream failed.
    pub fn refused(&mut self, place: Place) {
        if self.under_way.contains_key(&place) {
            self.give_up(place.group);
        }
    }

    /// When the oldest unit under way is overdue.
    pub fn poll_timeout(&self) -> Option<Millis> {
        self.oldest().map(|since| since + self.limit())
    }

    /// An acknowledgement takes half a round trip to come back. A full queue on the way is no excuse: the viewer would be
    /// shown what is as old as the queue is long.
    fn limit(&self) -> Millis {
        PICTURE_DEADLINE + Millis(self.path.unwrap_or_default().0 / 2)
    }

    /// Gives up what is overdue, and all that needs it. `rtt` is the round trip as the connection sees it now.
    pub fn on_timeout(&mut self, now: Millis, rtt: Millis) {
        self.path = Some(self.path.map_or(rtt, |path| path.min(rtt)));
        let limit = self.limit();
        let overdue = |(place, unit): (&Place, &UnderWay)| (unit.since + limit <= now).then_some(place.group);
        while let Some(group) = self.under_way.iter().find_map(overdue) {
            self.give_up(group);
        }
    }

    /// How the way to the viewer was since the last look, if a look is due. `rtt` as in [`on_timeout`](Delivery::on_timeout).
    pub fn look(&mut self, now: Millis, rtt: Millis) -> Option<Path> {
        if now < self.look {
            return None;
        }
        self.look = now + LOOK;
        let oldest = self.oldest().map_or(Millis::ZERO, |since| now.since(since));
        let rtt_min = self.path.unwrap_or(rtt).min(rtt);
        Some(Path { rtt, rtt_min, oldest, ..std::mem::take(&mut self.seen) })
    }

    fn oldest(&self) -> Option<Millis> {
        self.under_way.values().map(|unit| unit.since).min()
    }

    /// The connection is gone or replaced: nothing is under way any more, and the next picture must be a key picture.
    pub fn detached(&mut self) {
        self.under_way.clear();
        self.effects.clear();
        self.path = None;
        self.seen = Path::default();
        self.cut = true;
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Units given up.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Units sent, those given up later included.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Units under way.
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    fn give_up(&mut self, group: u32) {
        let first = Place { group, unit: 0 };
        let last = Place { group, unit: u16::MAX };
        let places: Vec<_> = self.under_way.range(first..=last).map(|(place, _)| *place).collect();
        for place in places {
            self.under_way.remove(&place);
            self.late += 1;
            self.seen.given_up += 1;
            self.effects.push_back(Effect::GiveUp(place));
        }
        if group == self.group && !self.cut {
            self.cut = true;
            self.effects.push_back(Effect::SkipToKey);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn picture(number: u64, key: bool) -> Picture {
        Picture { number, key, repeat: false, last_input: 0, pts_us: number * 33_333, data: Bytes::from_static(b"x") }
    }

    fn effects(delivery: &mut Delivery) -> Vec<Effect> {
        std::iter::from_fn(|| delivery.poll_effect()).collect()
    }

    #[test]
    fn a_group_begins_with_its_key_picture_and_tells_how_long_the_one_before_was() {
        let mut delivery = Delivery::default();
        assert_eq!(delivery.admit(Millis(0), &picture(0, false)), None, "nothing goes out before a key picture");
        let first = delivery.admit(Millis(0), &picture(0, true)).expect("a key picture");
        assert_eq!(first, Admitted { place: Place { group: 0, unit: 0 }, previous: 0 });
        delivery.admit(Millis(33), &picture(1, false)).expect("follows");
        let next = delivery.admit(Millis(66), &picture(2, true)).expect("a key picture");
        assert_eq!(next, Admitted { place: Place { group: 1, unit: 0 }, previous: 2 });
    }

    #[test]
    fn a_late_unit_takes_the_rest_of_its_group_with_it_and_asks_for_a_key_picture() {
        let mut delivery = Delivery::default();
        for number in 0..4 {
            delivery.admit(Millis(number * 33), &picture(number, number == 0));
        }
        delivery.acknowledged(Place { group: 0, unit: 0 });
        delivery.on_timeout(Millis(100), Millis(60));
        assert_eq!(delivery.poll_timeout(), Some(Millis(33 + 300 + 30)));
        delivery.on_timeout(Millis(362), Millis(400));
        assert!(effects(&mut delivery).is_empty());
        delivery.on_timeout(Millis(363), Millis(400));
        let given_up: Vec<_> = (1..4).map(|unit| Effect::GiveUp(Place { group: 0, unit })).collect();
        assert_eq!(effects(&mut delivery), [given_up, vec![Effect::SkipToKey]].concat());
        assert_eq!(delivery.admit(Millis(400), &picture(4, false)), None, "the group is given up");
        let key = delivery.admit(Millis(1_000), &picture(30, true)).expect("a key picture");
        assert_eq!(key.previous, 0, "nothing of the group before is worth waiting for");
        assert_eq!(delivery.late(), 3);
    }

    #[test]
    fn a_group_that_gets_too_long_is_to_end_before_it_must() {
        let mut delivery = Delivery::default();
        let mut asked = Vec::new();
        for number in 0..u64::from(UNITS_PER_GROUP_MAX) {
            let fresh = asked.last().is_some_and(|asked| number == asked + 15);
            let place =
                delivery.admit(Millis(number * 33), &picture(number, number == 0 || fresh)).expect("admitted").place;
            delivery.acknowledged(place);
            let wanted = effects(&mut delivery);
            assert!(wanted.is_empty() || wanted == [Effect::Freshen], "nothing is given up: {wanted:?}");
            asked.extend((!wanted.is_empty()).then_some(number));
        }
        assert_eq!((asked, delivery.late()), (vec![3_072], 0));
    }

    #[test]
    fn a_look_at_the_path_tells_what_has_arrived_what_was_given_up_and_what_is_slow() {
        let mut delivery = Delivery::default();
        delivery.on_timeout(Millis(0), Millis(40));
        assert!(delivery.look(Millis(0), Millis(40)).is_some() && delivery.look(Millis(499), Millis(40)).is_none());
        for number in 0..3 {
            delivery.admit(Millis(400), &picture(number, number == 0));
        }
        delivery.acknowledged(Place { group: 0, unit: 0 });
        delivery.on_timeout(Millis(500), Millis(90));
        let path = delivery.look(Millis(500), Millis(90)).expect("due");
        let expected =
            Path { rtt: Millis(90), rtt_min: Millis(40), acknowledged: 1, bytes: 1, given_up: 0, oldest: Millis(100) };
        assert_eq!(path, expected);
        delivery.on_timeout(Millis(1_000), Millis(90));
        let path = delivery.look(Millis(1_000), Millis(90)).expect("due");
        assert_eq!((path.acknowledged, path.given_up, path.oldest), (0, 2, Millis(0)), "counted from look to look");
    }

    #[test]
    fn a_viewer_that_takes_nothing_is_not_sent_more_than_the_bound() {
        let mut delivery = Delivery::default();
        for number in 0..1_000 {
            delivery.admit(Millis(0), &picture(number, number == 0));
        }
        assert!(effects(&mut delivery).contains(&Effect::SkipToKey));
        assert_eq!(delivery.under_way(), 0);
        assert_eq!(delivery.sent(), UNITS_UNDER_WAY_MAX as u64);
    }

    #[test]
    fn after_a_detach_the_next_unit_is_a_key_picture_of_a_new_group() {
        let mut delivery = Delivery::default();
        delivery.admit(Millis(0), &picture(0, true));
        delivery.detached();
        assert_eq!(delivery.admit(Millis(33), &picture(1, false)), None);
        assert_eq!(delivery.admit(Millis(66), &picture(2, true)).expect("key").place.group, 1);
    }

    proptest! {
        /// Whatever is acknowledged or late: what was admitted and not given up is decodable in order.
        #[test]
        fn what_goes_out_hangs_together(steps in prop::collection::vec((any::<bool>(), 0u64..400, any::<bool>()), 1..200)) {
            let mut delivery = Delivery::default();
            let mut now = Millis(0);
            let mut last: Option<Place> = None;
            for (number, (key, pause, acknowledge)) in steps.into_iter().enumerate() {
                now = now + Millis(pause);
                delivery.on_timeout(now, Millis(0));
                effects(&mut delivery);
                if let Some(Admitted { place, .. }) = delivery.admit(now, &picture(number as u64, key)) {
                    match last {
                        Some(last) if last.group == place.group => prop_assert_eq!(place.unit, last.unit + 1),
                        _ => prop_assert!(place.unit == 0 && key),
                    }
                    prop_assert!(last.is_none_or(|last| last < place));
                    last = Some(place);
                    if acknowledge {
                        delivery.acknowledged(place);
                    }
                }
                prop_assert!(delivery.under_way() <= UNITS_UNDER_WAY_MAX);
                if let Some(due) = delivery.poll_timeout() {
                    prop_assert!(due > now, "nothing overdue is left");
                }
            }
        }
    }
}
