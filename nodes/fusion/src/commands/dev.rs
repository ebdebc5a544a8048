//! `fusion dev`: a whole domain in one process. Each node has its own identity, endpoint and directory, as on six machines.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use actors_control::is_beginning;
use actors_protocol::membership::{InstanceList, ListInstances};
use actors_protocol::resolver::{Candidate, Lookup, LookupReply};
use actors_protocol::{DomainName, NodeName, Role, Roles, ServiceName, SiteName, ZoneName};
use anyhow::{Context, bail};
use nodes_services::{DemoMedia, demo_media};

use crate::cli::Dev;
use crate::commands::node::{Stopping, drain};
use crate::commands::user;
use crate::compose::{Bound, Rest, Running, bind};
use crate::config::{HostConfig, InstanceConfig, NodeConfig, ResolverConfig};
use crate::home::{DirLock, DomainFile, Found, Home, NodeFile, issue};
use crate::operator::{Dialled, Operator};
use crate::output;

/// Making the clip, six nodes and eight slots takes a few seconds; a machine that needs longer has other worries.
const READY_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// `site`, one-way latencies in milliseconds: what the topology file of the demo says.
const SITE: &str = "home";
const TOPOLOGY: &str = "# How far sites are from zones, one way.\ndefault_site = \"home\"\n\n[[latency]]\nsite = \"home\"\nzone = \"zone-a\"\nms = 10.0\n\n[[latency]]\nsite = \"home\"\nzone = \"zone-b\"\nms = 30.0\n";
/// Slots of `echo.demo`, for load and tests.
const ECHO_SLOTS: u32 = 16;

struct Plan {
    node: &'static str,
    role: Role,
    zone: Option<&'static str>,
}

/// The order of the ports, from `--port` on.
const NODES: [Plan; 6] = [
    Plan { node: "orchestrator", role: Role::Orchestrator, zone: None },
    Plan { node: "resolver", role: Role::Resolver, zone: None },
    Plan { node: "zone-a", role: Role::Zone, zone: Some("zone-a") },
    Plan { node: "zone-b", role: Role::Zone, zone: Some("zone-b") },
    Plan { node: "host-a", role: Role::Host, zone: Some("zone-a") },
    Plan { node: "host-b", role: Role::Host, zone: Some("zone-b") },
];

/// Runs the domain until it is told to stop.
pub async fn run(home: &Home, args: Dev, json: bool) -> anyhow::Result<ExitCode> {
    let mut stopping = Stopping::listen()?;
    home.create()?;
    // Before anything is written: a second one must not change what the first one's users read.
    let lock = home.lock()?;
    let media = prepare_media(home, &args).await?;
    let nodes = start(home, lock, &args, media)?;
    let rest = nodes.iter().find_map(|running| running.console.as_ref()).map(Rest::url);
    tokio::select! {
        list = ready(home, rest.is_some()) => tell(home, &home.domain()?, &list?, rest, json)?,
        () = stopping.told() => return Ok(drain(nodes, args.deadline, &mut stopping).await),
    }
    stopping.told().await;
    Ok(drain(nodes, args.deadline, &mut stopping).await)
}

/// Clip and guide are made once, before anybody needs them, and not by two hosts at once.
async fn prepare_media(home: &Home, args: &Dev) -> anyhow::Result<Option<DemoMedia>> {
    let absolute = |given: &Option<PathBuf>| given.as_ref().map(std::path::absolute).transpose();
    let (clip, guide, dir) = (absolute(&args.clip)?, absolute(&args.media)?, home.media());
    let made = tokio::task::spawn_blocking(move || demo_media(&dir, clip, guide, output::progress));
    made.await.context("the maker of the demo's media broke")?.map_err(anyhow::Error::msg)
}

