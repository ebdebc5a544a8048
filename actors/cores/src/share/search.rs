//! The end of being provisional: a share is confirmed, or undone, wherever its instances are.
//!
//! Owns: which hosts are asked what, and when that is done. Refuses: the way there ([`making`](super::making)).

use actors_protocol::host::MadeInstance;
use actors_protocol::slot::SlotCounts;
use actors_protocol::zone::ZoneShare;
use actors_protocol::{InstanceName, Millis, NodeName, RequestId};

use super::making::numbered;
use super::{Done, Effect, Errand, Held, Part, ShareCore, Stage, UNDONE_MAX};

/// What is found of a share that was undone while its host was away: how long its sessions may go on.
const SWEPT_DRAIN: Millis = crate::zone::EXTRA_DRAIN;

impl ShareCore {
    /// The share is for good. Ends with one [`Effect::Confirmed`].
    pub fn confirm(&mut self, share: ZoneShare) {
        let id = share.id;
        if self.undone.contains_key(&id) {
            return self.effects.push_back(Effect::Confirmed(id, Err("it was undone".to_owned())));
        }
        match self.shares.get(&id).map(|held| &held.stage) {
            Some(Stage::Kept) => self.confirmed(id),
            Some(Stage::Provisional) => {
                self.round(id, Stage::Confirming);
                self.confirm_parts(id);
            }
            _ => {
                self.shares.entry(id).or_insert_with(|| blank(share));
                self.search(id, Stage::Confirming);
            }
        }
    }

    /// The share goes, and sessions may go on for `deadline`. Ends with one [`Effect::Undone`].
    pub fn undo(&mut self, share: ZoneShare, deadline: Millis) {
        let id = share.id;
        if self.undone.insert(id, share.stem.clone()).is_none() {
            self.undone_order.push_back(id);
        }
        while self.undone_order.len() > UNDONE_MAX {
            if let Some(oldest) = self.undone_order.pop_front() {
                self.undone.remove(&oldest);
            }
        }
        let held = self.shares.entry(id).or_insert_with(|| blank(share));
        if matches!(held.stage, Stage::Making { .. }) {
            // Whoever waits for it hears why it does not come.
            self.effects.push_back(Effect::Deployed(id, Err("it is undone".to_owned())));
        }
        self.effects.push_back(Effect::Drop(held.share.stem.clone()));
        self.search(id, Stage::Undoing(deadline));
    }

    /// What a host has of a share; none = it did not answer.
    pub fn found(&mut self, id: RequestId, host: &NodeName, round: u64, made: Option<&[MadeInstance]>) {
        if self.shares.get(&id).is_none_or(|held| held.round != round) {
            return;
        }
        let Some(made) = made else { return self.answered(id, host, None, Done::Silent) };
        let Some(held) = self.shares.get_mut(&id) else { return };
        // A host's own word counts: what it does not have, it has not.
        held.parts.retain(|_, part| part.host != *host);
        for made in made {
            let part = Part { host: host.clone(), slots: made.slots, made: true, counts: SlotCounts::default() };
            held.parts.insert(made.instance.clone(), part);
        }
        self.answered(id, host, None, Done::Yes);
    }

    /// How a host answered an errand.
    pub fn host_answered(&mut self, errand: &Errand, done: Done) {
        if self.shares.get(&errand.id).is_some_and(|held| held.round == errand.round) {
            self.answered(errand.id, &errand.host, Some(&errand.instance), done);
        }
    }

    pub(super) fn answered(&mut self, id: RequestId, host: &NodeName, instance: Option<&InstanceName>, done: Done) {
        let Some(held) = self.shares.get_mut(&id) else { return };
        if !held.waiting.remove(&(host.clone(), instance.cloned())) {
            return;
        }
        match (done, instance) {
            (Done::Silent, _) => held.trouble = Some(format!("host {host} does not answer")),
            // It went meanwhile: it is made again, or there is nothing to remove.
            (Done::Unknown, Some(instance)) => drop(held.parts.remove(instance)),
            _ => {}
        }
        if !held.waiting.is_empty() {
            return;
        }
        let searched = instance.is_none();
        match held.stage {
            Stage::Confirming if held.trouble.is_some() => self.not_confirmed(id),
            Stage::Confirming if searched => self.confirm_parts(id),
            Stage::Confirming => self.keep(id),
            Stage::Undoing(deadline) if searched => self.remove_parts(id, deadline),
            Stage::Undoing(_) => self.end_undo(id),
            _ => {}
        }
    }

    /// Another round of asking begins; answers of the one before count no more.
    fn round(&mut self, id: RequestId, stage: Stage) {
        self.round += 1;
        let Some(held) = self.shares.get_mut(&id) else { return };
        held.stage = stage;
        held.round = self.round;
        held.waiting.clear();
        held.trouble = None;
    }

