//! From a name to a session, and every way in which that fails.

use std::time::Duration;

use actors_protocol::factory::Redemption;
use actors_protocol::resolver::Opening;
use actors_protocol::{Locator, Millis, SlotCounts};
use tokio::time::Instant;
use transport_link::Socket;
use transport_viewer::{
    CloseCode, Codec, DomainTrust, OpenError, OpenOptions, Options, Refusal, ResolverAddress, Versions, Viewer,
};

use crate::fake::{self, Answer, Fake};
use crate::net::Net;
use crate::{DELAY, clip, open, picture, server, stage, viewer};

#[tokio::test(start_paused = true)]
async fn four_round_trips_from_a_name_to_a_picture() {
    let (_net, fake, viewer) = stage();
    let begun = Instant::now();
    let options = OpenOptions { site: Some("home".parse().unwrap()), wait: Duration::from_secs(3) };
    let mut session = viewer.open(&clip(), options).await.unwrap();
    let first = picture(&mut session).await;
    let round_trips = 4 * 2 * DELAY;
    assert!(begun.elapsed() <= round_trips + Duration::from_millis(5), "{:?}", begun.elapsed());

    assert!(first.key && first.number == 0 && first.codec == Codec::H264);
    assert_eq!(first.data, fake::payload(0));
    let info = session.info();
    assert_eq!((info.service.as_str(), info.instance.as_str(), info.zone.as_str()), ("clip.demo", "clip-a", "zone-a"));
    assert_eq!((info.codec.as_str(), info.width, info.height, info.resume_window), ("h264", 640, 360, fake::WINDOW));
    let asked = fake.until(|log| log.opens.first().cloned()).await;
    assert_eq!((asked.site.unwrap().as_str(), asked.service), ("home", clip()));
    assert!(asked.wait > Millis(2_900) && asked.wait <= Millis(3_000));
    let first_frame = session.stats().first_frame_ms.unwrap();
    assert!((first_frame - round_trips.as_secs_f64() * 1e3).abs() < 5.0, "{first_frame}");
}

