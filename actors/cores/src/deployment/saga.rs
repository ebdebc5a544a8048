//! One deployment under way: what each zone has done so far, and what follows from all of them.
//!
//! Owns: the state of one deployment. Refuses: the effects that are common to all (`steps`).

use std::collections::BTreeMap;

use actors_protocol::offer::Offer;
use actors_protocol::{Millis, RequestId, ZoneName};

use super::order::{Change, Order, Outcome, Record, Share, Stage};
use super::select::Verdict;
use super::trace::{Stride, Trace};

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Offers are gathered. Nothing is stored, nothing is to be undone.
    Offering,
    /// Zones deploy. Stored as intended.
    Deploying,
    /// All slots were reported. Stored as committed: from here it only goes forward.
    Committed,
    /// It goes. Stored as undoing.
    Undoing {
        /// Its instances do not end by themselves.
        committed: bool,
        /// By then none of its instances can be left, whether or not its zones could be asked.
        over: Option<Millis>,
    },
}

/// How far one zone is. Later is greater within one phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Registering,
    Asked,
    Answered,
    Deploying,
    Created,
    Ready,
    Reported,
    Confirming,
    Confirmed,
    Resolvable,
    Undoing,
    Undone,
}

/// One zone's part.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) level: Level,
    /// When the step that is under way began.
    pub(super) since: Millis,
    /// When a confirmation or an undo that was not answered is sent again; none while its zone is not up.
    pub(super) again: Option<Millis>,
    /// While offers are gathered: what it said.
    pub(super) offer: Option<Result<Offer, String>>,
    pub(super) cached: bool,
    /// Afterwards: what it does.
    pub(super) share: Option<Share>,
}

impl Part {
    pub(super) fn new(now: Millis, level: Level, share: Option<Share>) -> Part {
        Part { level, since: now, again: None, offer: None, cached: false, share }
    }
}

/// One deployment.
#[derive(Clone, Debug)]
pub(super) struct Saga {
    pub(super) order: Order,
    pub(super) phase: Phase,
    /// When the caller is told at the latest how this phase ended; nothing any more once it was told.
    pub(super) until: Millis,
    pub(super) parts: BTreeMap<ZoneName, Part>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) cause: Option<String>,
    pub(super) trace: Trace,
    /// The caller knows how it ended.
    pub(super) told: bool,
}

impl Saga {
    pub(super) fn new(now: Millis, order: Order) -> Saga {
        let until = now + order.offer_within;
        let (parts, verdicts, trace) = (BTreeMap::new(), Vec::new(), Trace::new(now));
        Saga { order, phase: Phase::Offering, until, parts, verdicts, cause: None, trace, told: false }
    }

    pub(super) fn id(&self) -> RequestId {
        self.order.id
    }

    pub(super) fn all(&self, least: Level) -> bool {
        self.parts.values().all(|part| part.level >= least)
    }

    pub(super) fn shares(&self) -> Vec<Share> {
        self.parts.values().filter_map(|part| part.share.clone()).collect()
    }

    /// A zone gets further; earlier steps whose news was lost are part of the one that ends now. False: that is no news.
    pub(super) fn advance(&mut self, now: Millis, zone: &ZoneName, level: Level, stride: Stride) -> bool {
        let Some(part) = self.parts.get_mut(zone).filter(|part| part.level < level) else { return false };
        // What comes after the end (a zone that restarts confirms again) is no step of it.
        if !self.told {
            self.trace.step(now, part.since, stride, Some(zone));
        }
        (part.level, part.since, part.again) = (level, now, None);
        true
    }

    /// What is kept of it, as it is now.
    pub(super) fn record(&self) -> Option<Change> {
        let stage = match self.phase {
            Phase::Offering => return None,
            Phase::Deploying => Stage::Intended,
            Phase::Committed => Stage::Committed,
            Phase::Undoing { committed, .. } => {
                Stage::Undoing { cause: self.cause.clone().unwrap_or_default(), committed }
            }
        };
        let record = Record { order: self.order.clone(), shares: self.shares(), stage };
        Some(Change::Deployment(Box::new(record)))
    }

    /// As a restart finds it. What was merely intended is undone: nobody was promised anything.
    pub(super) fn restore(now: Millis, record: Record, undo_within: Millis, forget_after: Millis) -> Saga {
        let mut saga = Saga::new(now, record.order);
        let (phase, level, cause) = match record.stage {
            Stage::Committed => (Phase::Committed, Level::Confirming, None),
            Stage::Intended => {
                let over = Some(now + forget_after);
                let cause = "the orchestrator restarted before it was committed, and it was undone; deploy again";
                (Phase::Undoing { committed: false, over }, Level::Undoing, Some(cause.to_owned()))
            }
            Stage::Undoing { cause, committed } => {
                let over = (!committed).then(|| now + forget_after);
                (Phase::Undoing { committed, over }, Level::Undoing, Some(cause))
            }
        };
        (saga.phase, saga.cause, saga.until) = (phase, cause, now + undo_within);
        // Whoever asked for what is committed is not there any more.
        saga.told = saga.phase == Phase::Committed;
        let parts = record.shares.into_iter();
        saga.parts = parts.map(|share| (share.zone.clone(), Part::new(now, level, Some(share)))).collect();
        saga
    }

    /// What the caller is told now.
    pub(super) fn outcome(&self, now: Millis) -> Outcome {
        let result = match &self.cause {
            Some(cause) => Err(cause.clone()),
            None => Ok(self.shares()),
        };
        let words = |(zone, part): (&ZoneName, &Part)| match (self.phase, part.level) {
            (Phase::Committed, Level::Resolvable) | (_, Level::Undone) => None,
            (Phase::Committed, Level::Confirmed) => Some(format!("{zone}: its slots cannot be resolved yet")),
            (Phase::Committed, _) => Some(format!("{zone}: it has not confirmed; it is asked again when it is up")),
            (Phase::Undoing { committed: false, .. }, _) => {
                Some(format!("{zone}: it could not be asked to undo; its instances end by themselves"))
            }
            (Phase::Undoing { .. }, _) => {
                Some(format!("{zone}: it could not be asked to undo; it is asked when it is up"))
            }
            _ => None,
        };
        Outcome {
            id: self.id(),
            service: self.order.service.clone(),
            slots: self.order.slots,
            result,
            left: self.parts.iter().filter_map(words).collect(),
            verdicts: self.verdicts.clone(),
            steps: self.trace.steps.clone(),
            took: self.trace.age(now),
        }
    }
}
