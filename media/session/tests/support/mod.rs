//! A host with one instance whose painter fills a picture with a shade, and raw clients for it.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use actors_kernel::{Access, Node, NodeOptions};
use actors_protocol::host::{CreateInstance, Offering};
use actors_protocol::input::InputEvent;
use actors_protocol::{DomainName, Incarnation, Millis, NodeName, Role, Roles, ServiceName};
use bytes::Bytes;
use media_session::{Flaw, Limits, Production, RawPort, Staging, StudioSetup, spawn_factory};
use media_share::ports::Attendance;
use media_share::{
    Codec, Encoded, Encoder, Encoders, Format, I420, Interaction, MediaFault, Painter, Plane, Size, Target,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, LocalOptions};
use transport_link::{Authority, Endpoint, EndpointKeys, Identity, Options, SigningKey, Socket, Versions};
use transport_wire::CloseCode;

pub const WIDTH: u16 = 64;
pub const HEIGHT: u16 = 36;
/// A key after which the painter panics.
pub const PANIC: u32 = 0x70;
/// A key after which it hangs.
pub const HANG: u32 = 0x68;
/// What a session sees to begin with.
const BEGIN: u8 = 100;

/// A minute at most.
pub fn really(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).expect("a runtime");
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(60), test).await.expect("the test is over in a minute");
    });
}

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a name")
}

#[derive(Default)]
struct Shades {
    drawn: AtomicUsize,
    /// Is added to every shade: what is behind all views has changed.
    shift: AtomicU64,
    attended: Arc<AtomicUsize>,
    hung: AtomicUsize,
    hangs: (Mutex<bool>, Condvar),
    over: AtomicBool,
}

struct Attended(Arc<AtomicUsize>);

impl Drop for Attended {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Painter for Shades {
    type View = u32;

    fn attend(&self, _: &u32, _: Size) -> Attendance {
        self.attended.fetch_add(1, Ordering::SeqCst);
        Box::new(Attended(self.attended.clone()))
    }

    fn stamp(&self, view: &u32, _: Size, _: Millis) -> u64 {
        u64::from(*view) << 32 | self.shift.load(Ordering::SeqCst)
    }

    fn paint(&self, view: &u32, _: Millis, canvas: &mut I420) -> Result<(), MediaFault> {
        assert_ne!(*view, PANIC, "on purpose");
        if *view == HANG && !self.over.load(Ordering::SeqCst) {
            self.hung.fetch_add(1, Ordering::SeqCst);
            let (hangs, free) = &self.hangs;
            let _hung = free.wait_while(hangs.lock().expect("no panic"), |let_go| !*let_go).expect("no panic");
        }
        self.drawn.fetch_add(1, Ordering::SeqCst);
        let shade = (*view as u64 + self.shift.load(Ordering::SeqCst)) as u8;
        canvas.plane_mut(Plane::Y).0.fill(shade);
        Ok(())
    }
}

struct Copies;

impl Encoders for Copies {
    fn make(&self, _: Target) -> Result<Box<dyn Encoder>, MediaFault> {
        Ok(Box::new(Copies))
    }
}

impl Encoder for Copies {
    fn encode(&mut self, picture: &I420, _: u64, _: bool) -> Result<Encoded, MediaFault> {
        Ok(Encoded { key: true, data: Bytes::copy_from_slice(picture.bytes()) })
    }

    fn set_bit_rate(&mut self, _: u32) {}
}

/// Right goes up one shade; other keys are the view themselves.
struct Keys(u32);

impl Interaction for Keys {
    type View = u32;

    fn view(&self) -> u32 {
        self.0
    }

    fn input(&mut self, _: Millis, event: &InputEvent) {
        match event {
            InputEvent::Key { keysym: 0xff53, down: true } => self.0 += 1,
            InputEvent::Key { keysym, down: true } => self.0 = *keysym,
            _ => {}
        }
    }

    fn poll_timeout(&self) -> Option<Millis> {
        None
    }

    fn on_timeout(&mut self, _: Millis) {}

