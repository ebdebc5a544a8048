//! `fusion node`: runs the roles of one node until it is told to stop.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Node;
use crate::compose::{Rest, Running, bind, stop};
use crate::config::{ConfigError, NodeConfig};
use crate::home::Home;
use crate::output;

/// Runs.
pub async fn run(home: &Home, args: &Node, json: bool) -> anyhow::Result<ExitCode> {
    let mut stopping = Stopping::listen()?;
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
    let running =
        bind(home, home.lock()?, &domain, listen)?.start(&domain, &config, args.advertise.or(config.advertise))?;
    let (node, roles, listen) = (running.file.node.clone(), running.file.roles, running.listen);
    let rest = running.console.as_ref().map(Rest::url);
    if json {
        output::json(
            &serde_json::json!({ "ready": true, "node": node, "roles": roles, "listen": listen, "dir": home.dir(), "rest": rest }),
        )?;
    } else {
        let rest = rest.map_or_else(String::new, |url| format!(", serves REST at {url}"));
        output::line(&format!("{node} ({roles}) listens on {listen}{rest}; Ctrl-C drains and stops it"));
    }
    stopping.told().await;
    Ok(drain(vec![running], args.deadline, &mut stopping).await)
}

/// Drains and ends nodes. Told a second time, it ends at once and fails: sessions were cut.
pub async fn drain(nodes: Vec<Running>, deadline: Duration, stopping: &mut Stopping) -> ExitCode {
    tokio::select! {
        () = stop(nodes, deadline, output::progress) => ExitCode::SUCCESS,
        () = stopping.told() => {
            output::progress("told again: stopped without draining");
            ExitCode::FAILURE
        }
    }
}

/// Hears Ctrl-C and SIGTERM from the moment it is made; before, they end the process as the system does.
pub struct Stopping {
    terminate: Signal,
    interrupt: Signal,
}

impl Stopping {
    /// From now on. To be called before the process says that it is ready.
    pub fn listen() -> anyhow::Result<Stopping> {
        let terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
        let interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be caught")?;
        Ok(Stopping { terminate, interrupt })
    }

    /// Waits until the process is told to stop. May be dropped and asked again.
    pub async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
