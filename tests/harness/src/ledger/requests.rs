//! **I4**: no request is refused while one reachable slot of its service was free throughout.
//!
//! A *request* lasts from the moment a resolver is asked to the moment it answers. A slot was *free throughout* when it became
//! free before and still is, and its service was never at its cap meanwhile. It was *reachable* when orchestrator, resolver,
//! zone and host have been calm (see [`Reach`]) for [`SETTLE`] before the request, and its factory is no newer than
//! [`KNOWN_AFTER`]. *Refused* is every answer that gives no slot, but two: too many leases, which is the viewer's own bound,
//! and an unknown site. "Unreachable" is a refusal: what is reachable must be reached.

use std::collections::{BTreeMap, BTreeSet};

use actors_protocol::resolver::{Open, Opening};
use actors_protocol::{Incarnation, RequestId, ServiceName};

use super::factories::Factories;
use super::reach::{Reach, SETTLE};
use super::{NodeLife, Notes};
use crate::cast::name;
use crate::report::Invariant;

/// A factory is known to the resolvers this long after it began: a report to the gateway, and one from there.
const KNOWN_AFTER: u64 = 1_000;

type Key = (NodeLife, Incarnation, RequestId);

struct Asked {
    at: u64,
    service: ServiceName,
}

/// The requests under way.
#[derive(Default)]
pub(super) struct Requests {
    open: BTreeMap<Key, Asked>,
    /// A repeat of one of these gets the answer that was judged when it was given first.
    answered: BTreeSet<Key>,
}

impl Requests {
    pub fn asked(&mut self, notes: &mut Notes, life: &NodeLife, actor: Incarnation, open: &Open) {
        notes.trace("asked", open.wait.0);
        let asked = Asked { at: notes.now(), service: open.service.clone() };
        let key = (life.clone(), actor, open.request);
        if !self.answered.contains(&key) {
            // A repeat is the same request: it began when it was first asked.
            self.open.entry(key).or_insert(asked);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one for each part of the ledger that has a say")]
    pub fn answered(
        &mut self,
        notes: &mut Notes,
        factories: &Factories,
        reach: &Reach,
        life: &NodeLife,
        actor: Incarnation,
        request: RequestId,
        opening: &Opening,
    ) {
        let (word, refused) = match opening {
            Opening::Granted(_) => ("resolver: granted", false),
            Opening::Full { .. } => ("resolver: full", true),
            Opening::Unknown { .. } => ("resolver: unknown", true),
            Opening::Unreachable { .. } => ("resolver: unreachable", true),
            Opening::QueueFull { .. } => ("resolver: queue full", true),
            Opening::TooManyLeases { .. } => ("resolver: too many leases", false),
            Opening::UnknownSite { .. } => ("resolver: unknown site", false),
        };
        notes.event(word);
        notes.trace(word, 0);
        let key = (life.clone(), actor, request);
        let Some(asked) = self.open.remove(&key) else { return };
        self.answered.insert(key);
        let since = asked.at.saturating_sub(SETTLE);
        let free = factories.free_throughout(reach, &asked.service, asked.at, asked.at.saturating_sub(KNOWN_AFTER));
        let orchestrator = name("orc");
        let reachable = free.into_iter().find(|slot| {
            let chain = [&orchestrator, &life.node, &slot.gateway, &slot.host];
            asked.at >= SETTLE && reach.calm_since(&chain).is_some_and(|calm| calm <= since)
        });
        let Some(slot) = reachable else { return };
        notes.premise(Invariant::I4);
        if refused {
            let Asked { at, service } = asked;
            let words =
                format!("{} refuses {service}, asked for at {at} ms, with {opening:?}; {slot} was free", life.node);
            notes.violated(Invariant::I4, words);
        }
    }
}
