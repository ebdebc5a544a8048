//! Loading a clip: any container that GStreamer opens, with H.264 in it, into access units in memory.
//!
//! Owns: the checks that make a file a clip. What comes out can be passed through as it is: access units in Annex B form,
//! in the order they are shown, parameter sets in front of each key picture.
//! Refuses: to encode anew. A file that will not do is refused with the command that makes one that does.
//!
//! ```text
//!   filesrc ─ demuxer ─┬─ h264parse ─ capsfilter (byte-stream, whole access units) ─ appsink ─► units
//!                      └─ (sound, subtitles, a second picture: unlinked)
//! ```

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as app;
use media_share::clip::UNITS_MAX;
use media_share::{AccessUnit, ClipFault, ClipTrack, Codec, Format};

use crate::annexb;
use crate::assembly::{Assembly, Deadline, Failure, Said, assembly};
use crate::error::PipelineError;
use crate::probe::element;
use crate::streams::{self, Kind, Streams};

/// What loading a clip may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all access units together. They stay in memory.
    pub bytes: usize,
    /// Time until the last one is there.
    pub time: Duration,
}

impl Default for Limits {
    /// 64 MiB: five minutes of 1.6 Mbit/s. Twenty seconds: reading is all it takes.
    fn default() -> Limits {
        Limits { bytes: 64 << 20, time: Duration::from_secs(20) }
    }
}

/// How often the end and errors are looked for while no picture comes.
const LOOK: gst::ClockTime = gst::ClockTime::from_mseconds(20);
/// A container may promise this much more than its pictures take, before it counts as cut off.
const SLACK: Duration = Duration::from_millis(500);

/// Loads a clip within the usual limits.
pub fn load_clip(path: &Path) -> Result<ClipTrack, PipelineError> {
    load_clip_within(path, &Limits::default())
}

/// Loads a clip within these limits.
pub fn load_clip_within(path: &Path, limits: &Limits) -> Result<ClipTrack, PipelineError> {
    exists(path)?;
    crate::init()?;
    let reader = Reader::open(path)?;
    let mut loading = Loading { path, limits, units: Vec::new(), pictures: 0, bytes: 0, caps: None, times: None };
    reader.run(&mut loading)?;
    reader.whole(&loading)?;
    loading.finish()
}

fn exists(path: &Path) -> Result<(), PipelineError> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => PipelineError::Missing { path: path.to_owned() },
        _ => PipelineError::Unreadable { path: path.to_owned(), source: error },
    };
    // First what it is: to open a pipe would wait for somebody to write into it.
    if !fs::metadata(path).map_err(refused)?.is_file() {
        return Err(refused(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")));
    }
    fs::File::open(path).map(drop).map_err(refused)
}

struct Reader {
    assembled: Assembly,
    sink: app::AppSink,
    streams: Arc<Streams>,
    contained: bool,
}

impl Reader {
    fn open(path: &Path) -> Result<Reader, PipelineError> {
        let source = element("filesrc")?;
        source.set_property("location", path);
        let parser = element("h264parse")?;
        // Parameter sets in front of each IDR picture, so that a session can begin at any of them.
        parser.set_property("config-interval", -1i32);
        let form = element("capsfilter")?;
        let byte_stream =
            gst::Caps::builder("video/x-h264").field("stream-format", "byte-stream").field("alignment", "au");
        form.set_property("caps", byte_stream.build());
        let sink = app::AppSink::builder().sync(false).max_buffers(4).build();

        let assembled = Assembly::of(&[&source, &parser, &form, sink.upcast_ref()])?;
        gst::Element::link_many([&parser, &form, sink.upcast_ref()]).map_err(assembly)?;
        let kind = streams::kind(path);
        let (streams, contained) =
            match kind.map_err(|source| PipelineError::Unreadable { path: path.to_owned(), source })? {
                Kind::Bare => {
                    source.link(&parser).map_err(assembly)?;
                    (Streams::bare(), false)
                }
                Kind::Contained(demuxer) => {
                    assembled.pipeline.add(&demuxer).map_err(assembly)?;
                    source.link(&demuxer).map_err(assembly)?;
                    (Streams::follow(&demuxer, &parser), true)
                }
                Kind::Other(cause) => return Err(PipelineError::NotVideo { path: path.to_owned(), cause }),
            };
        Ok(Reader { assembled, sink, streams, contained })
    }

    /// Takes out all pictures.
    fn run(&self, loading: &mut Loading<'_>) -> Result<(), PipelineError> {
        self.assembled.play().map_err(|failure| self.failed(failure, loading))?;
        let deadline = Deadline::after(loading.limits.time);
        loop {
            if deadline.passed() {
                return Err(PipelineError::TooSlow { path: loading.path.to_owned(), limit: loading.limits.time });
            }
            if let Some(sample) = self.sink.try_pull_sample(LOOK) {
                loading.take(&sample)?;
                continue;
            }
            if let Some(found) = self.streams.without_picture(false) {
                return Err(PipelineError::NoH264 { path: loading.path.to_owned(), found });
            }
            // Asked before the bus is heard: what ended the stream was said before it ended.
            let ended = self.sink.is_eos();
            match self.assembled.heard() {
                Some(Said::Failure(failure)) => return Err(self.failed(failure, loading)),
                Some(Said::End) => return Ok(()),
                None if ended => return Ok(()),
                None => {}
            }
        }
    }

    /// What an element's error means for the file.
    fn failed(&self, failure: Failure, loading: &Loading<'_>) -> PipelineError {
        let path = loading.path.to_owned();
        match self.streams.without_picture(true) {
            Some(found) => PipelineError::NoH264 { path, found },
            None => PipelineError::Broken { path, pictures: loading.pictures, cause: failure.words },
        }
    }

    /// A container that promises more than came was cut off. With sound in it the promise may be the sound's.
    fn whole(&self, loading: &Loading<'_>) -> Result<(), PipelineError> {
        if !(self.contained && self.streams.alone()) {
            return Ok(());
        }
        let (Some(promised), Some((first, last))) =
            (self.assembled.pipeline.query_duration::<gst::ClockTime>(), loading.times)
        else {
            return Ok(());
        };
        let (promised, came) = (Duration::from(promised), Duration::from(last.saturating_sub(first)));
        if promised > came + SLACK {
            let cause = format!("it should last {promised:.1?}, its pictures last {came:.1?}");
            return Err(PipelineError::Broken { path: loading.path.to_owned(), pictures: loading.pictures, cause });
        }
        Ok(())
    }
}

/// A clip on its way into memory.
struct Loading<'a> {
    path: &'a Path,
    limits: &'a Limits,
    units: Vec<AccessUnit>,
    /// All that came, with those before the first key picture, which are dropped.
    pictures: usize,
    bytes: usize,
    caps: Option<gst::Caps>,
    /// When the first begins and the last ends.
    times: Option<(gst::ClockTime, gst::ClockTime)>,
}

