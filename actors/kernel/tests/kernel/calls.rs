//! Calls inside a node: order, bounds, deadlines, promises.

use std::time::Duration;

use actors_kernel::{Fault, Spec};
use actors_protocol::Role;
use tokio::time::Instant;

use crate::probe::{Do, Forget, Note, Probe, Say, Wait};
use crate::world::{LONG, World, path, probe, sleep_ms, turns, virtually};

#[test]
fn what_one_sends_another_arrives_in_order_told_or_asked() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (receiver, _) = probe(&node, "receiver", Spec::default());
        let (sender, diary) = probe(&node, "sender", Spec::default());
        let to = receiver.clone();
        let send = Do::that(move |_, cx| {
            for number in 0..50 {
                if number % 3 == 0 {
                    to.tell(Note(number)).expect("told");
                } else {
                    cx.ask(&to.addr(), Note(number), LONG, move |sender: &mut Probe, count, _| {
                        sender.diary.write(format!("{number} was {}", count.expect("noted")));
                    });
                }
            }
        });
        sender.ask(send, LONG).await.expect("done");
        turns().await;
        let (read, notes) = tokio::sync::oneshot::channel();
        receiver.tell(Do::that(move |probe, _| drop(read.send(probe.notes.clone())))).expect("told");
        assert_eq!(notes.await.expect("told"), (0..50).collect::<Vec<_>>(), "an ask does not wait for a tell");
        let answers: Vec<_> = (0..50).filter(|number| number % 3 != 0).map(|n| format!("{n} was {}", n + 1)).collect();
        assert_eq!(diary.read()[1..], answers, "and the answers come in the same order");
        world.close().await;
    });
}

#[test]
fn a_full_mailbox_is_an_answer_and_loses_nothing_it_took() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (small, _) = probe(&node, "small", Spec { mailbox: 4, ..Spec::default() });
        let address = small.addr();
        let asks: Vec<_> = (0..10).map(|number| address.ask(Note(number), LONG)).collect();
        assert_eq!(small.tell(Note(99)), Err(Fault::Overloaded("small".into())));
        let info = node.actors().into_iter().find(|info| info.path == path("small")).expect("listed");
        assert_eq!((info.depth, info.bound), (4, 4));
        let mut answers = Vec::new();
        for ask in asks {
            answers.push(ask.await);
        }
        let (taken, refused) = answers.split_at(4);
        assert_eq!(taken, [Ok(1), Ok(2), Ok(3), Ok(4)]);
        assert!(refused.iter().all(|answer| *answer == Err(Fault::Overloaded("small".into()))), "{refused:?}");
        assert_eq!(small.ask(Note(10), LONG).await, Ok(5), "there is room again");
        let info = node.actors().into_iter().find(|info| info.path == path("small")).expect("listed");
        assert_eq!((info.depth, info.handled), (0, 5), "what was refused was never handled");
        world.close().await;
    });
}

#[test]
fn a_deadline_holds_for_a_late_answer_and_for_a_late_turn() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, _) = probe(&node, "probe", Spec::default());
        let begun = Instant::now();
        assert_eq!(probe.ask(Wait(100), Duration::from_millis(40)).await, Err(Fault::Deadline));
        let took = begun.elapsed().as_millis();
        assert!((40..=41).contains(&took), "{took} ms");

        let dead = probe.ask(Note(1), Duration::ZERO);
        let alive = probe.ask(Note(2), LONG);
        assert_eq!(dead.await, Err(Fault::Deadline));
        assert_eq!(alive.await, Ok(1), "a call whose deadline passed in the mailbox is not carried out");

        // The thread is busy for a while: time goes by and nobody gets a turn.
        let late = probe.ask(Note(3), Duration::from_millis(10));
        tokio::time::advance(Duration::from_millis(11)).await;
        assert_eq!(late.await, Err(Fault::Deadline));
        assert_eq!(probe.ask(Note(4), LONG).await, Ok(2), "it was not carried out");
        world.close().await;
    });
}

#[test]
fn a_promise_is_kept_early_or_late_or_not_at_all() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, _) = probe(&node, "probe", Spec::default());
        assert_eq!(probe.ask(Wait(0), LONG).await, Ok(0));
        assert_eq!(probe.ask(Wait(300), LONG).await, Ok(300));
        assert_eq!(probe.ask(Forget, LONG).await, Err(Fault::Gone("probe".into())), "dropped unkept");
        assert_eq!(probe.ask(crate::probe::Early(7), LONG).await, Ok(7), "kept before the handler was over");
        world.close().await;
    });
}

#[test]
fn who_keeps_a_promise_can_see_that_nobody_waits() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, diary) = probe(&node, "probe", Spec::default());
        let look = || {
            Do::that(|probe, _| {
                let seen: Vec<_> = probe.promises.iter().map(|promise| promise.is_abandoned()).collect();
                probe.diary.write(format!("{seen:?}"));
            })
        };
        let kept = probe.ask(crate::probe::Keep, LONG);
        let dropped = probe.ask(crate::probe::Keep, LONG);
        probe.ask(look(), LONG).await.expect("done");
        drop(dropped);
        probe.ask(look(), LONG).await.expect("done");
        assert_eq!(diary.read()[1..], ["[false, false]", "[false, true]"]);
        let answer = Do::that(|probe, _| probe.promises.drain(..).for_each(|promise| promise.keep(5)));
        probe.ask(answer, LONG).await.expect("done");
        assert_eq!(kept.await, Ok(5));
        sleep_ms(1).await;
        world.close().await;
    });
}

#[test]
fn nobody_at_a_path_is_gone_at_once() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let begun = Instant::now();
        let nobody = node.near::<crate::probe::Probing>(path("nobody"));
        assert_eq!(nobody.ask(Say("hello".into()), LONG).await, Err(Fault::Gone("nobody".into())));
        assert_eq!(begun.elapsed(), Duration::ZERO);
        let wrong = node.near::<crate::probe::Probing>(path("node"));
        let fault = wrong.ask(Say("hello".into()), LONG).await.expect_err("the inspector is no probe");
        assert!(
            matches!(&fault, Fault::Version(words) if words.contains("node") && words.contains("0x7f01")),
            "{fault}"
        );
        world.close().await;
    });
}
