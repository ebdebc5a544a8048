//! Inspection: what a person sees of a node, and may end.

use actors_kernel::Spec;
use actors_protocol::Role;
use actors_protocol::node::{ActorList, EndActor, Ending, InspectActor, Inspection, ListActors, Node as Inspecting};

use crate::probe::{Do, Note, Probe, Wait};
use crate::world::{LONG, World, path, probe, really, sleep_ms, turns, virtually};

#[test]
fn the_list_shows_the_books_of_every_actor() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (parent, _) = probe(&node, "family", Spec { mailbox: 7, ..Spec::default() });
        let child = Do::that(|_, cx| {
            cx.child("child", Spec::default(), Probe::new(&Default::default()), |_, _, _| ()).expect("born");
        });
        parent.ask(child, LONG).await.expect("done");
        sleep_ms(2_500).await;
        parent.tell(Note(1)).expect("told");
        parent.tell(Note(2)).expect("told");
        let waiting = node.actors().into_iter().find(|info| info.path == path("family")).expect("listed");
        assert_eq!((waiting.depth, waiting.bound, waiting.oldest.0), (2, 7, 0));

        let inspector = node.near::<Inspecting>(path("node"));
        let all = inspector.ask(ListActors { below: String::new() }, LONG).await.expect("answered");
        let ActorList { node: name, roles, up, actors } = all;
        assert_eq!((name, roles, up.0), (node.name().clone(), node.roles(), 2_500));
        let paths: Vec<_> = actors.iter().map(|info| info.path.as_str()).collect();
        assert_eq!(paths, ["family", "family/child", "node"]);
        let below = inspector.ask(ListActors { below: "family".into() }, LONG).await.expect("answered");
        assert_eq!(below.actors.len(), 2);
        let family = &below.actors[0];
        assert_eq!((family.kind.as_str(), family.depth, family.handled, family.restarts), ("probe", 0, 3, 0));
        assert_eq!((family.parent.clone(), family.up.0, family.incarnation), (None, 2_500, parent.incarnation()));
        assert_eq!(below.actors[1].parent, Some(path("family")));
        world.close().await;
    });
}

#[test]
fn a_state_is_shown_and_who_is_busy_is_said_to_be() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, _) = probe(&node, "probe", Spec::default());
        let inspector = node.near::<Inspecting>(path("node"));
        let look = |at: &str| inspector.ask(InspectActor { path: path(at) }, LONG);
        probe.ask(Note(7), LONG).await.expect("noted");
        let Ok(Inspection::State { info, state }) = look("probe").await else { panic!("it lives") };
        assert_eq!((info.handled, state.as_str()), (1, r#"{"notes":[7]}"#));
        let Ok(Inspection::State { state, .. }) = look("node").await else { panic!("it lives") };
        let state: serde_json::Value = serde_json::from_str(&state).expect("JSON");
        assert_eq!((&state["node"], &state["actors"]), (&"a".into(), &2.into()), "the node itself");

        // An actor that waits for something is not busy: it answers.
        let waiting = probe.ask(Wait(3_000), LONG);
        assert!(matches!(look("probe").await, Ok(Inspection::State { state, .. }) if state.contains("notes")));
        // One that ends while it is asked is gone.
        let (gone, ()) = tokio::join!(look("probe"), async { probe.kill() });
        let Ok(Inspection::State { state, .. }) = gone else { panic!("it lived when the question came: {gone:?}") };
        assert!(state.contains("gone") || state.contains("notes"), "{state}");
        assert!(waiting.await.is_err());
        assert!(matches!(
            look("prob").await,
            Ok(Inspection::Unknown { near }) if near.is_empty() || near == [path("probe")]
        ));
        world.close().await;
    });
}

#[test]
fn a_name_that_is_nobodys_is_answered_with_names_that_look_like_it() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        probe(&node, "instance/clip-a", Spec::default());
        probe(&node, "instance/clip-b", Spec::default());
        probe(&node, "zone", Spec::default());
        let inspector = node.near::<Inspecting>(path("node"));
        let near = inspector.ask(InspectActor { path: path("instance/clip-c") }, LONG).await.expect("answered");
        let Inspection::Unknown { near } = near else { panic!("{near:?}") };
        assert_eq!(near, [path("instance/clip-a"), path("instance/clip-b")]);
        let near = inspector.ask(EndActor { path: path("instance/clip-c"), kill: true }, LONG).await.expect("answered");
        assert!(matches!(near, Ending::Unknown { near } if near.len() == 2));
        world.close().await;
    });
}

#[test]
fn a_person_can_end_an_actor_but_not_what_holds_up_the_node() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (first, diary) = probe(&node, "probe", Spec::default());
        let (_, _) = probe(&node, "store", Spec { essential: true, ..Spec::default() });
        let inspector = node.near::<Inspecting>(path("node"));
        let end = |at: &str, kill| inspector.ask(EndActor { path: path(at), kill }, LONG);
        for at in ["node", "store"] {
            for kill in [true, false] {
                assert_eq!(end(at, kill).await, Ok(Ending::Refused));
            }
        }
        assert_eq!(end("probe", true).await, Ok(Ending::Ended { incarnation: first.incarnation() }));
        turns().await;
        assert_eq!(diary.read(), ["started probe", "dropped"]);
        sleep_ms(60).await;
        let second = node.living(&path("probe")).expect("killed, it comes back");
        assert_eq!(end("probe", false).await, Ok(Ending::Ended { incarnation: second }));
        sleep_ms(2_000).await;
        assert_eq!(node.living(&path("probe")), None, "stopped, it does not");
        assert_eq!(diary.read(), ["started probe", "stopping probe", "dropped"]);
        world.close().await;
    });
}

/// Keeps the thread busy for a millisecond.
fn toil() -> Do {
    Do::that(|_, _| {
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < std::time::Duration::from_millis(1) {
            std::hint::spin_loop();
        }
    })
}

#[test]
fn who_has_a_second_of_work_before_it_is_shown_as_busy() {
    really(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (busy, _) = probe(&node, "busy", Spec { mailbox: 4_096, ..Spec::default() });
        for _ in 0..4_000 {
            busy.tell(toil()).expect("there is room");
        }
        let inspector = node.near::<Inspecting>(path("node"));
        let look = inspector.ask(InspectActor { path: path("busy") }, LONG).await;
        let Ok(Inspection::State { info, state }) = look else { panic!("it lives: {look:?}") };
        assert!(state.contains("busy"), "{state}");
        assert!(info.depth > 3_000, "{info:?}");
        let books = node.actors().into_iter().find(|info| info.path == path("busy")).expect("listed");
        assert!(books.oldest.0 >= 900 && books.p50_us >= 1_000, "{books:?}");
        let end = inspector.ask(EndActor { path: path("busy"), kill: true }, LONG).await;
        assert!(matches!(end, Ok(Ending::Ended { .. })), "and it can be ended: {end:?}");
        while node.living(&path("busy")) == Some(busy.incarnation()) {
            turns().await;
        }
        world.close().await;
    });
}