impl Loading<'_> {
    fn take(&mut self, sample: &gst::Sample) -> Result<(), PipelineError> {
        let path = || self.path.to_owned();
        let unsteady = |cause: String| PipelineError::Unsteady { path: path(), cause };
        let caps = sample.caps().ok_or_else(|| unsteady("a picture of no form".to_owned()))?;
        match &self.caps {
            None => self.caps = Some(caps.to_owned()),
            Some(first) if same_size(first, caps) => {}
            Some(first) => return Err(unsteady(format!("{first} turns into {caps}"))),
        }
        let Some(buffer) = sample.buffer() else { return Ok(()) };
        let map = buffer.map_readable().map_err(assembly)?;
        let facts = annexb::facts(&map);
        if facts.slices == 0 {
            // Only parameter sets or messages, at the end of a stream.
            return Ok(());
        }
        let picture = self.pictures;
        self.pictures += 1;
        if facts.bidirectional {
            return Err(PipelineError::BFrames { path: path(), picture });
        }
        if let Some(begin) = buffer.pts().or(buffer.dts()) {
            let end = begin + buffer.duration().unwrap_or(gst::ClockTime::ZERO);
            self.times = Some((self.times.map_or(begin, |(first, _)| first), end));
        }
        if facts.key && !facts.parameter_sets {
            let cause = format!("key picture {picture} has no parameter sets");
            return Err(PipelineError::Broken { path: path(), pictures: picture, cause });
        }
        if self.units.is_empty() && !facts.key {
            return Ok(());
        }
        self.bytes += map.len();
        if self.bytes > self.limits.bytes {
            return Err(PipelineError::TooLarge { path: path(), limit: self.limits.bytes });
        }
        if self.units.len() == UNITS_MAX {
            let source = ClipFault::TooLong { units: UNITS_MAX + 1 };
            return Err(PipelineError::Unsuitable { path: path(), source });
        }
        self.units.push(AccessUnit { key: facts.key, data: Bytes::copy_from_slice(&map) });
        Ok(())
    }

    fn finish(self) -> Result<ClipTrack, PipelineError> {
        let path = self.path.to_owned();
        let Some(caps) = self.caps.filter(|_| !self.units.is_empty()) else {
            return Err(PipelineError::NoKeys { path, pictures: self.pictures });
        };
        let format = format(&caps, self.times, self.pictures)
            .map_err(|cause| PipelineError::Unsteady { path: path.clone(), cause })?;
        ClipTrack::new(format, self.units).map_err(|source| PipelineError::Unsuitable { path, source })
    }
}

fn same_size(a: &gst::CapsRef, b: &gst::CapsRef) -> bool {
    let size = |caps: &gst::CapsRef| {
        caps.structure(0).map(|form| (form.get::<i32>("width").ok(), form.get::<i32>("height").ok()))
    };
    size(a) == size(b)
}

/// Size and rate. A stream that does not say its rate gets the mean of what came.
fn format(
    caps: &gst::CapsRef,
    times: Option<(gst::ClockTime, gst::ClockTime)>,
    pictures: usize,
) -> Result<Format, String> {
    let form = caps.structure(0).ok_or("a picture of no form")?;
    let side = |name: &str| form.get::<i32>(name).ok().and_then(|pixels| u16::try_from(pixels).ok());
    let (Some(width), Some(height)) = (side("width"), side("height")) else {
        return Err(format!("no size in {caps}"));
    };
    let said =
        form.get::<gst::Fraction>("framerate").ok().map(|rate| (i64::from(rate.numer()), i64::from(rate.denom())));
    let rate_millihertz = match (said, times) {
        (Some((numerator, denominator)), _) if numerator > 0 && denominator > 0 => numerator * 1_000 / denominator,
        (_, Some((first, last))) if last > first => {
            (pictures as u64).saturating_mul(1_000_000).checked_div((last - first).mseconds()).unwrap_or(0) as i64
        }
        _ => 0,
    };
    match u32::try_from(rate_millihertz) {
        Ok(rate_millihertz @ 1_000..=240_000) => {
            Ok(Format { codec: Codec::H264, width, height, rate_millihertz, bit_rate: None })
        }
        _ => Err(format!("no picture rate between 1 and 240 Hz in {caps}")),
    }
}
