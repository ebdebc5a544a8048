//! [`Endpoint`]: one UDP socket that dials and accepts.
//!
//! ```text
//!   dial:    socket ──► TLS: is it the authority's, is it the server's name? ──► names, deny list ──► Connection
//!   accept:  socket ──► TLS: is it the authority's, if there is one?         ──► names, deny list ──► Connection
//! ```
//!
//! Trap: a dialler is done before the acceptor has looked at its certificate, so a refusal arrives *after* `connect` has
//! succeeded, as the end of the connection. The first answer on the control stream is the proof of being admitted.
//!
//! Owns: the socket, TLS configurations (they can be replaced while connections live), the deny list, and a weak list of the
//! connections that the deny list may end. Refuses: tasks of its own; quinn's driver is the only one.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Weak};
use std::time::Duration;

use actors_protocol::{DomainName, NodeName, Role, Roles};
use parking_lot::Mutex;
use quinn::{AsyncUdpSocket, Runtime, TokioRuntime};
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;
use transport_wire::CloseCode;

use crate::connection::{self, Connection, Peer};
use crate::error::from_quinn;
use crate::seed::{Seeded, random};
use crate::tls::Tls;
use crate::{AuthorityCertificate, EndpointKeys, Identity, LinkError, Subject, tuning};

/// Where packets come from and go to.
pub enum Socket {
    /// A UDP socket of the system, bound to this address.
    Udp(SocketAddr),
    /// Anything that behaves like one: a simulated network.
    Abstract(Arc<dyn AsyncUdpSocket>),
}

/// What an endpoint is made of.
pub struct Options {
    /// The domain. A peer with a certificate of another one is refused, even if an authority of ours has signed it.
    pub domain: DomainName,
    /// Whose certificates are believed.
    pub authorities: Vec<AuthorityCertificate>,
    /// Who this is; without it, a viewer, or a node before it has joined.
    pub identity: Option<Identity>,
    /// Where packets come from and go to.
    pub socket: Socket,
    /// What lets peers notice a restart; none for an endpoint that does not outlive its process.
    pub keys: Option<EndpointKeys>,
    /// Makes quinn and the redials repeatable, for a simulation.
    pub rng_seed: Option<[u8; 32]>,
    /// Accept connections? Needs an identity; if that comes later, accepting begins then.
    pub serve: bool,
}

/// Whom to dial: the address says where, the name in the certificate says whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The UDP address.
    pub endpoint: SocketAddr,
    /// The DNS name in the peer's certificate, `node.role.domain`.
    pub server_name: String,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.server_name, self.endpoint)
    }
}

/// One UDP socket that dials and accepts. A clone is the same endpoint.
#[derive(Clone)]
pub struct Endpoint(Arc<Inner>);

struct Inner {
    quinn: quinn::Endpoint,
    domain: DomainName,
    tls: Tls,
    serve: bool,
    state: Mutex<State>,
}

struct State {
    client: quinn::ClientConfig,
    denied: BTreeSet<NodeName>,
    /// Connections with a node's certificate, so that a denial can end them.
    connections: Vec<Weak<connection::Inner>>,
    seeds: Seeded,
}

impl Endpoint {
    /// Opens the socket. Must be called inside a tokio runtime: quinn's driver runs on it.
    pub fn bind(options: Options) -> Result<Endpoint, LinkError> {
        let tls = Tls::new(&options.authorities)?;
        let client = tls.client(options.identity.as_ref())?;
        let server = match (&options.identity, options.serve) {
            (Some(identity), true) => Some(tls.server(identity)?),
            _ => None,
        };
        let mut config = options.keys.unwrap_or_else(EndpointKeys::generate).config();
        config.rng_seed(options.rng_seed);
        let runtime = Arc::new(TokioRuntime);
        let (socket, address) = match options.socket {
            Socket::Udp(address) => (open(address, &runtime)?, address),
            Socket::Abstract(socket) => {
                let address = socket.local_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
                (socket, address)
            }
        };
        let quinn = quinn::Endpoint::new_with_abstract_socket(config, server, socket, runtime)
            .map_err(|source| LinkError::Bind { address, source: Arc::new(source) })?;
        let seed =
            options.rng_seed.map_or_else(random, |seed| *seed.first_chunk::<8>().expect("32 bytes have a first eight"));
        let state = State {
            client,
            denied: BTreeSet::new(),
            connections: Vec::new(),
            seeds: Seeded::new(u64::from_le_bytes(seed)),
        };
        let inner = Inner { quinn, domain: options.domain, tls, serve: options.serve, state: Mutex::new(state) };
        Ok(Endpoint(Arc::new(inner)))
    }

    /// Dials. Success does not yet mean that the peer admits us, see the head of this module.
    pub async fn connect(&self, target: &Target, within: Duration) -> Result<Connection, LinkError> {
        let undiallable = |why: String| LinkError::Undiallable {
            address: target.endpoint,
            server_name: target.server_name.clone(),
            why,
        };
        let config = self.0.state.lock().client.clone();
        let dialling = match self.0.quinn.connect_with(config, target.endpoint, &target.server_name) {
            Ok(dialling) => dialling,
            Err(quinn::ConnectError::EndpointStopping) => return Err(LinkError::EndpointClosed),
            Err(error) => return Err(undiallable(error.to_string())),
        };
        let quinn = match timeout(within, dialling).await {
            Ok(established) => established.map_err(from_quinn)?,
            Err(_) => return Err(LinkError::Deadline { whom: target.to_string(), within }),
        };
        self.admit(quinn)
    }

