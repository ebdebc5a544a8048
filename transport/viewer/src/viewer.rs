//! [`Viewer`]: from a name to an open session, in four round trips.
//!
//! ```text
//!   viewer                      resolver                instance
//!     ├── handshake ───────────────►│                       │   1
//!     ├── Open ────────────────────►│ holds a slot          │   2
//!     │◄───────────────── ticket ───┤                       │
//!     ├── handshake ────────────────────────────────────────►│   3
//!     ├── Redeem: ticket, proof of the key ─────────────────►│   4
//!     │◄──────────────────────────── opened, first picture ──┤
//! ```
//!
//! Owns: the endpoint, and the order of these steps. Refuses: to keep anything of a session but its handle.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actors_protocol::factory::{Opened, Redeem, Redemption};
use actors_protocol::gateway::Grant;
use actors_protocol::{Address, Locator, ServiceName, SiteName, ViewerKey};
use tokio::time::Instant;
use transport_link::{AuthorityCertificate, Endpoint, SigningKey, Socket, Target};
use transport_wire::{CloseCode, Versions};

use crate::channel::{Channel, Silence};
use crate::error::{OpenError, Refusal};
use crate::keep::Keeper;
use crate::limits::{CONNECT_WITHIN, GOODBYE_WITHIN};
use crate::picture::SessionInfo;
use crate::random::Randomness;
use crate::resolve::Resolving;
use crate::session::Session;
use crate::shared::Shared;
use crate::trust::{DomainTrust, TrustError};

/// How a viewer is set up. The default is right for a program on a machine with a network.
#[derive(Default)]
pub struct Options {
    /// Where packets come from and go to. None = any free UDP port.
    pub socket: Option<Socket>,
    /// Makes keys and request ids repeatable. For simulations only: whoever knows the seed knows the keys.
    pub rng_seed: Option<[u8; 32]>,
    /// The versions of the wire to speak. None = this program's.
    pub versions: Option<Versions>,
}

/// What is wished of a session.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// Where the viewer is. None = what the domain's description says, or the resolver's default.
    pub site: Option<SiteName>,
    /// How long to wait for a slot when all are taken; at most 60 s. Zero = not at all.
    pub wait: Duration,
}

/// A viewer of one domain: one UDP socket, any number of sessions. A clone is the same viewer.
#[derive(Clone)]
pub struct Viewer(Arc<Inner>);

pub(crate) struct Inner {
    pub trust: DomainTrust,
    pub endpoint: Endpoint,
    pub versions: Versions,
    pub randomness: Randomness,
}

impl Viewer {
    /// A viewer of the domain that `trust` describes. Must be called inside a tokio runtime; nothing is sent yet.
    pub fn new(trust: DomainTrust, options: Options) -> Result<Viewer, TrustError> {
        trust.check()?;
        let authority = AuthorityCertificate::from_pem(&trust.authority)?;
        let socket = options.socket.unwrap_or_else(|| Socket::Udp(any_port(&trust)));
        let endpoint = Endpoint::bind(transport_link::Options {
            domain: trust.domain.clone(),
            authorities: vec![authority],
            identity: None,
            socket,
            keys: None,
            rng_seed: options.rng_seed,
            serve: false,
        })?;
        let versions = options.versions.unwrap_or(Versions::CURRENT);
        Ok(Viewer(Arc::new(Inner { trust, endpoint, versions, randomness: Randomness::new(options.rng_seed) })))
    }

    /// The domain.
    pub fn trust(&self) -> &DomainTrust {
        &self.0.trust
    }

