//! Who is admitted, as what, and what the others are told.

use std::collections::BTreeSet;
use std::time::Duration;

use actors_protocol::{NodeName, Role, Roles};
use transport_link::{Endpoint, LinkError, Options, Socket, Target};
use transport_wire::CloseCode;

use crate::support::{DEADLINE, Domain, Running, dial, pair, soon, until};

#[tokio::test]
async fn both_sides_know_each_other_by_certificate() {
    let (_domain, server, client, asking) = pair().await;
    assert_eq!(asking.echo("hello").await.unwrap(), "hello");

    let peer = asking.connection.peer();
    assert_eq!(peer.node.as_ref().unwrap().as_str(), "server");
    assert_eq!(peer.roles, Roles::of(&[Role::Host]));
    assert_eq!(peer.address, server.endpoint.local_addr().unwrap());

    let admitted = server.admitted.lock()[0].as_ref().unwrap().peer().clone();
    assert_eq!(admitted.node.unwrap().as_str(), "client");
    assert_eq!(admitted.roles, Roles::of(&[Role::Zone]));
    assert_eq!(admitted.address, client.local_addr().unwrap());
}

#[tokio::test]
async fn a_peer_without_a_certificate_is_a_viewer() {
    let domain = Domain::new("test");
    let server = Running::start(domain.node("server", &[Role::Resolver, Role::Orchestrator]));
    let viewer = Endpoint::bind(domain.viewer()).unwrap();
    for name in ["server.resolver.test", "server.orchestrator.test"] {
        let asking = dial(&viewer, &server.target(name)).await;
        assert_eq!(asking.echo("hello").await.unwrap(), "hello");
    }
    let peer = server.admitted.lock()[0].as_ref().unwrap().peer().clone();
    assert_eq!((peer.node, peer.roles), (None, Roles::of(&[Role::Viewer])));
    assert_eq!(server.calls()[0], "viewer echo 0x7f01");
}

#[tokio::test]
async fn a_role_or_a_node_that_is_not_in_the_certificate_is_not_reached() {
    let domain = Domain::new("test");
    let server = Running::start(domain.node("server", &[Role::Host]));
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    for name in ["server.orchestrator.test", "other.host.test", "server.host.elsewhere"] {
        let refused = client.connect(&server.target(name), DEADLINE).await.unwrap_err();
        assert!(matches!(refused, LinkError::Handshake(_)), "{name}: {refused}");
        assert!(refused.is_refusal());
    }
}

#[tokio::test]
async fn another_authority_is_not_believed_in_either_direction() {
    let (ours, other) = (Domain::new("test"), Domain::new("test"));
    let server = Running::start(ours.node("server", &[Role::Host]));
    let target = server.target("server.host.test");

    let stranger = Endpoint::bind(other.node("client", &[Role::Zone])).unwrap();
    let refused = stranger.connect(&target, DEADLINE).await.unwrap_err();
    assert!(matches!(refused, LinkError::Handshake(_)), "the dialler refuses: {refused}");

    // It believes in our authority, but its own certificate is of another: the acceptor refuses, after the dialler's end of
    // the handshake has succeeded.
    let options =
        Options { authorities: vec![ours.authority.certificate().clone()], ..other.node("client", &[Role::Zone]) };
    let impostor = Endpoint::bind(options).unwrap();
    let refused = match impostor.connect(&target, DEADLINE).await {
        Ok(connection) => soon("the refusal arrives", connection.closed()).await,
        Err(error) => error,
    };
    assert!(matches!(&refused, LinkError::Handshake(words) if words.contains("the peer refused it")), "{refused}");
    server.attempts(2).await;
    assert!(server.admitted.lock().iter().all(Result::is_err));
}

#[tokio::test]
async fn a_certificate_of_another_domain_is_refused_even_if_its_authority_is_known() {
    let (ours, other) = (Domain::new("test"), Domain::new("other"));
    let both = vec![ours.authority.certificate().clone(), other.authority.certificate().clone()];
    let server = Running::start(Options { authorities: both.clone(), ..ours.node("server", &[Role::Host]) });
    let guest = Endpoint::bind(Options { authorities: both, ..other.node("guest", &[Role::Host]) }).unwrap();

    // The guest, for its part, does not accept a server of another domain.
    let refused = guest.connect(&server.target("server.host.test"), DEADLINE).await.unwrap_err();
    assert!(matches!(&refused, LinkError::PeerRefused(words) if words.contains("'test'")), "{refused}");

    // A guest that does not look is refused by the server.
    let careless = Options { domain: ours.authority.domain().clone(), ..other.node("guest", &[Role::Host]) };
    let careless = Options { authorities: vec![ours.authority.certificate().clone()], ..careless };
    let careless = Endpoint::bind(careless).unwrap();
    let connection = careless.connect(&server.target("server.host.test"), DEADLINE).await.unwrap();
    let ended = soon("the refusal arrives", connection.closed()).await;
    let LinkError::ClosedByPeer { code: CloseCode::DENIED, words } = &ended else { panic!("{ended}") };
    assert!(words.contains("'other'") && words.contains("'test'"), "{words}");
}

