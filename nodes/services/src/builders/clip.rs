//! The builder of `clip`. Owns: its parameters, and where the film is read. Refuses: sessions.

use std::path::PathBuf;

use actors_dca::{BuildError, Builder, Building, Site};
use actors_protocol::host::CreateInstance;
use media_session::Production;

use super::{BuilderOptions, build};

pub(super) struct ClipBuilder(pub(super) BuilderOptions);

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
            build(&options, site, create, Production::ready(track), Vec::new())
        })
    }
}
