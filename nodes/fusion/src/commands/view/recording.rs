//! `--record`: the pictures as they come, in a file whose ending says what it is.
//!
//! Owns: the choice by ending. Refuses: to decode, to encode.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::bail;
use transport_viewer::{Codec, Picture, Recorded, Recorder, SessionInfo};

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

/// An MP4 file, and who judges what can be decoded and goes into it.
#[cfg(feature = "media")]
pub struct Mp4 {
    writer: media_pipeline::Mp4Writer,
    judge: Recorder<io::Sink>,
    recorded: Recorded,
    path: PathBuf,
}

impl Recording {
    /// Makes `path` anew for this session.
    pub fn create(path: &Path, info: &SessionInfo) -> anyhow::Result<Recording> {
        match Container::of(path)? {
            Container::AnnexB => Ok(Recording::AnnexB(Recorder::create(path, info)?)),
            #[cfg(feature = "media")]
            Container::Mp4 => {
                if info.codec != Codec::H264.as_str() {
                    let (service, codec) = (&info.service, &info.codec);
                    bail!("{service} sends {codec} pictures, which an .mp4 file cannot hold here; --y4m FILE can");
                }
                Ok(Recording::Mp4(Mp4 {
                    judge: Recorder::new(io::sink(), info)?,
                    writer: media_pipeline::Mp4Writer::create(path, info.width, info.height)?,
                    recorded: Recorded::default(),
                    path: path.to_owned(),
                }))
            }
            #[cfg(not(feature = "media"))]
            Container::Mp4 => bail!("no MP4 without the feature `media`"),
        }
    }

    /// The next picture, in the order in which it came.
    pub fn picture(&mut self, picture: &Picture) -> anyhow::Result<()> {
        match self {
            Recording::AnnexB(recorder) => {
                recorder.picture(picture)?;
            }
            #[cfg(feature = "media")]
            Recording::Mp4(mp4) => {
                // A repeat lasts by itself: the picture before it is shown until the next one.
                if mp4.judge.picture(picture)? && !picture.data.is_empty() {
                    mp4.writer.push(&picture.data, picture.pts_us, picture.key)?;
                    mp4.recorded.pictures += 1;
                    mp4.recorded.bytes += picture.data.len() as u64;
                }
            }
        }
        Ok(())
    }

    /// Writes what is still waiting.
    pub fn finish(self) -> anyhow::Result<Recorded> {
        match self {
            Recording::AnnexB(recorder) => Ok(recorder.finish()?),
            #[cfg(feature = "media")]
            Recording::Mp4(Mp4 { writer, judge, recorded, path }) => {
                let left_out = judge.finish()?.left_out;
                if recorded.pictures == 0 {
                    // No MP4 is empty: what stands there is no file that anything opens.
                    drop(writer);
                    let _ = std::fs::remove_file(path);
                    return Ok(Recorded { left_out, ..recorded });
                }
                writer.finish()?;
                Ok(Recorded { left_out, ..recorded })
            }
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
    fn mp4_may_be_written_in_any_case_and_holds_no_raw_pictures() {
        use crate::commands::view::samples::info;
        assert_eq!(Container::of(Path::new("A.MP4")).expect("known"), Container::Mp4);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.mp4");
        let refused = Recording::create(&path, &info(Codec::I420)).err().expect("raw").to_string();
        assert!(refused.contains("echo.demo sends i420") && refused.contains("--y4m"), "{refused}");
        assert!(!path.exists());
    }

    #[cfg(feature = "media")]
    #[test]
    fn a_recording_of_nothing_leaves_no_file() {
        use crate::commands::view::samples::info;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.mp4");
        let recorded = Recording::create(&path, &info(Codec::H264)).expect("made").finish().expect("nothing failed");
        assert_eq!((recorded.pictures, path.exists()), (0, false));
    }
}
