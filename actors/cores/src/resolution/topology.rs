//! How far each site is from each zone.
//!
//! Owns: the latencies, as the topology file gives them. Refuses: measuring.

use std::collections::BTreeMap;

use actors_protocol::{SiteName, ZoneName};

/// One-way latencies in microseconds, and the site of a viewer that names none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    sites: BTreeMap<SiteName, BTreeMap<ZoneName, u64>>,
    default: SiteName,
}

impl Topology {
    /// The topology with these latencies. The default site is known even if nothing is said of it.
    pub fn new(default: SiteName, latencies_us: impl IntoIterator<Item = ((SiteName, ZoneName), u64)>) -> Topology {
        let mut sites = BTreeMap::from([(default.clone(), BTreeMap::new())]);
        for ((site, zone), latency_us) in latencies_us {
            sites.entry(site).or_default().insert(zone, latency_us);
        }
        Topology { sites, default }
    }

    /// The site of a viewer that names none.
    pub fn default_site(&self) -> &SiteName {
        &self.default
    }

    /// Every site, by name.
    pub fn sites(&self) -> impl Iterator<Item = &SiteName> {
        self.sites.keys()
    }

    /// The site that was asked for, or the default, with its latencies; none if there is no such site.
    pub(super) fn find(&self, asked: Option<&SiteName>) -> Option<(&SiteName, &BTreeMap<ZoneName, u64>)> {
        self.sites.get_key_value(asked.unwrap_or(&self.default))
    }
}
