//! What `playout` promises, over random streams: losses, resets that are told and losses that are not, any order of
//! arrival. A failure prints the input that failed, shrunk, and proptest's seed.

use std::collections::BTreeSet;

use actors_protocol::Millis;
use proptest::prelude::*;
use transport_viewer::limits::GRACE_MAX;
use transport_viewer::playout::{Place, Playout, Released};

/// What becomes of one unit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Arrives,
    /// It arrives, and a second time.
    Twice,
    /// It is reset, and the viewer is told.
    Reset,
    /// It is reset before the viewer knew what it was.
    Vanishes,
}

#[derive(Clone, Debug)]
struct Sent {
    place: Place,
    fate: Fate,
    /// How late it arrives, over the time it was sent.
    delay: u64,
}

/// (units of the group, numbers skipped before it), per group.
fn groups() -> impl Strategy<Value = Vec<(u16, u64)>> {
    prop::collection::vec((1..12u16, prop_oneof![3 => Just(0u64), 1 => 0..20u64]), 1..14)
}

fn place_all(groups: &[(u16, u64)]) -> Vec<Place> {
    let (mut places, mut number, mut previous) = (Vec::new(), 0, 0);
    for (group, (units, skipped)) in groups.iter().enumerate() {
        number += if group == 0 { 0 } else { *skipped };
        for unit in 0..*units {
            places.push(Place { group: group as u32, unit, previous, number, key: unit == 0 });
            number += 1;
        }
        previous = *units;
    }
    places
}

fn stream(fates: impl Strategy<Value = Fate> + Clone + 'static, delay_max: u64) -> impl Strategy<Value = Vec<Sent>> {
    groups().prop_map(|groups| place_all(&groups)).prop_flat_map(move |places| {
        let per_unit = prop::collection::vec((fates.clone(), 0..=delay_max), places.len());
        per_unit.prop_map(move |rolls| {
            let sent = |(place, (fate, delay)): (&Place, (Fate, u64))| Sent { place: *place, fate, delay };
            places.iter().zip(rolls).map(sent).collect()
        })
    })
}

fn any_fate() -> impl Strategy<Value = Fate> + Clone {
    prop_oneof![6 => Just(Fate::Arrives), 1 => Just(Fate::Twice), 1 => Just(Fate::Reset), 1 => Just(Fate::Vanishes)]
}

/// Plays a stream that was sent at 30 pictures a second and gives what came out, in order.
fn play(sent: &[Sent], playout: &mut Playout<u64>) -> Vec<Released<u64>> {
    let mut arrivals: Vec<(u64, usize, bool)> = Vec::new();
    for (index, unit) in sent.iter().enumerate() {
        let at = index as u64 * 33 + unit.delay;
        arrivals.push((at, index, false));
        if unit.fate == Fate::Twice {
            arrivals.push((at + 7, index, true));
        }
    }
    arrivals.sort();
    let mut out = Vec::new();
    let mut take = |playout: &mut Playout<u64>| out.extend(std::iter::from_fn(|| playout.poll_picture()));
    for (at, index, _) in &arrivals {
        while let Some(timeout) = playout.poll_timeout().filter(|timeout| timeout.0 <= *at) {
            playout.on_timeout(timeout);
            assert_ne!(playout.poll_timeout(), Some(timeout), "a timer that has fired is over");
            take(playout);
        }
        let Sent { place, fate, .. } = sent[*index];
        match fate {
            Fate::Arrives | Fate::Twice => playout.arrived(Millis(*at), place, 100, place.number),
            Fate::Reset => playout.lost(Millis(*at), place),
            Fate::Vanishes => {}
        }
        take(playout);
    }
    while let Some(timeout) = playout.poll_timeout() {
        playout.on_timeout(timeout);
        assert_ne!(playout.poll_timeout(), Some(timeout), "a timer that has fired is over");
        take(playout);
    }
    out
}

fn check(out: &[Released<u64>], late: u64) {
    let mut last: Option<Place> = None;
    let mut missing = 0;
    for Released { place, late_before, body } in out {
        assert_eq!(*body, place.number, "a picture keeps its own body");
        let next = last.map_or(0, |last| last.number + 1);
        assert_eq!(place.number, next + late_before, "numbers grow, and every gap is told");
        let follows = last.is_some_and(|last| last.group == place.group && last.unit + 1 == place.unit);
        assert!(place.key || follows, "{place:?} after {last:?} cannot be decoded");
        assert!(last.is_none_or(|last| last.group <= place.group), "groups grow");
        missing += late_before;
        last = Some(*place);
    }
    assert_eq!(missing, late);
}

