//! Starts the roles of a node: which actors it takes, with what mailbox and what place in a drain.
//!
//! Owns: nothing that lives. Refuses: identities, files, sockets; those come with the node.

use actors_cores::Flaw;
use actors_cores::resolution::Topology;
use actors_cores::zone::Wanted;
use actors_kernel::{Node, SpawnError, Spec};
use actors_protocol::ZoneName;

use crate::board::ShareBoard;
use crate::gateway::{GATEWAY_MAILBOX, GatewayActor, GatewaySetup};
use crate::host::{HostActor, HostBooks, HostSetup};
use crate::member::{MemberActor, MemberSetup};
use crate::observe::Observers;
use crate::orchestrator::users::{UsersActor, UsersSetup};
use crate::orchestrator::{OrchestratorActor, OrchestratorSetup};
use crate::paths::{GATEWAY, HOST, MEMBER, ORCHESTRATOR, RESOLVER, USERS, ZONE, role_path};
use crate::resolver::{ResolverActor, ResolverSetup};
use crate::zone::{FailureWatch, ZoneActor, ZoneBooks, ZoneSetup};

/// What a node runs.
pub struct RoleSetup {
    /// Every node is a member.
    pub member: MemberSetup,
    /// Orchestrator.
    pub orchestrator: Option<OrchestratorSetup>,
    /// The keeper of users, beside an orchestrator.
    pub users: Option<UsersSetup>,
    /// Zone manager and gateway of this zone, which should run these instances.
    pub zone: Option<(ZoneName, Vec<Wanted>)>,
    /// Host.
    pub host: Option<HostSetup>,
    /// Resolver.
    pub resolver: Option<Topology>,
    /// One wrong decision; only a harness sets another than none.
    pub flaw: Flaw,
    /// Who looks on at gateway and resolver; only a harness does.
    pub observers: Observers,
}

/// Starts the actors of `setup` on `node`.
pub fn start_roles(node: &Node, setup: RoleSetup) -> Result<(), SpawnError> {
    let RoleSetup { member, orchestrator, users, zone, host, resolver, flaw, observers } = setup;
    let membership = member.membership.clone();
    let busy = Spec { mailbox: GATEWAY_MAILBOX, ..Spec::default() };
    if let Some(setup) = orchestrator {
        let spec = Spec { rank: 4, ..busy };
        node.spawn(role_path(ORCHESTRATOR), spec, move || OrchestratorActor::new(setup.clone(), flaw))?;
    }
    if let Some(setup) = users {
        node.spawn(role_path(USERS), Spec { rank: 4, ..busy }, move || UsersActor::new(setup.clone()))?;
    }
    if let Some(setup) = host {
        let books = HostBooks::default();
        #[cfg(feature = "flaws")]
        books.set_flaw(flaw);
        node.spawn(role_path(HOST), Spec::default(), move || HostActor::new(setup.clone(), books.clone()))?;
    }
    if let Some((zone, wanted)) = zone {
        let (failures, directory) = (FailureWatch::default(), membership.directory());
        let board = ShareBoard::default();
        let gateway = GatewaySetup {
            zone: zone.clone(),
            directory: directory.clone(),
            failures: failures.clone(),
            board: board.clone(),
            flaw,
            observer: observers.gateway,
        };
        node.spawn(role_path(GATEWAY), busy, move || GatewayActor::new(gateway.clone()))?;
        let setup = ZoneSetup { zone, wanted, directory, failures, board, books: ZoneBooks::default() };
        node.spawn(role_path(ZONE), Spec::default(), move || ZoneActor::new(setup.clone()))?;
    }
    if let Some(topology) = resolver {
        let setup = ResolverSetup { topology, directory: membership.directory(), flaw, observer: observers.resolver };
        node.spawn(role_path(RESOLVER), busy, move || ResolverActor::new(setup.clone()))?;
    }
    // Last: what it learns is there for those that were started before.
    node.spawn(role_path(MEMBER), Spec { rank: 0, ..Spec::default() }, move || MemberActor::new(member.clone()))?;
    Ok(())
}
