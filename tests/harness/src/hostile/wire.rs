//! A connection without the viewer library: dial, ask, and see how it ends. It is moved by whoever waits on it, so that
//! nothing is left behind when it is dropped.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use actors_protocol::{Fault, Incarnation, Request};
use tokio::time::timeout;
use transport_link::{
    CloseCode, Connection, Control, Driver, Endpoint, Identity, LinkError, Options, Socket, Target, Versions,
};

use crate::net::Network;
use crate::pki::{Pki, domain};

/// How long a handshake may take.
const DIAL_WITHIN: Duration = Duration::from_secs(2);

/// An endpoint that dials.
pub struct Dialler(Endpoint);

/// See the module.
pub struct Wire {
    connection: Connection,
    control: Control,
    driver: Pin<Box<Driver>>,
    over: bool,
}

impl Dialler {
    /// A socket on `host`; with an identity a node's, without one a viewer's.
    pub fn new(net: &Network, host: IpAddr, identity: Option<Identity>, seed: [u8; 32]) -> Dialler {
        let socket = net.socket(SocketAddr::new(host, 0)).expect("a free port");
        let endpoint = Endpoint::bind(Options {
            domain: domain(),
            authorities: vec![Pki::get().authority().certificate().clone()],
            identity,
            socket: Socket::Abstract(socket),
            keys: None,
            rng_seed: Some(seed),
            serve: false,
        });
        Dialler(endpoint.expect("an endpoint on a simulated socket"))
    }

    /// Dials; none if nobody answers.
    pub async fn dial(&self, target: &Target) -> Option<Wire> {
        let connection = self.0.connect(target, DIAL_WITHIN).await.ok()?;
        let (control, driver) = Control::open(&connection, Versions::CURRENT);
        Some(Wire { connection, control, driver: Box::pin(driver), over: false })
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.0.close(CloseCode::GOODBYE, "done");
        self.0.wait_idle(Duration::from_secs(1)).await;
    }
}

impl Wire {
    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Asks, and waits for the answer.
    pub async fn ask<M: Request>(
        &mut self,
        path: &str,
        incarnation: Incarnation,
        message: &M,
        within: Duration,
    ) -> Result<M::Reply, Fault> {
        let ask = self.control.ask(path, incarnation, message, within);
        if self.over {
            return ask.await;
        }
        let mut ask = std::pin::pin!(ask);
        tokio::select! {
            biased;
            answer = &mut ask => answer,
            _ = &mut self.driver => {
                self.over = true;
                // The driver has told it that the peer is gone.
                ask.await
            }
        }
    }

    /// Waits for the other side to end the connection, and says how it did.
    pub async fn ended(&mut self, within: Duration) -> Option<LinkError> {
        let moving = async {
            if !self.over {
                (&mut self.driver).await;
                self.over = true;
            }
            self.connection.closed().await
        };
        timeout(within, moving).await.ok()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.connection.close(CloseCode::GOODBYE, "done");
    }
}
