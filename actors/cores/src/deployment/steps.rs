//! What follows: the transitions from one phase of a deployment to the next, and the effects of each.
//!
//! Owns: the order of storing and sending. Refuses: hearing anybody; that is [`inputs`](super::inputs).

use actors_protocol::{Millis, ZoneName};

use super::order::Share;
use super::saga::{Level, Part, Phase, Saga};
use super::select::{Candidate, Wish, select};
use super::trace::Stride;
use super::{AGAIN_AFTER, Ask, DeploymentCore, Effect, FORGET_AFTER, RESOLVE_WITHIN, UNDO_WITHIN};

impl DeploymentCore {
    fn send(&mut self, zone: &ZoneName, ask: Ask) {
        self.effects.push_back(Effect::Send { zone: zone.clone(), ask });
    }

    fn store(&mut self, saga: &Saga) {
        self.effects.extend(saga.record().map(Effect::Store));
    }

    /// Zones that may be asked, and what each is asked first.
    pub(super) fn begin(&mut self, now: Millis, saga: &mut Saga) {
        let wanted = |zone: &ZoneName| saga.order.zones.is_empty() || saga.order.zones.contains(zone);
        for zone in self.zones.keys().filter(|zone| wanted(zone)) {
            saga.parts.insert(zone.clone(), Part::new(now, Level::Registering, None));
        }
        for zone in saga.order.zones.iter().filter(|zone| !self.zones.contains_key(*zone)) {
            let mut part = Part::new(now, Level::Answered, None);
            part.offer = Some(Err("it is not up".to_owned()));
            saga.parts.insert(zone.clone(), part);
        }
        saga.trace.step(now, now, Stride::Preselect, None);
        let (id, service) = (saga.id(), saga.order.service.clone());
        let asked: Vec<ZoneName> =
            saga.parts.iter().filter(|(_, part)| part.offer.is_none()).map(|(zone, _)| zone.clone()).collect();
        for zone in asked {
            if let Some(offer) = self.offers.get(now, &service, &zone) {
                if let Some(part) = saga.parts.get_mut(&zone) {
                    (part.offer, part.cached) = (Some(Ok(offer)), true);
                }
                saga.advance(now, &zone, Level::Answered, Stride::Offer);
            } else if self.registered.get(&zone).is_some_and(|known| known.contains(&service)) {
                self.ask_offer(now, saga, &zone);
            } else {
                self.send(&zone, Ask::Register { id, service: service.clone() });
            }
        }
        self.choose_when_all_answered(now, saga);
    }

    pub(super) fn ask_offer(&mut self, now: Millis, saga: &mut Saga, zone: &ZoneName) {
        let Some(part) = saga.parts.get_mut(zone) else { return };
        (part.level, part.since) = (Level::Asked, now);
        let (service, slots, road) = (saga.order.service.clone(), saga.order.slots, saga.order.road);
        self.send(zone, Ask::Offer { id: saga.id(), service, slots, road, within: saga.until.since(now) });
    }

    pub(super) fn choose_when_all_answered(&mut self, now: Millis, saga: &mut Saga) {
        if saga.phase == Phase::Offering && saga.cause.is_none() && saga.all(Level::Answered) {
            self.choose(now, saga);
        }
    }

    /// Of the offers that are there.
    fn choose(&mut self, now: Millis, saga: &mut Saga) {
        let within = saga.order.offer_within;
        let candidate = |(zone, part): (&ZoneName, &Part)| Candidate {
            zone: zone.clone(),
            offer: part.offer.clone().unwrap_or_else(|| Err(format!("it made no offer within {within}"))),
            cached: part.cached,
        };
        let candidates: Vec<Candidate> = saga.parts.iter().map(candidate).collect();
        let order = &saga.order;
        let wish = Wish { slots: order.slots, zones_most: order.zones_most, price_most: order.price_most };
        let selection = select(wish, &candidates);
        saga.verdicts = selection.verdicts;
        saga.trace.step(now, now, Stride::Select, None);
        if let Some(refused) = selection.refused {
            // Whoever tries again is answered by the zones, not by what is left of older offers.
            self.offers.drop_service(&saga.order.service);
            saga.cause = Some(refused);
            return;
        }
        let stem = saga.order.stem();
        let share = |zone: &ZoneName, slots| Share {
            id: saga.id(),
            zone: zone.clone(),
            service: saga.order.service.clone(),
            slots,
            each: saga.order.each,
            road: saga.order.road,
            stem: stem.clone(),
        };
        let given = saga.verdicts.iter().filter(|verdict| verdict.given > 0);
        let shares: Vec<Share> = given.map(|verdict| share(&verdict.zone, verdict.given)).collect();
        let part = |share: &Share| (share.zone.clone(), Part::new(now, Level::Deploying, Some(share.clone())));
        saga.parts = shares.iter().map(part).collect();
        (saga.phase, saga.until) = (Phase::Deploying, now + saga.order.deploy_within);
        self.store(saga);
        for share in shares {
            self.offers.take(&share.service, &share.zone, share.slots);
            self.send(&share.zone.clone(), Ask::Deploy { share, within: saga.order.deploy_within });
        }
    }

