//! `fusion service register`, `show` and `unregister`: services by their manifests.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use actors_protocol::membership::ListInstances;
use actors_protocol::service::{
    ListManifests, RegisterService, Registration, RegistrationChange, SERVICES_PAGE_MAX, ServiceShown, ServiceSummary,
    ShowService, UnregisterService, Unregistration,
};
use actors_protocol::{RequestId, ServiceName};
use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::deploy::unknown;
use crate::home::Home;
use crate::operator::{Dialled, Operator};
use crate::output;

/// While something goes on, it is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// With --force everything is gone by then, or something is wrong.
const GONE_WITHIN: Duration = Duration::from_secs(90);

pub(super) async fn register(home: &Home, file: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let manifest =
        std::fs::read_to_string(file).with_context(|| format!("the manifest {} cannot be read", file.display()))?;
    let orchestrator = Operator::new(home)?.orchestrator().await?;
    match orchestrator.ask("orchestrator", RegisterService { manifest }).await? {
        Registration::Registered { service, change } => {
            if json {
                output::json(&json!({ "service": service, "change": change }))?;
            } else {
                let words = match change {
                    RegistrationChange::New => "is registered",
                    RegistrationChange::Replaced => {
                        "has another manifest now; what runs keeps the one it was made with"
                    }
                    RegistrationChange::Same => "was registered with the same manifest already",
                };
                output::line(&format!("{service} {words}"));
            }
            Ok(ExitCode::SUCCESS)
        }
        Registration::Invalid { problems } => {
            if json {
                output::json(&json!({ "problems": problems }))?;
            }
            let line = |problem: &actors_protocol::service::ManifestProblem| {
                let place = if problem.place.is_empty() { "the whole" } else { &problem.place };
                format!("  {place}: {}; {}", problem.what, problem.remedy)
            };
            let lines: Vec<_> = problems.iter().map(line).collect();
            bail!("{} is no sound manifest:\n{}", file.display(), lines.join("\n"))
        }
        Registration::Refused { reason } => bail!("{} is not registered: {reason}", file.display()),
    }
}

pub(super) async fn show(home: &Home, service: ServiceName, json: bool) -> anyhow::Result<ExitCode> {
    let orchestrator = Operator::new(home)?.orchestrator().await?;
    match orchestrator.ask("orchestrator", ShowService { service: service.clone() }).await? {
        ServiceShown::Service { summary, manifest, deployments } => {
            let manifest: Value = serde_json::from_str(&manifest)?;
            let ids: Vec<_> = deployments.iter().map(ToString::to_string).collect();
            if json {
                output::json(&json!({
                    "service": summary.service, "owner": summary.owner, "slots": summary.slots,
                    "leaving": summary.leaving, "deployments": ids, "manifest": manifest,
                }))?;
            } else {
                output::line(output::table(&[heading(), row(&summary)]).trim_end());
                output::line(&serde_json::to_string_pretty(&manifest)?);
                ids.iter().for_each(|id| output::line(&format!("deployment {id}")));
            }
            Ok(ExitCode::SUCCESS)
        }
        ServiceShown::Unknown { near } => bail!("{}", unknown(&service, &near)),
    }
}

pub(super) async fn list(home: &Home, json: bool) -> anyhow::Result<ExitCode> {
    let orchestrator = Operator::new(home)?.orchestrator().await?;
    let (mut services, mut after) = (Vec::new(), None);
    loop {
        let page = orchestrator.ask("orchestrator", ListManifests { after, most: SERVICES_PAGE_MAX }).await?;
        services.extend(page.services);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if json {
        output::json(&json!({ "services": services }))?;
    } else if services.is_empty() {
        output::line("no service is registered; `fusion service register FILE` registers one");
    } else {
        let rows: Vec<_> = core::iter::once(heading()).chain(services.iter().map(row)).collect();
        output::line(output::table(&rows).trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

fn heading() -> Vec<String> {
    ["service", "provider", "owner", "kind", "slots", "description"].map(str::to_owned).into()
}

fn row(summary: &ServiceSummary) -> Vec<String> {
    let description = summary.description.clone().unwrap_or_default();
    let description = if summary.leaving { format!("(leaving) {description}") } else { description };
    let (service, provider) = (summary.service.to_string(), summary.provider.to_string());
    vec![service, provider, summary.owner.clone(), summary.kind.clone(), summary.slots.to_string(), description]
}

pub(super) async fn unregister(home: &Home, service: ServiceName, force: bool, json: bool) -> anyhow::Result<ExitCode> {
    let orchestrator = Operator::new(home)?.orchestrator().await?;
    let begun = Instant::now();
    let mut told: Option<usize> = None;
    loop {
        let ask = UnregisterService { service: service.clone(), force };
        match orchestrator.ask("orchestrator", ask).await? {
            Unregistration::Gone => break,
            // Somebody else's call, or the last look, has seen the end of it.
            Unregistration::Unknown { .. } if told.is_some() => break,
            Unregistration::Unknown { near } => bail!("{}", unknown(&service, &near)),
            Unregistration::Leaving { deployments } => tell(&deployments, &mut told),
        }
        if force && begun.elapsed() > GONE_WITHIN {
            bail!(
                "{service} is not gone after {} s; `fusion service deployments` tells what is left",
                GONE_WITHIN.as_secs()
            );
        }
        sleep(LOOK_EVERY).await;
    }
    drained(&orchestrator, &service, begun + GONE_WITHIN, force).await?;
    if json {
        output::json(&json!({ "service": service, "unregistered": true }))?;
    } else {
        output::line(&format!("{service} is unregistered, and nothing of it is left"));
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(deployments: &[RequestId], told: &mut Option<usize>) {
    if *told != Some(deployments.len()) {
        output::progress(&format!("{} deployments are being removed", deployments.len()));
        *told = Some(deployments.len());
    }
}

/// Waits until no instance reports the service any more; without --force its sessions may take their time.
async fn drained(orchestrator: &Dialled, service: &ServiceName, until: Instant, force: bool) -> anyhow::Result<()> {
    loop {
        let list = orchestrator.ask("orchestrator", ListInstances { service: Some(service.clone()) }).await?;
        if list.pools.is_empty() {
            return Ok(());
        }
        if force && Instant::now() > until {
            bail!(
                "{} instances of {service} still report; `fusion service list {service}` shows them",
                list.pools.len()
            );
        }
        sleep(LOOK_EVERY).await;
    }
}
