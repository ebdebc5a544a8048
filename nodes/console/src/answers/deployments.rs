//! Deployments: begun, followed, listed, removed. What is under way is the deployment itself; its stage tells how far it is.

use actors_control::{ORCHESTRATOR, shown};
use actors_cores::users::deploys;
use actors_protocol::deployment::{
    DEPLOYMENTS_PAGE_MAX, DeployService, Deploying, DeploymentPage, DeploymentRemoval, DeploymentShown,
    DeploymentState, ListDeployments, RemoveDeployment, WatchDeployment,
};
use actors_protocol::membership::Orchestrator;
use actors_protocol::service::ServiceShown;
use actors_protocol::{Millis, NoRequestId, RequestId, ServiceName, ZoneName};
use serde::Deserialize;
use serde_json::json;

use super::domain::service_of;
use super::services::{hidden, registered};
use super::{Asked, Reply};
use crate::door::Door;
use crate::input;
use crate::page::{self, Page};
use crate::problem::{Kind, Problem};

/// What is to be deployed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[serde(default)]
    deployment: Option<String>,
    service: ServiceName,
    slots: u32,
    #[serde(default)]
    zones: Vec<ZoneName>,
    #[serde(default)]
    zones_most: u32,
    #[serde(default)]
    price_most: Option<u32>,
    #[serde(default)]
    offer_within_ms: Option<u64>,
    #[serde(default)]
    deploy_within_ms: Option<u64>,
}

fn accepted(id: RequestId) -> Reply {
    let location = Some(format!("/v1/deployments/{id}"));
    Reply { location, ..Reply::body(202, json!({ "deployment": id.to_string() })) }
}

/// May this user deploy this service?
async fn may(door: &Door, asked: &Asked, service: &ServiceName) -> Result<(), Problem> {
    match registered(door, service).await? {
        ServiceShown::Service { summary, .. } if deploys(&asked.user, &summary.provider) => Ok(()),
        ServiceShown::Service { .. } if hidden(door, &asked.user).await?.contains(service) => Err(no_service(service)),
        ServiceShown::Service { summary, .. } => {
            Err(Problem::forbidden(format!("{service} is {}'s", summary.provider)))
        }
        ServiceShown::Unknown { .. } => Err(no_service(service)),
    }
}

fn no_service(service: &ServiceName) -> Problem {
    Problem::new(
        Kind::Refused,
        format!("no service {service} is registered; PUT its manifest to /v1/services/{service} first"),
    )
}

/// Begins a deployment.
pub async fn deploy(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let order: Order = input::body(&asked.body)?;
    let request = match order.deployment.as_deref().map(str::parse) {
        None => RequestId(door.draw()),
        Some(Ok(id)) => id,
        Some(Err(_)) => return Err(Problem::new(Kind::Refused, "'deployment' is 32 hexadecimal digits in lower case")),
    };
    if order.slots == 0 {
        return Err(Problem::new(Kind::Refused, "'slots' is at least 1"));
    }
    may(door, asked, &order.service).await?;
    let deploy = DeployService {
        request,
        service: order.service.clone(),
        slots: order.slots,
        zones: order.zones,
        zones_most: order.zones_most,
        price_most: order.price_most,
        offer_within: order.offer_within_ms.map(Millis),
        deploy_within: order.deploy_within_ms.map(Millis),
    };
    match door.ask::<Orchestrator, _>(ORCHESTRATOR, deploy).await? {
        Deploying::Accepted { id } => Ok(accepted(id)),
        Deploying::Unknown { .. } => Err(no_service(&order.service)),
        Deploying::Refused { reason } => Err(Problem::new(Kind::Refused, reason)),
    }
}

/// A deployment that this user sees.
async fn found(door: &Door, asked: &Asked) -> Result<DeploymentState, Problem> {
    let unknown = || Problem::unknown::<&str>("deployment", asked.value(), &[]);
    let id = asked.value().parse().map_err(|_: NoRequestId| unknown())?;
    match door.ask::<Orchestrator, _>(ORCHESTRATOR, WatchDeployment { id, wait: Millis::ZERO }).await? {
        DeploymentShown::Deployment(state) if !hidden(door, &asked.user).await?.contains(&state.service) => Ok(state),
        _ => Err(unknown()),
    }
}

/// One deployment.
pub async fn show(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    Ok(Reply::body(200, shown::deployment(&found(door, asked).await?)))
}

/// Removes a deployment.
pub async fn remove(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let force = asked.force()?;
    let state = found(door, asked).await?;
    match may(door, asked, &state.service).await {
        // Its service is forgotten, so it is over.
        Err(problem) if problem.kind == Kind::Refused => {
            return Err(Problem::unknown::<&str>("deployment", asked.value(), &[]));
        }
        judged => judged?,
    }
    match door.ask::<Orchestrator, _>(ORCHESTRATOR, RemoveDeployment { id: state.id, force }).await? {
        DeploymentRemoval::Removing => Ok(accepted(state.id)),
        DeploymentRemoval::Unknown => Err(Problem::unknown::<&str>("deployment", asked.value(), &[])),
    }
}

/// A page of deployments.
pub async fn list(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let (page, service) = (Page::read(&asked.query)?, service_of(asked)?);
    let cursor = page.after.as_deref().map(str::parse).transpose();
    let mut after = cursor.map_err(|_: NoRequestId| Problem::new(Kind::Malformed, "'cursor' is none of ours"))?;
    let hidden = hidden(door, &asked.user).await?;
    let (mut items, limit) = (Vec::new(), page.limit as usize);
    loop {
        let list = ListDeployments { service: service.clone(), after, most: DEPLOYMENTS_PAGE_MAX };
        let DeploymentPage { deployments, next } = door.ask::<Orchestrator, _>(ORCHESTRATOR, list).await?;
        items.extend(deployments.into_iter().filter(|it| !hidden.contains(&it.service)));
        match next {
            Some(next) if items.len() <= limit => after = Some(next),
            _ => break,
        }
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next = if more { items.last().map(|it| it.id.to_string()) } else { None };
    Ok(Reply::body(200, page::of(items.iter().map(shown::deployment_in_short).collect(), next)))
}
