//! `fusion node`: runs the roles of one node until it is told to stop.

use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::cli::Node;
use crate::compose::{bind, stop};
use crate::config::{ConfigError, NodeConfig};
use crate::home::Home;
use crate::output;

/// Runs.
pub async fn run(home: &Home, args: &Node, json: bool) -> anyhow::Result<ExitCode> {
    let config = match &args.config {
        Some(path) => NodeConfig::load(path)?,
        None => NodeConfig::default(),
    };
    let domain = home.domain()?;
    let file = home.node()?;
    let own = domain.orchestrator.node == file.node;
    let listen = args.listen.or(config.listen).or(own.then_some(domain.orchestrator.address));
    let Some(listen) = listen else {
        bail!(ConfigError::Value("say where to listen: `listen` in the configuration, or --listen".into()));
    };
    let running = bind(home, &domain, listen)?.start(&domain, &config, args.advertise.or(config.advertise))?;
    let (node, roles, listen) = (running.file.node.clone(), running.file.roles, running.listen);
    if json {
        output::json(
            &serde_json::json!({ "ready": true, "node": node, "roles": roles, "listen": listen, "dir": home.dir() }),
        )?;
    } else {
        output::line(&format!("{node} ({roles}) listens on {listen}; Ctrl-C drains and stops it"));
    }
    told_to_stop().await?;
    stop(vec![running], args.deadline, output::progress).await;
    Ok(ExitCode::SUCCESS)
}

/// Waits for Ctrl-C or SIGTERM. A second one while draining ends the process as the system does.
pub async fn told_to_stop() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be caught")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
