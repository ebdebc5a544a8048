//! **I6**: no act for an older incarnation. What a gateway, a resolver or the orchestrator believes of somebody never goes
//! back to an earlier life of it, nor, within a life, to an earlier word, as long as the believer itself lives.
//!
//! Calls to an older life are tried by the hostile viewer; here is only what is believed.

use std::collections::BTreeMap;

use actors_control::observe::{GatewaySeen, ResolverSeen, Sighting};
use actors_cores::gateway::{GatewayCore, PoolKey};
use actors_cores::membership::MembershipCore;
use actors_cores::resolution::ResolutionCore;
use actors_protocol::{Incarnation, NodeName, ZoneName};

use super::{NodeLife, Notes};
use crate::report::Invariant;

type Place = (Incarnation, u64);

/// The latest that was ever believed, by believer.
#[derive(Default)]
pub(super) struct Lives {
    pools: BTreeMap<(NodeLife, Incarnation), BTreeMap<PoolKey, Place>>,
    zones: BTreeMap<(NodeLife, Incarnation), BTreeMap<ZoneName, (NodeName, Place)>>,
    members: BTreeMap<NodeName, Incarnation>,
}

impl Lives {
    pub fn gateway(
        &mut self,
        notes: &mut Notes,
        life: &NodeLife,
        sighting: &Sighting<'_, GatewayCore, GatewaySeen<'_>>,
    ) {
        let latest = self.pools.entry((life.clone(), sighting.incarnation)).or_default();
        if let GatewaySeen::Reported(report) = &sighting.what {
            let key = PoolKey { instance: report.pool.instance.clone(), host: report.host.clone() };
            if latest.get(&key).is_some_and(|(incarnation, _)| report.pool.incarnation < *incarnation) {
                notes.premise(Invariant::I6);
            }
        }
        for (key, incarnation, seq) in sighting.core.pools() {
            let place = (incarnation, seq);
            match latest.get_mut(key) {
                Some(before) if place < *before => {
                    let words = format!("{}: {key:?} goes back from {before:?} to {place:?}", life.node);
                    notes.violated(Invariant::I6, words);
                }
                Some(before) => *before = place,
                None => drop(latest.insert(key.clone(), place)),
            }
        }
    }

    pub fn resolver(
        &mut self,
        notes: &mut Notes,
        life: &NodeLife,
        sighting: &Sighting<'_, ResolutionCore, ResolverSeen<'_>>,
    ) {
        let latest = self.zones.entry((life.clone(), sighting.incarnation)).or_default();
        for (gateway, report) in sighting.core.zones() {
            let place = (report.incarnation, report.seq);
            match latest.get_mut(&report.zone) {
                Some((from, before)) if from == gateway && place < *before => {
                    let words = format!("{}: {} goes back from {before:?} to {place:?}", life.node, report.zone);
                    notes.violated(Invariant::I6, words);
                }
                Some(before) => *before = (gateway.clone(), place),
                None => drop(latest.insert(report.zone.clone(), (gateway.clone(), place))),
            }
        }
    }

    pub fn orchestrator(&mut self, notes: &mut Notes, core: &MembershipCore) {
        for (node, incarnation, _) in core.members() {
            match self.members.get_mut(node) {
                Some(before) if incarnation < *before => {
                    let words =
                        format!("the orchestrator goes back to life {incarnation:?} of {node}, after {before:?}");
                    notes.violated(Invariant::I6, words);
                }
                Some(before) => *before = incarnation,
                None => drop(self.members.insert(node.clone(), incarnation)),
            }
        }
    }
}
