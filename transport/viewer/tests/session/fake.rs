//! A domain of one node that plays resolver and instance, over the true link, and does what a test tells it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors_protocol::factory::{Farewell, Goodbye, Opened, Redeem, Redemption, Resume};
use actors_protocol::gateway::Grant;
use actors_protocol::input::Input;
use actors_protocol::resolver::{Open, Opening};
use actors_protocol::{
    Address, DomainName, Incarnation, Locator, Millis, NodeName, Request, ResumeToken, Role, Roles, SessionId, SlotId,
    Ticket,
};
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use transport_link::{
    Authority, Connection, Control, Dispatch, Endpoint, Identity, InboundCall, Outcome, SigningKey, Socket, UnitSender,
};
use transport_viewer::{DomainTrust, ResolverAddress};
use transport_wire::input::InputReader;
use transport_wire::{CloseCode, Codec, MediaHeader, StreamKind, Versions};

pub const TICKET: Ticket = Ticket(0x7e57);
pub const WINDOW: Millis = Millis(6_000);
/// Pictures of a group.
pub const GROUP: u64 = 10;

/// What the resolver does with the next question.
pub enum Answer {
    Say(Opening),
    /// No answer, ever.
    Nothing,
    /// The connection ends.
    Hang(CloseCode),
}

/// What has happened so far.
#[derive(Default)]
pub struct Log {
    pub opens: Vec<Open>,
    pub resumes: u32,
    pub goodbyes: u32,
    pub inputs: Vec<Input>,
    /// The codes with which viewers closed their sessions' connections.
    pub closes: Vec<Option<CloseCode>>,
    /// The connections that redeemed or resumed, in order.
    pub sessions: Vec<Connection>,
}

pub struct Fake {
    pub trust: DomainTrust,
    pub endpoint: Endpoint,
    pub state: Arc<State>,
    tasks: JoinSet<()>,
}

#[derive(Default)]
pub struct State {
    pub log: Mutex<Log>,
    /// Used up first; then every question is granted.
    pub answers: Mutex<VecDeque<Answer>>,
    /// Instead of opening.
    pub redemption: Mutex<Option<Redemption>>,
    /// The instance has ended: whoever asks it to resume is told that it is gone.
    pub gone: AtomicBool,
    /// Where grants send the viewer.
    pub locator: Mutex<Option<Locator>>,
    changed: Notify,
    work: Mutex<JoinSet<()>>,
}

pub fn domain() -> DomainName {
    "demo".parse().unwrap()
}

impl Fake {
    pub fn start(socket: Socket) -> Fake {
        let authority = Authority::create(&domain()).unwrap();
        let node: NodeName = "n1".parse().unwrap();
        let key = SigningKey::generate();
        let roles = Roles::of(&[Role::Resolver, Role::Host]);
        let certificate = authority.issue(&node, roles, &key.public_key()).unwrap();
        let endpoint = Endpoint::bind(transport_link::Options {
            domain: domain(),
            authorities: vec![authority.certificate().clone()],
            identity: Some(Identity::new(&certificate, key).unwrap()),
            socket,
            keys: None,
            rng_seed: Some([3; 32]),
            serve: true,
        })
        .unwrap();
        let address = endpoint.local_addr().unwrap();
        let trust = DomainTrust {
            domain: domain(),
            authority: authority.certificate().pem().to_owned(),
            resolvers: vec![ResolverAddress { address, server_name: "n1.resolver.demo".to_owned() }],
            site: None,
        };
        let state = Arc::new(State::default());
        *state.locator.lock().unwrap() = Some(locator(address));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(endpoint.clone(), state.clone()));
        Fake { trust, endpoint, state, tasks }
    }

    pub fn next_answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state.answers.lock().unwrap().extend(answers);
    }

    /// Waits until the log is as `wanted` says.
    pub async fn until<T>(&self, wanted: impl Fn(&Log) -> Option<T>) -> T {
        let wait = async {
            loop {
                let changed = self.state.changed.notified();
                if let Some(found) = wanted(&self.state.log.lock().unwrap()) {
                    return found;
                }
                changed.await;
            }
        };
        timeout(Duration::from_secs(30), wait).await.expect("it never came to that")
    }

    /// The connection of the `index`-th redemption or resumption.
    pub async fn session(&self, index: usize) -> Connection {
        self.until(|log| log.sessions.get(index).cloned()).await
    }

    /// Nothing of it answers any more; not a word is said.
    pub fn vanish(&mut self) {
        self.tasks.abort_all();
        self.state.work.lock().unwrap().abort_all();
    }
}

