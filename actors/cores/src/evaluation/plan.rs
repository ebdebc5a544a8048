//! From the evaluations of hosts to one offer, and from a share to instances on hosts.
//!
//! Both rank hosts alike: the best score, then the lowest price, then the most slots; so what is offered is what is planned.
//!
//! Owns: that arithmetic. Refuses: remembering.

use core::cmp::Reverse;

use actors_protocol::offer::Offer;
use actors_protocol::{Millis, NodeName};

/// A host and what its evaluation says, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluated {
    /// Which host.
    pub host: NodeName,
    /// Its evaluation.
    pub answer: Result<Offer, String>,
}

/// One instance to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Where.
    pub host: NodeName,
    /// With how many slots.
    pub slots: u32,
}

fn ranked(evaluated: &[Evaluated]) -> Vec<(&NodeName, &Offer)> {
    let feasible = evaluated.iter().filter_map(|one| Some((&one.host, one.answer.as_ref().ok()?)));
    let mut ranked: Vec<_> = feasible.filter(|(_, offer)| offer.is_feasible()).collect();
    ranked.sort_by_key(|(host, offer)| (Reverse(offer.score), offer.price, Reverse(offer.slots), *host));
    ranked
}

/// Why each host that cannot does not.
fn reasons(evaluated: &[Evaluated]) -> Vec<String> {
    let reason = |one: &Evaluated| match &one.answer {
        Ok(offer) if offer.is_feasible() => None,
        Ok(offer) if offer.reason.is_empty() => Some(format!("{}: score 0, without a reason", one.host)),
        Ok(offer) => Some(format!("{}: {}", one.host, offer.reason)),
        Err(why) => Some(format!("{}: {why}", one.host)),
    };
    evaluated.iter().filter_map(reason).collect()
}

/// The zone's offer for `slots`: as many of them as the hosts hold. Score and price are the mean over the slots, the price
/// rounded up; it holds as long as the shortest of those that are in it.
pub fn combine(slots: u32, evaluated: &[Evaluated]) -> Offer {
    let mut words = Vec::new();
    let (mut taken, mut score, mut price, mut valid_for) = (0u32, 0u64, 0u64, Millis(u64::MAX));
    for (host, offer) in ranked(evaluated) {
        let here = offer.slots.min(slots - taken);
        if here == 0 {
            break;
        }
        taken += here;
        score += u64::from(here) * u64::from(offer.score);
        price += u64::from(here) * u64::from(offer.price);
        valid_for = valid_for.min(offer.valid_for);
        words.push(format!("{host}: {here} slots, score {}", offer.score));
    }
    if taken == 0 {
        let reasons = reasons(evaluated);
        let none = "the zone has no host that is up; start one".to_owned();
        return Offer::infeasible(if reasons.is_empty() { none } else { reasons.join("; ") });
    }
    words.extend(reasons(evaluated));
    Offer {
        // Every score in it is at least 1, and so is their mean.
        score: u16::try_from(score / u64::from(taken)).unwrap_or(u16::MAX),
        slots: taken,
        price: u32::try_from(price.div_ceil(u64::from(taken))).unwrap_or(u32::MAX),
        valid_for,
        reason: words.join("; "),
    }
}

/// Which hosts make instances of how many slots, at most `each`; all of `slots`, or why not.
pub fn plan(slots: u32, each: u32, evaluated: &[Evaluated]) -> Result<Vec<Placement>, String> {
    let mut placements = Vec::new();
    let mut missing = slots;
    for (host, offer) in ranked(evaluated) {
        let mut here = offer.slots.min(missing);
        missing -= here;
        while here > 0 {
            let slots = here.min(each.max(1));
            placements.push(Placement { host: host.clone(), slots });
            here -= slots;
        }
    }
    if missing == 0 {
        return Ok(placements);
    }
    let mut words = format!("the hosts hold {} of {slots} slots", slots - missing);
    for reason in reasons(evaluated) {
        words.push_str("; ");
        words.push_str(&reason);
    }
    Err(words)
}
