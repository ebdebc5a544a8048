//! The same link on a paused clock: round trips are counted, silence takes no time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actors_protocol::{Fault, Role};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::Instant;
use transport_link::{
    Endpoint, LinkError, LinkState, Options, Outcome, Redial, Socket, Target, UnitSender, Versions, tuning,
};

use crate::media::{header, receive};
use crate::network::Network;
use crate::support::{ANY, DEADLINE, Domain, Echo, Park, Running, dial, spawn};

const ONE_WAY: Duration = Duration::from_millis(20);
const ROUND_TRIP: Duration = Duration::from_millis(40);
/// Timers tick in milliseconds, and each hop may wait for the next tick.
const TICKS: Duration = Duration::from_millis(5);

fn on(network: &Arc<Network>, host: u8, options: Options) -> Options {
    let address = SocketAddr::from(([10, 0, 0, host], 7000));
    Options { socket: Socket::Abstract(network.socket(address)), rng_seed: Some([host; 32]), ..options }
}

fn start() -> (Arc<Network>, Domain, Running, Endpoint, Target) {
    let network = Network::new(ONE_WAY);
    let domain = Domain::new("test");
    let server = Running::start(on(&network, 1, domain.node("server", &[Role::Host])));
    let client = Endpoint::bind(on(&network, 2, domain.node("client", &[Role::Zone]))).unwrap();
    let target = server.target("server.host.test");
    (network, domain, server, client, target)
}

#[tokio::test(start_paused = true)]
async fn a_first_answer_takes_two_round_trips_and_the_next_ones_take_one() {
    let (_network, _domain, _server, client, target) = start();
    let begin = Instant::now();
    let asking = dial(&client, &target).await;
    assert_eq!(asking.echo("first").await.unwrap(), "first");
    let first = begin.elapsed();
    assert!(first >= 2 * ROUND_TRIP && first <= 2 * ROUND_TRIP + TICKS, "{first:?}");

    let begin = Instant::now();
    assert_eq!(asking.echo("second").await.unwrap(), "second");
    let second = begin.elapsed();
    assert!(second >= ROUND_TRIP && second <= ROUND_TRIP + TICKS, "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_kept_to_the_tick_each_by_itself() {
    let (_network, _domain, _server, client, target) = start();
    let asking = dial(&client, &target).await;
    let begin = Instant::now();
    let lengths = [250, 90, 4000, 91, 250];
    let asks: Vec<_> = lengths
        .iter()
        .map(|length| {
            let ask = asking.control.ask("park", ANY, &Park(1), Duration::from_millis(*length));
            tokio::spawn(async move { (ask.await, begin.elapsed()) })
        })
        .collect();
    for (ask, length) in asks.into_iter().zip(lengths) {
        let (answer, took) = ask.await.unwrap();
        assert_eq!(answer, Err(Fault::Deadline));
        let length = Duration::from_millis(length);
        assert!(took >= length && took <= length + Duration::from_millis(2), "{took:?} for {length:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_link_lives_and_a_cut_one_is_noticed_by_both_after_the_idle_time_out() {
    let (network, _domain, server, client, target) = start();
    let asking = dial(&client, &target).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(asking.echo("still here").await.unwrap(), "still here");

    network.cut(true);
    let begin = Instant::now();
    let ended = asking.driver.await.unwrap();
    let took = begin.elapsed();
    assert!(matches!(&ended, LinkError::Lost(words) if words.contains("silent")), "{ended}");
    assert!(took <= tuning::IDLE + tuning::KEEP_ALIVE + ROUND_TRIP + TICKS, "{took:?}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(matches!(&server.ended.lock()[0], LinkError::Lost(_)));
}

#[tokio::test(start_paused = true)]
async fn a_redial_waits_through_a_partition_and_is_back_within_its_longest_wait() {
    let (network, _domain, server, client, target) = start();
    let (redial, driver) = Redial::new(&client, target, Versions::CURRENT);
    let _driver = spawn(driver);
    redial.connected().await.unwrap();
    network.cut(true);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let LinkState::Down { since, error } = redial.state() else { panic!("it is up") };
    assert!(since.elapsed() > Duration::from_secs(50), "down since the loss, not since the last attempt");
    assert!(error.is_some());

    let told = redial.ask("echo", ANY, &Echo("lost".into()), Duration::from_secs(2)).await;
    assert!(matches!(&told, Err(Fault::Gone(words)) if words.contains("no answer from server.host.test")), "{told:?}");
    let waiting = redial.ask("echo", ANY, &Echo("found".into()), DEADLINE);
    network.cut(false);
    let begin = Instant::now();
    assert_eq!(waiting.await.unwrap(), "found");
    let took = begin.elapsed();
    assert!(took <= Duration::from_secs(1) + 2 * ROUND_TRIP + TICKS, "{took:?}");
    assert_eq!(server.calls(), ["client echo 0x7f01"], "the one whose deadline was over never left");
}

#[tokio::test(start_paused = true)]
async fn pictures_that_wait_are_sent_newest_group_first_and_in_order_within() {
    let network = Network::new(ONE_WAY);
    let domain = Domain::new("test");
    let host = Running::start(on(&network, 1, domain.node("server", &[Role::Host])));
    let viewer = Endpoint::bind(on(&network, 2, domain.viewer())).unwrap();
    let seen = viewer.connect(&host.target("server.host.test"), DEADLINE).await.unwrap();
    host.attempts(1).await;
    let sending = host.admitted.lock()[0].as_ref().unwrap().clone();
    // A fresh connection has a small congestion window: all but the first packets wait for round trips to pass.
    let units = [(2, 0), (2, 1), (3, 0), (3, 1)].map(|(group, unit)| {
        let payload = Bytes::from(vec![0; 200_000]);
        tokio::spawn(UnitSender::send(&sending, header(group, unit), payload).unwrap())
    });
    let arrived = Arc::new(Mutex::new(Vec::new()));
    for _ in &units {
        let mut stream = seen.accept_uni().await.unwrap();
        let arrived = arrived.clone();
        tokio::spawn(async move {
            let (head, bytes) = receive(&mut stream).await;
            assert_eq!(bytes, 200_000);
            arrived.lock().push((head.group, head.unit));
        });
    }
    for unit in units {
        assert_eq!(unit.await.unwrap(), Outcome::Acknowledged);
    }
    assert_eq!(*arrived.lock(), [(3, 0), (3, 1), (2, 0), (2, 1)]);
}
