//! What does the kernel add to a question? Near: next to a bare actix actor on the same thread. Far: next to the same
//! question over the bare link, two threads of one runtime each. And what does an idle actor weigh?
//!
//! Run it with `--release` and read the differences; on a shared machine believe the processor time of each side rather than
//! the rates. Parts: `near`, `far`, `memory`; without one, all.
#![expect(
    clippy::disallowed_methods,
    reason = "it measures real time, and its tasks are waited for or end with the process"
)]

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use actix::AsyncContext;
use actors_kernel::{Access, Actor, ActorPath, Answer, Caller, Cx, Handler, Node, NodeOptions, Route, Routes, Spec};
use actors_protocol::{DomainName, Fault, Incarnation, NodeName, Role, Roles, Tag, actor_protocol, table};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, LocalOptions};
use transport_link::{
    Authority, Control, Dispatch, Endpoint, EndpointKeys, Identity, InboundCall, Options, SigningKey, Socket, Target,
    Versions,
};
use transport_wire::{CloseCode, decode};

/// 100 bytes on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ping {
    number: u64,
    words: Vec<String>,
}

actor_protocol! {
    /// The protocol of this example.
    pub protocol Bench("bench") {
        0x7f01 => Ping -> Ping;
    }
}

const WARM_UP: Duration = Duration::from_millis(300);
const MEASURED: Duration = Duration::from_secs(2);
const WITHIN: Duration = Duration::from_secs(5);
const IN_FLIGHT: usize = 64;
const ROUNDS: usize = 3;
const SERVER: &str = "server";

fn ping() -> Ping {
    Ping { number: 0x1234_5678_9abc, words: (0..6).map(|index| format!("service-{index}.demo")).collect() }
}

/// Echoes.
struct Echo;

impl Actor for Echo {
    type Protocol = Bench;
    fn routes(routes: &mut Routes<Self>) {
        routes.add::<Ping>();
    }
}

impl Handler<Ping> for Echo {
    fn handle(&mut self, ping: Ping, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<Ping> {
        ping.into()
    }
}

impl actix::Actor for Echo {
    type Context = actix::Context<Self>;
}

struct Bare(Ping);

impl actix::Message for Bare {
    type Result = Result<Ping, ()>;
}

impl actix::Handler<Bare> for Echo {
    type Result = Result<Ping, ()>;
    fn handle(&mut self, ping: Bare, _: &mut Self::Context) -> Result<Ping, ()> {
        Ok(ping.0)
    }
}

impl Dispatch for Echo {
    fn dispatch(&self, call: InboundCall<'_>) {
        match decode::<Ping>(&call.payload) {
            Ok(ping) => call.reply.send(Ok(&ping)),
            Err(error) => call.reply.fail(Fault::from(error)),
        }
    }

    fn since(&self, tag: Tag) -> Option<u16> {
        since(tag)
    }
}

fn since(tag: Tag) -> Option<u16> {
    (tag == 0x7f01).then_some(0)
}

/// As long a way through the table as a call of the domain has.
fn permits(roles: Roles, tag: Tag) -> bool {
    table::permits(roles, tag) || tag == 0x7f01
}

fn main() {
    let which = std::env::args().nth(1);
    let wanted = |part: &str| which.as_deref().is_none_or(|which| which == part);
    if wanted("near") {
        run(near());
    }
    if wanted("far") {
        far();
    }
    if wanted("memory") {
        run(memory());
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    runtime.expect("a runtime").block_on(future)
}

/// Nanoseconds that this thread has had a processor.
fn processor_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ').next().expect("a first field").parse().expect("a number")
}

/// What a far question costs.
#[derive(Clone, Copy)]
struct Far {
    /// Time of a question with [`IN_FLIGHT`] of them.
    busy_ns: f64,
    /// Time of a question with one.
    alone_ns: f64,
    /// Processor time of both sides a question, busy and alone alike: mostly busy.
    client_ns: f64,
    server_ns: f64,
}

impl Far {
    const WORST: Far = Far { busy_ns: f64::MAX, alone_ns: f64::MAX, client_ns: f64::MAX, server_ns: f64::MAX };

    fn best(self, other: Far) -> Far {
        Far {
            busy_ns: self.busy_ns.min(other.busy_ns),
            alone_ns: self.alone_ns.min(other.alone_ns),
            client_ns: self.client_ns.min(other.client_ns),
            server_ns: self.server_ns.min(other.server_ns),
        }
    }
}

impl std::fmt::Display for Far {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Far { busy_ns, alone_ns, client_ns, server_ns } = self;
        write!(
            f,
            "{busy_ns:>5.0} ns with {IN_FLIGHT} in flight ({:.0}/s); alone {:.1} µs",
            1e9 / busy_ns,
            alone_ns / 1e3
        )?;
        write!(f, "; processor: client {client_ns:.0} ns, server {server_ns:.0} ns")
    }
}

