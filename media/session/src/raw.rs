//! The raw port of a service: YUV4MPEG2 out, RFB key and pointer messages in, over one TCP connection per session. A stock
//! player opens it directly.
//!
//! ```text
//!   accept ─► the factory: a slot, as for any viewer ─► the slot's session
//!                                                         ├─ writer: header, then a picture at every tick of the rate
//!                                                         └─ reader: RFB messages → inputs
//! ```
//!
//! Y4M has no times in it: a picture is written at every tick, the last one again when there is no newer one. Whoever reads
//! slowly skips pictures, and who takes less than one in [`WRITE_WITHIN`] is let go.
//!
//! Owns: the listener, the bytes on the connection. Refuses: deciding who gets a slot (the factory's core).

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use actors_kernel::ActorRef;
use actors_protocol::input::Input;
use actors_protocol::{Fault, ServiceName};
use bytes::Bytes;
use media_share::{Format, Size, y4m};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{MissedTickBehavior, interval, timeout};
use transport_rfb::{ClientReader, Pointer};

use crate::factory::FactoryActor;

/// A client that has not taken a whole picture for so long is let go.
pub const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// After a failed accept (too many open files), so that it is not asked a million times.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Read at once.
const READ_BYTES: usize = 1_024;

/// A port on which a service is offered raw.
#[derive(Clone)]
pub struct RawPort {
    pub(crate) service: ServiceName,
    pub(crate) listener: Rc<TcpListener>,
}

/// A raw port that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum RawPortError {
    /// Not an address.
    #[error("'{0}' is no port or address for raw = …; say 9000, or 127.0.0.1:9000")]
    Address(String),
    /// Taken, or not ours.
    #[error("the raw port {address} of {service} cannot be opened; choose another with raw = …: {error}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Of which service.
        service: ServiceName,
        /// The system's word.
        error: std::io::Error,
    },
}

