//! Brings a node up: its identity, its endpoint, its roles. The same for `fusion node` and for each node of `fusion dev`.
//!
//! Owns: the order of starting and of stopping. Refuses: what the roles do.

mod rest;

pub use rest::Rest;

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actors_control::observe::Observers;
use actors_control::{
    Flaw, HostSetup, Marker, MemberSetup, Membership, OrchestratorSetup, Renewal, RoleSetup, Topology, UsersSetup,
    Wanted, start_roles,
};
use actors_kernel::{Access, Node, NodeOptions};
use actors_protocol::host::{CreateInstance, Offering};
use actors_protocol::{Millis, Role, ZoneName};
use actors_store::{Argon2Hasher, Embedded, Store};
use anyhow::{Context, bail};
use nodes_services::{BuilderOptions, Limits, registry};
use ring::hmac;
use ring::rand::SecureRandom;
use transport_link::{CloseCode, Endpoint, Options, Socket, Versions};

use crate::config::{ConfigError, NodeConfig, TopologyFile};
use crate::home::{DirLock, DomainFile, Home, NodeFile};
use crate::token::Token;

/// After the actors: how long packets that are under way may take.
const IDLE_WITHIN: Duration = Duration::from_millis(500);

/// A node that runs.
pub struct Running {
    /// Its handle.
    pub node: Node,
    /// Where it listens.
    pub listen: SocketAddr,
    /// What it is.
    pub file: NodeFile,
    /// Where REST is served, if it is.
    pub console: Option<Rest>,
    lock: DirLock,
}

/// A node whose socket is open and whose roles have not started.
pub struct Bound {
    home: Home,
    file: NodeFile,
    endpoint: Endpoint,
    /// Where it listens.
    pub listen: SocketAddr,
    lock: DirLock,
}

/// Draws 128 bits from the system.
pub fn draw() -> u128 {
    let mut bytes = [0; 16];
    ring::rand::SystemRandom::new().fill(&mut bytes).expect("the system has randomness");
    u128::from_le_bytes(bytes)
}

/// The same, for those who keep it.
pub fn entropy() -> Rc<dyn Fn() -> u128> {
    Rc::new(draw)
}

/// Opens the socket of the node in `home`, whose directory this process holds.
pub fn bind(home: &Home, lock: DirLock, domain: &DomainFile, listen: SocketAddr) -> anyhow::Result<Bound> {
    let file = home.node()?;
    let endpoint = Endpoint::bind(Options {
        domain: domain.domain.clone(),
        authorities: Home::authorities(domain)?,
        identity: Some(home.identity()?),
        socket: Socket::Udp(listen),
        keys: Some(home.endpoint_keys()?),
        rng_seed: None,
        serve: true,
    })?;
    let listen = endpoint.local_addr()?;
    Ok(Bound { home: home.clone(), file, endpoint, listen, lock })
}

impl Bound {
    /// Starts the roles. `domain` tells by now where the orchestrator is.
    pub fn start(
        self,
        domain: &DomainFile,
        config: &NodeConfig,
        advertise: Option<SocketAddr>,
    ) -> anyhow::Result<Running> {
        let Bound { home, file, endpoint, listen, lock } = self;
        let advertise = advertise.unwrap_or(listen);
        if advertise.ip().is_unspecified() {
            bail!(ConfigError::Value(format!(
                "node {} listens on {listen}, which nobody can dial; say where it is reached with `advertise` or --advertise",
                file.node
            )));
        }
        let setup = role_setup(&home, &file, domain, config, advertise)?;
        let options = NodeOptions {
            domain: domain.domain.clone(),
            node: file.node.clone(),
            roles: file.roles,
            incarnation: home.next_life()?,
            access: Access::default(),
            versions: Versions::CURRENT,
        };
        let node = Node::start(options, endpoint);
        start_roles(&node, setup)?;
        let console = config.console.listen.map(|listen| Rest::start(&node, listen)).transpose()?;
        Ok(Running { node, listen, file, console, lock })
    }
}

