//! What an actor does beside its mailbox: tasks, timers, and its turn among others.

use std::time::Duration;

use actors_kernel::{Cx, Fault, Spec};
use actors_protocol::{Millis, Role};
use tokio::time::Instant;

use crate::probe::{Do, Mark, Note, Probe, Say, Wait};
use crate::world::{LONG, World, path, probe, sleep_ms, turns, virtually};

#[test]
fn a_task_brings_its_result_to_the_actor() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, _) = probe(&node, "probe", Spec::default());
        let run = Do::that(|_, cx| {
            for number in [30, 10, 20] {
                cx.run(
                    async move {
                        sleep_ms(number).await;
                        number
                    },
                    |probe: &mut Probe, number, _| probe.notes.push(number),
                );
            }
        });
        probe.ask(run, LONG).await.expect("done");
        sleep_ms(31).await;
        let state = node.actors();
        assert_eq!(state.len(), 2);
        let (read, notes) = tokio::sync::oneshot::channel();
        probe.tell(Do::that(move |probe, _| drop(read.send(probe.notes.clone())))).expect("told");
        assert_eq!(notes.await.expect("told"), [10, 20, 30]);
        assert_eq!(node.census().tasks, [("accept", 1), ("node", 1), ("probe", 1), ("supervisor", 2)], "none is left");
        world.close().await;
    });
}

#[test]
fn a_task_ends_with_its_actor() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        for kill in [false, true] {
            let (probe, diary) = probe(&node, "probe", Spec::default());
            let run = Do::that(|probe, cx| {
                let mark = Mark(probe.diary.clone(), "task dropped");
                cx.run(
                    async move {
                        let _mark = mark;
                        sleep_ms(1_000).await;
                    },
                    |probe: &mut Probe, (), _| probe.diary.write("never"),
                );
                let mark = Mark(probe.diary.clone(), "timer dropped");
                cx.after(Duration::from_secs(1), move |_, _| drop(mark));
                cx.wake_at(Some(cx.now() + Millis(1_000)));
            });
            probe.ask(run, LONG).await.expect("done");
            diary.read();
            if kill {
                probe.kill()
            } else {
                probe.stop()
            }
            turns().await;
            let mut after = diary.read();
            after.retain(|line| !line.starts_with("stopping"));
            after.sort_unstable();
            assert_eq!(after, ["dropped", "task dropped", "timer dropped"], "kill: {kill}");
            sleep_ms(2_000).await;
            assert!(!diary.read().iter().any(|line| line == "never" || line.starts_with("woken")));
            node.stop(&path("probe"), LONG).await;
        }
        world.close().await;
    });
}

#[test]
fn a_panic_in_a_task_is_the_actors_own() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, _) = probe(&node, "probe", Spec::default());
        let waiting = probe.ask(Wait(500), LONG);
        let run = Do::that(|_, cx| {
            let broken = async {
                sleep_ms(10).await;
                panic!("in a task");
            };
            cx.run(broken, |_, (), _| ());
        });
        probe.ask(run, LONG).await.expect("done");
        assert_eq!(waiting.await, Err(Fault::Panicked("probe".into())), "nobody waits for what will never come");
        sleep_ms(60).await;
        assert!(node.living(&path("probe")).expect("it is back") > probe.incarnation());
        world.close().await;
    });
}

#[test]
fn the_timer_is_exact_and_there_is_one() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, diary) = probe(&node, "probe", Spec::default());
        let wake = |at: Option<u64>| Do::that(move |_, cx| cx.wake_at(at.map(Millis)));
        probe.ask(wake(Some(500)), LONG).await.expect("set");
        probe.ask(wake(Some(200)), LONG).await.expect("set earlier");
        sleep_ms(300).await;
        assert_eq!(diary.read(), ["started probe", "woken 200"]);
        sleep_ms(300).await;
        assert!(diary.read().is_empty(), "the second took the first one's place");
        probe.ask(wake(Some(700)), LONG).await.expect("set");
        probe.ask(wake(None), LONG).await.expect("cleared");
        sleep_ms(200).await;
        assert!(diary.read().is_empty());
        probe.ask(wake(Some(100)), LONG).await.expect("set to a time that has passed");
        turns().await;
        assert_eq!(diary.read(), [format!("woken {}", node.now().0)], "at once");
        probe.ask(wake(Some(node.now().0 + 100)), LONG).await.expect("set");
        sleep_ms(50).await;
        probe.ask(wake(Some(node.now().0 + 100)), LONG).await.expect("set later");
        let due = node.now().0 + 100;
        sleep_ms(150).await;
        assert_eq!(diary.read(), [format!("woken {due}")]);
        world.close().await;
    });
}

