//! The command line: what can be said, and how it reads in `--help`. Each flag has its `FUSION_*` variable.

mod bench;
mod instance;
mod service;
mod user;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use actors_protocol::{ActorPath, DomainName, NodeName, Role, ServiceName, SiteName, ZoneName};
use clap::{Args, Parser, Subcommand};

pub use bench::Bench;
#[cfg(feature = "media")]
pub use bench::{Density, FanOut, Latency};
pub use instance::Instance;
pub use service::{Deploy, Service};
pub use user::User;

/// Runs session-slot media services close to the people who use them.
#[derive(Parser)]
#[command(
    name = "fusion",
    version,
    max_term_width = 100,
    after_help = "Example:\n  fusion dev                      a whole domain in one process\n  fusion view clip.demo --record a.h264 --frames 90"
)]
pub struct Cli {
    /// Where the domain's files are.
    #[arg(long, global = true, env = "FUSION_DIR", value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Print JSON instead of text for people.
    #[arg(long, global = true, env = "FUSION_JSON")]
    pub json: bool,
    /// What to log, as in `info` or `actors_kernel=debug`.
    #[arg(long, global = true, env = "FUSION_LOG", default_value = "warn", value_name = "FILTER")]
    pub log: String,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Run a whole domain in one process: orchestrator, resolver, two zones with a host each, services.
    #[command(after_help = "Example:\n  fusion dev --json        one line when ready: dir, resolver, services")]
    Dev(Dev),
    /// Make a domain: its authority, an operator's certificate, the orchestrator's identity.
    #[command(
        after_help = "Example:\n  fusion init --dir /srv/fusion --domain demo --orchestrator 10.0.0.1:7100 --resolver resolver=10.0.0.1:7110"
    )]
    Init(Init),
    /// Mint a token that admits one node.
    #[command(after_help = "Example:\n  fusion token host-a --roles host --zone zone-a")]
    Token(Token),
    /// Join a domain with a token; what is needed to run the node is left in --dir.
    #[command(after_help = "Example:\n  fusion join TOKEN --dir /srv/host-a")]
    Join(Join),
    /// Run one or several roles on this machine.
    #[command(after_help = "Example:\n  fusion node --dir /srv/host-a --config host-a.toml")]
    Node(Node),
    /// List the nodes of the domain.
    #[command(after_help = "Example:\n  fusion nodes --json")]
    Nodes,
    /// Refuse a node from now on, wherever it comes.
    #[command(after_help = "Example:\n  fusion deny host-b --reason 'disk replaced'")]
    Deny(Deny),
    /// Services: list, register, show, deploy, undeploy, unregister.
    #[command(subcommand)]
    Service(Service),
    /// Users of the domain and their bearer tokens: add, list, remove.
    #[command(subcommand)]
    User(User),
    /// Instances: drain, slots.
    #[command(subcommand)]
    Instance(Instance),
    /// Tell what a viewer would get, and why.
    #[command(after_help = "Example:\n  fusion resolve clip.demo --from home --explain")]
    Resolve(Resolve),
    /// Open a session: watch, record, send keys.
    #[command(
        after_help = "Examples:\n  fusion view clip.demo                                   a window\n  fusion view clip.demo --frames 90 --record a.mp4 --keys Right,Return --json\n  fusion view clip.demo --y4m - | ffplay -"
    )]
    View(View),
    /// Show the actors of the domain, or one actor's state; stop or kill one.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:\n  fusion actors\n  fusion actors host-a/instance/clip-a\n  fusion actors kill host-a/instance/clip-a/slot-3"
    )]
    Actors(Actors),
    /// Measure the guide: density, latency, fan-out. Everything runs on this machine and nothing is left behind.
    #[command(subcommand)]
    Bench(Bench),
    /// Tell what this machine can do and what is missing.
    #[command(after_help = "Example:\n  fusion doctor --json")]
    Doctor,
}

