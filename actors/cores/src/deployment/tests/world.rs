//! A little model of what is around the core: zones that make instances, a network that loses and doubles and reorders,
//! a store that survives, and crashes of each.
//!
//! Owns: what must hold at every moment ([`World::check`]) and when all is quiet ([`World::quiet`]).

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// An instance in a zone: all of one share.
#[derive(Clone, Debug)]
struct Instance {
    slots: u32,
    /// When it removes itself; none = it was confirmed.
    ends: Option<Millis>,
}

#[derive(Debug, Default)]
struct Zone {
    up: bool,
    life: u64,
    instances: BTreeMap<RequestId, Instance>,
    /// What was undone in this life.
    undone: BTreeSet<RequestId>,
    /// How good it is; 0 = it cannot.
    score: u16,
    /// It cannot make instances at present.
    refuses: bool,
}

/// What is on its way.
#[derive(Clone, Debug)]
enum Letter {
    /// To one life of a zone; of no use after a while.
    Ask { zone: ZoneName, life: u64, ask: Ask, until: Millis },
    /// To one life of the core.
    Answer { zone: ZoneName, core: u64, answer: Answer },
}

#[derive(Clone, Debug)]
enum Answer {
    Registered(RequestId),
    Offered(RequestId, Offer),
    Progress(RequestId, Progress),
    Confirmed(RequestId),
    Undone(RequestId),
}

/// Everything around the core, and the core.
pub(super) struct World {
    pub(super) now: Millis,
    core: DeploymentCore,
    /// Which life of the core.
    life: u64,
    zones: BTreeMap<ZoneName, Zone>,
    letters: Vec<Letter>,
    store: BTreeMap<RequestId, Record>,
    ordered: BTreeMap<RequestId, u32>,
    /// Commits of each deployment in the present life of the core.
    commits: BTreeMap<RequestId, u32>,
    pub(super) done: BTreeMap<RequestId, Outcome>,
    /// Deployments whose order a crash of the core may have swallowed.
    swallowed: BTreeSet<RequestId>,
    removed: BTreeSet<RequestId>,
}

impl World {
    pub(super) fn new() -> World {
        let zones = ["zone-a", "zone-b", "zone-c"]
            .map(|name| (zone(name), Zone { up: true, life: 1, score: 800, ..Zone::default() }));
        let mut world = World {
            now: NOW,
            core: DeploymentCore::default(),
            life: 1,
            zones: zones.into(),
            letters: Vec::new(),
            store: BTreeMap::new(),
            ordered: BTreeMap::new(),
            commits: BTreeMap::new(),
            done: BTreeMap::new(),
            swallowed: BTreeSet::new(),
            removed: BTreeSet::new(),
        };
        world.tell_zones();
        world
    }

    fn tell_zones(&mut self) {
        let up = self.zones.iter().filter(|(_, zone)| zone.up);
        let up: Vec<_> = up.map(|(name, zone)| (name.clone(), Incarnation(zone.life))).collect();
        self.core.zones(self.now, &up);
    }

    fn zone_at(&mut self, index: usize) -> (ZoneName, &mut Zone) {
        let index = index % self.zones.len();
        let (name, zone) = self.zones.iter_mut().nth(index).expect("an index within");
        (name.clone(), zone)
    }

    pub(super) fn start(&mut self, id: u128, slots: u32) {
        // The same id is the same order.
        let slots = *self.ordered.entry(RequestId(id << 64)).or_insert(slots);
        let order = order(id, slots);
        if !self.store.contains_key(&order.id) && !self.done.contains_key(&order.id) {
            self.core.start(self.now, order);
        }
    }

    pub(super) fn remove(&mut self, id: u128) {
        let id = RequestId(id << 64);
        if self.core.remove(self.now, id, "removed by its owner") {
            self.removed.insert(id);
        }
    }

    /// Carries out at most `most` effects; a crash may come after any of them.
    pub(super) fn act(&mut self, most: usize) {
        for _ in 0..most {
            let Some(effect) = self.core.poll_effect() else { return };
            match effect {
                Effect::Store(Change::Deployment(record)) => {
                    *self.commits.entry(record.order.id).or_default() += 1;
                    self.store.insert(record.order.id, *record);
                }
                Effect::Store(Change::DeploymentGone(id)) => drop(self.store.remove(&id)),
                Effect::Send { zone, ask } => {
                    let stored = match &ask {
                        Ask::Deploy { share, .. } => self.store.contains_key(&share.id),
                        Ask::Confirm { share } => {
                            self.store.get(&share.id).is_some_and(|record| record.stage == Stage::Committed)
                        }
                        _ => true,
                    };
                    assert!(stored, "sent before it was stored: {ask:?}");
                    let until = match &ask {
                        Ask::Deploy { within, .. } | Ask::Offer { within, .. } => self.now + *within,
                        _ => self.now + Millis::from_secs(5),
                    };
                    let life = self.zones[&zone].life;
                    self.letters.push(Letter::Ask { zone, life, ask, until });
                }
                Effect::Done(outcome) => self.hear(*outcome),
            }
        }
    }

