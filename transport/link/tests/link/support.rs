//! A domain for tests: its authority, nodes with certificates, a server that answers the protocol below.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actors_protocol::{DomainName, Fault, Incarnation, NodeName, Role, Roles, Tag, actor_protocol};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use transport_link::{
    Authority, Connection, Control, Dispatch, Driver, Endpoint, EndpointKeys, Identity, InboundCall, LinkError,
    Options, ReplyTo, SigningKey, Socket, Target, Versions,
};
use transport_wire::{CloseCode, decode};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Echo(pub String);
/// Is answered when the test says so, or never.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Park(pub u32);
/// Is dropped by the server without an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forget;
/// Came with minor version 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Newer(pub u32);
/// Asks for an answer of so many bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Long(pub u32);

actor_protocol! {
    /// What the servers of these tests are asked.
    pub protocol Testing("testing") {
        0x7f01 => Echo -> String;
        0x7f02 => Park -> u32;
        0x7f03 => Forget -> u32;
        0x7f04 => Newer -> u32, since 1;
        0x7f05 => Long -> Vec<u8>;
    }
}

/// No wait of these tests is longer.
pub const DEADLINE: Duration = Duration::from_secs(10);
pub const ANY: Incarnation = Incarnation::ANY;

/// Waits for `future`, but not for ever.
pub async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("{what} did not happen within {DEADLINE:?}"))
}

/// Answers the test protocol and notes what it is asked.
#[derive(Default)]
pub struct Server {
    pub calls: Mutex<Vec<String>>,
    pub parked: Mutex<Vec<(u32, ReplyTo)>>,
    /// The tag that has its `since` taken from here, for a server of a version that does not know it.
    pub unknown: Option<Tag>,
}

impl Dispatch for Server {
    fn dispatch(&self, call: InboundCall<'_>) {
        let who = call.connection.peer().node.as_ref().map_or("viewer".into(), NodeName::to_string);
        self.calls.lock().push(format!("{who} {} {:#06x}", call.head.path, call.head.tag));
        match call.head.tag {
            0x7f01 => match decode::<Echo>(&call.payload) {
                Ok(echo) => call.reply.send(Ok(&echo.0)),
                Err(error) => {
                    call.connection.close(error.close_code(), &error.to_string());
                    call.reply.fail(Fault::from(error));
                }
            },
            0x7f02 => self.parked.lock().push((decode::<Park>(&call.payload).unwrap().0, call.reply)),
            0x7f03 => drop(call.reply),
            0x7f04 => call.reply.send(Ok(&decode::<Newer>(&call.payload).unwrap().0)),
            0x7f05 => call.reply.send(Ok(&vec![7u8; decode::<Long>(&call.payload).unwrap().0 as usize])),
            other => panic!("the link let {other:#06x} through"),
        }
    }

    fn since(&self, tag: Tag) -> Option<u16> {
        let calls = <Testing as actors_protocol::Protocol>::CALLS;
        calls.iter().find(|call| call.tag == tag && self.unknown != Some(tag)).map(|call| call.since)
    }
}

pub struct Domain {
    pub authority: Authority,
}

impl Domain {
    pub fn new(name: &str) -> Domain {
        Domain { authority: Authority::create(&DomainName::new(name).unwrap()).unwrap() }
    }

    pub fn identity(&self, node: &str, roles: &[Role]) -> Identity {
        let key = SigningKey::generate();
        let node = NodeName::new(node).unwrap();
        let pem = self.authority.issue(&node, Roles::of(roles), &key.public_key()).unwrap();
        Identity::new(&pem, key).unwrap()
    }

    /// A node on a free port of the loopback.
    pub fn node(&self, node: &str, roles: &[Role]) -> Options {
        Options { identity: Some(self.identity(node, roles)), serve: true, ..self.viewer() }
    }

