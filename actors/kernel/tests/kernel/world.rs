//! A domain for tests: an authority, nodes on loopback sockets, the two clocks, and the look for what is left over.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use actors_kernel::{ActorPath, ActorRef, Addr, Node, NodeOptions, Route, Spec};
use actors_protocol::node::{EndActor, Ending};
use actors_protocol::{DomainName, Incarnation, NodeName, Role, Roles};
use tokio::runtime::{Builder, LocalOptions};
use transport_link::{Authority, Endpoint, EndpointKeys, Identity, Options, SigningKey, Socket, Versions};
use transport_wire::CloseCode;

use crate::probe::{Diary, Probe, Probing, access};

/// More than anything here takes; only what is broken meets it.
pub const LONG: Duration = Duration::from_secs(20);

/// Runs a test in virtual time.
pub fn virtually(test: impl Future<Output = ()>) {
    run(true, test);
}

/// Runs a test in real time, a minute at most.
pub fn really(test: impl Future<Output = ()>) {
    run(false, async {
        tokio::time::timeout(Duration::from_secs(60), test).await.expect("the test is over in a minute")
    });
}

fn run(paused: bool, test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().start_paused(paused).build_local(LocalOptions::default());
    runtime.expect("a runtime").block_on(test);
}

pub fn path(text: &str) -> ActorPath {
    ActorPath::new(text).expect("a path")
}

pub struct World {
    authority: Authority,
    nodes: RefCell<Vec<Node>>,
    /// What the next nodes speak.
    pub versions: Cell<Versions>,
}

impl World {
    pub fn new() -> World {
        let domain = DomainName::new("lab").expect("a name");
        World {
            authority: Authority::create(&domain).expect("an authority"),
            nodes: RefCell::default(),
            versions: Cell::new(Versions::CURRENT),
        }
    }

    pub fn endpoint(&self, name: &str, roles: &[Role], port: u16) -> Endpoint {
        let node = NodeName::new(name).expect("a name");
        let key = SigningKey::generate();
        let pem = self.authority.issue(&node, Roles::of(roles), &key.public_key()).expect("issued");
        let options = Options {
            domain: self.authority.domain().clone(),
            authorities: vec![self.authority.certificate().clone()],
            identity: Some(Identity::new(&pem, key).expect("an identity")),
            socket: Socket::Udp(SocketAddr::from(([127, 0, 0, 1], port))),
            keys: Some(EndpointKeys::generate()),
            rng_seed: None,
            serve: true,
        };
        Endpoint::bind(options).expect("bound")
    }

    /// An endpoint without a certificate.
    pub fn viewer(&self) -> Endpoint {
        let options = Options {
            domain: self.authority.domain().clone(),
            authorities: vec![self.authority.certificate().clone()],
            identity: None,
            socket: Socket::Udp(SocketAddr::from(([127, 0, 0, 1], 0))),
            keys: None,
            rng_seed: None,
            serve: false,
        };
        Endpoint::bind(options).expect("bound")
    }

    pub fn node(&self, name: &str, roles: &[Role]) -> Node {
        let node = self.life(name, roles, self.endpoint(name, roles, 0), 1);
        self.nodes.borrow_mut().push(node.clone());
        node
    }

    /// A node that the test closes itself.
    pub fn life(&self, name: &str, roles: &[Role], endpoint: Endpoint, incarnation: u64) -> Node {
        let options = NodeOptions {
            domain: self.authority.domain().clone(),
            node: NodeName::new(name).expect("a name"),
            roles: Roles::of(roles),
            incarnation: Incarnation(incarnation),
            access: access(),
            versions: self.versions.get(),
        };
        Node::start(options, endpoint)
    }

    /// `from` can dial `to`.
    pub fn link(&self, from: &Node, to: &Node) {
        let role = to.roles().iter().next().expect("a role");
        let endpoint = to.endpoint().local_addr().expect("an address");
        let server_name = format!("{}.{role}.{}", to.name(), to.domain());
        from.set_route(Route { node: to.name().clone(), endpoint, server_name });
    }

    /// Two nodes, a client that can dial a server.
    pub fn pair(&self) -> (Node, Node) {
        let (client, server) = (self.node("client", &[Role::Resolver]), self.node("server", &[Role::Host]));
        self.link(&client, &server);
        (client, server)
    }

    /// Ends all nodes; fails if anything of them outlives that (invariant I8).
    pub async fn close(self) {
        for node in self.nodes.take() {
            node.close(CloseCode::SHUTDOWN, "the test is over");
            empty(&node).await;
        }
    }
}

/// Waits a few turns of the scheduler, no time at all, until nothing of the node is left.
pub async fn empty(node: &Node) {
    // A turn is some sixty tasks; a thousand turns end any node here, and take no time.
    for _ in 0..1_000 {
        let census = node.census();
        if census.actors == 0 && census.tasks.is_empty() {
            return;
        }
        turn().await;
    }
    panic!("left over: {:?}", node.census());
}

/// Lets everybody who can run do so once, without any time going by.
pub async fn turn() {
    tokio::task::yield_now().await;
}

/// A few turns.
pub async fn turns() {
    for _ in 0..10 {
        turn().await;
    }
}

pub async fn sleep_ms(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// Starts a probe at `at`.
pub fn probe(node: &Node, at: &str, spec: Spec) -> (ActorRef<Probe>, Diary) {
    let diary = Diary::default();
    let made = diary.clone();
    let probe = node.spawn(path(at), spec, move || Probe::new(&made)).expect("spawned");
    (probe, diary)
}

/// The addresses by which a probe on `server` is reached: from there, and from `client`.
pub fn both(client: &Node, server: &Node, at: &str) -> [Addr<Probing>; 2] {
    [server.near(path(at)), client.far(server.name(), path(at))]
}

/// Ends an actor the way a person does.
pub async fn end(node: &Node, at: &str, kill: bool) {
    let inspector = node.near::<actors_protocol::node::Node>(path("node"));
    let ending = inspector.ask(EndActor { path: path(at), kill }, LONG).await.expect("answered");
    assert!(matches!(ending, Ending::Ended { .. }), "{ending:?}");
}
