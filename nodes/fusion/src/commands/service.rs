//! `fusion service`: what runs, and what should and does not; [`manifests`] and [`deploy`] have the rest.

use std::process::ExitCode;

use actors_protocol::ServiceName;
use actors_protocol::membership::ListInstances;

use crate::cli::Service;
use crate::home::Home;
use crate::operator::Operator;
use crate::output;

mod deploy;
mod manifests;

/// Chooses.
pub async fn run(home: &Home, service: Service, json: bool) -> anyhow::Result<ExitCode> {
    match service {
        Service::List { service } => list(home, service, json).await,
        Service::Register { file } => manifests::register(home, &file, json).await,
        Service::Show { service: Some(service) } => manifests::show(home, service, json).await,
        Service::Show { service: None } => manifests::list(home, json).await,
        Service::Unregister { service, force } => manifests::unregister(home, service, force, json).await,
        Service::Deploy(order) => deploy::deploy(home, order, json).await,
        Service::Deployments { service } => deploy::list(home, service, json).await,
        Service::Undeploy { deployment, force } => deploy::remove(home, deployment, force, json).await,
    }
}

/// Lists instances and their slots.
async fn list(home: &Home, service: Option<ServiceName>, json: bool) -> anyhow::Result<ExitCode> {
    let list = Operator::new(home)?.orchestrator().await?.ask("orchestrator", ListInstances { service }).await?;
    if json {
        let instances: Vec<_> = list
            .pools
            .iter()
            .map(|entry| {
                let counts = entry.pool.counts;
                serde_json::json!({
                    "services": entry.pool.services.iter().map(|entry| &entry.service).collect::<Vec<_>>(),
                    "instance": entry.pool.instance, "zone": entry.zone, "host": entry.host,
                    "warming": counts.warming, "free": counts.free, "reserved": counts.reserved,
                    "active": counts.active, "draining": counts.draining, "capacity": counts.capacity(),
                    "age_ms": entry.pool.age, "note": entry.pool.note, "seq": entry.pool.seq, "incarnation": entry.pool.incarnation,
                })
            })
            .collect();
        let failures: Vec<_> = list
            .failures
            .iter()
            .map(|(zone, failure)| {
                serde_json::json!({
                    "zone": zone, "instance": failure.instance, "service": failure.service, "cause": failure.cause,
                })
            })
            .collect();
        output::json(&serde_json::json!({ "instances": instances, "failures": failures, "services": list.services }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let heading = [
        "service", "zone", "instance", "host", "warming", "free", "reserved", "active", "draining", "capacity",
        "age ms",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for entry in &list.pools {
        let counts = entry.pool.counts;
        for service in &entry.pool.services {
            let numbers =
                [counts.warming, counts.free, counts.reserved, counts.active, counts.draining, counts.capacity()];
            let names =
                [service.service.as_str(), entry.zone.as_str(), entry.pool.instance.as_str(), entry.host.as_str()];
            let mut row: Vec<_> = names.map(str::to_owned).to_vec();
            row.extend(numbers.map(|number| number.to_string()));
            row.push(entry.pool.age.0.to_string());
            rows.push(row);
        }
    }
    if rows.len() == 1 {
        output::line("no instance runs; name some in a zone's configuration ([[instance]])");
    } else {
        output::line(output::table(&rows).trim_end());
    }
    for entry in &list.pools {
        if let Some(note) = &entry.pool.note {
            output::line(&format!("{}/{} offers no free slots: {note}", entry.zone, entry.pool.instance));
        }
    }
    for (zone, failure) in &list.failures {
        output::line(&format!("{zone}/{} ({}) does not run: {}", failure.instance, failure.service, failure.cause));
    }
    Ok(ExitCode::SUCCESS)
}
