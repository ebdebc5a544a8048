//! `fusion nodes`, `fusion deny`: who is in the domain, and who no longer.

use std::process::ExitCode;

use actors_protocol::membership::{Denial, Deny as DenyCall};
use anyhow::bail;

use crate::cli::Deny;
use crate::home::Home;
use crate::operator::{Operator, did_you_mean};
use crate::output;

/// Lists the nodes.
pub async fn list(home: &Home, json: bool) -> anyhow::Result<ExitCode> {
    let list = Operator::new(home)?.nodes().await?;
    if json {
        output::json(&serde_json::json!({
            "domain": list.domain, "version": list.directory.version,
            "nodes": list.directory.nodes, "denied": list.directory.denied,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let heading = ["node", "roles", "zone", "address", "life", "state"].map(str::to_owned).to_vec();
    let rows = list.directory.nodes.iter().map(|record| {
        vec![
            record.node.to_string(),
            record.roles.to_string(),
            record.zone.as_ref().map_or_else(|| "-".into(), ToString::to_string),
            record.advertise.map_or_else(|| "-".into(), |address| address.to_string()),
            record.incarnation.0.to_string(),
            if record.alive { "up" } else { "down" }.to_owned(),
        ]
    });
    let denied = list
        .directory
        .denied
        .iter()
        .map(|node| vec![node.to_string(), "-".into(), "-".into(), "-".into(), "-".into(), "denied".into()]);
    let rows: Vec<_> = std::iter::once(heading).chain(rows).chain(denied).collect();
    output::line(output::table(&rows).trim_end());
    Ok(ExitCode::SUCCESS)
}

/// Denies a node.
pub async fn deny(home: &Home, deny: Deny, json: bool) -> anyhow::Result<ExitCode> {
    let node = deny.node.clone();
    let call = DenyCall { node: deny.node, reason: deny.reason };
    match Operator::new(home)?.orchestrator().await?.ask("orchestrator", call).await? {
        Denial::Denied if json => output::json(&serde_json::json!({ "denied": node }))?,
        Denial::Denied => output::line(&format!("{node} is refused from now on")),
        Denial::UnknownNode { near } => bail!("there is no node '{node}'{}", did_you_mean(&near)),
        Denial::Own => bail!("{node} is the orchestrator itself; it cannot be denied"),
    }
    Ok(ExitCode::SUCCESS)
}