    fn search(&mut self, id: RequestId, stage: Stage) {
        self.round(id, stage);
        let Some(held) = self.shares.get_mut(&id) else { return };
        // What a host had that is down is lost, or ends by itself, or is found when the host is back.
        held.parts.retain(|_, part| self.hosts.contains(&part.host));
        held.waiting = self.hosts.iter().map(|host| (host.clone(), None)).collect();
        for host in &self.hosts {
            let (host, stem, round) = (host.clone(), held.share.stem.clone(), held.round);
            self.effects.push_back(Effect::Search { host, id, stem, round });
        }
        if self.hosts.is_empty() {
            // A zone manager that has just started knows none yet; that is not to know that there is nothing.
            held.trouble = Some("no host of the zone is up".to_owned());
            match held.stage {
                Stage::Undoing(_) => self.end_undo(id),
                _ => self.not_confirmed(id),
            }
        }
    }

    /// All that a host has which was not up before: what was undone meanwhile is removed there, too.
    pub fn swept(&mut self, host: &NodeName, made: &[MadeInstance]) {
        let undone = |instance: &InstanceName| {
            let stem = instance.as_str().rsplit_once('-').map(|(stem, _)| stem);
            self.undone.iter().find(|(_, undone)| Some(undone.as_str()) == stem).map(|(id, _)| *id)
        };
        let remove = |made: &MadeInstance| {
            let (id, host, instance) = (undone(&made.instance)?, host.clone(), made.instance.clone());
            // Of no round: nobody waits for it.
            Some(Effect::Remove(Errand { id, host, instance, round: 0 }, SWEPT_DRAIN))
        };
        let removals: Vec<_> = made.iter().filter_map(remove).collect();
        self.effects.extend(removals);
    }

    fn confirm_parts(&mut self, id: RequestId) {
        let Some(held) = self.shares.get_mut(&id) else { return };
        let errands = errands(held);
        if errands.is_empty() {
            return self.keep(id);
        }
        self.effects.extend(errands.into_iter().map(Effect::Confirm));
    }

    fn remove_parts(&mut self, id: RequestId, deadline: Millis) {
        let Some(held) = self.shares.get_mut(&id) else { return };
        let errands = errands(held);
        if errands.is_empty() {
            return self.end_undo(id);
        }
        self.effects.extend(errands.into_iter().map(|errand| Effect::Remove(errand, deadline)));
    }

    fn not_confirmed(&mut self, id: RequestId) {
        let Some(held) = self.shares.get_mut(&id) else { return };
        let cause = held.trouble.take().unwrap_or_default();
        // What is confirmed already stays; all of it is asked again.
        self.effects.push_back(Effect::Confirmed(id, Err(cause)));
    }

    /// All that is there is for good; what is missing is made, for good as well.
    fn keep(&mut self, id: RequestId) {
        let Some(held) = self.shares.get_mut(&id) else { return };
        held.stage = Stage::Kept;
        let (share, mut missing) = (held.share.clone(), held.share.slots);
        for (instance, part) in &held.parts {
            missing = missing.saturating_sub(part.slots);
            let (instance, host) = (instance.clone(), Some(part.host.clone()));
            self.effects.push_back(Effect::Keep { share: share.clone(), instance, slots: part.slots, host });
        }
        let mut index = 0;
        while missing > 0 {
            let instance = numbered(&share.stem, index);
            index += 1;
            if held.parts.contains_key(&instance) {
                continue;
            }
            let slots = missing.min(share.each.max(1));
            missing -= slots;
            self.effects.push_back(Effect::Keep { share: share.clone(), instance, slots, host: None });
        }
        self.confirmed(id);
    }

    fn confirmed(&mut self, id: RequestId) {
        let there = self.shares.get(&id).map(Held::placed).unwrap_or_default();
        self.effects.push_back(Effect::Confirmed(id, Ok(there)));
    }

    fn end_undo(&mut self, id: RequestId) {
        let trouble = self.shares.get(&id).and_then(|held| held.trouble.clone());
        if trouble.is_none() {
            self.shares.remove(&id);
        }
        self.effects.push_back(Effect::Undone(id, trouble.map_or(Ok(()), Err)));
    }
}

fn blank(share: ZoneShare) -> Held {
    let (parts, waiting) = Default::default();
    Held { share, stage: Stage::Confirming, parts, told_created: false, round: 0, waiting, trouble: None }
}

/// Something to do to each of a share's instances; each is waited for.
fn errands(held: &mut Held) -> Vec<Errand> {
    let errand = |(instance, part): (&InstanceName, &Part)| Errand {
        id: held.share.id,
        host: part.host.clone(),
        instance: instance.clone(),
        round: held.round,
    };
    let errands: Vec<Errand> = held.parts.iter().map(errand).collect();
    held.waiting = errands.iter().map(|errand| (errand.host.clone(), Some(errand.instance.clone()))).collect();
    errands
}
