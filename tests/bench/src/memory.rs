//! What is paid for what does nothing: a free slot, and a viewer's connection that is quiet.
//!
//! A process of its own is filled; what its private memory grows by is divided by how many there are. Freed memory that the
//! allocator keeps is counted, fragments too: it is what a machine has to have.
//!
//! Owns: the filling and the weighing. Refuses: an allocator that counts; it would measure another program.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actors_control::{Membership, RESOLVER, ResolverActor, ResolverSetup, role_path};
use actors_kernel::{Node, Spec};
use actors_protocol::host::{CreateInstance, Offering};
use actors_protocol::resolver::Lookup;
use actors_protocol::{Incarnation, InstanceName, Role};
use anyhow::{Context, ensure};
use media_session::observe::{Seen, Sighting};
use media_session::{FactorySetup, spawn_factory};
use nodes_services::echo::EchoProgram;
use nodes_services::{Flaw, Limits};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use transport_link::{Connection, Control, Endpoint, Target, Versions};

use crate::ask::bare;
use crate::child::{self, Child, Kind};
use crate::domain::{SERVICE, node, topology};
use crate::identity::{self, Papers, name};
use crate::report::{Bar, Report, Row};
use crate::{Plan, progress};

const WITHIN: Duration = Duration::from_secs(10);
/// Handshakes at once.
const DIALLING: usize = 16;
/// Handshake keys and buffers are let go of, the first keep-alives have gone by.
const SETTLE: Duration = Duration::from_secs(3);
/// Before the first weighing: what is paid once, for the first of its kind.
const FIRST_FEW: usize = 20;

/// Runs all of it.
pub async fn measure(plan: Plan, report: &mut Report) -> anyhow::Result<()> {
    let slot = slots(plan)?;
    report.add(Row::plain("idle slot", " kB", slot, Bar::AtMost(6.0)));
    let ours = connections(plan).await?;
    let theirs = bare_connections(plan).await?;
    report.add(Row::plain("idle connection, server's end", " kB", ours, Bar::AtMost(40.0)).against(
        "bare quinn, its defaults",
        theirs,
        ours / theirs,
    ));
    Ok(())
}

/// Kilobytes of 1,000 bytes, as everywhere else here.
fn each(grown: u64, count: usize) -> f64 {
    grown as f64 / 1e3 / count as f64
}

#[derive(Serialize, Deserialize)]
struct Nobody;

fn slots(plan: Plan) -> anyhow::Result<f64> {
    progress(&format!("memory: {} free slots", plan.slots));
    let mut host: Child<Nobody> = Child::start(Kind::Slots)?;
    host.ask::<u32>("100")?;
    let before = host.memory();
    let free: u32 = host.ask(&plan.slots.to_string())?;
    ensure!(free == plan.slots, "{free} of {} slots are free", plan.slots);
    Ok(each(host.memory().saturating_sub(before), plan.slots as usize))
}

/// The process whose slots are weighed: each word is a number of slots, which it makes.
pub async fn serve_slots() -> anyhow::Result<()> {
    let papers = Papers::issue(&identity::authority()?, "host-a", Role::Host)?;
    let endpoint = papers.endpoint(true)?;
    let listen = endpoint.local_addr()?;
    let node = node(&papers, Role::Host, endpoint);
    let mut words = child::words()?;
    child::say(&Nobody)?;
    let mut instances = 0;
    while let Some(word) = words.recv().await {
        instances += 1;
        child::say(&fill(&node, listen, name(&format!("echo-{instances}")), word.parse()?).await?)?;
    }
    Ok(())
}

async fn fill(node: &Node, listen: SocketAddr, instance: InstanceName, slots: u32) -> anyhow::Result<u32> {
    let free = Rc::new(Cell::new(0));
    let create = CreateInstance {
        instance,
        zone: name("zone-a"),
        gateway: name("zone-a"),
        builder: "echo".to_owned(),
        offerings: vec![Offering { service: name(SERVICE), cap: None, parameters: Default::default() }],
        slots,
        parameters: Default::default(),
        provisional: None,
    };
    let setup = FactorySetup {
        create,
        production: media_session::Production::ready(EchoProgram),
        raw: Vec::new(),
        endpoint: listen,
        server_name: identity::server_name("host-a", Role::Host),
        limits: Limits::default(),
        entropy: identity::entropy(),
        flaw: Flaw::default(),
        observer: Some(Rc::new({
            let free = free.clone();
            move |sighting: &Sighting<'_>| {
                if let Seen::Settled = sighting.what {
                    free.set(sighting.core.counts().free);
                }
            }
        })),
    };
    spawn_factory(node, setup)?;
    let until = Instant::now() + WITHIN;
    while free.get() < slots && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(free.get())
}

