//! What a deployment looks like from outside: for people, and for whoever follows one.
//!
//! Owns: the words. Refuses: changing anything.

use actors_protocol::deployment::{
    DeploymentStage, DeploymentState, DeploymentSummary, ShareState, StepTiming, ZoneVerdict,
};
use actors_protocol::{Millis, RequestId, ServiceName};

use super::order::{Outcome, Share};
use super::saga::{Phase, Saga};
use super::trace::Stride;
use super::{DeploymentCore, Effect, Verdict};

impl DeploymentCore {
    /// How far a deployment is; none = there is none of this id. Its shares come without instances, which are the zones'.
    pub fn show(&self, now: Millis, id: RequestId) -> Option<DeploymentState> {
        if let Some(saga) = self.sagas.get(&id).or_else(|| self.standing.get(&id)) {
            // What has been told has its time; what goes on is as old as it is.
            let outcome = saga.outcome(if saga.told { saga.until } else { now });
            let stage = self.stage(saga);
            // What is still under way is no delay worth a word.
            let left = if saga.told { outcome.left.clone() } else { Vec::new() };
            return Some(DeploymentState { left, ..state(&outcome, saga.shares(), stage) });
        }
        let outcome = self.over.get(id)?;
        Some(state(outcome, Vec::new(), DeploymentStage::Over))
    }

    /// The deployments of `service`, or all, after `after`; at most `most`, by id.
    pub fn list(&self, service: Option<&ServiceName>, after: Option<RequestId>, most: usize) -> Vec<DeploymentSummary> {
        let wanted = |of: &ServiceName| service.is_none_or(|service| service == of);
        let later = |id: RequestId| after.is_none_or(|after| id > after);
        let living = self.sagas.values().chain(self.standing.values());
        let living = living.filter(|saga| wanted(&saga.order.service) && later(saga.id()));
        let mut list: Vec<DeploymentSummary> = living.map(|saga| self.summary(saga)).collect();
        let is_living = |id: RequestId| self.sagas.contains_key(&id) || self.standing.contains_key(&id);
        let over = self.over.iter().filter(|over| wanted(&over.service) && later(over.id) && !is_living(over.id));
        list.extend(over.map(|over| DeploymentSummary {
            id: over.id,
            service: over.service.clone(),
            slots: over.slots,
            stage: DeploymentStage::Over,
            zones: Vec::new(),
            cause: over.result.as_ref().err().cloned(),
        }));
        list.sort_by_key(|summary| summary.id);
        list.truncate(most);
        list
    }

    /// The deployments of a service of which something may be left.
    pub fn of_service(&self, service: &ServiceName) -> Vec<RequestId> {
        let living = self.sagas.values().chain(self.standing.values());
        living.filter(|saga| saga.order.service == *service).map(Saga::id).collect()
    }

    /// Slots of a service that stand, or are on their way to.
    pub fn slots_of(&self, service: &ServiceName) -> u32 {
        let living = self.standing.values().chain(self.sagas.values());
        let here = living.filter(|saga| saga.order.service == *service && saga.cause.is_none());
        here.map(|saga| saga.order.slots).fold(0, u32::saturating_add)
    }

    /// Is there an end to wait for: whoever asked has not been told yet?
    pub fn waits(&self, id: RequestId) -> bool {
        let told = |effect: &Effect| matches!(effect, Effect::Done(outcome) if outcome.id == id);
        self.sagas.get(&id).is_some_and(|saga| !saga.told) || self.effects.iter().any(told)
    }

    fn stage(&self, saga: &Saga) -> DeploymentStage {
        match saga.phase {
            Phase::Offering => DeploymentStage::Offering,
            Phase::Deploying => DeploymentStage::Deploying,
            Phase::Committed if saga.told => DeploymentStage::Standing,
            Phase::Committed => DeploymentStage::Confirming,
            Phase::Undoing { .. } => DeploymentStage::Undoing,
        }
    }

    fn summary(&self, saga: &Saga) -> DeploymentSummary {
        DeploymentSummary {
            id: saga.id(),
            service: saga.order.service.clone(),
            slots: saga.order.slots,
            stage: self.stage(saga),
            zones: saga.shares().into_iter().map(|share| share.zone).collect(),
            cause: saga.cause.clone(),
        }
    }
}

fn state(outcome: &Outcome, shares: Vec<Share>, stage: DeploymentStage) -> DeploymentState {
    let share = |share: Share| ShareState { zone: share.zone, slots: share.slots, instances: Vec::new() };
    DeploymentState {
        id: outcome.id,
        service: outcome.service.clone(),
        slots: outcome.slots,
        stage,
        cause: outcome.result.as_ref().err().cloned(),
        left: outcome.left.clone(),
        shares: shares.into_iter().map(share).collect(),
        verdicts: outcome.verdicts.iter().cloned().map(verdict).collect(),
        steps: outcome.steps.iter().cloned().map(step).collect(),
        took: outcome.took,
    }
}

fn verdict(verdict: Verdict) -> ZoneVerdict {
    let Verdict { zone, offer, cached, given, why } = verdict;
    ZoneVerdict { zone, offer, cached, given, why }
}

fn step(step: super::Step) -> StepTiming {
    StepTiming { step: word(step.stride).to_owned(), zone: step.zone, began: step.began, took: step.took }
}

/// The word for a step, everywhere.
fn word(stride: Stride) -> &'static str {
    match stride {
        Stride::Preselect => "preselect",
        Stride::Register => "register",
        Stride::Offer => "offer",
        Stride::Select => "select",
        Stride::Create => "create",
        Stride::Ready => "ready",
        Stride::Report => "report",
        Stride::Confirm => "confirm",
        Stride::Resolve => "resolve",
        Stride::Undo => "undo",
    }
}
