//! A connection that is lost, and a session that is not.

use std::time::Duration;

use actors_protocol::factory::Redemption;
use tokio::time::Instant;
use transport_link::Socket;
use transport_viewer::{CloseCode, Event, InputEvent, Session};

use crate::fake::{self, Fake, GROUP};
use crate::{next, open, picture, server, stage};

const RIGHT: InputEvent = InputEvent::Key { keysym: 0xff53, down: true };

async fn lost(session: &mut Session) -> String {
    match next(session).await {
        Event::Lost { words } => words,
        other => panic!("the connection is lost, not {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_goes_on_after_a_cut() {
    let (net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    picture(&mut session).await;
    session.send(RIGHT).unwrap();
    fake.until(|log| (log.inputs.len() == 1).then_some(())).await;

    for round in 1..=2u64 {
        net.cut(true);
        let words = lost(&mut session).await;
        assert!(!words.is_empty());
        let number = session.send(RIGHT).expect("kept until the connection is back");
        let back = Instant::now();
        net.cut(false);
        let connection = fake.session(round as usize).await;
        // A dependant of the old group that the server had begun is of no use to anybody.
        fake::send(&connection, round * 10 * GROUP + 3, 0).await;
        fake::send(&connection, (round * 10 + 1) * GROUP, 0).await;
        assert!(matches!(next(&mut session).await, Event::Resumed));
        assert!(back.elapsed() < Duration::from_secs(2), "{:?}", back.elapsed());
        let shown = picture(&mut session).await;
        assert!(shown.key && shown.number == (round * 10 + 1) * GROUP, "{shown:?}");
        let inputs = fake.until(|log| (log.inputs.len() as u64 == 1 + round).then(|| log.inputs.clone())).await;
        assert_eq!(inputs.last().unwrap().number, number, "what was not sent before is sent now, once");
    }
    let stats = session.stats();
    assert_eq!((stats.resumed, stats.frames), (2, 3));
    assert_eq!(session.close().await.code, Some(CloseCode::GOODBYE));
    assert_eq!(fake.until(|log| (log.goodbyes == 1).then_some(log.resumes)).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_over_ends_the_session() {
    let (net, _fake, viewer) = stage();
    let mut session = open(&viewer).await;
    picture(&mut session).await;
    net.cut(true);
    lost(&mut session).await;
    let since = Instant::now();
    let Event::Ended(ended) = next(&mut session).await else { panic!("it has ended") };
    assert_eq!(ended.code, None);
    assert!(ended.words.contains("6000 ms"), "{ended}");
    let took = since.elapsed();
    assert!(took >= fake::WINDOW.duration() && took < fake::WINDOW.duration() + Duration::from_millis(100), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_to_resume_ends_the_session_at_once() {
    for (refusal, code, words) in [
        (Redemption::Forged, None, "restarted"),
        (Redemption::Expired, None, "longer"),
        (Redemption::WrongKey, None, "believe"),
        (Redemption::Draining, Some(CloseCode::DRAINED), "drained"),
    ] {
        let (net, fake, viewer) = stage();
        let mut session = open(&viewer).await;
        picture(&mut session).await;
        *fake.state.redemption.lock().unwrap() = Some(refusal);
        net.cut(true);
        lost(&mut session).await;
        net.cut(false);
        let Event::Ended(ended) = next(&mut session).await else { panic!("it has ended") };
        assert_eq!(ended.code, code);
        assert!(ended.words.contains(words), "{ended}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_gone_ends_the_session_at_once() {
    let (net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    picture(&mut session).await;
    fake.state.gone.store(true, std::sync::atomic::Ordering::Release);
    net.cut(true);
    lost(&mut session).await;
    net.cut(false);
    let back = Instant::now();
    let Event::Ended(ended) = next(&mut session).await else { panic!("it has ended") };
    assert!(ended.code.is_none() && ended.words.contains("restarted"), "{ended}");
    assert!(back.elapsed() < Duration::from_secs(2), "{:?}", back.elapsed());
}

#[tokio::test(start_paused = true)]
async fn leaving_while_the_connection_is_lost_does_not_wait_for_it() {
    let (net, _fake, viewer) = stage();
    let mut session = open(&viewer).await;
    picture(&mut session).await;
    net.cut(true);
    lost(&mut session).await;
    let begun = Instant::now();
    let ended = session.close().await;
    assert!(ended.words.contains("lost"), "{ended}");
    assert!(begun.elapsed() < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_nobody_answers_is_bounded() {
    let (net, _fake, viewer) = stage();
    let session = open(&viewer).await;
    net.cut(true);
    let begun = Instant::now();
    assert_eq!(session.close().await.code, Some(CloseCode::GOODBYE));
    assert!(begun.elapsed() <= Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_comes_back_as_another_does_not_know_the_session() {
    let (net, mut fake, viewer) = stage();
    let mut session = open(&viewer).await;
    picture(&mut session).await;
    fake.vanish();
    drop(fake);
    // The same address, another authority: whoever that is, it is not the one that we trust.
    let _stranger = Fake::start(Socket::Abstract(net.socket(server())));
    lost(&mut session).await;
    let Event::Ended(ended) = next(&mut session).await else { panic!("it has ended") };
    assert_eq!(ended.code, None, "{ended}");
}
