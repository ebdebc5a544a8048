//! Calls that must not be carried out (I9), and bytes that are no message.

mod services;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use actors_protocol::factory::{DrainInstance, Goodbye, Redeem, ReleaseSlot, ReserveSlot, ResizeInstance, Resume};
use actors_protocol::gateway::{Release, ReportPool, Reserve, ZoneReport};
use actors_protocol::host::{CreateInstance, HostStatus, RemoveInstance};
use actors_protocol::membership::{Deny, Heartbeat, Join, ListInstances, ListNodes, MintToken, Renew};
use actors_protocol::node::{EndActor, InspectActor, ListActors};
use actors_protocol::resolver::{Explain, Lookup, Open};
use actors_protocol::slot::{PoolReport, SlotCounts};
use actors_protocol::zone::ZoneStatus;
use actors_protocol::{
    ActorPath, Fault, Incarnation, Message, Millis, Request, RequestId, ResumeToken, Role, Roles, SessionId, Tag,
    Ticket, ViewerKey, table,
};
use serde::{Deserialize, Serialize};
use transport_link::{CloseCode, LinkError, Target};
use transport_wire::StreamKind;

use super::wire::Wire;
use super::{Hostile, WITHIN};
use crate::cast::name;
use crate::domain::Domain;
use crate::report::Invariant;

/// How long a node may take to end a connection that is of no use.
const END_WITHIN: Duration = Duration::from_secs(6);

/// Has the tag of a redemption and the body of something else.
#[derive(Serialize, Deserialize)]
struct Mistyped(u8);

impl Message for Mistyped {
    type Reply = ();
}

impl Request for Mistyped {
    const TAG: Tag = Redeem::TAG;
    const SINCE: u16 = 0;
    const NAME: &'static str = "Mistyped";
}

/// Has a tag that nobody knows.
#[derive(Serialize, Deserialize)]
struct Unknown;

impl Message for Unknown {
    type Reply = ();
}

impl Request for Unknown {
    const TAG: Tag = 0x7777;
    const SINCE: u16 = 0;
    const NAME: &'static str = "Unknown";
}

/// Tries calls for which `roles` are not enough.
struct Trespass<'a> {
    domain: &'a Domain,
    wire: &'a mut Wire,
    roles: Roles,
    tried: BTreeSet<Tag>,
    whole: bool,
}

impl Trespass<'_> {
    async fn call<M: Request>(&mut self, path: &str, message: M)
    where
        M::Reply: std::fmt::Debug,
    {
        if table::permits(self.roles, M::TAG) || !self.whole {
            return;
        }
        let answer = self.wire.ask(path, Incarnation::ANY, &message, WITHIN).await;
        let ledger = self.domain.ledger();
        match answer {
            Err(Fault::Denied(_)) => {
                self.tried.insert(M::TAG);
                ledger.event("hostile: denied");
                ledger.premise(Invariant::I9);
            }
            // Whether it was carried out is not known: the node, or the way to it, is gone.
            Err(Fault::Gone(_) | Fault::Deadline) => self.whole = false,
            answer => {
                let words = format!("{} ({:#06x}) by {} is answered: {answer:?}", M::NAME, M::TAG, self.roles);
                ledger.violated(Invariant::I9, words);
            }
        }
    }
}

impl Hostile {
    /// Makes every call of the domain that is not for a viewer, or not for a host.
    pub(super) async fn forbidden(&mut self) {
        let parts = self.domain.cast().parts.clone();
        let part = parts[self.random.below(parts.len() as u64) as usize].clone();
        let Some(life) = self.domain.life(&part.name) else { return };
        let endpoint = std::net::SocketAddr::new(life.host, crate::cast::PORT);
        let target = Target { endpoint, server_name: part.server_name() };
        let (dialler, role) =
            if self.random.chance(0.5) { (&self.viewer, Role::Viewer) } else { (&self.rogue, Role::Host) };
        let Some(mut wire) = dialler.dial(&target).await else { return };
        let domain = self.domain.clone();
        let (roles, tried) = (Roles::of(&[role]), BTreeSet::new());
        let mut trespass = Trespass { domain: &domain, wire: &mut wire, roles, tried, whole: true };
        everything(&mut trespass, part.address(0)).await;
        let Trespass { whole, tried, .. } = trespass;
        let forbidden = table::TABLE.iter().map(|(tag, _)| *tag).filter(|tag| !table::permits(roles, *tag));
        let missed: Vec<_> = forbidden.filter(|tag| !tried.contains(tag)).collect();
        if whole && !missed.is_empty() {
            domain.ledger().violated(Invariant::I9, format!("not tried, or not denied, as {roles}: {missed:04x?}"));
        }
    }

