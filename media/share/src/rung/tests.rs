//! The ladder on a simulated bottleneck: a queue that drains at a fixed rate.

use core::num::NonZeroU32;

use proptest::prelude::*;

use super::*;
use crate::picture::Codec;

const FORMAT: Format = Format { codec: Codec::H264, width: 640, height: 360, rate_millihertz: 30_000, bit_rate: None };

/// A way with a bottleneck, and a sender that fills it with the pictures of an encoder that keeps to its bit rate.
struct Way {
    now: u64,
    bits_per_second: u64,
    rtt_min: u64,
    /// Bits of pictures in the queue, and when each was sent.
    queue: std::collections::VecDeque<(u64, u64)>,
    /// Drained of the first.
    drained: u64,
    ladder: Ladder,
    /// When the rung changed, and to what.
    changes: Vec<(u64, Rung)>,
}

impl Way {
    fn new(bits_per_second: u64) -> Way {
        Way {
            now: 0,
            bits_per_second,
            rtt_min: 20,
            queue: Default::default(),
            drained: 0,
            ladder: Ladder::default(),
            changes: Vec::new(),
        }
    }

    /// Lets seconds pass; answers how many pictures were given up.
    fn run(&mut self, seconds: u64) -> u32 {
        let mut given_up_in_all = 0;
        let mut path = Path { rtt_min: Millis(self.rtt_min), ..Path::default() };
        for _ in 0..seconds * 1_000 {
            self.now += 1;
            if [0, 33, 66].contains(&(self.now % 100)) {
                // Pictures differ in size: between half and one and a half times the mean.
                let mean = u64::from(bit_rate(self.ladder.rung(), FORMAT)) / 30;
                self.queue.push_back((mean / 2 + mean * (self.now * 7_919 % 101) / 100, self.now));
            }
            self.drained += self.bits_per_second / 1_000;
            while let Some((bits, _)) = self.queue.front().copied().filter(|(bits, _)| *bits <= self.drained) {
                self.drained -= bits;
                self.queue.pop_front();
                path.acknowledged += 1;
                path.bytes += bits / 8;
            }
            if self.queue.is_empty() {
                self.drained = 0;
            }
            if self.queue.front().is_some_and(|(_, sent)| self.now - sent > 300) {
                path.given_up += u32::try_from(self.queue.len()).expect("few");
                self.queue.clear();
            }
            if self.now.is_multiple_of(500) {
                let queued: u64 = self.queue.iter().map(|(bits, _)| bits).sum();
                path.rtt = Millis(self.rtt_min + queued * 1_000 / self.bits_per_second);
                path.oldest = Millis(self.queue.front().map_or(0, |(_, sent)| self.now - sent));
                given_up_in_all += path.given_up;
                let before = self.ladder.rung();
                let rung = self.ladder.observe(Millis(self.now), &path);
                if rung != before {
                    self.changes.push((self.now, rung));
                }
                path = Path { rtt_min: path.rtt_min, ..Path::default() };
            }
        }
        given_up_in_all
    }

    fn changes_in_last(&self, seconds: u64) -> usize {
        self.changes.iter().filter(|(at, _)| at + seconds * 1_000 > self.now).count()
    }
}

#[test]
fn bit_rates_follow_pixels_and_rate() {
    assert_eq!(
        [Rung(0), Rung(1), Rung(2), Rung(3)].map(|rung| bit_rate(rung, FORMAT)),
        [400_000, 800_000, 1_500_000, 3_000_000]
    );
    assert_eq!(bit_rate(Rung::HIGHEST, Format { width: 1280, height: 720, ..FORMAT }), 12_000_000);
    assert_eq!(bit_rate(Rung::HIGHEST, Format { rate_millihertz: 15_000, ..FORMAT }), 1_500_000);
    assert_eq!(bit_rate(Rung::LOWEST, Format { width: 2, height: 2, ..FORMAT }), 50_000);
    let fixed = Format { bit_rate: NonZeroU32::new(640_000), ..FORMAT };
    assert_eq!([Rung::LOWEST, Rung::HIGHEST].map(|rung| bit_rate(rung, fixed)), [640_000; 2], "fixed is fixed");
    let huge = Format { width: 7_680, height: 7_680, rate_millihertz: u32::MAX, ..FORMAT };
    assert_eq!(bit_rate(Rung::HIGHEST, huge), u32::MAX);
}

