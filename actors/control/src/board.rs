//! What zone manager and gateway of one zone, in one process, leave for each other: which instances are hidden, what their
//! factories report, and up to where resolvers know what is hidden no longer.
//!
//! Owns: these values. Refuses: deciding anything.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use actors_protocol::{InstanceName, NodeName, SlotCounts};
use transport_link::watch;

/// Instances that nobody has confirmed yet; a later version counts.
#[derive(Clone, Debug, Default)]
pub struct Hidden {
    /// Grows with every change.
    pub version: u64,
    /// Which.
    pub instances: BTreeSet<InstanceName>,
}

/// The pools of hidden instances, by host and instance.
pub type HiddenPools = BTreeMap<(NodeName, InstanceName), SlotCounts>;

/// See the module.
#[derive(Clone)]
pub struct ShareBoard {
    /// From the zone manager.
    pub hidden: Rc<watch::Sender<Hidden>>,
    /// From the gateway.
    pub pools: Rc<watch::Sender<HiddenPools>>,
    /// From the gateway: every resolver knows what this version of `Hidden` no longer hides.
    pub resolved: Rc<watch::Sender<u64>>,
}

impl Default for ShareBoard {
    fn default() -> ShareBoard {
        ShareBoard {
            hidden: Rc::new(watch::Sender::new(Hidden::default())),
            pools: Rc::new(watch::Sender::new(HiddenPools::new())),
            resolved: Rc::new(watch::Sender::new(0)),
        }
    }
}
