//! Near is far: the same call, the same answer, the same faults, over a real connection and inside the node.

use std::time::Duration;

use actors_kernel::{Fault, Spec};
use actors_protocol::{Incarnation, NodeName, Role};
use tokio::time::Instant;

use crate::probe::{Boom, Do, Forget, Note, Probing, Repeat, Say, Wait, Who};
use crate::world::{LONG, World, both, path, probe, really, sleep_ms};

#[test]
fn the_same_call_gives_the_same_answer() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        let (probe, _) = probe(&server, "family/probe", Spec::default());
        for (count, address) in both(&client, &server, "family/probe").into_iter().enumerate() {
            assert_eq!(address.path(), probe.path());
            assert_eq!(address.ask(Say("grüß dich".into()), LONG).await, Ok("grüß dich".into()));
            assert_eq!(address.ask(Note(1), LONG).await, Ok(count as u64 + 1));
            assert_eq!(address.ask(Wait(5), LONG).await, Ok(5));
            assert_eq!(address.ask(Forget, LONG).await, Err(Fault::Gone("family/probe".into())));
        }
        for address in both(&client, &server, "nobody") {
            assert_eq!(address.ask(Note(1), LONG).await, Err(Fault::Gone("nobody".into())));
        }
        let mut words = Vec::new();
        for address in both(&client, &server, "node") {
            words.push(address.ask(Note(1), LONG).await.expect_err("the inspector takes no notes"));
        }
        assert_eq!(words[0], words[1], "the words are the same, too");
        world.close().await;
    });
}

#[test]
fn a_panic_a_kill_and_a_stop_are_told_the_same() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        for far in [0, 1] {
            let at = format!("probe-{far}");
            let (first, _) = probe(&server, &at, Spec::default());
            let address = &both(&client, &server, &at)[far];
            address.ask(Note(1), LONG).await.expect("the link is up");
            let (begun, boom) = (address.ask(Wait(60_000), LONG), address.ask(Boom("crash".into()), LONG));
            assert_eq!(boom.await, Err(Fault::Panicked(at.clone())));
            assert_eq!(begun.await, Err(Fault::Panicked(at.clone())));
            while server.living(&path(&at)).is_none_or(|life| life == first.incarnation()) {
                sleep_ms(5).await;
            }
            let begun = address.ask(Wait(60_000), LONG);
            address.ask(Note(1), LONG).await.expect("so the call before has arrived");
            server.stop(&path(&at), LONG).await;
            assert_eq!(begun.await, Err(Fault::Gone(at.clone())));
            assert_eq!(address.ask(Note(1), LONG).await, Err(Fault::Gone(at.clone())));
        }
        world.close().await;
    });
}

#[test]
fn a_full_mailbox_is_told_the_same_and_order_is_kept() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        for far in [0, 1] {
            let at = format!("small-{far}");
            let (small, _) = probe(&server, &at, Spec { mailbox: 8, ..Spec::default() });
            let address = &both(&client, &server, &at)[far];
            address.ask(Say("up".into()), LONG).await.expect("the link is up");
            // All in one go: they arrive in one piece, before the actor gets a turn.
            let asks: Vec<_> = (0..20).map(|number| address.ask(Note(number), LONG)).collect();
            let mut answers = Vec::new();
            for ask in asks {
                answers.push(ask.await);
            }
            let taken: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok().copied()).collect();
            assert_eq!(taken, (1..=taken.len() as u64).collect::<Vec<_>>(), "in order, none lost");
            assert!((8..20).contains(&taken.len()), "{answers:?}");
            let refused: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
            assert!(refused.iter().all(|fault| *fault == Fault::Overloaded(at.clone())), "{refused:?}");
            let (read, notes) = tokio::sync::oneshot::channel();
            small.tell(Do::that(move |probe, _| drop(read.send(probe.notes.clone())))).expect("told");
            assert_eq!(notes.await.expect("told").len(), taken.len(), "what was refused was not done");
        }
        world.close().await;
    });
}

#[test]
fn a_deadline_is_kept_the_same() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        let (_, _) = probe(&server, "probe", Spec::default());
        for address in both(&client, &server, "probe") {
            address.ask(Note(0), LONG).await.expect("the link is up");
            let begun = Instant::now();
            assert_eq!(address.ask(Wait(10_000), Duration::from_millis(60)).await, Err(Fault::Deadline));
            let took = begun.elapsed();
            assert!(took >= Duration::from_millis(60) && took < Duration::from_secs(5), "{took:?}");
            let dead = address.ask(Note(1), Duration::ZERO);
            assert_eq!(dead.await, Err(Fault::Deadline));
        }
        let address = server.near::<Probing>(path("probe"));
        assert_eq!(address.ask(Note(2), LONG).await, Ok(3), "no call without time was carried out");
        world.close().await;
    });
}