fn role_setup(
    home: &Home,
    file: &NodeFile,
    domain: &DomainFile,
    config: &NodeConfig,
    advertise: SocketAddr,
) -> anyhow::Result<RoleSetup> {
    let has = |role| file.roles.has(role);
    let unused =
        |what: &str, role: Role| ConfigError::Value(format!("{what} is for the role {role}, which this node has not"));
    if !config.instances.is_empty() && !has(Role::Zone) {
        bail!(unused("[[instance]]", Role::Zone));
    }
    if config.resolver.topology.is_some() && !has(Role::Resolver) {
        bail!(unused("[resolver]", Role::Resolver));
    }
    if config.console.listen.is_some() && !has(Role::Orchestrator) {
        bail!(unused("[console]", Role::Orchestrator));
    }
    let store = has(Role::Orchestrator).then(|| Embedded::open(home.store())).transpose()?;
    let store: Option<Rc<dyn Store>> = store.map(|store| Rc::new(store) as _);
    let users = store.clone().map(users_setup);
    let orchestrator = store.map(|store| orchestrator_setup(home, domain, store)).transpose()?;
    let zone = match (&file.zone, has(Role::Zone)) {
        (Some(zone), true) => Some((zone.clone(), wanted(config, zone, file))),
        (None, true) => bail!("node {} has the role zone and belongs to none", file.node),
        (_, false) => None,
    };
    let host = has(Role::Host).then(|| {
        let limits = Limits { leases_per_origin: config.host.leases_per_address, ..Limits::default() };
        let options = BuilderOptions { limits, media_dir: home.media(), entropy: entropy() };
        HostSetup { registry: registry(&options), advertise, zone: file.zone.clone() }
    });
    let resolver = has(Role::Resolver).then(|| topology(config)).transpose()?;
    let renewing = home.clone();
    let renewal = Renewal {
        identity: home.identity()?,
        save: Rc::new(move |identity| renewing.save_identity(identity).map_err(|error| format!("{error:#}"))),
    };
    let member = MemberSetup {
        orchestrator: domain.orchestrator.route(),
        advertise,
        zone: file.zone.clone(),
        membership: Membership::default(),
        renewal: Some(renewal),
    };
    let (flaw, observers) = (Flaw::default(), Observers::default());
    Ok(RoleSetup { member, orchestrator, users, zone, host, resolver, flaw, observers })
}

/// Tokens are marked with HMAC-SHA-256 (RFC 2104).
fn users_setup(store: Rc<dyn Store>) -> UsersSetup {
    let marker: Marker = Rc::new(|key, secret| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), secret);
        tag.as_ref().try_into().expect("SHA-256 gives 32 bytes")
    });
    UsersSetup { store, entropy: entropy(), hasher: Arc::new(Argon2Hasher), marker }
}

fn orchestrator_setup(home: &Home, domain: &DomainFile, store: Rc<dyn Store>) -> anyhow::Result<OrchestratorSetup> {
    let domain = domain.clone();
    Ok(OrchestratorSetup {
        store,
        authority: Rc::new(home.authority()?),
        entropy: entropy(),
        token_text: Rc::new(move |secret| Token::new(&domain, secret).text()),
        observer: None,
    })
}

fn wanted(config: &NodeConfig, zone: &ZoneName, file: &NodeFile) -> Vec<Wanted> {
    let one = |instance: &crate::config::InstanceConfig| Wanted {
        create: CreateInstance {
            instance: instance.name.clone(),
            zone: zone.clone(),
            gateway: file.node.clone(),
            builder: instance.builder.clone(),
            offerings: instance
                .services
                .iter()
                .map(|service| Offering {
                    service: service.name.clone(),
                    cap: service.cap,
                    parameters: service.parameters.clone(),
                })
                .collect(),
            slots: instance.slots,
            parameters: instance.parameters.clone(),
            provisional: None,
        },
        host: instance.host.clone(),
    };
    config.instances.iter().map(one).collect()
}

fn topology(config: &NodeConfig) -> anyhow::Result<Topology> {
    let file = match &config.resolver.topology {
        Some(path) => TopologyFile::load(path)?,
        None => TopologyFile::default(),
    };
    let default = match file.default_site.clone().or_else(|| file.latency.first().map(|entry| entry.site.clone())) {
        Some(site) => site,
        None => "home".parse().context("a constant name")?,
    };
    let latencies =
        file.latency.into_iter().map(|entry| ((entry.site, entry.zone), (entry.ms * 1_000.0).round() as u64));
    Ok(Topology::new(default, latencies))
}

/// Lets sessions end, then ends everything. Tells `progress` how many sessions still run.
pub async fn stop(nodes: Vec<Running>, deadline: Duration, progress: impl Fn(&str)) {
    progress(&format!("draining, at most {}", Millis::from(deadline)));
    // Hosts first and all at once: while their sessions end, resolvers and zones still tell viewers where else to go.
    let (hosts, others): (Vec<_>, Vec<_>) = nodes.into_iter().partition(|running| running.file.roles.has(Role::Host));
    for group in [hosts, others] {
        let mut draining = tokio::task::JoinSet::new();
        for Running { node, console, lock, .. } in group {
            // Nobody asks from outside any more.
            if let Some(console) = console {
                console.stop();
            }
            draining.spawn_local(async move {
                let drained = node.drain(deadline).await;
                let endpoint = node.endpoint().clone();
                node.close(CloseCode::SHUTDOWN, "the node stops");
                endpoint.wait_idle(IDLE_WITHIN).await;
                drop(lock);
                (node.name().clone(), drained)
            });
        }
        while let Some(Ok((name, drained))) = draining.join_next().await {
            let killed = drained.killed.len();
            let words = if killed == 0 { String::new() } else { format!(", {killed} actors did not end in time") };
            progress(&format!("{name} stopped{words}"));
        }
    }
}
