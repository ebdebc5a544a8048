//! `fusion init`, `fusion token`, `fusion join`: a domain is made, and a node is admitted to it.

use std::process::ExitCode;
use std::time::Duration;

use actors_protocol::membership::{Admission, Join as JoinCall, MintToken, Minting};
use actors_protocol::{Millis, NodeName, Role};
use anyhow::{Context, bail};
use transport_link::{CallTo, Control, Identity, Target, Versions};

use crate::cli::{Init, Join, Token};
use crate::home::{Found, Home, NodeFile};
use crate::operator::{Operator, client, unreachable};
use crate::output;
use crate::token::Token as TokenBody;

/// Admission means a handshake and a signature; whoever waits longer waits for nobody.
const JOIN_WITHIN: Duration = Duration::from_secs(5);

/// Makes a domain.
pub fn init(home: &Home, init: &Init, json: bool) -> anyhow::Result<ExitCode> {
    let node: NodeName = "orchestrator".parse().context("a constant name")?;
    let orchestrator = Found::new(node, Role::Orchestrator, &init.domain, init.orchestrator);
    let found = |(node, address): &(NodeName, _)| Found::new(node.clone(), Role::Resolver, &init.domain, *address);
    let file = home.init(&init.domain, orchestrator, init.resolvers.iter().map(found).collect())?;
    if json {
        output::json(
            &serde_json::json!({ "dir": home.dir(), "domain": file.domain, "orchestrator": file.orchestrator }),
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let dir = home.dir().display();
    output::line(&format!("domain {} made in {dir}", file.domain));
    output::line(&format!(
        "next: run its orchestrator      fusion node --dir {dir} --listen {}",
        file.orchestrator.address
    ));
    output::line(&format!(
        "      admit a node              fusion token host-a --roles host --zone zone-a --dir {dir}"
    ));
    Ok(ExitCode::SUCCESS)
}

/// Mints a token.
pub async fn token(home: &Home, token: &Token, json: bool) -> anyhow::Result<ExitCode> {
    let mint = MintToken {
        node: token.node.clone(),
        roles: token.roles.iter().copied().collect(),
        zone: token.zone.clone(),
        valid_for: Millis::from(token.valid_for),
    };
    match Operator::new(home)?.orchestrator().await?.ask("orchestrator", mint).await? {
        Minting::Token { text } if json => output::json(&serde_json::json!({ "node": token.node, "token": text }))?,
        Minting::Token { text } => output::line(&text),
        Minting::Refused { reason } => bail!("no token for {}: {reason}", token.node),
    }
    Ok(ExitCode::SUCCESS)
}

/// Joins a domain.
pub async fn join(home: &Home, join: &Join, json: bool) -> anyhow::Result<ExitCode> {
    let token = TokenBody::parse(&join.token)?;
    if home.is_node() {
        bail!("{} is a node's already; choose another --dir", home.dir().display());
    }
    // The token works once: not before it is certain that what it brings can be kept.
    let made = !home.dir().exists();
    home.create()?;
    let lock = home.lock()?;
    let joined = admission(&token).await;
    if joined.is_err() && made {
        drop(lock);
        home.remove_unused();
    }
    let (node, identity) = joined?;
    home.save_domain(&token.domain_file())?;
    home.save_node(&node, &identity)?;
    if json {
        output::json(
            &serde_json::json!({ "dir": home.dir(), "node": node.node, "roles": node.roles, "zone": node.zone }),
        )?;
    } else {
        output::line(&format!("joined domain {} as {} ({})", token.domain, node.node, node.roles));
        output::line(&format!("next: fusion node --dir {} --listen ADDR [--config FILE]", home.dir().display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks the orchestrator for admission: who this node is from now on.
async fn admission(token: &TokenBody) -> anyhow::Result<(NodeFile, Identity)> {
    let domain = token.domain_file();
    let endpoint = client(&domain, None)?;
    let found = &domain.orchestrator;
    let target = Target { endpoint: found.address, server_name: found.server_name.clone() };
    let connected = endpoint.connect(&target, JOIN_WITHIN).await;
    let connection = connected.map_err(|error| unreachable("the orchestrator", error.into()))?;
    let key = Identity::generate_key();
    let call = JoinCall { secret: token.secret()?, public_key: key.public_key(), proof: connection.prove(&key) };
    let (control, driver) = Control::open(&connection, Versions::CURRENT);
    let to =
        CallTo { path: "orchestrator", incarnation: actors_protocol::Incarnation::ANY, within: JOIN_WITHIN, trace: 0 };
    let admission = tokio::select! {
        admission = control.ask_with(to, &call) => admission.context("the orchestrator was asked for admission")?,
        end = driver => bail!("the orchestrator ended the connection: {end}"),
    };
    match admission {
        Admission::Admitted { node, roles, zone, certificate, .. } => {
            Ok((NodeFile { node, roles, zone }, Identity::new(&certificate, key)?))
        }
        Admission::UnknownToken => {
            bail!("the token is not known to domain {}; mint one with `fusion token`", domain.domain)
        }
        Admission::UsedToken { node } => {
            bail!("the token was used before, by node {node}; mint another with `fusion token`")
        }
        Admission::ExpiredToken => bail!("the token's time is over; mint another with `fusion token`"),
        Admission::BadProof => {
            bail!("the orchestrator does not believe this connection; is something between the two?")
        }
        Admission::Denied { reason } => bail!("this node is on the domain's deny list: {reason}"),
    }
}
