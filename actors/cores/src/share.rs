//! A zone's shares of deployments: which instances on which hosts, provisional until they are confirmed, gone once undone.
//!
//! ```text
//!   deploy ─► making ──all made──► warming ──all slots free──► provisional ──confirm──► kept ([`crate::zone`] keeps it running)
//!               │ refused, host gone, late │                        │                    │
//!               ▼                          ▼                        ▼                    ▼
//!            failed ───────────────────────────── undo: every host is searched, what is found is removed ─► undone, for good
//! ```
//!
//! A confirmation, or an undo, of a share that this zone manager does not know (it may have started anew) searches the hosts
//! first: what runs there under the share's name is part of it.
//!
//! Owns: the shares and what is provisional. Refuses: choosing hosts ([`crate::evaluation`]), and keeping what is for good.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use actors_protocol::deployment::{PlacedInstance, ShareProgress};
use actors_protocol::slot::SlotCounts;
use actors_protocol::zone::ZoneShare;
use actors_protocol::{InstanceName, Millis, NodeName, RequestId};

use crate::evaluation::Placement;

mod making;
mod search;
#[cfg(test)]
mod tests;

/// Shares of one zone.
pub const SHARES_MAX: usize = 4_096;
/// Instances of one share: a list of them is one message.
pub const INSTANCES_MAX: usize = 1_024;
/// Shares that were undone and are remembered, so that a late order does not bring them back.
pub const UNDONE_MAX: usize = 8_192;

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Have a host make a provisional instance; tell [`ShareCore::created`].
    Create {
        /// For which share.
        share: ZoneShare,
        /// What, where.
        placed: PlacedInstance,
    },
    /// Tell a host that an instance is for good; tell [`ShareCore::host_answered`].
    Confirm(Errand),
    /// Have a host remove an instance; tell [`ShareCore::host_answered`].
    Remove(Errand, Millis),
    /// Ask a host what it has of a share; tell [`ShareCore::found`].
    Search {
        /// Which host.
        host: NodeName,
        /// Of which share.
        id: RequestId,
        /// How its instances' names begin.
        stem: InstanceName,
        /// Which search it belongs to.
        round: u64,
    },
    /// Ask a host that was not up before what it has; tell [`ShareCore::swept`].
    Sweep(NodeName),
    /// Keep this running from now on, wherever: on the host that has it, or where there is room.
    Keep {
        /// Of which share.
        share: ZoneShare,
        /// Its name.
        instance: InstanceName,
        /// Its slots.
        slots: u32,
        /// The host that has it.
        host: Option<NodeName>,
    },
    /// Keep nothing any longer whose name begins like this.
    Drop(InstanceName),
    /// Tell the orchestrator how far it is.
    Progress(RequestId, ShareProgress),
    /// Answer the order to deploy: slots and instances.
    Deployed(RequestId, Result<(u32, Vec<PlacedInstance>), String>),
    /// Answer the confirmation.
    Confirmed(RequestId, Result<Vec<PlacedInstance>, String>),
    /// Answer the undo.
    Undone(RequestId, Result<(), String>),
}

/// Something that a host is asked to do to one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// For which share.
    pub id: RequestId,
    /// Which host.
    pub host: NodeName,
    /// Which instance.
    pub instance: InstanceName,
    /// Which round of asking it belongs to.
    pub round: u64,
}

/// How a host answered an [`Errand`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It has done it.
    Yes,
    /// It has no such instance.
    Unknown,
    /// It did not answer.
    Silent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// Instances are made, or warm; until this moment.
    Making { until: Millis },
    /// All slots are free; nobody has confirmed it.
    Provisional,
    /// It did not work.
    Failed(String),
    /// Hosts are searched, then told.
    Confirming,
    /// For good.
    Kept,
    /// Hosts are searched, then asked to remove; how long sessions may go on.
    Undoing(Millis),
}

#[derive(Clone, Debug)]
struct Part {
    host: NodeName,
    slots: u32,
    made: bool,
    /// As it was reported last.
    counts: SlotCounts,
}

#[derive(Clone, Debug)]
struct Held {
    share: ZoneShare,
    stage: Stage,
    parts: BTreeMap<InstanceName, Part>,
    told_created: bool,
    /// Which round of asking hosts this is; answers of another do not count.
    round: u64,
    /// Hosts and instances whose answers are waited for.
    waiting: BTreeSet<(NodeName, Option<InstanceName>)>,
    /// Why this round does not end well.
    trouble: Option<String>,
}

