//! The vocabulary of a Fusion domain: names, addresses, slots, faults and every message that crosses the network.
//!
//! Owns: the types, their validation, the tags and the one table of who may call what.
//! Refuses: behaviour. No clock, no socket, no codec, no actor; `serde` and nothing else. A message struct is frozen once
//! it has been released: a change is a new message with a new tag (`docs/semantics.md`).

pub mod address;
pub mod deployment;
pub mod factory;
pub mod fault;
pub mod gateway;
pub mod host;
pub mod id;
pub mod input;
pub mod manifest;
pub mod membership;
pub mod name;
pub mod node;
pub mod offer;
pub mod request;
pub mod resolver;
pub mod role;
pub mod service;
pub mod slot;
pub mod table;
pub mod time;
pub mod user;
pub mod zone;

pub use address::{ActorPath, Address, Locator};
pub use fault::Fault;
pub use id::{Incarnation, NoRequestId, RequestId, ResumeToken, SessionId, Ticket, ViewerKey};
pub use name::{DomainName, InstanceName, NameError, NodeName, ProviderName, ServiceName, SiteName, ZoneName};
pub use request::{CallInfo, Includes, Message, Protocol, Request, Tag};
pub use role::{Role, Roles};
pub use slot::{SlotCounts, SlotId, SlotState};
pub use time::Millis;
