//! Histories with lost, doubled, reordered and late letters and crashes at every point: all or nothing.

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::world::World;
use super::*;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Event {
    Start(u128, u32),
    Remove(u128),
    Act(usize),
    Deliver(usize),
    Double(usize),
    Lose(usize),
    Pass(u64),
    CrashCore,
    CrashZone(usize),
    StartZone(usize),
    BounceZone(usize),
    CrashHost(usize),
    Mood(usize, u16, bool),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1..6u128, 1..14u32).prop_map(|(id, slots)| Event::Start(id, slots)),
        1 => (1..6u128).prop_map(Event::Remove),
        16 => (1..4usize).prop_map(Event::Act),
        30 => (0..8usize).prop_map(Event::Deliver),
        2 => (0..8usize).prop_map(Event::Double),
        2 => (0..8usize).prop_map(Event::Lose),
        3 => prop_oneof![1..50u64, 1..2_000u64, 1..70_000u64].prop_map(Event::Pass),
        1 => Just(Event::CrashCore),
        1 => (0..3usize).prop_map(Event::CrashZone),
        2 => (0..3usize).prop_map(Event::StartZone),
        1 => (0..3usize).prop_map(Event::BounceZone),
        1 => (0..3usize).prop_map(Event::CrashHost),
        1 => (0..3usize, prop_oneof![Just(0u16), Just(500), Just(701)], any::<bool>())
            .prop_map(|(zone, score, refuses)| Event::Mood(zone, score, refuses)),
    ]
}

fn happen(world: &mut World, event: &Event) {
    match *event {
        Event::Start(id, slots) => world.start(id, slots),
        Event::Remove(id) => world.remove(id),
        Event::Act(most) => world.act(most),
        Event::Deliver(index) => world.deliver(index, false),
        Event::Double(index) => world.deliver(index, true),
        Event::Lose(index) => world.lose(index),
        Event::Pass(time) => world.pass(Millis(time)),
        Event::CrashCore => world.crash_core(),
        Event::CrashZone(index) => world.crash_zone(index),
        Event::StartZone(index) => world.start_zone(index),
        Event::BounceZone(index) => world.bounce_zone(index),
        Event::CrashHost(index) => world.crash_host(index),
        Event::Mood(index, score, refuses) => world.mood(index, score, refuses),
    }
    world.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn all_or_nothing_whatever_happens(events in prop::collection::vec(event(), 1..160)) {
        let mut world = World::new();
        for event in &events {
            happen(&mut world, event);
        }
        world.settle();
        world.quiet();
    }

    /// A good road with one crash: of each part, at each point.
    #[test]
    fn one_crash_at_any_point(point in 0..60usize, who in 0..7usize, effects_first in any::<bool>(), slots in 1..14u32) {
        let mut world = World::new();
        world.start(1, slots);
        for step in 0..60 {
            if step == point {
                match who {
                    0 => world.crash_core(),
                    1..4 => world.bounce_zone(who - 1),
                    _ => world.crash_host(who - 4),
                }
                world.check();
            }
            if effects_first || step % 3 == 0 {
                world.act(1);
            }
            world.deliver(0, false);
            world.check();
        }
        world.settle();
        world.quiet();
    }
}

/// A history that never commits, or never undoes, shows nothing about it.
#[test]
fn the_histories_reach_what_they_are_to_show() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached = std::collections::BTreeMap::<&str, u32>::new();
    for _ in 0..500 {
        let events = prop::collection::vec(event(), 1..160).new_tree(&mut runner).expect("a history").current();
        let mut world = World::new();
        events.iter().for_each(|event| happen(&mut world, event));
        world.settle();
        world.quiet();
        for word in world.reached() {
            *reached.entry(word).or_default() += 1;
        }
    }
    for word in ["stands", "refused", "undone", "told what is left", "removed", "undone after a restart"] {
        assert!(reached.get(word).is_some_and(|times| *times >= 5), "{word}: {reached:?}");
    }
}

#[test]
fn the_good_road_ends_well_and_takes_two_commits() {
    for slots in 1..=15 {
        let mut world = World::new();
        world.start(1, slots);
        world.settle();
        world.quiet();
        let outcome = &world.done[&RequestId(1 << 64)];
        assert!(outcome.result.is_ok(), "{outcome:?}");
    }
    let mut world = World::new();
    world.start(1, 16);
    world.settle();
    world.quiet();
    let outcome = &world.done[&RequestId(1 << 64)];
    assert!(outcome.result.as_ref().is_err_and(|cause| cause.contains("15 of 16")), "{outcome:?}");
}
