//! What a factory shows to somebody who looks on: each decision, each effect, and its books once both are done.
//!
//! A harness checks invariants by it. In production nobody looks on, and a sighting costs one comparison.
//!
//! Owns: the words. Refuses: any influence; whoever looks on changes nothing.

use std::rc::Rc;

use actors_cores::factory::{Effect, Factory, Redeemed, Reserved};
use actors_kernel::Node;
use actors_protocol::gateway::{Released, Reserve};
use actors_protocol::host::CreateInstance;
use actors_protocol::{Incarnation, RequestId, ResumeToken, Ticket};

/// Is called with every sighting, on the thread of the node.
pub type Observer = Rc<dyn Fn(&Sighting<'_>)>;

/// Something that was seen of a factory.
pub struct Sighting<'a> {
    /// The node it lives on.
    pub node: &'a Node,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// What it was asked to be.
    pub create: &'a CreateInstance,
    /// Its books.
    pub core: &'a Factory,
    /// What was seen.
    pub what: Seen<'a>,
}

/// What was seen.
pub enum Seen<'a> {
    /// It has begun; its first slots are about to warm.
    Begun,
    /// It has judged a reservation.
    Reserved(&'a Reserve, &'a Reserved),
    /// It was asked to take a slot back.
    Released(RequestId, &'a Released),
    /// It was shown a ticket.
    Redeemed(Ticket, &'a Redeemed),
    /// It was shown a resume token.
    Resumed(ResumeToken, &'a Redeemed),
    /// It is about to do what its core wants done.
    Effect(&'a Effect),
    /// It has done all that there was to do; this is how it stands until its next message.
    Settled,
}
