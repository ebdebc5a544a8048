//! From a name to a slot: reserve and release through the gateway, and whole sessions up to their first picture.
//!
//! Owns: the load, and the check of what was promised while it ran: no ticket twice, no slot held by two (I1, I2), no
//! refusal while slots are free (I4). Refuses: to go on when one of these is broken; a fast wrong answer is no figure.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use actors_kernel::{Addr, Route};
use actors_protocol::gateway::{Gateway, Grant, Release, Released, Reservation, Reserve};
use actors_protocol::resolver::{Lookup, LookupReply};
use actors_protocol::{ActorPath, Incarnation, RequestId, Role, ServiceName, SlotId, ViewerKey};
use anyhow::{Context, bail, ensure};
use tokio::task::JoinSet;
use transport_link::{Control, Target, Versions};
use transport_viewer::{DomainTrust, OpenOptions, Options, ResolverAddress, Viewer};

use crate::child::{Child, Kind};
use crate::domain::{At, SERVICE, SLOTS, ZONE};
use crate::figures::{Turn, median, percentile};
use crate::identity::{self, name};
use crate::report::{Bar, Report, Row};
use crate::{Plan, progress};

/// Who reserves and releases at once.
const CLIENTS: usize = 50;
const WITHIN: Duration = Duration::from_secs(5);
/// Four nodes and a thousand slots.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Runs all of it.
pub async fn measure(plan: Plan, report: &mut Report) -> anyhow::Result<()> {
    progress("open: starting a domain with 1,000 slots of echo");
    let domain: Child<At> = Child::start(Kind::Domain)?;
    ready(&domain.at).await?;

    let load = Rc::new(Load::new(&domain.at)?);
    turn(&load, plan.turn).await?;
    let mut rates = Vec::new();
    for round in 0..plan.rounds {
        progress(&format!("open: reserve and release, round {} of {}", round + 1, plan.rounds));
        rates.push(turn(&load, plan.turn).await?.rate());
    }
    progress(&format!("open: {} tickets, all distinct; nobody was refused", load.books.borrow().tickets.len()));
    drop(load);
    report.add(
        Row::plain("reserve + release, 50 clients", "/s", median(&rates), Bar::AtLeast(20_000.0))
            .with_rounds(&rates, &[]),
    );

    progress(&format!("open: {} sessions, up to the first picture of each", plan.opens));
    let mut times_ms = Vec::new();
    for _ in 0..plan.opens {
        times_ms.push(first_picture(&domain.at).await?.as_secs_f64() * 1e3);
    }
    let (p50, p99) = (percentile(&mut times_ms, 0.50), percentile(&mut times_ms, 0.99));
    report.add(Row::plain("name → first picture, p50", " ms", p50, Bar::AtMost(15.0)));
    report.add(Row::plain("name → first picture, p99", " ms", p99, Bar::None));
    Ok(())
}

