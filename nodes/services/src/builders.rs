//! The builders that a host's registry is filled with: `echo`, and with the feature `media` `clip`.
//!
//! Owns: turning a `CreateInstance` into a program and a factory. Refuses: the pictures (the modules beside it), the slots
//! (`media/session`).

use std::path::PathBuf;
use std::rc::Rc;

use actors_dca::{BuildError, Builder, Building, Registry, Site};
use actors_protocol::host::CreateInstance;
use media_session::{FactorySetup, Flaw, Limits, Production, spawn_factory};

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
    let registry = Registry::default().with(EchoBuilder(options.clone()));
    #[cfg(feature = "media")]
    let registry = registry.with(ClipBuilder(options.clone()));
    registry
}

fn build(
    options: &BuilderOptions,
    site: Site,
    create: CreateInstance,
    production: Production,
) -> Result<actors_protocol::Address, BuildError> {
    let setup = FactorySetup {
        create,
        production,
        raw: Vec::new(),
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

struct EchoBuilder(BuilderOptions);

impl Builder for EchoBuilder {
    fn word(&self) -> &'static str {
        "echo"
    }

    fn parameters(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn build(&self, site: Site, create: CreateInstance) -> Building {
        let options = self.0.clone();
        Box::pin(async move { build(&options, site, create, Production::ready(crate::echo::EchoProgram)) })
    }
}

#[cfg(feature = "media")]
struct ClipBuilder(BuilderOptions);

#[cfg(feature = "media")]
impl Builder for ClipBuilder {
    fn word(&self) -> &'static str {
        "clip"
    }

    fn parameters(&self) -> &'static [(&'static str, &'static str)] {
        &[("clip", "a video file with H.264; without it, one is generated")]
    }

    fn build(&self, site: Site, create: CreateInstance) -> Building {
        let options = self.0.clone();
        Box::pin(async move {
            let given = create.parameters.get("clip").map(PathBuf::from);
            let media_dir = options.media_dir.clone();
            // Decoding headers and reading a film blocks: not on the thread that every actor of the node runs on.
            let loading = tokio::task::spawn_blocking(move || crate::media::load(given.as_deref(), &media_dir));
            let track = loading
                .await
                .map_err(|error| BuildError(format!("the clip's loader broke: {error}")))?
                .map_err(|error| BuildError(crate::words(&error)))?;
            build(&options, site, create, Production::ready(track))
        })
    }
}