pub fn locator(endpoint: SocketAddr) -> Locator {
    let factory: Address = "fusion://demo/n1/instance/clip-a#17".parse().unwrap();
    Locator::Fusion { endpoint, server_name: "n1.host.demo".to_owned(), factory }
}

/// The header of picture `number` in groups of [`GROUP`].
pub fn header(number: u64, last_input: u32) -> MediaHeader {
    MediaHeader {
        key: number.is_multiple_of(GROUP),
        repeat: false,
        codec: Codec::H264,
        group: (number / GROUP) as u32,
        unit: (number % GROUP) as u16,
        previous: if number < GROUP { 0 } else { GROUP as u16 },
        picture: number,
        pts_us: number * 33_333,
        last_input,
        width: 640,
        height: 360,
        payload_len: 0,
    }
}

pub fn payload(number: u64) -> Bytes {
    Bytes::from([&[0, 0, 0, 1][..], format!("picture {number}").as_bytes(), &[7; 3_000]].concat())
}

/// Sends a picture and waits until the viewer has it.
pub async fn send(connection: &Connection, number: u64, last_input: u32) -> Outcome {
    UnitSender::send(connection, header(number, last_input), payload(number)).unwrap().outcome().await
}

async fn serve(endpoint: Endpoint, state: Arc<State>) {
    let mut links = JoinSet::new();
    while let Some(incoming) = endpoint.accept().await {
        let state = state.clone();
        links.spawn(async move {
            let Ok(connection) = incoming.establish().await else { return };
            assert_eq!(connection.peer().roles, Roles::of(&[Role::Viewer]), "a viewer has no certificate");
            let driver = Control::serve(&connection, Versions::CURRENT, Arc::new(Desk(state.clone())));
            let inputs = read_inputs(connection.clone(), state.clone());
            tokio::select! { _ = driver => {}, () = inputs => {} }
            let why = connection.closed().await;
            let mut log = state.log.lock().unwrap();
            if log.sessions.iter().any(|session| session.id() == connection.id()) {
                log.closes.push(match why {
                    transport_link::LinkError::ClosedByPeer { code, .. } => Some(code),
                    _ => None,
                });
            }
            drop(log);
            state.changed.notify_waiters();
        });
    }
}

async fn read_inputs(connection: Connection, state: Arc<State>) {
    let note = |input: Input| {
        state.log.lock().unwrap().inputs.push(input);
        state.changed.notify_waiters();
    };
    let streams = async {
        while let Ok(mut stream) = connection.accept_uni().await {
            let mut kind = [0];
            if stream.read_exact(&mut kind).await.is_err() {
                continue;
            }
            assert_eq!(kind[0], StreamKind::Input as u8);
            let mut reader = InputReader::new();
            while let Ok(Some(chunk)) = stream.read().await {
                reader.push(&chunk);
                while let Some(input) = reader.next().unwrap() {
                    note(input);
                }
            }
        }
    };
    let datagrams = async {
        while let Ok(datagram) = connection.read_datagram().await {
            note(transport_wire::input::from_datagram(&datagram).unwrap());
        }
    };
    tokio::join!(streams, datagrams);
}

struct Desk(Arc<State>);

