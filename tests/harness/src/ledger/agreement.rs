//! **I7**: one second after quiet, resolvers agree with factories.
//!
//! *Quiet*: all nodes have been calm for [`SETTLE`], and no factory has changed. *Agree*: the pools that a resolver believes
//! in are the factories that live, each in its present life, with the counts and uses that it has.

use std::collections::BTreeMap;

use actors_cores::resolution::ResolutionCore;
use actors_protocol::slot::ServiceUse;
use actors_protocol::{ActorPath, Incarnation, InstanceName, NodeName, SlotCounts, ZoneName};

use super::factories::Factories;
use super::reach::{Reach, SETTLE};
use super::{NodeLife, Notes};
use crate::report::Invariant;

/// How long after the last change resolvers must know it.
const AGREE_AFTER: u64 = 1_000;

/// What the directory of one node's kernel holds under one factory.
pub struct Census {
    /// Which node, in which life.
    pub life: NodeLife,
    /// The factory.
    pub factory: ActorPath,
    /// Its life.
    pub incarnation: Incarnation,
    /// The slots' actors.
    pub slots: Vec<ActorPath>,
    /// Its other actors.
    pub others: Vec<(ActorPath, Incarnation)>,
}

/// A pool, as somebody believes it to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pool {
    pub host: NodeName,
    pub instance: InstanceName,
    pub incarnation: Incarnation,
    pub counts: [u32; 5],
    pub uses: Vec<(String, u32)>,
}

pub(super) fn numbers(counts: &SlotCounts) -> [u32; 5] {
    [counts.warming, counts.free, counts.reserved, counts.active, counts.draining]
}

struct Believed {
    place: (Incarnation, u64),
    pools: Vec<Pool>,
}

/// What each resolver believes.
#[derive(Default)]
pub(super) struct Resolvers {
    believed: BTreeMap<NodeLife, (Incarnation, BTreeMap<ZoneName, Believed>)>,
    pub agreements: u64,
}

impl Resolvers {
    pub fn settled(&mut self, life: &NodeLife, incarnation: Incarnation, core: &ResolutionCore) {
        let entry = self.believed.entry(life.clone()).or_insert_with(|| (incarnation, BTreeMap::new()));
        if entry.0 != incarnation {
            *entry = (incarnation, BTreeMap::new());
        }
        let zones = &mut entry.1;
        zones.retain(|zone, _| core.zones().any(|(_, report)| report.zone == *zone));
        for (_, report) in core.zones() {
            let place = (report.incarnation, report.seq);
            if zones.get(&report.zone).is_some_and(|believed| believed.place == place) {
                continue;
            }
            let uses = |uses: &[ServiceUse]| uses.iter().map(|of| (of.service.to_string(), of.used)).collect();
            let pool = |(host, pool): &(NodeName, actors_protocol::slot::PoolReport)| Pool {
                host: host.clone(),
                instance: pool.instance.clone(),
                incarnation: pool.incarnation,
                counts: numbers(&pool.counts),
                uses: uses(&pool.services),
            };
            let pools = report.pools.iter().map(pool).collect();
            zones.insert(report.zone.clone(), Believed { place, pools });
        }
    }

    pub fn tick(&mut self, notes: &mut Notes, reach: &Reach, factories: &Factories) {
        let now = notes.now();
        let calm = reach.all_calm_since().is_some_and(|since| since + SETTLE <= now);
        if !calm || factories.changed_last(reach) + AGREE_AFTER > now {
            return;
        }
        let truth = factories.pools(reach);
        for (life, (_, zones)) in &self.believed {
            if reach.life(&life.node) != Some(life.life) {
                continue;
            }
            let mut believed: Vec<_> = zones.values().flat_map(|zone| zone.pools.iter().cloned()).collect();
            believed.sort();
            notes.premise(Invariant::I7);
            if believed == truth {
                self.agreements += 1;
            } else {
                let wrong: Vec<_> = believed.iter().filter(|pool| !truth.contains(pool)).collect();
                let missing: Vec<_> = truth.iter().filter(|pool| !believed.contains(pool)).collect();
                notes.violated(Invariant::I7, format!("{} believes {wrong:?}; in truth {missing:?}", life.node));
            }
        }
    }
}
