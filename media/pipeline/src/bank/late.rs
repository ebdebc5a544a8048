//! What becomes of a picture that is decoded after its time, on a machine that has too much to do.
//!
//! Owns: that rule. A picture whose time is over is not scaled, which makes up for some of the delay; one in four is all the
//! same, so that the source still moves. A delay that is not made up for like that is given up: the source goes on from
//! where it is, later, rather than rushing through all that was missed when the machine is free again.
//! Pure. Refuses: clocks.

/// Pictures that are left out in a row, at most.
const LEFT_OUT_MAX: u32 = 3;
/// How long a picture is shown that does not say it, nanoseconds.
const LASTS: u64 = 50_000_000;
/// The largest delay that is made up for, nanoseconds.
pub const DELAY_MAX: u64 = 1_000_000_000;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is shown.
    Shown,
    /// It is left out.
    LeftOut,
    /// It is shown, and all that come after it are due later by this many nanoseconds.
    Postponed(u64),
}

/// The pictures of one source, one after the other.
#[derive(Debug)]
pub struct Lateness {
    left_out: u32,
}

impl Default for Lateness {
    /// The first picture is shown, however late it is.
    fn default() -> Lateness {
        Lateness { left_out: LEFT_OUT_MAX }
    }
}

impl Lateness {
    /// A picture is there so many nanoseconds after its time, and is to be shown for so long.
    pub fn came(&mut self, late: u64, lasts: Option<u64>) -> Fate {
        let over = late > lasts.unwrap_or(LASTS);
        let fate = match () {
            () if late > DELAY_MAX => Fate::Postponed(late),
            () if over && self.left_out < LEFT_OUT_MAX => Fate::LeftOut,
            () => Fate::Shown,
        };
        self.left_out = if fate == Fate::LeftOut { self.left_out + 1 } else { 0 };
        fate
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_picture_whose_time_is_over_is_left_out_but_never_four_in_a_row() {
        let mut lateness = Lateness::default();
        let fates: Vec<_> = (0..9).map(|_| lateness.came(40 * MS, Some(33 * MS)) == Fate::Shown).collect();
        assert_eq!(fates, [true, false, false, false, true, false, false, false, true]);
        assert_eq!(lateness.came(20 * MS, Some(33 * MS)), Fate::Shown, "its time is not over");
        assert_eq!(lateness.came(40 * MS, None), Fate::Shown);
        assert_eq!(lateness.came(900 * MS, Some(1_000 * MS)), Fate::Shown, "it lasts a second");
        assert_eq!(lateness.came(1_200 * MS, Some(33 * MS)), Fate::Postponed(1_200 * MS));
    }

    proptest! {
        // A machine that needs `cost` for a picture that is shown and `decoding` for any: whatever they are, the delay is
        // bounded, and at least a quarter is shown.
        #[test]
        fn the_delay_is_bounded_on_any_machine(cost in 0u64..300, decoding in 0u64..100, lasts in 10u64..100) {
            let (mut lateness, mut now, mut shift, mut shown) = (Lateness::default(), 0u64, 0u64, 0u64);
            let pictures = 400;
            for number in 0..pictures {
                now = (now + decoding).max(number * lasts + shift);
                let late = now - (number * lasts + shift);
                prop_assert!(late * MS <= DELAY_MAX + (cost + decoding) * MS, "{} ms late", late);
                match lateness.came(late * MS, Some(lasts * MS)) {
                    Fate::LeftOut => continue,
                    Fate::Postponed(by) => shift += by / MS,
                    Fate::Shown => {}
                }
                shown += 1;
                now += cost;
            }
            prop_assert!(shown * 4 >= pictures);
            prop_assert!(cost + decoding > lasts || shown == pictures, "a machine that keeps up leaves nothing out");
        }
    }
}