    /// Bytes that are no input, on the stream of inputs of a session.
    pub(super) async fn garbage(&mut self, wire: &mut Wire) {
        let Ok(mut stream) = wire.connection().open_uni().await else { return };
        let garbage = [StreamKind::Input as u8, 0xff, 0xff, 0xff, 0xff, 0xff];
        if stream.write(garbage.to_vec().into()).await.is_err() {
            return;
        }
        let ledger = self.domain.ledger();
        match wire.ended(END_WITHIN).await {
            Some(LinkError::ClosedByPeer { code, .. }) => {
                ledger.event("hostile: garbage for an input");
                // The session may have ended of itself meanwhile.
                let ends = [CloseCode::KILLED, CloseCode::DRAINED, CloseCode::SHUTDOWN, CloseCode::DROPPED];
                if code != CloseCode::OVERSIZED && !ends.contains(&code) {
                    ledger.violated(Invariant::Words, format!("garbage for an input ends the connection with {code}"));
                }
            }
            Some(_) => ledger.event("hostile: no answer"),
            None => ledger.violated(Invariant::Words, "garbage for an input does not end the connection"),
        }
    }

    /// Bytes that are no message: the connection ends with a name for it, the node goes on.
    pub(super) async fn nonsense(&mut self) {
        let parts: Vec<_> = self.domain.cast().with(Role::Host).cloned().collect();
        let part = parts[self.random.below(parts.len() as u64) as usize].clone();
        let Some(life) = self.domain.life(&part.name) else { return };
        let endpoint = std::net::SocketAddr::new(life.host, crate::cast::PORT);
        let target = Target { endpoint, server_name: part.server_name() };
        let Some(mut wire) = self.viewer.dial(&target).await else { return };
        let factories = life.node.roots("instance");
        let path = factories.first().map_or("nowhere", |(path, _)| path.as_str()).to_owned();
        // It may be killed meanwhile, and then nobody is there to look into the call.
        let living = || ActorPath::new(&path).ok().and_then(|path| life.node.living(&path));
        let before = living();
        // A call for nobody is answered before anybody looks into it.
        let kind = if factories.is_empty() { 1 } else { self.random.below(2) };
        match kind {
            0 => drop(wire.ask(&path, Incarnation::ANY, &Mistyped(7), WITHIN).await),
            _ => drop(wire.ask(&path, Incarnation::ANY, &Unknown, WITHIN).await),
        }
        let ledger = self.domain.ledger();
        match wire.ended(END_WITHIN).await {
            Some(LinkError::ClosedByPeer { code, .. }) => {
                ledger.event("hostile: nonsense ends the connection");
                let right: &[CloseCode] = match kind {
                    0 => &[CloseCode::TRUNCATED, CloseCode::TRAILING, CloseCode::MALFORMED],
                    _ => &[CloseCode::UNKNOWN_TAG],
                };
                let by_fault = [CloseCode::SHUTDOWN, CloseCode::DROPPED];
                if !right.contains(&code) && !by_fault.contains(&code) {
                    ledger.violated(Invariant::Words, format!("nonsense {kind} ends the connection with {code}"));
                }
            }
            Some(_) => ledger.event("hostile: no answer"),
            None if kind == 0 && (before.is_none() || living() != before) => ledger.event("hostile: no answer"),
            None => ledger.violated(Invariant::Words, format!("nonsense {kind} does not end the connection")),
        }
    }
}

