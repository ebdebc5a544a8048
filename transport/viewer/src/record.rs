//! Recording: a session's pictures as an Annex B file that every H.264 decoder reads.
//!
//! Owns: which pictures go into the file. It begins at a key picture, and after a gap it goes on at the next one, so that
//! the file decodes without an error whatever the network did. Refuses: raw pictures, timestamps (Annex B has none) and
//! containers.
//!
//! Writing blocks. A few kilobytes every 33 ms through a buffer are no harm to a runtime; a slow disk is: write from a
//! thread of your own then.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use actors_protocol::ServiceName;
use transport_wire::Codec;

use crate::picture::{Picture, SessionInfo};

/// Why nothing can be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The service's pictures do not fit into the file.
    #[error(
        "{service} sends {pictures} pictures, which a .h264 file cannot hold; \
         record a service whose codec is h264, or take the pictures as they come"
    )]
    Codec {
        /// The service.
        service: ServiceName,
        /// What it sends: `raw i420`.
        pictures: String,
    },
    /// A key picture does not begin as Annex B wants it.
    #[error("picture {number} does not begin with a start code (00 00 01): it is no H.264 in Annex B")]
    NotAnnexB {
        /// Its number.
        number: u64,
    },
    /// The file cannot be made.
    #[error("cannot write to {}; is the folder there, and may you write to it?", path.display())]
    Create {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the recording: {0}; is the disk full?")]
    Write(#[from] io::Error),
}

/// What is in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Pictures in it.
    pub pictures: u64,
    /// Pictures left out: before the first key picture, or between a gap and the next.
    pub left_out: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// Writes pictures to a file.
#[derive(Debug)]
pub struct Recorder<W: Write> {
    out: W,
    service: ServiceName,
    last: Option<(u32, u16)>,
    recorded: Recorded,
}

impl Recorder<BufWriter<File>> {
    /// Makes `path` anew and records the session into it. Refuses a service of another codec before it touches the file.
    pub fn create(path: &Path, info: &SessionInfo) -> Result<Self, RecordError> {
        check(&info.service, &info.codec)?;
        let file = File::create(path).map_err(|source| RecordError::Create { path: path.to_owned(), source })?;
        Recorder::new(BufWriter::new(file), info)
    }
}

impl<W: Write> Recorder<W> {
    /// Records the session into `out`.
    pub fn new(out: W, info: &SessionInfo) -> Result<Recorder<W>, RecordError> {
        check(&info.service, &info.codec)?;
        Ok(Recorder { out, service: info.service.clone(), last: None, recorded: Recorded::default() })
    }

    /// The next picture of the session, in the order in which it came. True if it is in the file. A repeat is not: it has
    /// nothing to be written.
    pub fn picture(&mut self, picture: &Picture) -> Result<bool, RecordError> {
        check(&self.service, picture.codec.as_str())?;
        let follows = picture.unit.checked_sub(1).is_some_and(|before| self.last == Some((picture.group, before)));
        if picture.repeat {
            // The unit after it needs the one before it.
            self.last = self.last.filter(|_| follows).map(|(group, _)| (group, picture.unit));
            return Ok(false);
        }
        if !picture.key && !follows {
            self.last = None;
            self.recorded.left_out += 1;
            return Ok(false);
        }
        if picture.key && !begins_a_unit(&picture.data) {
            return Err(RecordError::NotAnnexB { number: picture.number });
        }
        self.out.write_all(&picture.data)?;
        self.last = Some((picture.group, picture.unit));
        self.recorded.pictures += 1;
        self.recorded.bytes += picture.data.len() as u64;
        Ok(true)
    }

    /// What is in the file so far.
    pub fn recorded(&self) -> Recorded {
        self.recorded
    }

    /// Writes what is still buffered. A recorder that is dropped instead leaves a file that may end early.
    pub fn finish(mut self) -> Result<Recorded, RecordError> {
        self.out.flush()?;
        Ok(self.recorded)
    }
}

fn check(service: &ServiceName, codec: &str) -> Result<(), RecordError> {
    if codec == Codec::H264.as_str() {
        return Ok(());
    }
    let raw = if codec == Codec::I420.as_str() { "raw " } else { "" };
    Err(RecordError::Codec { service: service.clone(), pictures: format!("{raw}{codec}") })
}

/// Three or four bytes of start code (ITU-T H.264 §B.1.1).
fn begins_a_unit(data: &[u8]) -> bool {
    data.starts_with(&[0, 0, 1]) || data.starts_with(&[0, 0, 0, 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use actors_protocol::{Millis, SessionId, SlotId};
    use bytes::Bytes;
    use tokio::time::Instant;

    fn info(service: &str, codec: Codec) -> SessionInfo {
        SessionInfo {
            service: service.parse().expect("valid"),
            instance: "clip-a".parse().expect("valid"),
            zone: "zone-a".parse().expect("valid"),
            session: SessionId(1),
            slot: SlotId(1),
            codec: codec.as_str().to_owned(),
            width: 64,
            height: 36,
            rate_millihertz: 30_000,
            resume_window: Millis(6_000),
        }
    }

    fn picture(number: u64, group: u32, unit: u16) -> Picture {
        Picture {
            number,
            group,
            unit,
            key: unit == 0,
            repeat: false,
            codec: Codec::H264,
            width: 64,
            height: 36,
            pts_us: 0,
            last_input: 0,
            late_before: 0,
            dropped_before: 0,
            complete_at: Instant::now(),
            data: Bytes::from(format!("\0\0\0\u{1}<{group}.{unit}>")),
        }
    }

    #[test]
    fn only_what_decodes_is_in_the_file() {
        let mut recorder = Recorder::new(Vec::new(), &info("clip.demo", Codec::H264)).expect("h264");
        let stream = [(0, 7), (1, 0), (1, 1), (1, 3), (1, 4), (2, 1), (3, 0), (3, 1), (4, 0), (3, 2), (4, 1)];
        let taken: Vec<_> = (0..)
            .zip(stream)
            .filter(|(number, (group, unit))| recorder.picture(&picture(*number, *group, *unit)).expect("written"))
            .map(|(_, place)| place)
            .collect();
        assert_eq!(taken, [(1, 0), (1, 1), (3, 0), (3, 1), (4, 0)], "a gap is over at the next key picture");
        let file = recorder.out.clone();
        assert_eq!(String::from_utf8_lossy(&file).matches('<').count(), 5);
        let recorded = recorder.finish().expect("flushed");
        assert_eq!(recorded, Recorded { pictures: 5, left_out: 6, bytes: file.len() as u64 });
    }

    #[test]
    fn a_repeat_is_not_in_the_file_and_what_follows_it_is() {
        let mut recorder = Recorder::new(Vec::new(), &info("epg.demo", Codec::H264)).expect("h264");
        let repeat = Picture { repeat: true, data: Bytes::new(), ..picture(1, 0, 1) };
        let taken = [picture(0, 0, 0), repeat, picture(2, 0, 2)].map(|one| recorder.picture(&one).expect("written"));
        assert_eq!(taken, [true, false, true]);
        assert_eq!(recorder.recorded().left_out, 0, "nothing was lost");
    }

    #[test]
    fn raw_pictures_are_refused_before_a_file_is_made() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a.h264");
        let refused = Recorder::create(&path, &info("echo.demo", Codec::I420)).expect_err("i420");
        assert!(
            refused.to_string().starts_with("echo.demo sends raw i420 pictures, which a .h264 file cannot hold; "),
            "{refused}"
        );
        assert!(!path.exists());
        let nowhere = dir.path().join("no/such/a.h264");
        let refused = Recorder::create(&nowhere, &info("clip.demo", Codec::H264)).expect_err("no folder");
        assert!(refused.to_string().contains("no/such/a.h264"), "{refused}");
    }

    #[test]
    fn what_is_no_annex_b_is_not_written() {
        let mut recorder = Recorder::new(Vec::new(), &info("clip.demo", Codec::H264)).expect("h264");
        let avcc = Picture { data: Bytes::from_static(&[0, 0, 2, 9, 0x67]), ..picture(5, 1, 0) };
        let refused = recorder.picture(&avcc).expect_err("a length is no start code").to_string();
        assert!(refused.contains("picture 5"), "{refused}");
        assert!(recorder.out.is_empty());
    }
}