    fn hear(&mut self, outcome: Outcome) {
        match &outcome.result {
            Ok(shares) => {
                assert_eq!(shares.iter().map(|share| share.slots).sum::<u32>(), self.ordered[&outcome.id]);
                assert!(self.store.get(&outcome.id).is_some_and(|record| record.stage == Stage::Committed));
                assert!(self.commits[&outcome.id] <= 2, "more than two commits on the way to success");
            }
            Err(cause) => assert!(!cause.is_empty(), "refused without a cause"),
        }
        self.done.insert(outcome.id, outcome);
    }

    /// The letter at `index` arrives; where `again`, another copy is still on its way.
    pub(super) fn deliver(&mut self, index: usize, again: bool) {
        if self.letters.is_empty() {
            return;
        }
        let index = index % self.letters.len();
        let letter = if again { self.letters[index].clone() } else { self.letters.remove(index) };
        match letter {
            Letter::Ask { zone, life, ask, until } => {
                let is = &self.zones[&zone];
                if is.up && is.life == life && self.now <= until {
                    self.asked(&zone, ask);
                }
            }
            Letter::Answer { zone, core, answer } if core == self.life => self.answered(&zone, answer),
            Letter::Answer { .. } => {}
        }
    }

    pub(super) fn lose(&mut self, index: usize) {
        if !self.letters.is_empty() {
            self.letters.remove(index % self.letters.len());
        }
    }

    fn answered(&mut self, zone: &ZoneName, answer: Answer) {
        let now = self.now;
        match answer {
            Answer::Registered(id) => self.core.registered(now, id, zone, Ok(())),
            Answer::Offered(id, offer) => self.core.offered(now, id, zone, Ok(offer)),
            Answer::Progress(id, progress) => self.core.progress(now, id, zone, progress),
            Answer::Confirmed(id) => self.core.confirmed(now, id, zone, Ok(())),
            Answer::Undone(id) => self.core.undone(now, id, zone, Ok(())),
        }
    }

    /// A zone as `deployment.rs` says it keeps to.
    fn asked(&mut self, name: &ZoneName, ask: Ask) {
        let (now, zone) = (self.now, self.zones.get_mut(name).expect("a zone of this world"));
        let answers = match ask {
            Ask::Register { id, .. } => vec![Answer::Registered(id)],
            Ask::Offer { id, .. } => {
                let valid_for = Millis(if zone.score.is_multiple_of(2) { 3_000 } else { 0 });
                let slots = if zone.score == 0 { 0 } else { 5 };
                vec![Answer::Offered(
                    id,
                    Offer { score: zone.score, slots, price: 0, valid_for, reason: "full".into() },
                )]
            }
            Ask::Deploy { share, .. } if zone.undone.contains(&share.id) || zone.refuses => {
                vec![Answer::Progress(share.id, Progress::Failed("no room".into()))]
            }
            Ask::Deploy { share, .. } => {
                let ends = Some(now + PROVISIONAL);
                let instance = zone.instances.entry(share.id).or_insert(Instance { slots: share.slots, ends });
                // Asked again, it begins to wait anew.
                instance.ends = instance.ends.and(ends);
                [Progress::Created, Progress::Ready, Progress::Reported(share.slots)]
                    .map(|progress| Answer::Progress(share.id, progress))
                    .to_vec()
            }
            Ask::Confirm { share } if zone.undone.contains(&share.id) => Vec::new(),
            Ask::Confirm { share } => {
                zone.instances.insert(share.id, Instance { slots: share.slots, ends: None });
                vec![Answer::Confirmed(share.id), Answer::Progress(share.id, Progress::Resolvable)]
            }
            Ask::Undo { share, .. } => {
                zone.instances.remove(&share.id);
                zone.undone.insert(share.id);
                vec![Answer::Undone(share.id)]
            }
        };
        let core = self.life;
        self.letters.extend(answers.into_iter().map(|answer| Letter::Answer { zone: name.clone(), core, answer }));
    }

