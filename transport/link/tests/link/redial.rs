//! A link that is kept up.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use actors_protocol::{Fault, NodeName, Role};
use transport_link::{Endpoint, LinkState, Options, Redial, Socket, Target, Versions};
use transport_wire::CloseCode;

use crate::support::{ANY, DEADLINE, Domain, Echo, Park, Running, Server, soon, spawn, until};

/// A free port of the loopback; nobody else of this process is given it.
fn free_address() -> SocketAddr {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap()
}

fn at(address: SocketAddr, options: Options) -> Options {
    Options { socket: Socket::Udp(address), ..options }
}

fn target(endpoint: SocketAddr) -> Target {
    Target { endpoint, server_name: "server.host.test".into() }
}

#[tokio::test]
async fn calls_wait_in_order_for_a_server_that_comes_later() {
    let domain = Domain::new("test");
    let address = free_address();
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let (redial, driver) = Redial::new(&client, target(address), Versions::CURRENT);
    let _driver = spawn(driver);
    let asks: Vec<_> =
        (0..10).map(|n| redial.ask(&format!("echo/{n}"), ANY, &Echo(format!("{n}")), DEADLINE)).collect();
    let impatient = redial.ask("echo", ANY, &Echo("x".into()), Duration::from_millis(50));
    let gone = soon("the deadline", impatient).await;
    assert!(gone.is_err(), "{gone:?}");
    assert!(!redial.state().is_up());

    let server = Running::start(at(address, domain.node("server", &[Role::Host])));
    for (number, ask) in asks.into_iter().enumerate() {
        assert_eq!(soon("an answer", ask).await.unwrap(), number.to_string());
    }
    let expected: Vec<_> = (0..10).map(|number| format!("client echo/{number} 0x7f01")).collect();
    assert_eq!(server.calls(), expected, "in order, and without the one whose deadline was over");
    let connection = soon("up", redial.connected()).await.unwrap();
    assert_eq!(connection.peer().node.as_ref().unwrap().as_str(), "server");
}

#[tokio::test]
async fn a_lost_link_comes_back_and_nothing_is_sent_twice() {
    let domain = Domain::new("test");
    let server = Running::start(domain.node("server", &[Role::Host]));
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let (redial, driver) = Redial::new(&client, server.target("server.host.test"), Versions::CURRENT);
    let _driver = spawn(driver);
    let mut watch = redial.watch();
    let sent = redial.ask("park", ANY, &Park(1), DEADLINE);
    let _reply = server.parked().await;
    assert!(soon("up", watch.wait_for(LinkState::is_up)).await.is_ok());

    server.admitted.lock()[0].as_ref().unwrap().close(CloseCode::INTERNAL, "a test");
    let gone = soon("the end", sent).await;
    assert!(matches!(&gone, Err(Fault::Gone(words)) if words.contains("a test")), "{gone:?}");
    let again = redial.ask("echo", ANY, &Echo("again".into()), DEADLINE);
    assert_eq!(soon("an answer over the new link", again).await.unwrap(), "again");
    let calls = server.calls();
    assert_eq!(calls, ["client park 0x7f02", "client echo 0x7f01"]);
    assert!(redial.state().is_up());
}

#[tokio::test]
async fn a_refusal_fails_the_calls_at_once_and_is_overcome_when_it_is_mended() {
    let domain = Domain::new("test");
    let server = Running::start(domain.node("server", &[Role::Host]));
    server.endpoint.set_denied(BTreeSet::from([NodeName::new("client").unwrap()]));
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let (redial, driver) = Redial::new(&client, server.target("server.host.test"), Versions::CURRENT);
    let _driver = spawn(driver);
    let refused = soon("the refusal", redial.ask("echo", ANY, &Echo("x".into()), Duration::from_secs(60))).await;
    assert!(matches!(&refused, Err(Fault::Denied(words)) if words.contains("deny list")), "{refused:?}");
    until(
        "the state says why",
        || matches!(&redial.state(), LinkState::Down { error: Some(error), .. } if error.is_refusal()),
    )
    .await;

    server.endpoint.set_denied(BTreeSet::new());
    soon("up", redial.connected()).await.unwrap();
    let answer = soon("an answer", redial.ask("echo", ANY, &Echo("x".into()), DEADLINE)).await;
    assert_eq!(answer.unwrap(), "x");
}

#[tokio::test]
async fn a_version_refusal_is_told_as_such() {
    let domain = Domain::new("test");
    let new = Versions { major: 1, minor: 2, minor_min: 1 };
    let server = Running::start_with(domain.node("server", &[Role::Host]), new, Server::default());
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let (redial, driver) = Redial::new(&client, server.target("server.host.test"), Versions::new(1, 0));
    let _driver = spawn(driver);
    let refused = soon("the refusal", redial.ask("echo", ANY, &Echo("x".into()), Duration::from_secs(60))).await;
    assert!(matches!(&refused, Err(Fault::Version(words)) if words.contains("1.1 to 1.2")), "{refused:?}");
}

#[tokio::test]
async fn the_target_moves_and_the_link_with_it() {
    let domain = Domain::new("test");
    let old = Running::start(domain.node("server", &[Role::Host]));
    let new = Running::start(domain.node("server", &[Role::Host]));
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let (redial, driver) = Redial::new(&client, old.target("server.host.test"), Versions::CURRENT);
    let driver = spawn(driver);
    soon("up", redial.connected()).await.unwrap();
    redial.set_target(new.target("server.host.test"));
    until("the old link has ended", || !old.ended.lock().is_empty()).await;
    let answer = soon("an answer", redial.ask("echo", ANY, &Echo("x".into()), DEADLINE)).await;
    assert_eq!(answer.unwrap(), "x");
    assert_eq!((old.calls().len(), new.calls().len()), (0, 1));
    redial.set_target(new.target("server.host.test"));
    assert!(redial.state().is_up(), "the same target is no move");

    let parked = redial.ask("park", ANY, &Park(1), DEADLINE);
    let _reply = new.parked().await;
    driver.abort();
    assert!(matches!(soon("the end", parked).await, Err(Fault::Gone(_))));
    until("the peer sees the goodbye", || !new.ended.lock().is_empty()).await;
    assert!(new.ended.lock()[0].to_string().contains("goodbye"), "{:?}", new.ended.lock());
    assert!(!redial.state().is_up());
    let after = soon("the refusal", redial.ask("echo", ANY, &Echo("x".into()), DEADLINE)).await;
    assert!(matches!(after, Err(Fault::Gone(_))), "{after:?}");
}

#[tokio::test]
async fn the_end_of_the_endpoint_is_the_end_of_dialling() {
    let domain = Domain::new("test");
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let (redial, driver) = Redial::new(&client, target(free_address()), Versions::CURRENT);
    let driver = spawn(driver);
    let waiting = redial.ask("echo", ANY, &Echo("x".into()), DEADLINE);
    client.close(CloseCode::SHUTDOWN, "done");
    assert!(matches!(soon("the end", waiting).await, Err(Fault::Gone(_))));
    soon("the driver ends", driver).await.unwrap();
}

#[tokio::test]
async fn a_driver_that_is_dropped_before_it_was_polled_ends_its_calls() {
    let domain = Domain::new("test");
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let (redial, driver) = Redial::new(&client, target(free_address()), Versions::CURRENT);
    let waiting = redial.ask("echo", ANY, &Echo("x".into()), DEADLINE);
    drop(driver);
    assert!(matches!(soon("the end", waiting).await, Err(Fault::Gone(_))));
    assert!(soon("the refusal", redial.connected()).await.is_err());
}
