//! Who lives where on this node. Read from any thread; written by the kernel when a life begins or ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use actors_protocol::node::ActorInfo;
use actors_protocol::{ActorPath, Incarnation, Millis};
use dashmap::DashMap;

use crate::actor::Spec;
use crate::books::Books;
use crate::port::Deliver;

pub(crate) struct Entry {
    pub(crate) incarnation: Incarnation,
    pub(crate) kind: &'static str,
    pub(crate) parent: Option<ActorPath>,
    pub(crate) books: Arc<Books>,
    pub(crate) deliver: Arc<dyn Deliver>,
    pub(crate) restarts: u32,
    pub(crate) spec: Spec,
}

impl Entry {
    fn info(&self, path: &ActorPath) -> ActorInfo {
        ActorInfo {
            path: path.clone(),
            incarnation: self.incarnation,
            kind: self.kind.to_owned(),
            parent: self.parent.clone(),
            depth: self.books.depth(),
            bound: self.books.bound,
            oldest: Millis::from(self.books.oldest()),
            handled: self.books.total(),
            p50_us: self.books.quantile_us(0.50),
            p99_us: self.books.quantile_us(0.99),
            restarts: self.restarts,
            up: Millis::from(self.books.up()),
        }
    }
}

/// The directory of one node.
#[derive(Default)]
pub(crate) struct Directory {
    entries: DashMap<ActorPath, Entry>,
    pub(crate) denied: AtomicU64,
    pub(crate) stale: AtomicU64,
}

impl Directory {
    pub(crate) fn contains(&self, path: &ActorPath) -> bool {
        self.entries.contains_key(path.as_str())
    }

    /// The actor at `path`, if its life is the one asked for (invariant I6: no act for an older incarnation).
    pub(crate) fn find(&self, path: &str, incarnation: Incarnation) -> Option<Arc<dyn Deliver>> {
        let entry = self.entries.get(path)?;
        if incarnation.reaches(entry.incarnation) {
            Some(entry.deliver.clone())
        } else {
            self.stale.fetch_add(1, Relaxed);
            None
        }
    }

    pub(crate) fn info(&self, path: &ActorPath) -> Option<(ActorInfo, Spec)> {
        self.entries.get(path.as_str()).map(|entry| (entry.info(path), entry.spec))
    }

    /// Everything at and below `below`, by path.
    pub(crate) fn list(&self, below: &str) -> Vec<ActorInfo> {
        let mut list: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| entry.key().within(below))
            .map(|entry| entry.value().info(entry.key()))
            .collect();
        list.sort_by(|a, b| a.path.cmp(&b.path));
        list
    }

    /// The actors that no actor owns, directly below `above`.
    pub(crate) fn roots(&self, above: &str) -> Vec<(ActorPath, Incarnation)> {
        let mut roots: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| entry.parent.is_none() && entry.key().within(above))
            .map(|entry| (entry.key().clone(), entry.incarnation))
            .collect();
        roots.sort();
        roots
    }

    /// The actors that the one at `parent` owns, and which life of each lives.
    pub(crate) fn children(&self, parent: &ActorPath) -> Vec<(ActorPath, Incarnation)> {
        let mut children: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| entry.parent.as_ref() == Some(parent))
            .map(|entry| (entry.key().clone(), entry.incarnation))
            .collect();
        children.sort();
        children
    }

    /// Up to three paths that look like `path`: those that share the longest beginning with it.
    pub(crate) fn near(&self, path: &str) -> Vec<ActorPath> {
        let shared = |other: &str| other.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
        let mut near: Vec<_> =
            self.entries.iter().map(|entry| (shared(entry.key().as_str()), entry.key().clone())).collect();
        near.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        near.into_iter().take_while(|(shared, _)| *shared > 0).take(3).map(|(_, path)| path).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// An entry that leaves the directory when this is dropped.
pub(crate) struct Registration {
    directory: Arc<Directory>,
    path: ActorPath,
    incarnation: Incarnation,
}

impl Registration {
    pub(crate) fn new(directory: &Arc<Directory>, path: ActorPath, entry: Entry) -> Registration {
        let incarnation = entry.incarnation;
        directory.entries.insert(path.clone(), entry);
        Registration { directory: directory.clone(), path, incarnation }
    }

    pub(crate) fn path(&self) -> &ActorPath {
        &self.path
    }

    pub(crate) fn incarnation(&self) -> Incarnation {
        self.incarnation
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.directory.entries.remove_if(self.path.as_str(), |_, entry| entry.incarnation == self.incarnation);
    }
}

/// What lives on a node, and what it refused: the harness ends every run with an empty one (invariant I8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Actors.
    pub actors: usize,
    /// Tasks, by name: those of actors, supervisors, links and connections.
    pub tasks: Vec<(&'static str, usize)>,
    /// Calls refused by the role table.
    pub denied: u64,
    /// Calls refused because they were for an older incarnation.
    pub stale: u64,
}
