//! Real quinn over the simulated network, on a paused clock: times are exact, faults are survived, seeds repeat.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail like the test does: at once, with the line")]

use std::io::IoSliceMut;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, ClientConfig, Connection, ConnectionError, Endpoint, EndpointConfig, ServerConfig};
use tests_harness::net::{Counters, Link, Network, Random};
use tokio::time::Instant;

const DEADLINE: Duration = Duration::from_secs(60);
const IDLE: Duration = Duration::from_secs(4);

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn server_address() -> SocketAddr {
    address("10.0.0.1:4433")
}

fn client_address() -> SocketAddr {
    address("10.0.0.2:0")
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// One certificate for both ends' configurations.
struct Trust {
    server: ServerConfig,
    client: ClientConfig,
}

fn trust() -> Trust {
    let mut transport = quinn::TransportConfig::default();
    transport.max_idle_timeout(Some(IDLE.try_into().unwrap())).keep_alive_interval(Some(ms(1_000)));
    let transport = Arc::new(transport);
    let made = rcgen::generate_simple_self_signed(["zone".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let mut server = ServerConfig::with_single_cert(vec![made.cert.der().clone()], key.into()).unwrap();
    server.transport_config(transport.clone());
    let mut client = ClientConfig::with_root_certificates(Arc::new(roots)).unwrap();
    client.transport_config(transport);
    Trust { server, client }
}

fn endpoint(network: &Network, at: SocketAddr, server: Option<ServerConfig>) -> Endpoint {
    let socket = network.socket(at).unwrap();
    let mut config = EndpointConfig::default();
    config.rng_seed(Some([7; 32]));
    Endpoint::new_with_abstract_socket(config, server, socket, Arc::new(quinn::TokioRuntime)).unwrap()
}

struct Pair {
    server: Endpoint,
    client: Endpoint,
    trust: Trust,
}

fn pair(network: &Network) -> Pair {
    let trust = trust();
    let server = endpoint(network, server_address(), Some(trust.server.clone()));
    let client = endpoint(network, client_address(), None);
    Pair { server, client, trust }
}

impl Pair {
    /// Both ends of a new connection, and how long the client and the server each took to have theirs.
    async fn connect(&self) -> ((Connection, Duration), (Connection, Duration)) {
        let begun = Instant::now();
        let connecting = self.client.connect_with(self.trust.client.clone(), server_address(), "zone").unwrap();
        let both = async {
            tokio::join!(async { (connecting.await.unwrap(), begun.elapsed()) }, async {
                (self.server.accept().await.unwrap().await.unwrap(), begun.elapsed())
            })
        };
        tokio::time::timeout(DEADLINE, both).await.expect("a connection within the deadline")
    }
}

/// Sends `bytes` from one end to the other and back.
async fn echo(client: &Connection, server: &Connection, bytes: usize) {
    let there_and_back = async {
        tokio::join!(
            async {
                let (mut send, mut receive) = client.open_bi().await.unwrap();
                let sent: Vec<u8> = (0..bytes).map(|position| (position % 251) as u8).collect();
                send.write_all(&sent).await.unwrap();
                send.finish().unwrap();
                assert_eq!(receive.read_to_end(bytes).await.unwrap(), sent);
            },
            async {
                let (mut send, mut receive) = server.accept_bi().await.unwrap();
                let heard = receive.read_to_end(bytes).await.unwrap();
                send.write_all(&heard).await.unwrap();
                send.finish().unwrap();
            }
        )
    };
    tokio::time::timeout(DEADLINE, there_and_back).await.expect("an echo within the deadline");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_takes_one_round_trip_exactly() {
    for delay in [1, 20, 150] {
        let network = Network::new(1);
        network.set_default_link(Link::delay(ms(delay)));
        let ends = pair(&network);
        let ((_client, client_took), (_server, server_took)) = ends.connect().await;
        assert_eq!(client_took, ms(2 * delay));
        assert_eq!(server_took, ms(3 * delay));
    }
}

#[tokio::test(start_paused = true)]
async fn each_direction_has_its_own_delay() {
    let network = Network::new(1);
    let (server, client) = (server_address().ip(), client_address().ip());
    network.set_link_one_way(client, server, Link::delay(ms(10)));
    network.set_link_one_way(server, client, Link::delay(ms(70)));
    let ((_client, client_took), (_server, server_took)) = pair(&network).connect().await;
    assert_eq!(client_took, ms(80));
    assert_eq!(server_took, ms(90));
}

#[tokio::test(start_paused = true)]
async fn loss_reordering_and_copies_are_survived() {
    for seed in 0..10 {
        let network = Network::new(seed);
        network.set_default_link(Link {
            jitter: ms(5),
            loss: 0.05,
            duplication: 0.05,
            reordering: 0.05,
            ..Link::delay(ms(20))
        });
        let ends = pair(&network);
        let ((client, _), (server, _)) = ends.connect().await;
        echo(&client, &server, 300_000).await;
        let counters = network.counters();
        println!("seed {seed}: {counters}");
        for (fault, struck) in counters.rows() {
            let expected = ["dropped", "duplicated", "delayed", "reordered"].contains(&fault);
            assert!(!expected || struck > 0, "seed {seed}: {fault} never struck: {counters}");
        }
        assert!(client.stats().path.lost_packets > 0, "seed {seed}: quinn noticed no loss");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limited_link_sets_the_pace() {
    let network = Network::new(1);
    network.set_default_link(Link { rate: Some(100_000), queue: 30_000, ..Link::delay(ms(10)) });
    let ends = pair(&network);
    let ((client, _), (server, _)) = ends.connect().await;
    let begun = Instant::now();
    echo(&client, &server, 500_000).await;
    let took = begun.elapsed();
    // 500 kB there, then 500 kB back, at 100 kB/s; what is lost at the queue's tail is sent again.
    assert!((ms(10_000)..ms(20_000)).contains(&took), "{took:?}, {}", network.counters());
    assert!(network.counters().choked > 0, "{}", network.counters());
}

#[tokio::test(start_paused = true)]
async fn a_partition_ends_the_connection_after_the_idle_timeout() {
    let network = Network::new(1);
    network.set_default_link(Link::delay(ms(10)));
    let ends = pair(&network);
    let ((client, _), (server, _)) = ends.connect().await;
    // Kept alive for as long as nothing is wrong.
    tokio::time::sleep(ms(30_000)).await;
    assert!(client.close_reason().is_none());
    network.cut(server_address().ip(), client_address().ip());
    let begun = Instant::now();
    let both = async { tokio::join!(client.closed(), server.closed()) };
    let reasons = tokio::time::timeout(DEADLINE, both).await.expect("both ends notice");
    assert_eq!(reasons, (ConnectionError::TimedOut, ConnectionError::TimedOut));
    // Counted from the last packet heard, which is at most a keep-alive interval old.
    assert!((ms(3_000)..ms(5_100)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    assert!(network.counters().cut > 0);

    network.heal(server_address().ip(), client_address().ip());
    let ((client, took), (server, _)) = ends.connect().await;
    assert_eq!(took, ms(20));
    // One way is enough: the server no longer hears the client, so it answers nothing.
    network.cut_one_way(client_address().ip(), server_address().ip());
    let both = async { tokio::join!(client.closed(), server.closed()) };
    tokio::time::timeout(DEADLINE, both).await.expect("both ends notice");
    network.heal_all();
    network.isolate(server_address().ip());
    let connecting = ends.client.connect_with(ends.trust.client.clone(), server_address(), "zone").unwrap();
    assert_eq!(connecting.await.unwrap_err(), ConnectionError::TimedOut);
    network.rejoin(server_address().ip());
    ends.connect().await;
}

#[tokio::test(start_paused = true)]
async fn a_crashed_host_leaves_no_task_and_its_address_can_be_bound_again() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let network = Network::new(1);
    network.set_default_link(Link::delay(ms(10)));
    let ends = pair(&network);
    let ((survivor, _), (victim, _)) = ends.connect().await;
    assert_eq!(network.socket(server_address()).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);

    assert_eq!(network.crash(server_address().ip()), 1);
    tokio::time::timeout(DEADLINE, victim.closed()).await.expect("the lost socket is noticed");
    drop(victim);
    let Pair { server, client, trust } = ends;
    drop(server);
    let server = endpoint(&network, server_address(), Some(trust.server.clone()));
    let ends = Pair { server, client, trust };
    let ((again, took), (_other, _)) = ends.connect().await;
    assert_eq!(took, ms(20));
    // The new node has other reset keys, so the old connection only ends when it has been idle.
    let reason = tokio::time::timeout(DEADLINE, survivor.closed()).await.expect("the old connection ends");
    assert_eq!(reason, ConnectionError::TimedOut);

    again.close(0u32.into(), b"done");
    drop((again, _other, survivor));
    let Pair { server, client, .. } = ends;
    let both = async { tokio::join!(server.wait_idle(), client.wait_idle()) };
    tokio::time::timeout(DEADLINE, both).await.expect("all connections drain");
    drop((server, client));
    tokio::time::sleep(ms(10)).await;
    assert_eq!(tasks(), before, "quinn's tasks ended with their endpoints");
    assert_eq!(network.in_flight(), 0);
}

/// A socket without quinn above it: what arrives is told as (time, length, first byte).
async fn receive(socket: &dyn AsyncUdpSocket, begun: Instant) -> (Duration, usize, u8) {
    let mut storage = [0; 2_048];
    let mut meta = [RecvMeta::default()];
    let read = std::future::poll_fn(|cx| {
        let mut bufs = [IoSliceMut::new(&mut storage)];
        socket.poll_recv(cx, &mut bufs, &mut meta)
    });
    assert_eq!(tokio::time::timeout(DEADLINE, read).await.expect("a datagram within the deadline").unwrap(), 1);
    (begun.elapsed(), meta[0].len, storage[0])
}

fn send(socket: &dyn AsyncUdpSocket, destination: SocketAddr, contents: &[u8], segment_size: Option<usize>) {
    socket.try_send(&Transmit { destination, ecn: None, contents, segment_size, src_ip: None }).unwrap();
}

/// Everything a scripted run of datagrams shows: two senders, every fault, a partition and a bystander.
async fn scripted(seed: u64, bystander: bool) -> (Counters, Vec<(Duration, usize, u8)>) {
    let network = Network::new(seed);
    network.set_default_link(Link {
        jitter: ms(15),
        loss: 0.1,
        duplication: 0.1,
        reordering: 0.1,
        rate: Some(25_000),
        queue: 4_000,
        ..Link::delay(ms(30))
    });
    let begun = Instant::now();
    let to = address("10.0.0.9:9");
    let receiver = network.socket(to).unwrap();
    let senders = [network.socket(address("10.0.0.1:1")).unwrap(), network.socket(address("10.0.0.2:2")).unwrap()];
    let other = network.socket(address("10.0.0.3:3")).unwrap();
    let mut script = Random::new(seed);
    let mut arrivals = Vec::new();
    let mut next = begun;
    for step in 0..2_000u32 {
        next += Duration::from_millis(script.below(20));
        while let Ok(arrived) = tokio::time::timeout_at(next, receive(receiver.as_ref(), begun)).await {
            arrivals.push(arrived);
        }
        match step {
            900 => network.cut("10.0.0.1".parse::<IpAddr>().unwrap(), to.ip()),
            1_100 => network.heal("10.0.0.1".parse::<IpAddr>().unwrap(), to.ip()),
            _ => {}
        }
        let contents = vec![step as u8; 1 + usize::try_from(script.below(1_200)).unwrap()];
        send(senders[usize::try_from(step % 2).unwrap()].as_ref(), to, &contents, None);
        if bystander {
            send(other.as_ref(), address("10.0.0.1:77"), &contents, None);
        }
    }
    (network.counters(), arrivals)
}

#[tokio::test(start_paused = true)]
async fn a_seed_repeats_a_run_and_another_does_not() {
    let (counters, arrivals) = scripted(11, false).await;
    println!("{counters}");
    for (name, number) in counters.rows() {
        assert!(number > 0 || ["overrun", "unclaimed"].contains(&name), "{name} is zero: {counters}");
    }
    assert_eq!(scripted(11, false).await, (counters, arrivals.clone()));
    assert_ne!(scripted(12, false).await.0, counters);
    // Traffic between others changes nothing for this pair.
    let (with_bystander, arrivals_then) = scripted(11, true).await;
    assert_eq!(arrivals_then, arrivals);
    assert!(with_bystander.unclaimed > 0);
}

#[tokio::test(start_paused = true)]
async fn segments_come_one_by_one_and_in_order() {
    let network = Network::new(1);
    network.set_default_link(Link::delay(ms(5)));
    let begun = Instant::now();
    let to = address("10.0.0.9:9");
    let (receiver, sender) = (network.socket(to).unwrap(), network.socket(address("10.0.0.1:1")).unwrap());
    let contents: Vec<u8> = [[1; 100].as_slice(), &[2; 100], &[3; 40]].concat();
    send(sender.as_ref(), to, &contents, Some(100));
    for expected in [(ms(5), 100, 1), (ms(5), 100, 2), (ms(5), 40, 3)] {
        assert_eq!(receive(receiver.as_ref(), begun).await, expected);
    }
    assert_eq!(network.counters().sent, 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_meets_whoever_is_bound_when_it_arrives() {
    let network = Network::new(1);
    network.set_default_link(Link::delay(ms(50)));
    let begun = Instant::now();
    let to = address("10.0.0.9:9");
    let sender = network.socket(address("10.0.0.1:0")).unwrap();
    let first = network.socket(to).unwrap();
    send(sender.as_ref(), to, &[1], None);
    tokio::time::sleep(ms(20)).await;
    drop(first);
    send(sender.as_ref(), to, &[2], None);
    tokio::time::sleep(ms(40)).await; // The first arrives while nobody is there.
    let second = network.socket(to).unwrap();
    assert_eq!(receive(second.as_ref(), begun).await, (ms(70), 1, 2));
    let counters = network.counters();
    assert_eq!((counters.unclaimed, counters.delivered), (1, 1), "{counters}");
    // A host that does not read loses what its queue cannot hold; nothing grows without bound.
    for _ in 0..5_000 {
        send(sender.as_ref(), to, &[3], None);
    }
    tokio::time::sleep(ms(60)).await;
    let counters = network.counters();
    assert!(counters.overrun > 0, "{counters}");
    assert_eq!(usize::try_from(5_000 - counters.overrun).unwrap(), network.in_flight());
    let accounted = counters.delivered + counters.overrun + counters.unclaimed;
    assert_eq!(counters.sent, accounted, "{counters}");
}