#[test]
fn a_wide_way_is_climbed_to_the_top_and_kept() {
    let mut way = Way::new(20_000_000);
    assert_eq!(way.run(120), 0);
    assert_eq!(way.changes.iter().map(|(_, rung)| *rung).collect::<Vec<_>>(), [Rung::HIGHEST]);
    assert!(way.changes[0].0 <= 6_000, "{:?}", way.changes);
}

#[test]
fn a_way_of_half_the_top_rate_is_settled_below_it_without_flapping() {
    for bits in [1_500_000, 1_600_000, 1_800_000] {
        let mut way = Way::new(bits);
        way.run(180);
        let settled = way.run(180);
        let minutes = 3;
        assert!(way.changes_in_last(180) <= 4 * minutes, "{:?}", way.changes);
        // Of 360 s at most a few seconds are spent on tries.
        let above: u64 = time_at(&way, Rung::HIGHEST, 180);
        assert!(above <= 12_000, "{bits}: {above} ms on the top rung: {:?}", way.changes);
        assert!(settled <= 120, "{bits}: {settled} of 5400 pictures were given up");
    }
}

/// Milliseconds of the last `seconds` that were spent on a rung.
fn time_at(way: &Way, rung: Rung, seconds: u64) -> u64 {
    let from = way.now - seconds * 1_000;
    let ends = way.changes.iter().skip(1).map(|(at, _)| *at).chain([way.now]);
    way.changes
        .iter()
        .zip(ends)
        .filter(|((_, stood), _)| *stood == rung)
        .map(|((begun, _), end)| end.max(from) - (*begun).max(from))
        .sum()
}

#[test]
fn a_narrow_way_is_left_at_once_and_climbed_when_it_is_wide_again() {
    let mut way = Way::new(20_000_000);
    way.run(20);
    way.bits_per_second = 600_000;
    way.run(5);
    assert_eq!(way.ladder.rung(), Rung::LOWEST, "{:?}", way.changes);
    way.run(60);
    way.bits_per_second = 20_000_000;
    way.run(180);
    assert_eq!(way.ladder.rung(), Rung::HIGHEST, "{:?}", way.changes);
    assert_eq!(way.run(60), 0);
}

#[test]
fn a_picture_that_is_given_up_costs_a_rung_at_once() {
    let mut ladder = Ladder::default();
    let lost = Path { given_up: 1, acknowledged: 14, ..Path::default() };
    assert_eq!(ladder.observe(Millis(500), &lost), Rung(1));
    assert_eq!(ladder.observe(Millis(1_000), &lost), Rung(1), "the queue drains first");
    assert_eq!(ladder.observe(Millis(1_500), &lost), Rung::LOWEST);
    assert_eq!(ladder.observe(Millis(9_000), &lost), Rung::LOWEST);
}

#[test]
fn a_queue_in_front_of_the_way_is_trouble_and_a_long_way_is_none() {
    let far = Path { rtt: Millis(250), rtt_min: Millis(240), oldest: Millis(300), acknowledged: 15, ..Path::default() };
    assert_eq!(Ladder::default().observe(Millis(500), &far), Rung::START);
    let behind = Path { rtt: Millis(20), rtt_min: Millis(20), oldest: Millis(200), ..Path::default() };
    assert_eq!(Ladder::default().observe(Millis(500), &behind), Rung(1));
}

#[test]
fn a_way_on_which_nothing_is_sent_is_not_climbed() {
    let mut ladder = Ladder::default();
    for half in 0..600 {
        assert_eq!(ladder.observe(Millis(half * 500), &Path::default()), Rung::START);
    }
}

proptest! {
    /// Whatever is reported: one step at a time; no step up within five seconds of a step or trouble.
    #[test]
    fn steps_are_single_and_steps_up_are_rare(reports in prop::collection::vec((0u32..2, 0u64..220, 0u64..400, 0u32..3), 1..400)) {
        let mut ladder = Ladder::default();
        let mut last_cause = 0;
        for (index, (given_up, queue, oldest, acknowledged)) in reports.into_iter().enumerate() {
            let now = 500 * index as u64;
            let given_up = if index % 7 == 0 { given_up } else { 0 };
            let path = Path {
                rtt: Millis(20 + queue), rtt_min: Millis(20), acknowledged, bytes: 0, given_up, oldest: Millis(oldest),
            };
            let before = ladder.rung();
            let rung = ladder.observe(Millis(now), &path);
            prop_assert!(rung.index().abs_diff(before.index()) <= 1);
            if rung > before {
                prop_assert!(now - last_cause >= QUIET_LEAST.0);
            }
            if rung != before || is_trouble(&path) {
                last_cause = now;
            }
        }
    }
}
