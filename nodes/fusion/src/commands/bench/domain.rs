//! A domain to measure: control in this process, each host a process of its own, everything in a directory that goes.
//!
//! Owns: the directory and the host processes. Refuses: to outlive this process; hosts are killed when it is dropped.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use actors_control::is_beginning;
use actors_protocol::membership::ListInstances;
use actors_protocol::node::{InspectActor, Inspection};
use actors_protocol::resolver::{Lookup, LookupReply};
use actors_protocol::{NodeName, Role, Roles, ServiceName, ZoneName};
use anyhow::{Context, bail, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use transport_viewer::{DomainTrust, Options, Viewer};

use super::usage;
use crate::compose::{Running, bind};
use crate::config::{InstanceConfig, NodeConfig, ServiceConfig};
use crate::home::{Found, Home, NodeFile, issue};
use crate::operator::{Dialled, Operator};
use crate::output;

/// Sixteen processes on a small machine take a while.
const READY_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Orchestrator and resolver.
const CONTROL: &str = "control";
const ZONE: &str = "zone-a";
const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Unredeemed tickets that one address may hold: all viewers are one address here.
const LEASES: u32 = 4_096;

/// Clips and stills, each in a folder of their own; made once for all domains of a run.
pub struct Media {
    /// Nine clips.
    pub moving: PathBuf,
    /// Six stills.
    pub still: PathBuf,
    folder: TempDir,
}

impl Media {
    /// Makes them, which takes some seconds.
    pub async fn make() -> anyhow::Result<Media> {
        let folder = tempfile::Builder::new().prefix("fusion-bench-").tempdir().context("no temporary directory")?;
        let dir = folder.path().to_owned();
        let made = tokio::task::spawn_blocking(move || {
            // The demo's clip is not wanted: any path will do for it.
            let none = Some(dir.join("none"));
            nodes_services::demo_media(&dir, none, None, output::progress)
        });
        let made = made.await.context("the maker of the guide's media broke")?.map_err(anyhow::Error::msg)?;
        let guide = made.context("this binary has no media")?.guide;
        let (moving, still) = (folder.path().join("moving"), folder.path().join("still"));
        fs::create_dir(&moving).and_then(|()| fs::create_dir(&still))?;
        for entry in fs::read_dir(&guide)? {
            let entry = entry?;
            let is_clip = entry.path().extension().is_some_and(|ending| ending == "mp4");
            let to = if is_clip { &moving } else { &still };
            fs::rename(entry.path(), to.join(entry.file_name()))?;
        }
        Ok(Media { moving, still, folder })
    }
}

/// How the guide is spread.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Processes, with one instance each.
    pub hosts: usize,
    /// Slots of each.
    pub slots: u32,
    /// Of every session, kbit/s; none = as much as its line carries.
    pub bit_rate: Option<u32>,
}

/// One host.
struct Host {
    node: NodeName,
    process: Child,
    id: u32,
}

/// See the module.
pub struct Domain {
    home: Home,
    hosts: Vec<Host>,
    _nodes: Vec<Running>,
}

/// The service of most sessions: 640×360, 30 pictures a second.
pub const SERVICE: &str = "epg.bench";
/// The same at 29 a second: a page of nine tiles has eighteen different views, and this doubles them.
pub const OTHER: &str = "other.bench";

