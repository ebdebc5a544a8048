//! What the shells show to somebody who looks on. A harness checks invariants by it; in production nobody looks on, and a
//! sighting costs one comparison.
//!
//! Owns: the words. Refuses: any influence; whoever looks on changes nothing.

use std::rc::Rc;

use actors_cores::gateway::GatewayCore;
use actors_cores::membership::MembershipCore;
use actors_cores::resolution::ResolutionCore;
use actors_kernel::Node;
use actors_protocol::gateway::ReportPool;
use actors_protocol::resolver::{Open, Opening};
use actors_protocol::{Incarnation, RequestId};

/// Something that was seen of the actor with this core.
pub struct Sighting<'a, Core, Seen> {
    /// The node it lives on.
    pub node: &'a Node,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// Its books.
    pub core: &'a Core,
    /// What was seen.
    pub what: Seen,
}

/// Looks on at gateways. Called on the thread of the node.
pub type GatewayObserver = Rc<dyn Fn(&Sighting<'_, GatewayCore, GatewaySeen<'_>>)>;
/// Looks on at resolvers.
pub type ResolverObserver = Rc<dyn Fn(&Sighting<'_, ResolutionCore, ResolverSeen<'_>>)>;
/// Looks on at orchestrators: each time one has settled a decision.
pub type OrchestratorObserver = Rc<dyn Fn(&Sighting<'_, MembershipCore, ()>)>;

/// Who looks on at a node's gateway and resolver. The default: nobody.
#[derive(Clone, Default)]
pub struct Observers {
    /// At its gateway.
    pub gateway: Option<GatewayObserver>,
    /// At its resolver.
    pub resolver: Option<ResolverObserver>,
}

/// What is seen of a gateway.
pub enum GatewaySeen<'a> {
    /// It was told this; whether it believes it, its books say.
    Reported(&'a ReportPool),
    /// It has done all that there was to do.
    Settled,
}

/// What is seen of a resolver.
pub enum ResolverSeen<'a> {
    /// A viewer asks.
    Asked(&'a Open),
    /// It is answered.
    Answered(RequestId, &'a Opening),
    /// It has done all that there was to do.
    Settled,
}
