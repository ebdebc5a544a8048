//! The peer that shows what quinn itself takes: a framed echo on one stream, without nodes, actors, deadlines or roles.
//!
//! `Coded` decodes and encodes the message at both ends, as whoever uses it has to; `Raw` moves the bytes only.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::{Bytes, BytesMut};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde::{Deserialize, Serialize};
use transport_wire::{FrameReader, codec, decode, frame};

use super::message::{Ping, ping};
use super::{Contestant, Turning};
use crate::child::{self, Child, Kind};
use crate::figures::Turn;
use crate::identity::any_port;

/// A chunk is what one packet brought.
const CHUNKS: usize = 16;
const SERVER_NAME: &str = "bare";

/// What both ends do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Decode and encode it.
    Coded = 1,
    /// Pass its bytes on.
    Raw = 2,
}

#[derive(Serialize, Deserialize)]
pub struct At {
    /// Where the server listens.
    pub endpoint: SocketAddr,
    certificate: Vec<u8>,
}

/// The server's process.
pub async fn serve() -> anyhow::Result<()> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519)?;
    let certificate = rcgen::CertificateParams::new(vec![SERVER_NAME.to_owned()])?.self_signed(&key)?;
    let private = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = quinn::ServerConfig::with_single_cert(vec![certificate.der().clone()], private)?;
    let endpoint = quinn::Endpoint::server(config, any_port())?;
    child::say(&At { endpoint: endpoint.local_addr()?, certificate: certificate.der().to_vec() })?;
    let accept = async {
        while let Some(incoming) = endpoint.accept().await {
            tokio::spawn(async move {
                // A client that goes away ends its connection; that is how these end.
                let _ = answer(incoming).await;
            });
        }
    };
    tokio::select! {
        () = accept => Ok(()),
        ended = child::until_parent_ends() => ended,
    }
}

async fn answer(incoming: quinn::Incoming) -> anyhow::Result<()> {
    let connection = incoming.await?;
    let (mut send, mut receive) = connection.accept_bi().await?;
    let mut mode = [0];
    receive.read_exact(&mut mode).await?;
    let raw = mode[0] == Mode::Raw as u8;
    let mut frames = FrameReader::default();
    loop {
        read(&mut receive, &mut frames).await?;
        let mut out = BytesMut::new();
        while let Some(body) = frames.next()? {
            if raw {
                append_raw(&mut out, &body)?;
            } else {
                append(&mut out, &decode::<Ping>(&body)?)?;
            }
        }
        send.write_chunk(out.freeze()).await?;
    }
}

/// An endpoint that trusts the server and nobody else.
pub fn client_endpoint(at: &At) -> anyhow::Result<quinn::Endpoint> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(at.certificate.clone().into())?;
    let mut endpoint = quinn::Endpoint::client(any_port())?;
    let mut config = quinn::ClientConfig::with_root_certificates(Arc::new(roots))?;
    let mut transport = quinn::TransportConfig::default();
    // The others have their turns in between: without it the connection would be over by then.
    transport.keep_alive_interval(Some(Duration::from_secs(1)));
    config.transport_config(Arc::new(transport));
    endpoint.set_default_client_config(config);
    Ok(endpoint)
}

/// Connects and opens the one stream.
pub async fn connect(
    endpoint: &quinn::Endpoint,
    at: &At,
    mode: Mode,
) -> anyhow::Result<(quinn::SendStream, quinn::RecvStream)> {
    let connection = endpoint.connect(at.endpoint, SERVER_NAME)?.await?;
    let (mut send, receive) = connection.open_bi().await?;
    send.write_all(&[mode as u8]).await?;
    Ok((send, receive))
}

/// The client, and the server it has started.
pub struct Client {
    mode: Mode,
    send: quinn::SendStream,
    receive: quinn::RecvStream,
    frames: FrameReader,
    _endpoint: quinn::Endpoint,
    _server: Child<At>,
}

impl Client {
    /// Starts both.
    pub async fn start(mode: Mode) -> anyhow::Result<Client> {
        let server: Child<At> = Child::start(Kind::Bare)?;
        let endpoint = client_endpoint(&server.at)?;
        let (send, receive) = connect(&endpoint, &server.at, mode).await.context("the bare echo")?;
        Ok(Client { mode, send, receive, frames: FrameReader::default(), _endpoint: endpoint, _server: server })
    }

    async fn echo(&mut self, in_flight: usize, length: Duration) -> anyhow::Result<Turn> {
        let message = ping();
        let encoded = codec::encode(&message)?;
        let raw = self.mode == Mode::Raw;
        let ask = |out: &mut BytesMut| if raw { append_raw(out, &encoded) } else { append(out, &message) };
        let (mut answered, mut open, mut times_us) = (0, in_flight, Vec::with_capacity(64 * 1024));
        let mut out = BytesMut::new();
        for _ in 0..in_flight {
            ask(&mut out)?;
        }
        let begun = Instant::now();
        let mut now = begun;
        while open > 0 {
            if !out.is_empty() {
                self.send.write_chunk(std::mem::take(&mut out).freeze()).await?;
            }
            read(&mut self.receive, &mut self.frames).await?;
            while let Some(body) = self.frames.next()? {
                if raw {
                    ensure!(body.len() == encoded.len(), "another's answer");
                } else {
                    ensure!(decode::<Ping>(&body)?.number == message.number, "another's answer");
                }
                answered += 1;
                let before = std::mem::replace(&mut now, Instant::now());
                if in_flight == 1 {
                    times_us.push((now - before).as_secs_f64() * 1e6);
                }
                if now - begun < length {
                    ask(&mut out)?;
                } else {
                    open -= 1;
                }
            }
        }
        Ok(Turn { answered, took: begun.elapsed(), times_us })
    }
}

impl Contestant for Client {
    fn name(&self) -> &'static str {
        match self.mode {
            Mode::Coded => "bare echo",
            Mode::Raw => "raw echo",
        }
    }

    fn turn(&mut self, in_flight: usize, length: Duration) -> Turning<'_> {
        Box::pin(self.echo(in_flight, length))
    }
}

async fn read(receive: &mut quinn::RecvStream, frames: &mut FrameReader) -> anyhow::Result<()> {
    let mut chunks: [Bytes; CHUNKS] = Default::default();
    let count = receive.read_chunks(&mut chunks).await?.context("the other end has finished")?;
    chunks.into_iter().take(count).for_each(|chunk| frames.push(chunk));
    Ok(())
}

fn append(out: &mut BytesMut, message: &Ping) -> anyhow::Result<()> {
    Ok(frame::append(out, |out| codec::encode_into(message, out))?)
}

fn append_raw(out: &mut BytesMut, body: &[u8]) -> anyhow::Result<()> {
    Ok(frame::append(out, |out| {
        out.extend_from_slice(body);
        Ok(())
    })?)
}
