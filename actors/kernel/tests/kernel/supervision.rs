//! Ends and returns: panics, kills, stops, pauses, incarnations.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use actors_kernel::{Fault, Node, SpawnError, Spec};
use actors_protocol::{ActorPath, Incarnation, Role};
use tokio::time::Instant;

use crate::probe::{Boom, Do, Note, Probe, Say, Wait};
use crate::world::{LONG, World, end, path, probe, sleep_ms, turns, virtually};

fn gone(at: &str) -> Fault {
    Fault::Gone(at.to_owned())
}

/// The life that follows `former` at `path`.
async fn next_life(node: &Node, path: &ActorPath, former: Incarnation) -> Incarnation {
    for _ in 0..3_000 {
        match node.living(path) {
            Some(life) if life != former => return life,
            _ => sleep_ms(1).await,
        }
    }
    panic!("nobody came back to {path} in three seconds");
}

#[test]
fn a_panic_is_told_to_who_asked_and_the_actor_comes_back_as_another_life() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (first, diary) = probe(&node, "probe/a", Spec::default());
        let (beside, _) = probe(&node, "probe/b", Spec::default());
        beside.ask(Note(1), LONG).await.expect("noted");
        let address = first.addr();

        let waiting = address.ask(Wait(5_000), LONG);
        let fault = address.ask(Boom("why not".into()), LONG).await.expect_err("it panics");
        assert_eq!(fault, Fault::Panicked("probe/a".into()), "the fault names the actor");
        assert_eq!(waiting.await, Err(Fault::Panicked("probe/a".into())), "a call that was begun is part of the crash");
        assert_eq!(address.ask(Say("hello".into()), LONG).await, Err(gone("probe/a")), "nobody lives there meanwhile");
        assert_eq!(first.ask(Say("hello".into()), LONG).await, Err(gone("probe/a")));
        assert_eq!(first.tell(Note(1)), Err(gone("probe/a")));

        sleep_ms(52).await;
        assert_eq!(address.ask(Say("hello".into()), LONG).await, Ok("hello".into()), "back after 50 ms");
        let second = node.living(&path("probe/a")).expect("it lives");
        assert!(second > first.incarnation(), "{second:?} is a later life than {:?}", first.incarnation());
        assert_eq!(address.ask(Note(1), LONG).await, Ok(1), "and remembers nothing");
        assert_eq!(beside.ask(Note(2), LONG).await, Ok(2), "its neighbour never noticed");
        let info = node.actors().into_iter().find(|actor| actor.path == path("probe/a")).expect("listed");
        assert_eq!(info.restarts, 1);
        assert_eq!(diary.read(), ["started probe/a", "dropped", "started probe/a"], "a crash runs no farewell");
        world.close().await;
    });
}

#[test]
fn a_call_that_waited_in_the_mailbox_of_a_crash_hears_gone() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, _) = probe(&node, "probe", Spec::default());
        let boom = probe.ask(Boom("crash".into()), LONG);
        let behind = probe.ask(Note(1), LONG);
        let (boom, behind) = tokio::join!(boom, behind);
        assert_eq!(boom, Err(Fault::Panicked("probe".into())));
        assert_eq!(behind, Err(gone("probe")), "it was never begun");
        world.close().await;
    });
}

#[test]
fn the_pause_before_a_return_doubles_up_to_a_second_and_is_short_again_after_a_good_life() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (first, _) = probe(&node, "probe", Spec::default());
        let at = path("probe");
        let mut life = first.incarnation();
        for pause in [50, 100, 200, 400, 800, 1_000, 1_000] {
            let begun = Instant::now();
            node.near::<crate::probe::Probing>(at.clone()).ask(Boom("again".into()), LONG).await.expect_err("panics");
            life = next_life(&node, &at, life).await;
            let took = begun.elapsed().as_millis();
            assert!((pause..=pause + 3).contains(&took), "{took} ms instead of {pause}");
        }
        sleep_ms(10_001).await;
        let begun = Instant::now();
        node.near::<crate::probe::Probing>(at.clone()).ask(Boom("again".into()), LONG).await.expect_err("panics");
        next_life(&node, &at, life).await;
        assert!(begun.elapsed() < Duration::from_millis(54), "{:?}", begun.elapsed());
        world.close().await;
    });
}

