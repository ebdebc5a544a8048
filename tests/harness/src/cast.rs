//! Who there is in a run: nodes with their addresses and roles, zones, instances and services, drawn from the seed.
//!
//! ```text
//!   orc            orchestrator
//!   zone-a         host-a1 (host-a2)      one: pinned to host-a1      duo: wherever there is room, and a second service
//!                                         epg: a guide, in some runs, pinned to host-a1
//!   zone-b         host-b1                two
//!   res-1 (res-2)
//! ```

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use actors_control::{Topology, Wanted};
use actors_protocol::host::{CreateInstance, Offering};
use actors_protocol::{NodeName, Role, Roles, ServiceName, SiteName, ZoneName};

use crate::net::{Link, Network, Random};

/// Where every node listens.
pub const PORT: u16 = 7_000;
/// Between nodes of one zone; everything that is not in zone-b counts as near.
const NEAR: Duration = Duration::from_millis(1);
/// Between zone-b and the rest.
const FAR: Duration = Duration::from_millis(4);
/// Between viewers and nodes.
const VIEWER: Duration = Duration::from_millis(12);

/// One node of the cast.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name.
    pub name: NodeName,
    /// What it runs.
    pub role: Role,
    /// Its zone, if it has one.
    pub zone: Option<ZoneName>,
    /// Where it lives, and where it is started anew when it cannot be reached there.
    pub homes: [IpAddr; 2],
}

/// The cast of a run.
#[derive(Clone, Debug)]
pub struct Cast {
    /// The nodes, the orchestrator first.
    pub parts: Vec<Part>,
    /// The instances that each zone should run.
    pub wanted: BTreeMap<ZoneName, Vec<Wanted>>,
    /// What viewers can open.
    pub services: Vec<ServiceName>,
    /// Where viewers are.
    pub sites: Vec<SiteName>,
}

/// A name that is known to be one.
pub fn name<N: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> N {
    text.parse().expect("a constant name")
}

impl Cast {
    /// The cast of a seed: 2 or 3 hosts, 1 or 2 resolvers, 1 to 3 slots per instance.
    pub fn draw(random: &mut Random) -> Cast {
        let (hosts, resolvers) = (2 + random.below(2), 1 + random.below(2));
        let mut slots = || 1 + random.below(3) as u32;
        Cast::of(hosts as usize, resolvers as usize, [slots(), slots(), slots()])
    }

