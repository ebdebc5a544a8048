//! One session at a time: when it is drawn, what it is given, and what is counted.

use actors_protocol::{Millis, SessionId};
use bytes::Bytes;

use super::stage::{FORMAT, MOVING, Stage};
use crate::ports::Encoded;
use crate::renditions::{Effect, Options, RenditionId, Renditions};
use crate::rung::Rung;

/// A stage with session 1 on this view, its first picture given.
fn watching(view: u32) -> Stage {
    let mut stage = Stage::new();
    stage.join(1, view);
    stage.pass(5);
    stage
}

#[test]
fn a_session_begins_at_once_with_a_key_picture_numbered_0() {
    let mut stage = Stage::new();
    stage.join(1, 7);
    let [drawing] = stage.drawings(Millis::ZERO)[..] else { panic!("one picture") };
    assert!(drawing.key && drawing.view == 7 && drawing.begun == stage.now, "{drawing:?}");
    stage.pass(0);
    let [picture] = &stage.pictures(1, Millis::ZERO)[..] else { panic!("one picture") };
    assert!(picture.number == 0 && picture.key && picture.last_input == 0 && picture.pts_us == 0, "{picture:?}");
}

#[test]
fn what_moves_is_drawn_at_each_tick_of_its_rate() {
    let mut stage = watching(MOVING);
    let begin = stage.now;
    stage.pass(1_000);
    let pictures = stage.pictures(1, begin);
    assert_eq!(pictures.len(), 30);
    assert!(pictures.iter().all(|picture| !picture.key));
    // Media time is the grid's, not the timer's.
    assert!(pictures.windows(2).all(|pair| (33_333..=33_334).contains(&(pair[1].pts_us - pair[0].pts_us))));
    assert!(stage.drawings(begin).iter().all(|drawing| drawing.due.0 % 100 % 33 <= 1), "all on one grid");
}

