//! Deployments: the thin shell around [`DeploymentCore`]. Each of its effects is carried out before the next is taken.
//!
//! Owns: the storing, the asking of zones, and who waits for which deployment. Refuses: deciding.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use actors_cores::Flaw;
use actors_cores::deployment::{Ask, Change, DeploymentCore, Effect, Progress, Share, UNDO_WITHIN};
use actors_cores::registry::Registry;
use actors_kernel::{Addr, Cx, Promise};
use actors_protocol::deployment::{DeploymentShown, DeploymentStage, DeploymentState, PlacedInstance};
use actors_protocol::zone::{
    AskOffer, ConfirmShare, DeployShare, LearnService, Learning, ShareConfirmed, ShareDeployed, ShareUndone, UndoShare,
    Zone, ZoneOffer, ZoneShare,
};
use actors_protocol::{Incarnation, Millis, NodeName, RequestId, ServiceName, ZoneName};
use actors_store::{Store, StoreError, records};

use super::OrchestratorActor;
use crate::paths::{ZONE, role_path};

/// A zone manager gets to know a service at once, or is in trouble.
const LEARN_WITHIN: Duration = Duration::from_secs(2);
/// A confirmation or an undo asks hosts; longer than they may take, shorter than until it is sent again.
const SETTLE_WITHIN: Duration = UNDO_WITHIN.duration().saturating_sub(Duration::from_millis(500));
/// When a deployment is undone that was for good: how long its sessions may go on.
const DRAIN: Millis = actors_cores::zone::EXTRA_DRAIN;
/// Instances shown of one deployment at most: what is shown stays below a frame.
const INSTANCES_SHOWN_MAX: usize = 2_048;
/// Those who wait for the end of one deployment at most.
const WATCHERS_MAX: usize = 256;

/// What the orchestrator knows of services and their deployments.
#[derive(Default)]
pub(super) struct Deployments {
    pub(super) core: DeploymentCore,
    pub(super) registry: Registry,
    /// The managers of the zones that are up.
    zones: BTreeMap<ZoneName, (NodeName, Incarnation)>,
    /// Who waits for the end of what is under way.
    watchers: BTreeMap<RequestId, Vec<Promise<DeploymentShown>>>,
    /// What zones said of their instances. Forgotten over a restart: they say it again.
    placed: BTreeMap<RequestId, BTreeMap<ZoneName, Vec<PlacedInstance>>>,
    /// Those whose sessions end at once.
    pub(super) forced: BTreeSet<RequestId>,
    /// The store failed: nothing more is done in this life.
    pub(super) failed: bool,
}

impl Deployments {
    /// With what was stored.
    pub(super) fn restore(store: &dyn Store, now: Millis, flaw: Flaw) -> Result<Deployments, StoreError> {
        let (registry, unread) = Registry::restore(records::load_services(store)?);
        for why in unread {
            tracing::error!("a stored manifest cannot be read, and its service is not there: {why}");
        }
        let core = DeploymentCore::restore_with(now, records::load_deployments(store)?, flaw);
        Ok(Deployments { core, registry, ..Deployments::default() })
    }

    pub(super) fn poll_timeout(&self) -> Option<Millis> {
        self.core.poll_timeout()
    }

    /// A deployment as it is now, with the instances that its zones told of.
    pub(super) fn show(&self, now: Millis, id: RequestId) -> Option<DeploymentState> {
        let mut state = self.core.show(now, id)?;
        let placed = self.placed.get(&id);
        let mut room = INSTANCES_SHOWN_MAX;
        for share in &mut state.shares {
            let instances = placed.and_then(|placed| placed.get(&share.zone)).into_iter().flatten();
            share.instances = instances.take(room).cloned().collect();
            room -= share.instances.len();
        }
        Some(state)
    }