/// `fusion dev`
#[derive(Args)]
pub struct Dev {
    /// First UDP port on loopback; the nodes take this one and those after it. 0 = any free ports.
    #[arg(long, env = "FUSION_PORT", default_value_t = 7100)]
    pub port: u16,
    /// The clip that `clip.demo` plays; without one, a generated one.
    #[arg(long, env = "FUSION_CLIP", value_name = "FILE")]
    pub clip: Option<PathBuf>,
    /// The folder of videos and pictures that `epg.demo` shows; without one, some are generated.
    #[arg(long, env = "FUSION_MEDIA", value_name = "DIR")]
    pub media: Option<PathBuf>,
    /// Slots of each instance.
    #[arg(long, env = "FUSION_SLOTS", default_value_t = 4)]
    pub slots: u32,
    /// How long sessions may go on when the process is told to stop.
    #[arg(long, env = "FUSION_DEADLINE", default_value = "2s", value_parser = duration)]
    pub deadline: Duration,
}

/// `fusion init`
#[derive(Args)]
pub struct Init {
    /// The domain's name.
    #[arg(long, env = "FUSION_DOMAIN", default_value = "demo")]
    pub domain: DomainName,
    /// Where the orchestrator will be found.
    #[arg(long, env = "FUSION_ORCHESTRATOR", default_value = "127.0.0.1:7100", value_name = "ADDR")]
    pub orchestrator: SocketAddr,
    /// Where viewers will find a resolver, as NODE=ADDR; may be given several times.
    #[arg(long = "resolver", env = "FUSION_RESOLVER", default_value = "resolver=127.0.0.1:7110", value_name = "NODE=ADDR", value_delimiter = ',', value_parser = resolver)]
    pub resolvers: Vec<(NodeName, SocketAddr)>,
}

/// `fusion token`
#[derive(Args)]
pub struct Token {
    /// The name the node will have.
    pub node: NodeName,
    /// What it may be.
    #[arg(long, env = "FUSION_ROLES", required = true, value_delimiter = ',')]
    pub roles: Vec<Role>,
    /// The zone it belongs to; needed for the roles zone and host.
    #[arg(long, env = "FUSION_ZONE")]
    pub zone: Option<ZoneName>,
    /// How long the token works.
    #[arg(long, env = "FUSION_VALID_FOR", default_value = "1h", value_parser = duration)]
    pub valid_for: Duration,
}

/// `fusion join`
#[derive(Args)]
pub struct Join {
    /// What `fusion token` printed.
    pub token: String,
}

/// `fusion node`
#[derive(Args)]
pub struct Node {
    /// The node's configuration.
    #[arg(long, env = "FUSION_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The UDP address to listen on; overrides the configuration.
    #[arg(long, env = "FUSION_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// The UDP address that others dial, if it is another than `listen`.
    #[arg(long, env = "FUSION_ADVERTISE", value_name = "ADDR")]
    pub advertise: Option<SocketAddr>,
    /// How long sessions may go on when the process is told to stop.
    #[arg(long, env = "FUSION_DEADLINE", default_value = "10s", value_parser = duration)]
    pub deadline: Duration,
}

/// `fusion deny`
#[derive(Args)]
pub struct Deny {
    /// Which node.
    pub node: NodeName,
    /// Why, for people.
    #[arg(long, default_value = "no reason given")]
    pub reason: String,
}

/// `fusion resolve`
#[derive(Args)]
pub struct Resolve {
    /// Which service.
    pub service: ServiceName,
    /// Where the viewer is.
    #[arg(long, env = "FUSION_SITE", value_name = "SITE")]
    pub from: Option<SiteName>,
    /// Every candidate, and why it lost.
    #[arg(long)]
    pub explain: bool,
}

