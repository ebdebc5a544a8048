//! Each wrong decision of a factory is caught: from inside by `check`, and from outside by comparison alone.

use super::histories::some;
use super::properties::Play;
use crate::flaw::Flaw;

/// A flaw must show within this many histories.
const HISTORIES_MAX: usize = 200;

const FLAWS: [(Flaw, &str); 6] = [
    (Flaw::LeaseTwice, "I1"),
    (Flaw::RedeemTwice, "I2"),
    (Flaw::CountsDrift, "I3"),
    (Flaw::LapseForgotten, "I5"),
    (Flaw::SlotNotStopped, "I8"),
    (Flaw::ShrinkForgets, "I3"),
];

/// What is said of the flaw, and in which history.
fn caught(flaw: Flaw, look_inside: bool) -> Option<(usize, String)> {
    some(1, HISTORIES_MAX)
        .enumerate()
        .find_map(|(number, history)| Some((number, Play::new(flaw, look_inside).play(&history).err()?)))
}

#[test]
fn each_flaw_breaks_its_own_invariant() {
    for (flaw, invariant) in FLAWS {
        let (number, said) = caught(flaw, true).unwrap_or_else(|| panic!("{flaw:?} is not caught"));
        assert!(said.starts_with(invariant), "{flaw:?} in history {number}: {said}");
    }
}

#[test]
fn each_flaw_is_seen_from_outside_too() {
    for (flaw, invariant) in FLAWS {
        let (number, said) = caught(flaw, false).unwrap_or_else(|| panic!("{flaw:?} is not caught"));
        assert!(said.starts_with(invariant), "{flaw:?} in history {number}: {said}");
    }
}
