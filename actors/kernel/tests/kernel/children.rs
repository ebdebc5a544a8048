//! Children: their obituaries, their end with the parent, their places.

use std::time::Duration;

use actors_kernel::{End, SpawnError, Spec};
use actors_protocol::Role;

use crate::probe::{Boom, Diary, Do, Note, Probe};
use crate::world::{LONG, World, end, path, probe, sleep_ms, turns, virtually};

/// Tells a probe to have a child that is a probe, too; the child's end is written into the parent's diary.
fn bear(name: &'static str) -> Do {
    Do::that(move |parent, cx| {
        let diary = parent.diary.clone();
        let child = cx.child(name, Spec::default(), Probe::new(&diary), |parent: &mut Probe, obituary, cx| {
            let free = cx.node().living(&obituary.path).is_none();
            let end = match obituary.end {
                End::Stopped => "stopped".to_owned(),
                End::Killed => "killed".to_owned(),
                End::Panicked(words) => format!("panicked: {words}"),
            };
            parent.diary.write(format!("{} {end}, place free: {free}", obituary.path));
        });
        if let Err(error) = child {
            parent.diary.write(error.to_string());
        }
    })
}

#[test]
fn a_parent_learns_how_each_child_ended() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (parent, diary) = probe(&node, "family", Spec::default());
        for name in ["one", "two", "three"] {
            parent.ask(bear(name), LONG).await.expect("born");
        }
        turns().await;
        diary.read();
        let infos = node.actors();
        let child = infos.iter().find(|info| info.path == path("family/one")).expect("listed");
        assert_eq!(child.parent, Some(path("family")));

        let child = |name: &str| node.near::<crate::probe::Probing>(path(&format!("family/{name}")));
        assert_eq!(child("one").ask(Note(7), LONG).await, Ok(1), "children are reached like anybody");
        child("one").ask(Boom("ouch".into()), LONG).await.expect_err("panics");
        turns().await;
        assert_eq!(diary.read(), ["dropped", "family/one panicked: ouch, place free: true"]);
        end(&node, "family/two", true).await;
        turns().await;
        assert_eq!(diary.read(), ["dropped", "family/two killed, place free: true"]);
        end(&node, "family/three", false).await;
        turns().await;
        assert_eq!(diary.read(), ["stopping family/three", "dropped", "family/three stopped, place free: true"]);
        sleep_ms(3_000).await;
        assert_eq!(node.actors().len(), 2, "the kernel brings no child back: {:?}", node.actors());
        world.close().await;
    });
}

#[test]
fn children_end_with_their_parent_and_tell_nobody() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (parent, diary) = probe(&node, "family", Spec::default());
        parent.ask(bear("child"), LONG).await.expect("born");
        let grandchild = Do::that(|_, cx| {
            cx.child("grandchild", Spec::default(), Probe::new(&Diary::default()), |_, _, _| ()).expect("born");
        });
        let child: Vec<_> = node.actors().into_iter().map(|info| info.path.to_string()).collect();
        assert_eq!(child, ["family", "family/child", "node"]);
        parent
            .ask(
                Do::that(move |parent, cx| {
                    let diary = parent.diary.clone();
                    let second = cx.child("second", Spec::default(), Probe::new(&diary), |_, _, _| ()).expect("born");
                    second.tell(grandchild).expect("told");
                }),
                LONG,
            )
            .await
            .expect("done");
        turns().await;
        assert_eq!(node.actors().len(), 5);
        diary.read();

        parent.ask(Boom("the end".into()), LONG).await.expect_err("panics");
        turns().await;
        assert_eq!(node.actors().len(), 1, "only `node` is left: {:?}", node.actors());
        assert_eq!(diary.read(), ["dropped", "dropped", "dropped"], "parent and two children, without a farewell");
        sleep_ms(60).await;
        assert_eq!(diary.read(), ["started family"], "the parent comes back alone");
        world.close().await;
    });
}

#[test]
fn a_place_is_taken_until_the_obituary_and_free_from_then_on() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (parent, diary) = probe(&node, "family", Spec::default());
        parent.ask(bear("child"), LONG).await.expect("born");
        turns().await;
        diary.read();
        parent.ask(bear("child"), LONG).await.expect("done");
        assert_eq!(diary.read(), ["dropped", "an actor lives at 'family/child' already"]);

        let again = Do::that(|parent, cx| {
            let diary = parent.diary.clone();
            cx.child("other", Spec::default(), Probe::new(&diary), |parent: &mut Probe, _, cx| {
                let diary = parent.diary.clone();
                cx.child("other", Spec::default(), Probe::new(&diary), |_, _, _| ()).expect("the place is free");
            })
            .expect("born");
        });
        parent.ask(again, LONG).await.expect("done");
        turns().await;
        end(&node, "family/other", true).await;
        turns().await;
        assert_eq!(diary.read(), ["started family/other", "dropped", "started family/other"]);
        let bad = parent.ask(bear("not a name"), LONG);
        bad.await.expect("done");
        let lines = diary.read();
        assert!(lines.iter().any(|line| line.contains("is not an actor's path")), "{lines:?}");
        world.close().await;
    });
}

#[test]
fn a_parent_that_respawns_finds_the_places_of_its_children_free() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (parent, diary) = probe(&node, "family", Spec::default());
        parent.ask(bear("child"), LONG).await.expect("born");
        let at = path("family");
        for _ in 0..3 {
            // Stop and start again without any time in between: the hardest case.
            node.stop(&at, Duration::from_secs(1)).await;
            let (parent, diary) = probe(&node, "family", Spec::default());
            parent.ask(bear("child"), LONG).await.expect("born");
            turns().await;
            assert_eq!(diary.read(), ["started family", "started family/child"]);
        }
        assert_eq!(diary.read(), ["started family", "started family/child", "stopping family", "dropped", "dropped"]);
        assert!(matches!(
            node.spawn(at.clone(), Spec::default(), || Probe::new(&Diary::default())),
            Err(SpawnError::Taken(taken)) if taken == at
        ));
        world.close().await;
    });
}
