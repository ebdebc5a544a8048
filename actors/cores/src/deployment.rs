//! The life of a deployment, as the orchestrator decides it: all of the slots that were asked for, or none.
//!
//! ```text
//!  start ─► offering ──offers in, or their deadline──► select ─►(store: intended)─► deploying ──all reported──►(store: committed)
//!             │ register in zone, ask for an offer        │        each zone: created, ready, reported               │
//!             │ (neither while an earlier one holds)      │                   │ refused, late, zone gone             ▼
//!             ▼                                           ▼                   ▼                          committed: confirm each zone
//!           over, with its cause ◄──────────── not enough on offer   (store: undoing) ──► undo each zone             │ resolvable
//!                                                                             │            ▲                         ▼
//!                             over, with its cause (store: gone) ◄────────────┘            └──── remove ◄─────── over, it stands
//! ```
//!
//! Owns: which zones, how many slots each, what is stored before what is sent, and what follows from every answer, silence
//! and crash. Refuses: talking to zones, storing, and what a zone does with its share.
//!
//! **Store, then send.** Effects are carried out in the order they are taken; an [`Effect::Store`] is committed before the
//! next is taken. If the commit fails, nothing more is taken and the core is made anew from what the store has. On the
//! way to success there are two commits: what is intended, before any zone deploys; that it is committed, before any is
//! confirmed or the caller is told.
//!
//! **What a crash leaves.** Before the first commit: nothing. Before the second: instances that are provisional, which are
//! undone, and which end by themselves [`PROVISIONAL`] after they were made where that does not reach them. After it: the
//! deployment stands, and every zone that comes back is told so again.
//!
//! **What zones keep to.** `Deploy`, `Confirm` and `Undo` of one share may come twice. `Confirm` makes the share if it is
//! not there (its host may have gone meanwhile). What was undone is refused from then on; names are never used again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use actors_protocol::{Incarnation, Millis, RequestId, ServiceName, ZoneName};

mod inputs;
mod offers;
mod order;
mod over;
mod provisional;
mod saga;
mod select;
mod show;
mod steps;
#[cfg(test)]
mod tests;
mod trace;

pub use offers::OFFERS_MAX;
pub use order::{Change, DEPLOY_WITHIN_MAX, OFFER_WITHIN_MAX, Order, Outcome, Record, Road, Share, Stage};
pub use over::OVER_MAX;
pub use provisional::ProvisionalCore;
pub use select::{Candidate, Selection, Verdict, Wish, select};
pub use trace::{Step, Stride};

use offers::Offers;
use over::Over;

use crate::flaw::{Flaw, flawed};
use saga::{Level, Phase, Saga};

/// An instance that is not confirmed for so long removes itself.
pub const PROVISIONAL: Millis = Millis::from_secs(60);
/// By then after an undo was decided, no instance that was never confirmed can be left: an order to deploy may have been
/// under way for as long as a deployment may take, and its instance then lives for [`PROVISIONAL`].
pub const FORGET_AFTER: Millis = Millis(DEPLOY_WITHIN_MAX.0 + PROVISIONAL.0);
/// What was committed can be resolved within this time, or the caller is told where not.
pub const RESOLVE_WITHIN: Millis = Millis::from_secs(5);
/// What is undone is undone within this time, or the caller is told where not.
pub const UNDO_WITHIN: Millis = Millis::from_secs(5);
/// A confirmation or an undo that was not answered is sent again after this time, while its zone is up.
pub const AGAIN_AFTER: Millis = Millis::from_secs(5);
/// Deployments under way at once.
pub const UNDER_WAY_MAX: usize = 256;
/// Deployments that stand.
pub const STANDING_MAX: usize = 65_536;

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Commit this before the next effect is taken.
    Store(Change),
    /// Send this to a zone's manager; tell the core what it answers, or that it does not.
    Send {
        /// To which zone.
        zone: ZoneName,
        /// What.
        ask: Ask,
    },
    /// Tell whoever asked. After a restart it may come a second time.
    Done(Box<Outcome>),
}

/// What a zone is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Get to know the service. Answer: [`DeploymentCore::registered`].
    Register {
        /// For which deployment.
        id: RequestId,
        /// Which service; its manifest goes along.
        service: ServiceName,
    },
    /// Make an offer. Answer: [`DeploymentCore::offered`].
    Offer {
        /// For which deployment.
        id: RequestId,
        /// Of which service.
        service: ServiceName,
        /// How many slots are wanted; the offer may have fewer.
        slots: u32,
        /// Create or configure.
        road: Road,
        /// An answer after this is of no use.
        within: Millis,
    },
    /// Make the share, provisionally. Answers: [`DeploymentCore::progress`], several.
    Deploy {
        /// What.
        share: Share,
        /// An answer after this is of no use.
        within: Millis,
    },
    /// The share is for good; make it if it is not there. Answer: [`DeploymentCore::confirmed`].
    Confirm {
        /// What.
        share: Share,
    },
    /// The share goes, and never comes back. Answer: [`DeploymentCore::undone`].
    Undo {
        /// What.
        share: Share,
        /// It was for good: its sessions may end in peace.
        drain: bool,
    },
}

/// What a zone tells of a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Its instances exist.
    Created,
    /// They are ready.
    Ready,
    /// So many of its slots are reported, of all its instances together.
    Reported(u32),
    /// A resolver hands them out.
    Resolvable,
    /// It did not work, and why; also when the zone does not answer.
    Failed(String),
}

/// What [`DeploymentCore::start`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// It begins.
    Begun,
    /// The same was asked for before and is under way.
    Joined,
    /// The same was asked for before, and ended like this.
    Over(Box<Outcome>),
    /// It is not begun, and why.
    Refused(String),
}

