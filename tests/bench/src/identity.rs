//! Identities for the nodes of a run: an authority in memory, certificates from it, nothing on a disk.

use std::net::SocketAddr;
use std::rc::Rc;

use actors_protocol::{DomainName, NodeName, Role, Roles};
use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};
use transport_link::{
    Authority, AuthorityCertificate, Endpoint, EndpointKeys, Identity, LinkError, Options, SigningKey, Socket,
};

/// The domain of every run.
pub const DOMAIN: &str = "bench";

/// A certificate and its key, to be handed to another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Papers {
    /// The node.
    pub node: NodeName,
    /// The authority's certificate, PEM.
    pub authority: String,
    certificate: String,
    key: String,
}

/// A name, out of a constant.
pub fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a constant name")
}

/// A new authority.
pub fn authority() -> anyhow::Result<Authority> {
    Ok(Authority::create(&name::<DomainName>(DOMAIN))?)
}

/// The DNS name of a node in a role.
pub fn server_name(node: &str, role: Role) -> String {
    format!("{node}.{role}.{DOMAIN}")
}

/// Any port of loopback.
pub fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

impl Papers {
    /// Issues them.
    pub fn issue(authority: &Authority, node: &str, role: Role) -> anyhow::Result<Papers> {
        let key = SigningKey::generate();
        let node: NodeName = name(node);
        let certificate = authority.issue(&node, Roles::of(&[role]), &key.public_key())?;
        Ok(Papers { node, authority: authority.certificate().pem().to_owned(), certificate, key: key.to_pem() })
    }

    /// Opens an endpoint with them.
    pub fn endpoint(&self, serve: bool) -> anyhow::Result<Endpoint> {
        let identity = Identity::new(&self.certificate, SigningKey::from_pem(self.key.as_bytes())?)?;
        Ok(bind(&self.authority, Some(identity), serve)?)
    }
}

/// Opens an endpoint; without an identity it is a viewer's.
pub fn bind(authority: &str, identity: Option<Identity>, serve: bool) -> Result<Endpoint, LinkError> {
    Endpoint::bind(Options {
        domain: name(DOMAIN),
        authorities: vec![AuthorityCertificate::from_pem(authority)?],
        identity,
        socket: Socket::Udp(any_port()),
        keys: Some(EndpointKeys::generate()),
        rng_seed: None,
        serve,
    })
}

/// Draws 128 bits from the system.
pub fn entropy() -> Rc<dyn Fn() -> u128> {
    let source = ring::rand::SystemRandom::new();
    Rc::new(move || {
        let mut bytes = [0; 16];
        source.fill(&mut bytes).expect("the system has randomness");
        u128::from_le_bytes(bytes)
    })
}
