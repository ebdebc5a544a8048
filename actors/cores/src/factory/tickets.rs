//! The memory of tickets and resume tokens that are no longer good, so that a refusal can say why.
//!
//! Owns: a bounded, aged memory. Safety does not rest on it: what is not in the table of leases (or of sessions) opens
//! nothing, remembered or not. What has been forgotten is answered like a forgery.

use std::collections::{BTreeMap, VecDeque};

use actors_protocol::Millis;

/// How many are remembered at most, of tickets and of tokens each: about a megabyte. At 20,000 releases a second the memory
/// reaches back not quite a second; at a session a second it reaches back as far as [`REMEMBERED_FOR`] lets it.
pub const REMEMBERED_MAX: usize = 16_384;
/// How long one is remembered at most: a viewer that comes later than a minute gets no finer answer than "forged".
pub const REMEMBERED_FOR: Millis = Millis::from_secs(60);

/// Why a secret is no longer good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was redeemed.
    Spent,
    /// Its lease, or its session, is over.
    Over,
    /// A drain took it back.
    Withdrawn,
}

/// Secrets of one kind that are no longer good.
#[derive(Debug, Default)]
pub(super) struct Past {
    fates: BTreeMap<u128, Fate>,
    order: VecDeque<(Millis, u128)>,
}

impl Past {
    /// A secret is remembered once; it cannot become good again.
    pub(super) fn remember(&mut self, now: Millis, secret: u128, fate: Fate) {
        if self.fates.insert(secret, fate).is_some() {
            return;
        }
        self.order.push_back((now, secret));
        if self.order.len() > REMEMBERED_MAX {
            self.forget_oldest();
        }
    }

    /// Forgets what is too old.
    pub(super) fn age(&mut self, now: Millis) {
        while self.order.front().is_some_and(|(since, _)| now.since(*since) >= REMEMBERED_FOR) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, secret)) = self.order.pop_front() {
            self.fates.remove(&secret);
        }
    }

    pub(super) fn fate(&self, secret: u128) -> Option<Fate> {
        self.fates.get(&secret).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.fates.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_bounded_and_forgets_the_oldest() {
        let mut past = Past::default();
        for secret in 1..=REMEMBERED_MAX as u128 + 10 {
            past.remember(Millis::ZERO, secret, Fate::Spent);
        }
        assert_eq!(past.len(), REMEMBERED_MAX);
        assert_eq!(past.order.len(), REMEMBERED_MAX);
        assert_eq!(past.fate(10), None);
        assert_eq!(past.fate(11), Some(Fate::Spent));
    }

    #[test]
    fn what_is_too_old_is_forgotten() {
        let mut past = Past::default();
        past.remember(Millis(5), 1, Fate::Over);
        past.remember(Millis(6), 2, Fate::Over);
        past.age(Millis(5) + REMEMBERED_FOR);
        assert_eq!((past.fate(1), past.fate(2)), (None, Some(Fate::Over)));
    }
}