/// The orchestrator's core for deployments.
#[derive(Debug, Default)]
pub struct DeploymentCore {
    /// The zones that are up, and which life of each.
    zones: BTreeMap<ZoneName, Incarnation>,
    /// Which services the present life of a zone knows.
    registered: BTreeMap<ZoneName, BTreeSet<ServiceName>>,
    offers: Offers,
    /// Under way, or not done with some zone.
    sagas: BTreeMap<RequestId, Saga>,
    /// Committed, confirmed, told.
    standing: BTreeMap<RequestId, Saga>,
    over: Over,
    effects: VecDeque<Effect>,
}

impl DeploymentCore {
    /// With what was stored. Nothing is sent before the first [`DeploymentCore::zones`].
    pub fn restore(now: Millis, stored: impl IntoIterator<Item = Change>) -> DeploymentCore {
        DeploymentCore::restore_with(now, stored, Flaw::None)
    }

    /// The same with one wrong decision; only a harness asks for another than none.
    pub fn restore_with(now: Millis, stored: impl IntoIterator<Item = Change>, flaw: Flaw) -> DeploymentCore {
        let mut core = DeploymentCore::default();
        for change in stored {
            match change {
                Change::Deployment(mut record) => {
                    if flawed!(flaw, IntentionKept) && record.stage == Stage::Intended {
                        // And its zones are forgotten, which would have made it good again.
                        record.shares.clear();
                        record.stage = Stage::Committed;
                    }
                    let saga = Saga::restore(now, *record, UNDO_WITHIN, FORGET_AFTER);
                    core.sagas.insert(saga.id(), saga);
                }
                Change::DeploymentGone(id) => drop(core.sagas.remove(&id)),
            }
        }
        // What was merely intended is undone from now on, also over the next restart.
        let undone = core.sagas.values().filter(|saga| matches!(saga.phase, Phase::Undoing { .. }));
        core.effects = undone.filter_map(Saga::record).map(Effect::Store).collect();
        core
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When to call [`DeploymentCore::on_timeout`].
    pub fn poll_timeout(&self) -> Option<Millis> {
        self.sagas.values().filter_map(Self::next_timeout).min()
    }

    fn next_timeout(saga: &Saga) -> Option<Millis> {
        let told = (!saga.told).then_some(saga.until);
        let over = match saga.phase {
            Phase::Undoing { over, .. } => over,
            _ => None,
        };
        let again = saga.parts.values().filter_map(|part| part.again);
        told.into_iter().chain(over).chain(again).min()
    }

    /// What has come to its deadline.
    pub fn on_timeout(&mut self, now: Millis) {
        let due = self.sagas.values().filter(|saga| Self::next_timeout(saga).is_some_and(|at| at <= now));
        for id in due.map(Saga::id).collect::<Vec<_>>() {
            self.with(now, id, |core, saga| core.expire(now, saga));
        }
    }

    /// How a deployment ended; none = it is under way, or not known.
    pub fn outcome(&self, id: RequestId) -> Option<Outcome> {
        let standing = self.standing.get(&id).map(|saga| saga.outcome(saga.until));
        standing.or_else(|| self.over.get(id).cloned())
    }

    /// The deployments that are not done with, each with what is still to do; for people.
    pub fn under_way(&self) -> impl Iterator<Item = (RequestId, &Order, &'static str)> {
        self.sagas.values().map(|saga| {
            let word = match saga.phase {
                Phase::Offering => "offering",
                Phase::Deploying => "deploying",
                Phase::Committed => "confirming",
                Phase::Undoing { .. } => "undoing",
            };
            (saga.id(), &saga.order, word)
        })
    }

    /// The shares that stand, for good.
    pub fn standing(&self) -> impl Iterator<Item = Share> {
        let confirming = self.sagas.values().filter(|saga| saga.phase == Phase::Committed);
        self.standing.values().chain(confirming).flat_map(Saga::shares)
    }

    /// Lets `change` a deployment that is under way, and puts it where it belongs afterwards.
    fn with(&mut self, now: Millis, id: RequestId, change: impl FnOnce(&mut DeploymentCore, &mut Saga)) {
        let Some(mut saga) = self.sagas.remove(&id) else { return };
        change(self, &mut saga);
        self.settle(now, saga);
    }

    fn settle(&mut self, now: Millis, mut saga: Saga) {
        let ended = match saga.phase {
            Phase::Offering => saga.cause.is_some(),
            Phase::Deploying => false,
            Phase::Committed => saga.all(if saga.told { Level::Confirmed } else { Level::Resolvable }),
            Phase::Undoing { over, .. } => saga.all(Level::Undone) || over.is_some_and(|over| over <= now),
        };
        if ended && !saga.told {
            self.tell(now, &mut saga);
        }
        match saga.phase {
            _ if !ended => drop(self.sagas.insert(saga.id(), saga)),
            Phase::Committed => drop(self.standing.insert(saga.id(), saga)),
            Phase::Undoing { .. } => self.effects.push_back(Effect::Store(Change::DeploymentGone(saga.id()))),
            _ => {}
        }
    }

    /// The caller hears how it ended, or how far it is when it has had its time.
    fn tell(&mut self, now: Millis, saga: &mut Saga) {
        let outcome = saga.outcome(now);
        saga.told = true;
        // What the outcome of what stands says about time.
        saga.until = now;
        if outcome.result.is_err() {
            self.over.put(outcome.clone());
        }
        self.effects.push_back(Effect::Done(Box::new(outcome)));
    }
}