fn start(home: &Home, lock: DirLock, args: &Dev, media: Option<DemoMedia>) -> anyhow::Result<Vec<Running>> {
    let port = |index: usize| -> anyhow::Result<SocketAddr> {
        let port =
            if args.port == 0 { 0 } else { args.port.checked_add(index as u16).context("--port is too large")? };
        Ok(([127, 0, 0, 1], port).into())
    };
    let name: DomainName = if home.has_domain() { home.domain()?.domain } else { "demo".parse()? };
    if !home.has_domain() {
        let orchestrator = Found::new(NODES[0].node.parse()?, Role::Orchestrator, &name, port(0)?);
        home.init(&name, orchestrator, vec![])?;
    }
    let mut domain = home.domain()?;
    // The orchestrator lives in the domain's own directory, the others below it.
    let ports =
        "`fusion dev` listens on six UDP ports from --port on; choose another, or --port 0 for any that are free";
    let mut bound: Vec<Bound> = vec![bind(home, lock, &domain, port(0)?).context(ports)?];
    for (index, plan) in NODES.iter().enumerate().skip(1) {
        let home = node_home(home, plan)?;
        bound.push(bind(&home, home.lock()?, &domain, port(index)?).context(ports)?);
    }
    // Only now it is certain where everybody listens.
    domain.orchestrator.address = bound[0].listen;
    domain.resolvers = vec![Found::new(NODES[1].node.parse()?, Role::Resolver, &name, bound[1].listen)];
    domain.site = Some(SITE.parse::<SiteName>()?);
    home.save_domain(&domain)?;
    let topology = home.dir().join("topology.toml");
    if !topology.exists() {
        std::fs::write(&topology, TOPOLOGY).with_context(|| format!("{} cannot be written", topology.display()))?;
    }
    let mut running = Vec::new();
    for (plan, bound) in NODES.iter().zip(bound) {
        let mut config = NodeConfig::default();
        match plan.role {
            // TCP beside the orchestrator's UDP.
            Role::Orchestrator if cfg!(feature = "console") => config.console.listen = Some(port(0)?),
            Role::Zone => config.instances = instances(plan, args, media.as_ref())?,
            Role::Resolver => config.resolver = ResolverConfig { topology: Some(topology.clone()) },
            // A load generator on this machine is one address.
            Role::Host => config.host = HostConfig { leases_per_address: 4_096 },
            _ => {}
        }
        running.push(bound.start(&domain, &config, None)?);
    }
    Ok(running)
}

/// The directory of a node below the domain's; the authority is at hand, so no tokens.
fn node_home(home: &Home, plan: &Plan) -> anyhow::Result<Home> {
    let node: NodeName = plan.node.parse()?;
    let own = home.below(&node);
    if !own.is_node() {
        own.create()?;
        let zone = plan.zone.map(str::parse::<ZoneName>).transpose()?;
        let file = NodeFile { node: node.clone(), roles: Roles::of(&[plan.role]), zone };
        own.save_node(&file, &issue(&home.authority()?, &node, file.roles)?)?;
    }
    Ok(own)
}

fn instances(plan: &Plan, args: &Dev, media: Option<&DemoMedia>) -> anyhow::Result<Vec<InstanceConfig>> {
    let letter = plan.node.trim_start_matches("zone-");
    let one = |word: &str, slots, parameters| -> anyhow::Result<InstanceConfig> {
        let name = format!("{word}-{letter}").parse()?;
        let service: ServiceName = format!("{word}.demo").parse()?;
        let services = vec![service.into()];
        Ok(InstanceConfig { name, services, builder: word.to_owned(), slots, host: None, parameters })
    };
    let mut instances = vec![one("echo", ECHO_SLOTS, Default::default())?];
    if let Some(DemoMedia { clip, guide }) = media {
        let parameter = |key: &str, path: &PathBuf| [(key.to_owned(), path.display().to_string())].into();
        instances.push(one("clip", args.slots, parameter("clip", clip))?);
        instances.push(one("epg", args.slots, parameter("media", guide))?);
    }
    Ok(instances)
}