impl Held {
    fn placed(&self) -> Vec<PlacedInstance> {
        let placed = |(instance, part): (&InstanceName, &Part)| PlacedInstance {
            instance: instance.clone(),
            host: part.host.clone(),
            slots: part.slots,
        };
        self.parts.iter().map(placed).collect()
    }
}

/// The zone manager's core for shares.
#[derive(Debug, Default)]
pub struct ShareCore {
    hosts: BTreeSet<NodeName>,
    shares: BTreeMap<RequestId, Held>,
    undone: BTreeMap<RequestId, InstanceName>,
    undone_order: VecDeque<RequestId>,
    round: u64,
    effects: VecDeque<Effect>,
}

impl ShareCore {
    /// The hosts of the zone that are up.
    pub fn hosts(&mut self, alive: &[NodeName]) {
        let alive: BTreeSet<NodeName> = alive.iter().cloned().collect();
        if !self.undone.is_empty() {
            self.effects.extend(alive.difference(&self.hosts).cloned().map(Effect::Sweep));
        }
        self.hosts = alive;
        for id in self.shares.keys().copied().collect::<Vec<_>>() {
            let Some(held) = self.shares.get_mut(&id) else { continue };
            if let Stage::Making { .. } | Stage::Provisional = held.stage {
                let gone = held.parts.values().find(|part| !self.hosts.contains(&part.host));
                if let Some(host) = gone.map(|part| part.host.clone()) {
                    self.fail(id, format!("host {host} went down"));
                }
                continue;
            }
            let silent: Vec<_> = held.waiting.iter().filter(|(host, _)| !self.hosts.contains(host)).cloned().collect();
            for (host, instance) in silent {
                self.answered(id, &host, instance.as_ref(), Done::Silent);
            }
        }
    }

    /// The instances that must not be handed out: nobody has confirmed them.
    pub fn hidden(&self) -> BTreeSet<InstanceName> {
        let hidden = self.shares.values().filter(|held| held.stage != Stage::Kept);
        hidden.flat_map(|held| held.parts.keys().cloned()).collect()
    }

    /// What is for good: to be kept running by whoever does that, should it have forgotten.
    pub fn kept(&self) -> impl Iterator<Item = (&ZoneShare, PlacedInstance)> {
        let kept = self.shares.values().filter(|held| held.stage == Stage::Kept);
        kept.flat_map(|held| held.placed().into_iter().map(|placed| (&held.share, placed)))
    }

    /// The shares, each with a word for how far it is and its instances; for people.
    pub fn list(&self) -> impl Iterator<Item = (&ZoneShare, &'static str, Vec<PlacedInstance>)> {
        self.shares.values().map(|held| {
            let word = match held.stage {
                Stage::Making { .. } => "making",
                Stage::Provisional => "provisional",
                Stage::Failed(_) => "failed",
                Stage::Confirming => "confirming",
                Stage::Kept => "kept",
                Stage::Undoing(_) => "undoing",
            };
            (&held.share, word, held.placed())
        })
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When to call [`ShareCore::on_timeout`].
    pub fn poll_timeout(&self) -> Option<Millis> {
        let until = |held: &Held| match held.stage {
            Stage::Making { until } => Some(until),
            _ => None,
        };
        self.shares.values().filter_map(until).min()
    }

    /// What is not ready by its deadline has failed.
    pub fn on_timeout(&mut self, now: Millis) {
        let late = |held: &&Held| matches!(held.stage, Stage::Making { until } if until <= now);
        for id in self.shares.values().filter(late).map(|held| held.share.id).collect::<Vec<_>>() {
            let Some(held) = self.shares.get(&id) else { continue };
            let missing = |(instance, part): (&InstanceName, &Part)| match part.made {
                false => Some(format!("{instance} on {} is not made", part.host)),
                true if part.counts.free < part.slots => {
                    Some(format!("{instance} on {} has {} of {} slots", part.host, part.counts.free, part.slots))
                }
                true => None,
            };
            let missing: Vec<_> = held.parts.iter().filter_map(missing).collect();
            self.fail(id, format!("not ready in time: {}", missing.join("; ")));
        }
    }

    fn fail(&mut self, id: RequestId, cause: String) {
        let Some(held) = self.shares.get_mut(&id) else { return };
        held.stage = Stage::Failed(cause.clone());
        self.effects.push_back(Effect::Deployed(id, Err(cause)));
    }
}
