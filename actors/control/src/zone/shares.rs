//! The zone manager's side of deployments: the thin shell around [`ShareCore`].
//!
//! Owns: the asking of hosts, and who waits for which answer. Refuses: deciding; and keeping what is for good running, which
//! is the zone core's.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actors_cores::deployment::PROVISIONAL;
use actors_cores::evaluation::EvaluationCore;
use actors_cores::share::{Done, Effect, Errand, ShareCore};
use actors_cores::zone::Wanted;
use actors_kernel::{Addr, Answer, Caller, Cx, Handler, Promise};
use actors_protocol::deployment::{PlacedInstance, ReportShare, ShareProgress};
use actors_protocol::host::{ConfirmInstance, Confirmation, Creation, ListMade, Removal, RemoveInstance};
use actors_protocol::manifest::Manifest;
use actors_protocol::membership::Orchestrator;
use actors_protocol::zone::{
    ConfirmShare, DeployShare, ShareConfirmed, ShareDeployed, ShareUndone, UndoShare, ZoneOffer, ZoneShare,
};
use actors_protocol::{InstanceName, Millis, NodeName, RequestId, Role, ServiceName};
use transport_link::watch;

use super::{CREATE_WITHIN, STATUS_WITHIN, ZoneActor, host_addr};
use crate::board::{Hidden, HiddenPools};
use crate::paths::{ORCHESTRATOR, role_path};

/// The orchestrator takes a word of progress at once, or does without it.
const PROGRESS_WITHIN: Duration = Duration::from_secs(1);

/// What a zone manager knows of services and shares.
#[derive(Default)]
pub(super) struct Books {
    pub(super) services: BTreeMap<ServiceName, Arc<Manifest>>,
    pub(super) offers: EvaluationCore,
    pub(super) shares: ShareCore,
}

/// The books of one zone manager, the same for every life of its actor: what they are about lives on as well.
#[derive(Clone, Default)]
pub struct ZoneBooks(Rc<RefCell<Books>>);

/// Who waits for what. Ends with the actor: whoever waited hears that it is gone.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) offers: BTreeMap<RequestId, Vec<Promise<ZoneOffer>>>,
    deploys: BTreeMap<RequestId, Vec<Promise<ShareDeployed>>>,
    confirms: BTreeMap<RequestId, Vec<Promise<ShareConfirmed>>>,
    undos: BTreeMap<RequestId, Vec<Promise<ShareUndone>>>,
    /// Confirmed for the first time: told as resolvable once the resolvers know this version of what is hidden.
    resolvable: VecDeque<(u64, RequestId)>,
}

impl ZoneActor {
    pub(super) fn books<T>(&self, with: impl FnOnce(&mut Books) -> T) -> T {
        with(&mut self.setup.books.0.borrow_mut())
    }

    pub(super) fn next_of_books(&self) -> Option<Millis> {
        self.books(|books| [books.offers.poll_timeout(), books.shares.poll_timeout()].into_iter().flatten().min())
    }

    pub(super) fn books_on_timeout(&mut self, now: Millis) {
        self.books(|books| {
            books.offers.on_timeout(now);
            books.shares.on_timeout(now);
        });
    }

    pub(super) fn tell_hosts(&mut self, now: Millis) {
        self.judged_hosts(now);
        let hosts = self.hosts.clone();
        self.books(|books| books.shares.hosts(&hosts));
    }

    /// What was for good in the life before this one still is.
    pub(super) fn keep_again(&mut self, cx: &mut Cx<'_, Self>) {
        let kept: Vec<_> =
            self.books(|books| books.shares.kept().map(|(share, placed)| (share.clone(), placed)).collect());
        for (share, placed) in kept {
            self.keep(&share, placed.instance, placed.slots, Some(placed.host), cx);
        }
    }

    pub(super) fn shares_state(&self) -> serde_json::Value {
        let share = |(share, word, instances): (&ZoneShare, &str, Vec<PlacedInstance>)| {
            serde_json::json!({
                "deployment": share.id.to_string(), "service": share.service, "slots": share.slots,
                "stage": word, "instances": instances,
            })
        };
        self.books(|books| books.shares.list().map(share).collect())
    }

    /// Tells the gateway what is hidden by now; before anything is made, so that it is never shown.
    fn tell_hidden(&mut self) -> u64 {
        let instances = self.books(|books| books.shares.hidden());
        let mut version = 0;
        self.setup.board.hidden.send_if_modified(|hidden| {
            let changed = hidden.instances != instances;
            if changed {
                *hidden = Hidden { version: hidden.version + 1, instances };
            }
            version = hidden.version;
            changed
        });
        version
    }

    pub(super) fn pump_shares(&mut self, cx: &mut Cx<'_, Self>) {
        let version = self.tell_hidden();
        while let Some(effect) = self.books(|books| books.shares.poll_effect()) {
            self.act(effect, version, cx);
        }
    }

