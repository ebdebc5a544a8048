//! What comes in: orders, answers of zones, zones that come and go.
//!
//! Owns: which answers still count. Refuses: what follows from them; that is [`steps`](super::steps).

use std::collections::BTreeMap;

use actors_protocol::offer::Offer;
use actors_protocol::{Incarnation, Millis, RequestId, ServiceName, ZoneName};

use super::order::Order;
use super::saga::{Level, Phase, Saga};
use super::trace::Stride;
use super::{DeploymentCore, Progress, STANDING_MAX, Start, UNDER_WAY_MAX};

impl DeploymentCore {
    /// Somebody wants slots. Ends with one [`Effect::Done`](super::Effect::Done), unless it is refused here.
    pub fn start(&mut self, now: Millis, order: Order) -> Start {
        let id = order.id;
        if self.sagas.get(&id).is_some_and(|saga| !saga.told) {
            return Start::Joined;
        }
        if let Some(outcome) = self.outcome(id) {
            return Start::Over(Box::new(outcome));
        }
        if let Some(saga) = self.sagas.get(&id) {
            return Start::Over(Box::new(saga.outcome(now)));
        }
        if let Some(flaw) = order.flaw() {
            return Start::Refused(flaw);
        }
        if self.sagas.values().filter(|saga| !saga.told).count() >= UNDER_WAY_MAX {
            return Start::Refused(format!(
                "{UNDER_WAY_MAX} deployments are under way; try again when some have ended"
            ));
        }
        if self.standing.len() + self.sagas.len() >= STANDING_MAX {
            return Start::Refused(format!("{STANDING_MAX} deployments stand; remove one first"));
        }
        if let Some(most) = order.most {
            let of = |saga: &&Saga| saga.order.service == order.service && saga.cause.is_none();
            let has: u64 =
                self.standing.values().chain(self.sagas.values()).filter(of).map(|it| u64::from(it.order.slots)).sum();
            if has + u64::from(order.slots) > u64::from(most) {
                let why = format!(
                    "{} has {has} slots of {most}; ask for fewer, remove some, or raise /slots/most",
                    order.service
                );
                return Start::Refused(why);
            }
        }
        let mut saga = Saga::new(now, order);
        self.begin(now, &mut saga);
        self.settle(now, saga);
        Start::Begun
    }

    /// A service has another manifest: every zone has to get to know it again, and what was offered was for the other.
    pub fn replaced(&mut self, service: &ServiceName) {
        for known in self.registered.values_mut() {
            known.remove(service);
        }
        self.offers.drop_service(service);
    }

    /// A deployment is to go, whether it stands or is under way; `why` is what its caller is told. False: there is none.
    /// Ends with [`Effect::Done`](super::Effect::Done), whose result is an error that says `why`.
    pub fn remove(&mut self, now: Millis, id: RequestId, why: &str) -> bool {
        if let Some(saga) = self.standing.remove(&id) {
            self.sagas.insert(id, saga);
        }
        let Some(saga) = self.sagas.get_mut(&id) else { return false };
        if !matches!(saga.phase, Phase::Undoing { .. }) {
            saga.told = false;
            self.with(now, id, |core, saga| core.undo(now, saga, why.to_owned()));
        }
        true
    }

    /// The zones that are up, and which life of each.
    pub fn zones(&mut self, now: Millis, alive: &[(ZoneName, Incarnation)]) {
        let alive: BTreeMap<ZoneName, Incarnation> = alive.iter().cloned().collect();
        let gone = self.zones.iter().filter(|(zone, life)| alive.get(*zone) != Some(*life));
        let gone: Vec<ZoneName> = gone.map(|(zone, _)| zone.clone()).collect();
        let new = alive.iter().filter(|(zone, life)| self.zones.get(*zone) != Some(*life));
        let new: Vec<ZoneName> = new.map(|(zone, _)| zone.clone()).collect();
        self.zones = alive;
        for zone in gone {
            self.registered.remove(&zone);
            self.offers.drop_zone(&zone);
            for id in self.sagas.keys().copied().collect::<Vec<_>>() {
                self.with(now, id, |core, saga| core.zone_gone(now, saga, &zone));
            }
        }
        for zone in new {
            // It may have forgotten what it should run.
            let standing = self.standing.iter().filter(|(_, saga)| saga.parts.contains_key(&zone));
            for id in standing.map(|(id, _)| *id).collect::<Vec<_>>() {
                if let Some(saga) = self.standing.remove(&id) {
                    self.sagas.insert(id, saga);
                }
            }
            for id in self.sagas.keys().copied().collect::<Vec<_>>() {
                self.with(now, id, |core, saga| core.zone_back(now, saga, &zone));
            }
        }
    }

    /// The deployments that stand in this zone. Remove them before [`DeploymentCore::zone_removed`].
    pub fn in_zone(&self, zone: &ZoneName) -> Vec<RequestId> {
        let stands = |saga: &&Saga| saga.phase == Phase::Committed && saga.parts.contains_key(zone);
        self.standing.values().chain(self.sagas.values()).filter(stands).map(Saga::id).collect()
    }

