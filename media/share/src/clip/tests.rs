//! Tests of the clip's playback: the promises of the port under arbitrary drivers, and the rule for being late by example.

use actors_protocol::input::InputEvent;
use proptest::prelude::*;

use super::*;

fn unit(key: bool, data: &'static [u8]) -> AccessUnit {
    AccessUnit { key, data: Bytes::from_static(data) }
}

fn all(playback: &mut ClipPlayback, now: u64) -> Vec<Picture> {
    std::iter::from_fn(|| playback.poll_picture(Millis(now))).collect()
}

fn numbers(pictures: &[Picture]) -> Vec<u64> {
    pictures.iter().map(|picture| picture.number).collect()
}

#[test]
fn what_is_not_a_clip_is_refused() {
    let format = ClipTrack::synthetic(1, 1).format();
    let refused = |units| ClipTrack::new(format, units).expect_err("not a clip");
    assert_eq!(refused(vec![]), ClipFault::Empty);
    assert_eq!(refused(vec![unit(false, b"p")]), ClipFault::NoKeyFirst);
    assert_eq!(refused(vec![unit(true, b"i"), unit(false, b"")]), ClipFault::EmptyUnit { index: 1 });
    let large = AccessUnit { key: true, data: Bytes::from(vec![0; UNIT_BYTES_MAX + 1]) };
    assert_eq!(refused(vec![large]), ClipFault::UnitTooLarge { index: 0, bytes: UNIT_BYTES_MAX + 1 });
    assert_eq!(refused(vec![unit(true, b"i"); UNITS_MAX + 1]), ClipFault::TooLong { units: UNITS_MAX + 1 });
    let still = Format { rate_millihertz: 0, ..format };
    assert_eq!(ClipTrack::new(still, vec![unit(true, b"i")]).expect_err("no rate"), ClipFault::NoRate);
}

#[test]
fn a_session_begins_at_picture_0_whenever_it_begins() {
    let track = ClipTrack::synthetic(300, 30);
    let mut late = ClipPlayback::new(track, Millis(1_000));
    assert_eq!(late.poll_timeout(), Some(Millis(1_000)));
    late.skip_to_key(Millis(4_000));
    assert_eq!(numbers(&all(&mut late, 5_000)), [0], "its time begins with its first picture");
    assert_eq!(late.poll_timeout(), Some(Millis(5_033)));
}

#[test]
fn it_goes_round_and_media_time_goes_on() {
    let track = ClipTrack::synthetic(60, 30);
    let mut playback = ClipPlayback::new(track.clone(), Millis::ZERO);
    let mut seen = Vec::new();
    for now in 0..4_500 {
        seen.extend(all(&mut playback, now));
    }
    assert_eq!(numbers(&seen), (0..135).collect::<Vec<_>>());
    assert_eq!(seen[61].data, track.units()[1].data);
    assert_eq!(seen[61].pts_us, 61 * 1_000_000 / 30);
    assert!(seen[120].key && !seen[121].key);
    assert!(seen.iter().all(|picture| !picture.repeat));
}

#[test]
fn units_are_shared_not_copied() {
    let track = ClipTrack::synthetic(2, 2);
    let opening = Opening {
        service: "clip.demo".parse().expect("a name"),
        session: actors_protocol::SessionId(1),
        format: track.format(),
        wake: std::sync::Arc::new(|| {}),
    };
    let mut playback = track.open(Millis::ZERO, opening);
    let first = playback.poll_picture(Millis::ZERO).expect("due at once");
    assert_eq!(first.data.as_ptr(), track.units()[0].data.as_ptr());
}

#[test]
fn a_little_late_catches_up_and_very_late_skips() {
    let track = ClipTrack::synthetic(300, 30);
    let mut playback = ClipPlayback::new(track, Millis::ZERO);
    assert_eq!(numbers(&all(&mut playback, 0)), [0]);
    // Picture 1 was due at 33: 300 ms later it is still worth sending, and all that is due comes in order.
    assert_eq!(numbers(&all(&mut playback, 333)), (1..=10).collect::<Vec<_>>());
    // Stopped for three seconds: nothing of what was missed, nothing before the next key picture is due.
    assert_eq!(numbers(&all(&mut playback, 3_350)), [0u64; 0]);
    assert_eq!(playback.poll_timeout(), Some(Millis(4_000)));
    let after = all(&mut playback, 4_000);
    assert_eq!(numbers(&after), [120]);
    assert!(after[0].key);
    assert_eq!(playback.state(), PlaybackState { next: 121, given: 12, skipped: 109, inputs: 0 });
}

