//! Times, asserted in virtual time: opening, queueing, restarts, and that nobody is disturbed by what happens to another.

use std::time::Duration;

use actors_kernel::ActorPath;
use actors_protocol::factory::{Redeem, Redemption};
use actors_protocol::node::{EndActor, InspectActor, Inspection, Node as NodeProtocol};
use actors_protocol::resolver::{Open, Opening};
use actors_protocol::{Incarnation, Locator, Millis, RequestId, Role, ViewerKey};
use media_session::Strain;
use media_share::overload::Turn;
use tests_harness::calm::{Calm, Seen, calm, look};
use tests_harness::cast::name;
use tests_harness::domain::Making;
use tests_harness::hostile::wire::{Dialler, Wire};
use tests_harness::net::Link;
use tests_harness::viewers::Eye;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use transport_link::{SigningKey, Target};
use transport_viewer::{Event, InputEvent, OpenError, Session, Viewer};

/// Between viewers and nodes, one way.
const ONE_WAY: Duration = Duration::from_millis(20);
/// There and back.
const ROUND_TRIP: Duration = Duration::from_millis(40);
/// Between nodes, one way: two round trips of it are in an open, from the resolver by the gateway to the factory.
const BETWEEN_NODES: Duration = Duration::from_millis(1);
/// No picture may come later than this after the one before.
const SMOOTH: Duration = Duration::from_millis(100);