/// The process whose idle connections are weighed: a resolver that knows of nothing.
pub async fn serve_resolver() -> anyhow::Result<()> {
    let authority = identity::authority()?;
    let papers = Papers::issue(&authority, "resolver", Role::Resolver)?;
    let endpoint = papers.endpoint(true)?;
    let listen = endpoint.local_addr()?;
    let node = node(&papers, Role::Resolver, endpoint);
    let membership = Membership::default();
    node.spawn(role_path(RESOLVER), Spec::default(), move || {
        let directory = membership.directory();
        ResolverActor::new(ResolverSetup { topology: topology(), directory, flaw: Flaw::default(), observer: None })
    })?;
    child::say(&(listen, papers.authority))?;
    child::until_parent_ends().await
}

async fn connections(plan: Plan) -> anyhow::Result<f64> {
    progress(&format!("memory: {} quiet connections of viewers", plan.connections));
    let resolver: Child<(SocketAddr, String)> = Child::start(Kind::Resolver)?;
    let (address, authority) = &resolver.at;
    let endpoint = identity::bind(authority, None, false)?;
    let target = Target { endpoint: *address, server_name: identity::server_name("resolver", Role::Resolver) };
    let mut drivers = JoinSet::new();
    let mut open = Vec::new();
    dial(&endpoint, &target, FIRST_FEW, &mut open, &mut drivers).await?;
    tokio::time::sleep(SETTLE).await;
    let before = resolver.memory();
    dial(&endpoint, &target, plan.connections, &mut open, &mut drivers).await?;
    tokio::time::sleep(SETTLE).await;
    let grown = resolver.memory().saturating_sub(before);
    ensure!(open.iter().all(|(connection, _)| connection.close_reason().is_none()), "a quiet connection has ended");
    Ok(each(grown, plan.connections))
}

type Open = (Connection, Control);

/// Connects `count` times; each connection has said hello and has had one answer.
async fn dial(
    endpoint: &Endpoint,
    target: &Target,
    count: usize,
    open: &mut Vec<Open>,
    drivers: &mut JoinSet<transport_link::LinkError>,
) -> anyhow::Result<()> {
    let mut dialling = JoinSet::new();
    let mut left = count;
    while left > 0 || !dialling.is_empty() {
        while left > 0 && dialling.len() < DIALLING {
            left -= 1;
            let (endpoint, target) = (endpoint.clone(), target.clone());
            dialling.spawn_local(async move {
                let connection = endpoint.connect(&target, WITHIN).await?;
                let (control, mut driver) = Control::open(&connection, Versions::CURRENT);
                let lookup = Lookup { service: name(SERVICE), site: None };
                let answer = control.ask(RESOLVER, Incarnation::ANY, &lookup, WITHIN);
                tokio::select! {
                    answer = answer => {
                        answer?;
                    }
                    ended = &mut driver => anyhow::bail!("a connection has ended: {ended}"),
                }
                anyhow::Ok((connection, control, driver))
            });
        }
        let (connection, control, driver) = dialling.join_next().await.context("something is being dialled")???;
        open.push((connection, control));
        drivers.spawn_local(driver);
    }
    Ok(())
}

async fn bare_connections(plan: Plan) -> anyhow::Result<f64> {
    progress(&format!("memory: {} quiet connections of bare quinn", plan.connections));
    let server: Child<bare::At> = Child::start(Kind::Bare)?;
    let endpoint = bare::client_endpoint(&server.at)?;
    let mut open = Vec::new();
    for _ in 0..FIRST_FEW {
        open.push(bare::connect(&endpoint, &server.at, bare::Mode::Coded).await?);
    }
    tokio::time::sleep(SETTLE).await;
    let before = server.memory();
    for _ in 0..plan.connections {
        open.push(bare::connect(&endpoint, &server.at, bare::Mode::Coded).await?);
    }
    tokio::time::sleep(SETTLE).await;
    Ok(each(server.memory().saturating_sub(before), plan.connections))
}
