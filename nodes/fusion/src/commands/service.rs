//! `fusion service list`, `fusion instance drain`: what runs, and how to make it stop.

use std::process::ExitCode;
use std::time::Duration;

use actors_protocol::factory::DrainInstance;
use actors_protocol::membership::ListInstances;
use actors_protocol::{Millis, ServiceName};
use anyhow::bail;

use crate::cli::Instance;
use crate::home::Home;
use crate::operator::Operator;
use crate::output;

/// While a drain goes on, it is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// When the deadline has ended the last sessions: how long their slots may take to go.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// Lists instances and their slots.
pub async fn list(home: &Home, service: Option<ServiceName>, json: bool) -> anyhow::Result<ExitCode> {
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
                    "age_ms": entry.pool.age, "seq": entry.pool.seq, "incarnation": entry.pool.incarnation,
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
    for (zone, failure) in &list.failures {
        output::line(&format!("{zone}/{} ({}) does not run: {}", failure.instance, failure.service, failure.cause));
    }
    Ok(ExitCode::SUCCESS)
}

/// Drains an instance, or takes a drain back.
pub async fn drain(home: &Home, instance: Instance, json: bool) -> anyhow::Result<ExitCode> {
    let Instance::Drain { path, deadline, cancel } = instance;
    let node = Operator::new(home)?.find(&path.node).await?;
    let call = DrainInstance { deadline: Millis::from(deadline), cancel };
    let mut state = node.ask(path.path.as_str(), call).await?;
    if cancel {
        let words = format!("{}/{} takes viewers again", path.node, path.path);
        if json {
            output::json(&state)?
        } else {
            output::line(&words)
        }
        return Ok(ExitCode::SUCCESS);
    }
    let until = tokio::time::Instant::now() + deadline;
    let mut told = None;
    while state.counts.capacity() > 0 {
        if told != Some(state.sessions) {
            let plural = if state.sessions == 1 { " still runs" } else { "s still run" };
            output::progress(&format!("{} session{plural}", state.sessions));
            told = Some(state.sessions);
        }
        if tokio::time::Instant::now() > until + ENDS_WITHIN {
            bail!("{} slots of {} have not ended in time", state.counts.capacity(), path.path);
        }
        tokio::time::sleep(LOOK_EVERY).await;
        // Asking again with what is left of the time changes nothing but tells how far it is.
        let left = until.saturating_duration_since(tokio::time::Instant::now());
        state = node.ask(path.path.as_str(), DrainInstance { deadline: Millis::from(left), cancel: false }).await?;
    }
    if json {
        output::json(&state)?
    } else {
        output::line(&format!("{}/{} is drained", path.node, path.path))
    }
    Ok(ExitCode::SUCCESS)
}
