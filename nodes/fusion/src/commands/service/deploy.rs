//! `fusion service deploy`, `deployments` and `undeploy`.

use std::process::ExitCode;
use std::time::Duration;

use actors_control::shown;
use actors_protocol::deployment::{
    DEPLOYMENTS_PAGE_MAX, DeployService, Deploying, DeploymentRemoval, DeploymentShown, DeploymentStage,
    DeploymentState, ListDeployments, RemoveDeployment, WatchDeployment,
};
use actors_protocol::{Millis, RequestId, ServiceName};
use anyhow::bail;
use serde_json::json;

use crate::cli::Deploy;
use crate::compose::entropy;
use crate::home::Home;
use crate::operator::{Dialled, Operator, did_you_mean};
use crate::output;

/// One look waits so long for the end.
const WAIT: Duration = Duration::from_secs(20);
/// Beside the wait, for the way there and back.
const ROOM: Duration = Duration::from_secs(3);

pub(super) fn unknown(service: &ServiceName, near: &[ServiceName]) -> String {
    format!("no service {service} is registered{}; `fusion service show` lists those that are", did_you_mean(near))
}

pub(super) async fn deploy(home: &Home, order: Deploy, json: bool) -> anyhow::Result<ExitCode> {
    let orchestrator = Operator::new(home)?.orchestrator().await?;
    let request = order.id.unwrap_or_else(|| RequestId(entropy()()));
    let ask = DeployService {
        request,
        service: order.service.clone(),
        slots: order.slots,
        zones: order.zones,
        zones_most: 0,
        price_most: None,
        offer_within: None,
        deploy_within: Some(Millis::from(order.within)),
    };
    let id = match orchestrator.ask("orchestrator", ask).await? {
        Deploying::Accepted { id } => id,
        Deploying::Unknown { near } => bail!("{}", unknown(&order.service, &near)),
        Deploying::Refused { reason } => bail!("{} is not deployed: {reason}", order.service),
    };
    let Some(state) = watch(&orchestrator, id, |stage| !is_end(stage)).await? else {
        bail!("deployment {} was forgotten before it ended", id);
    };
    if json {
        output::json(&shown::deployment(&state))?;
    } else {
        print(&state);
    }
    match state.cause {
        None => Ok(ExitCode::SUCCESS),
        Some(cause) => bail!("{} is not deployed: {cause}", order.service),
    }
}

/// Follows a deployment while it goes on; none = it is not known (any more).
async fn watch(
    orchestrator: &Dialled,
    id: RequestId,
    goes_on: impl Fn(DeploymentStage) -> bool,
) -> anyhow::Result<Option<DeploymentState>> {
    let mut told = None;
    loop {
        let watch = WatchDeployment { id, wait: Millis::from(WAIT) };
        match orchestrator.ask_within("orchestrator", watch, WAIT + ROOM).await? {
            DeploymentShown::Unknown => return Ok(None),
            DeploymentShown::Deployment(state) if !goes_on(state.stage) => return Ok(Some(state)),
            DeploymentShown::Deployment(state) => {
                if told != Some(state.stage) {
                    output::progress(&format!("{} of {}", word(state.stage), state.service));
                    told = Some(state.stage);
                }
            }
        }
    }
}

/// Whoever deploys needs to wait no longer.
fn is_end(stage: DeploymentStage) -> bool {
    matches!(stage, DeploymentStage::Standing | DeploymentStage::Undoing | DeploymentStage::Over)
}

fn word(stage: DeploymentStage) -> &'static str {
    match stage {
        DeploymentStage::Offering => "offering",
        DeploymentStage::Deploying => "deploying",
        DeploymentStage::Confirming => "confirming",
        DeploymentStage::Standing => "standing",
        DeploymentStage::Undoing => "undoing",
        DeploymentStage::Over => "over",
    }
}

fn print(state: &DeploymentState) {
    output::line(&format!(
        "deployment {} of {}: {} slots, {}, {}",
        state.id,
        state.service,
        state.slots,
        word(state.stage),
        state.took
    ));
    for verdict in &state.verdicts {
        let offer = verdict.offer.as_ref().map_or("no offer".to_owned(), |offer| {
            format!("score {}, {} slots, price {}", offer.score, offer.slots, offer.price)
        });
        output::line(&format!("  {}: {offer}; {} slots given; {}", verdict.zone, verdict.given, verdict.why));
    }
    for share in &state.shares {
        for placed in &share.instances {
            output::line(&format!(
                "  {} on {} in {}: {} slots",
                placed.instance, placed.host, share.zone, placed.slots
            ));
        }
    }
    for step in &state.steps {
        let zone = step.zone.as_ref().map_or("", |zone| zone.as_str());
        output::line(&format!("  {:<10} {:<12} {:>6} ms", step.step, zone, step.took.0));
    }
    state.left.iter().for_each(|left| output::line(&format!("  {left}")));
}

pub(super) async fn list(home: &Home, service: Option<ServiceName>, json: bool) -> anyhow::Result<ExitCode> {
    let orchestrator = Operator::new(home)?.orchestrator().await?;
    let (mut deployments, mut after) = (Vec::new(), None);
    loop {
        let ask = ListDeployments { service: service.clone(), after, most: DEPLOYMENTS_PAGE_MAX };
        let page = orchestrator.ask("orchestrator", ask).await?;
        deployments.extend(page.deployments);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if json {
        let rows: Vec<_> = deployments.iter().map(shown::deployment_in_short).collect();
        output::json(&json!({ "deployments": rows }))?;
    } else if deployments.is_empty() {
        output::line("nothing is deployed; `fusion service deploy NAME --slots N` deploys a registered service");
    } else {
        let mut rows = vec![["deployment", "service", "slots", "stage", "zones", "cause"].map(str::to_owned).to_vec()];
        for it in &deployments {
            let zones: Vec<_> = it.zones.iter().map(|zone| zone.as_str()).collect();
            let cause = it.cause.clone().unwrap_or_default();
            let (service, slots) = (it.service.to_string(), it.slots.to_string());
            rows.push(vec![it.id.to_string(), service, slots, word(it.stage).to_owned(), zones.join(","), cause]);
        }
        output::line(output::table(&rows).trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn remove(home: &Home, id: RequestId, force: bool, json: bool) -> anyhow::Result<ExitCode> {
    let orchestrator = Operator::new(home)?.orchestrator().await?;
    match orchestrator.ask("orchestrator", RemoveDeployment { id, force }).await? {
        DeploymentRemoval::Removing => {}
        DeploymentRemoval::Unknown => {
            bail!("there is no deployment {}; `fusion service deployments` lists those there are", id)
        }
    }
    let state = watch(&orchestrator, id, |_| false).await?;
    let left = state.as_ref().map(|state| state.left.clone()).unwrap_or_default();
    if json {
        output::json(&json!({ "deployment": id.to_string(), "removed": left.is_empty(), "left": left }))?;
    } else if left.is_empty() {
        output::line(&format!("deployment {} is removed; sessions that run may end in peace", id));
    } else {
        output::line(&format!("deployment {} goes; {}", id, left.join("; ")));
    }
    Ok(ExitCode::SUCCESS)
}
