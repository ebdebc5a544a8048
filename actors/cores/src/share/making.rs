//! The way to a share whose slots are all free.
//!
//! Owns: what counts as made, ready, reported. Refuses: what comes after; that is [`search`](super::search).

use actors_protocol::deployment::{PlacedInstance, ShareProgress};
use actors_protocol::slot::SlotCounts;
use actors_protocol::zone::ZoneShare;
use actors_protocol::{InstanceName, Millis, NodeName, RequestId};

use super::{Effect, Held, INSTANCES_MAX, Part, Placement, SHARES_MAX, ShareCore, Stage};

impl ShareCore {
    /// A share is ordered; `plan` says where its instances go, or why nowhere. Ends with one [`Effect::Deployed`].
    pub fn deploy(
        &mut self,
        now: Millis,
        share: ZoneShare,
        plan: impl FnOnce() -> Result<Vec<Placement>, String>,
        within: Millis,
    ) {
        let id = share.id;
        if self.undone.contains_key(&id) {
            let cause = "it was undone before; deploy again under a new id".to_owned();
            return self.effects.push_back(Effect::Deployed(id, Err(cause)));
        }
        if let Some(held) = self.shares.get(&id) {
            match &held.stage {
                Stage::Making { .. } => {}
                Stage::Failed(cause) => self.effects.push_back(Effect::Deployed(id, Err(cause.clone()))),
                Stage::Undoing(_) => self.effects.push_back(Effect::Deployed(id, Err("it is being undone".into()))),
                Stage::Provisional | Stage::Confirming | Stage::Kept => {
                    let there = held.placed();
                    self.effects.push_back(Effect::Deployed(id, Ok((share.slots, there))));
                }
            }
            return;
        }
        if self.shares.len() >= SHARES_MAX {
            let cause = format!("the zone has {SHARES_MAX} shares; remove a deployment first");
            return self.effects.push_back(Effect::Deployed(id, Err(cause)));
        }
        let placements = match plan() {
            Ok(placements) => placements,
            Err(cause) => return self.effects.push_back(Effect::Deployed(id, Err(cause))),
        };
        if placements.len() > INSTANCES_MAX {
            let cause = format!(
                "it takes {} instances, and {INSTANCES_MAX} is the most; deploy in parts, or raise /slots/each",
                placements.len()
            );
            return self.effects.push_back(Effect::Deployed(id, Err(cause)));
        }
        let mut held = Held {
            share: share.clone(),
            stage: Stage::Making { until: now + within },
            parts: Default::default(),
            told_created: false,
            round: 0,
            waiting: Default::default(),
            trouble: None,
        };
        for (index, Placement { host, slots }) in placements.into_iter().enumerate() {
            let instance = numbered(&share.stem, index);
            let part = Part { host: host.clone(), slots, made: false, counts: SlotCounts::default() };
            held.parts.insert(instance.clone(), part);
            let placed = PlacedInstance { instance, host, slots };
            self.effects.push_back(Effect::Create { share: share.clone(), placed });
        }
        self.shares.insert(id, held);
    }

    /// A host has made an instance, or why not.
    pub fn created(&mut self, id: RequestId, instance: &InstanceName, answer: Result<(), String>) {
        let Some(held) = self.shares.get_mut(&id).filter(|held| matches!(held.stage, Stage::Making { .. })) else {
            return;
        };
        let Some(part) = held.parts.get_mut(instance) else { return };
        if let Err(cause) = answer {
            let cause = format!("host {}: {cause}", part.host);
            return self.fail(id, cause);
        }
        part.made = true;
        self.go_on(id);
    }

    /// What a factory reports of an instance of this zone.
    pub fn pool(&mut self, host: &NodeName, instance: &InstanceName, counts: SlotCounts) {
        let making = |held: &&mut Held| matches!(held.stage, Stage::Making { .. });
        let held = self.shares.values_mut().filter(making).find(|held| held.parts.contains_key(instance));
        let Some(held) = held else { return };
        let id = held.share.id;
        if let Some(part) = held.parts.get_mut(instance).filter(|part| part.host == *host) {
            part.counts = counts;
            self.go_on(id);
        }
    }

    fn go_on(&mut self, id: RequestId) {
        let Some(held) = self.shares.get_mut(&id) else { return };
        if !held.parts.values().all(|part| part.made) {
            return;
        }
        if !held.told_created {
            held.told_created = true;
            self.effects.push_back(Effect::Progress(id, ShareProgress::Created));
        }
        let more = held.parts.iter().find(|(_, part)| part.counts.capacity() > part.slots);
        if let Some((instance, part)) = more {
            let has = part.counts.capacity();
            let cause = format!("{instance} has {has} slots and was made with {}; its builder is at fault", part.slots);
            return self.fail(id, cause);
        }
        if held.parts.values().all(|part| part.counts.free >= part.slots) {
            held.stage = Stage::Provisional;
            let slots = held.parts.values().map(|part| part.counts.free).sum();
            let there = held.placed();
            self.effects.push_back(Effect::Progress(id, ShareProgress::Ready));
            self.effects.push_back(Effect::Deployed(id, Ok((slots, there))));
        }
    }
}

/// The name of a share's instance.
pub(super) fn numbered(stem: &InstanceName, index: usize) -> InstanceName {
    InstanceName::new(&format!("{stem}-{index}")).expect("a stem is a label of at most 49 characters")
}