    fn act(&mut self, effect: Effect, version: u64, cx: &mut Cx<'_, Self>) {
        match effect {
            Effect::Create { share, placed } => self.make(share, placed, cx),
            Effect::Confirm(errand) => Self::confirm(errand, cx),
            Effect::Remove(errand, deadline) => Self::take_away(errand, deadline, cx),
            Effect::Search { host, id, stem, round } => self.search(host, id, stem, round, cx),
            Effect::Sweep(host) => self.sweep(host, cx),
            Effect::Keep { share, instance, slots, host } => self.keep(&share, instance, slots, host, cx),
            Effect::Drop(stem) => {
                let now = cx.now();
                self.core.forget(now, &stem);
            }
            Effect::Progress(id, progress) => self.tell_progress(id, progress, cx),
            Effect::Deployed(id, answer) => {
                let answer = match answer {
                    Ok((slots, instances)) => ShareDeployed::Reported { slots, instances },
                    Err(cause) => ShareDeployed::Refused { cause },
                };
                keep_all(self.waiting.deploys.remove(&id), &answer);
            }
            Effect::Confirmed(id, answer) => {
                let answer = match answer {
                    Ok(instances) => ShareConfirmed::Confirmed { instances },
                    Err(cause) => ShareConfirmed::Refused { cause },
                };
                if matches!(answer, ShareConfirmed::Confirmed { .. }) {
                    self.waiting.resolvable.retain(|(_, known)| *known != id);
                    self.waiting.resolvable.push_back((version, id));
                }
                keep_all(self.waiting.confirms.remove(&id), &answer);
                self.tell_resolvable(cx);
            }
            Effect::Undone(id, answer) => {
                let answer = answer.map_or_else(|cause| ShareUndone::Refused { cause }, |()| ShareUndone::Undone);
                keep_all(self.waiting.undos.remove(&id), &answer);
            }
        }
    }

    fn make(&mut self, share: ZoneShare, placed: PlacedInstance, cx: &mut Cx<'_, Self>) {
        let PlacedInstance { instance, host, slots } = placed;
        let id = share.id;
        let create = match self.wanted(&share.service, instance.clone(), slots, Some(PROVISIONAL), cx) {
            Ok(create) => create,
            Err(cause) => return self.books(|books| books.shares.created(id, &instance, Err(cause))),
        };
        let addr = host_addr(&host, cx);
        cx.ask(&addr, create, CREATE_WITHIN, move |zone: &mut ZoneActor, answer, cx| {
            let answer = match answer {
                Ok(Creation::Created { .. } | Creation::Exists { .. }) => Ok(()),
                Ok(Creation::Refused { cause }) => Err(cause),
                Err(fault) => Err(fault.to_string()),
            };
            zone.books(|books| books.shares.created(id, &instance, answer));
            zone.pump(cx);
        });
    }

    fn confirm(errand: Errand, cx: &mut Cx<'_, Self>) {
        let addr = host_addr(&errand.host, cx);
        let confirm = ConfirmInstance { instance: errand.instance.clone() };
        cx.ask(&addr, confirm, STATUS_WITHIN, move |zone: &mut ZoneActor, answer, cx| {
            let done = match answer {
                Ok(Confirmation::Confirmed) => Done::Yes,
                Ok(Confirmation::Unknown) => Done::Unknown,
                Err(_) => Done::Silent,
            };
            zone.books(|books| books.shares.host_answered(&errand, done));
            zone.pump(cx);
        });
    }

    fn take_away(errand: Errand, deadline: Millis, cx: &mut Cx<'_, Self>) {
        let addr = host_addr(&errand.host, cx);
        let remove = RemoveInstance { instance: errand.instance.clone(), deadline };
        cx.ask(&addr, remove, STATUS_WITHIN, move |zone: &mut ZoneActor, answer, cx| {
            let done = match answer {
                Ok(Removal::Draining) => Done::Yes,
                Ok(Removal::Unknown) => Done::Unknown,
                Err(_) => Done::Silent,
            };
            zone.books(|books| books.shares.host_answered(&errand, done));
            zone.pump(cx);
        });
    }

    fn search(&mut self, host: NodeName, id: RequestId, stem: InstanceName, round: u64, cx: &mut Cx<'_, Self>) {
        let addr = host_addr(&host, cx);
        let list = ListMade { zone: self.setup.zone.clone(), stem: Some(stem) };
        cx.ask(&addr, list, STATUS_WITHIN, move |zone: &mut ZoneActor, answer, cx| {
            let made = answer.as_ref().ok().map(|list| list.instances.as_slice());
            zone.books(|books| books.shares.found(id, &host, round, made));
            zone.pump(cx);
        });
    }

