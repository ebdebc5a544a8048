//! How fast is a question over a control link, next to a bare framed quinn echo that decodes and encodes the same message?
//!
//! Two threads with a runtime of one thread each: one asks, one answers. Run it with `--release`; read the ratios, not the
//! rates. `ask_loop ask` or `ask_loop bare` runs one of them only, for a profiler.

#![allow(clippy::disallowed_methods)] // it measures on the real clock, and all that it spawns ends with its runtimes

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use actors_protocol::{DomainName, Fault, Incarnation, NodeName, Role, Roles, Tag, actor_protocol};
use bytes::{Bytes, BytesMut};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde::{Deserialize, Serialize};
use tokio::task::LocalSet;
use transport_link::{
    Authority, Control, Dispatch, Endpoint, EndpointKeys, Identity, InboundCall, Options, SigningKey, Socket, Target,
    Versions,
};
use transport_wire::{FrameReader, codec, decode, frame};

/// 100 bytes on the wire: what a report of a few services looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ping {
    number: u64,
    words: Vec<String>,
}

actor_protocol! {
    /// The protocol of this benchmark.
    pub protocol Bench("bench") {
        0x7f01 => Ping -> Ping;
    }
}

const WARM_UP: Duration = Duration::from_millis(300);
const MEASURED: Duration = Duration::from_secs(2);

fn ping() -> Ping {
    Ping { number: 0x1234_5678_9abc, words: (0..6).map(|index| format!("service-{index}.demo")).collect() }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn main() {
    println!("message: {} bytes encoded", codec::encode(&ping()).expect("encodes").len());
    let which = std::env::args().nth(1);
    let wanted = |name: &str| which.as_deref().is_none_or(|which| which == name);
    let mut results = Vec::new();
    for round in 0..3 {
        if wanted("bare") {
            results.push((round, "bare", bare::run()));
        }
        if wanted("ask") {
            results.push((round, "ask", ask::run()));
        }
    }
    for (round, name, figures) in &results {
        println!("round {round} {name:>5}: {figures}");
    }
    let best = |name: &str| {
        let of = |pick: fn(&Figures) -> f64| results.iter().filter(move |r| r.1 == name).map(move |r| pick(&r.2));
        (of(|f| f.per_second_64).fold(0.0, f64::max), of(|f| f.p50_us).fold(f64::MAX, f64::min))
    };
    if which.is_none() {
        let ((bare_rate, bare_p50), (ask_rate, ask_p50)) = (best("bare"), best("ask"));
        println!("64 in flight: {:.2} of bare; alone: p50 {:.2} of bare", ask_rate / bare_rate, ask_p50 / bare_p50);
    }
}

struct Figures {
    per_second_64: f64,
    p50_us: f64,
    p99_us: f64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.0} asks/s with 64 in flight; alone p50 {:.1} µs, p99 {:.1} µs",
            self.per_second_64, self.p50_us, self.p99_us
        )
    }
}

/// The median and the 99th percentile, in microseconds.
fn percentiles(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort_unstable();
    let at = |part: f64| times[(times.len() as f64 * part) as usize].as_secs_f64() * 1e6;
    (at(0.5), at(0.99))
}

mod ask {
    use super::*;

    struct Echo;

    impl Dispatch for Echo {
        fn dispatch(&self, call: InboundCall<'_>) {
            match decode::<Ping>(&call.payload) {
                Ok(ping) => call.reply.send(Ok(&ping)),
                Err(error) => call.reply.fail(Fault::from(error)),
            }
        }

        fn since(&self, tag: Tag) -> Option<u16> {
            (tag == 0x7f01).then_some(0)
        }
    }

    fn options(authority: &Authority, name: &str, serve: bool) -> Options {
        let node = NodeName::new(name).expect("a name");
        let key = SigningKey::generate();
        let pem = authority.issue(&node, Roles::of(&[Role::Host]), &key.public_key()).expect("issued");
        Options {
            domain: authority.domain().clone(),
            authorities: vec![authority.certificate().clone()],
            identity: Some(Identity::new(&pem, key).expect("an identity")),
            socket: Socket::Udp(SocketAddr::from(([127, 0, 0, 1], 0))),
            keys: Some(EndpointKeys::generate()),
            rng_seed: None,
            serve,
        }
    }

