//! The builders that a host's registry is filled with: `echo`, and with the feature `media` `clip` and `epg`.
//!
//! Owns: turning a `CreateInstance` into a program and a factory. Refuses: the pictures (the modules beside it), the slots
//! (`media/session`).

#[cfg(feature = "media")]
mod clip;
mod echo;
#[cfg(feature = "media")]
mod epg;

use std::path::PathBuf;
use std::rc::Rc;

use actors_dca::{BuildError, Registry, Site};
use actors_protocol::host::CreateInstance;
use media_session::{FactorySetup, Flaw, Limits, Production, RawPort, spawn_factory};

/// What the builders of one host have in common.
#[derive(Clone)]
pub struct BuilderOptions {
    /// The bounds of every factory.
    pub limits: Limits,
    /// Where what has to be generated is kept.
    pub media_dir: PathBuf,
    /// Draws 128 bits that cannot be guessed.
    pub entropy: Rc<dyn Fn() -> u128>,
}

/// Every builder of this binary.
pub fn registry(options: &BuilderOptions) -> Registry {
    let registry = Registry::default().with(echo::EchoBuilder(options.clone()));
    #[cfg(feature = "media")]
    let registry = registry.with(clip::ClipBuilder(options.clone())).with(epg::EpgBuilder(options.clone()));
    registry
}

fn build(
    options: &BuilderOptions,
    site: Site,
    create: CreateInstance,
    production: Production,
    raw: Vec<RawPort>,
) -> Result<actors_protocol::Address, BuildError> {
    let setup = FactorySetup {
        create,
        production,
        raw,
        endpoint: site.endpoint,
        server_name: site.server_name,
        limits: options.limits,
        entropy: options.entropy.clone(),
        flaw: Flaw::default(),
        observer: None,
    };
    let factory = spawn_factory(&site.node, setup).map_err(|problem| BuildError(crate::words(&problem)))?;
    Ok(actors_protocol::Address {
        domain: site.node.domain().clone(),
        node: site.node.name().clone(),
        path: factory.path().clone(),
        incarnation: factory.incarnation(),
    })
}

/// What [`raw_ports`] understands, for the builders that offer it.
const RAW: (&str, &str) = ("raw", "a port for players that know nothing of Fusion: 9000, or an address with a port");

/// Opens the raw ports that the services of an instance ask for with `raw = …`.
async fn raw_ports(create: &CreateInstance) -> Result<Vec<RawPort>, BuildError> {
    let mut ports = Vec::new();
    for offering in &create.offerings {
        if let Some(address) = offering.parameters.get(RAW.0) {
            let port = RawPort::bind(offering.service.clone(), address).await;
            ports.push(port.map_err(|error| BuildError(error.to_string()))?);
        }
    }
    Ok(ports)
}