impl Domain {
    /// Starts one, and waits until every slot is free. It shows the folder `show`.
    pub async fn start(media: &Media, show: &Path, shape: Shape) -> anyhow::Result<Domain> {
        let folder = tempfile::Builder::new().prefix("domain-").tempdir_in(media.folder.path())?;
        // It goes with the media.
        let home = Home::find(Some(folder.keep()))?;
        let (control, domain) = (CONTROL.parse::<NodeName>()?, "bench".parse()?);
        let mut file =
            home.init(&domain, Found::new(control.clone(), Role::Orchestrator, &domain, ANYWHERE), vec![])?;
        let own = settle(&home, &home, CONTROL, &[Role::Orchestrator, Role::Resolver])?;
        let bound = bind(&own, own.lock()?, &file, ANYWHERE)?;
        file.orchestrator.address = bound.listen;
        file.resolvers = vec![Found::new(control, Role::Resolver, &domain, bound.listen)];
        home.save_domain(&file)?;
        let mut domain =
            Domain { home, hosts: Vec::new(), _nodes: vec![bound.start(&file, &NodeConfig::default(), None)?] };
        let settings = domain.home.dir().join("host.toml");
        fs::write(&settings, format!("[host]\nleases_per_address = {LEASES}\n"))?;
        for number in 1..=shape.hosts {
            let name = format!("host-{number}");
            let own = settle(&domain.home, &domain.home.below(&name.parse()?), &name, &[Role::Host])?;
            own.save_domain(&file)?;
            domain.hosts.push(Host::start(name.parse()?, &own, &settings)?);
        }
        for host in &mut domain.hosts {
            host.listens().await?;
        }
        domain.all_up().await?;
        // Last, so that it knows all hosts and gives each one instance.
        let own = settle(&domain.home, &domain.home.below(&ZONE.parse()?), ZONE, &[Role::Zone])?;
        let instances: anyhow::Result<_> = (1..=shape.hosts).map(|number| instance(number, show, shape)).collect();
        let config = NodeConfig { instances: instances?, ..NodeConfig::default() };
        domain._nodes.push(bind(&own, own.lock()?, &file, ANYWHERE)?.start(&file, &config, None)?);
        domain.ready(shape).await?;
        Ok(domain)
    }