    /// The zone is unregistered: it never comes back, and nothing in it is left, so that nothing has to be undone there.
    pub fn zone_removed(&mut self, now: Millis, zone: &ZoneName) {
        let rest: Vec<_> = self.zones.iter().filter(|(name, _)| *name != zone).map(|(n, l)| (n.clone(), *l)).collect();
        self.zones(now, &rest);
        for id in self.sagas.keys().copied().collect::<Vec<_>>() {
            self.with(now, id, |_, saga| {
                if matches!(saga.phase, Phase::Undoing { .. }) {
                    saga.advance(now, zone, Level::Undone, Stride::Undo);
                }
            });
        }
    }

    fn zone_gone(&mut self, now: Millis, saga: &mut Saga, zone: &ZoneName) {
        let Some(part) = saga.parts.get_mut(zone) else { return };
        part.again = None;
        match saga.phase {
            Phase::Offering => self.answer(now, saga, zone, Err("it went down while offers were made".to_owned())),
            Phase::Deploying => self.undo(now, saga, format!("{zone} went down while it deployed; deploy again")),
            Phase::Committed | Phase::Undoing { .. } => {}
        }
    }

    fn zone_back(&mut self, now: Millis, saga: &mut Saga, zone: &ZoneName) {
        if let Some(part) = saga.parts.get_mut(zone)
            && saga.phase == Phase::Committed
        {
            (part.level, part.since) = (Level::Confirming, now);
        }
        if matches!(saga.phase, Phase::Committed | Phase::Undoing { .. }) {
            self.push(now, saga, zone);
        }
    }

    /// A zone knows the service now, or cannot.
    pub fn registered(&mut self, now: Millis, id: RequestId, zone: &ZoneName, answer: Result<(), String>) {
        self.with(now, id, |core, saga| {
            if saga.phase != Phase::Offering || saga.parts.get(zone).is_none_or(|part| part.level != Level::Registering)
            {
                return;
            }
            match answer {
                Ok(()) => {
                    core.registered.entry(zone.clone()).or_default().insert(saga.order.service.clone());
                    saga.advance(now, zone, Level::Asked, Stride::Register);
                    core.ask_offer(now, saga, zone);
                }
                Err(cause) => core.answer(now, saga, zone, Err(format!("it did not register the service: {cause}"))),
            }
        });
    }

    /// A zone's offer, or why it makes none. One that comes after the choice is dropped.
    pub fn offered(&mut self, now: Millis, id: RequestId, zone: &ZoneName, answer: Result<Offer, String>) {
        self.with(now, id, |core, saga| {
            if saga.phase == Phase::Offering && saga.parts.get(zone).is_some_and(|part| part.level == Level::Asked) {
                if let Ok(offer) = &answer {
                    core.offers.put(now, &saga.order.service, zone, offer);
                }
                core.answer(now, saga, zone, answer);
            }
        });
    }

    fn answer(&mut self, now: Millis, saga: &mut Saga, zone: &ZoneName, answer: Result<Offer, String>) {
        if saga.advance(now, zone, Level::Answered, Stride::Offer)
            && let Some(part) = saga.parts.get_mut(zone)
        {
            part.offer = Some(answer);
        }
        self.choose_when_all_answered(now, saga);
    }

    /// How far a zone is with its share.
    pub fn progress(&mut self, now: Millis, id: RequestId, zone: &ZoneName, progress: Progress) {
        self.with(now, id, |core, saga| {
            let Some(share) = saga.parts.get(zone).and_then(|part| part.share.as_ref()) else { return };
            let slots = share.slots;
            match (saga.phase, progress) {
                (Phase::Deploying, Progress::Created) => drop(saga.advance(now, zone, Level::Created, Stride::Create)),
                (Phase::Deploying, Progress::Ready) => drop(saga.advance(now, zone, Level::Ready, Stride::Ready)),
                (Phase::Deploying, Progress::Reported(reported)) if reported == slots => {
                    saga.advance(now, zone, Level::Reported, Stride::Report);
                    core.commit_when_all_reported(now, saga);
                }
                (Phase::Deploying, Progress::Reported(reported)) if reported > slots => {
                    let cause =
                        format!("{zone} reports {reported} slots and was asked for {slots}; its builder is at fault");
                    core.undo(now, saga, cause);
                }
                (Phase::Deploying, Progress::Failed(cause)) => core.undo(now, saga, format!("{zone}: {cause}")),
                (Phase::Committed, Progress::Resolvable) => {
                    saga.advance(now, zone, Level::Resolvable, Stride::Resolve);
                }
                // Fewer than asked for are still to come; anything else is news of a phase that is over.
                _ => {}
            }
        });
    }

    /// A zone has made its share lasting, or could not be told to.
    pub fn confirmed(&mut self, now: Millis, id: RequestId, zone: &ZoneName, answer: Result<(), String>) {
        self.with(now, id, |_, saga| {
            if saga.phase == Phase::Committed && answer.is_ok() {
                saga.advance(now, zone, Level::Confirmed, Stride::Confirm);
            }
        });
    }

    /// A zone has taken its share back, or could not be told to.
    pub fn undone(&mut self, now: Millis, id: RequestId, zone: &ZoneName, answer: Result<(), String>) {
        self.with(now, id, |_, saga| {
            if matches!(saga.phase, Phase::Undoing { .. }) && answer.is_ok() {
                saga.advance(now, zone, Level::Undone, Stride::Undo);
            }
        });
    }
}
