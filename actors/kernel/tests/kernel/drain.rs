//! Drain: who goes when, who is given time, who is killed, and what does not come back.

use std::time::Duration;

use actors_kernel::{Node, SpawnError, Spec};
use actors_protocol::Role;
use tokio::time::Instant;

use crate::probe::{Diary, Do, Note, Probe, Wait};
use crate::world::{LONG, World, path, probe, sleep_ms, turns, virtually};

/// A probe of some rank that needs `millis` to finish.
fn ranked(node: &Node, diary: &Diary, at: &str, rank: u8, millis: u64) {
    let made = diary.clone();
    let make = move || Probe::draining(&made, Duration::from_millis(millis));
    node.spawn(path(at), Spec { rank, ..Spec::default() }, make).expect("spawned");
}

#[test]
fn lower_ranks_go_first_and_each_is_given_its_time() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let diary = Diary::default();
        ranked(&node, &diary, "store", 4, 0);
        ranked(&node, &diary, "session-a", 1, 300);
        ranked(&node, &diary, "session-b", 1, 100);
        ranked(&node, &diary, "role", 3, 50);
        turns().await;
        diary.read();
        let begun = Instant::now();
        let drained = node.drain(Duration::from_secs(5)).await;
        let took = begun.elapsed().as_millis();
        assert!((350..=360).contains(&took), "{took} ms: sessions beside each other, then the role");
        assert_eq!((drained.stopped, drained.killed.len()), (4, 0));
        assert_eq!(
            diary.read(),
            [
                "draining session-a",
                "draining session-b",
                "stopping session-a",
                "dropped",
                "stopping session-b",
                "dropped",
                "draining role",
                "stopping role",
                "dropped",
                "draining store",
                "stopping store",
                "dropped",
            ]
        );
        assert_eq!(node.actors().len(), 1, "`node` stays, to be looked at, until the node closes");
        let late = node.spawn(path("late"), Spec::default(), || Probe::new(&Diary::default()));
        assert!(matches!(late, Err(SpawnError::Draining)));
        world.close().await;
    });
}

#[test]
fn who_is_not_done_at_the_deadline_is_killed() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let diary = Diary::default();
        ranked(&node, &diary, "slow", 1, 60_000);
        ranked(&node, &diary, "quick", 1, 10);
        ranked(&node, &diary, "after", 3, 0);
        let begun = Instant::now();
        let drained = node.drain(Duration::from_secs(2)).await;
        let took = begun.elapsed().as_millis();
        assert!((2_000..=2_010).contains(&took), "{took} ms");
        assert_eq!(drained.stopped, 2, "who needs no time gets its turn even now: {drained:?}");
        assert_eq!(drained.killed, [path("slow")]);
        assert_eq!(node.actors().len(), 1, "{:?}", node.actors());
        world.close().await;
    });
}

#[test]
fn calls_are_answered_while_the_node_drains_and_nobody_comes_back() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let diary = Diary::default();
        ranked(&node, &diary, "session", 1, 500);
        let (role, _) = probe(&node, "role", Spec::default());
        let (crashed, _) = probe(&node, "crashed", Spec::default());
        crashed.kill();
        turns().await;
        let calls = async {
            sleep_ms(100).await;
            assert_eq!(role.ask(Note(1), LONG).await, Ok(1), "its rank has not come");
            assert_eq!(role.ask(Wait(100), LONG).await, Ok(100));
            let child = Do::that(|_, cx| {
                cx.child("child", Spec::default(), Probe::new(&Diary::default()), |_, _, _| ()).expect("born");
            });
            role.ask(child, LONG).await.expect("who lives may have children");
            assert_eq!(node.living(&path("crashed")), None, "a draining node brings nobody back");
            role.kill();
            sleep_ms(200).await;
            assert_eq!(node.living(&path("role")), None);
        };
        let (drained, ()) = tokio::join!(node.drain(Duration::from_secs(5)), calls);
        assert_eq!((drained.stopped, drained.killed.len()), (1, 0), "{drained:?}");
        world.close().await;
    });
}

#[test]
fn one_actor_can_be_retired() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let diary = Diary::default();
        ranked(&node, &diary, "patient", 1, 100);
        node.retire(&path("patient"), Duration::from_secs(1)).await;
        assert_eq!(diary.read(), ["started patient", "draining patient", "stopping patient", "dropped"]);
        ranked(&node, &diary, "slow", 1, 60_000);
        let begun = Instant::now();
        node.retire(&path("slow"), Duration::from_secs(1)).await;
        assert!(begun.elapsed() < Duration::from_millis(1_010), "{:?}", begun.elapsed());
        assert_eq!(diary.read(), ["started slow", "draining slow", "dropped"], "killed, and gone when retire returns");
        sleep_ms(2_000).await;
        assert_eq!(node.living(&path("slow")), None, "and it does not come back");
        node.retire(&path("nobody"), Duration::from_secs(1)).await;
        world.close().await;
    });
}
