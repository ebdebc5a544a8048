//! The resolver's promises, as sentences. Here: the words they are written in.

use std::net::{IpAddr, Ipv4Addr};

use actors_protocol::gateway::{Grant, Reservation};
use actors_protocol::resolver::{Open, Opening};
use actors_protocol::slot::{PoolReport, ServiceUse, SlotCounts};
use actors_protocol::zone::InstanceFailure;
use actors_protocol::{Fault, Incarnation, Locator, SlotId, Ticket, ViewerKey};

use super::*;

mod model;
mod opening;
mod queueing;
mod reports;
mod words;

fn name<N: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> N {
    text.parse().unwrap()
}

/// `home` is 10 ms from zone-a and 30 ms from zone-b; nothing is said of other zones.
fn topology() -> Topology {
    let latencies = [("home", "zone-a", 10_000), ("home", "zone-b", 30_000), ("work", "zone-b", 2_500)];
    Topology::new(name("home"), latencies.map(|(site, zone, us)| ((name(site), name(zone)), us)))
}

fn core() -> ResolutionCore {
    ResolutionCore::new(Millis(0), topology())
}

fn pool(instance: &str, free: u32, active: u32) -> (NodeName, PoolReport) {
    let report = PoolReport {
        instance: name(instance),
        incarnation: Incarnation(1),
        seq: 1,
        counts: SlotCounts { free, active, ..SlotCounts::default() },
        services: vec![ServiceUse { service: name("clip.demo"), cap: None, used: active }],
        age: Millis(0),
        note: None,
    };
    (name("host"), report)
}

fn zone(zone: &str, seq: u64, pools: Vec<(NodeName, PoolReport)>) -> ZoneReport {
    let (incarnation, stale_after) = (Incarnation(1), Millis(1_000));
    ZoneReport { zone: name(zone), incarnation, seq, pools, failures: vec![], stale_after }
}

fn report(core: &mut ResolutionCore, now: u64, report: ZoneReport) {
    core.report(Millis(now), name(&format!("gateway-{}", report.zone)), report);
}

/// Zone-a with `a` and zone-b with `b` free slots of four.
fn two_zones(core: &mut ResolutionCore, now: u64, seq: u64, a: u32, b: u32) {
    report(core, now, zone("zone-a", seq, vec![pool("clip-a", a, 4 - a)]));
    report(core, now, zone("zone-b", seq, vec![pool("clip-b", b, 4 - b)]));
}

fn request(number: u128, wait: u64) -> Open {
    let (request, viewer, wait) = (RequestId(number), ViewerKey([number as u8; 32]), Millis(wait));
    Open { request, service: name("clip.demo"), site: None, viewer, wait }
}

fn open(core: &mut ResolutionCore, now: u64, open: Open) -> Option<Opening> {
    core.open(Millis(now), open, IpAddr::V4(Ipv4Addr::LOCALHOST))
}

fn grant(zone: &str, ticket: u128) -> Result<Reservation, Fault> {
    Ok(Reservation::Granted(Grant {
        ticket: Ticket(ticket),
        locator: Locator::Url("tcp://somewhere".into()),
        instance: name("clip-x"),
        zone: name(zone),
        slot: SlotId(1),
        hold: Millis(5_000),
    }))
}

fn full(active: u32) -> Result<Reservation, Fault> {
    Ok(Reservation::Full(SlotCounts { active, ..SlotCounts::default() }))
}

/// What the core wants done, in short: `7→zone-a`, `7: granted zone-a`, `release 7 at gateway-zone-a`.
fn effects(core: &mut ResolutionCore) -> Vec<String> {
    std::iter::from_fn(|| core.poll_effect()).map(|effect| short(&effect)).collect()
}

fn short(effect: &Effect) -> String {
    match effect {
        Effect::Reserve { zone, reserve, .. } => format!("{}→{zone}", reserve.request.0),
        Effect::Release { gateway, release } => format!("release {} at {gateway}", release.request.0),
        Effect::Answer { request, opening } => format!("{}: {}", request.0, outcome(opening)),
    }
}

fn outcome(opening: &Opening) -> String {
    let list = |names: &[ZoneName]| names.iter().map(|zone| zone.as_str().to_owned()).collect::<Vec<_>>().join(",");
    match opening {
        Opening::Granted(grant) => format!("granted {}", grant.zone),
        Opening::Full { counts, waited, note } => {
            format!(
                "full {} after {}{}",
                counts.active,
                waited.0,
                note.iter().map(|note| format!(" ({note})")).collect::<String>()
            )
        }
        Opening::Unknown { near } => format!("unknown, near {near:?}"),
        Opening::UnknownSite { sites } => format!("no such site, but {sites:?}"),
        Opening::TooManyLeases { limit } => format!("more than {limit} leases"),
        Opening::Unreachable { zones } => format!("unreachable {}", list(zones)),
        Opening::QueueFull { limit } => format!("more than {limit} wait"),
    }
}

/// The zone that has been asked last for `request` answers.
fn answer(core: &mut ResolutionCore, now: u64, number: u128, outcome: Result<Reservation, Fault>) {
    let attempt = match core.requests.get(&RequestId(number)).map(|pending| &pending.phase) {
        Some(request::Phase::Asking { attempt, .. }) => *attempt,
        _ => panic!("{number} asks nobody"),
    };
    core.reserved(Millis(now), RequestId(number), attempt, outcome);
}

/// Runs the core's own timers up to and including `until`; what it wants done comes with the time.
fn run(core: &mut ResolutionCore, until: u64) -> Vec<(u64, String)> {
    let mut done = Vec::new();
    while let Some(at) = core.poll_timeout().filter(|at| at.0 <= until) {
        core.on_timeout(at);
        done.extend(effects(core).into_iter().map(|effect| (at.0, effect)));
    }
    done
}