    /// A cast with so many hosts and resolvers, and so many slots in the instances one, two and duo; none = no instance.
    pub fn of(hosts: usize, resolvers: usize, slots: [u32; 3]) -> Cast {
        let part = |text: &str, role, zone: Option<&str>, number: u8| Part {
            name: name(text),
            role,
            zone: zone.map(name),
            homes: [number, number + 100].map(|last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))),
        };
        let mut parts = vec![
            part("orc", Role::Orchestrator, None, 1),
            part("zone-a", Role::Zone, Some("zone-a"), 2),
            part("zone-b", Role::Zone, Some("zone-b"), 3),
            part("host-a1", Role::Host, Some("zone-a"), 4),
            part("host-b1", Role::Host, Some("zone-b"), 5),
            part("res-1", Role::Resolver, None, 7),
        ];
        if hosts > 2 {
            parts.push(part("host-a2", Role::Host, Some("zone-a"), 6));
        }
        if resolvers > 1 {
            parts.push(part("res-2", Role::Resolver, None, 8));
        }
        let stage = Offering { service: name("stage.sim"), cap: None, parameters: Default::default() };
        let lodge = Offering { service: name("lodge.sim"), cap: Some(1), parameters: Default::default() };
        let [one, two, duo] = slots;
        let instances = [
            ("zone-a", wanted("one", "zone-a", Some("host-a1"), one, vec![stage.clone()])),
            ("zone-a", wanted("duo", "zone-a", None, duo, vec![stage.clone(), lodge])),
            ("zone-b", wanted("two", "zone-b", None, two, vec![stage])),
        ];
        let mut of_zones: BTreeMap<ZoneName, Vec<Wanted>> = [(name("zone-a"), vec![]), (name("zone-b"), vec![])].into();
        for (zone, instance) in instances {
            if instance.create.slots > 0 {
                of_zones.entry(name(zone)).or_default().push(instance);
            }
        }
        Cast {
            parts,
            wanted: of_zones,
            services: vec![name("stage.sim"), name("lodge.sim")],
            sites: vec![name("west"), name("east")],
        }
    }

    /// The same with a guide of so many slots.
    pub fn with_guide(mut self, slots: u32) -> Cast {
        let service: ServiceName = name(crate::guide::SERVICE);
        let guide = Offering { service: service.clone(), cap: None, parameters: Default::default() };
        let mut epg = wanted("epg", "zone-a", Some("host-a1"), slots, vec![guide]);
        epg.create.builder = crate::guide::BUILDER.to_owned();
        self.wanted.entry(name("zone-a")).or_default().push(epg);
        self.services.push(service);
        self
    }

    /// Does it have a guide?
    pub fn has_guide(&self) -> bool {
        self.services.iter().any(|service| service.as_str() == crate::guide::SERVICE)
    }

    /// A node of the cast.
    pub fn part(&self, node: &NodeName) -> &Part {
        self.parts.iter().find(|part| part.name == *node).expect("only names of the cast are asked for")
    }

    /// The nodes with this role.
    pub fn with(&self, role: Role) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| part.role == role)
    }

    /// The node that runs the gateway of a zone.
    pub fn gateway(&self, zone: &ZoneName) -> &NodeName {
        let of = |part: &&Part| part.role == Role::Zone && part.zone.as_ref() == Some(zone);
        &self.parts.iter().find(of).expect("each zone has one").name
    }

    /// How far the sites are from the zones: west is near zone-a, east near zone-b.
    pub fn topology(&self) -> Topology {
        let of = |site: &str, zone: &str, ms: u64| ((name(site), name(zone)), ms * 1_000);
        let table =
            [of("west", "zone-a", 10), of("west", "zone-b", 30), of("east", "zone-a", 30), of("east", "zone-b", 10)];
        Topology::new(name("west"), table)
    }

    /// Links the nodes as they are linked while nothing is wrong.
    pub fn link(&self, net: &Network) {
        net.set_default_link(Link::delay(VIEWER));
        for (index, one) in self.parts.iter().enumerate() {
            for other in &self.parts[..=index] {
                self.link_pair(net, one, other);
            }
        }
    }

    /// Links two nodes as they are linked while nothing is wrong.
    pub fn link_pair(&self, net: &Network, one: &Part, other: &Part) {
        let away = |part: &Part| part.zone == Some(name("zone-b"));
        let delay = if away(one) == away(other) { NEAR } else { FAR };
        for (a, b) in one.homes.iter().flat_map(|a| other.homes.iter().map(move |b| (*a, *b))).filter(|(a, b)| a != b) {
            net.set_link(a, b, Link::delay(delay));
        }
    }
}

impl Part {
    /// Its role, as a set.
    pub fn roles(&self) -> Roles {
        Roles::of(&[self.role])
    }

    /// The name in its certificate.
    pub fn server_name(&self) -> String {
        format!("{}.{}.{}", self.name, self.role, crate::pki::DOMAIN)
    }

    /// The address of one of its homes.
    pub fn address(&self, home: usize) -> SocketAddr {
        SocketAddr::new(self.homes[home], PORT)
    }
}

fn wanted(instance: &str, zone: &str, host: Option<&str>, slots: u32, offerings: Vec<Offering>) -> Wanted {
    let create = CreateInstance {
        instance: name(instance),
        zone: name(zone),
        gateway: name(zone),
        builder: crate::show::BUILDER.to_owned(),
        offerings,
        slots,
        parameters: BTreeMap::new(),
        provisional: None,
    };
    Wanted { create, host: host.map(name) }
}
