//! Who is up since when, and whom a fault has in its hands: what "reachable" and "quiet" mean.
//!
//! A set of nodes is *calm since t* when all of them have been up since t, none has had an actor killed since, and no fault
//! has lain on one of them or on a pair of them since. Promises about reachability hold for nodes that have been calm for
//! [`SETTLE`]: every link that a fault may have broken has been dialled again by then, every report has come round.
//!
//! Owns: the times. Refuses: causing them.

use std::collections::BTreeMap;

use actors_protocol::NodeName;

/// How long after a fault nothing is promised, in milliseconds: a broken link is noticed after the idle time-out (4 s) and a
/// dial (1.5 s), dialled again after a pause (1 s), a heartbeat later (1 s) the directory says so, and a report (0.5 s)
/// later the gateway knows the pool again.
pub const SETTLE: u64 = 9_000;

/// Where a fault lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// On a node, and on everything that it says or hears.
    Node(NodeName),
    /// Between two nodes.
    Pair(NodeName, NodeName),
}

#[derive(Clone, Copy, Debug, Default)]
struct Scope {
    active: u32,
    ended: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Reach {
    /// Nodes that there should be.
    nodes: usize,
    up: BTreeMap<NodeName, (u64, u64)>,
    troubles: BTreeMap<Trouble, Scope>,
}

impl Trouble {
    /// Between two nodes, whichever is named first.
    pub fn between(one: &NodeName, other: &NodeName) -> Trouble {
        let (a, b) = if one < other { (one, other) } else { (other, one) };
        Trouble::Pair(a.clone(), b.clone())
    }
}

impl Reach {
    /// There are so many nodes, when all are up.
    pub fn expect(&mut self, nodes: usize) {
        self.nodes = nodes;
    }

    /// This life of a node has begun.
    pub fn up(&mut self, now: u64, node: &NodeName, life: u64) {
        self.up.insert(node.clone(), (life, now));
    }

    /// The node is gone.
    pub fn down(&mut self, node: &NodeName) {
        self.up.remove(node);
    }

    /// The present life of a node, if it is up.
    pub fn life(&self, node: &NodeName) -> Option<u64> {
        self.up.get(node).map(|(life, _)| *life)
    }

    pub(super) fn begins(&mut self, _now: u64, trouble: &Trouble) {
        self.troubles.entry(trouble.clone()).or_default().active += 1;
    }

    pub(super) fn ends(&mut self, now: u64, trouble: &Trouble) {
        let scope = self.troubles.entry(trouble.clone()).or_default();
        scope.active = scope.active.saturating_sub(1);
        scope.ended = now;
    }

    /// An actor of the node was killed: a trouble that is over at once.
    pub fn struck(&mut self, now: u64, node: &NodeName) {
        self.troubles.entry(Trouble::Node(node.clone())).or_default().ended = now;
    }

    /// Since when these nodes are calm; none when they are not.
    pub fn calm_since(&self, nodes: &[&NodeName]) -> Option<u64> {
        let mut since = 0;
        for (index, node) in nodes.iter().enumerate() {
            since = since.max(self.up.get(*node)?.1);
            since = since.max(self.over_since(&Trouble::Node((*node).clone()))?);
            for other in &nodes[..index] {
                since = since.max(self.over_since(&Trouble::between(node, other))?);
            }
        }
        Some(since)
    }

    /// Since when everything is calm; none while a node is down or a fault lies on something.
    pub fn all_calm_since(&self) -> Option<u64> {
        let up = self.up.values().map(|(_, since)| *since).max()?;
        if self.up.len() < self.nodes || self.troubles.values().any(|scope| scope.active > 0) {
            return None;
        }
        Some(self.troubles.values().map(|scope| scope.ended).max().unwrap_or(0).max(up))
    }

    fn over_since(&self, trouble: &Trouble) -> Option<u64> {
        match self.troubles.get(trouble) {
            None => Some(0),
            Some(scope) => (scope.active == 0).then_some(scope.ended),
        }
    }
}
