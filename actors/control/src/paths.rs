//! Where the role actors live: the same on every node.

use actors_protocol::ActorPath;

/// The orchestrator.
pub const ORCHESTRATOR: &str = "orchestrator";
/// The keeper of users, beside the orchestrator.
pub const USERS: &str = "users";
/// The zone manager.
pub const ZONE: &str = "zone";
/// The gateway.
pub const GATEWAY: &str = "gateway";
/// The host.
pub const HOST: &str = "host";
/// The resolver.
pub const RESOLVER: &str = "resolver";
/// The member, on every node.
pub const MEMBER: &str = "member";
/// The kernel's own actor, on every node.
pub const NODE: &str = "node";

/// A path out of one of the words above.
pub fn role_path(word: &'static str) -> ActorPath {
    ActorPath::new(word).expect("a constant word is a path")
}