/// Waits until every slot is free and the resolver knows it.
async fn ready(at: &At) -> anyhow::Result<()> {
    let endpoint = identity::bind(&at.load.authority, None, false)?;
    let target = Target { endpoint: at.resolver, server_name: identity::server_name("resolver", Role::Resolver) };
    let connection = endpoint.connect(&target, WITHIN).await.context("the resolver")?;
    let (control, driver) = Control::open(&connection, Versions::CURRENT);
    let mut owner = JoinSet::new();
    owner.spawn_local(driver);
    let until = Instant::now() + READY_WITHIN;
    loop {
        let lookup = Lookup { service: name(SERVICE), site: None };
        match control.ask("resolver", Incarnation::ANY, &lookup, WITHIN).await? {
            LookupReply::Found(found) if found.iter().map(|candidate| candidate.free).sum::<u32>() == SLOTS => {
                return Ok(());
            }
            reply => ensure!(Instant::now() < until, "the domain is not ready; the resolver says {reply:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The clients: they ask the gateway as a resolver does.
struct Load {
    gateway: Addr<Gateway>,
    service: ServiceName,
    books: RefCell<Books>,
    _node: actors_kernel::Node,
}

/// What was promised, and is checked.
#[derive(Default)]
struct Books {
    requests: u128,
    tickets: HashSet<u128>,
    held: BTreeSet<SlotId>,
}

impl Load {
    fn new(at: &At) -> anyhow::Result<Load> {
        let node = crate::domain::node(&at.load, Role::Resolver, at.load.endpoint(false)?);
        let server_name = identity::server_name(ZONE, Role::Zone);
        node.set_route(Route { node: name(ZONE), endpoint: at.gateway, server_name });
        let gateway = node.far(&name(ZONE), ActorPath::new("gateway")?);
        Ok(Load { gateway, service: name(SERVICE), books: RefCell::default(), _node: node })
    }

    async fn reserve(&self, request: RequestId, client: usize) -> anyhow::Result<Grant> {
        let mut viewer = [0; 32];
        viewer[..8].copy_from_slice(&(client as u64 + 1).to_le_bytes());
        let (service, viewer) = (self.service.clone(), ViewerKey(viewer));
        let reserve = Reserve { request, service, viewer, origin: std::net::Ipv4Addr::LOCALHOST.into() };
        match self.gateway.ask(reserve, WITHIN).await.context("reserve")? {
            Reservation::Granted(grant) => Ok(grant),
            refused => bail!("I4 is broken: {SLOTS} slots, {CLIENTS} clients, and one is told {refused:?}"),
        }
    }

    async fn client(&self, client: usize, until: Instant) -> anyhow::Result<u64> {
        let mut pairs = 0;
        while Instant::now() < until {
            let request = self.books.borrow_mut().request();
            let grant = self.reserve(request, client).await?;
            self.books.borrow_mut().take(&grant)?;
            // From here on it may be given to another.
            self.books.borrow_mut().held.remove(&grant.slot);
            let release = Release { request, instance: grant.instance };
            let released = self.gateway.ask(release, WITHIN).await.context("release")?;
            ensure!(released == Released::Freed, "a lease that was just granted is not there");
            pairs += 1;
        }
        Ok(pairs)
    }
}

impl Books {
    fn request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }

    fn take(&mut self, grant: &Grant) -> anyhow::Result<()> {
        ensure!(self.tickets.insert(grant.ticket.0), "I2 is broken: a ticket was given twice");
        ensure!(self.held.insert(grant.slot), "I1 is broken: {} is held by two", grant.slot);
        Ok(())
    }
}

async fn turn(load: &Rc<Load>, length: Duration) -> anyhow::Result<Turn> {
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let load = load.clone();
        clients.spawn_local(async move { load.client(client, begun + length).await });
    }
    let mut answered = 0;
    while let Some(pairs) = clients.join_next().await {
        answered += pairs??;
    }
    Ok(Turn { answered, took: begun.elapsed(), times_us: Vec::new() })
}

/// A viewer that knows the domain and nothing else opens the service: socket, two connections, a slot, a picture.
async fn first_picture(at: &At) -> anyhow::Result<Duration> {
    let resolver =
        ResolverAddress { address: at.resolver, server_name: identity::server_name("resolver", Role::Resolver) };
    let trust = DomainTrust {
        domain: name(identity::DOMAIN),
        authority: at.load.authority.clone(),
        resolvers: vec![resolver],
        site: None,
    };
    let begun = Instant::now();
    let viewer = Viewer::new(trust, Options::default())?;
    let mut session = viewer.open(&name(SERVICE), OpenOptions::default()).await?;
    let picture = session.next_picture().await.map_err(|ended| anyhow::anyhow!("no picture came: {ended}"))?;
    let took = begun.elapsed();
    ensure!(picture.number == 0, "the first picture is number {}", picture.number);
    session.close().await;
    viewer.close().await;
    Ok(took)
}
