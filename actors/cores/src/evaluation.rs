//! A zone's offer: its hosts are evaluated within a deadline, and the best of them make up the offer.
//!
//! ```text
//!   asked ──► each host: an evaluation of its environment that still holds │ wait for a host of the same environment │ evaluate
//!                 │ all answered, or the deadline
//!                 ▼
//!             one offer, and for each host why it is in it or not ──► plan: which host, how many slots, instance by instance
//! ```
//!
//! An *environment* is all that makes two hosts alike to an evaluator; one evaluation serves all its hosts whose load is
//! below [`LOAD_SHARED_MOST`]. An evaluator that lies, hangs or crashes costs its own answer and nothing more.
//!
//! Owns: who is evaluated and what is made of it. Refuses: evaluating, and choosing among zones (`deployment`).

use std::collections::{BTreeMap, VecDeque};

use actors_protocol::offer::{Offer, VALID_MAX};
use actors_protocol::{Millis, NodeName, RequestId, ServiceName};

mod plan;
#[cfg(test)]
mod tests;

pub use plan::{Evaluated, Placement, combine, plan};

/// Up to this load, in thousandths, a host's answer stands for its environment, and its environment's for the host.
pub const LOAD_SHARED_MOST: u16 = 500;
/// Offers being made at once.
pub const ASKS_MAX: usize = 256;
/// Evaluations of environments that are kept.
pub const KEPT_MAX: usize = 4_096;
/// Services whose latest evaluations are kept for the plan.
pub const LATEST_MAX: usize = 4_096;

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Have this host evaluated; tell the core what comes of it.
    Evaluate {
        /// For which request.
        id: RequestId,
        /// Which host.
        host: NodeName,
        /// For which service.
        service: ServiceName,
        /// How many slots are wanted.
        slots: u32,
        /// An answer after this is of no use.
        within: Millis,
    },
    /// The zone's offer.
    Offer {
        /// For which request.
        id: RequestId,
        /// What.
        offer: Offer,
    },
}

/// A host, as far as its evaluation goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The hash of its environment.
    pub environment: String,
    /// Its load, in thousandths.
    pub load: u16,
}