#[tokio::test]
async fn a_denied_node_is_cut_off_and_does_not_come_back() {
    let (domain, server, client, asking) = pair().await;
    let bystander = Endpoint::bind(domain.node("bystander", &[Role::Zone])).unwrap();
    let bystander = dial(&bystander, &server.target("server.host.test")).await;
    assert_eq!(asking.echo("before").await.unwrap(), "before");

    server.endpoint.set_denied(BTreeSet::from([NodeName::new("client").unwrap()]));
    let ended = soon("the link ends", asking.connection.closed()).await;
    assert!(matches!(ended, LinkError::ClosedByPeer { code: CloseCode::DENIED, .. }), "{ended}");
    let connection = client.connect(&server.target("server.host.test"), DEADLINE).await.unwrap();
    let ended = soon("the refusal arrives", connection.closed()).await;
    assert!(ended.is_refusal() && ended.to_string().contains("deny list"), "{ended}");
    assert_eq!(bystander.echo("still here").await.unwrap(), "still here");

    // The list also holds for those whom this side dials.
    client.set_denied(BTreeSet::from([NodeName::new("server").unwrap()]));
    let refused = client.connect(&server.target("server.host.test"), DEADLINE).await.unwrap_err();
    assert!(matches!(refused, LinkError::Denied(_)), "{refused}");

    server.endpoint.set_denied(BTreeSet::new());
    client.set_denied(BTreeSet::new());
    assert_eq!(dial(&client, &server.target("server.host.test")).await.echo("back").await.unwrap(), "back");
}

#[tokio::test]
async fn a_certificate_is_replaced_while_connections_live() {
    let (domain, server, client, asking) = pair().await;
    server.endpoint.replace_identity(&domain.identity("server", &[Role::Resolver])).unwrap();
    client.replace_identity(&domain.identity("client", &[Role::Orchestrator])).unwrap();
    assert_eq!(asking.echo("the old link").await.unwrap(), "the old link");

    let fresh = dial(&client, &server.target("server.resolver.test")).await;
    assert_eq!(fresh.echo("the new link").await.unwrap(), "the new link");
    let roles = server.admitted.lock()[1].as_ref().unwrap().peer().roles;
    assert_eq!(roles, Roles::of(&[Role::Orchestrator]));
    let refused = client.connect(&server.target("server.host.test"), DEADLINE).await.unwrap_err();
    assert!(matches!(refused, LinkError::Handshake(_)), "{refused}");
}

#[tokio::test]
async fn an_endpoint_serves_as_soon_as_it_has_an_identity() {
    let domain = Domain::new("test");
    let server = Running::start(Options { serve: true, ..domain.viewer() });
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let target = server.target("server.host.test");
    let within = Duration::from_millis(100);
    assert!(client.connect(&target, within).await.is_err(), "nobody is there yet");
    server.endpoint.replace_identity(&domain.identity("server", &[Role::Host])).unwrap();
    assert_eq!(dial(&client, &target).await.echo("now").await.unwrap(), "now");
}

#[tokio::test]
async fn a_port_in_use_is_named_with_a_remedy() {
    let domain = Domain::new("test");
    let first = Endpoint::bind(domain.viewer()).unwrap();
    let address = first.local_addr().unwrap();
    let refused = Endpoint::bind(Options { socket: Socket::Udp(address), ..domain.viewer() }).unwrap_err();
    assert!(matches!(refused, LinkError::PortInUse { .. }));
    let words = refused.to_string();
    assert!(words.contains(&address.to_string()) && words.contains("`listen`"), "{words}");
}

#[tokio::test]
async fn what_cannot_be_dialled_is_said_so() {
    let domain = Domain::new("test");
    let client = Endpoint::bind(domain.viewer()).unwrap();
    let target = |endpoint: &str, name: &str| Target { endpoint: endpoint.parse().unwrap(), server_name: name.into() };
    let refused = client.connect(&target("127.0.0.1:1", "not a name"), DEADLINE).await.unwrap_err();
    assert!(matches!(refused, LinkError::Undiallable { .. }), "{refused}");
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let nobody = target(&silent.local_addr().unwrap().to_string(), "server.host.test");
    let late = client.connect(&nobody, Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(&late, LinkError::Deadline { whom, .. } if whom.contains("server.host.test")), "{late}");
    client.close(CloseCode::SHUTDOWN, "done");
    until("it is closed", || client.open_connections() == 0).await;
    assert!(matches!(client.connect(&nobody, DEADLINE).await.unwrap_err(), LinkError::EndpointClosed));
}
