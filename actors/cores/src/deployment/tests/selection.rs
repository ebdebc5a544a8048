//! Which zones are taken, and what the others are told.

use proptest::prelude::*;

use super::*;

fn wish(slots: u32) -> Wish {
    Wish { slots, zones_most: 0, price_most: None }
}

fn candidate(name: &str, score: u16, slots: u32, price: u32) -> Candidate {
    Candidate { zone: zone(name), offer: Ok(Offer { price, ..offer(score, slots) }), cached: false }
}

fn given(selection: &Selection) -> Vec<(&str, u32)> {
    let taken = selection.verdicts.iter().filter(|verdict| verdict.given > 0);
    taken.map(|verdict| (verdict.zone.as_str(), verdict.given)).collect()
}

#[test]
fn the_best_score_wins_then_the_price_then_the_slots() {
    let selection = select(wish(4), &[candidate("a", 700, 9, 0), candidate("b", 800, 4, 9), candidate("c", 800, 4, 5)]);
    assert_eq!(given(&selection), [("c", 4)]);
    let why: Vec<_> = selection.verdicts.iter().map(|verdict| verdict.why.as_str()).collect();
    assert_eq!(why[0], "score 700; c has 800");
    assert_eq!(why[1], "as good as c, but price 9 instead of 5");
    let selection = select(wish(4), &[candidate("a", 800, 4, 0), candidate("b", 800, 5, 0), candidate("c", 800, 5, 0)]);
    assert_eq!(given(&selection), [("b", 4)]);
    assert_eq!(selection.verdicts[0].why, "as good as b, but 4 slots instead of 5");
    assert_eq!(selection.verdicts[2].why, "as good as b, whose name comes first");
}

#[test]
fn one_zone_is_preferred_to_two_that_are_hardly_better() {
    let hardly = select(wish(8), &[candidate("a", 800, 4, 0), candidate("b", 790, 4, 0), candidate("c", 750, 8, 0)]);
    assert_eq!(given(&hardly), [("c", 8)]);
    assert_eq!(hardly.verdicts[0].why, "4 of 8 slots; c holds them all");
    let much = select(wish(8), &[candidate("a", 800, 4, 0), candidate("b", 790, 4, 0), candidate("c", 500, 8, 0)]);
    assert_eq!(given(&much), [("a", 4), ("b", 4)]);
}

#[test]
fn a_limit_of_zones_takes_the_largest_when_the_best_do_not_hold_it() {
    let limited = Wish { zones_most: 1, ..wish(8) };
    let selection = select(limited, &[candidate("a", 800, 4, 0), candidate("b", 300, 8, 0)]);
    assert_eq!(given(&selection), [("b", 8)]);
    let selection = select(limited, &[candidate("a", 800, 4, 0), candidate("b", 300, 7, 0)]);
    assert!(given(&selection).is_empty());
    assert!(selection.refused.is_some_and(|why| why.contains("7 of 8 slots")));
}

#[test]
fn whoever_cannot_or_lies_or_is_dear_loses_with_that_reason() {
    let none = Candidate { zone: zone("d"), offer: Err("it made no offer within 1000 ms".into()), cached: false };
    let gpu = Candidate { zone: zone("e"), offer: Ok(Offer::infeasible("it has no GPU")), cached: true };
    let candidates = [candidate("a", 100, 8, 21), candidate("b", 1_001, 8, 0), candidate("c", 10, 8, 20), none, gpu];
    let selection = select(Wish { price_most: Some(20), ..wish(8) }, &candidates);
    assert_eq!(given(&selection), [("c", 8)]);
    let why: Vec<_> = selection.verdicts.iter().map(|verdict| verdict.why.as_str()).collect();
    assert_eq!(why[0], "price 21 is over 20");
    assert!(why[1].contains("cannot be true") && why[1].contains("1001"), "{}", why[1]);
    assert_eq!((why[3], why[4]), ("it made no offer within 1000 ms", "it has no GPU"));
}

proptest! {
    #[test]
    fn all_or_nothing_within_every_offer_and_everybody_hears_why(
        offers in prop::collection::vec((0..1_100u16, 0..20u32, 0..5u32), 0..7),
        slots in 1..40u32, zones_most in 0..4u32, price_most in prop::option::of(0..5u32),
    ) {
        let candidates: Vec<_> = offers.iter().enumerate()
            .map(|(index, (score, slots, price))| candidate(&format!("z{index}"), *score, *slots, *price)).collect();
        let wish = Wish { slots, zones_most, price_most };
        let selection = select(wish, &candidates);
        let sum: u32 = selection.verdicts.iter().map(|verdict| verdict.given).sum();
        prop_assert_eq!(sum, if selection.refused.is_some() { 0 } else { slots });
        let zones = selection.verdicts.iter().filter(|verdict| verdict.given > 0).count();
        prop_assert!(zones_most == 0 || zones <= zones_most as usize);
        for (verdict, candidate) in selection.verdicts.iter().zip(&candidates) {
            prop_assert!(!verdict.why.is_empty());
            let offer = candidate.offer.as_ref().expect("all made one");
            prop_assert!(verdict.given <= offer.slots);
            prop_assert!(verdict.given == 0 || offer.flaw().is_none() && offer.score > 0);
            prop_assert!(verdict.given == 0 || price_most.is_none_or(|most| offer.price <= most));
        }
        // It is refused only when it is impossible.
        let mut possible: Vec<u32> = candidates.iter().filter_map(|candidate| candidate.offer.as_ref().ok())
            .filter(|offer| offer.is_feasible() && offer.flaw().is_none())
            .filter(|offer| price_most.is_none_or(|most| offer.price <= most)).map(|offer| offer.slots).collect();
        possible.sort_unstable_by(|a, b| b.cmp(a));
        possible.truncate(if zones_most == 0 { possible.len() } else { zones_most as usize });
        prop_assert_eq!(selection.refused.is_none(), possible.iter().sum::<u32>() >= slots);
        // The order in which zones are named decides nothing.
        let mut turned = candidates.clone();
        turned.reverse();
        let mut again = select(wish, &turned);
        again.verdicts.reverse();
        prop_assert_eq!(again.verdicts, selection.verdicts);
    }
}
