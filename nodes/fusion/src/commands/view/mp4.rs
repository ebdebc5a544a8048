//! A session's pictures in an MP4 file.
//!
//! Owns: that only what decodes goes into it, and that there is no empty file. Refuses: raw pictures.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::bail;
use media_pipeline::Mp4Writer;
use transport_viewer::{Codec, Picture, Recorded, Recorder, SessionInfo};

/// See the module.
pub struct Mp4 {
    writer: Mp4Writer,
    /// Knows what can be decoded; what it writes is not needed.
    judge: Recorder<io::Sink>,
    recorded: Recorded,
    path: PathBuf,
}

impl Mp4 {
    /// Makes `path` anew for this session.
    pub fn create(path: &Path, info: &SessionInfo) -> anyhow::Result<Mp4> {
        if info.codec != Codec::H264.as_str() {
            let (service, codec) = (&info.service, &info.codec);
            bail!("{service} sends {codec} pictures, which an .mp4 file cannot hold here; --y4m FILE can");
        }
        let judge = Recorder::new(io::sink(), info)?;
        let writer = Mp4Writer::create(path, info.width, info.height)?;
        Ok(Mp4 { writer, judge, recorded: Recorded::default(), path: path.to_owned() })
    }

    /// The next picture, in the order in which it came. True if it is in the file.
    pub fn picture(&mut self, picture: &Picture) -> anyhow::Result<bool> {
        // A repeat needs no place: the picture before it is shown until the next one.
        let taken = self.judge.picture(picture)? && !picture.data.is_empty();
        if taken {
            self.writer.push(&picture.data, picture.pts_us, picture.key)?;
            self.recorded.pictures += 1;
            self.recorded.bytes += picture.data.len() as u64;
        }
        Ok(taken)
    }

    /// Writes what is still waiting, and the index.
    pub fn finish(self) -> anyhow::Result<Recorded> {
        let left_out = self.judge.finish()?.left_out;
        let recorded = Recorded { left_out, ..self.recorded };
        if recorded.pictures > 0 {
            self.writer.finish()?;
            return Ok(recorded);
        }
        // No MP4 is empty: what stands there is no file that anything opens.
        drop(self.writer);
        std::fs::remove_file(self.path)?;
        Ok(recorded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::view::samples::info;

    #[test]
    fn raw_pictures_are_refused_before_a_file_is_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.mp4");
        let refused = Mp4::create(&path, &info(Codec::I420)).err().expect("raw").to_string();
        assert!(refused.contains("echo.demo sends i420") && refused.contains("--y4m"), "{refused}");
        assert!(!path.exists());
    }

    #[test]
    fn a_recording_of_nothing_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.mp4");
        let recorded = Mp4::create(&path, &info(Codec::H264)).expect("made").finish().expect("nothing failed");
        assert_eq!((recorded.pictures, path.exists()), (0, false));
    }
}
