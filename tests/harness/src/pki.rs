//! The identities of every run: one authority, one certificate and one pair of endpoint keys per node. Made once per process
//! and shared by all seeds, since a certificate is signed by the wall clock and says nothing about a run.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use actors_protocol::{DomainName, NodeName, Roles};
use transport_link::{Authority, EndpointKeys, Identity, SigningKey};

/// The domain's name.
pub const DOMAIN: &str = "sim";

/// What a node keeps over its restarts.
#[derive(Clone)]
pub struct Papers {
    /// Who it is.
    pub identity: Identity,
    /// What lets its peers notice a restart.
    pub keys: EndpointKeys,
}

/// See the module.
pub struct Pki {
    authority: Authority,
    papers: Mutex<BTreeMap<NodeName, Papers>>,
}

/// The domain, as a name.
pub fn domain() -> DomainName {
    DomainName::new(DOMAIN).expect("a constant name")
}

fn authority() -> Authority {
    Authority::create_with(&domain(), SigningKey::from_seed([1; 32])).expect("an authority can be made")
}

impl Pki {
    /// The one of this process.
    pub fn get() -> &'static Pki {
        static PKI: OnceLock<Pki> = OnceLock::new();
        PKI.get_or_init(|| Pki { authority: authority(), papers: Mutex::default() })
    }

    /// Whose certificates are believed.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The authority once more, for an orchestrator that wants one of its own.
    pub fn authority_again(&self) -> Authority {
        authority()
    }

    /// The papers of a node: the same each time it is asked for.
    pub fn papers(&self, node: &NodeName, roles: Roles) -> Papers {
        let mut papers = self.papers.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let mut seed = [2; 32];
            seed.iter_mut().zip(node.as_str().bytes()).for_each(|(to, byte)| *to = byte);
            let key = SigningKey::from_seed(seed);
            let pem = self.authority.issue(node, roles, &key.public_key()).expect("a certificate can be issued");
            let identity = Identity::new(&pem, key).expect("certificate and key belong together");
            Papers { identity, keys: EndpointKeys::generate() }
        };
        papers.entry(node.clone()).or_insert_with(make).clone()
    }
}
