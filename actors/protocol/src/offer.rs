//! Offers: what a zone, or a host, would do for a deployment.
//!
//! One scale for all, so that evaluators of different makers compare (design: an offer is score, slots, price, validity).
//!
//! Owns: the value and its limits. Refuses: making offers and choosing among them (`actors_cores::deployment`).

use serde::{Deserialize, Serialize};

use crate::Millis;

/// The best score.
pub const SCORE_MAX: u16 = 1_000;
/// No offer holds longer.
pub const VALID_MAX: Millis = Millis::from_secs(3_600);

/// What somebody would do for a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// 0 = not possible, [`SCORE_MAX`] = as good as it gets.
    pub score: u16,
    /// At most this many slots.
    pub slots: u32,
    /// Of one slot for an hour, in thousandths of the domain's unit; 0 = free.
    pub price: u32,
    /// How long it holds from when it arrives; zero = for the deployment that asked, and for no other.
    pub valid_for: Millis,
    /// Why this score; for a score of 0, what is missing.
    pub reason: String,
}

impl Offer {
    /// The offer of somebody who cannot, and why.
    pub fn infeasible(reason: impl Into<String>) -> Offer {
        Offer { score: 0, slots: 0, price: 0, valid_for: Millis::ZERO, reason: reason.into() }
    }

    /// Can anything be deployed on it?
    pub fn is_feasible(&self) -> bool {
        self.score > 0 && self.slots > 0
    }

    /// What is wrong with it, if something is: an evaluator may lie.
    pub fn flaw(&self) -> Option<String> {
        if self.score > SCORE_MAX {
            return Some(format!("its score is {}; {SCORE_MAX} is the most", self.score));
        }
        (self.score > 0 && self.slots == 0).then(|| format!("its score is {}, and it has no slot", self.score))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_that_cannot_be_true_says_why() {
        let good = Offer { score: 700, slots: 4, price: 0, valid_for: Millis(1_000), reason: String::new() };
        assert!(good.is_feasible() && good.flaw().is_none());
        let boast = Offer { score: 1_001, ..good.clone() };
        assert!(boast.flaw().is_some_and(|flaw| flaw.contains("1001") && flaw.contains("1000")));
        assert!(Offer { slots: 0, ..good }.flaw().is_some());
        let cannot = Offer::infeasible("it has no GPU");
        assert!(!cannot.is_feasible() && cannot.flaw().is_none());
    }
}
