//! The peer of fan-out: a process that sends pictures of given lengths to many connections, each on a stream of its own, and
//! does nothing else. Nothing is decoded, drawn, encoded, given up or measured per viewer.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::child::{self, Child};
use crate::identity::any_port;
use crate::machine;

const SERVER_NAME: &str = "bare";
/// As the guide's pictures come.
const RATE: f64 = 30.0;
/// As long as the header of one of our pictures.
const HEADER: usize = 40;
/// Pictures that may wait for a connection before one is left out.
const WAITING_MAX: usize = 8;
const PICTURE_MAX: usize = 1 << 20;
const SETTLE: Duration = Duration::from_secs(1);

/// Where the sender is reached.
#[derive(Serialize, Deserialize)]
pub struct At {
    endpoint: SocketAddr,
    certificate: Vec<u8>,
}

/// What the sender has done.
#[derive(Serialize, Deserialize)]
pub struct Sent {
    /// Pictures that were sent whole.
    pub pictures: u64,
    /// Pictures that were left out, since those before them were not through.
    pub left_out: u64,
    /// The sender's.
    pub processor_seconds: f64,
}

/// The sender's process: each word is a file of lengths, a space, and for how many seconds.
pub async fn serve() -> anyhow::Result<()> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519)?;
    let certificate = rcgen::CertificateParams::new(vec![SERVER_NAME.to_owned()])?.self_signed(&key)?;
    let private = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = quinn::ServerConfig::with_single_cert(vec![certificate.der().clone()], private)?;
    let endpoint = quinn::Endpoint::server(config, any_port())?;
    let mut words = child::words()?;
    child::say(&At { endpoint: endpoint.local_addr()?, certificate: certificate.der().to_vec() })?;
    let mut connections = Vec::new();
    loop {
        tokio::select! {
            incoming = endpoint.accept() => connections.push(incoming.context("the endpoint is closed")?.await?),
            word = words.recv() => match word {
                Some(word) => child::say(&send(&connections, &word).await?)?,
                None => return Ok(()),
            },
        }
    }
}

async fn send(connections: &[quinn::Connection], word: &str) -> anyhow::Result<Sent> {
    let (path, seconds) = word.rsplit_once(' ').context("a path and a number")?;
    let lengths: Vec<usize> = std::fs::read_to_string(path)?.lines().map(str::parse).collect::<Result<_, _>>()?;
    ensure!(!lengths.is_empty(), "there are no lengths");
    let seconds: f64 = seconds.parse()?;
    let bytes = Bytes::from(vec![0x5a; lengths.iter().max().copied().unwrap_or(0)]);
    let sent = Rc::new(Cell::new(0));
    let mut queues = Vec::new();
    let mut tasks = JoinSet::new();
    for connection in connections {
        let (queue, mut waiting) = mpsc::channel::<Bytes>(WAITING_MAX);
        let (connection, sent) = (connection.clone(), sent.clone());
        queues.push(queue);
        tasks.spawn_local(async move {
            while let Some(picture) = waiting.recv().await {
                let mut stream = connection.open_uni().await?;
                let mut parts = [Bytes::from_static(&[1; HEADER]), picture];
                stream.write_all_chunks(&mut parts).await?;
                stream.finish()?;
                sent.set(sent.get() + 1);
            }
            anyhow::Ok(())
        });
    }
    let before = machine::processor_seconds(std::process::id())?;
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / RATE));
    let mut left_out = 0;
    for number in 0..(seconds * RATE) as usize {
        ticks.tick().await;
        let picture = bytes.slice(..lengths[number % lengths.len()]);
        for queue in &queues {
            if queue.try_send(picture.clone()).is_err() {
                left_out += 1;
            }
        }
    }
    drop(queues);
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    // What is under way is acknowledged, and that costs too.
    tokio::time::sleep(SETTLE).await;
    let processor_seconds = machine::processor_seconds(std::process::id())? - before;
    Ok(Sent { pictures: sent.get(), left_out, processor_seconds })
}

/// Connects so often, and takes what is sent. Fails when less has come than was sent.
pub async fn receive(sender: &mut Child<At>, viewers: usize, lengths: &str, seconds: u64) -> anyhow::Result<Sent> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(sender.at.certificate.clone().into())?;
    let mut endpoint = quinn::Endpoint::client(any_port())?;
    endpoint.set_default_client_config(quinn::ClientConfig::with_root_certificates(Arc::new(roots))?);
    let came = Rc::new(Cell::new(0_u64));
    let mut tasks = JoinSet::new();
    for _ in 0..viewers {
        let connection = endpoint.connect(sender.at.endpoint, SERVER_NAME)?.await?;
        let came = came.clone();
        tasks.spawn_local(async move {
            // Ends with the connection.
            while let Ok(mut stream) = connection.accept_uni().await {
                if stream.read_to_end(PICTURE_MAX).await.is_ok() {
                    came.set(came.get() + 1);
                }
            }
        });
    }
    sender.tell(&format!("{lengths} {seconds}"))?;
    // The answer is waited for by looking now and then, since this thread has to receive.
    let sent: Sent = sender.answer(Duration::from_secs(seconds + 60)).await?;
    ensure!(came.get() >= sent.pictures, "bare quinn: {} pictures were sent and {} came", sent.pictures, came.get());
    if sent.left_out > 0 {
        crate::progress(&format!("fan-out: bare quinn left {} pictures out", sent.left_out));
    }
    Ok(sent)
}
