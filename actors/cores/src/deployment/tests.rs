//! Deployments told as stories; histories with every kind of fault are in `tests/histories`.

use super::*;
use actors_protocol::offer::Offer;

mod histories;
mod selection;
mod stories;
mod world;

const NOW: Millis = Millis(1_000);

fn zone(name: &str) -> ZoneName {
    ZoneName::new(name).expect("a zone name")
}

fn order(id: u128, slots: u32) -> Order {
    Order {
        id: RequestId(id << 64),
        service: ServiceName::new("epg.example").expect("a service name"),
        slots,
        each: 4,
        most: None,
        road: Road::Create,
        zones: Vec::new(),
        zones_most: 0,
        price_most: None,
        offer_within: Millis(1_000),
        deploy_within: Millis(10_000),
    }
}

fn offer(score: u16, slots: u32) -> Offer {
    Offer { score, slots, price: 0, valid_for: Millis::from_secs(60), reason: "4 cores".to_owned() }
}

/// A core whose zones are up, each in its first life.
fn core(zones: &[&str]) -> DeploymentCore {
    let mut core = DeploymentCore::default();
    core.zones(NOW, &alive(zones));
    core
}

fn alive(zones: &[&str]) -> Vec<(ZoneName, Incarnation)> {
    zones.iter().map(|name| (zone(name), Incarnation(1))).collect()
}

fn effects(core: &mut DeploymentCore) -> Vec<Effect> {
    core::iter::from_fn(|| core.poll_effect()).collect()
}

/// Each effect as a short line.
fn lines(core: &mut DeploymentCore) -> Vec<String> {
    let line = |effect: &Effect| match effect {
        Effect::Store(Change::Deployment(record)) => match &record.stage {
            Stage::Intended => "store intended".to_owned(),
            Stage::Committed => "store committed".to_owned(),
            Stage::Undoing { .. } => "store undoing".to_owned(),
        },
        Effect::Store(Change::DeploymentGone(_)) => "store gone".to_owned(),
        Effect::Send { zone, ask } => match ask {
            Ask::Register { .. } => format!("{zone}: register"),
            Ask::Offer { slots, .. } => format!("{zone}: offer {slots}"),
            Ask::Deploy { share, .. } => format!("{zone}: deploy {}", share.slots),
            Ask::Confirm { .. } => format!("{zone}: confirm"),
            Ask::Undo { drain, .. } => format!("{zone}: {}", if *drain { "drain" } else { "undo" }),
        },
        Effect::Done(outcome) => match &outcome.result {
            Ok(shares) => format!("done in {}", shares.len()),
            Err(cause) => format!("refused: {cause}"),
        },
    };
    effects(core).iter().map(line).collect()
}
