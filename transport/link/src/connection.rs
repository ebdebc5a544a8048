//! [`Connection`]: a link to one peer whose certificate, or lack of one, has been looked at.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use actors_protocol::{NodeName, Roles};
use bytes::Bytes;
use ring::signature::{ED25519, UnparsedPublicKey};
use transport_wire::CloseCode;
use transport_wire::limits::WORDS_BYTES_MAX;

use crate::control::Serving;
use crate::error::from_quinn;
use crate::{InStream, LinkError, OutStream, SigningKey};

/// What is derived from the handshake for proofs (RFC 8446 §7.5): both sides of one connection, and nobody else, know it.
const PROOF_LABEL: &[u8] = b"fusion/1 proof";

/// Who is at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The node that its certificate names; a viewer has none.
    pub node: Option<NodeName>,
    /// What it may be.
    pub roles: Roles,
    /// Where it is, or is seen to be.
    pub address: SocketAddr,
}

/// What a link has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// Round trip, smoothed.
    pub rtt: Duration,
    /// Congestion window.
    pub window_bytes: u64,
    /// UDP payload sent.
    pub sent_bytes: u64,
    /// UDP payload received.
    pub received_bytes: u64,
    /// Packets sent.
    pub sent_packets: u64,
    /// Packets declared lost.
    pub lost_packets: u64,
}

/// A link to one peer. A clone is the same link; when the last one is gone, it is closed.
#[derive(Clone)]
pub struct Connection(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) quinn: quinn::Connection,
    peer: Peer,
    closed_here: OnceLock<(CloseCode, String)>,
    /// The answering end of its control stream, if this side answers.
    serving: OnceLock<Weak<Serving>>,
}

impl Connection {
    pub(crate) fn new(quinn: quinn::Connection, peer: Peer) -> Connection {
        Connection(Arc::new(Inner { quinn, peer, closed_here: OnceLock::new(), serving: OnceLock::new() }))
    }

    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.0.peer
    }

    /// Signs this very connection: worth nothing on any other.
    pub fn prove(&self, key: &impl AsRef<SigningKey>) -> Vec<u8> {
        key.as_ref().sign(&self.exporter())
    }

    /// Is `signature` one that the peer made with [`Connection::prove`], at the other end of this connection, with the private
    /// half of `public_key`?
    pub fn proves(&self, public_key: &[u8; 32], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, public_key).verify(&self.exporter(), signature).is_ok()
    }

    fn exporter(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.0
            .quinn
            .export_keying_material(&mut bytes, PROOF_LABEL, b"")
            .expect("32 bytes are not too many, and the handshake is over");
        bytes
    }

    /// Ends the link at once; the peer is told why. The first close counts.
    pub fn close(&self, code: CloseCode, words: &str) {
        // Closing what has ended would overwrite why it ended.
        if self.0.quinn.close_reason().is_none() {
            let _ = self.0.closed_here.set((code, words.to_owned()));
            self.0.quinn.close(code.0.into(), cut(words));
        }
    }

    /// Tells a peer whose questions we answer that the link will be closed: what it asks from now on, it asks on another one;
    /// answers that are due still go out.
    pub fn go_away(&self, code: CloseCode, words: &str) {
        if let Some(serving) = self.0.serving.get().and_then(Weak::upgrade) {
            serving.go_away(code, words);
        }
    }

    pub(crate) fn set_serving(&self, serving: &Arc<Serving>) {
        let _ = self.0.serving.set(Arc::downgrade(serving));
    }

    /// Waits for the end of the link.
    pub async fn closed(&self) -> LinkError {
        let error = self.0.quinn.closed().await;
        self.why(error)
    }

    /// Why the link has ended, if it has.
    pub fn close_reason(&self) -> Option<LinkError> {
        self.0.quinn.close_reason().map(|error| self.why(error))
    }

    /// Whether this side has closed the link; cheaper to ask than [`Connection::close_reason`].
    pub(crate) fn closed_here(&self) -> Option<LinkError> {
        let (code, words) = self.0.closed_here.get()?;
        Some(LinkError::ClosedHere { code: *code, words: words.clone() })
    }

    /// Puts our own words to an end that we made.
    pub(crate) fn why(&self, error: quinn::ConnectionError) -> LinkError {
        match error {
            quinn::ConnectionError::LocallyClosed => self.closed_here().unwrap_or_else(|| from_quinn(error)),
            error => from_quinn(error),
        }
    }

    /// Round trip, smoothed.
    pub fn rtt(&self) -> Duration {
        self.0.quinn.rtt()
    }

    /// What the link has seen so far.
    pub fn stats(&self) -> LinkStats {
        let stats = self.0.quinn.stats();
        LinkStats {
            rtt: stats.path.rtt,
            window_bytes: stats.path.cwnd,
            sent_bytes: stats.udp_tx.bytes,
            received_bytes: stats.udp_rx.bytes,
            sent_packets: stats.path.sent_packets,
            lost_packets: stats.path.lost_packets,
        }
    }

    /// A number that no other connection of this process has while this one lives.
    pub fn id(&self) -> usize {
        self.0.quinn.stable_id()
    }

    /// Opens a stream towards the peer. Waits while the peer permits no more; end it with a deadline of your own.
    pub async fn open_uni(&self) -> Result<OutStream, LinkError> {
        let stream = self.0.quinn.open_uni().await.map_err(|error| self.why(error))?;
        Ok(OutStream::new(stream, self.clone()))
    }

    /// The next stream that the peer opens towards us.
    pub async fn accept_uni(&self) -> Result<InStream, LinkError> {
        let stream = self.0.quinn.accept_uni().await.map_err(|error| self.why(error))?;
        Ok(InStream::new(stream, self.clone()))
    }

    /// Sends an unreliable datagram; when the buffer is full, the oldest one goes.
    pub fn send_datagram(&self, data: Bytes) -> Result<(), LinkError> {
        self.0.quinn.send_datagram(data).map_err(|error| match error {
            quinn::SendDatagramError::ConnectionLost(error) => self.why(error),
            other => LinkError::Datagram(other.to_string()),
        })
    }

    /// The next unreliable datagram.
    pub async fn read_datagram(&self) -> Result<Bytes, LinkError> {
        self.0.quinn.read_datagram().await.map_err(|error| self.why(error))
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.peer().node {
            Some(node) => write!(f, "Connection({node} at {})", self.peer().address),
            None => write!(f, "Connection(viewer at {})", self.peer().address),
        }
    }
}

/// Words that fit into one packet with the close.
pub(crate) fn cut(words: &str) -> &[u8] {
    &words.as_bytes()[..words.floor_char_boundary(WORDS_BYTES_MAX)]
}
