//! Nothing is left when a node is closed: no actor, no task, no socket, not the node itself (invariant I8).

use std::time::Duration;

use actors_kernel::{Node, Spec};
use actors_protocol::Role;
use transport_wire::CloseCode;

use crate::probe::{Diary, Do, Mark, Note, Probe, Probing, Wait};
use crate::world::{LONG, World, both, empty, path, probe, really, sleep_ms, turns, virtually};

/// Children, tasks, timers, promises, messages that wait, and handles on the node and on itself.
fn busy() -> Do {
    Do::that(|probe, cx| {
        let diary = probe.diary.clone();
        for name in ["one", "two"] {
            let child = cx.child(name, Spec::default(), Probe::new(&diary), |_, _, _| ()).expect("born");
            child.tell(Do::that(|_, cx| cx.wake_at(Some(cx.now())))).expect("told");
        }
        let (node, me, mark) = (cx.node().clone(), cx.me(), Mark(diary, "dropped"));
        cx.run(
            async move {
                let _mark = mark;
                sleep_ms(60_000).await;
                drop((node, me));
            },
            |_, (), _| (),
        );
        let node = cx.node().clone();
        cx.after(Duration::from_secs(60), move |_, _| drop(node));
        probe.promises.push(cx.promise().0);
    })
}

#[test]
fn a_thousand_actors_leave_nothing() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let mut waiting = Vec::new();
        let mut diaries = Vec::new();
        for number in 0..1_000 {
            let (probe, diary) = probe(&node, &format!("probe/{number}"), Spec::default());
            probe.tell(busy()).expect("told");
            waiting.push(probe.ask(Wait(60_000), LONG));
            if number % 10 == 0 {
                turns().await;
                probe.kill();
            }
            diaries.push(diary);
        }
        turns().await;
        assert!(node.census().actors > 2_000, "{:?}", node.census());
        node.close(CloseCode::SHUTDOWN, "the test is over");
        empty(&node).await;
        for ask in waiting {
            ask.await.expect_err("its actor is gone");
        }
        for diary in diaries {
            let lines = diary.read();
            let dropped = lines.iter().filter(|line| *line == "dropped").count();
            assert_eq!(dropped, 4, "the probe, two children, a task: {lines:?}");
        }
        world.close().await;
    });
}

#[test]
fn a_closed_node_starts_nothing() {
    virtually(async {
        let world = World::new();
        let node = world.node("a", &[Role::Host]);
        let (probe, diary) = probe(&node, "probe", Spec::default());
        let last_words = Do::that(|probe, cx| {
            cx.node().close(CloseCode::SHUTDOWN, "from inside");
            busy().0(probe, cx);
            let mark = Mark(probe.diary.clone(), "task dropped");
            cx.node().task("late", async move {
                let _mark = mark;
                std::future::pending().await
            });
        });
        turns().await;
        diary.read();
        probe.tell(last_words).expect("told");
        empty(&node).await;
        let mut lines = diary.read();
        lines.retain(|line| line.ends_with("dropped"));
        lines.sort_unstable();
        assert_eq!(lines, ["dropped", "dropped", "dropped", "dropped", "task dropped"]);
        assert!(node.spawn(path("late"), Spec::default(), || Probe::new(&Diary::default())).is_err());
        world.close().await;
    });
}

#[test]
fn a_node_starts_again_in_one_process_on_the_same_port() {
    really(async {
        let world = World::new();
        let client = world.node("client", &[Role::Resolver]);
        let mut port = 0;
        for life in 1..=3 {
            let endpoint = world.endpoint("server", &[Role::Host], port);
            port = endpoint.local_addr().expect("an address").port();
            // Not one of the world's: nothing may keep a handle on it.
            let server = world.life("server", &[Role::Host], endpoint, life);
            world.link(&client, &server);
            let (first, _) = probe(&server, "probe", Spec::default());
            first.tell(busy()).expect("told");
            let [_, far] = both(&client, &server, "probe");
            assert_eq!(far.ask(Note(1), LONG).await, Ok(1), "life {life}");
            assert_eq!(first.incarnation().0 >> 32, life, "later lives have larger numbers throughout");
            stop_and_free(server).await;
        }
        world.close().await;
    });
}

/// Closes a node and waits until its socket is free.
async fn stop_and_free(server: Node) {
    let endpoint = server.endpoint().clone();
    server.close(CloseCode::SHUTDOWN, "restart");
    empty(&server).await;
    assert!(endpoint.wait_idle(LONG).await, "the peers know");
    let address = endpoint.local_addr().expect("an address");
    drop((server, endpoint));
    // The last handle on the endpoint is gone only if the node is: then its driver lets go of the socket.
    for _ in 0..200 {
        if std::net::UdpSocket::bind(address).is_ok() {
            return;
        }
        sleep_ms(5).await;
    }
    panic!("somebody still has the socket");
}

#[test]
fn a_call_that_is_dropped_leaves_nothing() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        let (probe, _) = probe(&server, "probe", Spec { mailbox: 4, ..Spec::default() });
        for address in both(&client, &server, "probe") {
            address.ask(Note(0), LONG).await.expect("the link is up");
            for _ in 0..100 {
                drop(address.ask(Wait(100_000), LONG));
                address.ask(Note(0), LONG).await.expect("there is room: what was dropped was taken in");
            }
        }
        let info = server.actors().into_iter().find(|info| info.path == *probe.path()).expect("listed");
        assert_eq!((info.depth, info.handled), (0, 402));
        let far = client.far::<Probing>(server.name(), path("probe"));
        assert_eq!(far.ask(Note(0), LONG).await, Ok(203), "carried out or not, nobody was held up");
        world.close().await;
    });
}