/// The units of the last group whose key picture came, up to the first that did not.
fn newest_playable(sent: &[Sent]) -> Option<(u32, u16)> {
    let came: BTreeSet<(u32, u16)> = sent
        .iter()
        .filter(|unit| matches!(unit.fate, Fate::Arrives | Fate::Twice))
        .map(|unit| (unit.place.group, unit.place.unit))
        .collect();
    let group = came.iter().rev().find(|(_, unit)| *unit == 0)?.0;
    (0..).take_while(|unit| came.contains(&(group, *unit))).last().map(|unit| (group, unit))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_network_does_the_output_is_decodable_and_live(sent in stream(any_fate(), 600)) {
        let mut playout = Playout::default();
        let out = play(&sent, &mut playout);
        check(&out, playout.counts().late);
        let last = out.last().map(|picture| (picture.place.group, picture.place.unit));
        prop_assert_eq!(last, newest_playable(&sent), "it ends with all that can be decoded of the newest group");
    }

    #[test]
    fn without_loss_and_within_the_grace_everything_is_shown(sent in stream(Just(Fate::Arrives), 40)) {
        let mut playout = Playout::default();
        let out = play(&sent, &mut playout);
        prop_assert_eq!(out.len(), sent.len());
        check(&out, playout.counts().late);
        prop_assert_eq!(playout.counts().discarded, 0);
    }

    #[test]
    fn without_loss_any_order_will_do_while_no_time_passes(sent in stream(Just(Fate::Arrives), 0).prop_shuffle()) {
        let mut playout = Playout::default();
        for unit in &sent {
            playout.arrived(Millis(5), unit.place, 100, unit.place.number);
        }
        let out: Vec<_> = std::iter::from_fn(|| playout.poll_picture()).collect();
        prop_assert_eq!(out.len(), sent.len());
        check(&out, playout.counts().late);
    }

    #[test]
    fn a_reset_that_is_told_costs_no_grace(sent in stream(prop_oneof![4 => Just(Fate::Arrives), 1 => Just(Fate::Reset)], 0)) {
        let mut playout = Playout::default();
        for (index, unit) in sent.iter().enumerate() {
            // As a server does it: the unit that is reset takes the rest of its group with it.
            let broken = sent[1.min(index)..index].iter().any(|s| s.place.group == unit.place.group && s.fate == Fate::Reset);
            match unit.fate {
                // The first picture arrives: before it, nobody knows what there was to be shown.
                _ if index == 0 => playout.arrived(Millis(0), unit.place, 100, unit.place.number),
                Fate::Arrives if !broken => playout.arrived(Millis(0), unit.place, 100, unit.place.number),
                _ => playout.lost(Millis(0), unit.place),
            }
            prop_assert_eq!(playout.poll_timeout(), None, "nothing is waited for");
        }
        let out: Vec<_> = std::iter::from_fn(|| playout.poll_picture()).collect();
        check(&out, playout.counts().late);
    }

    #[test]
    fn a_picture_is_never_held_back_longer_than_the_longest_grace(
        sent in stream(any_fate(), 600), rtt in 0..2_000u64
    ) {
        let mut playout = Playout::default();
        playout.set_rtt(Millis(rtt));
        for (index, unit) in sent.iter().enumerate() {
            let now = Millis(index as u64 * 33);
            if matches!(unit.fate, Fate::Arrives | Fate::Twice) {
                playout.arrived(now, unit.place, 100, unit.place.number);
            }
            let timeout = playout.poll_timeout();
            prop_assert!(timeout.is_none_or(|timeout| timeout <= now + GRACE_MAX));
            if let Some(timeout) = timeout.filter(|timeout| *timeout <= now) {
                playout.on_timeout(timeout);
            }
        }
    }

    #[test]
    fn a_cut_in_the_middle_leaves_the_output_decodable(
        sent in stream(any_fate(), 100), cut in 0.0..1.0f64
    ) {
        let (before, after) = sent.split_at((sent.len() as f64 * cut) as usize);
        let mut playout = Playout::default();
        let mut out = play(before, &mut playout);
        playout.cut();
        out.extend(play(after, &mut playout));
        check(&out, playout.counts().late);
    }
}