    /// Waits until every host has been heard of.
    async fn all_up(&self) -> anyhow::Result<()> {
        let until = Instant::now() + READY_WITHIN;
        let operator = Operator::new(&self.home)?;
        loop {
            let nodes = operator.nodes().await?.directory.nodes;
            let up = nodes.iter().filter(|record| record.alive && record.roles.has(Role::Host)).count();
            if up == self.hosts.len() {
                return Ok(());
            }
            if Instant::now() > until {
                bail!("{up} of {} hosts are up after {} s", self.hosts.len(), READY_WITHIN.as_secs());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until every slot is free, and known to the resolver.
    async fn ready(&self, shape: Shape) -> anyhow::Result<()> {
        let until = Instant::now() + READY_WITHIN;
        let operator = Operator::new(&self.home)?;
        let (orchestrator, resolver) = (operator.orchestrator().await?, operator.resolver().await?);
        let wanted = shape.hosts as u32 * shape.slots;
        loop {
            let list = orchestrator.ask("orchestrator", ListInstances { service: None }).await?;
            if let Some((_, failure)) = list.failures.iter().find(|(_, failure)| !is_beginning(failure)) {
                bail!("instance {} does not run: {}", failure.instance, failure.cause);
            }
            let free: u32 = list.pools.iter().map(|entry| entry.pool.counts.free).sum();
            if free == wanted
                && known_to(&resolver, SERVICE, wanted).await?
                && known_to(&resolver, OTHER, wanted).await?
            {
                let hosts: BTreeSet<_> = list.pools.iter().map(|entry| &entry.host).collect();
                ensure!(hosts.len() == shape.hosts, "the zone gave two instances to one host");
                return Ok(());
            }
            if Instant::now() > until {
                bail!("{free} of {wanted} slots are free after {} s", READY_WITHIN.as_secs());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// A viewer of it, in this process.
    pub fn viewer(&self) -> anyhow::Result<Viewer> {
        Ok(Viewer::new(DomainTrust::load(self.home.dir())?, Options::default())?)
    }

    /// Processor time of all hosts so far.
    pub fn processor(&self) -> anyhow::Result<Duration> {
        self.hosts.iter().map(|host| usage::processor(host.id)).sum()
    }

    /// Memory of all hosts, bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        self.hosts.iter().map(|host| usage::memory(host.id)).sum()
    }

    /// What each studio tells of itself.
    pub async fn studios(&self) -> anyhow::Result<Vec<serde_json::Value>> {
        let operator = Operator::new(&self.home)?;
        let list = operator.orchestrator().await?.ask("orchestrator", ListInstances { service: None }).await?;
        let mut all = Vec::new();
        for entry in &list.pools {
            let path = format!("instance/{}/studio", entry.pool.instance).parse()?;
            let node = operator.find(&entry.host).await?;
            match node.ask("node", InspectActor { path }).await? {
                Inspection::State { state, .. } => all.push(serde_json::from_str(&state)?),
                Inspection::Unknown { .. } => bail!("{} on {} has no studio", entry.pool.instance, entry.host),
            }
        }
        Ok(all)
    }
}

/// Makes `own` the directory of a node; the authority is at hand, so no token is needed.
fn settle(domain: &Home, own: &Home, node: &str, roles: &[Role]) -> anyhow::Result<Home> {
    own.create()?;
    let (node, roles) = (node.parse::<NodeName>()?, Roles::of(roles));
    let zone = (roles.has(Role::Zone) || roles.has(Role::Host)).then(|| ZONE.parse::<ZoneName>()).transpose()?;
    own.save_node(&NodeFile { node: node.clone(), roles, zone }, &issue(&domain.authority()?, &node, roles)?)?;
    Ok(own.clone())
}

/// Does the resolver know so many free slots of a service?
async fn known_to(resolver: &Dialled, service: &str, wanted: u32) -> anyhow::Result<bool> {
    Ok(match resolver.ask("resolver", Lookup { service: service.parse()?, site: None }).await? {
        LookupReply::Found(candidates) => candidates.iter().map(|candidate| candidate.free).sum::<u32>() >= wanted,
        _ => false,
    })
}

fn instance(number: usize, show: &Path, shape: Shape) -> anyhow::Result<InstanceConfig> {
    let service = |name: &str, rate: &str| -> anyhow::Result<ServiceConfig> {
        let bit_rate = shape.bit_rate.map(|kilobits| ("bit_rate".to_owned(), kilobits.to_string()));
        let parameters = [("rate".to_owned(), rate.to_owned())].into_iter().chain(bit_rate).collect();
        Ok(ServiceConfig { name: name.parse::<ServiceName>()?, cap: None, parameters })
    };
    Ok(InstanceConfig {
        name: format!("guide-{number}").parse()?,
        services: vec![service(SERVICE, "30")?, service(OTHER, "29")?],
        builder: "epg".to_owned(),
        slots: shape.slots,
        host: None,
        parameters: [("media".to_owned(), show.display().to_string())].into(),
    })
}

impl Host {
    fn start(node: NodeName, home: &Home, settings: &Path) -> anyhow::Result<Host> {
        let program = std::env::current_exe().context("this program's own file")?;
        let mut command = Command::new(program);
        command.arg("--dir").arg(home.dir()).args([
            "--json",
            "--log",
            "error",
            "node",
            "--listen",
            "127.0.0.1:0",
            "--config",
        ]);
        command.arg(settings).env_remove("FUSION_ADVERTISE").stdin(Stdio::null()).stdout(Stdio::piped());
        let process = command.kill_on_drop(true).spawn().with_context(|| format!("{node} cannot be started"))?;
        let id = process.id().with_context(|| format!("{node} has ended at once"))?;
        Ok(Host { node, process, id })
    }

    /// Waits until it says so.
    async fn listens(&mut self) -> anyhow::Result<()> {
        let stdout = self.process.stdout.take().context("it is piped, and read once")?;
        let mut line = String::new();
        let reading = timeout(READY_WITHIN, BufReader::new(stdout).read_line(&mut line)).await;
        match reading.with_context(|| format!("{} did not start", self.node))?? {
            0 => bail!("{} has ended; above is why", self.node),
            _ => Ok(()),
        }
    }
}