impl RawPort {
    /// Opens the port: `9000` is on loopback, `0.0.0.0:9000` is for everybody, `0` is any free one.
    pub async fn bind(service: ServiceName, address: &str) -> Result<RawPort, RawPortError> {
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let at: SocketAddr = match address.parse::<u16>() {
            Ok(port) => loopback(port),
            Err(_) => address.parse().map_err(|_| RawPortError::Address(address.to_owned()))?,
        };
        match TcpListener::bind(at).await {
            Ok(listener) => Ok(RawPort { service, listener: Rc::new(listener) }),
            Err(error) => Err(RawPortError::Bind { address: at, service, error }),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }
}

/// A client has connected.
pub(crate) struct Connected {
    pub(crate) service: ServiceName,
    pub(crate) stream: TcpStream,
    pub(crate) from: SocketAddr,
}

impl actors_protocol::Message for Connected {
    type Reply = ();
}

/// Hands every client to the factory; runs as long as it does.
pub(crate) async fn accept(port: RawPort, factory: ActorRef<FactoryActor>) {
    loop {
        match port.listener.accept().await {
            Ok((stream, from)) => {
                // A picture's last bytes are not kept back until those before them are acknowledged. Where the system does
                // not know such a thing, they come a little later.
                let _ = stream.set_nodelay(true);
                // A factory that is overloaded takes no more: the client is closed, and may come again.
                if let Err(fault) = factory.tell(Connected { service: port.service.clone(), stream, from }) {
                    tracing::warn!(service = %port.service, %from, "a raw client is turned away: {fault}");
                }
            }
            Err(error) => {
                tracing::warn!(service = %port.service, "the raw port cannot accept: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The newest picture of a session, between the session and the writer of its connection.
#[derive(Clone, Default)]
pub(crate) struct Screen(Rc<RefCell<Bytes>>);

impl Screen {
    pub(crate) fn show(&self, picture: Bytes) {
        *self.0.borrow_mut() = picture;
    }

    fn newest(&self) -> Bytes {
        self.0.borrow().clone()
    }
}

/// Writes pictures until the client goes, or does not read. In words why.
pub(crate) async fn write(mut stream: OwnedWriteHalf, format: Format, screen: Screen) -> String {
    let Ok(size) = Size::new(format.width, format.height) else { return format!("{format} cannot be sent raw") };
    let mut ticks = interval(Duration::from_secs_f64(1_000.0 / f64::from(format.rate_millihertz.max(1))));
    // A slow client is not sent in a burst what it has missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut head = Bytes::from(y4m::header(size, format.rate_millihertz));
    loop {
        ticks.tick().await;
        let picture = screen.newest();
        if picture.is_empty() {
            continue;
        }
        let first = std::mem::take(&mut head);
        let parts = [&first[..], y4m::FRAME, &picture[..]];
        let all = async {
            for part in parts {
                stream.write_all(part).await?;
            }
            Ok::<_, std::io::Error>(())
        };
        match timeout(WRITE_WITHIN, all).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return format!("the client has gone: {error}"),
            Err(_) => return format!("the client has not taken one picture in {} s", WRITE_WITHIN.as_secs()),
        }
    }
}

/// Reads RFB messages and hands them in as inputs, until the client closes its side. Bytes that are no such messages end
/// the session: in words.
pub(crate) async fn read(
    mut stream: OwnedReadHalf,
    format: Format,
    mut hand_in: impl AsyncFnMut(Input) -> Result<(), Fault>,
) -> Option<String> {
    let mut reader = ClientReader::new();
    let mut pointer = Pointer::new(format.width, format.height);
    let mut number = 0;
    let mut buffer = [0; READ_BYTES];
    loop {
        match stream.read(&mut buffer).await {
            // A client that sends nothing may still watch.
            Ok(0) => return None,
            Ok(length) => reader.push(&buffer[..length]),
            Err(error) => return Some(format!("the client has gone: {error}")),
        }
        loop {
            let events = match reader.next() {
                Ok(Some(message)) => pointer.events(&message),
                Ok(None) => break,
                Err(error) => return Some(error.to_string()),
            };
            for event in events {
                number += 1;
                if hand_in(Input { number, event }).await.is_err() {
                    return Some("the session has ended".to_owned());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use media_share::Codec;

    use super::*;

    /// A connection: the server's end, and the client's.
    async fn connected() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        (accepted.expect("accepted").0, client.expect("connected"))
    }

    fn run(test: impl Future<Output = ()>) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        // The clock goes on by itself when nothing else can: nobody waits ten seconds.
        builder.enable_all().start_paused(true).build().expect("a runtime").block_on(test);
    }

    const FORMAT: Format =
        Format { codec: Codec::I420, width: 64, height: 36, rate_millihertz: 25_000, bit_rate: None };

    #[test]
    fn a_client_that_never_reads_is_let_go() {
        run(async {
            let (server, client) = connected().await;
            let screen = Screen::default();
            screen.show(Bytes::from(vec![16; 64 * 36 * 3 / 2]));
            let why = write(server.into_split().1, FORMAT, screen).await;
            assert_eq!(why, "the client has not taken one picture in 10 s");
            drop(client);
        });
    }

    #[test]
    fn a_client_that_sends_no_messages_is_told_apart_from_one_that_sends_nothing() {
        run(async {
            let (server, mut client) = connected().await;
            client.write_all(&[4, 1, 0, 0, 0, 0, 0xff, 0x53, 200, 200, 200]).await.expect("taken");
            let mut inputs = Vec::new();
            let hand_in = async |input: Input| {
                inputs.push(input.number);
                Ok(())
            };
            let why = read(server.into_split().0, FORMAT, hand_in).await.expect("no message begins with 200");
            assert!(why.contains("200"), "{why}");
            assert_eq!(inputs, [1], "the key before it was taken");

            let (server, mut client) = connected().await;
            client.shutdown().await.expect("closed");
            assert_eq!(read(server.into_split().0, FORMAT, async |_| Ok(())).await, None, "it may still watch");
        });
    }
}