#[test]
fn no_act_for_another_life() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        let (first, _) = probe(&server, "probe", Spec::default());
        let old = first.incarnation();
        for address in both(&client, &server, "probe") {
            assert!(address.clone().of(old).ask(Note(1), LONG).await.is_ok(), "the life that lives");
        }
        first.kill();
        while server.living(&path("probe")).is_none_or(|life| life == old) {
            sleep_ms(5).await;
        }
        let later = Incarnation(server.living(&path("probe")).expect("it lives").0 + 1);
        for (count, address) in both(&client, &server, "probe").into_iter().enumerate() {
            for wrong in [old, later, Incarnation(u64::MAX)] {
                let answer = address.clone().of(wrong).ask(Note(9), LONG).await;
                assert_eq!(answer, Err(Fault::Gone("probe".into())));
            }
            assert_eq!(address.ask(Note(1), LONG).await, Ok(count as u64 + 1), "nothing was noted for a former life");
        }
        assert_eq!(server.census().stale, 6, "and each is counted");
        world.close().await;
    });
}

#[test]
fn a_caller_from_afar_is_who_its_certificate_says() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        probe(&server, "probe", Spec::default());
        let [near, far] = both(&client, &server, "probe");
        let seen = near.ask(Who, LONG).await.expect("answered");
        assert_eq!((seen.roles.iter().count(), seen.node, seen.far), (Role::ALL.len(), None, false));
        let seen = far.ask(Who, LONG).await.expect("answered");
        assert_eq!((seen.roles, seen.far), (client.roles(), true));
        assert_eq!(seen.node, Some(NodeName::new("client").expect("a name")));
        world.close().await;
    });
}

#[test]
fn what_does_not_fit_into_a_frame_is_refused_far_and_the_link_lives() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        probe(&server, "probe", Spec::default());
        let [near, far] = both(&client, &server, "probe");
        let long = "x".repeat(2 << 20);
        assert_eq!(near.ask(Say(long.clone()), LONG).await, Ok(long.clone()), "near nothing is encoded");
        let fault = far.ask(Say(long), LONG).await.expect_err("two mebibytes");
        assert!(matches!(fault, Fault::Malformed(_)), "{fault}");
        let fault = far.ask(Repeat(2 << 20), LONG).await.expect_err("an answer of two mebibytes");
        assert!(matches!(fault, Fault::Malformed(_)), "{fault}");
        assert_eq!(far.ask(Note(1), LONG).await, Ok(1));
        world.close().await;
    });
}

#[test]
fn a_node_that_is_not_there_is_gone_or_takes_until_the_deadline() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        let stranger = client.far::<Probing>(&NodeName::new("stranger").expect("a name"), path("probe"));
        let fault = stranger.ask(Note(1), LONG).await.expect_err("there is no route");
        assert!(matches!(&fault, Fault::Gone(words) if words.contains("stranger")), "{fault}");

        probe(&server, "probe", Spec::default());
        let address = client.far::<Probing>(server.name(), path("probe"));
        let mut ups = client.link_watch(server.name()).expect("there is a route");
        assert!(ups.came_up().await);
        assert!(client.link_watch(server.name()).expect("a route").came_up().await, "a link that is up has come up");
        address.ask(Note(1), LONG).await.expect("noted");
        let begun = address.ask(Wait(60_000), LONG);
        address.ask(Note(2), LONG).await.expect("so the call before has arrived");
        server.close(transport_wire::CloseCode::SHUTDOWN, "the server is gone");
        assert!(matches!(begun.await, Err(Fault::Gone(_))), "sent, and never to be answered");
        let fault = address.ask(Note(3), Duration::from_millis(300)).await.expect_err("nobody is there");
        assert!(matches!(fault, Fault::Gone(_) | Fault::Deadline), "{fault}");
        client.set_routes(Vec::new());
        assert!(!ups.came_up().await, "a link without a route is given up");
        assert!(matches!(address.ask(Note(3), LONG).await, Err(Fault::Gone(_))));
        world.close().await;
    });
}
