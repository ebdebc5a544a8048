//! Writing H.264 that was received into an MP4 file, each picture at its true time.
//!
//! Owns: the file and the thread that writes it. Refuses: to encode, and to decide which pictures can be decoded.
//!
//! The file grows in fragments of a second, so that one that was never finished (a crash, a full disk) plays up to its
//! last whole fragment. [`finish`](Mp4Writer::finish) turns it into a plain MP4 with one index, in which every player can
//! seek, and which the strictest ones take. Fragments alone play in ffplay and browsers too, but many players do not know
//! how long such a file is.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as app;

use crate::assembly::{Assembly, Deadline, Said, assembly};
use crate::error::PipelineError;
use crate::probe::element;

/// How much of a recording a crash may cost, in milliseconds of it.
const FRAGMENT_MS: u32 = 1_000;
/// What waits to be written, at most. Eight seconds at 8 Mbit/s: a disk that is further behind does not catch up.
const WAITING_MAX: u64 = 8 << 20;
/// How long the index may take.
const FINISH_WITHIN: Duration = Duration::from_secs(20);
const LOOK: gst::ClockTime = gst::ClockTime::from_mseconds(50);
/// Units of time in a second, in the file: those that all frame rates and most tools divide.
const TIMESCALE: u32 = 90_000;

/// Why an MP4 file is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum Mp4Error {
    /// The writer cannot be made.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The file cannot be made.
    #[error("cannot write to {}; is the folder there, and may you write to it?", path.display())]
    Create {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Writing stopped.
    #[error("cannot write the recording {} on ({cause}); is the disk full?", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What GStreamer says.
        cause: String,
    },
    /// The disk does not keep up.
    #[error("the recording {} is {} MiB behind; record to a faster disk", path.display(), WAITING_MAX >> 20)]
    Behind {
        /// Which.
        path: PathBuf,
    },
    /// A picture that is not after the one before.
    #[error("the recording {} has a picture at {last} µs, and the next one is at {next} µs", path.display())]
    Order {
        /// Which.
        path: PathBuf,
        /// The last picture's time.
        last: u64,
        /// The picture's that is refused.
        next: u64,
    },
    /// A recording of nothing: an MP4 file cannot be empty.
    #[error("the recording {} has no picture in it", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
}

/// An MP4 file that is being written. One that is dropped instead of finished is what a crash would leave.
pub struct Mp4Writer {
    path: PathBuf,
    assembled: Assembly,
    source: app::AppSrc,
    /// The first picture's time, and the last one's.
    times: Option<(u64, u64)>,
}

impl Mp4Writer {
    /// Makes `path` anew, for H.264 of this size in pixels.
    pub fn create(path: &Path, width: u16, height: u16) -> Result<Mp4Writer, Mp4Error> {
        crate::init()?;
        // First as a file: what the system says about it is more than GStreamer would.
        File::create(path).map_err(|source| Mp4Error::Create { path: path.to_owned(), source })?;
        let caps = gst::Caps::builder("video/x-h264")
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .field("width", i32::from(width))
            .field("height", i32::from(height))
            .build();
        let source = app::AppSrc::builder().caps(&caps).format(gst::Format::Time).max_bytes(WAITING_MAX).build();
        let parser = element("h264parse")?;
        let muxer = element("mp4mux")?;
        muxer.set_property("fragment-duration", FRAGMENT_MS);
        muxer.set_property_from_str("fragment-mode", "first-moov-then-finalise");
        muxer.set_property("movie-timescale", TIMESCALE);
        muxer.set_property("trak-timescale", TIMESCALE);
        let sink = element("filesink")?;
        sink.set_property("location", path);
        let elements = [source.upcast_ref(), &parser, &muxer, &sink];
        let assembled = Assembly::of(&elements)?;
        gst::Element::link_many(elements).map_err(assembly)?;
        let writer = Mp4Writer { path: path.to_owned(), assembled, source, times: None };
        writer.assembled.play().map_err(|failure| writer.failed(failure.words))?;
        Ok(writer)
    }

    /// The next picture: one access unit in Annex B form, shown from `pts_us` on, which grows strictly. The first one is a
    /// key picture. Does not wait for the disk.
    pub fn push(&mut self, access_unit: &[u8], pts_us: u64, key: bool) -> Result<(), Mp4Error> {
        if let Some((_, last)) = self.times.filter(|(_, last)| *last >= pts_us) {
            return Err(Mp4Error::Order { path: self.path.clone(), last, next: pts_us });
        }
        self.check()?;
        if self.source.current_level_bytes() + access_unit.len() as u64 > WAITING_MAX {
            return Err(Mp4Error::Behind { path: self.path.clone() });
        }
        let first = self.times.map_or(pts_us, |(first, _)| first);
        self.times = Some((first, pts_us));
        let mut buffer = gst::Buffer::from_slice(access_unit.to_vec());
        let inner = buffer.get_mut().expect("it is new");
        let at = gst::ClockTime::from_useconds(pts_us - first);
        inner.set_pts(at);
        // No picture is shown in another order than it comes.
        inner.set_dts(at);
        if !key {
            inner.set_flags(gst::BufferFlags::DELTA_UNIT);
        }
        match self.source.push_buffer(buffer) {
            Ok(_) => Ok(()),
            Err(flow) => Err(self.check().err().unwrap_or_else(|| self.failed(flow.to_string()))),
        }
    }

    /// Writes the index. Blocks, for twenty seconds at worst.
    pub fn finish(self) -> Result<(), Mp4Error> {
        if self.times.is_none() {
            return Err(Mp4Error::Empty { path: self.path.clone() });
        }
        self.check()?;
        self.source.end_of_stream().map_err(|flow| self.failed(flow.to_string()))?;
        let deadline = Deadline::after(FINISH_WITHIN);
        loop {
            match self.assembled.listen(LOOK) {
                Some(Said::End) => return Ok(()),
                Some(Said::Failure(failure)) => return Err(self.failed(failure.words)),
                None if deadline.passed() => {
                    return Err(self.failed(format!("no end after {} s", FINISH_WITHIN.as_secs())));
                }
                None => {}
            }
        }
    }

    fn check(&self) -> Result<(), Mp4Error> {
        match self.assembled.heard() {
            Some(Said::Failure(failure)) => Err(self.failed(failure.words)),
            Some(Said::End) | None => Ok(()),
        }
    }

    fn failed(&self, cause: String) -> Mp4Error {
        Mp4Error::Write { path: self.path.clone(), cause }
    }
}
