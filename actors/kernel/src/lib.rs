//! The actor runtime: typed addresses that work the same near and far, bounded mailboxes, deadlines, supervision,
//! inspection, owned tasks, drain.
//!
//! Owns: every actor and task of a node, the directory of who lives where, the links to other nodes.
//! Refuses: decisions. It knows no slot, zone or picture. It is the one crate that names `actix`, and of `actix` it asks a
//! mailbox and a context, nothing more: supervision, bounds and inspection are ours. One node lives on one
//! current-thread runtime: call [`Node::start`] on a `tokio::runtime::LocalRuntime`, or inside a `LocalSet`, which costs a
//! look at the sockets more per message. What is promised is in `docs/semantics.md`.

mod actor;
mod addr;
mod beside;
mod books;
mod call;
mod cx;
mod directory;
mod dispatch;
mod ending;
mod inspector;
mod life;
mod links;
mod node;
mod owned;
#[cfg(test)]
mod page;
mod port;
mod pump;
mod routes;
mod shell;
mod supervisor;
mod waker;

pub use actor::{Actor, Answer, Caller, End, Handler, Obituary, Promise, Spec};
pub use actors_protocol::{ActorPath, Fault, Includes, Message, Protocol, Request};
pub use addr::{ActorRef, Addr};
pub use cx::Cx;
pub use directory::Census;
pub use dispatch::Access;
pub use ending::Drained;
pub use links::{LinkState, LinkWatch, Route};
pub use node::{Node, NodeOptions};
pub use owned::OwnedTask;
pub use routes::Routes;
pub use supervisor::SpawnError;
pub use waker::ActorWaker;