/// Questions answered so far.
static ANSWERED: AtomicU64 = AtomicU64::new(0);

/// Nanoseconds a question, with so many in flight.
async fn ns<F: Future<Output = Ping> + 'static>(in_flight: usize, ask: impl Fn() -> F + 'static) -> f64 {
    let ask = Rc::new(ask);
    let mut best = f64::MAX;
    for length in [WARM_UP, MEASURED] {
        let begin = Instant::now();
        let tasks: Vec<_> = (0..in_flight)
            .map(|_| {
                let ask = ask.clone();
                tokio::task::spawn_local(async move {
                    let mut count = 0u64;
                    while begin.elapsed() < length {
                        for _ in 0..16 {
                            assert_eq!(ask().await.number, 0x1234_5678_9abc);
                            count += 1;
                        }
                    }
                    count
                })
            })
            .collect();
        let mut count = 0;
        for task in tasks {
            count += task.await.expect("no panic");
        }
        ANSWERED.fetch_add(count, Relaxed);
        best = begin.elapsed().as_nanos() as f64 / count as f64;
    }
    best
}

async fn near() {
    let world = Domain::new();
    let node = world.node("near", 0);
    let actor = node.spawn(path("echo"), Spec::default(), || Echo).expect("spawned");
    let address = actor.addr();
    let context = actix::Context::<Echo>::new();
    let bare = context.address();
    tokio::task::spawn_local(context.into_future(Echo));
    for _ in 0..ROUNDS {
        let (bare, actor, address) = (bare.clone(), actor.clone(), address.clone());
        let bare = ns(IN_FLIGHT, move || {
            let bare = bare.clone();
            async move { bare.send(Bare(ping())).await.expect("it lives").expect("an answer") }
        });
        let bare = bare.await;
        let actor = ns(IN_FLIGHT, move || {
            let asked = actor.ask(ping(), WITHIN);
            async move { asked.await.expect("an answer") }
        });
        let actor = actor.await;
        let address = ns(IN_FLIGHT, move || {
            let asked = address.ask(ping(), WITHIN);
            async move { asked.await.expect("an answer") }
        });
        let address = address.await;
        let make = ns(IN_FLIGHT, || async { ping() }).await;
        println!(
            "near, {IN_FLIGHT} in flight: bare actix {:.0} ns, ActorRef {:.0} ns, Addr {:.0} ns (without making the message)",
            bare - make,
            actor - make,
            address - make
        );
    }
    node.close(CloseCode::GOODBYE, "done");
}

fn far() {
    let mut best = [Far::WORST; 2];
    for round in 0..ROUNDS {
        for (index, name) in ["link", "kernel"].into_iter().enumerate() {
            let figures = if index == 0 { far_link() } else { far_kernel() };
            println!("far, round {round}, {name:>6}: {figures}");
            best[index] = best[index].best(figures);
        }
    }
    let [link, kernel] = best;
    println!(
        "far: the kernel adds {:.0} ns a call with {IN_FLIGHT} in flight, {:.2} µs alone; processor: client {:.0} ns, server {:.0} ns",
        kernel.busy_ns - link.busy_ns,
        (kernel.alone_ns - link.alone_ns) / 1e3,
        kernel.client_ns - link.client_ns,
        kernel.server_ns - link.server_ns
    );
}

/// Runs `serve` on a thread of its own, `ask` here; `serve` ends when the client's connection does.
fn two_threads(
    serve: impl AsyncFnOnce(Endpoint, tokio::sync::oneshot::Receiver<()>) + Send + 'static,
    ask: impl AsyncFnOnce(Arc<Domain>, SocketAddr) -> [f64; 2],
) -> Far {
    let world = Arc::new(Domain::new());
    let (tell, told) = mpsc::sync_channel(1);
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let domain = world.clone();
    let thread = std::thread::Builder::new().name(SERVER.into()).spawn(move || {
        run(async move {
            let endpoint = domain.endpoint(SERVER, 0);
            tell.send(endpoint.local_addr().expect("an address")).expect("told");
            serve(endpoint, stopped).await;
        });
        processor_ns()
    });
    let address = told.recv().expect("bound");
    let (before, used) = (ANSWERED.load(Relaxed), processor_ns());
    let [busy_ns, alone_ns] = run(ask(world, address));
    let (count, used) = ((ANSWERED.load(Relaxed) - before) as f64, processor_ns() - used);
    drop(stop);
    let server = thread.expect("started").join().expect("no panic");
    Far { busy_ns, alone_ns, client_ns: used as f64 / count, server_ns: server as f64 / count }
}