    pub(super) fn watch(&mut self, id: RequestId, promise: Promise<DeploymentShown>) -> Result<(), String> {
        let watchers = self.watchers.entry(id).or_default();
        if watchers.len() >= WATCHERS_MAX {
            return Err(format!("{WATCHERS_MAX} wait for it already"));
        }
        watchers.push(promise);
        Ok(())
    }

    pub(super) fn state(&self) -> serde_json::Value {
        let under_way: Vec<_> = self
            .core
            .under_way()
            .map(|(id, order, word)| (id.to_string(), order.service.clone(), order.slots, word))
            .collect();
        let standing: BTreeMap<_, _> =
            self.core.standing().map(|share| (format!("{}@{}", share.stem, share.zone), share.slots)).collect();
        let services: Vec<&ServiceName> = self.registry.after(None).map(|(name, _)| name).collect();
        serde_json::json!({ "services": services, "under_way": under_way, "standing": standing })
    }
}

impl OrchestratorActor {
    /// Which zones are up.
    pub(super) fn tell_zones(&mut self, cx: &mut Cx<'_, Self>) {
        let up = self.core().zones_up();
        if up == self.deployments.zones {
            return;
        }
        let alive: Vec<_> = up.iter().map(|(zone, (_, life))| (zone.clone(), *life)).collect();
        self.deployments.zones = up;
        let now = cx.now();
        self.deployments.core.zones(now, &alive);
        self.pump(cx);
    }

    /// Carries out what the core wants, one effect after the other; what is stored is on the disk before the next.
    pub(super) fn pump(&mut self, cx: &mut Cx<'_, Self>) {
        while !self.deployments.failed {
            let Some(effect) = self.deployments.core.poll_effect() else { break };
            match effect {
                Effect::Store(change) => {
                    if let Err(error) = records::save_deployment(&*self.setup.store, &change) {
                        return self.store_failed(&error, cx);
                    }
                    if let Change::DeploymentGone(id) = change {
                        self.gone(id, cx);
                    }
                }
                Effect::Send { zone, ask } => self.send(zone, ask, cx),
                Effect::Done(outcome) => {
                    self.tell_watchers(outcome.id, cx);
                    // What never came to be stored is over with this.
                    let over = |state: DeploymentState| state.stage == DeploymentStage::Over;
                    if self.deployments.core.show(cx.now(), outcome.id).is_none_or(over) {
                        self.deployments.forced.remove(&outcome.id);
                    }
                }
            }
        }
        if !self.deployments.failed {
            self.sleep(cx);
        }
    }

    pub(super) fn tell_watchers(&mut self, id: RequestId, cx: &mut Cx<'_, Self>) {
        let Some(promises) = self.deployments.watchers.remove(&id) else { return };
        let shown = self.deployments.show(cx.now(), id);
        let shown = shown.map_or(DeploymentShown::Unknown, DeploymentShown::Deployment);
        for promise in promises {
            promise.keep(shown.clone());
        }
    }

    /// Nothing is left of a deployment; if it was its service's last and that leaves, it has left.
    fn gone(&mut self, id: RequestId, cx: &mut Cx<'_, Self>) {
        self.tell_watchers(id, cx);
        self.deployments.placed.remove(&id);
        self.deployments.forced.remove(&id);
        for service in self.deployments.registry.leaving() {
            if self.deployments.core.of_service(&service).is_empty() && self.forget(&service, cx).is_none() {
                return;
            }
        }
    }