/// `fusion view`
#[derive(Args)]
pub struct View {
    /// Which service.
    pub service: ServiceName,
    /// Where this viewer is.
    #[arg(long, env = "FUSION_SITE")]
    pub site: Option<SiteName>,
    /// Stop after this many pictures; with --record, when as many are in the file.
    #[arg(long, value_name = "N")]
    pub frames: Option<u64>,
    /// Write the pictures to a file as they come: .mp4 with their times, or .h264.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Write decoded pictures to a file, or with - to standard output, as YUV4MPEG2 at a steady rate.
    #[arg(long, value_name = "FILE|-")]
    pub y4m: Option<PathBuf>,
    /// Open a window also when pictures are recorded, piped or counted.
    #[arg(long, conflicts_with = "no_window")]
    pub window: bool,
    /// Open no window; without --record, --y4m, --frames and --json there is one.
    #[arg(long)]
    pub no_window: bool,
    /// Keys to press, one after the other: X11 names or single characters.
    #[arg(long, value_delimiter = ',', value_name = "KEY,KEY")]
    pub keys: Vec<String>,
    /// Time between two keys.
    #[arg(long, default_value = "300ms", value_parser = duration)]
    pub key_interval: Duration,
    /// When everything is full: how long to wait in the queue.
    #[arg(long, default_value = "0s", value_parser = duration)]
    pub wait: Duration,
}

/// `fusion actors`
#[derive(Args)]
pub struct Actors {
    /// stop or kill, instead of showing.
    #[command(subcommand)]
    pub action: Option<ActorAction>,
    /// NODE, or NODE/PATH of one actor or of a branch.
    pub path: Option<String>,
    /// Print again and again.
    #[arg(long)]
    pub watch: bool,
}

/// What to do to an actor.
#[derive(Subcommand)]
pub enum ActorAction {
    /// Ask an actor to stop.
    Stop {
        /// NODE/PATH.
        path: NodePath,
    },
    /// End an actor as a crash would.
    Kill {
        /// NODE/PATH.
        path: NodePath,
    },
}

/// `NODE/PATH`, as `fusion actors` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePath {
    /// The node.
    pub node: NodeName,
    /// The actor on it.
    pub path: ActorPath,
}

impl std::str::FromStr for NodePath {
    type Err = String;
    fn from_str(text: &str) -> Result<NodePath, String> {
        let (node, path) = text.split_once('/').ok_or("it should be NODE/PATH, as in host-a/instance/clip-a")?;
        Ok(NodePath {
            node: node.parse().map_err(|error: actors_protocol::NameError| error.to_string())?,
            path: path.parse().map_err(|error: actors_protocol::address::AddressError| error.to_string())?,
        })
    }
}

/// `250ms`, `10s`, `5m`, `1h`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| "it should be a number and a unit, as in 250ms, 10s, 5m, 1h")?;
    let millis = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(format!("'{unit}' is not a unit; use ms, s, m or h")),
    };
    number.checked_mul(millis).map(Duration::from_millis).ok_or_else(|| "that is too long".to_owned())
}

fn resolver(text: &str) -> Result<(NodeName, SocketAddr), String> {
    let (node, address) = text.split_once('=').ok_or("it should be NODE=ADDR, as in resolver=127.0.0.1:7110")?;
    let node = node.parse().map_err(|error: actors_protocol::NameError| error.to_string())?;
    Ok((node, address.parse().map_err(|_| format!("'{address}' is not an address; use HOST:PORT with an IP address"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_read_as_people_write_them() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("7"), Ok(Duration::from_secs(7)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert!(duration("10 parsecs").is_err() && duration("").is_err() && duration("99999999999999999h").is_err());
    }

    #[test]
    fn a_node_path_names_both() {
        let path: NodePath = "host-a/instance/clip-a/slot-3".parse().expect("valid");
        assert_eq!((path.node.as_str(), path.path.as_str()), ("host-a", "instance/clip-a/slot-3"));
        assert!("host-a".parse::<NodePath>().is_err());
    }
}
