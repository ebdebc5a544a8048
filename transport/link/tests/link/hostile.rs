//! Bytes that are no part of the protocol: the connection ends with the code that says what it was, and the node lives.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actors_protocol::{Fault, Role};
use bytes::BytesMut;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::time::Instant;
use transport_link::{Endpoint, LinkError, Options, Socket, Target, Versions};
use transport_wire::limits::{FRAME_BYTES_MAX, HELLO_BYTES_MAX};
use transport_wire::{CallHead, CloseCode, envelope};

use crate::network::Network;
use crate::support::{ANY, DEADLINE, Domain, Echo, Long, Running, dial, soon, until};

/// What a peer might write, and how its connection ends.
fn cases() -> Vec<(&'static str, Vec<u8>, bool, CloseCode)> {
    let hello = || frames(|out| envelope::write_hello(out, Versions::CURRENT, "a test").unwrap());
    let call = |tag| {
        move |out: &mut BytesMut| {
            let head = CallHead { id: 1, tag, within_ms: 1000, incarnation: 0, trace: 0, path: "echo" };
            envelope::write_call(out, &head, &Echo("x".into())).unwrap();
        }
    };
    let after_hello = |bytes: &[u8]| [&hello()[..], bytes].concat();
    let length = |length: u32| length.to_be_bytes().to_vec();
    let mut trailing = frames(call(0x7f01));
    trailing.push(0);
    trailing[3] += 1;
    vec![
        ("a length that would allocate gigabytes", after_hello(&length(u32::MAX)), false, CloseCode::OVERSIZED),
        ("a frame over the limit", after_hello(&length(FRAME_BYTES_MAX as u32 + 1)), false, CloseCode::OVERSIZED),
        ("a first frame over its limit", length(HELLO_BYTES_MAX as u32 + 1), false, CloseCode::OVERSIZED),
        ("a frame that ends early", after_hello(&[0, 0, 0, 9, 5, 0]), true, CloseCode::TRUNCATED),
        ("a call that ends early", after_hello(&[0, 0, 0, 3, 2, 4, 0]), false, CloseCode::TRUNCATED),
        ("an empty frame", after_hello(&length(0)), false, CloseCode::TRUNCATED),
        ("bytes behind an envelope", after_hello(&[0, 0, 0, 6, 5, 0, 0, 0, 1, 9]), false, CloseCode::TRAILING),
        ("bytes behind a message", after_hello(&trailing), false, CloseCode::TRAILING),
        ("a tag that nobody knows", after_hello(&frames(call(0x7fff))), false, CloseCode::UNKNOWN_TAG),
        ("a tag above the agreed version", after_hello(&frames(call(0x7f04))), false, CloseCode::UNKNOWN_TAG),
        ("a kind that does not exist", after_hello(&[0, 0, 0, 1, 99]), false, CloseCode::MALFORMED),
        ("a second hello", after_hello(&hello()), false, CloseCode::MALFORMED),
        ("a call before the hello", frames(call(0x7f01)), false, CloseCode::MALFORMED),
        ("an answer to nothing", after_hello(&[0, 0, 0, 5, 3, 0, 0, 0, 1]), false, CloseCode::MALFORMED),
        ("another protocol", b"\0\0\0\x12GET / HTTP/1.1\r\n\r\n".to_vec(), false, CloseCode::MALFORMED),
        ("another magic", b"\0\0\0\x0b\x01XXXX\0\x01\0\0\0\0".to_vec(), false, CloseCode::MALFORMED),
        ("another major version", b"\0\0\0\x0b\x01FUSN\0\x02\0\x05\0\x05".to_vec(), false, CloseCode::VERSION),
    ]
}

fn frames(write: impl FnOnce(&mut BytesMut)) -> Vec<u8> {
    let mut out = BytesMut::new();
    write(&mut out);
    out.to_vec()
}