fn far_link() -> Far {
    two_threads(
        async |endpoint, _| {
            let connection = endpoint.accept().await.expect("open").establish().await.expect("established");
            Control::serve(&connection, Versions::CURRENT, Arc::new(Echo)).await;
        },
        async |world, address| {
            let endpoint = world.endpoint("client", 0);
            let target = Target { endpoint: address, server_name: "server.host.bench".into() };
            let connection = endpoint.connect(&target, WITHIN).await.expect("connected");
            let (control, driver) = Control::open(&connection, Versions::CURRENT);
            let driver = tokio::task::spawn_local(driver);
            let mut figures = [0.0; 2];
            for (figure, in_flight) in figures.iter_mut().zip([IN_FLIGHT, 1]) {
                let (control, message) = (control.clone(), ping());
                let ask = move || {
                    let asked = control.ask("echo/1", Incarnation::ANY, &message, WITHIN);
                    async move { asked.await.expect("answered") }
                };
                *figure = ns(in_flight, ask).await;
            }
            driver.abort();
            figures
        },
    )
}

fn far_kernel() -> Far {
    two_threads(
        async |endpoint, stopped| {
            let node = Domain::start(SERVER, endpoint);
            node.spawn(path("echo/1"), Spec::default(), || Echo).expect("spawned");
            // The sender is dropped when the client is done.
            drop(stopped.await);
            node.close(CloseCode::GOODBYE, "done");
        },
        async |world, address| {
            let node = world.node("client", 0);
            let server = NodeName::new(SERVER).expect("a name");
            node.set_route(Route { node: server.clone(), endpoint: address, server_name: "server.host.bench".into() });
            let echo = node.far::<Bench>(&server, path("echo/1"));
            let mut figures = [0.0; 2];
            for (figure, in_flight) in figures.iter_mut().zip([IN_FLIGHT, 1]) {
                let (echo, message) = (echo.clone(), ping());
                let ask = move || {
                    let asked = echo.ask(message.clone(), WITHIN);
                    async move { asked.await.expect("answered") }
                };
                *figure = ns(in_flight, ask).await;
            }
            node.close(CloseCode::GOODBYE, "done");
            figures
        },
    )
}

actor_protocol! {
    /// Nobody asks from afar.
    pub protocol Quiet("quiet") {}
}

/// Has as many children.
struct Parent(usize);

impl Actor for Parent {
    type Protocol = Quiet;
    fn started(&mut self, cx: &mut Cx<'_, Self>) {
        for number in 0..self.0 {
            cx.child(&number.to_string(), Spec::default(), Echo, |_, _, _| ()).expect("born");
        }
    }
}

async fn memory() {
    let world = Domain::new();
    let node = world.node("memory", 0);
    // Once, so that tables and buffers are there.
    node.spawn(path("first"), Spec::default(), || Parent(100)).expect("spawned");
    settle().await;
    const COUNT: usize = 20_000;
    let before = resident();
    node.spawn(path("parent"), Spec::default(), || Parent(COUNT)).expect("spawned");
    settle().await;
    let children = resident() - before;
    let before = resident();
    for number in 0..COUNT {
        node.spawn(path(&format!("own/{number}")), Spec::default(), || Echo).expect("spawned");
    }
    settle().await;
    let own = resident() - before;
    println!("idle: {} bytes a child, {} bytes an actor of the node's", children / COUNT, own / COUNT);
    node.close(CloseCode::GOODBYE, "done");
}

async fn settle() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: usize = text.split(' ').nth(1).expect("a second field").parse().expect("a number");
    pages * 4_096
}

fn path(text: &str) -> ActorPath {
    ActorPath::new(text).expect("a path")
}

struct Domain(Authority);

impl Domain {
    fn new() -> Domain {
        Domain(Authority::create(&DomainName::new("bench").expect("a name")).expect("an authority"))
    }

    fn endpoint(&self, name: &str, port: u16) -> Endpoint {
        let node = NodeName::new(name).expect("a name");
        let key = SigningKey::generate();
        let pem = self.0.issue(&node, Roles::of(&[Role::Host]), &key.public_key()).expect("issued");
        let options = Options {
            domain: self.0.domain().clone(),
            authorities: vec![self.0.certificate().clone()],
            identity: Some(Identity::new(&pem, key).expect("an identity")),
            socket: Socket::Udp(SocketAddr::from(([127, 0, 0, 1], port))),
            keys: Some(EndpointKeys::generate()),
            rng_seed: None,
            serve: true,
        };
        Endpoint::bind(options).expect("bound")
    }

    fn node(&self, name: &str, port: u16) -> Node {
        Domain::start(name, self.endpoint(name, port))
    }

    fn start(name: &str, endpoint: Endpoint) -> Node {
        let access = Access { permits, since };
        let options = NodeOptions {
            domain: endpoint.domain().clone(),
            node: NodeName::new(name).expect("a name"),
            roles: Roles::of(&[Role::Host]),
            incarnation: Incarnation(1),
            access,
            versions: Versions::CURRENT,
        };
        Node::start(options, endpoint)
    }
}
