//! When an instance has more to draw than it can: the rule by which it withdraws its free slots, and offers them again.
//!
//! ```text
//!           in every second of 10 more than 5 % late
//!   well ─────────────────────────────────────────────► overloaded
//!        ◄─────────────────────────────────────────────
//!           in every second of 10 less than 1 % late
//! ```
//!
//! Between the two limits nothing changes. A second in which nothing was due is one without late pictures.
//!
//! Owns: the thresholds, and the words for the operator.
//! Refuses: counting pictures ([`renditions`](crate::renditions) does) and withdrawing (the instance does).

use actors_protocol::Millis;

/// How long it must have been so, before something changes.
pub const HOLD: Millis = Millis::from_secs(10);

/// More late pictures than this are too many, per cent.
pub const LATE_MOST: u64 = 5;

/// Fewer late pictures than this are none to speak of, per cent.
pub const LATE_FEW: u64 = 1;

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Too many pictures are late: take no more sessions.
    Overloaded {
        /// Why, with figures, for the operator.
        words: String,
    },
    /// Pictures are in time again.
    Well,
}

/// The counts at one instant.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Millis,
    due: u64,
    late: u64,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Overload {
    overloaded: bool,
    last: Option<Sample>,
    /// Since when every second has been as it must be for a change.
    since: Option<Sample>,
}

impl Overload {
    /// Once a second: all pictures that were due since the instance began, and those of them that were late
    /// ([`Totals`](crate::renditions::Totals)). Says what has changed, if anything has.
    pub fn sample(&mut self, now: Millis, due: u64, late: u64) -> Option<Turn> {
        let sample = Sample { at: now, due, late };
        let last = self.last.replace(sample)?;
        let (newly_due, newly_late) = (due.saturating_sub(last.due), late.saturating_sub(last.late));
        let toward_change = if self.overloaded {
            newly_late * 100 < newly_due * LATE_FEW || newly_late == 0
        } else {
            newly_late * 100 > newly_due * LATE_MOST
        };
        if !toward_change {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(last);
        if now.since(since.at) < HOLD {
            return None;
        }
        self.since = None;
        self.overloaded = !self.overloaded;
        if !self.overloaded {
            return Some(Turn::Well);
        }
        let seconds = now.since(since.at).0 / 1_000;
        let (due, late) = (due.saturating_sub(since.due), late.saturating_sub(since.late));
        let percent = late * 100 / due.max(1);
        Some(Turn::Overloaded {
            words: format!(
                "{late} of {due} pictures ({percent} %) were late in the last {seconds} s; more than {LATE_MOST} % is too \
                 many: this instance takes no more sessions until fewer than {LATE_FEW} % are"
            ),
        })
    }

    /// Is it overloaded now?
    pub fn is_overloaded(&self) -> bool {
        self.overloaded
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds seconds of (due, late) and answers what changed, and in which second.
    fn run(overload: &mut Overload, seconds: impl IntoIterator<Item = (u64, u64)>) -> Vec<(usize, Turn)> {
        let last = overload.last.unwrap_or(Sample { at: Millis::ZERO, due: 0, late: 0 });
        overload.sample(last.at, last.due, last.late);
        let (mut now, mut due, mut late) = (last.at, last.due, last.late);
        let mut turns = Vec::new();
        for (second, (more, more_late)) in seconds.into_iter().enumerate() {
            now = now + Millis::from_secs(1);
            due += more;
            late += more_late;
            turns.extend(overload.sample(now, due, late).map(|turn| (second + 1, turn)));
        }
        turns
    }

    #[test]
    fn ten_seconds_of_late_pictures_are_an_overload_and_the_operator_reads_how_many() {
        let mut overload = Overload::default();
        let turns = run(&mut overload, [(300, 30); 12]);
        let [(10, Turn::Overloaded { words })] = turns.as_slice() else { panic!("{turns:?}") };
        assert!(words.contains("300 of 3000 pictures (10 %)") && words.contains("10 s"), "{words}");
        assert!(overload.is_overloaded());
    }

    #[test]
    fn one_good_second_begins_the_count_anew() {
        let seconds = (1..40).map(|second| (300, if second % 10 == 0 { 15 } else { 100 }));
        assert_eq!(run(&mut Overload::default(), seconds), []);
    }

    #[test]
    fn it_is_well_again_only_after_ten_seconds_with_almost_no_late_picture() {
        let mut overload = Overload::default();
        run(&mut overload, [(300, 30); 10]);
        assert_eq!(run(&mut overload, [(300, 3); 60]), [], "one per cent is not yet well");
        assert_eq!(run(&mut overload, [(300, 2); 10]), [(10, Turn::Well)]);
        assert!(!overload.is_overloaded());
    }

    #[test]
    fn an_instance_whose_sessions_have_left_is_well() {
        let mut overload = Overload::default();
        run(&mut overload, [(300, 300); 10]);
        assert_eq!(run(&mut overload, [(0, 0); 10]), [(10, Turn::Well)]);
    }

    proptest! {
        /// Turns alternate, and there are never two within the hold.
        #[test]
        fn it_does_not_flap(seconds in prop::collection::vec((0u64..40, 0u64..40), 1..400)) {
            let seconds = seconds.into_iter().map(|(due, late)| (due, late.min(due)));
            let turns = run(&mut Overload::default(), seconds);
            for (index, (second, turn)) in turns.iter().enumerate() {
                prop_assert_eq!(index % 2 == 0, *turn != Turn::Well);
                let before = index.checked_sub(1).map_or(0, |before| turns[before].0);
                prop_assert!(second - before >= 10);
            }
        }
    }
}