    fn send(&mut self, zone: ZoneName, ask: Ask, cx: &mut Cx<'_, Self>) {
        let Some((node, _)) = self.deployments.zones.get(&zone).cloned() else { return };
        let addr: Addr<Zone> = cx.node().far(&node, role_path(ZONE));
        match ask {
            Ask::Register { id, service } => {
                let learn = LearnService { manifest: self.manifest(&service) };
                cx.ask(&addr, learn, LEARN_WITHIN, move |orchestrator: &mut OrchestratorActor, answer, cx| {
                    let answer = match answer {
                        Ok(Learning::Known) => Ok(()),
                        Ok(Learning::Refused { cause }) => Err(cause),
                        Err(fault) => Err(fault.to_string()),
                    };
                    let now = cx.now();
                    orchestrator.deployments.core.registered(now, id, &zone, answer);
                    orchestrator.pump(cx);
                });
            }
            Ask::Offer { id, service, slots, within, .. } => {
                let ask = AskOffer { id, service, slots, within };
                cx.ask(&addr, ask, within.duration(), move |orchestrator: &mut OrchestratorActor, answer, cx| {
                    let answer = match answer {
                        Ok(ZoneOffer::Offered(offer)) => Ok(offer),
                        Ok(ZoneOffer::Unknown) => Err("it does not know the service any more".to_owned()),
                        Err(fault) => Err(fault.to_string()),
                    };
                    let now = cx.now();
                    orchestrator.deployments.core.offered(now, id, &zone, answer);
                    orchestrator.pump(cx);
                });
            }
            Ask::Deploy { share, within } => {
                let id = share.id;
                let deploy = DeployShare { share: told(share), within };
                cx.ask(&addr, deploy, within.duration(), move |orchestrator: &mut OrchestratorActor, answer, cx| {
                    let progress = match answer {
                        Ok(ShareDeployed::Reported { slots, instances }) => {
                            orchestrator.place(id, &zone, instances);
                            Progress::Reported(slots)
                        }
                        Ok(ShareDeployed::Refused { cause }) => Progress::Failed(cause),
                        Err(fault) => Progress::Failed(fault.to_string()),
                    };
                    let now = cx.now();
                    orchestrator.deployments.core.progress(now, id, &zone, progress);
                    orchestrator.pump(cx);
                });
            }
            Ask::Confirm { share } => self.confirm(&addr, zone, share, cx),
            Ask::Undo { share, drain } => {
                let id = share.id;
                let deadline = if drain && !self.deployments.forced.contains(&id) { DRAIN } else { Millis::ZERO };
                let undo = UndoShare { share: told(share), deadline };
                cx.ask(&addr, undo, SETTLE_WITHIN, move |orchestrator: &mut OrchestratorActor, answer, cx| {
                    let answer = match answer {
                        Ok(ShareUndone::Undone) => Ok(()),
                        Ok(ShareUndone::Refused { cause }) => Err(cause),
                        Err(fault) => Err(fault.to_string()),
                    };
                    let now = cx.now();
                    orchestrator.deployments.core.undone(now, id, &zone, answer);
                    orchestrator.pump(cx);
                });
            }
        }
    }

    fn confirm(&mut self, addr: &Addr<Zone>, zone: ZoneName, share: Share, cx: &mut Cx<'_, Self>) {
        let id = share.id;
        let confirm = ConfirmShare { manifest: self.manifest(&share.service), share: told(share) };
        cx.ask(addr, confirm, SETTLE_WITHIN, move |orchestrator: &mut OrchestratorActor, answer, cx| {
            let answer = match answer {
                Ok(ShareConfirmed::Confirmed { instances }) => {
                    orchestrator.place(id, &zone, instances);
                    Ok(())
                }
                Ok(ShareConfirmed::Refused { cause }) => Err(cause),
                Err(fault) => Err(fault.to_string()),
            };
            let now = cx.now();
            orchestrator.deployments.core.confirmed(now, id, &zone, answer);
            orchestrator.pump(cx);
        });
    }

    fn place(&mut self, id: RequestId, zone: &ZoneName, instances: Vec<PlacedInstance>) {
        self.deployments.placed.entry(id).or_default().insert(zone.clone(), instances);
    }

    /// The manifest of a service that has deployments; those keep it registered.
    fn manifest(&self, service: &ServiceName) -> String {
        self.deployments.registry.get(service).map(|entry| entry.row.manifest.clone()).unwrap_or_default()
    }
}

fn told(share: Share) -> ZoneShare {
    let Share { id, service, slots, each, stem, .. } = share;
    ZoneShare { id, service, slots, each, stem }
}