    fn sweep(&mut self, host: NodeName, cx: &mut Cx<'_, Self>) {
        let addr = host_addr(&host, cx);
        let list = ListMade { zone: self.setup.zone.clone(), stem: None };
        cx.ask(&addr, list, STATUS_WITHIN, move |zone: &mut ZoneActor, answer, cx| {
            if let Ok(list) = answer {
                zone.books(|books| books.shares.swept(&host, &list.instances));
                zone.pump(cx);
            }
        });
    }

    fn keep(
        &mut self,
        share: &ZoneShare,
        instance: InstanceName,
        slots: u32,
        host: Option<NodeName>,
        cx: &mut Cx<'_, Self>,
    ) {
        let now = cx.now();
        match self.wanted(&share.service, instance, slots, None, cx) {
            Ok(create) => self.core.keep(now, Wanted { create, host: None }, host),
            Err(cause) => tracing::error!(service = %share.service, "cannot be kept running: {cause}"),
        }
    }

    fn tell_progress(&mut self, id: RequestId, progress: ShareProgress, cx: &mut Cx<'_, Self>) {
        let orchestrator: Option<Addr<Orchestrator>> = {
            let directory = self.setup.directory.borrow();
            let mut nodes = directory.nodes.iter().filter(|record| record.roles.has(Role::Orchestrator));
            nodes.next().map(|record| cx.node().far(&record.node, role_path(ORCHESTRATOR)))
        };
        let Some(orchestrator) = orchestrator else { return };
        let report = ReportShare { id, zone: self.setup.zone.clone(), progress };
        // A word that is lost is lost: the answer that counts comes by another way, or its deadline does.
        cx.ask(&orchestrator, report, PROGRESS_WITHIN, |_: &mut ZoneActor, _, _| {});
    }

    fn tell_resolvable(&mut self, cx: &mut Cx<'_, Self>) {
        let resolved = *self.setup.board.resolved.borrow();
        while let Some((_, id)) = self.waiting.resolvable.front().copied().filter(|(version, _)| *version <= resolved) {
            self.waiting.resolvable.pop_front();
            self.tell_progress(id, ShareProgress::Resolvable, cx);
        }
    }

    pub(super) fn watch_resolved(&mut self, mut resolved: watch::Receiver<u64>, cx: &mut Cx<'_, Self>) {
        drop(resolved.borrow_and_update());
        self.tell_resolvable(cx);
        cx.run(
            async move {
                let changed = resolved.changed().await;
                (changed.is_ok(), resolved)
            },
            |zone, (alive, resolved), cx| {
                if alive {
                    zone.watch_resolved(resolved, cx);
                }
            },
        );
    }

    pub(super) fn watch_pools(&mut self, mut pools: watch::Receiver<HiddenPools>, cx: &mut Cx<'_, Self>) {
        let latest = pools.borrow_and_update().clone();
        self.books(|books| {
            for ((host, instance), counts) in latest {
                books.shares.pool(&host, &instance, counts);
            }
        });
        self.pump(cx);
        cx.run(
            async move {
                let changed = pools.changed().await;
                (changed.is_ok(), pools)
            },
            |zone, (alive, pools), cx| {
                if alive {
                    zone.watch_pools(pools, cx);
                }
            },
        );
    }
}

fn keep_all<R: Clone>(promises: Option<Vec<Promise<R>>>, answer: &R) {
    for promise in promises.into_iter().flatten() {
        promise.keep(answer.clone());
    }
}

impl Handler<DeployShare> for ZoneActor {
    fn handle(&mut self, deploy: DeployShare, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<ShareDeployed> {
        let DeployShare { share, within } = deploy;
        let (now, (promise, answer)) = (cx.now(), cx.promise());
        self.waiting.deploys.entry(share.id).or_default().push(promise);
        self.books(|books| {
            let (service, slots, each) = (share.service.clone(), share.slots, share.each);
            let offers = &books.offers;
            books.shares.deploy(now, share, || offers.plan(&service, slots, each), within);
        });
        self.pump(cx);
        answer
    }
}

impl Handler<ConfirmShare> for ZoneActor {
    fn handle(&mut self, confirm: ConfirmShare, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<ShareConfirmed> {
        let known = self.books(|books| books.services.contains_key(&confirm.share.service));
        if !known && let Err(cause) = self.learn(&confirm.manifest) {
            return ShareConfirmed::Refused { cause }.into();
        }
        let (promise, answer) = cx.promise();
        self.waiting.confirms.entry(confirm.share.id).or_default().push(promise);
        self.books(|books| books.shares.confirm(confirm.share));
        self.pump(cx);
        answer
    }
}

impl Handler<UndoShare> for ZoneActor {
    fn handle(&mut self, undo: UndoShare, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<ShareUndone> {
        let (promise, answer) = cx.promise();
        self.waiting.undos.entry(undo.share.id).or_default().push(promise);
        self.books(|books| books.shares.undo(undo.share, undo.deadline));
        self.pump(cx);
        answer
    }
}
