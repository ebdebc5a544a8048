//! Several sessions: who shares an encoder, who leaves it, and how equal ones come together again.

use core::num::NonZeroU32;

use actors_protocol::{Millis, SessionId};

use super::stage::{FORMAT, MOVING, OTHER, Stage};
use crate::picture::{Codec, Format};
use crate::rung::Rung;

/// Sessions 1, 2, … on one rendition that moves, all of them watching.
fn sharing(sessions: u64) -> Stage {
    let mut stage = Stage::new();
    for session in 1..=sessions {
        stage.join(session, MOVING);
    }
    // To between two ticks.
    stage.pass(1_010);
    stage
}

#[test]
fn two_hundred_equal_sessions_are_one_encoder_and_get_the_same_bytes() {
    let mut stage = sharing(200);
    let begin = stage.now;
    stage.pass(1_000);
    assert_eq!((stage.opened.len(), stage.drawings(begin).len()), (1, 30));
    let first: Vec<_> = stage.pictures(1, begin).into_iter().map(|picture| picture.data).collect();
    let last: Vec<_> = stage.pictures(200, begin).into_iter().map(|picture| picture.data).collect();
    assert_eq!(first.len(), 30);
    assert!(first.iter().zip(&last).all(|(one, other)| one.as_ptr() == other.as_ptr()));
}

#[test]
fn whatever_differs_has_an_encoder_of_its_own() {
    let mut stage = Stage::new();
    stage.join_as(1, FORMAT, 0, Rung::START);
    stage.join_as(2, FORMAT, 1, Rung::START);
    stage.join_as(3, OTHER, 0, Rung::START);
    stage.join_as(4, FORMAT, 0, Rung::LOWEST);
    stage.pass(3_000);
    assert_eq!(stage.core.state().renditions.len(), 4);
    let raw = Format { codec: Codec::I420, ..FORMAT };
    stage.join_as(5, raw, 0, Rung::LOWEST);
    stage.join_as(6, raw, 0, Rung::HIGHEST);
    assert_eq!(stage.place(5), stage.place(6), "raw pictures have no bit rate");
    let fixed = Format { bit_rate: NonZeroU32::new(700_000), ..FORMAT };
    stage.join_as(7, fixed, 0, Rung::LOWEST);
    stage.join_as(8, fixed, 0, Rung::HIGHEST);
    stage.pass(3_000);
    assert_eq!(stage.place(7), stage.place(8), "theirs is fixed");
    assert_ne!(stage.place(7), stage.place(1));
}

#[test]
fn a_late_joiner_is_given_a_key_picture_at_once_if_one_may_be_made() {
    let mut stage = sharing(1);
    let joined = stage.now;
    stage.join(2, MOVING);
    stage.pass(0);
    assert!(stage.pictures(2, joined)[0].key && stage.pictures(2, joined)[0].number == 0);
    // The third comes too soon after that one.
    stage.pass(100);
    stage.join(3, MOVING);
    stage.pass(390);
    assert!(stage.pictures(3, joined).is_empty());
    stage.pass(20);
    assert!(stage.pictures(3, joined)[0].key);
    assert_eq!(stage.opened.len(), 1);
    let numbers: Vec<_> = stage.seen(1).given.iter().map(|(_, picture)| picture.number).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>(), "those who were there notice nothing");
}

#[test]
fn an_input_of_one_who_shares_opens_an_encoder_at_once_and_the_others_notice_nothing() {
    let mut stage = sharing(3);
    let pressed = stage.now;
    stage.show(2, 5);
    stage.pass(0);
    let [picture] = &stage.pictures(2, pressed)[..] else { panic!("one picture, at once") };
    assert!(picture.key && picture.last_input == 1);
    stage.pass(200);
    assert_ne!(stage.place(2), stage.place(1));
    assert!(stage.pictures(1, pressed).iter().all(|picture| !picture.key), "no key picture for the others");
    assert_eq!(stage.pictures(1, pressed).len(), 6);
    let numbers: Vec<_> = stage.seen(2).given.iter().map(|(_, picture)| picture.number).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
}

