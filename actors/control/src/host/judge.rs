//! What a host says of its instances to the zone: what it has, what is for good, and how well it would run more.
//!
//! Owns: the host's own guess. It knows its builders and its load in slots; it measures nothing. Refuses: making anything.

use actors_kernel::{Answer, Caller, Cx, Handler};
use actors_protocol::host::{
    ConfirmInstance, Confirmation, JudgeInstance, Judgement, ListMade, MadeInstance, MadeList,
};
use actors_protocol::offer::{Offer, SCORE_MAX};
use actors_protocol::{ActorPath, InstanceName, Millis};

use super::{HostActor, INSTANCES_MAX, SLOTS_MAX, running};

/// A guess holds for so long: builders do not change, and the zone counts down what it uses.
const GUESS_HOLDS: Millis = Millis::from_secs(30);

impl Handler<ConfirmInstance> for HostActor {
    fn handle(&mut self, confirm: ConfirmInstance, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Confirmation> {
        let path = ActorPath::of_instance(&confirm.instance);
        let there = cx.node().runs(&path) && !cx.node().retires(&path);
        if !there && !self.building.contains_key(&confirm.instance) {
            return Confirmation::Unknown.into();
        }
        self.books(|books| books.provisional.confirmed(&confirm.instance));
        self.pump(cx);
        Confirmation::Confirmed.into()
    }
}

impl Handler<ListMade> for HostActor {
    fn handle(&mut self, list: ListMade, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<MadeList> {
        let lives = running(cx);
        let is_of = |name: &InstanceName, stem: &InstanceName| {
            name.as_str().strip_prefix(stem.as_str()).is_some_and(|rest| rest.starts_with('-'))
        };
        let building = &self.building;
        let instances = self.books(|books| {
            let here = books.made.iter().filter(|(_, made)| made.zone == list.zone);
            let here = here.filter(|(name, _)| list.stem.as_ref().is_none_or(|stem| is_of(name, stem)));
            let here = here.filter(|(name, _)| !books.doomed.contains(*name));
            here.filter_map(|(name, made)| {
                let incarnation = lives.iter().find(|(living, _)| living == name).map(|(_, life)| *life);
                let provisional = books.provisional.is_provisional(name);
                let there = incarnation.is_some() || building.contains_key(name);
                there.then(|| MadeInstance { instance: name.clone(), incarnation, slots: made.slots, provisional })
            })
            .collect()
        });
        MadeList { instances }.into()
    }
}

impl Handler<JudgeInstance> for HostActor {
    fn handle(&mut self, judge: JudgeInstance, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Judgement> {
        let instances = running(cx).len() + self.building.len();
        let used = self.books(|books| books.made.values().map(|made| made.slots).fold(0, u32::saturating_add));
        let load = u16::try_from(used.min(SLOTS_MAX) * 1_000 / SLOTS_MAX).unwrap_or(1_000);
        let offer = self.offer(&judge, instances, used, load);
        // Builders are the host's own, and so is the load: no other host's word stands for this one's.
        Judgement { offer, environment: cx.node().name().to_string(), load }.into()
    }
}

impl HostActor {
    fn offer(&self, judge: &JudgeInstance, instances: usize, used: u32, load: u16) -> Offer {
        if judge.kind != "actor" {
            return Offer::infeasible(format!("it has no adaptor for kind {}; it has actor", judge.kind));
        }
        if let Some(own) = self.setup.zone.as_ref().filter(|own| **own != judge.create.zone) {
            return Offer::infeasible(format!("it belongs to zone {own}"));
        }
        if let Err(error) = self.setup.registry.find(&judge.create) {
            return Offer::infeasible(error.to_string());
        }
        let each = judge.create.slots.max(1);
        let room = u32::try_from(INSTANCES_MAX.saturating_sub(instances)).unwrap_or(u32::MAX);
        let slots = SLOTS_MAX.saturating_sub(used).min(room.saturating_mul(each));
        if slots == 0 {
            return Offer::infeasible(format!("its {instances} instances have {used} slots; it takes no more"));
        }
        // Never 0: it can.
        let score = (SCORE_MAX - load).max(1);
        let reason = format!("its own guess: {used} of {SLOTS_MAX} slots are made");
        Offer { score, slots, price: 0, valid_for: GUESS_HOLDS, reason }
    }
}