    /// Opens a session of `service`: finds a slot, takes it, and begins to receive.
    ///
    /// Dropping the future gives up: nothing is left behind here, and a slot that was already held is free again when its
    /// lease lapses, in seconds. Nothing is spawned before the session is open.
    pub async fn open(&self, service: &ServiceName, options: OpenOptions) -> Result<Session, OpenError> {
        let started = Instant::now();
        let key = match self.0.randomness {
            Randomness::System(_) => SigningKey::generate(),
            Randomness::Seeded(..) => SigningKey::from_seed(self.0.randomness.bytes()),
        };
        let viewer_key = ViewerKey(key.public_key());
        let grant = Resolving { viewer: &self.0, service, options: &options, key: viewer_key }.resolve().await?;
        let (target, factory) = match &grant.locator {
            Locator::Fusion { endpoint, server_name, factory } => {
                (Target { endpoint: *endpoint, server_name: server_name.clone() }, factory.clone())
            }
            Locator::Url(url) => return Err(OpenError::NotFusion { service: service.clone(), url: url.clone() }),
        };
        let shared = Arc::new(Shared::new(started));
        let (channel, opened) = self.redeem(service, &grant, &target, &factory, &key, &shared).await?;
        shared.connected(channel.connection().clone());
        let info = SessionInfo {
            service: opened.service.clone(),
            instance: grant.instance,
            zone: grant.zone,
            session: opened.session,
            slot: opened.slot,
            codec: opened.codec.clone(),
            width: opened.width,
            height: opened.height,
            rate_millihertz: opened.rate_millihertz,
            resume_window: opened.resume_window,
        };
        let keeper = Keeper {
            viewer: self.0.clone(),
            target,
            factory,
            key,
            session: opened.session,
            token: opened.resume,
            window: opened.resume_window,
            shared: shared.clone(),
        };
        Ok(Session::new(shared, info, keeper.keep(channel)))
    }

    /// Turns the held slot into a session: one round trip to connect, one for the session and its first picture.
    async fn redeem(
        &self,
        service: &ServiceName,
        grant: &Grant,
        target: &Target,
        factory: &Address,
        key: &SigningKey,
        shared: &Arc<Shared>,
    ) -> Result<(Channel, Opened), OpenError> {
        let hold = grant.hold.duration();
        let (service, instance) = (service.clone(), grant.instance.clone());
        let unreachable = |cause| OpenError::InstanceUnreachable {
            service: service.clone(),
            instance: instance.clone(),
            endpoint: target.endpoint,
            cause: Box::new(cause),
        };
        let connection = self.0.endpoint.connect(target, CONNECT_WITHIN.min(hold)).await.map_err(unreachable)?;
        let redeem = Redeem { ticket: grant.ticket, viewer: ViewerKey(key.public_key()), proof: connection.prove(key) };
        let mut channel = Channel::with_pictures(connection, self.0.versions, shared.clone());
        // After the lease has lapsed no answer can be a good one.
        let answer = channel.ask(factory.path.as_str(), factory.incarnation, &redeem, hold).await;
        let error = match answer {
            Ok(Redemption::Opened(opened)) => return Ok((channel, opened)),
            Ok(refused) => {
                let refusal = Refusal::of(&refused).expect("whatever is not opened is a refusal");
                OpenError::Refused { service, instance, refusal }
            }
            Err(Silence::Link(cause)) => unreachable(cause),
            Err(Silence::Fault(fault)) => {
                OpenError::Fault { whom: format!("instance {instance} of {service} at {}", target.endpoint), fault }
            }
        };
        channel.connection().close(CloseCode::GOODBYE, "the viewer gives up");
        Err(error)
    }

    /// Ends all sessions of this viewer and waits, a second at most, until the other sides know. For the end of a program
    /// that wants to leave nothing to time-outs.
    pub async fn close(&self) {
        self.0.endpoint.close(CloseCode::GOODBYE, "the viewer has gone");
        self.0.endpoint.wait_idle(GOODBYE_WITHIN).await;
    }
}

/// Any free port, of the family that the resolvers are of. A socket of version 6 reaches both.
fn any_port(trust: &DomainTrust) -> SocketAddr {
    let all_v4 = trust.resolvers.iter().all(|resolver| resolver.address.is_ipv4());
    let address = if all_v4 { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    SocketAddr::new(address, 0)
}
