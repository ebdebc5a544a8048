//! Which zones get how many slots, by score, slots and price; and why every other one does not.
//!
//! The best score first, then the lowest price, then the most slots. One zone that holds everything is preferred to several
//! while its score is at least nine tenths of the best: a deployment in one piece has fewer ways to fail.
//!
//! Owns: that decision and its explanation. Refuses: asking anybody.

use core::cmp::Reverse;

use actors_protocol::ZoneName;
use actors_protocol::offer::Offer;
use serde::{Deserialize, Serialize};

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// So many slots, never fewer, never more.
    pub slots: u32,
    /// No more zones than this; 0 = as many as it takes.
    pub zones_most: u32,
    /// No slot dearer than this.
    pub price_most: Option<u32>,
}

/// A zone, and its offer or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which zone.
    pub zone: ZoneName,
    /// What it offers.
    pub offer: Result<Offer, String>,
    /// The offer is an earlier one that still holds.
    pub cached: bool,
}

/// What became of one candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which zone.
    pub zone: ZoneName,
    /// Its offer, if it made one.
    pub offer: Option<Offer>,
    /// The offer was an earlier one.
    pub cached: bool,
    /// Slots it was given; 0 = it lost.
    pub given: u32,
    /// Why it was taken, or why it lost.
    pub why: String,
}

/// The decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Every candidate, in the order they were given. What is given to them is all that was wanted, or nothing.
    pub verdicts: Vec<Verdict>,
    /// Why nothing is given, if nothing is.
    pub refused: Option<String>,
}

/// Decides. The same candidates in another order give the same decision.
pub fn select(wish: Wish, candidates: &[Candidate]) -> Selection {
    let mut verdicts: Vec<Verdict> = candidates.iter().map(|candidate| judged(wish, candidate)).collect();
    let mut ranked: Vec<(usize, Offer)> = Vec::new();
    for (index, verdict) in verdicts.iter().enumerate().filter(|(_, verdict)| verdict.why.is_empty()) {
        ranked.extend(verdict.offer.clone().map(|offer| (index, offer)));
    }
    ranked.sort_by_key(|(index, offer)| {
        (Reverse(offer.score), offer.price, Reverse(offer.slots), verdicts[*index].zone.clone())
    });
    let most = if wish.zones_most == 0 { ranked.len() } else { wish.zones_most as usize };
    if ranked.iter().take(most).map(|(_, offer)| u64::from(offer.slots)).sum::<u64>() < u64::from(wish.slots) {
        // The best so many zones do not hold it: perhaps the largest do.
        ranked.sort_by_key(|(_, offer)| Reverse(offer.slots));
    }
    let best = ranked.iter().map(|(_, offer)| u32::from(offer.score)).max().unwrap_or(0);
    let alone = ranked
        .iter()
        .find(|(_, offer)| offer.slots >= wish.slots && u32::from(offer.score) * 10 >= best * 9)
        .map(|(index, _)| *index);
    let mut missing = wish.slots;
    let mut zones: usize = 0;
    for (place, (index, offer)) in ranked.iter().enumerate() {
        let full = missing == 0 || zones == most;
        let given = match alone {
            Some(alone) => {
                if *index == alone {
                    wish.slots
                } else {
                    0
                }
            }
            None => {
                if full {
                    0
                } else {
                    offer.slots.min(missing)
                }
            }
        };
        let why = match alone {
            Some(alone) if given == 0 && offer.slots < wish.slots => {
                format!("{} of {} slots; {} holds them all", offer.slots, wish.slots, verdicts[alone].zone)
            }
            _ if given > 0 => format!("score {}, price {}: rank {}", offer.score, offer.price, place + 1),
            _ if missing > 0 && full => format!("no more than {} zones were wanted", wish.zones_most),
            _ => behind(offer, &ranked, &verdicts),
        };
        missing -= given;
        zones += usize::from(given > 0);
        (verdicts[*index].given, verdicts[*index].why) = (given, why);
    }
    if missing == 0 {
        return Selection { verdicts, refused: None };
    }
    for verdict in verdicts.iter_mut().filter(|verdict| verdict.given > 0) {
        verdict.why = format!("{} of the {} slots that are wanted", verdict.given, wish.slots);
        verdict.given = 0;
    }
    let refused = refusal(wish, missing, &verdicts);
    Selection { verdicts, refused: Some(refused) }
}

/// A verdict without a reason is still in the running.
fn judged(wish: Wish, candidate: &Candidate) -> Verdict {
    let why = match (&candidate.offer, wish.price_most) {
        (Err(why), _) => why.clone(),
        (Ok(offer), _) if offer.flaw().is_some() => {
            format!("its offer cannot be true: {}", offer.flaw().unwrap_or_default())
        }
        (Ok(offer), _) if !offer.is_feasible() && offer.reason.is_empty() => "score 0, without a reason".to_owned(),
        (Ok(offer), _) if !offer.is_feasible() => offer.reason.clone(),
        (Ok(offer), Some(most)) if offer.price > most => format!("price {} is over {most}", offer.price),
        _ => String::new(),
    };
    let offer = candidate.offer.clone().ok();
    Verdict { zone: candidate.zone.clone(), offer, cached: candidate.cached, given: 0, why }
}

/// Why an offer that was possible was not needed.
fn behind(offer: &Offer, ranked: &[(usize, Offer)], verdicts: &[Verdict]) -> String {
    let Some((first, best)) = ranked.iter().find(|(index, _)| verdicts[*index].given > 0).or(ranked.first()) else {
        return String::new();
    };
    let zone = &verdicts[*first].zone;
    if offer.score < best.score {
        format!("score {}; {zone} has {}", offer.score, best.score)
    } else if offer.score > best.score {
        format!("score {} for {} slots; {zone} holds them all with {}", offer.score, offer.slots, best.score)
    } else if offer.price > best.price {
        format!("as good as {zone}, but price {} instead of {}", offer.price, best.price)
    } else if offer.slots < best.slots {
        format!("as good as {zone}, but {} slots instead of {}", offer.slots, best.slots)
    } else {
        format!("as good as {zone}, whose name comes first")
    }
}

fn refusal(wish: Wish, missing: u32, verdicts: &[Verdict]) -> String {
    let mut words = match wish.slots - missing {
        _ if verdicts.is_empty() => return "no zone is up that may run it; start one, or name others".to_owned(),
        0 => format!("no zone offers any of the {} slots", wish.slots),
        found => format!("{found} of {} slots are offered", wish.slots),
    };
    // Enough to act on; the verdicts say all of it.
    for verdict in verdicts.iter().take(4) {
        words.push_str(&format!("; {}: {}", verdict.zone, verdict.why));
    }
    words
}
