//! What becomes of the neighbours in a guide when one session is killed, one page panics and one never comes; and that an
//! instance which was overloaded is offered again. In virtual time.

use std::time::Duration;

use actors_kernel::ActorPath;
use actors_protocol::Millis;
use actors_protocol::node::{EndActor, Node as NodeProtocol};
use tests_harness::calm::{Calm, Seen, calm_guide, look};
use tests_harness::cast::name;
use tests_harness::guide::{FILM, OTHER_FILM, PANICS, STALLS, Unit};
use tests_harness::viewers::Eye;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use transport_viewer::{Ended, Event, InputEvent, Session, Viewer};

/// No picture may come later than this after the one before.
const SMOOTH: Duration = Duration::from_millis(100);

async fn leave((viewer, session): (Viewer, Session)) {
    session.close().await;
    viewer.close().await;
}

/// Two viewers of each film, who look on for a while.
async fn neighbours(calm: &Calm, length: Duration, meanwhile: impl Future<Output = ()>) -> Vec<Seen> {
    let mut sessions = Vec::new();
    for (number, page) in [(1, FILM), (2, OTHER_FILM), (3, FILM), (4, OTHER_FILM)] {
        sessions.push((page, calm.open_guide(number, page).await.expect("a free slot")));
    }
    let mut eyes: Vec<_> = sessions.iter().map(|_| Eye::default()).collect();
    for ((_, (_, session)), eye) in sessions.iter_mut().zip(&mut eyes) {
        look(session, eye, Duration::from_millis(500)).await;
    }
    let mut watching = JoinSet::new();
    for ((page, (viewer, mut session)), mut eye) in sessions.into_iter().zip(eyes) {
        watching.spawn_local(async move {
            // What came meanwhile is taken first.
            look(&mut session, &mut eye, Duration::from_millis(100)).await;
            let seen = look(&mut session, &mut eye, length).await;
            let last = session.next_picture().await.expect("it plays on");
            assert_eq!(Unit::read(&last.data).map(|unit| unit.page), Some(page));
            leave((viewer, session)).await;
            seen
        });
    }
    meanwhile.await;
    watching.join_all().await
}

fn undisturbed(seen: &[Seen]) {
    println!("neighbours: {seen:?}");
    assert_eq!(seen.len(), 4);
    for seen in seen {
        assert!(seen.missing == 0 && seen.longest <= SMOOTH && seen.pictures > 90, "{seen:?}");
    }
}

async fn end_of(mut opened: (Viewer, Session)) -> Ended {
    let ended = loop {
        if let Event::Ended(ended) = opened.1.next().await {
            break ended;
        }
    };
    opened.0.close().await;
    ended
}

#[test]
fn killing_a_session_leaves_the_others_of_its_rendition_without_a_gap() {
    calm_guide(5, async |calm| {
        let victim = calm.open_guide(5, FILM).await.expect("a free slot");
        let seen = neighbours(calm, Duration::from_secs(5), async {
            sleep(Duration::from_secs(2)).await;
            let path = format!("instance/epg/slot-{}", victim.1.info().slot.0);
            let host = calm.domain.life(&name("host-a1")).expect("it is up");
            let inspector = host.node.near::<NodeProtocol>(ActorPath::new("node").expect("a path"));
            let end = EndActor { path: ActorPath::new(&path).expect("a path"), kill: true };
            inspector.ask(end, Duration::from_secs(1)).await.expect("it is killed");
            let ended = end_of(victim).await;
            assert_eq!(ended.code, Some(transport_viewer::CloseCode::KILLED), "{ended}");
        });
        undisturbed(&seen.await);
    });
}

#[test]
fn a_page_that_panics_or_never_comes_ends_who_asked_for_it_and_leaves_the_others_without_a_gap() {
    for page in [PANICS, STALLS] {
        calm_guide(6, async |calm| {
            // One has been with the neighbours before.
            let one = calm.open_guide(5, FILM).await.expect("a free slot");
            let seen = neighbours(calm, Duration::from_secs(5), async {
                sleep(Duration::from_secs(1)).await;
                let asked = Instant::now();
                one.1.send(InputEvent::Key { keysym: page, down: true }).expect("it takes inputs");
                let other = calm.open_guide(6, page).await.expect("a free slot");
                for victim in [one, other] {
                    let ended = timeout(Duration::from_secs(3), end_of(victim)).await.expect("given up in time");
                    assert_eq!(ended.code, Some(transport_viewer::CloseCode::KILLED), "{ended}");
                }
                println!("page {page}: its sessions were over after {:?}", asked.elapsed());
            });
            undisturbed(&seen.await);
        });
    }
}

#[test]
fn an_instance_that_was_overloaded_is_offered_again_also_when_all_have_left_it() {
    calm_guide(2, async |calm| {
        let (viewer, mut session) = calm.open_guide(1, FILM).await.expect("a free slot");
        calm.domain.media().slow_down(Millis(130));
        look(&mut session, &mut Eye::default(), Duration::from_secs(14)).await;
        let refused = calm.open_guide(2, FILM).await.err().expect("nothing is free");
        println!("{refused}");
        assert!(refused.to_string().contains("late"), "{refused}");
        leave((viewer, session)).await;
        calm.domain.media().slow_down(Millis::ZERO);
        sleep(Duration::from_secs(15)).await;
        leave(calm.open_guide(3, FILM).await.expect("offered again")).await;
        assert_eq!(calm.domain.media().attended(), 1, "only what lingers is attended to");
        sleep(Duration::from_secs(1)).await;
        assert_eq!(calm.domain.media().attended(), 0, "nobody watches");
    });
}