    pub fn viewer(&self) -> Options {
        Options {
            domain: self.authority.domain().clone(),
            authorities: vec![self.authority.certificate().clone()],
            identity: None,
            socket: Socket::Udp(SocketAddr::from(([127, 0, 0, 1], 0))),
            keys: Some(EndpointKeys::generate()),
            rng_seed: None,
            serve: false,
        }
    }
}

/// An endpoint that accepts, admits and answers.
pub struct Running {
    pub endpoint: Endpoint,
    pub server: Arc<Server>,
    /// The connections it has admitted, and why it did not admit others.
    pub admitted: Arc<Mutex<Vec<Result<Connection, LinkError>>>>,
    /// Why links have ended.
    pub ended: Arc<Mutex<Vec<LinkError>>>,
    accepting: JoinHandle<()>,
}

impl Running {
    pub fn start(options: Options) -> Running {
        Running::start_with(options, Versions::CURRENT, Server::default())
    }

    pub fn start_with(options: Options, versions: Versions, server: Server) -> Running {
        let endpoint = Endpoint::bind(options).unwrap();
        let server = Arc::new(server);
        let admitted = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(Mutex::new(Vec::new()));
        let accepting = tokio::spawn({
            let (endpoint, server, admitted, ended) =
                (endpoint.clone(), server.clone(), admitted.clone(), ended.clone());
            async move {
                while let Some(incoming) = endpoint.accept().await {
                    let established = incoming.establish().await;
                    if let Ok(connection) = &established {
                        let driver = Control::serve(connection, versions, server.clone());
                        let ended = ended.clone();
                        tokio::spawn(async move {
                            let error = driver.await;
                            ended.lock().push(error);
                        });
                    }
                    admitted.lock().push(established);
                }
            }
        });
        Running { endpoint, server, admitted, ended, accepting }
    }

    pub fn target(&self, server_name: &str) -> Target {
        Target { endpoint: self.endpoint.local_addr().unwrap(), server_name: server_name.to_owned() }
    }

    /// Waits until the server has handled `count` connection attempts.
    pub async fn attempts(&self, count: usize) {
        until("the attempts are handled", || self.admitted.lock().len() >= count).await;
    }

    pub fn calls(&self) -> Vec<String> {
        self.server.calls.lock().clone()
    }

    /// A parked call, when it has come.
    pub async fn parked(&self) -> (u32, ReplyTo) {
        until("a call is parked", || !self.server.parked.lock().is_empty()).await;
        self.server.parked.lock().remove(0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.accepting.abort();
        self.endpoint.close(CloseCode::SHUTDOWN, "the test is over");
    }
}

/// Polls a condition until it holds. Each look costs a turn of the runtime and a millisecond.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    soon(what, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// A client with its driver running.
pub struct Asking {
    pub connection: Connection,
    pub control: Control,
    pub driver: JoinHandle<LinkError>,
}

pub async fn dial(endpoint: &Endpoint, target: &Target) -> Asking {
    dial_with(endpoint, target, Versions::CURRENT).await
}

pub async fn dial_with(endpoint: &Endpoint, target: &Target, versions: Versions) -> Asking {
    let connection = endpoint.connect(target, DEADLINE).await.unwrap();
    let (control, driver) = Control::open(&connection, versions);
    Asking { connection, control, driver: spawn(driver) }
}

pub fn spawn(driver: Driver) -> JoinHandle<LinkError> {
    tokio::spawn(driver)
}

impl Asking {
    pub async fn echo(&self, words: &str) -> Result<String, Fault> {
        soon("an echo", self.control.ask("echo", ANY, &Echo(words.to_owned()), DEADLINE)).await
    }
}

/// A server for most tests, and a node that asks it.
pub async fn pair() -> (Domain, Running, Endpoint, Asking) {
    let domain = Domain::new("test");
    let server = Running::start(domain.node("server", &[Role::Host]));
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let asking = dial(&client, &server.target("server.host.test")).await;
    (domain, server, client, asking)
}