impl Host {
    fn shares(&self) -> bool {
        self.load < LOAD_SHARED_MOST
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wait {
    /// It is evaluated.
    Evaluation,
    /// Another host of its environment is.
    Another(NodeName),
    Answered(Result<Offer, String>),
}

#[derive(Debug)]
struct Asked {
    service: ServiceName,
    slots: u32,
    within: Millis,
    until: Millis,
    hosts: BTreeMap<NodeName, Wait>,
}

/// The zone manager's core for offers.
#[derive(Debug, Default)]
pub struct EvaluationCore {
    hosts: BTreeMap<NodeName, Host>,
    kept: BTreeMap<(ServiceName, String), (Offer, Millis)>,
    asked: BTreeMap<RequestId, Asked>,
    latest: BTreeMap<ServiceName, Vec<Evaluated>>,
    effects: VecDeque<Effect>,
}

impl EvaluationCore {
    /// The hosts that are up.
    pub fn hosts(&mut self, now: Millis, hosts: BTreeMap<NodeName, Host>) {
        self.hosts = hosts;
        for id in self.asked.keys().copied().collect::<Vec<_>>() {
            let Some(asked) = self.asked.get(&id) else { continue };
            let gone = asked
                .hosts
                .iter()
                .filter(|(host, wait)| !matches!(wait, Wait::Answered(_)) && !self.hosts.contains_key(*host));
            for host in gone.map(|(host, _)| host.clone()).collect::<Vec<_>>() {
                self.evaluated(now, id, &host, Err("it went down while it was evaluated".to_owned()));
            }
        }
    }

    /// An offer is wanted within `within`. Ends with one [`Effect::Offer`].
    pub fn ask(&mut self, now: Millis, id: RequestId, service: ServiceName, slots: u32, within: Millis) {
        if self.asked.contains_key(&id) {
            return;
        }
        if self.asked.len() >= ASKS_MAX {
            let offer = Offer::infeasible(format!("the zone is making {ASKS_MAX} offers already"));
            return self.effects.push_back(Effect::Offer { id, offer });
        }
        // The offer has a way to go.
        let until = now + within.since(Millis((within.0 / 10).min(50)));
        let mut asked = Asked { service, slots, within, until, hosts: BTreeMap::new() };
        let mut first: BTreeMap<&str, &NodeName> = BTreeMap::new();
        for (name, host) in &self.hosts {
            let key = (asked.service.clone(), host.environment.clone());
            let kept = self.kept.get(&key).filter(|(_, until)| *until > now && host.shares());
            let wait = match (kept, first.get(host.environment.as_str())) {
                (Some((offer, until)), _) => {
                    let valid_for = until.since(now);
                    Wait::Answered(Ok(Offer { valid_for, ..offer.clone() }))
                }
                (None, Some(another)) if host.shares() => Wait::Another((*another).clone()),
                _ => Wait::Evaluation,
            };
            if wait == Wait::Evaluation && host.shares() {
                first.insert(&host.environment, name);
            }
            asked.hosts.insert(name.clone(), wait);
        }
        let evaluate = asked.hosts.iter().filter(|(_, wait)| **wait == Wait::Evaluation);
        for host in evaluate.map(|(host, _)| host.clone()).collect::<Vec<_>>() {
            self.effects.push_back(evaluation(now, id, &asked, host));
        }
        self.asked.insert(id, asked);
        self.offer_when_all_answered(now, id);
    }

    /// What an evaluator says of a host, or why it says nothing. What comes after the offer is dropped.
    pub fn evaluated(&mut self, now: Millis, id: RequestId, host: &NodeName, answer: Result<Offer, String>) {
        let Some(asked) = self.asked.get_mut(&id) else { return };
        let Some(wait) = asked.hosts.get_mut(host).filter(|wait| !matches!(wait, Wait::Answered(_))) else { return };
        let answer = answer.and_then(|offer| match offer.flaw() {
            Some(flaw) => Err(format!("its evaluation cannot be true: {flaw}")),
            None => Ok(Offer { valid_for: offer.valid_for.min(VALID_MAX), ..offer }),
        });
        *wait = Wait::Answered(answer.clone());
        let waiting = |(name, wait): (&NodeName, &Wait)| (*wait == Wait::Another(host.clone())).then(|| name.clone());
        let mut waiting: VecDeque<NodeName> = asked.hosts.iter().filter_map(waiting).collect();
        match &answer {
            Ok(offer) => {
                if let Some(known) = self.hosts.get(host).filter(|known| known.shares())
                    && offer.valid_for > Millis::ZERO
                    && self.kept.len() < KEPT_MAX
                {
                    let key = (asked.service.clone(), known.environment.clone());
                    self.kept.insert(key, (offer.clone(), now + offer.valid_for));
                }
                for name in waiting {
                    asked.hosts.insert(name, Wait::Answered(Ok(offer.clone())));
                }
            }
            // It says nothing of the others: the next is evaluated for the rest of them.
            Err(_) => {
                if let Some(next) = waiting.pop_front() {
                    asked.hosts.insert(next.clone(), Wait::Evaluation);
                    for name in waiting {
                        asked.hosts.insert(name, Wait::Another(next.clone()));
                    }
                    self.effects.push_back(evaluation(now, id, asked, next));
                }
            }
        }
        self.offer_when_all_answered(now, id);
    }

    fn offer_when_all_answered(&mut self, now: Millis, id: RequestId) {
        let answered = |asked: &Asked| asked.hosts.values().all(|wait| matches!(wait, Wait::Answered(_)));
        if self.asked.get(&id).is_some_and(answered) {
            self.offer(now, id);
        }
    }

    fn offer(&mut self, now: Millis, id: RequestId) {
        let Some(asked) = self.asked.remove(&id) else { return };
        let evaluated = |(host, wait)| {
            let answer = match wait {
                Wait::Answered(answer) => answer,
                _ => Err(format!("it was not evaluated within {}", asked.within)),
            };
            Evaluated { host, answer }
        };
        let evaluated: Vec<Evaluated> = asked.hosts.into_iter().map(evaluated).collect();
        self.effects.push_back(Effect::Offer { id, offer: combine(asked.slots, &evaluated) });
        if self.latest.len() < LATEST_MAX || self.latest.contains_key(&asked.service) {
            self.latest.insert(asked.service, evaluated);
        }
        self.kept.retain(|_, (_, until)| *until > now);
    }

    /// Which hosts get how many slots of a service, by its latest evaluations, in instances of at most `each`. Only hosts
    /// that are up and can. Errors: why not, host by host.
    pub fn plan(&self, service: &ServiceName, slots: u32, each: u32) -> Result<Vec<Placement>, String> {
        let Some(latest) = self.latest.get(service) else {
            return Err(format!("the zone has made no offer for {service}; ask it for one first"));
        };
        let up = latest.iter().map(|one| match self.hosts.contains_key(&one.host) {
            true => one.clone(),
            false => Evaluated { host: one.host.clone(), answer: Err("it is not up any more".to_owned()) },
        });
        plan(slots, each, &up.collect::<Vec<_>>())
    }

    /// The service is not registered any more.
    pub fn forget(&mut self, service: &ServiceName) {
        self.latest.remove(service);
        self.kept.retain(|(of, _), _| of != service);
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When to call [`EvaluationCore::on_timeout`].
    pub fn poll_timeout(&self) -> Option<Millis> {
        self.asked.values().map(|asked| asked.until).min()
    }

    /// Offers are made of what is there by now.
    pub fn on_timeout(&mut self, now: Millis) {
        let due = self.asked.iter().filter(|(_, asked)| asked.until <= now);
        for id in due.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.offer(now, id);
        }
    }
}

fn evaluation(now: Millis, id: RequestId, asked: &Asked, host: NodeName) -> Effect {
    let (service, slots, within) = (asked.service.clone(), asked.slots, asked.until.since(now));
    Effect::Evaluate { id, host, service, slots, within }
}
