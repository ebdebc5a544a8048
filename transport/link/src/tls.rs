//! TLS 1.3 for QUIC: the stock verifiers, the domain's authority as the only root, no session tickets.
//!
//! A dialler checks the server's name, `node.role.domain`. An acceptor checks a certificate if one is offered and lets a
//! peer without one through: that peer is a viewer, and the table of calls knows what it may. Resumption is off: it saves
//! no round trip without 0-RTT, 0-RTT can be replayed, and a resumed peer's certificate would not be looked at again.

use std::sync::Arc;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::RootCertStore;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};

use crate::{AuthorityCertificate, Identity, LinkError, tuning};

/// Protocol and major version, so that another major is refused before a byte of it is read.
pub(crate) const ALPN: &[u8] = b"fusion/1";

/// What both directions of an endpoint share.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
}

impl Tls {
    pub(crate) fn new(authorities: &[AuthorityCertificate]) -> Result<Tls, LinkError> {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority.der().clone()).map_err(refused)?;
        }
        Ok(Tls { provider: Arc::new(rustls::crypto::ring::default_provider()), roots: Arc::new(roots) })
    }

    /// For dialling: with a certificate as a node, without one as a viewer.
    pub(crate) fn client(&self, identity: Option<&Identity>) -> Result<quinn::ClientConfig, LinkError> {
        let builder = rustls::ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(refused)?
            .with_root_certificates(self.roots.clone());
        let mut config = match identity {
            Some(identity) => {
                builder.with_client_auth_cert(identity.chain(), identity.key().der().into()).map_err(refused)?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = Resumption::disabled();
        let quic = QuicClientConfig::try_from(config).expect("the provider has QUIC's first cipher suite");
        let mut config = quinn::ClientConfig::new(Arc::new(quic));
        let uni_streams = match identity {
            Some(_) => tuning::UNI_STREAMS_NODE,
            None => tuning::UNI_STREAMS_VIEWER,
        };
        config.transport_config(tuning::transport(uni_streams, 0));
        Ok(config)
    }

    /// For accepting.
    pub(crate) fn server(&self, identity: &Identity) -> Result<quinn::ServerConfig, LinkError> {
        let verifier = WebPkiClientVerifier::builder_with_provider(self.roots.clone(), self.provider.clone())
            .allow_unauthenticated()
            // The names of our authorities are no stranger's business, and a node has one certificate to offer anyway.
            .clear_root_hint_subjects()
            .build()
            .map_err(|error| LinkError::Credentials {
                what: "the domain's authorities".into(),
                why: error.to_string(),
            })?;
        let mut config = rustls::ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(refused)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(identity.chain(), identity.key().der().into())
            .map_err(refused)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        let quic = QuicServerConfig::try_from(config).expect("the provider has QUIC's first cipher suite");
        let mut config = quinn::ServerConfig::with_crypto(Arc::new(quic));
        config
            .transport_config(tuning::transport(tuning::UNI_STREAMS_NODE, tuning::BI_STREAMS_DIALLER))
            .max_incoming(tuning::INCOMING_MAX)
            .incoming_buffer_size(tuning::INCOMING_BYTES_MAX)
            .incoming_buffer_size_total(tuning::INCOMING_BYTES_MAX * tuning::INCOMING_MAX as u64);
        Ok(config)
    }
}

fn refused(error: rustls::Error) -> LinkError {
    LinkError::Tls(Arc::new(error))
}