impl Desk {
    fn redeem(&self, connection: &Connection, key: &[u8; 32], proof: &[u8], secret: bool, token: u128) -> Redemption {
        if let Some(scripted) = self.0.redemption.lock().unwrap().clone() {
            return scripted;
        }
        if !secret {
            return Redemption::Forged;
        }
        if !connection.proves(key, proof) {
            return Redemption::WrongKey;
        }
        self.0.log.lock().unwrap().sessions.push(connection.clone());
        Redemption::Opened(Opened {
            session: SessionId(42),
            service: "clip.demo".parse().unwrap(),
            slot: SlotId(3),
            resume: ResumeToken(token),
            resume_window: WINDOW,
            codec: "h264".to_owned(),
            width: 640,
            height: 360,
            rate_millihertz: 30_000,
        })
    }
}

impl Dispatch for Desk {
    fn dispatch(&self, call: InboundCall<'_>) {
        let InboundCall { head, payload, reply, connection, .. } = call;
        match head.tag {
            Open::TAG => {
                assert_eq!((head.path, head.incarnation), ("resolver", Incarnation::ANY.0));
                let open: Open = transport_wire::decode(&payload).unwrap();
                self.0.log.lock().unwrap().opens.push(open);
                match self.0.answers.lock().unwrap().pop_front() {
                    Some(Answer::Say(opening)) => reply.send(Ok(&opening)),
                    Some(Answer::Nothing) => {
                        self.0.work.lock().unwrap().spawn(async move {
                            let _kept = reply;
                            std::future::pending::<()>().await;
                        });
                    }
                    Some(Answer::Hang(code)) => {
                        connection.close(code, "as the test wants it");
                        reply.fail(actors_protocol::Fault::Deadline);
                    }
                    None => reply.send(Ok(&Opening::Granted(Grant {
                        ticket: TICKET,
                        locator: self.0.locator.lock().unwrap().clone().unwrap(),
                        instance: "clip-a".parse().unwrap(),
                        zone: "zone-a".parse().unwrap(),
                        slot: SlotId(3),
                        hold: Millis(5_000),
                    }))),
                }
            }
            Redeem::TAG => {
                assert_eq!((head.path, head.incarnation), ("instance/clip-a", 17));
                let redeem: Redeem = transport_wire::decode(&payload).unwrap();
                let good = redeem.ticket == TICKET;
                let redemption = self.redeem(connection, &redeem.viewer.0, &redeem.proof, good, 1);
                reply.send(Ok(&redemption));
                if matches!(redemption, Redemption::Opened(_)) {
                    // As the true instance does it: the first picture follows at once.
                    let connection = connection.clone();
                    self.0.work.lock().unwrap().spawn(async move {
                        send(&connection, 0, 0).await;
                    });
                }
            }
            Resume::TAG => {
                let resume: Resume = transport_wire::decode(&payload).unwrap();
                let resumes = {
                    let mut log = self.0.log.lock().unwrap();
                    log.resumes += 1;
                    log.resumes
                };
                if self.0.gone.load(Ordering::Acquire) {
                    reply.fail(actors_protocol::Fault::Gone("instance/clip-a is gone".to_owned()));
                    return;
                }
                // The token changes with every resumption, so that an old one is seen.
                let good = resume.token.0 == u128::from(resumes);
                let redemption =
                    self.redeem(connection, &resume.viewer.0, &resume.proof, good, u128::from(resumes) + 1);
                reply.send(Ok(&redemption));
            }
            Goodbye::TAG => {
                let goodbye: Goodbye = transport_wire::decode(&payload).unwrap();
                assert_eq!(goodbye.session, SessionId(42));
                self.0.log.lock().unwrap().goodbyes += 1;
                reply.send(Ok(&Farewell::Ended));
            }
            other => panic!("a viewer does not call {other:#06x}"),
        }
        self.0.changed.notify_waiters();
    }
}
