//! Which pool a request went to, so that a repeat of it meets the same factory, which gives the same answer.
//!
//! Owns: a bounded memory that forgets the oldest. Refuses: answers; only a factory knows whether a lease still holds.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use actors_protocol::{Millis, RequestId};

use super::pools::PoolKey;

/// Requests remembered at most; the oldest go first.
pub const REQUESTS_REMEMBERED_MAX: usize = 65_536;
/// A request is remembered for this long: twice the hold of a lease, and then some.
pub const REQUEST_REMEMBERED_FOR: Millis = Millis::from_secs(12);

#[derive(Default)]
pub(super) struct Memory {
    /// The pool, and when it was put here: an entry of `ages` that is of another time is not this one's.
    requests: BTreeMap<RequestId, (Arc<PoolKey>, Millis)>,
    ages: VecDeque<(Millis, RequestId)>,
}

impl Memory {
    pub fn get(&self, request: RequestId) -> Option<&Arc<PoolKey>> {
        self.requests.get(&request).map(|(key, _)| key)
    }

    pub fn put(&mut self, now: Millis, request: RequestId, key: Arc<PoolKey>) {
        self.age(now);
        match self.requests.entry(request) {
            std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().0 = key,
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert((key, now));
                self.ages.push_back((now, request));
                if self.ages.len() > REQUESTS_REMEMBERED_MAX {
                    self.drop_oldest();
                }
            }
        }
    }

    pub fn forget(&mut self, request: RequestId) {
        self.requests.remove(&request);
    }

    pub fn age(&mut self, now: Millis) {
        while self.ages.front().is_some_and(|(since, _)| *since + REQUEST_REMEMBERED_FOR <= now) {
            self.drop_oldest();
        }
    }

    pub fn poll_timeout(&self) -> Option<Millis> {
        self.ages.front().map(|(since, _)| *since + REQUEST_REMEMBERED_FOR)
    }

    pub fn len(&self) -> usize {
        self.requests.len()
    }

    fn drop_oldest(&mut self) {
        if let Some((since, request)) = self.ages.pop_front()
            && self.requests.get(&request).is_some_and(|(_, put)| *put == since)
        {
            self.requests.remove(&request);
        }
    }
}
