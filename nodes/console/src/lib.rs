//! REST for people and programs outside a domain, on the node that runs the orchestrator.
//!
//! ```text
//!   HTTP ──► its own threads: match, bearer token, body within bounds ──door──► the node's thread: actors are asked
//!                                   one table of calls ([`routes`]) ──► dispatch, and OpenAPI 3.1 at /openapi.json
//! ```
//!
//! Every error is a problem (RFC 9457), whatever is wrong. Bearer tokens go over plain HTTP, so it listens on loopback only;
//! whoever wants it further away puts a proxy with TLS before it.
//!
//! Owns: the HTTP server, its bounds and deadlines, JSON for strangers. Refuses: deciding. Roles and ownership are judged by
//! `actors_cores::users`; everything else is asked of actors.

mod answers;
mod door;
mod input;
mod openapi;
mod page;
mod problem;
mod routes;
mod schemas;
mod serve;

use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actors_kernel::Node;

pub use openapi::document;

/// Why there is no console.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// Tokens would cross a network in the clear.
    #[error(
        "the console is to listen on {0}, which others can reach, and speaks plain HTTP; use 127.0.0.1 or [::1], and a proxy with TLS before it"
    )]
    NotLoopback(SocketAddr),
    /// The port is somebody else's, or needs rights.
    #[error("the console cannot listen on {listen}; choose another port")]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system gives no thread.
    #[error("the console's thread cannot be started")]
    Thread(#[source] std::io::Error),
}

/// A console that runs; dropping it ends it.
pub struct Console {
    listen: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Console {
    /// Serves REST at `listen` (port 0: any that is free) for the domain whose orchestrator runs on `node`.
    /// `entropy` draws 128 bits that cannot be guessed.
    pub fn start(node: &Node, listen: SocketAddr, entropy: fn() -> u128) -> Result<Console, ConsoleError> {
        if !listen.ip().is_loopback() {
            return Err(ConsoleError::NotLoopback(listen));
        }
        let error = |source| ConsoleError::Listen { listen, source };
        let listener = TcpListener::bind(listen).map_err(error)?;
        let bound = listener.local_addr().map_err(error)?;
        let door = door::Door::open(node, entropy);
        let (handle, thread) = serve::start(listener, door).map_err(ConsoleError::Thread)?;
        Ok(Console { listen: bound, handle, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // The command leaves when it is made; what is awaited is only its end, and that is the thread's.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            drop(thread.join()); // A panic in it has been told on standard error.
        }
    }
}
