//! The builder of `echo`. Owns: its parameters. Refuses: the pictures ([`crate::echo`]).

use actors_dca::{Builder, Building, Site};
use actors_protocol::host::CreateInstance;
use media_session::Production;

use super::{BuilderOptions, RAW, build, raw_ports};
use crate::echo::EchoProgram;

pub(super) struct EchoBuilder(pub(super) BuilderOptions);

impl Builder for EchoBuilder {
    fn word(&self) -> &'static str {
        "echo"
    }

    fn parameters(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn configuration_parameters(&self) -> &'static [(&'static str, &'static str)] {
        &[RAW]
    }

    fn build(&self, site: Site, create: CreateInstance) -> Building {
        let options = self.0.clone();
        Box::pin(async move {
            let raw = raw_ports(&create).await?;
            build(&options, site, create, Production::ready(EchoProgram), raw)
        })
    }
}
