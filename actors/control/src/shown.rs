//! Deployments as JSON: the same for the command line and over HTTP.
//!
//! Owns: the names of the fields. Refuses: choosing who may see them.

use actors_protocol::deployment::{DeploymentState, DeploymentSummary};
use serde_json::{Value, json};

/// A deployment in a list: `{deployment, service, slots, stage, zones: [name], cause}`.
pub fn deployment_in_short(it: &DeploymentSummary) -> Value {
    json!({
        "deployment": it.id.to_string(), "service": it.service, "slots": it.slots, "stage": it.stage, "zones": it.zones,
        "cause": it.cause,
    })
}

/// A deployment with all that is known of it: the above, and `{left, took_ms, instances: [{instance, zone, host, slots}],
/// offers: [{zone, score, slots, price, reason, cached, given, why}], steps: [{step, zone, began_ms, took_ms}]}`.
pub fn deployment(state: &DeploymentState) -> Value {
    let instances = state.shares.iter().flat_map(|share| {
        share.instances.iter().map(|placed| {
            json!({ "instance": placed.instance, "zone": share.zone, "host": placed.host, "slots": placed.slots })
        })
    });
    let offers = state.verdicts.iter().map(|verdict| {
        let offer = verdict.offer.as_ref();
        json!({
            "zone": verdict.zone, "score": offer.map(|offer| offer.score), "slots": offer.map(|offer| offer.slots),
            "price": offer.map(|offer| offer.price), "reason": offer.map(|offer| &offer.reason),
            "cached": verdict.cached, "given": verdict.given, "why": verdict.why,
        })
    });
    let steps = state
        .steps
        .iter()
        .map(|step| json!({ "step": step.step, "zone": step.zone, "began_ms": step.began, "took_ms": step.took }));
    json!({
        "deployment": state.id.to_string(), "service": state.service, "slots": state.slots, "stage": state.stage,
        "zones": state.shares.iter().map(|share| &share.zone).collect::<Vec<_>>(), "cause": state.cause,
        "left": state.left, "took_ms": state.took, "instances": instances.collect::<Vec<_>>(),
        "offers": offers.collect::<Vec<_>>(), "steps": steps.collect::<Vec<_>>(),
    })
}
