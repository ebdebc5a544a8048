//! The answers given, so that a repeat of a request gets the same one.
//!
//! Owns: a bounded memory that forgets the oldest. Refuses: to give a viewer's answer to another viewer.

use std::collections::{BTreeMap, VecDeque};

use actors_protocol::gateway::Reserve;
use actors_protocol::resolver::Opening;
use actors_protocol::{Millis, RequestId, ServiceName, ViewerKey};

/// Answers remembered at most: 8 MB at half a kilobyte each. The oldest go first.
pub const ANSWERS_REMEMBERED_MAX: usize = 16_384;
/// An answer is remembered for this long: as long as a grant can be redeemed (5 s), and then some.
pub const ANSWER_REMEMBERED_FOR: Millis = Millis::from_secs(10);

pub(super) struct Remembered {
    pub service: ServiceName,
    pub viewer: ViewerKey,
    pub opening: Opening,
}

#[derive(Default)]
pub(super) struct Memory {
    answers: BTreeMap<RequestId, Remembered>,
    ages: VecDeque<(Millis, RequestId)>,
}

impl Memory {
    pub fn get(&self, request: RequestId) -> Option<&Remembered> {
        self.answers.get(&request)
    }

    /// A request is put here once: while its answer is remembered, it is not asked again.
    pub fn put(&mut self, now: Millis, reserve: Reserve, opening: Opening) {
        let Reserve { request, service, viewer, .. } = reserve;
        self.answers.insert(request, Remembered { service, viewer, opening });
        self.ages.push_back((now, request));
        if self.ages.len() > ANSWERS_REMEMBERED_MAX {
            self.drop_oldest();
        }
    }

    pub fn age(&mut self, now: Millis) {
        while self.poll_timeout().is_some_and(|until| until <= now) {
            self.drop_oldest();
        }
    }

    pub fn poll_timeout(&self) -> Option<Millis> {
        self.ages.front().map(|(since, _)| *since + ANSWER_REMEMBERED_FOR)
    }

    pub fn len(&self) -> usize {
        self.answers.len()
    }

    fn drop_oldest(&mut self) {
        if let Some((_, request)) = self.ages.pop_front() {
            self.answers.remove(&request);
        }
    }
}
