//! Services: those that are registered, and those that zones run by their own configuration.
//!
//! Owns: whose services a caller sees. A provider sees its own and what is public; all names of a hidden service are hidden,
//! those of its configurations too.

use std::collections::{BTreeMap, BTreeSet};

use actors_control::ORCHESTRATOR;
use actors_cores::manifest;
use actors_cores::users::{may_register, owns, sees};
use actors_protocol::ServiceName;
use actors_protocol::manifest::Visibility;
use actors_protocol::membership::{InstanceList, Orchestrator};
use actors_protocol::service::{
    ListManifests, ManifestPage, RegisterService, Registration, RegistrationChange, SERVICES_PAGE_MAX, ServiceShown,
    ServiceSummary, ShowService, UnregisterService, Unregistration,
};
use actors_protocol::user::{User, UserRole};
use serde_json::{Value, json};

use super::domain::list_instances;
use super::{Asked, Reply};
use crate::door::Door;
use crate::page::Page;
use crate::problem::{Kind, Problem};

async fn manifests(door: &Door, after: Option<ServiceName>) -> Result<ManifestPage, Problem> {
    door.ask::<Orchestrator, _>(ORCHESTRATOR, ListManifests { after, most: SERVICES_PAGE_MAX }).await
}

/// A registered service, if it is one.
pub(super) async fn registered(door: &Door, service: &ServiceName) -> Result<ServiceShown, Problem> {
    door.ask::<Orchestrator, _>(ORCHESTRATOR, ShowService { service: service.clone() }).await
}

fn seen(user: &User, summary: &ServiceSummary) -> bool {
    sees(user, &summary.provider, summary.visibility)
}

