//! What the domain is and what runs in it: services, instances, nodes, zones.

use std::collections::BTreeMap;

use actors_control::ORCHESTRATOR;
use actors_protocol::membership::{InstanceList, ListInstances, ListNodes, NodeList, Orchestrator};
use actors_protocol::slot::SlotCounts;
use actors_protocol::{Role, ServiceName};
use serde_json::{Value, json};

use super::services::hidden;
use super::{Asked, Reply};
use crate::door::Door;
use crate::page::Page;
use crate::problem::{Kind, Problem};

pub(super) async fn list_nodes(door: &Door) -> Result<NodeList, Problem> {
    door.ask::<Orchestrator, _>(ORCHESTRATOR, ListNodes { alive_only: false }).await
}

pub(super) async fn list_instances(door: &Door, service: Option<ServiceName>) -> Result<InstanceList, Problem> {
    door.ask::<Orchestrator, _>(ORCHESTRATOR, ListInstances { service }).await
}

/// The service that the query names.
pub(super) fn service_of(asked: &Asked) -> Result<Option<ServiceName>, Problem> {
    let service = asked.query.get("service").map(|text| text.parse()).transpose();
    service.map_err(|error: actors_protocol::NameError| Problem::new(Kind::Malformed, format!("'service': {error}")))
}

/// The five states and their sum.
pub(super) fn counts(counts: SlotCounts) -> Value {
    let mut value = json!(counts);
    value["capacity"] = json!(counts.capacity());
    value
}

/// A page of instances.
pub async fn instances(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let (page, service) = (Page::read(&asked.query)?, service_of(asked)?);
    let hidden = hidden(door, &asked.user).await?;
    let list = list_instances(door, service).await?;
    let seen = list.pools.iter().filter(|entry| entry.pool.services.iter().any(|it| !hidden.contains(&it.service)));
    let entries = seen.map(|entry| {
        let pool = &entry.pool;
        let services: Vec<_> = pool
            .services
            .iter()
            .filter(|entry| !hidden.contains(&entry.service))
            .map(|entry| json!({ "service": entry.service, "cap": entry.cap, "used": entry.used }))
            .collect();
        let value = json!({
            "instance": pool.instance, "zone": entry.zone, "host": entry.host, "services": services,
            "slots": counts(pool.counts), "age_ms": pool.age, "note": pool.note,
        });
        (format!("{}/{}", entry.zone, pool.instance), value)
    });
    Ok(Reply::body(200, page.cut(entries)))
}

/// A page of nodes.
pub async fn nodes(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let page = Page::read(&asked.query)?;
    let list = list_nodes(door).await?;
    let entries = list.directory.nodes.iter().map(|record| (record.node.to_string(), json!(record)));
    Ok(Reply::body(200, page.cut(entries)))
}

#[derive(Default)]
struct Zone<'a> {
    manager: Option<&'a str>,
    alive: bool,
    hosts: Vec<&'a str>,
    instances: Vec<&'a str>,
}

/// A page of zones: its manager, its hosts, its instances.
pub async fn zones(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let page = Page::read(&asked.query)?;
    let (nodes, instances) = (list_nodes(door).await?, list_instances(door, None).await?);
    let mut zones: BTreeMap<String, Zone<'_>> = BTreeMap::new();
    for record in &nodes.directory.nodes {
        let Some(zone) = &record.zone else { continue };
        let known = zones.entry(zone.to_string()).or_default();
        if record.roles.has(Role::Zone) && (record.alive || known.manager.is_none()) {
            (known.manager, known.alive) = (Some(record.node.as_str()), record.alive);
        }
        if record.roles.has(Role::Host) {
            known.hosts.push(record.node.as_str());
        }
    }
    let hidden = hidden(door, &asked.user).await?;
    let seen =
        instances.pools.iter().filter(|entry| entry.pool.services.iter().any(|it| !hidden.contains(&it.service)));
    for entry in seen {
        zones.entry(entry.zone.to_string()).or_default().instances.push(entry.pool.instance.as_str());
    }
    let entries = zones.into_iter().map(|(name, zone)| {
        let Zone { manager, alive, hosts, instances } = zone;
        let value = json!({ "zone": name, "manager": manager, "alive": alive, "hosts": hosts, "instances": instances });
        (name, value)
    });
    Ok(Reply::body(200, page.cut(entries)))
}
