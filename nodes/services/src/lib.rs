//! The services that Fusion brings along, and the builders that make instances of them.
//!
//! Owns: `echo` (raw pictures without any media library, for load and tests) and `clip` (a film, passed through).
//! Refuses: slots and sessions (`media/session`), GStreamer (`media/pipeline`, with the feature `media`).

mod builders;
pub mod echo;
pub mod epg;
#[cfg(feature = "media")]
mod media;

use std::path::{Path, PathBuf};

pub use builders::{BuilderOptions, registry};
pub use media_session::{Flaw, Limits};

/// The clip that `fusion dev` plays when it is given none; none in a binary without media.
pub fn clip_of_dev(media_dir: &Path, progress: impl Fn(&str)) -> Result<Option<PathBuf>, String> {
    #[cfg(feature = "media")]
    {
        media::generated(media_dir, progress).map(Some).map_err(|error| words(&error))
    }
    #[cfg(not(feature = "media"))]
    {
        let _ = (media_dir, progress);
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
