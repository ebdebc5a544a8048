//! A node's configuration file: TOML, unknown keys refused, each error naming the place and the remedy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use actors_protocol::{InstanceName, NodeName, ServiceName, SiteName, ZoneName};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

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
    /// For an orchestrator.
    pub console: ConsoleConfig,
}

/// `[[instance]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceConfig {
    /// Its name, unique in the zone.
    pub name: InstanceName,
    /// The services it offers: `service = "clip.demo"`, or one `[[instance.service]]` for each.
    #[serde(rename = "service", deserialize_with = "services")]
    pub services: Vec<ServiceConfig>,
    /// What makes it: `clip`, `echo`.
    pub builder: String,
    /// How many slots.
    pub slots: u32,
    /// Only on this host.
    #[serde(default)]
    pub host: Option<NodeName>,
    /// What the builder understands for the instance as a whole.
    #[serde(default, deserialize_with = "parameters")]
    pub parameters: BTreeMap<String, String>,
}

/// `[[instance.service]]`: one service of an instance whose services have caps or parameters of their own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceConfig {
    /// The name viewers open.
    pub name: ServiceName,
    /// At most this many slots of the instance at once; all of them if it is not said.
    #[serde(default)]
    pub cap: Option<u32>,
    /// What the builder understands for this service alone.
    #[serde(default, deserialize_with = "parameters")]
    pub parameters: BTreeMap<String, String>,
}

impl From<ServiceName> for ServiceConfig {
    fn from(name: ServiceName) -> ServiceConfig {
        ServiceConfig { name, cap: None, parameters: BTreeMap::new() }
    }
}

/// A name, or a list of tables. Not an untagged enum: its errors would not say what is wrong.
fn services<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<ServiceConfig>, D::Error> {
    struct Services;
    impl<'de> Visitor<'de> for Services {
        type Value = Vec<ServiceConfig>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name of a service, or a list of tables with name, cap and parameters")
        }
        fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
            name.parse().map(|name: ServiceName| vec![name.into()]).map_err(E::custom)
        }
        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut services = Vec::new();
            while let Some(service) = list.next_element()? {
                services.push(service);
            }
            Ok(services)
        }
    }
    from.deserialize_any(Services)
}

/// Parameters as words. `width = 640` means the same as `width = "640"`.
fn parameters<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a parameter is a text, a number, true or false")]
    enum Word {
        Text(String),
        Whole(i64),
        Number(f64),
        Truth(bool),
    }
    let given = BTreeMap::<String, Word>::deserialize(from)?;
    let words = given.into_iter().map(|(key, word)| match word {
        Word::Text(text) => (key, text),
        Word::Whole(number) => (key, number.to_string()),
        Word::Number(number) => (key, number.to_string()),
        Word::Truth(truth) => (key, truth.to_string()),
    });
    Ok(words.collect())
}

/// `[resolver]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResolverConfig {
    /// The topology file; relative to the configuration.
    pub topology: Option<PathBuf>,
}

/// `[console]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleConfig {
    /// The TCP address of the REST interface, on loopback; none = no REST.
    pub listen: Option<SocketAddr>,
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

impl InstanceConfig {
    /// Each service once, each with a cap that says something.
    fn check(&self) -> Result<(), String> {
        let InstanceConfig { name, slots, services, .. } = self;
        if services.is_empty() {
            return Err(format!("instance '{name}' offers no service; name one with service = \"…\""));
        }
        let mut seen = BTreeSet::new();
        for service in services {
            if !seen.insert(&service.name) {
                return Err(format!("instance '{name}' offers {} twice; one [[instance.service]] each", service.name));
            }
            if let Some(cap) = service.cap.filter(|cap| *cap == 0 || *cap > *slots) {
                let words = "use a number from 1 to its slots, or leave it out";
                return Err(format!(
                    "instance '{name}' has a cap of {cap} for {} and {slots} slots; {words}",
                    service.name
                ));
            }
        }
        Ok(())
    }
}

impl NodeConfig {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<NodeConfig, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read(path.to_owned(), error))?;
        let error = |words: String| ConfigError::Parse(path.to_owned(), words);
        let mut config: NodeConfig = toml::from_str(&text).map_err(|failure| error(failure.to_string()))?;
        let mut names = BTreeSet::new();
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
            instance.check().map_err(error)?;
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

    const TWO: &str = "[[instance]]\nname = 'guide-a'\nbuilder = 'epg'\nslots = 8\nparameters = { media = 'clips' }\n\
        [[instance.service]]\nname = 'epg.demo'\nparameters = { width = 1280, height = '720', rate = 29.97 }\n\
        [[instance.service]]\nname = 'small.demo'\ncap = 2\n";

    #[test]
    fn an_instance_may_offer_several_services_each_with_parameters_of_its_own() {
        let config = load(TWO).expect("valid");
        let instance = &config.instances[0];
        assert_eq!(instance.parameters["media"], "clips");
        let [guide, small] = &instance.services[..] else { panic!("two services: {instance:?}") };
        let words = [&guide.parameters["width"], &guide.parameters["height"], &guide.parameters["rate"]];
        assert_eq!((guide.cap, words), (None, [&"1280".to_owned(), &"720".to_owned(), &"29.97".to_owned()]));
        assert_eq!((small.name.as_str(), small.cap, small.parameters.len()), ("small.demo", Some(2), 0));
    }

    #[test]
    fn what_is_wrong_with_a_service_is_said() {
        let error = |from: &str, to: &str| load(&TWO.replace(from, to)).expect_err("refused");
        assert!(error("small.demo", "epg.demo").contains("epg.demo twice"));
        let words = error("cap = 2", "cap = 9");
        assert!(words.contains("cap of 9") && words.contains("8 slots"), "{words}");
        assert!(error("cap = 2", "cap = 0").contains("cap of 0"));
        let words = error("cap = 2", "caps = 2");
        assert!(words.contains("caps") && words.contains("line 11"), "{words}");
        assert!(error("'small.demo'", "'small'").contains("suffix"));
        let words = error("width = 1280", "width = [1280]");
        assert!(words.contains("a text, a number"), "{words}");
        let none = "[[instance]]\nname = 'a'\nbuilder = 'epg'\nslots = 8\nservice = []\n";
        assert!(load(none).expect_err("refused").contains("offers no service"));
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