#[test]
fn a_kill_runs_no_code_of_the_actor_and_it_comes_back() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, diary) = probe(&node, "probe", Spec::default());
        probe.kill();
        turns().await;
        assert_eq!(diary.read(), ["dropped"], "killed before its first turn it does not even start");
        let life = next_life(&node, &path("probe"), probe.incarnation()).await;
        assert_eq!(diary.read(), ["started probe"]);
        node.near::<crate::probe::Probing>(path("probe")).ask(Note(1), LONG).await.expect("noted");

        let waiting = node.near::<crate::probe::Probing>(path("probe")).ask(Wait(1_000), LONG);
        turns().await;
        end(&node, "probe", true).await;
        assert_eq!(waiting.await, Err(gone("probe")), "a kill is not a panic");
        turns().await;
        assert_eq!(diary.read(), ["dropped"], "no farewell");
        next_life(&node, &path("probe"), life).await;
        world.close().await;
    });
}

#[test]
fn a_stop_comes_after_what_waits_and_is_for_good() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (first, diary) = probe(&node, "probe", Spec::default());
        let noted = first.ask(Note(1), LONG);
        first.stop();
        let late = first.ask(Note(2), LONG);
        assert_eq!(noted.await, Ok(1), "it was in the mailbox before");
        assert_eq!(late.await, Err(gone("probe")));
        sleep_ms(3_000).await;
        assert_eq!(node.living(&path("probe")), None, "who stops stays away");
        assert_eq!(diary.read(), ["started probe", "stopping probe", "dropped"]);

        let (second, diary) = probe(&node, "probe", Spec::default());
        assert!(second.incarnation() > first.incarnation());
        second.tell(Do::that(|_, cx| cx.stop())).expect("told");
        turns().await;
        assert_eq!(diary.read(), ["started probe", "stopping probe", "dropped"], "it can stop itself");
        world.close().await;
    });
}

#[test]
fn who_is_stopped_between_two_lives_does_not_come_back() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (first, _) = probe(&node, "probe", Spec::default());
        first.kill();
        turns().await;
        assert_eq!(node.living(&path("probe")), None, "it is between two lives");
        let other = node.spawn(path("probe"), Spec::default(), || Probe::new(&Default::default()));
        assert!(matches!(other, Err(SpawnError::Taken(_))), "its place is kept");
        assert!(node.runs(&path("probe")));
        node.stop(&path("probe"), LONG).await;
        assert!(!node.runs(&path("probe")));
        sleep_ms(3_000).await;
        assert_eq!(node.living(&path("probe")), None);
        let (_, diary) = probe(&node, "probe", Spec::default());
        turns().await;
        assert_eq!(diary.read(), ["started probe"], "now it is free");
        world.close().await;
    });
}

#[test]
fn a_maker_that_panics_is_asked_again() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let made = Rc::new(Cell::new(0));
        let count = made.clone();
        let make = move || {
            count.set(count.get() + 1);
            assert!(!(2..=3).contains(&count.get()), "the second and the third cannot be made");
            Probe::new(&Default::default())
        };
        let first = node.spawn(path("probe"), Spec::default(), make).expect("spawned");
        first.kill();
        next_life(&node, &path("probe"), first.incarnation()).await;
        assert_eq!(made.get(), 4);
        world.close().await;
    });
}

/// Panics over a message, and again while it is taken apart.
struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("twice");
    }
}

#[test]
fn an_actor_that_panics_again_while_it_is_dropped_takes_nobody_along() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (bad, _) = probe(&node, "bad", Spec::default());
        let (good, _) = probe(&node, "good", Spec::default());
        bad.ask(
            Do::that(|_, cx| {
                cx.after(LONG, {
                    let fragile = FragileBox(Some(Fragile));
                    move |_, _| drop(fragile)
                })
            }),
            LONG,
        )
        .await
        .expect("done");
        let fault = bad.ask(Boom("once".into()), LONG).await.expect_err("it panics");
        assert_eq!(fault, Fault::Panicked("bad".into()));
        assert_eq!(good.ask(Note(1), LONG).await, Ok(1));
        next_life(&node, &path("bad"), bad.incarnation()).await;
        world.close().await;
    });
}

/// Keeps its [`Fragile`] from the test's own end.
struct FragileBox(#[expect(dead_code, reason = "for its drop")] Option<Fragile>);