#[test]
fn equal_sessions_come_together_at_a_key_picture_of_the_larger_rendition() {
    let mut stage = sharing(3);
    stage.show(3, 5);
    stage.pass(3_000);
    let (own, shared) = (stage.place(3).expect("placed"), stage.place(1).expect("placed"));
    // The larger one has just made a key picture: it does not make the next for two seconds, only to bring others over.
    stage.key_wanted(1);
    stage.pass(100);
    let back = stage.now;
    stage.show(3, MOVING);
    assert_eq!(stage.place(3), Some(own), "alone: its encoder goes along");
    assert!(!stage.drawings(back)[0].key);
    stage.pass(1_800);
    assert_eq!(stage.place(3), Some(own));
    stage.pass(700);
    assert_eq!(stage.place(3), Some(shared));
    let totals = stage.core.totals();
    assert_eq!(totals.merged, 1);
    let keys = stage.drawings(back).into_iter().filter(|drawing| drawing.key);
    assert_eq!(keys.map(|drawing| drawing.rendition).collect::<Vec<_>>(), [shared], "one key picture brings it over");
    assert!(!stage.core.state().renditions.iter().any(|rendition| rendition.id == own), "nobody needs the other");
    let numbers: Vec<_> = stage.seen(3).given.iter().map(|(_, picture)| picture.number).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>(), "its numbers go on");
}

#[test]
fn key_pictures_for_coming_together_are_rare() {
    let mut stage = sharing(2);
    let begin = stage.now;
    // Session 2 goes away and comes back all the time.
    for step in 0..400 {
        stage.show(2, if step % 2 == 0 { 5 } else { MOVING });
        stage.pass(50);
    }
    let shared = stage.place(1).expect("placed");
    let keys = stage.drawings(begin).iter().filter(|drawing| drawing.key && drawing.rendition == shared).count();
    assert!(keys <= 10, "{keys} in 20 s");
}

#[test]
fn who_comes_to_an_equal_one_that_may_make_a_key_picture_opens_none() {
    let mut stage = sharing(2);
    stage.join(3, 5);
    stage.join(4, 5);
    stage.pass(1_000);
    assert_eq!(stage.place(4), stage.place(3));
    let pressed = stage.now;
    stage.show(1, 5);
    stage.pass(0);
    assert_eq!(stage.place(1), stage.place(3));
    assert!(stage.pictures(1, pressed)[0].key && stage.pictures(1, pressed)[0].last_input == 1);
    assert_eq!(stage.opened.len(), 2);
    // The next who comes within half a second does not wait for the budget.
    stage.pass(100);
    stage.join(9, MOVING);
    let pressed = stage.now;
    stage.show(2, 5);
    stage.pass(0);
    assert!(stage.pictures(2, pressed)[0].key);
    assert_eq!(stage.opened.len(), 3);
    stage.pass(3_000);
    assert_eq!(stage.place(2), stage.place(3), "they come together later");
}

#[test]
fn another_bit_rate_for_one_who_shares_begins_with_a_key_picture() {
    let mut stage = sharing(2);
    let begin = stage.now;
    stage.set_rung(2, Rung::LOWEST);
    stage.pass(100);
    assert!(stage.pictures(2, begin)[0].key);
    assert!(stage.pictures(1, begin).iter().all(|picture| !picture.key));
    assert_eq!(stage.seen(2).last.map(|drawing| drawing.rung), Some(Rung::LOWEST));
    assert_eq!(stage.seen(1).last.map(|drawing| drawing.rung), Some(Rung::START));
}

#[test]
fn what_lingers_is_taken_over_and_begins_with_a_key_picture() {
    let mut stage = sharing(1);
    let rendition = stage.place(1);
    stage.leave(1);
    stage.pass(100);
    let joined = stage.now;
    stage.join(2, 5);
    stage.pass(0);
    assert_eq!(stage.place(2), rendition);
    let [drawing] = stage.drawings(joined)[..] else { panic!("one picture") };
    assert!(drawing.key && drawing.view == 5 && drawing.index > 0);
    stage.leave(2);
    stage.pass(600);
    assert!(stage.core.state().renditions.is_empty(), "nobody came");
    assert_eq!(stage.core.poll_timeout(), None);
}