/// The names that this user does not see. Only a provider has any.
pub(super) async fn hidden(door: &Door, user: &User) -> Result<BTreeSet<ServiceName>, Problem> {
    let (mut hidden, mut after) = (BTreeSet::new(), None);
    if user.role != UserRole::Provider {
        return Ok(hidden);
    }
    loop {
        let page = manifests(door, after).await?;
        for summary in page.services.iter().filter(|summary| !seen(user, summary)) {
            hidden.insert(summary.service.clone());
            if let ServiceShown::Service { manifest: text, .. } = registered(door, &summary.service).await?
                && let Ok(manifest) = manifest::read(&text)
            {
                hidden.extend(manifest.configurations.into_iter().map(|configuration| configuration.name));
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(hidden),
        }
    }
}

/// Instances, slots that are free for it, slots that it uses: by service.
fn running(list: &InstanceList) -> BTreeMap<&ServiceName, (u32, u32, u32)> {
    let mut found: BTreeMap<&ServiceName, (u32, u32, u32)> = BTreeMap::new();
    for pool in list.pools.iter().map(|entry| &entry.pool) {
        for entry in &pool.services {
            let (instances, free, used) = found.entry(&entry.service).or_default();
            *instances += 1;
            *free = free.saturating_add(pool.free_for(&entry.service));
            *used = used.saturating_add(entry.used);
        }
    }
    // What should run and does not is a service as well.
    for (_, failure) in &list.failures {
        found.entry(&failure.service).or_default();
    }
    found
}

fn in_short(
    service: &ServiceName,
    summary: Option<&ServiceSummary>,
    (instances, free, used): (u32, u32, u32),
) -> Value {
    json!({
        "service": service, "registered": summary.is_some(), "provider": summary.map(|it| &it.provider),
        "visibility": summary.map_or(Visibility::Public, |it| it.visibility), "kind": summary.map(|it| &it.kind),
        "description": summary.and_then(|it| it.description.as_ref()),
        "deployed": summary.map_or(0, |it| it.slots), "leaving": summary.is_some_and(|it| it.leaving),
        "instances": instances, "free": free, "used": used,
    })
}

/// A page of services.
pub async fn list(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let page = Page::read(&asked.query)?;
    let hidden = hidden(door, &asked.user).await?;
    let list = list_instances(door, None).await?;
    let running = running(&list);
    let mut entries: BTreeMap<String, Value> = BTreeMap::new();
    // A cursor that is no name, of a client's own making, begins at the beginning and is cut to its place.
    let mut after = page.after.as_ref().and_then(|text| text.parse::<ServiceName>().ok());
    let mut listed = BTreeSet::new();
    let horizon = loop {
        let ManifestPage { services, next } = manifests(door, after).await?;
        for summary in services.iter().filter(|summary| seen(&asked.user, summary)) {
            let counts = running.get(&summary.service).copied().unwrap_or_default();
            entries.insert(summary.service.to_string(), in_short(&summary.service, Some(summary), counts));
        }
        listed.extend(services.into_iter().map(|summary| summary.service));
        match next {
            Some(next) if entries.len() > page.limit as usize => break Some(next),
            Some(next) => after = Some(next),
            None => break None,
        }
    };
    // Beyond what was listed it is not known which names are registered; those are on the next page.
    let others = running.keys().copied().filter(|service| {
        let near = horizon.as_ref().is_none_or(|horizon| *service <= horizon);
        near && !listed.contains(service) && !hidden.contains(service)
    });
    for service in others {
        let counts = running.get(service).copied().unwrap_or_default();
        entries.entry(service.to_string()).or_insert_with(|| in_short(service, None, counts));
    }
    Ok(Reply::body(200, page.cut(entries)))
}

pub(super) fn named(text: &str) -> Result<ServiceName, Problem> {
    text.parse().map_err(|_| Problem::unknown::<&str>("service", text, &[]))
}

/// One service.
pub async fn show(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let service = named(asked.value())?;
    if hidden(door, &asked.user).await?.contains(&service) {
        return Err(Problem::unknown::<&str>("service", service.as_str(), &[]));
    }
    let list = list_instances(door, Some(service.clone())).await?;
    let counts = running(&list).get(&service).copied();
    let (mut value, manifest, deployments) = match registered(door, &service).await? {
        ServiceShown::Service { summary, manifest, deployments } => {
            let manifest: Value = serde_json::from_str(&manifest).unwrap_or_default();
            (in_short(&service, Some(&summary), counts.unwrap_or_default()), manifest, deployments)
        }
        ServiceShown::Unknown { .. } if counts.is_some() => {
            (in_short(&service, None, counts.unwrap_or_default()), Value::Null, vec![])
        }
        // A hint could be the name of a service that this user does not see.
        ServiceShown::Unknown { near } => {
            let near = if asked.user.role == UserRole::Provider { vec![] } else { near };
            return Err(Problem::unknown("service", service.as_str(), &near));
        }
    };
    value["manifest"] = manifest;
    value["deployments"] = deployments.iter().map(ToString::to_string).collect();
    Ok(Reply::body(200, value))
}

/// Registers a service. The same again is the same: PUT may be sent twice.
pub async fn register(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let service = named(asked.value())?;
    let manifest = match manifest::read(&asked.body) {
        Ok(manifest) => manifest,
        Err(problems) => {
            let json = serde_json::from_str::<serde::de::IgnoredAny>(&asked.body).is_ok();
            return Err(Problem::manifest(if json { Kind::Refused } else { Kind::Malformed }, &problems));
        }
    };
    if manifest.name != service {
        let words = format!("the manifest is {}'s and the path {service}'s; let both name the same", manifest.name);
        return Err(Problem::new(Kind::Refused, words));
    }
    if let Err(problems) = may_register(&asked.user, &manifest) {
        return Err(Problem {
            errors: Problem::manifest(Kind::Forbidden, &problems).errors,
            ..Problem::forbidden(problems.to_string())
        });
    }
    if let ServiceShown::Service { summary, .. } = registered(door, &service).await?
        && !owns(&asked.user, &summary.provider)
    {
        return Err(Problem::forbidden(format!("{service} is somebody else's; take another name")));
    }
    match door.ask::<Orchestrator, _>(ORCHESTRATOR, RegisterService { manifest: asked.body.clone() }).await? {
        Registration::Registered { service, change } => {
            let new = change == RegistrationChange::New;
            let location = new.then(|| format!("/v1/services/{service}"));
            let reply = Reply::body(if new { 201 } else { 200 }, json!({ "service": service, "change": change }));
            Ok(Reply { location, ..reply })
        }
        Registration::Invalid { problems } => {
            let errors = problems.iter().map(|problem| json!(problem)).collect();
            Err(Problem { errors, ..Problem::new(Kind::Refused, "the manifest is not sound; `errors` says where") })
        }
        Registration::Refused { reason } => Err(Problem::new(Kind::Conflict, reason)),
    }
}

/// Unregisters a service.
pub async fn unregister(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let (service, force) = (named(asked.value())?, asked.force()?);
    match registered(door, &service).await? {
        ServiceShown::Service { summary, .. } if owns(&asked.user, &summary.provider) => {}
        ServiceShown::Service { summary, .. } if seen(&asked.user, &summary) => {
            return Err(Problem::forbidden(format!("{service} is {}'s", summary.provider)));
        }
        _ => return Err(Problem::unknown::<&str>("registered service", service.as_str(), &[])),
    }
    match door.ask::<Orchestrator, _>(ORCHESTRATOR, UnregisterService { service: service.clone(), force }).await? {
        Unregistration::Gone => Ok(Reply::done()),
        Unregistration::Leaving { deployments } => {
            let ids: Vec<_> = deployments.iter().map(ToString::to_string).collect();
            Ok(Reply::body(202, json!({ "deployments": ids })))
        }
        Unregistration::Unknown { .. } => Err(Problem::unknown::<&str>("registered service", service.as_str(), &[])),
    }
}
