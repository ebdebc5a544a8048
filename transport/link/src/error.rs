//! [`LinkError`]: why a link could not be made, or why it ended. Cloneable, because several waiters learn of one end.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actors_protocol::{Fault, NodeName};
use transport_wire::limits::WORDS_BYTES_MAX;
use transport_wire::{CloseCode, StreamCode};

/// Everything that can go wrong in this crate.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LinkError {
    /// Another program, or another node, has the port.
    #[error(
        "UDP address {address} is in use: stop the program that listens there, or give this node another `listen` address"
    )]
    PortInUse {
        /// The address that was wanted.
        address: SocketAddr,
    },
    /// The socket cannot be opened for another reason.
    #[error("UDP address {address} cannot be opened")]
    Bind {
        /// The address that was wanted.
        address: SocketAddr,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// A file of an identity, an authority or an endpoint cannot be read or written.
    #[error("cannot {act} {}", path.display())]
    File {
        /// `read`, `write`, …
        act: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// Keys or certificates that are not what they should be.
    #[error("{what}: {why}")]
    Credentials {
        /// What was looked at.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The TLS library does not accept a configuration made of our own keys and certificates.
    #[error("TLS cannot be configured")]
    Tls(#[source] Arc<rustls::Error>),
    /// The endpoint has no certificate yet, and the operation needs one.
    #[error("this endpoint has no certificate to serve with")]
    NoIdentity,
    /// The address or the name cannot be dialled at all.
    #[error("cannot dial {server_name} at {address}: {why}")]
    Undiallable {
        /// Where to.
        address: SocketAddr,
        /// Whom.
        server_name: String,
        /// Why.
        why: String,
    },
    /// Nothing, or nothing in time.
    #[error("no answer from {whom} within {} ms", within.as_millis())]
    Deadline {
        /// Who was to answer.
        whom: String,
        /// How long we waited.
        within: Duration,
    },
    /// TLS failed: one side does not accept the other's certificate, or they speak different protocols.
    #[error("the handshake failed: {0}")]
    Handshake(String),
    /// The certificate is genuine and still not what this domain accepts.
    #[error("the peer's certificate is refused: {0}")]
    PeerRefused(String),
    /// The peer is on the deny list.
    #[error("node '{0}' is on the deny list")]
    Denied(NodeName),
    /// The peer closed the connection, and said why.
    #[error("closed by the peer ({}): {}", .code.name(), words_or(.words, *.code))]
    ClosedByPeer {
        /// The application close code.
        code: CloseCode,
        /// The peer's words.
        words: String,
    },
    /// This side closed the connection.
    #[error("closed here ({}): {}", .code.name(), words_or(.words, *.code))]
    ClosedHere {
        /// The application close code.
        code: CloseCode,
        /// The words that were sent along.
        words: String,
    },
    /// The peer sent something that is no part of the protocol, so this side closed the connection.
    #[error("the peer broke the protocol ({}): {words}", .code.name())]
    Broken {
        /// The close code that was sent.
        code: CloseCode,
        /// The words that were sent along.
        words: String,
    },
    /// The two sides have no version in common.
    #[error("{0}")]
    Version(String),
    /// The connection is gone without a word: silence, or a peer that restarted.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// The peer ended the stream that this operation needs.
    #[error("the peer ended the stream")]
    StreamEnded,
    /// The peer abandoned a stream, or does not want to read it.
    #[error("the peer gave the stream up: {0}")]
    StreamReset(StreamCode),
    /// A datagram does not fit, or the peer takes none.
    #[error("the datagram cannot be sent: {0}")]
    Datagram(String),
    /// The endpoint was closed.
    #[error("the endpoint is closed")]
    EndpointClosed,
}

impl LinkError {
    /// Does trying again make no sense until somebody changes something?
    pub fn is_refusal(&self) -> bool {
        match self {
            LinkError::Handshake(_)
            | LinkError::PeerRefused(_)
            | LinkError::Denied(_)
            | LinkError::Version(_)
            | LinkError::Undiallable { .. }
            | LinkError::Broken { .. } => true,
            LinkError::ClosedByPeer { code, .. } => matches!(*code, CloseCode::DENIED | CloseCode::VERSION),
            _ => false,
        }
    }
}

impl LinkError {
    /// What an asker is told whose call ended with the link to `whom`.
    pub(crate) fn fault(&self, whom: &str) -> Fault {
        match self {
            LinkError::Version(words) => Fault::Version(words.clone()),
            LinkError::ClosedByPeer { code: CloseCode::VERSION, words } => Fault::Version(words.clone()),
            LinkError::ClosedByPeer { code: CloseCode::DENIED, .. } | LinkError::PeerRefused(_) => {
                Fault::Denied(format!("{whom}: {self}"))
            }
            _ => Fault::Gone(format!("{whom} ({self})")),
        }
    }
}

fn words_or(words: &str, code: CloseCode) -> &str {
    if words.is_empty() { code.words() } else { words }
}

/// A QUIC connection's end, in this crate's words.
pub(crate) fn from_quinn(error: quinn::ConnectionError) -> LinkError {
    use quinn::ConnectionError as E;
    match error {
        E::ApplicationClosed(close) => LinkError::ClosedByPeer {
            code: CloseCode(u32::try_from(close.error_code.into_inner()).unwrap_or(u32::MAX)),
            words: words_of(&close.reason),
        },
        E::ConnectionClosed(close) => {
            let words = words_of(&close.reason);
            match is_tls_alert(close.error_code) {
                true => LinkError::Handshake(format!("the peer refused it: {words}")),
                false => LinkError::Lost(format!("the peer's transport closed it: {} {words}", close.error_code)),
            }
        }
        E::TransportError(error) => match is_tls_alert(error.code) {
            true => LinkError::Handshake(error.reason),
            false => LinkError::Lost(error.to_string()),
        },
        E::Reset => LinkError::Lost("the peer has restarted and does not know it".to_owned()),
        E::TimedOut => LinkError::Lost("the peer has fallen silent".to_owned()),
        E::LocallyClosed => LinkError::ClosedHere { code: CloseCode::DROPPED, words: String::new() },
        E::VersionMismatch => LinkError::Handshake("the peer speaks another version of QUIC".to_owned()),
        E::CidsExhausted => LinkError::Lost("no connection ids are left".to_owned()),
    }
}

/// RFC 9001 §4.8: TLS alerts are CRYPTO_ERROR, 0x0100 to 0x01ff.
fn is_tls_alert(code: quinn::TransportErrorCode) -> bool {
    (0x100..0x200).contains(&u64::from(code))
}

/// A peer's words: bounded, and no control characters, since they end up in logs and on terminals.
fn words_of(reason: &[u8]) -> String {
    String::from_utf8_lossy(reason).chars().filter(|c| !c.is_control()).take(WORDS_BYTES_MAX).collect()
}
