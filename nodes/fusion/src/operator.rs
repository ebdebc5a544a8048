//! The CLI's side of the control plane: dials nodes with the operator's certificate and asks.

use std::time::Duration;

use actors_kernel::Fault;
use actors_protocol::membership::{ListNodes, NodeList, NodeRecord};
use actors_protocol::{DomainName, Incarnation, NodeName, Request};
use anyhow::{Context, bail};
use tokio::task::JoinSet;
use transport_link::{CallTo, Control, Endpoint, Identity, LinkError, Options, Socket, Target, Versions};

use crate::home::{DomainFile, Found, Home};

/// A node that does not answer by then is in trouble, and whoever waits at a terminal wants to hear it.
const WITHIN: Duration = Duration::from_secs(3);

/// An operator at a terminal.
pub struct Operator {
    /// The domain.
    pub domain: DomainFile,
    endpoint: Endpoint,
}

/// One node, dialled.
pub struct Dialled {
    control: Control,
    whom: String,
    /// Owns the link's driver.
    _driver: JoinSet<LinkError>,
}

impl Operator {
    /// With the certificate in the domain's directory.
    pub fn new(home: &Home) -> anyhow::Result<Operator> {
        let domain = home.domain()?;
        let endpoint = client(&domain, Some(home.operator()?))?;
        Ok(Operator { domain, endpoint })
    }

    /// Dials the orchestrator.
    pub async fn orchestrator(&self) -> anyhow::Result<Dialled> {
        let found = &self.domain.orchestrator;
        let target = Target { endpoint: found.address, server_name: found.server_name.clone() };
        dial(&self.endpoint, target).await.map_err(|error| unreachable("the orchestrator", error))
    }

    /// Dials the first resolver that answers.
    pub async fn resolver(&self) -> anyhow::Result<Dialled> {
        let mut last = anyhow::anyhow!("domain {} names no resolver in its domain.json", self.domain.domain);
        for Found { address, server_name, .. } in &self.domain.resolvers {
            match dial(&self.endpoint, Target { endpoint: *address, server_name: server_name.clone() }).await {
                Ok(dialled) => return Ok(dialled),
                Err(error) => last = error,
            }
        }
        Err(unreachable("a resolver", last))
    }

    /// Dials a node of the directory.
    pub async fn node(&self, record: &NodeRecord) -> anyhow::Result<Dialled> {
        let Some(route) = actors_control::route_to(&self.domain.domain, record) else {
            bail!("node {} has not been heard of yet", record.node);
        };
        dial(&self.endpoint, Target { endpoint: route.endpoint, server_name: route.server_name }).await
    }

    /// The nodes of the domain.
    pub async fn nodes(&self) -> anyhow::Result<NodeList> {
        self.orchestrator().await?.ask("orchestrator", ListNodes { alive_only: false }).await
    }

    /// The node of this name.
    pub async fn find(&self, name: &NodeName) -> anyhow::Result<Dialled> {
        let list = self.nodes().await?;
        let Some(record) = list.directory.nodes.iter().find(|record| record.node == *name) else {
            let names: Vec<_> = list.directory.nodes.iter().map(|record| record.node.as_str()).collect();
            bail!("domain {} has no node '{name}'; it has {}", list.domain, names.join(", "));
        };
        self.node(record).await
    }
}

impl Dialled {
    /// Asks the actor at `path`.
    pub async fn ask<M: Request>(&self, path: &str, message: M) -> anyhow::Result<M::Reply> {
        self.ask_within(path, message, WITHIN).await
    }

    /// Asks the actor at `path`, and waits longer or shorter than usual.
    pub async fn ask_within<M: Request>(&self, path: &str, message: M, within: Duration) -> anyhow::Result<M::Reply> {
        let to = CallTo { path, incarnation: Incarnation::ANY, within, trace: 0 };
        let answer: Result<M::Reply, Fault> = self.control.ask_with(to, &message).await;
        answer.with_context(|| format!("{} was asked for {} at '{path}'", self.whom, M::NAME))
    }
}

/// An endpoint that only dials.
pub fn client(domain: &DomainFile, identity: Option<Identity>) -> anyhow::Result<Endpoint> {
    let authorities = Home::authorities(domain)?;
    let name: DomainName = domain.domain.clone();
    let any = Socket::Udp(if domain.orchestrator.address.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0u16; 8], 0).into()
    });
    let options =
        Options { domain: name, authorities, identity, socket: any, keys: None, rng_seed: None, serve: false };
    Ok(Endpoint::bind(options)?)
}

/// Dials and opens the control stream.
pub async fn dial(endpoint: &Endpoint, target: Target) -> anyhow::Result<Dialled> {
    let connection = endpoint.connect(&target, WITHIN).await.with_context(|| format!("{target} does not answer"))?;
    let (control, driver) = Control::open(&connection, Versions::CURRENT);
    let mut owner = JoinSet::new();
    owner.spawn_local(driver);
    Ok(Dialled { control, whom: target.to_string(), _driver: owner })
}

/// Why nobody of the wanted kind can be asked: it does not answer, or one of the two sides does not accept the other.
pub fn unreachable(whom: &str, error: anyhow::Error) -> anyhow::Error {
    let refusal = error.downcast_ref::<LinkError>().is_some_and(LinkError::is_refusal);
    error.context(if refusal {
        format!(
            "{whom} and this side do not accept each other's certificates; is this a token or a --dir of its domain?"
        )
    } else {
        format!("{whom} cannot be reached; does it run?")
    })
}

/// Words for a list of names: "did you mean a, b?", or nothing.
pub fn did_you_mean<T: ToString>(near: &[T]) -> String {
    let near: Vec<_> = near.iter().map(ToString::to_string).collect();
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) }
}