#[tokio::test]
async fn a_server_ends_the_connection_with_the_named_code_and_lives() {
    let domain = Domain::new("test");
    let server = Running::start(domain.node("server", &[Role::Host]));
    let target = server.target("server.host.test");
    let good = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let good = dial(&good, &target).await;
    let raw = raw_client(&domain);
    for (what, bytes, finish, code) in cases() {
        let connection = raw.connect(target.endpoint, &target.server_name).unwrap().await.unwrap();
        let (mut send, _receive) = connection.open_bi().await.unwrap();
        send.write_all(&bytes).await.unwrap();
        if finish {
            send.finish().unwrap();
        }
        match soon(what, connection.closed()).await {
            quinn::ConnectionError::ApplicationClosed(close) => {
                let words = String::from_utf8_lossy(&close.reason);
                assert_eq!(CloseCode(close.error_code.into_inner() as u32), code, "{what}: {words}");
                assert!(!words.is_empty(), "{what} is explained");
                if code == CloseCode::VERSION {
                    assert!(words.contains("2.5") && words.contains(&Versions::CURRENT.to_string()), "{words}");
                }
            }
            other => panic!("{what}: {other}"),
        }
        assert_eq!(good.echo(what).await.unwrap(), what, "the node lives");
    }
}

#[tokio::test]
async fn nothing_that_comes_behind_a_malformed_message_is_acted_on() {
    let domain = Domain::new("test");
    let server = Running::start(domain.node("server", &[Role::Host]));
    let target = server.target("server.host.test");
    let bytes = frames(|out| {
        envelope::write_hello(out, Versions::CURRENT, "a test").unwrap();
        let head = |id| CallHead { id, tag: 0x7f01, within_ms: 1000, incarnation: 0, trace: 0, path: "echo" };
        envelope::write_call(out, &head(1), &0xffff_ffffu32).unwrap();
        envelope::write_call(out, &head(2), &Echo("x".into())).unwrap();
    });
    let connection = raw_client(&domain).connect(target.endpoint, &target.server_name).unwrap().await.unwrap();
    let (mut send, _receive) = connection.open_bi().await.unwrap();
    send.write_all(&bytes).await.unwrap();
    soon("the end", connection.closed()).await;
    until("the server's driver has ended", || !server.ended.lock().is_empty()).await;
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_dialler_ends_the_connection_with_the_named_code_and_its_calls_fail() {
    let domain = Domain::new("test");
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let hello = || frames(|out| envelope::write_hello(out, Versions::CURRENT, "a test").unwrap());
    let cases = [
        ("a length", [&hello()[..], &u32::MAX.to_be_bytes()].concat(), CloseCode::OVERSIZED),
        ("a cancel", [&hello()[..], &[0, 0, 0, 5, 5, 0, 0, 0, 1]].concat(), CloseCode::MALFORMED),
        ("an answer before the hello", vec![0, 0, 0, 5, 3, 0, 0, 0, 1], CloseCode::MALFORMED),
        (
            "a fault that does not exist",
            [&hello()[..], &[0, 0, 0, 6, 4, 0, 0, 0, 1, 77]].concat(),
            CloseCode::MALFORMED,
        ),
    ];
    for (what, bytes, code) in cases {
        let (server, address) = raw_server(&domain);
        let serving = tokio::spawn(async move {
            let connection = server.accept().await.unwrap().await.unwrap();
            let (mut send, _receive) = connection.accept_bi().await.unwrap();
            send.write_all(&bytes).await.unwrap();
            connection.closed().await
        });
        let asking = dial(&client, &Target { endpoint: address, server_name: "raw.host.test".into() }).await;
        let fault = soon(what, asking.control.ask("echo", ANY, &Echo("x".into()), DEADLINE)).await;
        assert!(matches!(&fault, Err(Fault::Gone(words)) if words.contains(code.name())), "{what}: {fault:?}");
        let ended = soon(what, asking.driver).await.unwrap();
        assert!(matches!(&ended, LinkError::Broken { code: is, .. } if *is == code), "{what}: {ended}");
        let seen = soon(what, serving).await.unwrap();
        assert!(
            matches!(&seen, quinn::ConnectionError::ApplicationClosed(close) if close.error_code == code.0.into()),
            "{what}: {seen}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_its_type_is_a_fault_of_that_call_only() {
    let domain = Domain::new("test");
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let (server, address) = raw_server(&domain);
    let answers = frames(|out| {
        envelope::write_hello(out, Versions::CURRENT, "a test").unwrap();
        out.extend_from_slice(&[0, 0, 0, 6, 3, 0, 0, 0, 0, 9]); // an answer to call 0: a string of nine bytes, none there
        envelope::write_reply(out, 77, "nobody asked").unwrap();
    });
    let serving = tokio::spawn(async move {
        let connection = server.accept().await.unwrap().await.unwrap();
        let (mut send, _receive) = connection.accept_bi().await.unwrap();
        send.write_all(&answers).await.unwrap();
        connection.closed().await
    });
    let asking = dial(&client, &Target { endpoint: address, server_name: "raw.host.test".into() }).await;
    let fault = asking.echo("x").await;
    assert!(matches!(fault, Err(Fault::Malformed(_))), "{fault:?}");
    assert!(asking.connection.close_reason().is_none());
    serving.abort();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_or_reads_nothing_is_let_go_in_time() {
    let network = Network::new(Duration::from_millis(1));
    let domain = Domain::new("test");
    let address = |host| SocketAddr::from(([10, 0, 0, host], 7000));
    let socket = Socket::Abstract(network.socket(address(1)));
    let server = Running::start(Options { socket, ..domain.node("server", &[Role::Host]) });
    let mut raw = quinn::Endpoint::new_with_abstract_socket(
        quinn::EndpointConfig::default(),
        None,
        network.socket(address(2)),
        Arc::new(quinn::TokioRuntime),
    )
    .unwrap();
    let mut config = quinn::ClientConfig::new(raw_crypto(&domain, "fusion/1"));
    let mut transport = quinn::TransportConfig::default();
    transport.keep_alive_interval(Some(Duration::from_secs(1)));
    config.transport_config(Arc::new(transport));
    raw.set_default_client_config(config);
    let ended = async |connection: &quinn::Connection| match connection.closed().await {
        quinn::ConnectionError::ApplicationClosed(close) => CloseCode(close.error_code.into_inner() as u32),
        other => panic!("{other}"),
    };

    let begin = Instant::now();
    let silent = raw.connect(address(1), "server.host.test").unwrap().await.unwrap();
    assert_eq!(ended(&silent).await, CloseCode::IDLE);
    assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());

    // It asks for 8 MiB and reads none of them: its window and the outbox fill, and then the writer waits.
    let deaf = raw.connect(address(1), "server.host.test").unwrap().await.unwrap();
    let (mut send, _receive) = deaf.open_bi().await.unwrap();
    let bytes = frames(|out| {
        envelope::write_hello(out, Versions::CURRENT, "a test").unwrap();
        for id in 0..16 {
            let head = CallHead { id, tag: 0x7f05, within_ms: 60_000, incarnation: 0, trace: 0, path: "long" };
            envelope::write_call(out, &head, &Long(512 * 1024)).unwrap();
        }
    });
    let begin = Instant::now();
    send.write_all(&bytes).await.unwrap();
    assert_eq!(ended(&deaf).await, CloseCode::TOO_SLOW);
    assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
    assert!(server.calls().len() < 16, "it was not asked further than its answers were read");
}

/// Speaks QUIC and TLS as a viewer would, and then whatever the test writes.
fn raw_client(domain: &Domain) -> quinn::Endpoint {
    let mut endpoint = quinn::Endpoint::client(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    endpoint.set_default_client_config(quinn::ClientConfig::new(raw_crypto(domain, "fusion/1")));
    endpoint
}

fn raw_crypto(domain: &Domain, protocol: &str) -> Arc<QuicClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    let pem = domain.authority.certificate().pem();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let mut config = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Arc::new(QuicClientConfig::try_from(config).unwrap())
}

/// Has a genuine certificate, for `raw.host.test`, and answers whatever the test writes.
pub fn raw_server(domain: &Domain) -> (quinn::Endpoint, SocketAddr) {
    let identity = domain.identity("raw", &[Role::Host]);
    let chain = vec![CertificateDer::from_pem_slice(identity.pem().as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(identity.key().to_pem().as_bytes()).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"fusion/1".to_vec()];
    let config = quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(config).unwrap()));
    let endpoint = quinn::Endpoint::server(config, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = endpoint.local_addr().unwrap();
    (endpoint, address)
}

#[tokio::test]
async fn another_protocol_by_name_is_refused_in_the_handshake() {
    let domain = Domain::new("test");
    let server = Running::start(domain.node("server", &[Role::Host]));
    let target = server.target("server.host.test");
    let config = quinn::ClientConfig::new(raw_crypto(&domain, "fusion/2"));
    let raw = raw_client(&domain);
    let refused = raw.connect_with(config, target.endpoint, &target.server_name).unwrap().await.unwrap_err();
    assert!(refused.to_string().contains("known protocol"), "{refused}");
}
