//! A node's configuration file: TOML, unknown keys refused, each error naming the place and the remedy.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use actors_protocol::{InstanceName, NodeName, ServiceName, SiteName, ZoneName};
use serde::Deserialize;

/// Bad configuration: exit code 64.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration {0} cannot be read")]
    Read(PathBuf, #[source] std::io::Error),
    /// A value that is well-formed and makes no sense here.
    #[error("{0}")]
    Value(String),
    /// It is not what it should be.
    #[error("configuration {0}: {1}")]
    Parse(PathBuf, String),
}

/// What a node is told.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NodeConfig {
    /// The UDP address to listen on.
    pub listen: Option<SocketAddr>,
    /// The UDP address that others dial; `listen` if it is not said.
    pub advertise: Option<SocketAddr>,
    /// For a zone: the instances it should run.
    #[serde(rename = "instance")]
    pub instances: Vec<InstanceConfig>,
    /// For a resolver.
    pub resolver: ResolverConfig,
    /// For a host.
    pub host: HostConfig,
}

/// `[[instance]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceConfig {
    /// Its name, unique in the zone.
    pub name: InstanceName,
    /// The service it offers.
    pub service: ServiceName,
    /// What makes it: `clip`, `echo`.
    pub builder: String,
    /// How many slots.
    pub slots: u32,
    /// Only on this host.
    #[serde(default)]
    pub host: Option<NodeName>,
    /// What the builder understands.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// `[resolver]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResolverConfig {
    /// The topology file; relative to the configuration.
    pub topology: Option<PathBuf>,
}

/// `[host]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostConfig {
    /// Unredeemed tickets that one address may hold (64 keeps one address from taking every slot; a load generator needs more).
    pub leases_per_address: u32,
}

impl Default for HostConfig {
    fn default() -> HostConfig {
        HostConfig { leases_per_address: 64 }
    }
}

/// The most slots that one instance may be told to have.
pub const SLOTS_MAX: u32 = 10_000;

impl NodeConfig {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<NodeConfig, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read(path.to_owned(), error))?;
        let error = |words: String| ConfigError::Parse(path.to_owned(), words);
        let mut config: NodeConfig = toml::from_str(&text).map_err(|failure| error(failure.to_string()))?;
        let mut names = std::collections::BTreeSet::new();
        for instance in &config.instances {
            if !names.insert(&instance.name) {
                return Err(error(format!("two instances are named '{}'; give each a name of its own", instance.name)));
            }
            if instance.slots == 0 || instance.slots > SLOTS_MAX {
                let words = "use a number from 1 to";
                return Err(error(format!(
                    "instance '{}' has {} slots; {words} {SLOTS_MAX}",
                    instance.name, instance.slots
                )));
            }
        }
        if let (Some(topology), Some(folder)) = (&mut config.resolver.topology, path.parent()) {
            *topology = folder.join(&topology);
        }
        Ok(config)
    }
}

/// How far sites are from zones.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopologyFile {
    /// The site of viewers that do not say where they are.
    pub default_site: Option<SiteName>,
    /// One entry per site and zone.
    #[serde(default)]
    pub latency: Vec<LatencyEntry>,
}

/// `[[latency]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyEntry {
    /// From here
    pub site: SiteName,
    /// to there
    pub zone: ZoneName,
    /// in milliseconds, one way.
    pub ms: f64,
}

impl TopologyFile {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<TopologyFile, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read(path.to_owned(), error))?;
        let error = |words: String| ConfigError::Parse(path.to_owned(), words);
        let topology: TopologyFile = toml::from_str(&text).map_err(|failure| error(failure.to_string()))?;
        for LatencyEntry { site, zone, ms } in &topology.latency {
            if !(0.0..=60_000.0).contains(ms) {
                return Err(error(format!("the latency from {site} to {zone} is {ms} ms; use 0 to 60000")));
            }
        }
        Ok(topology)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<NodeConfig, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("node.toml");
        std::fs::write(&path, text).expect("written");
        NodeConfig::load(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_configuration_reads() {
        let config = load(
            "listen = '127.0.0.1:7101'\n[resolver]\ntopology = 'home.toml'\n[[instance]]\nname = 'clip-a'\nservice = 'clip.demo'\nbuilder = 'clip'\nslots = 4\nparameters = { clip = 'x.mp4' }\n",
        )
        .expect("valid");
        assert_eq!(config.instances[0].slots, 4);
        assert!(
            config.resolver.topology.expect("given").is_absolute(),
            "relative to the file, not to where one stands"
        );
    }

    #[test]
    fn a_wrong_key_is_named_with_its_line() {
        let error = load("listen = '127.0.0.1:7101'\nlisten_adress = 'x'\n").expect_err("unknown key");
        assert!(error.contains("listen_adress") && error.contains("line 2") && error.contains("node.toml"), "{error}");
        let error =
            load("[[instance]]\nname = 'a'\nservice = 'clip'\nbuilder = 'clip'\nslots = 4\n").expect_err("no suffix");
        assert!(error.contains("suffix"), "{error}");
        let twice = "[[instance]]\nname = 'a'\nservice = 'clip.demo'\nbuilder = 'clip'\nslots = 4\n".repeat(2);
        assert!(load(&twice).expect_err("twice").contains("two instances are named 'a'"));
        assert!(load(&twice.replace("slots = 4", "slots = 0")).expect_err("no slots").contains("0 slots"));
    }
}
