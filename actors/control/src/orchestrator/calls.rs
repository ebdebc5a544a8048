//! The calls about deployments.
//!
//! Owns: what an order leaves open. Refuses: deciding (`actors_cores::deployment`).

use actors_cores::deployment::{DEPLOY_WITHIN_MAX, Order, Progress, Road, Start};
use actors_kernel::{Answer, Caller, Cx, Handler};
use actors_protocol::Millis;
use actors_protocol::deployment::{
    DEPLOYMENTS_PAGE_MAX, DeployService, Deploying, DeploymentPage, DeploymentRemoval, DeploymentShown,
    ListDeployments, RemoveDeployment, ReportShare, ShareNoted, ShareProgress, WATCH_MAX, WatchDeployment,
    ZONES_NAMED_MAX,
};

use super::OrchestratorActor;
use super::services::cut;

/// Offers are waited for so long, if nothing else is asked for.
const OFFER_WITHIN: Millis = Millis::from_secs(2);
/// Zones that share a deployment at most: what is stored of one stays below what a store takes.
const ZONES_SHARING_MAX: u32 = 32;

impl Handler<DeployService> for OrchestratorActor {
    fn handle(&mut self, deploy: DeployService, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Deploying> {
        let now = cx.now();
        let Some(entry) = self.deployments.registry.get(&deploy.service) else {
            return Deploying::Unknown { near: self.deployments.registry.near(&deploy.service) }.into();
        };
        if entry.row.leaving {
            let reason = format!("{} is being unregistered; register it again when that is done", deploy.service);
            return Deploying::Refused { reason }.into();
        }
        if deploy.zones.len() > ZONES_NAMED_MAX {
            return Deploying::Refused { reason: format!("more than {ZONES_NAMED_MAX} zones are named") }.into();
        }
        let zones_most = match deploy.zones_most {
            0 => ZONES_SHARING_MAX,
            most => most.min(ZONES_SHARING_MAX),
        };
        let order = Order {
            id: deploy.request,
            service: deploy.service,
            slots: deploy.slots,
            each: entry.manifest.slots.each,
            most: entry.manifest.slots.most,
            road: Road::Create,
            zones: deploy.zones,
            zones_most,
            price_most: deploy.price_most,
            offer_within: deploy.offer_within.unwrap_or(OFFER_WITHIN),
            deploy_within: deploy.deploy_within.unwrap_or(DEPLOY_WITHIN_MAX),
        };
        let start = self.deployments.core.start(now, order);
        self.pump(cx);
        if self.deployments.failed {
            return cx.promise().1;
        }
        match start {
            Start::Begun | Start::Joined | Start::Over(_) => Deploying::Accepted { id: deploy.request }.into(),
            Start::Refused(reason) => Deploying::Refused { reason }.into(),
        }
    }
}

impl Handler<WatchDeployment> for OrchestratorActor {
    fn handle(&mut self, watch: WatchDeployment, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<DeploymentShown> {
        let (id, now) = (watch.id, cx.now());
        let shown = self.deployments.show(now, id).map_or(DeploymentShown::Unknown, DeploymentShown::Deployment);
        if watch.wait == Millis::ZERO || !self.deployments.core.waits(id) {
            return shown.into();
        }
        let (promise, answer) = cx.promise();
        if self.deployments.watch(id, promise).is_err() {
            return shown.into();
        }
        cx.after(watch.wait.min(WATCH_MAX).duration(), move |orchestrator, cx| orchestrator.tell_watchers(id, cx));
        answer
    }
}

impl Handler<ListDeployments> for OrchestratorActor {
    fn handle(&mut self, list: ListDeployments, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<DeploymentPage> {
        let most = list.most.clamp(1, DEPLOYMENTS_PAGE_MAX) as usize;
        let mut deployments = self.deployments.core.list(list.service.as_ref(), list.after, most + 1);
        let more = deployments.len() > most;
        deployments.truncate(most);
        for deployment in &mut deployments {
            deployment.cause = deployment.cause.as_deref().map(cut);
        }
        let next = deployments.last().filter(|_| more).map(|last| last.id);
        DeploymentPage { deployments, next }.into()
    }
}

impl Handler<RemoveDeployment> for OrchestratorActor {
    fn handle(&mut self, remove: RemoveDeployment, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<DeploymentRemoval> {
        let now = cx.now();
        if remove.force {
            self.deployments.forced.insert(remove.id);
        }
        let known = self.deployments.core.remove(now, remove.id, "it was removed");
        if !known {
            self.deployments.forced.remove(&remove.id);
        }
        self.pump(cx);
        match known {
            _ if self.deployments.failed => cx.promise().1,
            true => DeploymentRemoval::Removing.into(),
            false => DeploymentRemoval::Unknown.into(),
        }
    }
}

impl Handler<ReportShare> for OrchestratorActor {
    fn handle(&mut self, report: ReportShare, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<ShareNoted> {
        let now = cx.now();
        // A zone speaks for itself only.
        let own = self.core().zones_up().get(&report.zone).is_some_and(|(node, _)| Some(node) == caller.node.as_ref());
        if own {
            let progress = match report.progress {
                ShareProgress::Created => Progress::Created,
                ShareProgress::Ready => Progress::Ready,
                ShareProgress::Resolvable => Progress::Resolvable,
            };
            self.deployments.core.progress(now, report.id, &report.zone, progress);
            self.pump(cx);
        }
        ShareNoted { known: own && self.deployments.core.show(now, report.id).is_some() }.into()
    }
}
