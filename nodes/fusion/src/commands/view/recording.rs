//! `--record`: the pictures as they come, in a file whose ending says what it is.
//!
//! Owns: the choice by ending. Refuses: to decode, to encode.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::bail;
use transport_viewer::{Picture, Recorded, Recorder, SessionInfo};

#[cfg(feature = "media")]
use super::mp4::Mp4;

/// What a file is, by its ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// `.h264`: one access unit after the other, no times.
    AnnexB,
    /// `.mp4`: with times; every player can seek in it.
    Mp4,
}

impl Container {
    /// By the ending, which any case may have.
    pub fn of(path: &Path) -> anyhow::Result<Container> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("h264") => Ok(Container::AnnexB),
            Some("mp4") if cfg!(feature = "media") => Ok(Container::Mp4),
            Some("mp4") => bail!("this binary was built without the feature `media`: it records to .h264 only"),
            _ => bail!("--record {}: the file's name must end in .mp4 or .h264", path.display()),
        }
    }
}

/// A file that is being written.
pub enum Recording {
    /// See [`Container::AnnexB`].
    AnnexB(Recorder<BufWriter<File>>),
    /// See [`Container::Mp4`].
    #[cfg(feature = "media")]
    Mp4(Mp4),
}

impl Recording {
    /// Makes `path` anew for this session.
    pub fn create(path: &Path, info: &SessionInfo) -> anyhow::Result<Recording> {
        match Container::of(path)? {
            Container::AnnexB => Ok(Recording::AnnexB(Recorder::create(path, info)?)),
            #[cfg(feature = "media")]
            Container::Mp4 => Ok(Recording::Mp4(Mp4::create(path, info)?)),
            #[cfg(not(feature = "media"))]
            Container::Mp4 => bail!("no MP4 without the feature `media`"),
        }
    }

    /// The next picture, in the order in which it came. True if it is in the file; a repeat is not, nor is a picture that
    /// cannot be decoded without one that is missing.
    pub fn picture(&mut self, picture: &Picture) -> anyhow::Result<bool> {
        match self {
            Recording::AnnexB(recorder) => Ok(recorder.picture(picture)?),
            #[cfg(feature = "media")]
            Recording::Mp4(mp4) => mp4.picture(picture),
        }
    }

    /// Writes what is still waiting.
    pub fn finish(self) -> anyhow::Result<Recorded> {
        match self {
            Recording::AnnexB(recorder) => Ok(recorder.finish()?),
            #[cfg(feature = "media")]
            Recording::Mp4(mp4) => mp4.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_what_a_file_is() {
        assert_eq!(Container::of(Path::new("/a.b/c.h264")).expect("known"), Container::AnnexB);
        for refused in ["a", "a.mkv", ".mp4", "mp4", "a.mp4/b"] {
            let words = Container::of(Path::new(refused)).expect_err(refused).to_string();
            assert!(words.contains(".mp4") && words.contains(".h264") && words.contains(refused), "{words}");
        }
    }

    #[cfg(feature = "media")]
    #[test]
    fn an_ending_may_be_written_in_any_case() {
        assert_eq!(Container::of(Path::new("A.MP4")).expect("known"), Container::Mp4);
    }
}
