//! A small domain in one process and on one thread, as `fusion dev` has it: orchestrator, resolver, zone and host are nodes
//! of their own, with identities and endpoints, and talk over QUIC.
//!
//! Owns: their set-up, in memory. Refuses: directories, configuration, the clip.

use std::net::SocketAddr;
use std::rc::Rc;

use actors_control::observe::Observers;
use actors_control::{HostSetup, MemberSetup, Membership, OrchestratorSetup, RoleSetup, start_roles};
use actors_cores::resolution::Topology;
use actors_cores::zone::Wanted;
use actors_kernel::{Access, Node, NodeOptions, Route};
use actors_protocol::host::{CreateInstance, Offering};
use actors_protocol::{Incarnation, Role, Roles, ZoneName};
use actors_store::Memory;
use nodes_services::{BuilderOptions, Flaw, Limits, registry};
use serde::{Deserialize, Serialize};
use transport_link::{Endpoint, Versions};

use crate::child;
use crate::identity::{self, Papers, name};

/// The service.
pub const SERVICE: &str = "echo.bench";
/// Its zone.
pub const ZONE: &str = "zone-a";
/// Its slots.
pub const SLOTS: u32 = 1_000;
/// Unredeemed tickets of one address: the load comes from one machine (design: `dev` and `bench`).
const LEASES_PER_ORIGIN: u32 = 4_096;

/// How the domain is reached.
#[derive(Serialize, Deserialize)]
pub struct At {
    /// The resolver, for viewers.
    pub resolver: SocketAddr,
    /// The zone's gateway, for a resolver.
    pub gateway: SocketAddr,
    /// A resolver's papers for the load: gateways are asked by resolvers only.
    pub load: Papers,
}

/// The server's process.
pub async fn serve() -> anyhow::Result<()> {
    let authority = Rc::new(identity::authority()?);
    let bound = |node: &str, role: Role| -> anyhow::Result<(Papers, Endpoint)> {
        let papers = Papers::issue(&authority, node, role)?;
        let endpoint = papers.endpoint(true)?;
        Ok((papers, endpoint))
    };
    let (orchestrator, resolver) = (bound("orchestrator", Role::Orchestrator)?, bound("resolver", Role::Resolver)?);
    let (zone, host) = (bound(ZONE, Role::Zone)?, bound("host-a", Role::Host)?);
    let at = At {
        resolver: resolver.1.local_addr()?,
        gateway: zone.1.local_addr()?,
        load: Papers::issue(&authority, "load", Role::Resolver)?,
    };
    let way = Route {
        node: name("orchestrator"),
        endpoint: orchestrator.1.local_addr()?,
        server_name: identity::server_name("orchestrator", Role::Orchestrator),
    };
    let start = |(papers, endpoint): (Papers, Endpoint), role: Role, fill: &dyn Fn(&mut RoleSetup)| {
        let own_zone: Option<ZoneName> = matches!(role, Role::Zone | Role::Host).then(|| name(ZONE));
        let member = MemberSetup {
            orchestrator: way.clone(),
            advertise: endpoint.local_addr()?,
            zone: own_zone,
            membership: Membership::default(),
            renewal: None,
        };
        let (flaw, observers) = (Flaw::default(), Observers::default());
        let mut setup = RoleSetup {
            member,
            orchestrator: None,
            users: None,
            zone: None,
            host: None,
            resolver: None,
            flaw,
            observers,
        };
        fill(&mut setup);
        let node = node(&papers, role, endpoint);
        start_roles(&node, setup)?;
        anyhow::Ok(node)
    };
    let nodes = [
        start(orchestrator, Role::Orchestrator, &|setup| {
            setup.orchestrator = Some(OrchestratorSetup {
                store: Rc::new(Memory::new()),
                authority: authority.clone(),
                entropy: identity::entropy(),
                token_text: Rc::new(|secret| secret.to_string()),
                observer: None,
            });
        })?,
        start(resolver, Role::Resolver, &|setup| setup.resolver = Some(topology()))?,
        start(zone, Role::Zone, &|setup| setup.zone = Some((name(ZONE), vec![wanted()])))?,
        start(host, Role::Host, &|setup| {
            let limits = Limits { leases_per_origin: LEASES_PER_ORIGIN, ..Limits::default() };
            let media_dir = std::env::temp_dir();
            let options = BuilderOptions { limits, media_dir, entropy: identity::entropy() };
            let (advertise, zone) = (setup.member.advertise, setup.member.zone.clone());
            setup.host = Some(HostSetup { registry: registry(&options), advertise, zone });
        })?,
    ];
    child::say(&at)?;
    child::until_parent_ends().await?;
    drop(nodes);
    Ok(())
}

/// A node of a run.
pub fn node(papers: &Papers, role: Role, endpoint: Endpoint) -> Node {
    let options = NodeOptions {
        domain: name(identity::DOMAIN),
        node: papers.node.clone(),
        roles: Roles::of(&[role]),
        incarnation: Incarnation(1),
        access: Access::default(),
        versions: Versions::CURRENT,
    };
    Node::start(options, endpoint)
}

/// One site, one zone.
pub fn topology() -> Topology {
    Topology::new(name("home"), [((name("home"), name(ZONE)), 10_000)])
}

fn wanted() -> Wanted {
    let create = CreateInstance {
        instance: name("echo-a"),
        zone: name(ZONE),
        gateway: name(ZONE),
        builder: "echo".to_owned(),
        offerings: vec![Offering { service: name(SERVICE), cap: None, parameters: Default::default() }],
        slots: SLOTS,
        parameters: Default::default(),
        provisional: None,
    };
    Wanted { create, host: None }
}