/// Thirty pictures a second, a key picture each second.
fn film(bytes: usize) -> Making {
    Making { show: (30, 30, bytes), ..Making::default() }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

async fn leave((viewer, session): (Viewer, Session)) {
    session.close().await;
    viewer.close().await;
}

#[test]
fn opening_over_new_connections_takes_four_round_trips() {
    calm([2, 0, 0], film(1_000), async |calm| {
        calm.link_nodes(Link::delay(BETWEEN_NODES));
        calm.link(1, Link::delay(ONE_WAY));
        let begun = Instant::now();
        let (viewer, mut session) = calm.open(1, Duration::ZERO).await.expect("a free slot");
        let first = session.next_picture().await.expect("a first picture");
        let took = begun.elapsed();
        println!("open to first picture: {took:?}, {:?}", session.stats().first_frame_ms);
        assert_eq!(first.number, 0);
        assert!(took >= 4 * ROUND_TRIP && took <= 4 * ROUND_TRIP + ms(5), "{took:?}");
        leave((viewer, session)).await;
    });
}

#[test]
fn an_input_is_seen_one_round_trip_later_at_the_next_picture() {
    calm([2, 0, 0], film(1_000), async |calm| {
        calm.link(1, Link::delay(ONE_WAY));
        let (viewer, mut session) = calm.open(1, Duration::ZERO).await.expect("a free slot");
        for _ in 0..20 {
            session.next_picture().await.expect("it plays");
            session.send(InputEvent::Key { keysym: 0xff53, down: true }).expect("it takes inputs");
        }
        look(&mut session, &mut Eye::default(), ms(1)).await;
        let measured = session.stats().input_to_picture_ms.expect("inputs were echoed");
        println!("input to picture: {measured:?}");
        assert!(measured.p50 >= 40.0 && measured.p99 <= 40.0 + 34.0 + 5.0, "{measured:?}");
        leave((viewer, session)).await;
    });
}

#[test]
fn who_comes_when_all_is_taken_is_told_so_at_once_and_who_waits_gets_what_another_gives_up() {
    calm([3, 1, 4], film(200), async |calm| {
        let mut sessions = Vec::new();
        for number in 1..=8 {
            sessions.push(calm.open(number, Duration::ZERO).await.expect("one of eight slots"));
        }
        let begun = Instant::now();
        match calm.open(9, Duration::ZERO).await {
            Err(OpenError::NoFreeSlot { counts, .. }) => assert_eq!((counts.active, counts.free), (8, 0)),
            other => panic!("{:?}", other.map(|_| "opened")),
        }
        let refused = begun.elapsed();
        let waiting = async {
            let opened = calm.open(10, Duration::from_secs(10)).await.expect("a slot that another gives up");
            (Instant::now(), opened)
        };
        let leaving = async {
            sleep(Duration::from_secs(3)).await;
            let given_up = Instant::now();
            leave(sessions.remove(2)).await;
            given_up
        };
        let ((opened_at, opened), given_up) = tokio::join!(waiting, leaving);
        let handed_on = opened_at - given_up;
        println!("refused after {refused:?}; a slot handed on after {handed_on:?}");
        assert!(refused < Duration::from_secs(1), "{refused:?}");
        assert!(handed_on < ms(300), "{handed_on:?}");
        leave(opened).await;
        for session in sessions {
            leave(session).await;
        }
    });
}

#[test]
fn the_queue_is_served_in_the_order_of_coming() {
    calm([1, 0, 0], film(200), async |calm| {
        let first = calm.open(1, Duration::ZERO).await.expect("the slot");
        let order = std::cell::RefCell::new(Vec::new());
        let wait = |number: u8| {
            let order = &order;
            async move {
                sleep(ms(u64::from(number) * 50)).await;
                let opened = calm.open(number, Duration::from_secs(50)).await.expect("its turn");
                order.borrow_mut().push(number);
                sleep(ms(500)).await;
                leave(opened).await;
            }
        };
        let leaving = async {
            sleep(Duration::from_secs(2)).await;
            leave(first).await;
        };
        tokio::join!(leaving, wait(2), wait(3), wait(4), wait(5), wait(6), wait(7));
        assert_eq!(*order.borrow(), [2, 3, 4, 5, 6, 7]);
    });
}

/// Opens a session and watches it beside others; the results in the order of numbers.
async fn watch_all(calm: &Calm, numbers: std::ops::RangeInclusive<u8>, length: Duration) -> Vec<Seen> {
    let mut sessions = Vec::new();
    for number in numbers {
        sessions.push(calm.open(number, Duration::ZERO).await.expect("a free slot"));
    }
    let mut watching = JoinSet::new();
    for (index, (viewer, mut session)) in sessions.into_iter().enumerate() {
        watching.spawn_local(async move {
            let seen = look(&mut session, &mut Eye::default(), length).await;
            leave((viewer, session)).await;
            (index, seen)
        });
    }
    let mut seen: Vec<_> = watching.join_all().await;
    seen.sort_by_key(|(index, _)| *index);
    seen.into_iter().map(|(_, seen)| seen).collect()
}

fn undisturbed(seen: &[Seen]) {
    for seen in seen {
        assert!(seen.missing == 0 && seen.longest <= SMOOTH && seen.pictures > 100, "{seen:?}");
    }
}

#[test]
fn killing_a_session_leaves_the_others_without_a_gap() {
    calm([5, 0, 0], film(1_000), async |calm| {
        let (viewer, mut victim) = calm.open(1, Duration::ZERO).await.expect("a free slot");
        let host = calm.domain.life(&name("host-a1")).expect("it is up");
        let kill = async {
            sleep(Duration::from_secs(2)).await;
            let path = ActorPath::new(&format!("instance/one/slot-{}", victim.info().slot.0)).expect("a path");
            let inspector = host.node.near::<NodeProtocol>(ActorPath::new("node").expect("a path"));
            inspector.ask(EndActor { path, kill: true }, Duration::from_secs(1)).await.expect("it is killed");
            loop {
                if let Event::Ended(ended) = victim.next().await {
                    return ended;
                }
            }
        };
        let (seen, ended) = tokio::join!(watch_all(calm, 2..=5, Duration::from_secs(5)), kill);
        undisturbed(&seen);
        assert_eq!(ended.code, Some(transport_viewer::CloseCode::KILLED), "{ended}");
        viewer.close().await;
    });
}

#[test]
fn half_the_bandwidth_makes_pictures_late_and_not_old() {
    // 30 pictures a second of 2,000 bytes: half of that is 30,000 bytes a second. The queue is of a fifth of a second, as a
    // router for such a line has it.
    calm([2, 0, 0], film(2_000), async |calm| {
        calm.link(1, Link { rate: Some(30_000), queue: 6_000, ..Link::delay(ms(30)) });
        let (viewer, mut session) = calm.open(1, Duration::ZERO).await.expect("a free slot");
        let seen = look(&mut session, &mut Eye::default(), Duration::from_secs(20)).await;
        let stats = session.stats();
        println!("{seen:?}\n{stats:?}");
        assert!(stats.late > 0 && seen.keys > 3, "{seen:?}");
        let age = stats.picture_age_ms.expect("pictures came");
        assert!(age.p99 <= 500.0, "{age:?}");
        leave((viewer, session)).await;
    });
}

/// The library takes pictures in and drops them; the application does not take them.
#[test]
fn an_application_that_takes_nothing_does_not_disturb_the_others() {
    calm([5, 0, 0], film(1_000), async |calm| {
        let (viewer, mut stalled) = calm.open(1, Duration::ZERO).await.expect("a free slot");
        let seen = watch_all(calm, 2..=5, Duration::from_secs(8)).await;
        undisturbed(&seen);
        let mut eye = Eye::default();
        let caught_up = look(&mut stalled, &mut eye, Duration::from_secs(2)).await;
        println!("after 8 s without reading: {caught_up:?}");
        assert!(caught_up.missing > 0, "what was not read in time is dropped: {caught_up:?}");
        leave((viewer, stalled)).await;
    });
}

/// It shakes hands, redeems, and never reads a stream: all that it permits fills up.
#[test]
fn a_viewer_that_reads_nothing_does_not_disturb_the_others() {
    calm([5, 0, 0], film(1_000), async |calm| {
        let (wire, path) = redeem_and_stop(calm).await;
        let seen = watch_all(calm, 2..=5, Duration::from_secs(10)).await;
        undisturbed(&seen);
        let host = calm.domain.life(&name("host-a1")).expect("it is up");
        let inspector = host.node.near::<NodeProtocol>(ActorPath::new("node").expect("a path"));
        let state = inspector.ask(InspectActor { path }, Duration::from_secs(1)).await.expect("answered");
        let Inspection::State { state, .. } = state else { panic!("{state:?}") };
        println!("after 10 s: {state}");
        let under_way = state.split("\"under_way\":").nth(1).and_then(|rest| rest.split([',', '}']).next());
        let under_way: usize = under_way.and_then(|number| number.parse().ok()).expect("it says how many");
        assert!(under_way <= 64, "{state}");
        drop(wire);
    });
}

async fn redeem_and_stop(calm: &Calm) -> (Wire, ActorPath) {
    let dialler = Dialler::new(calm.net(), Calm::host(1), None, [5; 32]);
    let trust = calm.domain.trust();
    let resolver = Target { endpoint: trust.resolvers[0].address, server_name: trust.resolvers[0].server_name.clone() };
    let key = SigningKey::from_seed([6; 32]);
    let viewer = ViewerKey(key.public_key());
    let (request, wait) = (RequestId(7), Millis::ZERO);
    let open = Open { request, service: name("stage.sim"), site: None, viewer, wait };
    let mut wire = dialler.dial(&resolver).await.expect("the resolver is there");
    let opening = wire.ask("resolver", Incarnation::ANY, &open, Duration::from_secs(1)).await.expect("answered");
    let Opening::Granted(grant) = opening else { panic!("{opening:?}") };
    let Locator::Fusion { endpoint, server_name, factory } = grant.locator else { panic!("a fusion instance") };
    let mut wire = dialler.dial(&Target { endpoint, server_name }).await.expect("the host is there");
    let redeem = Redeem { ticket: grant.ticket, viewer, proof: wire.connection().prove(&key) };
    let path = factory.path.as_str();
    let redeemed = wire.ask(path, factory.incarnation, &redeem, Duration::from_secs(1)).await.expect("answered");
    let Redemption::Opened(opened) = redeemed else { panic!("{redeemed:?}") };
    (wire, factory.path.child(opened.slot).expect("a path"))
}

#[test]
fn after_a_crash_of_resolver_or_orchestrator_new_sessions_open_within_three_seconds_and_old_ones_play_on() {
    for role in [Role::Resolver, Role::Orchestrator] {
        calm([4, 0, 0], film(1_000), async |calm| {
            let node = calm.node(role);
            let restart = async {
                sleep(Duration::from_secs(1)).await;
                calm.domain.crash(&node);
                sleep(ms(1_500)).await;
                calm.domain.boot(&node);
                let restarted = Instant::now();
                let opened = calm.open(9, Duration::ZERO).await.expect("a new session");
                let took = restarted.elapsed();
                leave(opened).await;
                took
            };
            let (seen, took) = tokio::join!(watch_all(calm, 1..=2, Duration::from_secs(8)), restart);
            println!("{role}: a new session {took:?} after the restart");
            undisturbed(&seen);
            assert!(took <= Duration::from_secs(3), "{role}: {took:?}");
        });
    }
}

/// Without the keys that a node keeps, its peers would wait for their idle time-outs.
#[test]
fn a_restart_is_noticed_at_once() {
    for role in [Role::Resolver, Role::Orchestrator, Role::Zone, Role::Host] {
        calm([2, 0, 0], film(200), async |calm| {
            let node = calm.node(role);
            calm.domain.crash(&node);
            sleep(ms(100)).await;
            calm.domain.boot(&node);
            let begun = Instant::now();
            let linked = |part: &tests_harness::cast::Part| {
                let life = calm.domain.life(&part.name).expect("it is up");
                let links = life.node.links();
                let of = links.iter().find(|link| link.node == node);
                of.is_none_or(|link| link.up)
            };
            // Each says something within a second, is told that nobody knows it, and dials again.
            sleep(ms(1_500)).await;
            let without: Vec<_> =
                calm.domain.cast().parts.iter().filter(|part| !linked(part)).map(|part| &part.name).collect();
            assert!(without.is_empty(), "{role}: {without:?} have no link after {:?}", begun.elapsed());
        });
    }
}

#[test]
fn an_overloaded_instance_turns_newcomers_away_with_the_reason_and_lets_the_others_play() {
    calm([2, 0, 0], film(200), async |calm| {
        let (viewer, mut session) = calm.open(1, Duration::ZERO).await.expect("a slot is free");
        let host = calm.domain.life(&calm.node(Role::Host)).expect("it is up");
        let factory = host.factories.borrow().first().cloned().expect("it runs one");
        let strain = async |turn| factory.ask(Strain(turn), ms(100)).await.expect("it lives");
        strain(Turn::Overloaded { words: "8 % of the pictures are late".to_owned() }).await;
        // Told within the time that a report takes.
        sleep(ms(500)).await;
        let refused = calm.open(2, Duration::ZERO).await.err().expect("nothing is free");
        assert!(refused.to_string().contains("8 % of the pictures are late"), "{refused}");
        let seen = look(&mut session, &mut Eye::default(), Duration::from_secs(2)).await;
        assert!(seen.longest <= SMOOTH && seen.missing == 0, "who plays notices nothing: {seen:?}");
        strain(Turn::Well).await;
        sleep(ms(500)).await;
        leave(calm.open(3, Duration::ZERO).await.expect("offered again")).await;
        leave((viewer, session)).await;
    });
}
