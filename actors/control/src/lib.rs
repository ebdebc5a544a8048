//! The roles of a node as thin shells: orchestrator, zone manager, gateway, host, resolver, and the member that keeps a node
//! in touch with its domain.
//!
//! Owns: one actor per role, the asking of other nodes, the order "store, then send".
//! Refuses: decisions (`actors/cores`), media (a host starts an instance through the registry of `actors/dca` and knows no
//! more of it than its factory's address).

mod board;
mod gateway;
mod host;
mod member;
pub mod observe;
mod orchestrator;
mod paths;
mod resolver;
mod roles;
pub mod shown;
mod zone;

/// What the roles' cores are told by whoever composes a node.
pub use actors_cores::{
    Flaw,
    resolution::Topology,
    zone::{Wanted, is_beginning},
};
pub use board::ShareBoard;
pub use gateway::{GATEWAY_MAILBOX, GatewayActor, GatewaySetup};
pub use host::{HostActor, HostBooks, HostSetup};
pub use member::{DirectoryWatch, MemberActor, MemberSetup, Membership, Renewal, SaveIdentity, route_to};
pub use orchestrator::users::{Marker, UsersActor, UsersSetup};
pub use orchestrator::{OrchestratorActor, OrchestratorSetup};
pub use paths::{GATEWAY, HOST, MEMBER, NODE, ORCHESTRATOR, RESOLVER, USERS, ZONE, role_path};
pub use resolver::{ResolverActor, ResolverSetup};
pub use roles::{RoleSetup, start_roles};
pub use zone::{FailureWatch, ZoneActor, ZoneBooks, ZoneSetup};