#[test]
fn a_joiner_is_not_shown_what_another_saw_before() {
    let mut stage = Stage::new();
    stage.takes = 20;
    stage.join(1, 3);
    stage.pass(5);
    // Alone, its rendition goes along; the picture of view 3 is still being drawn.
    stage.show(1, 4);
    stage.join(2, 4);
    assert_eq!(stage.place(2), stage.place(1));
    stage.pass(1_000);
    let views: Vec<_> = stage.seen(2).given.iter().filter(|(_, picture)| !picture.repeat).collect();
    assert_eq!(views.len(), 1, "only what it came for");
    assert_eq!(stage.seen(2).last.map(|drawing| drawing.view), Some(4));
    assert_eq!(stage.pictures(1, Millis::ZERO).len(), 3, "who was there sees both, and the key picture of the joiner");
}

#[test]
fn who_comes_for_a_picture_and_goes_on_before_it_is_there_is_answered_at_once_and_has_no_gap() {
    let mut stage = sharing(2);
    stage.takes = 20;
    stage.join(3, 7);
    stage.show(1, 7);
    assert_eq!(stage.place(1), stage.place(3), "it waits for the key picture that is being drawn");
    stage.leave(3);
    stage.show(1, 8);
    stage.pass(25);
    assert_eq!(stage.seen(1).last.map(|drawing| drawing.view), Some(8));
    let numbers: Vec<_> = stage.seen(1).given.iter().map(|(_, picture)| picture.number).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
}

#[test]
fn what_one_session_has_missed_is_no_gap_of_the_next_on_the_same_encoder() {
    let mut stage = sharing(2);
    stage.join(3, MOVING + 1);
    stage.pass(1_000);
    let slow = stage.place(3);
    stage.takes = 150;
    stage.pass(140);
    stage.leave(3);
    stage.takes = 1;
    stage.pass(200);
    let pressed = stage.now;
    stage.show(1, 9);
    assert_eq!(stage.place(1), slow, "it takes over what lingers");
    let before = stage.seen(1).given.last().map(|(_, picture)| picture.number + 1);
    stage.pass(5);
    assert_eq!(stage.pictures(1, pressed).last().map(|picture| picture.number), before);
}

#[test]
fn a_stuck_worker_costs_the_others_no_number_and_no_time() {
    let mut stage = sharing(2);
    stage.join(3, MOVING + 1);
    stage.pass(100);
    let stuck = stage.place(3).expect("placed");
    stage.stuck.insert(stuck);
    let begin = stage.now;
    stage.pass(2_000);
    let given: Vec<_> = stage.seen(1).given.iter().filter(|(at, _)| *at >= begin).collect();
    assert_eq!(given.len(), 60);
    assert!(
        given
            .windows(2)
            .all(|pair| pair[1].0.since(pair[0].0) <= Millis(34) && pair[1].1.number == pair[0].1.number + 1)
    );
    assert!(stage.core.totals().late >= 57, "what the stuck one owes is counted");
    stage.fail(stuck);
    assert_eq!(stage.over.len(), 1);
    assert_eq!(stage.core.state().sessions, 2);
}

#[test]
fn who_is_away_does_not_keep_the_others_from_being_alone() {
    let mut stage = sharing(2);
    stage.pause(2, true);
    let begin = stage.now;
    stage.show(1, 5);
    stage.pass(100);
    assert_eq!(stage.opened.len(), 1);
    assert!(!stage.drawings(begin)[0].key);
    stage.pause(2, false);
    stage.pass(10);
    assert_eq!(stage.seen(2).last.map(|drawing| drawing.view), Some(MOVING));
}

#[test]
fn inspection_names_who_is_where_and_serialises() {
    let mut stage = sharing(3);
    stage.key_wanted(2);
    stage.pause(3, true);
    let state = stage.core.state();
    let [rendition] = &state.renditions[..] else { panic!("one") };
    assert_eq!(rendition.sessions, [SessionId(1), SessionId(2)]);
    assert!(rendition.drawn >= 30 && rendition.keys >= 1 && rendition.format == FORMAT);
    assert_eq!((state.sessions, state.paused, state.totals.opened), (3, 1, 1));
}