#[test]
fn a_key_picture_that_is_due_now_is_not_passed_over() {
    let mut playback = ClipPlayback::new(ClipTrack::synthetic(300, 30), Millis::ZERO);
    assert_eq!(numbers(&all(&mut playback, 0)), [0]);
    assert_eq!(numbers(&all(&mut playback, 2_010)), [60]);
    playback.skip_to_key(Millis(2_020));
    assert_eq!(playback.poll_timeout(), Some(Millis(3_000)), "key picture 60 was given out; the next is 90");
    playback.skip_to_key(Millis(2_900));
    assert_eq!(playback.poll_timeout(), Some(Millis(3_000)), "asked twice, nothing more is lost");
}

#[test]
fn input_is_counted_and_draws_nothing() {
    let mut playback = ClipPlayback::new(ClipTrack::synthetic(300, 30), Millis::ZERO);
    assert_eq!(all(&mut playback, 0).len(), 1);
    playback.input(Millis(5), &Input { number: 7, event: InputEvent::Key { keysym: 0xff0d, down: true } });
    assert_eq!(all(&mut playback, 5).len(), 0);
    assert_eq!(playback.poll_timeout(), Some(Millis(33)));
    assert_eq!(playback.state().inputs, 1);
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Follow,
    Skip,
    Input,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Follow),
        4 => (0u64..60).prop_map(Step::Wait),
        1 => (0u64..5_000).prop_map(Step::Wait),
        1 => Just(Step::Skip),
        1 => Just(Step::Input),
    ];
    proptest::collection::vec(step, 1..200)
}

/// Clips with key pictures in irregular places, at irregular rates.
fn tracks() -> impl Strategy<Value = ClipTrack> {
    (proptest::collection::vec(proptest::bool::weighted(0.2), 0..50), 1_000u32..240_000).prop_map(|(keys, rate)| {
        let format = Format { rate_millihertz: rate, ..ClipTrack::synthetic(1, 1).format() };
        let units = std::iter::once(true).chain(keys).map(|key| unit(key, b"unit")).collect();
        ClipTrack::new(format, units).expect("begins with a key picture")
    })
}

proptest! {
    #[test]
    fn every_driver_gets_what_is_promised(track in tracks(), opened in 0u64..10_000, steps in steps()) {
        let mut playback = ClipPlayback::new(track.clone(), Millis(opened));
        let mut now = opened;
        let mut last: Option<Picture> = None;
        let mut begun = None;
        let mut given = 0;
        for step in steps {
            match step {
                Step::Wait(ms) => now += ms,
                Step::Follow => now = now.max(playback.poll_timeout().expect("a clip never ends").0),
                Step::Skip => playback.skip_to_key(Millis(now)),
                Step::Input => {
                    let event = InputEvent::Pointer { x: 1, y: 2 };
                    playback.input(Millis(now), &Input { number: 1, event });
                }
            }
            let mut burst = 0;
            while let Some(picture) = playback.poll_picture(Millis(now)) {
                let begun = *begun.get_or_insert(now);
                let expected = last.as_ref().map_or(0, |last| last.number + 1);
                prop_assert!(picture.number >= expected, "numbers grow strictly");
                if last.is_none() {
                    prop_assert_eq!(picture.number, 0);
                    prop_assert!(picture.key);
                }
                prop_assert!(picture.number == expected || picture.key, "after a gap comes a key picture");
                let due = begun + track.format().due(picture.number).0;
                prop_assert!(due <= now, "never before it is due");
                let newest = track.format().newest_due(Millis(now - begun));
                let in_time = now - due <= PICTURE_DEADLINE.0;
                prop_assert!(in_time || picture.number == newest, "past its deadline only what nothing newer replaces");
                prop_assert_eq!(picture.pts_us, track.format().pts_us(picture.number));
                let unit = &track.units()[(picture.number % track.units().len() as u64) as usize];
                prop_assert_eq!(picture.key, unit.key);
                last = Some(picture);
                burst += 1;
                given += 1;
            }
            prop_assert!(burst <= track.format().newest_due(PICTURE_DEADLINE) + 2, "no burst");
            let timeout = playback.poll_timeout().expect("a clip never ends");
            prop_assert!(timeout.0 > now, "nothing is due after the last was polled");
            let state = playback.state();
            prop_assert_eq!(state.given, given);
            prop_assert_eq!(state.given + state.skipped, state.next, "each picture is given out or skipped");
        }
    }
}