#[tokio::test]
async fn a_session_opens_on_real_sockets() {
    let fake = Fake::start(Socket::Udp("127.0.0.1:0".parse().unwrap()));
    let viewer = Viewer::new(fake.trust.clone(), Options::default()).unwrap();
    let mut session = open(&viewer).await;
    assert_eq!(picture(&mut session).await.number, 0);
    assert_eq!(session.close().await.code, Some(CloseCode::GOODBYE));
    assert_eq!(
        fake.until(|log| (!log.closes.is_empty()).then(|| (log.goodbyes, log.closes[0]))).await,
        (1, Some(CloseCode::GOODBYE))
    );
    viewer.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_resolver_says_is_told_in_words() {
    let (_net, fake, viewer) = stage();
    let counts = SlotCounts { active: 8, ..SlotCounts::default() };
    let near = vec!["clip.demo".parse().unwrap()];
    for (opening, words) in [
        (
            Opening::Full { counts, waited: Millis(0), note: None },
            "no free slot of clip.demo: 8 active, 0 draining; try again",
        ),
        (Opening::Unknown { near }, "did you mean clip.demo?"),
        (Opening::Unknown { near: vec![] }, "no service clip.demo in this domain"),
        (Opening::UnknownSite { sites: vec!["home".parse().unwrap()] }, "the sites are home"),
        (Opening::TooManyLeases { limit: 2 }, "at most 2"),
        (Opening::Unreachable { zones: vec!["zone-b".parse().unwrap()] }, "zone-b"),
        (Opening::QueueFull { limit: 100 }, "100 viewers wait"),
    ] {
        fake.next_answers([Answer::Say(opening)]);
        let begun = Instant::now();
        let error = viewer.open(&clip(), OpenOptions::default()).await.err().expect("refused");
        assert!(error.to_string().contains(words), "{error}");
        assert!(begun.elapsed() < Duration::from_millis(200), "a refusal is told at once");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_instance_says_is_told_in_words() {
    let (_net, fake, viewer) = stage();
    for (redemption, refusal) in [
        (Redemption::Forged, Refusal::Forged),
        (Redemption::Expired, Refusal::Expired),
        (Redemption::Reused, Refusal::Reused),
        (Redemption::WrongKey, Refusal::WrongKey),
        (Redemption::Draining, Refusal::Draining),
    ] {
        *fake.state.redemption.lock().unwrap() = Some(redemption);
        match viewer.open(&clip(), OpenOptions::default()).await.err() {
            Some(OpenError::Refused { refusal: told, instance, .. }) => {
                assert_eq!((told, instance.as_str()), (refusal, "clip-a"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_not_there_or_not_ours() {
    let (_net, fake, viewer) = stage();
    *fake.state.locator.lock().unwrap() = Some(Locator::Url("rfb://10.0.0.9:5900".into()));
    let error = viewer.open(&clip(), OpenOptions::default()).await.err().unwrap();
    assert!(matches!(&error, OpenError::NotFusion { url, .. } if url.starts_with("rfb://")), "{error}");

    let nowhere = "10.0.0.9:4433".parse().unwrap();
    *fake.state.locator.lock().unwrap() = Some(fake::locator(nowhere));
    let error = viewer.open(&clip(), OpenOptions::default()).await.err().unwrap();
    assert!(matches!(error, OpenError::InstanceUnreachable { endpoint, .. } if endpoint == nowhere), "{error}");
    assert!(error.to_string().contains("10.0.0.9:4433"), "{error}");

    // The address is right, but another machine than the one that was promised answers there.
    let Locator::Fusion { endpoint, factory, .. } = fake::locator(server()) else { unreachable!() };
    let other = Locator::Fusion { endpoint, server_name: "n2.host.demo".into(), factory };
    *fake.state.locator.lock().unwrap() = Some(other);
    let error = viewer.open(&clip(), OpenOptions::default()).await.err().unwrap();
    assert!(matches!(error, OpenError::InstanceUnreachable { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn nobody_answers() {
    let net = Net::new(DELAY);
    let fake = Fake::start(Socket::Abstract(net.socket(server())));
    let mut trust: DomainTrust = fake.trust.clone();
    trust.resolvers[0].address = "10.0.0.8:1".parse().unwrap();
    let begun = Instant::now();
    let error = viewer(&net, trust, 1).open(&clip(), OpenOptions::default()).await.err().unwrap();
    assert!(matches!(&error, OpenError::NoResolver { tried, .. } if tried.len() == 1), "{error}");
    assert!(error.to_string().contains("10.0.0.8:1"), "{error}");
    assert!(begun.elapsed() <= Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_domain_that_is_another_is_not_asked_again() {
    let (net, _fake, _viewer) = stage();
    let elsewhere = Fake::start(Socket::Abstract(net.socket("10.0.0.2:4433".parse().unwrap())));
    let mut trust = elsewhere.trust.clone();
    trust.resolvers[0].address = server();
    let begun = Instant::now();
    let error = viewer(&net, trust, 2).open(&clip(), OpenOptions::default()).await.err().unwrap();
    assert!(matches!(error, OpenError::NoResolver { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_next_resolver_is_asked_when_one_is_silent() {
    let (net, fake, _viewer) = stage();
    let mut trust = fake.trust.clone();
    let dead = ResolverAddress { address: "10.0.0.8:1".parse().unwrap(), ..trust.resolvers[0].clone() };
    trust.resolvers.insert(0, dead);
    let begun = Instant::now();
    let mut session = open(&viewer(&net, trust.clone(), 2)).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(picture(&mut session).await.number, 0);

    // One that lives and says nothing is no better than a dead one.
    trust.resolvers[0] = trust.resolvers[1].clone();
    fake.next_answers([Answer::Nothing]);
    let begun = Instant::now();
    open(&viewer(&net, trust, 3)).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_lost_question_is_asked_again_and_is_the_same_question() {
    let (_net, fake, viewer) = stage();
    fake.next_answers([Answer::Hang(CloseCode::SHUTDOWN), Answer::Hang(CloseCode::DROPPED)]);
    let options = OpenOptions { site: None, wait: Duration::from_secs(10) };
    let mut session = viewer.open(&clip(), options).await.unwrap();
    assert_eq!(picture(&mut session).await.number, 0);
    let opens = fake.until(|log| (log.opens.len() == 3).then(|| log.opens.clone())).await;
    assert!(opens.windows(2).all(|two| two[0].request == two[1].request && two[0].viewer == two[1].viewer));
    assert!(opens.windows(2).all(|two| two[0].wait > two[1].wait), "what is left of the wait");
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_goes_silent_while_we_wait_is_found_again() {
    let (net, fake, viewer) = stage();
    fake.next_answers([Answer::Nothing]);
    let waits = async {
        let options = OpenOptions { site: None, wait: Duration::from_secs(20) };
        viewer.open(&clip(), options).await.expect("the second question is granted")
    };
    let outage = async {
        fake.until(|log| (log.opens.len() == 1).then_some(())).await;
        net.cut(true);
        tokio::time::sleep(Duration::from_secs(6)).await;
        net.cut(false);
    };
    tokio::join!(waits, outage);
    fake.until(|log| (log.opens.len() == 2 && log.opens[0].request == log.opens[1].request).then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn another_version_is_refused_in_words() {
    let (net, fake, _viewer) = stage();
    let socket = Socket::Abstract(net.socket("10.0.1.9:5000".parse().unwrap()));
    let versions = Some(Versions::new(9, 0));
    let viewer = Viewer::new(fake.trust.clone(), Options { socket: Some(socket), rng_seed: None, versions }).unwrap();
    let error = viewer.open(&clip(), OpenOptions::default()).await.err().unwrap().to_string();
    assert!(error.contains('9') && error.contains("version"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn giving_up_leaves_nothing_behind() {
    let (_net, fake, viewer) = stage();
    fake.next_answers([Answer::Nothing]);
    let options = OpenOptions { site: None, wait: Duration::from_secs(10) };
    let given_up = tokio::time::timeout(Duration::from_millis(500), viewer.open(&clip(), options)).await;
    assert!(given_up.is_err());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(fake.endpoint.open_connections(), 0, "the connection is closed with the question");
    open(&viewer).await;
}