#[test]
fn what_does_not_change_is_not_drawn_and_repeated_once_a_second() {
    let mut stage = watching(3);
    let begin = stage.now;
    stage.pass(10_000);
    assert_eq!(stage.drawings(begin), []);
    let repeats = stage.repeats(1, begin);
    assert_eq!(repeats.iter().map(|repeat| repeat.number).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    stage.change(3);
    let changed = stage.now;
    stage.pass(100);
    let [drawing] = stage.drawings(changed)[..] else { panic!("one picture, at the next tick") };
    assert!(!drawing.key && drawing.begun.since(changed) <= Millis(34));
}

#[test]
fn a_group_that_is_too_long_ends_with_a_key_picture_and_nothing_is_left_out() {
    let mut stage = watching(MOVING);
    stage.pass(1_000);
    let begin = stage.now;
    stage.freshen(1);
    stage.pass(1_000);
    let pictures = stage.pictures(1, begin);
    assert_eq!(pictures.iter().filter(|picture| picture.key).count(), 1, "one, and soon");
    assert!(pictures.windows(2).all(|pair| pair[1].number == pair[0].number + 1));
    assert!((30..=31).contains(&pictures.len()), "{} pictures in a second", pictures.len());
}

#[test]
fn an_input_is_drawn_at_once_by_the_same_encoder_and_not_as_a_key_picture() {
    let mut stage = watching(3);
    stage.pass(7);
    let pressed = stage.now;
    stage.show(1, 4);
    stage.pass(0);
    let [drawing] = stage.drawings(pressed)[..] else { panic!("one picture") };
    assert!(!drawing.key && drawing.view == 4 && drawing.begun == pressed && drawing.due == pressed);
    let [picture] = &stage.pictures(1, pressed)[..] else { panic!("one picture") };
    assert_eq!((picture.number, picture.last_input), (1, 1));
    assert_eq!(stage.opened.len(), 1);
}

#[test]
fn of_many_inputs_the_newest_view_wins_and_few_are_drawn() {
    let mut stage = watching(0);
    let begin = stage.now;
    for view in 1..=40 {
        stage.show(1, view);
        stage.pass(1);
    }
    stage.pass(10);
    let drawings = stage.drawings(begin);
    assert!((5..=7).contains(&drawings.len()), "one in 8 ms: {}", drawings.len());
    assert_eq!(drawings.last().map(|drawing| drawing.view), Some(40));
    assert_eq!(stage.seen(1).given.last().map(|(_, picture)| picture.last_input), Some(40));
    assert_eq!(stage.core.totals().late, 0);
}

#[test]
fn a_tick_before_an_input_does_not_delay_it() {
    let mut stage = watching(MOVING);
    while stage.drawings.last().is_some_and(|drawing| drawing.begun != stage.now) {
        stage.pass(1);
    }
    stage.pass(1);
    stage.show(1, 4);
    assert_eq!(stage.drawings.last().map(|drawing| (drawing.view, drawing.begun)), Some((4, stage.now)));
}

#[test]
fn an_input_while_the_worker_is_busy_is_drawn_when_it_is_back_and_the_picture_on_its_way_does_not_claim_it() {
    let mut stage = watching(0);
    stage.takes = 20;
    let begin = stage.now;
    stage.show(1, 1);
    stage.pass(5);
    stage.show(1, 9);
    stage.pass(5);
    stage.show(1, 2);
    stage.pass(40);
    let given: Vec<_> = stage.pictures(1, begin).iter().map(|picture| picture.last_input).collect();
    assert_eq!(given, [1, 3]);
    let begun: Vec<_> =
        stage.drawings(begin).iter().map(|drawing| (drawing.view, drawing.begun.since(begin).0)).collect();
    assert_eq!(begun, [(1, 0), (2, 20)]);
    assert_eq!(stage.drawings(begin)[1].due, begin + Millis(5), "since the first of the inputs that it answers");
}

#[test]
fn an_input_that_changes_nothing_is_acknowledged_by_a_repeat_at_once() {
    let mut stage = watching(3);
    stage.pass(20);
    let pressed = stage.now;
    stage.show(1, 3);
    let [repeat] = &stage.repeats(1, pressed)[..] else { panic!("one repeat") };
    assert!(repeat.last_input == 1 && repeat.data.is_empty() && !repeat.key && repeat.number == 1, "{repeat:?}");
    assert_eq!(stage.drawings(pressed), []);
}

#[test]
fn of_many_inputs_that_change_nothing_few_are_acknowledged_and_the_last_is() {
    let mut stage = watching(3);
    let begin = stage.now;
    for _ in 0..40 {
        stage.show(1, 3);
        stage.pass(1);
    }
    stage.pass(10);
    let repeats = stage.repeats(1, begin);
    assert!((5..=7).contains(&repeats.len()), "one in 8 ms: {}", repeats.len());
    assert_eq!(repeats.last().map(|repeat| repeat.last_input), Some(40));
}

#[test]
fn an_input_that_changes_nothing_does_not_overtake_one_that_is_being_drawn() {
    let mut stage = watching(0);
    stage.takes = 20;
    let begin = stage.now;
    stage.show(1, 1);
    stage.show(1, 1);
    stage.pass(15);
    assert_eq!(stage.repeats(1, begin), [], "the picture of the first is still on its way");
    stage.pass(10);
    assert_eq!(stage.pictures(1, begin).last().map(|picture| picture.last_input), Some(2), "it shows both");
    stage.show(1, 2);
    stage.show(1, 1);
    stage.pass(60);
    assert_eq!(stage.seen(1).given.last().map(|(_, picture)| picture.last_input), Some(4), "there and back");
}

#[test]
fn there_and_back_before_anything_is_drawn_is_no_change() {
    let mut core = Renditions::new(Options::default());
    core.join(Millis(0), SessionId(1), FORMAT, 0u32, Rung::START);
    let effects = |core: &mut Renditions<u32>, now| {
        core.on_timeout(now, &mut |_, _| 0);
        std::iter::from_fn(|| core.poll_effect()).collect::<Vec<_>>()
    };
    assert!(matches!(effects(&mut core, Millis(0))[..], [Effect::Open { .. }, Effect::Draw { key: true, .. }]));
    core.drawn(Millis(1), RenditionId(0), Encoded { key: true, data: Bytes::from_static(b"x") });
    core.show(Millis(2), SessionId(1), 1, 1);
    core.show(Millis(2), SessionId(1), 0, 2);
    let after = effects(&mut core, Millis(2));
    let draws = after.iter().filter(|effect| matches!(effect, Effect::Draw { .. })).count();
    let told = after.iter().filter_map(|effect| match effect {
        Effect::Give { picture, .. } if picture.repeat => Some(picture.last_input),
        _ => None,
    });
    assert_eq!((draws, told.collect::<Vec<_>>()), (0, vec![2]));
}

#[test]
fn a_picture_that_takes_longer_than_its_interval_is_late_and_no_gap_while_the_next_can_still_be_drawn() {
    let mut stage = watching(MOVING);
    stage.pass(100);
    stage.takes = 40;
    let (begin, late) = (stage.now, stage.core.totals().late);
    while stage.drawings(begin).is_empty() {
        stage.pass(1);
    }
    stage.takes = 5;
    stage.pass(200);
    assert_eq!(stage.core.totals().late, late + 1);
    let numbers: Vec<_> = stage.seen(1).given.iter().map(|(_, picture)| picture.number).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    let [slow, next] = stage.drawings(begin)[..2] else { panic!("two pictures") };
    assert_eq!(next.begun.since(slow.begun), Millis(40), "as soon as the worker is back");
    assert!(next.due < next.begun, "and it was due at its tick");
}

#[test]
fn pictures_for_which_the_worker_has_no_time_are_gaps_and_the_number_of_a_second_is_its_rate() {
    let mut stage = watching(MOVING);
    stage.takes = 100;
    let begin = stage.now;
    stage.pass(10_000);
    let (first, last) = (&stage.pictures(1, begin)[0], stage.pictures(1, begin).last().cloned().expect("some"));
    let given = stage.pictures(1, begin).len() as u64;
    assert!((98..=101).contains(&given), "the worker is never idle: {given}");
    let numbers = last.number - first.number;
    assert!((294..=303).contains(&numbers), "thirty numbers a second: {numbers}");
    let totals = stage.core.totals();
    assert!(totals.late * 100 >= totals.due * 95, "all are late: {totals:?}");
    assert_eq!(stage.core.state().renditions[0].late, totals.late);
}

/// A core with session 1, and a shell that comes when the test says so.
fn alone() -> Renditions<u32> {
    let mut core = Renditions::new(Options::default());
    core.join(Millis(0), SessionId(1), FORMAT, 0u32, Rung::START);
    core
}

/// The shell comes with this stamp; if something is to be drawn, it is, and is done at `done`. Answers the number given.
fn draw(core: &mut Renditions<u32>, now: u64, stamp: u64, done: u64) -> Option<u64> {
    core.on_timeout(Millis(now), &mut |_, _| stamp);
    let key = std::iter::from_fn(|| core.poll_effect()).find_map(|effect| match effect {
        Effect::Draw { key, .. } => Some(key),
        _ => None,
    })?;
    core.drawn(Millis(done), RenditionId(0), Encoded { key, data: Bytes::from_static(b"x") });
    std::iter::from_fn(|| core.poll_effect()).find_map(|effect| match effect {
        Effect::Give { picture, .. } => Some(picture.number),
        _ => None,
    })
}

#[test]
fn a_shell_that_comes_late_to_what_moves_has_skipped_what_was_due_between() {
    let mut core = alone();
    let numbers: Vec<_> = [0, 34, 67, 201].into_iter().filter_map(|now| draw(&mut core, now, now, now)).collect();
    assert_eq!(numbers, [0, 1, 2, 6], "those of 100, 133 and 166 ms are missing");
    assert_eq!((core.totals().due, core.totals().late), (7, 3));
}

#[test]
fn of_another_view_and_of_a_time_without_viewers_nothing_is_thought_to_be_missing() {
    let mut core = alone();
    assert_eq!([0, 34].map(|now| draw(&mut core, now, now, now)), [Some(0), Some(1)]);
    core.show(Millis(40), SessionId(1), 7, 1);
    assert_eq!(draw(&mut core, 40, 0, 40), Some(2));
    assert_eq!(draw(&mut core, 201, 1, 201), Some(3), "who knows whether view 7 moved");
    assert_eq!(core.totals().late, 0);
    assert_eq!(draw(&mut core, 601, 2, 601), Some(3 + 12), "it did");
    let late = core.totals().late;
    core.key_wanted(Millis(605), SessionId(1));
    assert_eq!(draw(&mut core, 605, 2, 755), Some(16), "a key picture, slow");
    assert_eq!(draw(&mut core, 770, 3, 770), Some(17), "nothing was due to anybody meanwhile");
    assert_eq!(core.totals().late, late + 1);
}

#[test]
fn who_has_lost_something_is_given_nothing_until_a_key_picture_twice_a_second_at_most() {
    let mut stage = watching(MOVING);
    stage.pass(100);
    stage.key_wanted(1);
    let lost = stage.now;
    stage.pass(390);
    assert!(stage.pictures(1, lost).is_empty() && stage.repeats(1, lost).is_empty());
    assert_eq!(stage.drawings(lost), [], "it is not drawn for nobody");
    stage.pass(20);
    let first = stage.pictures(1, lost).first().cloned().expect("a key picture");
    assert!(first.key);
    let begin = stage.now;
    for _ in 0..200 {
        stage.key_wanted(1);
        stage.pass(50);
    }
    let keys = stage.drawings(begin).iter().filter(|drawing| drawing.key).count();
    assert!((18..=20).contains(&keys), "{keys} in ten seconds");
}

#[test]
fn who_is_away_costs_nothing_and_comes_back_with_a_key_picture_of_what_it_is_to_see_now() {
    let mut stage = watching(MOVING);
    stage.pass(100);
    stage.pause(1, true);
    let away = stage.now;
    stage.show(1, 4);
    stage.pass(5_000);
    assert_eq!(stage.drawings(away), []);
    let state = stage.core.state();
    assert_eq!((state.renditions.len(), state.sessions, state.paused), (0, 1, 1), "it holds no encoder");
    let number = stage.seen(1).given.last().map(|(_, picture)| picture.number);
    stage.pause(1, false);
    stage.pass(0);
    let back = &stage.pictures(1, away)[0];
    assert!(back.key && back.last_input == 1 && Some(back.number) > number);
    assert_eq!(stage.seen(1).last.map(|drawing| drawing.view), Some(4));
}

#[test]
fn who_comes_back_before_it_was_missed_is_given_a_key_picture() {
    let mut stage = watching(0);
    stage.pass(700);
    let back = stage.now;
    stage.pause(1, false);
    stage.pass(0);
    let [picture] = &stage.pictures(1, back)[..] else { panic!("one picture") };
    assert!(picture.key && picture.number == 1);
}

#[test]
fn another_bit_rate_alone_needs_no_key_picture_and_no_other_encoder() {
    let mut stage = watching(MOVING);
    let begin = stage.now;
    stage.set_rung(1, Rung::LOWEST);
    stage.pass(100);
    assert!(stage.drawings(begin).iter().all(|drawing| !drawing.key && drawing.rung == Rung::LOWEST));
    assert_eq!((stage.opened.len(), stage.pictures(1, begin).len()), (1, 3));
}

#[test]
fn a_failure_is_told_to_its_sessions_and_what_it_still_draws_is_not_minded() {
    let mut core = Renditions::new(Options::default());
    core.join(Millis(0), SessionId(1), FORMAT, 0u32, Rung::START);
    core.on_timeout(Millis(0), &mut |_, _| 0);
    while core.poll_effect().is_some() {}
    core.failed(Millis(5), RenditionId(0), "x264 is not installed");
    core.drawn(Millis(6), RenditionId(0), Encoded { key: true, data: Bytes::from_static(b"x") });
    let effects: Vec<_> = std::iter::from_fn(|| core.poll_effect()).collect();
    let over = Effect::Over { session: SessionId(1), cause: "x264 is not installed".to_owned() };
    assert_eq!(effects, [over, Effect::Close { rendition: RenditionId(0) }]);
    assert_eq!((core.poll_timeout(), core.state().sessions), (None, 0));
}

#[test]
fn what_nobody_knows_is_not_minded() {
    let mut core = Renditions::<u32>::new(Options::default());
    core.show(Millis(0), SessionId(1), 1, 1);
    core.set_rung(Millis(0), SessionId(1), Rung::LOWEST);
    core.key_wanted(Millis(0), SessionId(1));
    core.pause(Millis(0), SessionId(1));
    core.resume(Millis(0), SessionId(1));
    core.leave(Millis(0), SessionId(1));
    core.drawn(Millis(0), RenditionId(3), Encoded { key: true, data: Bytes::new() });
    core.failed(Millis(0), RenditionId(3), "nothing");
    core.on_timeout(Millis(0), &mut |_, _| 0);
    assert_eq!((core.poll_effect(), core.poll_timeout()), (None, None));
}
