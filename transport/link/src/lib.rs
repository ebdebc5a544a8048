//! QUIC between nodes and to viewers: endpoints, identities, one framed control stream per peer, media units, reconnection.
//!
//! Owns: sockets and TLS, who a peer is (from its certificate), the table of calls under way on a connection, the bounds of
//! what is queued on it, and when to dial again.
//! Refuses: what a message means and who may send it (the kernel's business), codecs (`transport/wire`), and tasks: whatever
//! runs is a future that the caller gets, owns and spawns. Only here, in the viewer and in the harness is quinn named.

pub mod authority;
pub mod connection;
pub mod control;
pub mod endpoint;
pub mod error;
mod files;
pub mod identity;
pub mod keys;
pub mod media;
pub mod redial;
mod seed;
pub mod stream;
pub mod subject;
mod tls;
pub mod tuning;
pub mod watch;

pub use authority::{Authority, AuthorityCertificate};
pub use connection::{Connection, LinkStats, Peer};
pub use control::{Ask, CallHead, CallTo, Control, Dispatch, Driver, InboundCall, ReplyTo};
pub use endpoint::{Endpoint, Incoming, Options, Socket, Target};
pub use error::LinkError;
pub use identity::{Identity, SigningKey};
pub use keys::EndpointKeys;
pub use media::{Outcome, Unit, UnitSender};
pub use redial::{LinkState, Redial};
pub use stream::{InStream, OutStream};
pub use subject::Subject;
pub use transport_wire::CloseCode;
pub use transport_wire::version::Versions;
