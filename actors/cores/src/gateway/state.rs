//! The gateway's state, for inspection.

use actors_protocol::slot::SlotCounts;
use actors_protocol::{Incarnation, Millis, NodeName, ZoneName};
use serde::Serialize;

use super::{GatewayCore, PoolKey};

/// What a gateway knows, as `fusion actors PATH` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct GatewayState {
    /// Its zone.
    pub zone: ZoneName,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// The number of the last zone report.
    pub seq: u64,
    /// It has just started and waits for reports.
    pub learning: bool,
    /// The pools.
    pub pools: Vec<PoolState>,
    /// Instances that should run and do not, with the cause.
    pub failures: Vec<(String, String)>,
    /// Who gets the zone's reports.
    pub receivers: Vec<ReceiverState>,
    /// Requests whose pool is remembered.
    pub remembered: usize,
    /// Reports that were older than what was there.
    pub ignored: u64,
    /// Reports that found no room.
    pub no_room: u64,
}

/// One pool.
#[derive(Clone, Debug, Serialize)]
pub struct PoolState {
    /// Which.
    pub pool: PoolKey,
    /// Which life of the factory.
    pub incarnation: Incarnation,
    /// The report's number.
    pub seq: u64,
    /// The five states.
    pub counts: SlotCounts,
    /// How old the snapshot is.
    pub age: Millis,
}

/// One receiver.
#[derive(Clone, Debug, Serialize)]
pub struct ReceiverState {
    /// Which node.
    pub node: NodeName,
    /// The last report it has confirmed.
    pub noted: u64,
    /// The report that is under way.
    pub in_flight: Option<u64>,
}

impl GatewayCore {
    /// What it knows now.
    pub fn state(&self, now: Millis) -> GatewayState {
        let pools = self.pools.iter().map(|(key, pool)| PoolState {
            pool: key.clone(),
            incarnation: pool.report.incarnation,
            seq: pool.report.seq,
            counts: pool.report.counts,
            age: pool.report.age + now.since(pool.heard),
        });
        let receivers = self.outbox.iter().map(|(node, receiver)| ReceiverState {
            node: node.clone(),
            noted: receiver.noted,
            in_flight: receiver.in_flight.map(|(seq, _)| seq),
        });
        GatewayState {
            zone: self.zone.clone(),
            incarnation: self.incarnation,
            seq: self.seq,
            learning: now < self.learning_until,
            pools: pools.collect(),
            failures: self.not_running().map(|failure| (failure.instance.to_string(), failure.cause)).collect(),
            receivers: receivers.collect(),
            remembered: self.memory.len(),
            ignored: self.ignored,
            no_room: self.no_room,
        }
    }
}
