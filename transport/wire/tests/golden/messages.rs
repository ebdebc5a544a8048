//! One of each message that crosses the network, with every variant of its reply.

use std::collections::BTreeMap;

use actors_protocol::factory::*;
use actors_protocol::gateway::*;
use actors_protocol::host::*;
use actors_protocol::membership::*;
use actors_protocol::node::*;
use actors_protocol::resolver::*;
use actors_protocol::slot::{PoolReport, ServiceUse};
use actors_protocol::user::*;
use actors_protocol::zone::*;
use actors_protocol::*;

use crate::book::Book;

pub fn all(book: &mut Book) {
    membership(book);
    zone(book);
    gateway(book);
    resolver(book);
    host(book);
    factory(book);
    node(book);
    users(book);
    crate::services::all(book);
}

pub(crate) fn name<T: core::str::FromStr<Err: core::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a valid name")
}

pub(crate) const ID: RequestId = RequestId(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
const KEY: ViewerKey = ViewerKey([0xa5; 32]);
const COUNTS: SlotCounts = SlotCounts { warming: 1, free: 250, reserved: 251, active: 65_536, draining: 0 };
const ROLES: Roles = Roles::of(&[Role::Zone, Role::Host]);

fn pool() -> PoolReport {
    let services = vec![
        ServiceUse { service: name("clip.demo"), cap: Some(3), used: 1 },
        ServiceUse { service: name("echo.demo"), cap: None, used: 0 },
    ];
    PoolReport {
        instance: name("clip-a"),
        incarnation: Incarnation(17),
        seq: 70_000,
        counts: COUNTS,
        services,
        age: Millis(12),
        note: Some("late".into()),
    }
}

fn failure() -> InstanceFailure {
    InstanceFailure { instance: name("clip-b"), service: name("clip.demo"), cause: "no such file".into() }
}

fn factory_address() -> Address {
    Address {
        domain: name("demo"),
        node: name("host-a"),
        path: name("instance/clip-a"),
        incarnation: Incarnation(1 << 40),
    }
}

fn locator() -> Locator {
    Locator::Fusion {
        endpoint: "10.0.0.1:4433".parse().expect("an address"),
        server_name: "host-a.host.demo".into(),
        factory: factory_address(),
    }
}

fn grant() -> Grant {
    Grant {
        ticket: Ticket(u128::MAX),
        locator: locator(),
        instance: name("clip-a"),
        zone: name("zone-a"),
        slot: SlotId(3),
        hold: Millis(5_000),
    }
}

fn report() -> ZoneReport {
    ZoneReport {
        zone: name("zone-a"),
        incarnation: Incarnation(2),
        seq: 9,
        pools: vec![(name("host-a"), pool())],
        failures: vec![failure()],
        stale_after: Millis(3_000),
    }
}

fn directory() -> Directory {
    let node = NodeRecord {
        node: name("host-a"),
        roles: ROLES,
        zone: Some(name("zone-a")),
        advertise: Some("[2001:db8::1]:4433".parse().expect("an address")),
        incarnation: Incarnation(4),
        alive: true,
    };
    Directory { version: 300, nodes: vec![node], denied: vec![name("host-x")] }
}

fn membership(book: &mut Book) {
    let admissions = [
        Admission::Admitted {
            domain: name("demo"),
            node: name("host-a"),
            roles: ROLES,
            zone: Some(name("zone-a")),
            certificate: "PEM".into(),
        },
        Admission::UnknownToken,
        Admission::UsedToken { node: name("host-a") },
        Admission::ExpiredToken,
        Admission::BadProof,
        Admission::Denied { reason: "lost".into() },
    ];
    book.call(&Join { secret: 1, public_key: [7; 32], proof: vec![9; 64] }, &admissions);
    let heartbeat = Heartbeat {
        roles: ROLES,
        zone: None,
        advertise: "10.0.0.1:4433".parse().expect("an address"),
        incarnation: Incarnation(4),
        known: 299,
        leaving: false,
    };
    let replies = [HeartbeatReply { directory: None }, HeartbeatReply { directory: Some(directory()) }];
    book.call(&heartbeat, &replies);
    book.call(
        &MintToken { node: name("host-b"), roles: ROLES, zone: Some(name("zone-b")), valid_for: Millis(3_600_000) },
        &[Minting::Token { text: "text".into() }, Minting::Refused { reason: "in use".into() }],
    );
    book.call(
        &Deny { node: name("host-x"), reason: "lost".into() },
        &[Denial::Denied, Denial::UnknownNode { near: vec![name("host-y")] }, Denial::Own],
    );
    book.call(&ListNodes { alive_only: true }, &[NodeList { domain: name("demo"), directory: directory() }]);
    let list = InstanceList {
        pools: vec![ZonePool { zone: name("zone-a"), host: name("host-a"), pool: pool() }],
        failures: vec![(name("zone-a"), failure())],
        services: vec![name("clip.demo")],
    };
    book.call(&ListInstances { service: Some(name("clip.demo")) }, &[list]);
    book.call(&Renew { public_key: [7; 32], proof: vec![9; 64] }, &[]);
}

fn zone(book: &mut Book) {
    let state = ZoneState {
        zone: name("zone-a"),
        hosts: vec![name("host-a")],
        instances: vec![(name("clip-a"), Some(name("host-a"))), (name("clip-b"), None)],
        failures: vec![failure()],
    };
    book.call(&ZoneStatus { failures_only: false }, &[state]);
}

fn reserve() -> Reserve {
    let origin = "192.0.2.7".parse().expect("an address");
    Reserve { request: ID, service: name("clip.demo"), viewer: KEY, origin }
}

fn gateway(book: &mut Book) {
    let reservations = [
        Reservation::Granted(grant()),
        Reservation::Full(COUNTS),
        Reservation::Unknown,
        Reservation::TooManyLeases { limit: 64 },
        Reservation::Unreachable(vec![name("clip-a")]),
    ];
    book.call(&reserve(), &reservations);
    book.call(&Release { request: ID, instance: name("clip-a") }, &[Released::Freed, Released::NoLease]);
    book.call(&ReportPool { host: name("host-a"), pool: pool(), last: true }, &[Noted { seq: 70_000 }]);
    book.call(&report(), &[Noted { seq: 9 }]);
}

fn resolver(book: &mut Book) {
    let candidate = Candidate {
        zone: name("zone-a"),
        instance: name("clip-a"),
        latency_us: Some(10_000),
        free: 4,
        counts: COUNTS,
        age: Millis(40),
        rank: 1,
        why: "nearest".into(),
    };
    book.call(
        &Lookup { service: name("clip.demo"), site: Some(name("home")) },
        &[LookupReply::Found(vec![candidate.clone()]), LookupReply::Unknown { near: vec![name("clip.demo")] }],
    );
    let openings = [
        Opening::Granted(grant()),
        Opening::Full { counts: COUNTS, waited: Millis(10_000), note: Some("late".into()) },
        Opening::Unknown { near: vec![name("clip.demo")] },
        Opening::UnknownSite { sites: vec![name("home")] },
        Opening::TooManyLeases { limit: 2 },
        Opening::Unreachable { zones: vec![name("zone-a")] },
        Opening::QueueFull { limit: 1_024 },
    ];
    let open = Open { request: ID, service: name("clip.demo"), site: None, viewer: KEY, wait: Millis(10_000) };
    book.call(&open, &openings);
    let explanation = Explanation {
        site: name("home"),
        candidates: vec![candidate],
        verdict: "clip-a in zone-a".into(),
        near: vec![],
        queued: 2,
    };
    book.call(&Explain { service: name("clip.demo"), site: Some(name("home")) }, &[explanation]);
}

fn host(book: &mut Book) {
    let create = CreateInstance {
        instance: name("clip-a"),
        zone: name("zone-a"),
        gateway: name("gate-a"),
        builder: "clip".into(),
        offerings: vec![Offering {
            service: name("clip.demo"),
            cap: Some(4),
            parameters: BTreeMap::from([("width".into(), "1280".into())]),
        }],
        slots: 4,
        parameters: BTreeMap::from([("clip".into(), "/clip.h264".into())]),
        provisional: Some(Millis(60_000)),
    };
    let creations = [
        Creation::Created { factory: factory_address() },
        Creation::Exists { factory: factory_address() },
        Creation::Refused { cause: "no builder".into() },
    ];
    book.call(&create, &creations);
    book.call(
        &RemoveInstance { instance: name("clip-a"), deadline: Millis(0) },
        &[Removal::Draining, Removal::Unknown],
    );
    let state = HostState { instances: vec![(name("clip-a"), Incarnation(17))], builders: vec!["clip".into()] };
    book.call(&HostStatus { zone: None }, &[state]);
}

fn factory(book: &mut Book) {
    let reservations = [
        SlotReservation::Granted { ticket: Ticket(5), slot: SlotId(3), locator: locator(), hold: Millis(5_000) },
        SlotReservation::Full(COUNTS),
        SlotReservation::NotOffered,
        SlotReservation::Draining,
        SlotReservation::TooManyLeases { limit: 2 },
    ];
    book.call(&ReserveSlot(reserve()), &reservations);
    book.call(&ReleaseSlot { request: ID }, &[Released::Freed, Released::NoLease]);
    let opened = Opened {
        session: SessionId(42),
        service: name("clip.demo"),
        slot: SlotId(3),
        resume: ResumeToken(6),
        resume_window: Millis(6_000),
        codec: "h264".into(),
        width: 640,
        height: 360,
        rate_millihertz: 30_000,
    };
    let redemptions = [
        Redemption::Opened(opened),
        Redemption::Forged,
        Redemption::Expired,
        Redemption::Reused,
        Redemption::WrongKey,
        Redemption::Draining,
    ];
    book.call(&Redeem { ticket: Ticket(5), viewer: KEY, proof: vec![9; 64] }, &redemptions);
    book.call(&Resume { token: ResumeToken(6), viewer: KEY, proof: vec![9; 64] }, &[]);
    book.call(&Goodbye { session: SessionId(42) }, &[Farewell::Ended, Farewell::NotYours]);
    let state = DrainState { draining: true, sessions: 2, counts: COUNTS };
    book.call(&DrainInstance { deadline: Millis(30_000), cancel: false }, &[state]);
    let state = SizeState { from: 6, to: 4, ended: 1, surplus: 2, counts: COUNTS, note: Some("late".into()) };
    let sizes = [Resizing::Sized(state), Resizing::Refused { cause: "it drains".into() }];
    book.call(&ResizeInstance { slots: Some(4), deadline: Some(Millis(30_000)) }, &sizes);
}

fn node(book: &mut Book) {
    let info = ActorInfo {
        path: name("instance/clip-a/slot-3"),
        incarnation: Incarnation(3),
        kind: "session".into(),
        parent: Some(name("instance/clip-a")),
        depth: 1,
        bound: 256,
        oldest: Millis(2),
        handled: 1_000_000,
        p50_us: 12,
        p99_us: 300,
        restarts: 0,
        up: Millis(86_400_000),
    };
    let list = ActorList { node: name("host-a"), roles: ROLES, up: Millis(1), actors: vec![info.clone()] };
    book.call(&ListActors { below: String::new() }, &[list]);
    let near = vec![name("instance/clip-a")];
    book.call(
        &InspectActor { path: name("instance/clip-a/slot-3") },
        &[Inspection::State { info, state: "{}".into() }, Inspection::Unknown { near: near.clone() }],
    );
    book.call(
        &EndActor { path: name("instance/clip-a/slot-3"), kill: true },
        &[Ending::Ended { incarnation: Incarnation(3) }, Ending::Unknown { near }, Ending::Refused],
    );
}

fn users(book: &mut Book) {
    let user = User { name: name("acme"), role: UserRole::Provider, suffixes: vec![name("acme.example")] };
    let additions = [
        UserAddition::Added { token: "fusion-user-1.00".into() },
        UserAddition::Exists,
        UserAddition::Refused { reason: "no suffix".into() },
        UserAddition::Busy,
    ];
    book.call(&AddUser { user: user.clone() }, &additions);
    let page = UserPage { users: vec![user.clone()], more: true };
    book.call(&ListUsers { after: Some(name("abc")), limit: 50 }, &[page]);
    let removals = [UserRemoval::Removed, UserRemoval::Unknown { near: vec![name("acme")] }];
    book.call(&RemoveUser { name: name("acne") }, &removals);
    let authentications = [Authentication::Known(user.clone()), Authentication::Unknown, Authentication::Busy];
    book.call(&Authenticate { token: "fusion-user-1.00".into() }, &authentications);
    let shown = [UserShown::User(user), UserShown::Unknown { near: vec![name("acme")] }];
    book.call(&ShowUser { name: name("acme") }, &shown);
}
