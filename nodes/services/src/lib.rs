//! The services that Fusion brings along, and the builders that make instances of them.
//!
//! Owns: `echo` (raw pictures without any media library, for load and tests), `clip` (a film, passed through) and `epg` (the
//! programme guide: many sources on pages of tiles).
//! Refuses: slots and sessions (`media/session`), GStreamer (`media/pipeline`, with the feature `media`).

mod builders;
pub mod echo;
pub mod epg;
#[cfg(feature = "media")]
mod media;

use std::path::{Path, PathBuf};

pub use builders::{BuilderOptions, registry};
pub use media_session::{Flaw, Limits};

/// What `fusion dev` shows when it is given nothing.
#[derive(Clone, Debug)]
pub struct DemoMedia {
    /// The clip of `clip.demo`.
    pub clip: PathBuf,
    /// The folder of `epg.demo`.
    pub guide: PathBuf,
}

/// The media of the demo, made if they are not there; what is given is not made. None in a binary without media.
pub fn demo_media(
    media_dir: &Path,
    clip: Option<PathBuf>,
    guide: Option<PathBuf>,
    progress: impl Fn(&str),
) -> Result<Option<DemoMedia>, String> {
    #[cfg(feature = "media")]
    {
        let clip = clip.map_or_else(|| media::generated(media_dir, &progress), Ok).map_err(|error| words(&error))?;
        let guide = guide.map_or_else(|| media::guide(media_dir, &progress), Ok).map_err(|error| words(&error))?;
        Ok(Some(DemoMedia { clip, guide }))
    }
    #[cfg(not(feature = "media"))]
    {
        let _ = (media_dir, clip, guide, progress);
        Ok(None)
    }
}

/// What this machine can do with media; an error says what is missing, and the remedy.
pub fn media_report() -> Result<String, String> {
    #[cfg(feature = "media")]
    {
        media::report()
    }
    #[cfg(not(feature = "media"))]
    {
        Ok("not in this binary (built without the feature `media`)".to_owned())
    }
}

/// An error with its causes, for whoever can be given nothing but words.
fn words(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |words, cause| format!("{words}: {cause}"))
}