    fn focus(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// A host with one instance.
pub struct Stage {
    node: Node,
    port: SocketAddr,
    shades: Arc<Shades>,
    pub attended: Arc<AtomicUsize>,
}

impl Stage {
    pub async fn begin(slots: u32) -> Stage {
        let node = node();
        let service: ServiceName = name("shade.demo");
        let raw = RawPort::bind(service.clone(), "0").await.expect("a free port");
        let port = raw.address().expect("bound");
        let shades = Arc::new(Shades::default());
        let format =
            Format { codec: Codec::H264, width: WIDTH, height: HEIGHT, rate_millihertz: 50_000, bit_rate: None };
        let staging = Staging::new(StudioSetup {
            painter: shades.clone(),
            encoders: Arc::new(Copies),
            threads: 2,
            formats: [(service.clone(), format)].into(),
            interactions: Rc::new(|_, _| Box::new(Keys(u32::from(BEGIN)))),
            sources: Rc::new(|| serde_json::Value::Null),
        });
        let create = CreateInstance {
            instance: name("shade-a"),
            zone: name("zone-a"),
            gateway: name("zone-a"),
            builder: "shade".to_owned(),
            offerings: vec![Offering { service, cap: None, parameters: Default::default() }],
            slots,
            parameters: Default::default(),
            provisional: None,
        };
        let setup = media_session::FactorySetup {
            create,
            production: Production::Staged(Rc::new(staging.expect("an even size"))),
            raw: vec![raw],
            endpoint: node.endpoint().local_addr().expect("bound"),
            server_name: "host-a.host.lab".to_owned(),
            limits: Limits::default(),
            entropy: {
                let draws = AtomicU64::new(1);
                Rc::new(move || u128::from(draws.fetch_add(1, Ordering::SeqCst)) << 64 | 0x5eed)
            },
            flaw: Flaw::default(),
            observer: None,
        };
        spawn_factory(&node, setup).expect("a factory");
        let attended = shades.attended.clone();
        Stage { node, port, shades, attended }
    }

    pub async fn connect(&self) -> Client {
        Client(BufReader::new(TcpStream::connect(self.port).await.expect("the port is open")))
    }

    pub fn drawn(&self) -> usize {
        self.shades.drawn.load(Ordering::SeqCst)
    }

    /// How often it began to hang.
    pub fn hung(&self) -> usize {
        self.shades.hung.load(Ordering::SeqCst)
    }

    pub fn forget_hung(&self) {
        self.shades.hung.store(0, Ordering::SeqCst);
    }

    /// What is behind all views has changed.
    pub fn shift(&self, by: u64) {
        self.shades.shift.store(by, Ordering::SeqCst);
    }

    /// Those who hang go on.
    pub fn let_go(&self) {
        self.shades.over.store(true, Ordering::SeqCst);
        *self.shades.hangs.0.lock().expect("no panic") = true;
        self.shades.hangs.1.notify_all();
    }

    pub fn end(self) {
        self.node.close(CloseCode::SHUTDOWN, "the test is over");
    }
}

fn node() -> Node {
    let domain = DomainName::new("lab").expect("a name");
    let authority = Authority::create(&domain).expect("an authority");
    let (host, roles, key): (NodeName, _, _) = (name("host-a"), Roles::of(&[Role::Host]), SigningKey::generate());
    let pem = authority.issue(&host, roles, &key.public_key()).expect("issued");
    let endpoint = Endpoint::bind(Options {
        domain: domain.clone(),
        authorities: vec![authority.certificate().clone()],
        identity: Some(Identity::new(&pem, key).expect("an identity")),
        socket: Socket::Udp(SocketAddr::from(([127, 0, 0, 1], 0))),
        keys: Some(EndpointKeys::generate()),
        rng_seed: None,
        serve: true,
    });
    let options = NodeOptions {
        domain,
        node: host,
        roles,
        incarnation: Incarnation(1),
        access: Access::default(),
        versions: Versions::CURRENT,
    };
    Node::start(options, endpoint.expect("bound"))
}

/// A player.
pub struct Client(BufReader<TcpStream>);

impl Client {
    pub async fn header(&mut self) -> String {
        self.line().await.expect("the session begins with a header")
    }

    /// Does it have a session?
    pub async fn has_begun(&mut self) -> bool {
        self.line().await.is_some()
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim_end().to_owned()),
        }
    }

    /// The shade of the next picture.
    pub async fn shade(&mut self) -> u8 {
        assert_eq!(self.line().await.as_deref(), Some("FRAME"));
        let mut picture = vec![0; usize::from(WIDTH) * usize::from(HEIGHT) * 3 / 2];
        self.0.read_exact(&mut picture).await.expect("a whole picture");
        let luma = &picture[..usize::from(WIDTH) * usize::from(HEIGHT)];
        assert!(luma.iter().all(|pixel| *pixel == luma[0]), "a picture is of one piece");
        luma[0]
    }

    /// Reads until a picture has this shade.
    pub async fn until(&mut self, shade: u8) {
        while self.shade().await != shade {}
    }

    /// A key goes down and up, in the words of RFB.
    pub async fn press(&mut self, keysym: u32) {
        let mut message = Vec::new();
        for down in [1, 0] {
            message.extend([4, down, 0, 0]);
            message.extend(keysym.to_be_bytes());
        }
        self.write(&message).await;
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.expect("written");
    }

    /// Reads to the end.
    pub async fn bytes_until_the_end(&mut self) -> usize {
        let (mut all, mut buffer) = (0, vec![0; 65_536]);
        loop {
            match self.0.read(&mut buffer).await {
                Ok(0) | Err(_) => return all,
                Ok(bytes) => all += bytes,
            }
        }
    }
}