    /// The next connection attempt, or `None` when the endpoint is closed.
    pub async fn accept(&self) -> Option<Incoming> {
        loop {
            let incoming = self.0.quinn.accept().await?;
            if self.0.quinn.open_connections() < tuning::CONNECTIONS_MAX {
                return Some(Incoming { quinn: incoming, endpoint: self.clone() });
            }
            tracing::warn!(from = %incoming.remote_address(), "refused a connection: {} are open", tuning::CONNECTIONS_MAX);
            incoming.refuse();
        }
    }

    /// From now on these nodes, and only these, are refused; connections with them are closed.
    pub fn set_denied(&self, denied: BTreeSet<NodeName>) {
        let condemned: Vec<_> = {
            let mut state = self.0.state.lock();
            state.denied = denied;
            let State { connections, denied, .. } = &mut *state;
            connections.retain(|weak| weak.strong_count() > 0);
            let is_denied =
                |connection: &Connection| connection.peer().node.as_ref().is_some_and(|node| denied.contains(node));
            connections.iter().filter_map(|weak| weak.upgrade().map(Connection)).filter(is_denied).collect()
        };
        for connection in condemned {
            connection.close(CloseCode::DENIED, "the node is on the deny list");
        }
    }

    /// Dials and accepts with another certificate from now on. Connections that live go on.
    pub fn replace_identity(&self, identity: &Identity) -> Result<(), LinkError> {
        let client = self.0.tls.client(Some(identity))?;
        if self.0.serve {
            self.0.quinn.set_server_config(Some(self.0.tls.server(identity)?));
        }
        self.0.state.lock().client = client;
        Ok(())
    }

    /// The address of the socket.
    pub fn local_addr(&self) -> Result<SocketAddr, LinkError> {
        self.0.quinn.local_addr().map_err(|source| LinkError::Bind {
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            source: Arc::new(source),
        })
    }

    /// The domain.
    pub fn domain(&self) -> &DomainName {
        &self.0.domain
    }

    /// Connections that are open or being opened.
    pub fn open_connections(&self) -> usize {
        self.0.quinn.open_connections()
    }

    /// Closes all connections and accepts no more.
    pub fn close(&self, code: CloseCode, words: &str) {
        let open: Vec<_> = self.0.state.lock().connections.drain(..).filter_map(|weak| weak.upgrade()).collect();
        for inner in open {
            Connection(inner).close(code, words);
        }
        self.0.quinn.close(code.0.into(), connection::cut(words));
    }

    /// Waits until the peers know that all connections are closed; false if that took longer than `within`.
    pub async fn wait_idle(&self, within: Duration) -> bool {
        timeout(within, self.0.quinn.wait_idle()).await.is_ok()
    }

    /// A number for whoever needs a source of jitter; repeatable if the endpoint is.
    pub(crate) fn draw(&self) -> u64 {
        self.0.state.lock().seeds.next()
    }

    /// After TLS: whom does the certificate name, and do we want it?
    fn admit(&self, quinn: quinn::Connection) -> Result<Connection, LinkError> {
        let refuse = |error: LinkError| {
            quinn.close(CloseCode::DENIED.0.into(), connection::cut(&error.to_string()));
            Err(error)
        };
        let subject = match certificate_of(&quinn).map(|der| Subject::of(&der)) {
            None => None,
            Some(Err(why)) => return refuse(LinkError::PeerRefused(why)),
            Some(Ok(subject)) if subject.domain != self.0.domain => {
                let why = format!("it is of domain '{}', this is '{}'", subject.domain, self.0.domain);
                return refuse(LinkError::PeerRefused(why));
            }
            Some(Ok(subject)) => Some(subject),
        };
        let mut state = self.0.state.lock();
        if let Some(subject) = &subject
            && state.denied.contains(&subject.node)
        {
            drop(state);
            return refuse(LinkError::Denied(subject.node.clone()));
        }
        let address = canonical(quinn.remote_address());
        let peer = match subject {
            Some(Subject { node, roles, .. }) => Peer { node: Some(node), roles, address },
            None => Peer { node: None, roles: Roles::of(&[Role::Viewer]), address },
        };
        let known = peer.node.is_some();
        let connection = Connection::new(quinn, peer);
        if known {
            state.connections.retain(|weak| weak.strong_count() > 0);
            state.connections.push(Arc::downgrade(&connection.0));
        }
        Ok(connection)
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoint({:?} of {})", self.0.quinn.local_addr().ok(), self.0.domain)
    }
}

/// A connection attempt, before the handshake. Dropped, it is refused.
pub struct Incoming {
    quinn: quinn::Incoming,
    endpoint: Endpoint,
}

impl Incoming {
    /// Where it says it comes from.
    pub fn remote_address(&self) -> SocketAddr {
        canonical(self.quinn.remote_address())
    }

    /// Shakes hands and looks at the certificate. Takes a round trip: run it beside the next `accept`.
    pub async fn establish(self) -> Result<Connection, LinkError> {
        let whom = self.quinn.remote_address().to_string();
        let connecting = self.quinn.accept().map_err(from_quinn)?;
        match timeout(tuning::HANDSHAKE, connecting).await {
            Ok(established) => self.endpoint.admit(established.map_err(from_quinn)?),
            Err(_) => Err(LinkError::Deadline { whom, within: tuning::HANDSHAKE }),
        }
    }
}

fn open(address: SocketAddr, runtime: &TokioRuntime) -> Result<Arc<dyn AsyncUdpSocket>, LinkError> {
    UdpSocket::bind(address).and_then(|socket| runtime.wrap_udp_socket(socket)).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => LinkError::PortInUse { address },
        _ => LinkError::Bind { address, source: Arc::new(error) },
    })
}

fn certificate_of(quinn: &quinn::Connection) -> Option<CertificateDer<'static>> {
    let chain = quinn.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    chain.into_iter().next()
}

/// A socket for both families shows IPv4 peers as IPv6; people and per-address bounds want the plain form.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
