//! Deployments that ended without anything to show for it: their outcomes, for whoever asks later or again.
//!
//! Owns: the latest of them. Refuses: keeping more than a bounded number.

use std::collections::{BTreeMap, VecDeque};

use actors_protocol::RequestId;

use super::order::Outcome;

/// Outcomes remembered; beyond it the oldest is forgotten.
pub const OVER_MAX: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Over {
    outcomes: BTreeMap<RequestId, Outcome>,
    order: VecDeque<RequestId>,
}

impl Over {
    pub(super) fn get(&self, id: RequestId) -> Option<&Outcome> {
        self.outcomes.get(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.values()
    }

    pub(super) fn put(&mut self, outcome: Outcome) {
        if !self.outcomes.contains_key(&outcome.id) {
            self.order.push_back(outcome.id);
        }
        self.outcomes.insert(outcome.id, outcome);
        while self.order.len() > OVER_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.outcomes.remove(&oldest);
            }
        }
    }
}