async fn everything(trespass: &mut Trespass<'_>, advertise: std::net::SocketAddr) {
    let viewer = ViewerKey([7; 32]);
    let reserve = || Reserve {
        request: RequestId(7),
        service: name("stage.sim"),
        viewer,
        origin: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    let path = |text: &str| ActorPath::new(text).expect("a constant path");
    let pool = PoolReport {
        instance: name("one"),
        incarnation: Incarnation(u64::MAX),
        seq: 1,
        counts: SlotCounts::default(),
        services: Vec::new(),
        age: Millis::ZERO,
        note: None,
    };
    let heartbeat = Heartbeat {
        roles: Roles::of(&[Role::Host]),
        zone: None,
        advertise,
        incarnation: Incarnation(u64::MAX),
        known: 0,
        leaving: false,
    };
    let mint = MintToken { node: name("evil"), roles: Roles::of(&[Role::Zone]), zone: None, valid_for: Millis(1) };
    let create = CreateInstance {
        instance: name("evil"),
        zone: name("zone-a"),
        gateway: name("zone-a"),
        builder: crate::show::BUILDER.to_owned(),
        offerings: Vec::new(),
        slots: 1,
        parameters: BTreeMap::new(),
        provisional: None,
    };
    let report = ZoneReport {
        zone: name("zone-a"),
        incarnation: Incarnation(u64::MAX),
        seq: 1,
        pools: Vec::new(),
        failures: Vec::new(),
        stale_after: Millis(1_000),
    };
    let (public_key, proof) = ([7; 32], vec![7; 64]);
    trespass.call("node", ListActors { below: String::new() }).await;
    trespass.call("node", InspectActor { path: path("member") }).await;
    trespass.call("node", EndActor { path: path("node"), kill: false }).await;
    trespass.call("orchestrator", Join { secret: 7, public_key, proof: proof.clone() }).await;
    trespass.call("orchestrator", heartbeat).await;
    trespass.call("orchestrator", mint).await;
    trespass.call("orchestrator", Deny { node: name("evil"), reason: "evil".into() }).await;
    trespass.call("orchestrator", ListNodes { alive_only: false }).await;
    trespass.call("orchestrator", ListInstances { service: None }).await;
    trespass.call("orchestrator", Renew { public_key, proof: proof.clone() }).await;
    trespass.call("zone", ZoneStatus { failures_only: true }).await;
    trespass.call("gateway", reserve()).await;
    trespass.call("gateway", Release { request: RequestId(7), instance: name("one") }).await;
    trespass.call("gateway", ReportPool { host: name("evil"), pool, last: false }).await;
    trespass.call("resolver", Lookup { service: name("stage.sim"), site: None }).await;
    let wait = Millis::ZERO;
    let open = Open { request: RequestId(7), service: name("stage.sim"), site: None, viewer, wait };
    trespass.call("resolver", open).await;
    trespass.call("resolver", Explain { service: name("stage.sim"), site: None }).await;
    trespass.call("resolver", report).await;
    services::everything(trespass, create.clone()).await;
    users::everything(trespass).await;
    trespass.call("host", create).await;
    trespass.call("host", RemoveInstance { instance: name("evil"), deadline: Millis::ZERO }).await;
    trespass.call("host", HostStatus { zone: None }).await;
    trespass.call("instance/one", ReserveSlot(reserve())).await;
    trespass.call("instance/one", ReleaseSlot { request: RequestId(7) }).await;
    trespass.call("instance/one", Redeem { ticket: Ticket(7), viewer, proof: proof.clone() }).await;
    trespass.call("instance/one", Resume { token: ResumeToken(7), viewer, proof }).await;
    trespass.call("instance/one", Goodbye { session: SessionId(7) }).await;
    trespass.call("instance/one", DrainInstance { deadline: Millis::ZERO, cancel: true }).await;
    trespass.call("instance/one", ResizeInstance { slots: Some(0), deadline: None }).await;
}