/// Waits until every slot of every instance is free, or says which instance does not run and why.
async fn ready(home: &Home, rest: bool) -> anyhow::Result<InstanceList> {
    let until = tokio::time::Instant::now() + READY_WITHIN;
    let operator = Operator::new(home)?;
    let orchestrator = operator.orchestrator().await?;
    if rest {
        user::keep_admin(home, &orchestrator).await?;
    }
    let zones = NODES.iter().filter(|plan| plan.role == Role::Zone).count();
    loop {
        let list = orchestrator.ask("orchestrator", ListInstances { service: None }).await?;
        if let Some((zone, failure)) = list.failures.iter().find(|(_, failure)| !is_beginning(failure)) {
            bail!("instance {} of {zone} does not run: {}", failure.instance, failure.cause);
        }
        let warm = |pool: &actors_protocol::slot::PoolReport| pool.counts.free > 0 && pool.counts.warming == 0;
        let reported = list.pools.iter().map(|entry| &entry.zone).collect::<std::collections::BTreeSet<_>>().len();
        let warm = list.failures.is_empty() && reported == zones && list.pools.iter().all(|entry| warm(&entry.pool));
        // Orchestrator and resolvers hear of a slot one by one; ready means that viewers are sent to every one of them.
        if warm && is_resolvable(&operator.resolver().await?, &list).await? {
            return Ok(list);
        }
        if tokio::time::Instant::now() > until {
            bail!(
                "not ready within {} s; `fusion service list` and `fusion actors` tell how far it is",
                READY_WITHIN.as_secs()
            );
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Does the resolver know a free slot in each pool of the list, for each of its services?
async fn is_resolvable(resolver: &Dialled, list: &InstanceList) -> anyhow::Result<bool> {
    let mut pools: BTreeMap<&ServiceName, usize> = BTreeMap::new();
    for entry in list.pools.iter().flat_map(|entry| &entry.pool.services) {
        *pools.entry(&entry.service).or_default() += 1;
    }
    for (service, count) in pools {
        let found = resolver.ask("resolver", Lookup { service: service.clone(), site: None }).await?;
        let free = |candidates: &[Candidate]| candidates.iter().filter(|candidate| candidate.free > 0).count();
        match found {
            LookupReply::Found(candidates) if free(&candidates) == count => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

fn tell(home: &Home, domain: &DomainFile, list: &InstanceList, rest: Option<String>, json: bool) -> anyhow::Result<()> {
    let resolver = domain.resolvers.first().map(|found| found.address);
    let services: std::collections::BTreeSet<_> =
        list.pools.iter().flat_map(|entry| entry.pool.services.iter().map(|entry| entry.service.clone())).collect();
    if json {
        return output::json(&serde_json::json!({
            "ready": true, "dir": home.dir(), "domain": domain.domain, "resolver": resolver,
            "orchestrator": domain.orchestrator.address, "services": services, "rest": rest,
        }));
    }
    let dir = home.dir().display();
    let say = |text: String| output::line(&text);
    say(format!(
        "ready: domain {} in {dir}, resolver at {}",
        domain.domain,
        resolver.map_or_else(String::new, |at| at.to_string())
    ));
    for entry in &list.pools {
        for service in &entry.pool.services {
            say(format!(
                "  {:<10} {} slots in {} on {}",
                service.service,
                entry.pool.counts.capacity(),
                entry.zone,
                entry.host
            ));
        }
    }
    say(String::new());
    say("In another terminal:".into());
    say(format!("  export FUSION_DIR={dir}"));
    say("  fusion view epg.demo                                  the programme guide, in a window".into());
    say("  fusion view epg.demo --frames 90 --record a.mp4       three seconds of it, recorded".into());
    say("  fusion service list                                   slots of every instance".into());
    say("  fusion resolve clip.demo --from home --explain        who would serve you, and why".into());
    say("  fusion actors                                         every actor of the domain".into());
    if let Some(url) = rest {
        let token = home.admin_token();
        say(format!("  curl -H \"Authorization: Bearer $(cat {})\" {url}/v1/services", token.display()));
        say(format!("                                                        REST; {url}/openapi.json describes it"));
    }
    say("Ctrl-C stops it.".into());
    Ok(())
}