    /// All slots are there: from here it only goes forward.
    pub(super) fn commit_when_all_reported(&mut self, now: Millis, saga: &mut Saga) {
        if saga.phase != Phase::Deploying || !saga.all(Level::Reported) {
            return;
        }
        (saga.phase, saga.until) = (Phase::Committed, now + RESOLVE_WITHIN);
        self.store(saga);
        self.push_all(now, saga, Level::Confirming);
    }

    /// It goes, with all that it has.
    pub(super) fn undo(&mut self, now: Millis, saga: &mut Saga, cause: String) {
        let committed = saga.phase == Phase::Committed;
        saga.cause = Some(cause);
        if saga.phase == Phase::Offering {
            return;
        }
        for share in saga.shares() {
            self.offers.drop_one(&share.service, &share.zone);
        }
        let over = (!committed).then(|| now + FORGET_AFTER);
        (saga.phase, saga.until) = (Phase::Undoing { committed, over }, now + UNDO_WITHIN);
        self.store(saga);
        self.push_all(now, saga, Level::Undoing);
    }

    /// Every zone is confirmed, or asked to undo.
    fn push_all(&mut self, now: Millis, saga: &mut Saga, level: Level) {
        for part in saga.parts.values_mut() {
            (part.level, part.since, part.again) = (level, now, None);
        }
        for zone in saga.parts.keys().cloned().collect::<Vec<_>>() {
            self.push(now, saga, &zone);
        }
    }

    /// A zone is confirmed or asked to undo, (again,) if it is up and has not answered.
    pub(super) fn push(&mut self, now: Millis, saga: &mut Saga, zone: &ZoneName) {
        let up = self.zones.contains_key(zone);
        let Some(part) = saga.parts.get_mut(zone) else { return };
        part.again = up.then_some(now + AGAIN_AFTER);
        let (Some(share), true) = (part.share.clone(), up) else { return };
        match (saga.phase, part.level) {
            (Phase::Committed, Level::Confirming) => self.send(zone, Ask::Confirm { share }),
            (Phase::Undoing { committed, .. }, Level::Undoing) => {
                self.send(zone, Ask::Undo { share, drain: committed });
            }
            _ => part.again = None,
        }
    }

    /// Deadlines of one deployment.
    pub(super) fn expire(&mut self, now: Millis, saga: &mut Saga) {
        if !saga.told && saga.until <= now {
            match saga.phase {
                Phase::Offering => self.choose(now, saga),
                Phase::Deploying => {
                    let late = saga.parts.iter().filter(|(_, part)| part.level < Level::Reported);
                    let late: Vec<String> =
                        late.map(|(zone, part)| format!("{zone} {}", missing(part.level))).collect();
                    let cause = format!("not ready within {}: {}", saga.order.deploy_within, late.join("; "));
                    self.undo(now, saga, cause);
                }
                Phase::Committed | Phase::Undoing { .. } => self.tell(now, saga),
            }
        }
        let due = saga.parts.iter().filter(|(_, part)| part.again.is_some_and(|again| again <= now));
        for zone in due.map(|(zone, _)| zone.clone()).collect::<Vec<_>>() {
            self.push(now, saga, &zone);
        }
    }
}

/// What a zone that is late has not done.
fn missing(level: Level) -> &'static str {
    match level {
        Level::Deploying => "has created nothing",
        Level::Created => "has created its instances, and they are not ready",
        _ => "has not reported its slots",
    }
}