#[test]
fn an_actor_is_woken_from_another_thread_once_for_all_wakes_before_its_turn() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, diary) = probe(&node, "probe", Spec::default());
        let (give, take) = std::sync::mpsc::sync_channel(1);
        let hand_out = Do::that(move |_, cx| give.send(cx.waker()).expect("the test takes it"));
        probe.ask(hand_out, LONG).await.expect("handed out");
        let waker = take.recv().expect("handed out");
        turns().await;
        assert_eq!(diary.read(), ["started probe"], "asking for a waker wakes nobody");
        let elsewhere = waker.clone();
        std::thread::scope(|scope| {
            scope.spawn(move || (0..3).for_each(|_| elsewhere.wake()));
        });
        turns().await;
        assert_eq!(diary.read(), [format!("woken {}", node.now().0)]);
        waker.wake();
        turns().await;
        assert_eq!(diary.read().len(), 1, "and again");
        probe.kill();
        turns().await;
        diary.read();
        waker.wake();
        turns().await;
        assert!(diary.read().is_empty(), "nobody is there any more");
        world.close().await;
    });
}

#[test]
fn what_is_put_off_happens_in_order_and_on_time() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, diary) = probe(&node, "probe", Spec::default());
        let put_off = Do::that(|_, cx| {
            cx.after(Duration::MAX, |_, _| unreachable!("not in this life"));
            for millis in [20, 10, 10, 0] {
                cx.after(Duration::from_millis(millis), move |probe: &mut Probe, cx| {
                    probe.diary.write(format!("{millis} at {}", cx.now().0));
                });
            }
        });
        probe.ask(put_off, LONG).await.expect("done");
        sleep_ms(100).await;
        assert_eq!(diary.read(), ["started probe", "0 at 0", "10 at 10", "10 at 10", "20 at 20"]);
        world.close().await;
    });
}

/// Tells itself the next thing for ever.
fn again() -> Do {
    Do::that(|_, cx| cx.me().tell(again()).expect("there is room"))
}

/// Is always due.
fn at_once(_: &mut Probe, cx: &mut Cx<'_, Probe>) {
    cx.after(Duration::ZERO, at_once);
}

#[test]
fn an_actor_that_is_never_done_leaves_the_others_their_turn() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (busy, diary) = probe(&node, "busy", Spec::default());
        let (beside, _) = probe(&node, "beside", Spec::default());
        busy.ask(Do::that(|_, cx| cx.wake_at(Some(Millis(0)))), LONG).await.expect("done");
        busy.tell(again()).expect("told");
        let (late, _) = probe(&node, "late", Spec::default());
        late.tell(Do::that(at_once)).expect("told");
        turns().await;
        assert_eq!(beside.ask(Say("hello".into()), LONG).await, Ok("hello".into()));
        assert_eq!(busy.ask(Note(1), LONG).await, Ok(1), "its own callers, too");
        assert_eq!(late.ask(Note(1), LONG).await, Ok(1), "also one that is held up by timers");
        let woken = Do::that(|_, cx| {
            cx.run(async {}, |probe: &mut Probe, (), _| probe.diary.write("task done"));
            cx.wake_at(Some(Millis(0)));
        });
        diary.read();
        busy.ask(woken, LONG).await.expect("done");
        turns().await;
        turns().await;
        let mut seen = diary.read();
        seen.sort_unstable();
        assert_eq!(seen, ["task done", "woken 0"], "and its own timers and tasks");
        world.close().await;
    });
}

#[test]
fn a_wait_without_end_is_cut_to_one_that_can_be_reckoned_with() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, _) = probe(&node, "probe", Spec::default());
        let begun = Instant::now();
        assert_eq!(probe.ask(Wait(5), Duration::MAX).await, Ok(5));
        assert_eq!(probe.addr().ask(Wait(5), Duration::MAX).await, Ok(5));
        assert!(begun.elapsed() < Duration::from_millis(15));
        world.close().await;
    });
}

#[test]
fn who_stops_itself_does_nothing_more() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, diary) = probe(&node, "probe", Spec::default());
        let last = Do::that(|_, cx| {
            cx.after(Duration::from_millis(5), |_, cx| cx.stop());
            cx.after(Duration::from_millis(5), |probe: &mut Probe, _| probe.diary.write("too late"));
        });
        probe.ask(last, LONG).await.expect("done");
        sleep_ms(10).await;
        assert_eq!(diary.read(), ["started probe", "stopping probe", "dropped"]);
        world.close().await;
    });
}

#[test]
fn who_has_too_much_under_way_takes_no_more() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, _) = probe(&node, "probe", Spec::default());
        let more = |tasks: u64, timers: u64| {
            Do::that(move |_, cx| {
                (0..tasks).for_each(|_| cx.run(sleep_ms(100), |_, (), _| ()));
                (0..timers).for_each(|_| cx.after(Duration::from_millis(100), |_, _| ()));
            })
        };
        probe.ask(more(4_000, 4_191), LONG).await.expect("there is room");
        probe.ask(more(0, 1), LONG).await.expect("for one more");
        assert_eq!(probe.ask(Note(1), LONG).await, Err(Fault::Overloaded("probe".into())));
        sleep_ms(101).await;
        assert_eq!(probe.ask(Note(1), LONG).await, Ok(1), "all of it is over");
        world.close().await;
    });
}