    pub fn run() -> Figures {
        let authority = Authority::create(&DomainName::new("bench").expect("a name")).expect("an authority");
        let (server, client) = (options(&authority, "server", true), options(&authority, "client", false));
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async move {
                let endpoint = Endpoint::bind(server).expect("bound");
                tell.send(endpoint.local_addr().expect("an address")).expect("told");
                let connection = endpoint.accept().await.expect("open").establish().await.expect("established");
                Control::serve(&connection, Versions::CURRENT, Arc::new(Echo)).await;
            });
        });
        let address = told.recv().expect("bound");
        let figures = LocalSet::new().block_on(&runtime(), async move {
            let endpoint = Endpoint::bind(client).expect("bound");
            let target = Target { endpoint: address, server_name: "server.host.bench".into() };
            let connection = endpoint.connect(&target, Duration::from_secs(5)).await.expect("connected");
            let (control, driver) = Control::open(&connection, Versions::CURRENT);
            let driver = tokio::task::spawn_local(driver);
            let within = Duration::from_secs(5);
            asks(&control, 64, WARM_UP, within).await;
            let (count, _) = asks(&control, 64, MEASURED, within).await;
            let (_, times) = asks(&control, 1, MEASURED, within).await;
            let (p50_us, p99_us) = percentiles(times);
            driver.abort();
            Figures { per_second_64: count as f64 / MEASURED.as_secs_f64(), p50_us, p99_us }
        });
        thread.join().expect("the server ends with its connection");
        figures
    }

    async fn asks(control: &Control, in_flight: usize, length: Duration, within: Duration) -> (u64, Vec<Duration>) {
        let message = Rc::new(ping());
        let begin = Instant::now();
        let tasks: Vec<_> = (0..in_flight)
            .map(|_| {
                let (control, message) = (control.clone(), message.clone());
                tokio::task::spawn_local(async move {
                    let (mut count, mut times) = (0, Vec::new());
                    let mut now = begin;
                    while now - begin < length {
                        let reply = control.ask("echo/1", Incarnation::ANY, &*message, within).await.expect("answered");
                        assert_eq!(reply.number, message.number);
                        count += 1;
                        let before = std::mem::replace(&mut now, Instant::now());
                        if in_flight == 1 {
                            times.push(now - before);
                        }
                    }
                    (count, times)
                })
            })
            .collect();
        let mut all = (0, Vec::new());
        for task in tasks {
            let (count, times) = task.await.expect("no panic");
            all.0 += count;
            all.1.extend(times);
        }
        all
    }
}

mod bare {
    use super::*;

    fn configurations() -> (quinn::ServerConfig, quinn::ClientConfig) {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let params = rcgen::CertificateParams::new(vec!["bare".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("signed");
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.der().clone()).expect("a root");
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let server = quinn::ServerConfig::with_single_cert(vec![certificate.der().clone()], key).expect("a server");
        (server, quinn::ClientConfig::with_root_certificates(Arc::new(roots)).expect("a client"))
    }

    pub fn run() -> Figures {
        let (server, client) = configurations();
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async move {
                let endpoint = quinn::Endpoint::server(server, local).expect("bound");
                tell.send(endpoint.local_addr().expect("an address")).expect("told");
                let connection = endpoint.accept().await.expect("open").await.expect("established");
                let (mut send, mut receive) = connection.accept_bi().await.expect("a stream");
                let mut frames = FrameReader::default();
                while read(&mut receive, &mut frames).await {
                    let mut out = BytesMut::new();
                    while let Some(body) = frames.next().expect("whole") {
                        let ping: Ping = decode(&body).expect("decodes");
                        write(&mut out, &ping);
                    }
                    send.write_chunk(out.freeze()).await.expect("written");
                }
            });
        });
        let address = told.recv().expect("bound");
        let figures = runtime().block_on(async move {
            let mut endpoint = quinn::Endpoint::client(local).expect("bound");
            endpoint.set_default_client_config(client);
            let connection = endpoint.connect(address, "bare").expect("dialled").await.expect("established");
            let (mut send, mut receive) = connection.open_bi().await.expect("a stream");
            echo(&mut send, &mut receive, 64, WARM_UP).await;
            let (count, _) = echo(&mut send, &mut receive, 64, MEASURED).await;
            let (_, times) = echo(&mut send, &mut receive, 1, MEASURED).await;
            let (p50_us, p99_us) = percentiles(times);
            send.finish().expect("open");
            connection.close(0u32.into(), b"");
            Figures { per_second_64: count as f64 / MEASURED.as_secs_f64(), p50_us, p99_us }
        });
        thread.join().expect("the server ends with its connection");
        figures
    }

    async fn echo(
        send: &mut quinn::SendStream,
        receive: &mut quinn::RecvStream,
        in_flight: usize,
        length: Duration,
    ) -> (u64, Vec<Duration>) {
        let message = ping();
        let (mut count, mut open, mut times) = (0, in_flight, Vec::new());
        let mut frames = FrameReader::default();
        let mut out = BytesMut::new();
        (0..in_flight).for_each(|_| write(&mut out, &message));
        let begin = Instant::now();
        let mut now = begin;
        while open > 0 {
            if !out.is_empty() {
                send.write_chunk(std::mem::take(&mut out).freeze()).await.expect("written");
            }
            assert!(read(receive, &mut frames).await);
            while let Some(body) = frames.next().expect("whole") {
                let reply: Ping = decode(&body).expect("decodes");
                assert_eq!(reply.number, message.number);
                count += 1;
                let before = std::mem::replace(&mut now, Instant::now());
                if in_flight == 1 {
                    times.push(now - before);
                }
                match now - begin < length {
                    true => write(&mut out, &message),
                    false => open -= 1,
                }
            }
        }
        (count, times)
    }

    async fn read(receive: &mut quinn::RecvStream, frames: &mut FrameReader) -> bool {
        let mut chunks: [Bytes; 16] = Default::default();
        match receive.read_chunks(&mut chunks).await {
            Ok(Some(count)) => {
                chunks.into_iter().take(count).for_each(|chunk| frames.push(chunk));
                true
            }
            _ => false,
        }
    }

    fn write(out: &mut BytesMut, message: &Ping) {
        frame::append(out, |out| codec::encode_into(message, out)).expect("encodes");
    }
}