    /// Time passes: deadlines, and provisional instances that end themselves, whoever is up.
    pub(super) fn pass(&mut self, time: Millis) {
        let end = self.now + time;
        while let Some(due) = self.core.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.end_provisional();
            self.core.on_timeout(self.now);
            assert!(self.core.poll_timeout().is_none_or(|next| next > self.now), "a deadline that does not pass");
        }
        self.now = end;
        self.end_provisional();
    }

    fn end_provisional(&mut self) {
        for zone in self.zones.values_mut() {
            zone.instances.retain(|_, instance| instance.ends.is_none_or(|ends| ends > self.now));
        }
    }

    /// The orchestrator is killed and starts again with what it had stored.
    pub(super) fn crash_core(&mut self) {
        self.swallowed.extend(self.ordered.keys().filter(|id| !self.store.contains_key(id)));
        let stored = self.store.values().cloned().map(|record| Change::Deployment(Box::new(record)));
        self.core = DeploymentCore::restore(self.now, stored);
        self.life += 1;
        self.commits.clear();
        self.tell_zones();
    }

    /// The zone manager is killed; its hosts go on.
    pub(super) fn crash_zone(&mut self, index: usize) {
        self.zone_at(index).1.up = false;
        self.tell_zones();
    }

    pub(super) fn start_zone(&mut self, index: usize) {
        let (_, zone) = self.zone_at(index);
        if !zone.up {
            (zone.up, zone.life, zone.undone) = (true, zone.life + 1, BTreeSet::new());
        }
        self.tell_zones();
    }

    /// It is killed and back before anybody saw it gone.
    pub(super) fn bounce_zone(&mut self, index: usize) {
        self.zone_at(index).1.up = false;
        self.start_zone(index);
    }

    /// The zone's only host is lost and replaced: what was for good is made again, what was not is reported.
    pub(super) fn crash_host(&mut self, index: usize) {
        let core = self.life;
        let (name, zone) = self.zone_at(index);
        let lost: Vec<_> = zone.instances.iter().filter(|(_, it)| it.ends.is_some()).map(|(id, _)| *id).collect();
        zone.instances.retain(|_, instance| instance.ends.is_none());
        let up = zone.up;
        for id in lost.into_iter().filter(|_| up) {
            let answer = Answer::Progress(id, Progress::Failed("its host is gone".to_owned()));
            self.letters.push(Letter::Answer { zone: name.clone(), core, answer });
        }
    }

    pub(super) fn mood(&mut self, index: usize, score: u16, refuses: bool) {
        let (_, zone) = self.zone_at(index);
        (zone.score, zone.refuses) = (score, refuses);
    }

    /// What holds at every moment.
    pub(super) fn check(&self) {
        for (id, wanted) in &self.ordered {
            let there: u32 = self.instances(*id).map(|instance| instance.slots).sum();
            assert!(there <= *wanted, "{there} slots, and {wanted} were asked for");
            if self.instances(*id).any(|instance| instance.ends.is_none()) {
                let stage = self.store.get(id).map(|record| &record.stage);
                let known = matches!(stage, Some(Stage::Committed | Stage::Undoing { committed: true, .. }));
                assert!(known, "an instance is there for good, and the store says {stage:?}");
            }
        }
        let waits = self.core.sagas.values().any(|saga| !saga.told);
        assert!(!waits || self.core.poll_timeout().is_some(), "somebody waits without a deadline");
    }

    fn instances(&self, id: RequestId) -> impl Iterator<Item = &Instance> {
        self.zones.values().filter_map(move |zone| zone.instances.get(&id))
    }

    /// Everything is up and nothing is lost from here on, for as long as anything can take.
    pub(super) fn settle(&mut self) {
        for index in 0..self.zones.len() {
            self.start_zone(index);
        }
        for _ in 0..30 {
            for _ in 0..10_000 {
                self.act(usize::MAX);
                if self.letters.is_empty() {
                    break;
                }
                self.deliver(0, false);
                self.check();
            }
            self.pass(Millis::from_secs(5));
        }
        self.act(usize::MAX);
    }

    /// Which endings this history had.
    pub(super) fn reached(&self) -> BTreeSet<&'static str> {
        let word = |outcome: &Outcome| match &outcome.result {
            _ if !outcome.left.is_empty() => "told what is left",
            Ok(_) => "stands",
            Err(cause) if cause.contains("orchestrator restarted") => "undone after a restart",
            Err(cause) if cause.contains("by its owner") => "removed",
            Err(_) if outcome.steps.iter().any(|step| step.stride == Stride::Undo) => "undone",
            Err(_) => "refused",
        };
        self.done.values().map(word).collect()
    }

    /// What holds in the end: all or nothing, and whoever asked was answered.
    pub(super) fn quiet(&self) {
        assert_eq!(self.core.under_way().count(), 0, "something is still under way");
        assert_eq!(self.core.poll_timeout(), None);
        for (id, wanted) in &self.ordered {
            let there: u32 = self.instances(*id).map(|instance| instance.slots).sum();
            assert!(self.instances(*id).all(|instance| instance.ends.is_none()), "something provisional is left");
            let done = self.done.get(id).map(|outcome| &outcome.result);
            match self.store.get(id).map(|record| &record.stage) {
                Some(Stage::Committed) => {
                    assert_eq!(there, *wanted, "not all");
                    // A crash between the commit and the answer: whoever asks hears it.
                    assert!(
                        done.is_some_and(Result::is_ok) || self.core.outcome(*id).is_some_and(|it| it.result.is_ok())
                    );
                }
                Some(stage) => panic!("still {stage:?}"),
                None => {
                    assert_eq!(there, 0, "not nothing");
                    let answered = matches!(done, Some(Err(_))) || self.swallowed.contains(id);
                    assert!(answered, "nobody was told why there is nothing: {done:?}");
                    assert!(!matches!(done, Some(Ok(_))) || self.removed.contains(id), "what was promised is gone");
                }
            }
        }
    }
}
