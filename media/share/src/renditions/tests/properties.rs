//! Whatever sessions, workers and time do. What holds at every step is checked by the stage's witness; here is what holds
//! when it is quiet.

use core::num::NonZeroU32;
use std::collections::BTreeSet;

use actors_protocol::SessionId;
use proptest::prelude::*;

use super::stage::{FORMAT, MOVING, OTHER, Stage};
use crate::picture::{Codec, Format};
use crate::rung::Rung;

#[derive(Clone, Debug)]
enum Step {
    Join(u64, Format, u32, Rung),
    Show(u64, u32),
    SetRung(u64, Rung),
    KeyWanted(u64),
    Pause(u64),
    Resume(u64),
    Leave(u64),
    Change(u32),
    /// The rendition of this session fails.
    Fail(u64),
    /// From now on workers take so long.
    Takes(u64),
    Pass(u64),
}

fn view() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 0u32..3, 1 => MOVING..MOVING + 2]
}

fn rung() -> impl Strategy<Value = Rung> {
    prop_oneof![3 => Just(Rung::START), 1 => Just(Rung::LOWEST)]
}

fn step(failures: bool, takes: core::ops::Range<u64>) -> impl Strategy<Value = Step> {
    let session = 0u64..6;
    let formats = [
        FORMAT,
        FORMAT,
        FORMAT,
        OTHER,
        Format { codec: Codec::I420, ..FORMAT },
        Format { bit_rate: NonZeroU32::new(1), ..FORMAT },
    ];
    prop_oneof![
        3 => (session.clone(), prop::sample::select(formats.to_vec()), view(), rung())
            .prop_map(|(session, format, view, rung)| Step::Join(session, format, view, rung)),
        6 => (session.clone(), view()).prop_map(|(session, view)| Step::Show(session, view)),
        1 => (session.clone(), rung()).prop_map(|(session, rung)| Step::SetRung(session, rung)),
        1 => session.clone().prop_map(Step::KeyWanted),
        1 => session.clone().prop_map(Step::Pause),
        1 => session.clone().prop_map(Step::Resume),
        1 => session.clone().prop_map(Step::Leave),
        2 => (0u32..3).prop_map(Step::Change),
        1 => session.prop_map(move |session| if failures { Step::Fail(session) } else { Step::KeyWanted(session) }),
        2 => takes.prop_map(Step::Takes),
        4 => (0u64..20).prop_map(Step::Pass),
        2 => (0u64..700).prop_map(Step::Pass),
    ]
}

fn act(stage: &mut Stage, step: Step) {
    match step {
        Step::Join(session, format, view, rung) => stage.join_as(session, format, view, rung),
        Step::Show(session, view) => stage.show(session, view),
        Step::SetRung(session, rung) => stage.set_rung(session, rung),
        Step::KeyWanted(session) => stage.key_wanted(session),
        Step::Pause(session) => stage.pause(session, true),
        Step::Resume(session) => stage.pause(session, false),
        Step::Leave(session) => stage.leave(session),
        Step::Change(view) => stage.change(view),
        Step::Fail(session) => {
            if let Some(rendition) = stage.place(session) {
                stage.fail(rendition);
            }
        }
        Step::Takes(millis) => stage.takes = millis,
        Step::Pass(millis) => stage.pass(millis),
    }
}

/// Three seconds in which nobody does anything and workers are quick; then all must be as it should.
fn quiet(stage: &mut Stage) {
    stage.takes = 1;
    stage.pass(3_000);
    let before = stage.now;
    stage.pass(1_000);
    let state = stage.core.state();
    assert_eq!(state.sessions, stage.sessions.len(), "no session is lost and none is left over");
    assert_eq!(state.paused, stage.sessions.values().filter(|seen| seen.paused).count());
    let mut keys = BTreeSet::new();
    for (session, seen) in stage.sessions.iter().filter(|(_, seen)| !seen.paused) {
        let SessionId(number) = *session;
        assert!(stage.place(number).is_some(), "every session that is there has a place");
        let last = seen.last.expect("it was given a picture");
        assert_eq!(last.view, seen.view, "session {number} is shown its view");
        if seen.view < MOVING {
            assert_eq!(last.stamp, stage.stamp(seen.view, seen.format), "as it is now");
        }
        let (_, picture) = seen.given.last().expect("it was given a picture");
        assert_eq!(picture.last_input, seen.input, "session {number}: the last input is acknowledged");
        assert!(
            !stage.pictures(number, before).is_empty() || !stage.repeats(number, before).is_empty(),
            "a sign of life"
        );
        let Format { codec, width, height, rate_millihertz, bit_rate } = seen.format;
        let fixed = codec == Codec::I420 || bit_rate.is_some();
        let rung = if fixed { Rung::START } else { seen.rung };
        keys.insert((codec, width, height, rate_millihertz, bit_rate, rung, seen.view));
    }
    assert_eq!(state.renditions.len(), keys.len(), "equal ones share, and none is without sessions: {state:?}");
    for drawing in stage.drawings(before) {
        assert!(drawing.view >= MOVING && !drawing.key, "what does not change is not drawn: {drawing:?}");
    }
    let totals = stage.core.totals();
    assert!(totals.late <= totals.due && totals.keys <= totals.drawn && totals.drawn <= totals.due, "{totals:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Slow workers, failures, everything.
    #[test]
    fn all_is_well_when_it_is_quiet(steps in prop::collection::vec(step(true, 0..150), 1..120)) {
        let mut stage = Stage::new();
        for step in steps {
            act(&mut stage, step);
        }
        quiet(&mut stage);
    }

    /// Where workers are quick and nothing fails, no picture is late, and only who lost something or was away has a gap.
    #[test]
    fn without_lateness_there_are_no_gaps(steps in prop::collection::vec(step(false, 0..8), 1..120)) {
        let mut stage = Stage::new();
        let mut lost = BTreeSet::new();
        for step in steps {
            match step {
                Step::KeyWanted(session) | Step::Pause(session) | Step::Resume(session) => { lost.insert(session); }
                Step::Join(session, ..) => { lost.remove(&session); }
                _ => {}
            }
            act(&mut stage, step);
        }
        quiet(&mut stage);
        prop_assert_eq!(stage.core.totals().late, 0);
        for (SessionId(session), seen) in &stage.sessions {
            let whole = seen.given.iter().enumerate().all(|(index, (_, picture))| picture.number == index as u64);
            prop_assert!(whole || lost.contains(session), "session {} has a gap: {:?}", session, seen.given);
        }
    }

    /// A rendition that is stuck harms nobody elsewhere, and its sessions are over when it is said to have failed.
    #[test]
    fn one_stuck_worker_is_its_sessions_trouble_alone(steps in prop::collection::vec(step(false, 0..8), 1..80)) {
        let mut stage = Stage::new();
        stage.join_as(99, OTHER, 77, Rung::HIGHEST);
        let stuck = stage.place(99).expect("a place");
        stage.pass(50);
        stage.stuck.insert(stuck);
        stage.change(77);
        for step in steps {
            act(&mut stage, step);
        }
        stage.pass(100);
        stage.fail(stuck);
        prop_assert_eq!(stage.over.clone(), vec![(SessionId(99), "the encoder is gone".to_owned())]);
        quiet(&mut stage);
    }
}
