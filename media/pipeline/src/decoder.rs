//! A decoder on the caller's thread: an access unit in, its picture out.
//!
//! Owns: starting anew. After a fault nothing is shown until the next key picture, which a fresh decoder takes: what it
//! would show before that refers to pictures it does not have.
//! Refuses: streams that must be shown in another order than they come (B-frames), since they cannot be shown at once.

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video as video;
use gstreamer_video::prelude::*;
use media_share::{I420, Size};

use crate::annexb;
use crate::assembly::assembly;
use crate::encoder::colorimetry;
use crate::error::PipelineError;
use crate::pads::Driven;
use crate::probe::element;

/// Why an access unit gave no picture.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The decoder cannot be made anew.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The access unit is no picture, or a broken one.
    #[error("an access unit of {bytes} bytes cannot be decoded ({cause}); the next key picture can be shown again")]
    Broken {
        /// Its length.
        bytes: usize,
        /// What the decoder says.
        cause: String,
    },
    /// A picture that this program has no type for.
    #[error("a picture of {width}×{height} was decoded; both sides must be even, and bounded")]
    Size {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
}

/// Decodes H.264 in Annex B form, one access unit at a time, to limited-range BT.601. The picture's size may change at a
/// key picture.
pub struct H264Decoder {
    /// None after a fault, until the next key picture.
    driven: Option<Driven>,
    /// A key picture has been decoded since.
    begun: bool,
    /// Units taken: a decoder wants times that grow.
    units: u64,
}

impl H264Decoder {
    /// A decoder that waits for a key picture.
    pub fn new() -> Result<H264Decoder, PipelineError> {
        crate::init()?;
        Ok(H264Decoder { driven: Some(start()?), begun: false, units: 0 })
    }

    /// Decodes an access unit. None = it refers to pictures that this decoder does not have: it has not seen a key picture
    /// yet, or there was a fault since the last one.
    pub fn decode(&mut self, access_unit: &[u8]) -> Result<Option<I420>, DecodeError> {
        let facts = annexb::facts(access_unit);
        if facts.slices == 0 {
            return Err(self.broken(access_unit, "there is no picture in it".to_owned()));
        }
        if !facts.key && !self.begun {
            return Ok(None);
        }
        if facts.key && !facts.parameter_sets && !self.begun {
            return Err(self.broken(access_unit, "a key picture without its parameter sets".to_owned()));
        }
        let driven = match self.driven.take() {
            Some(driven) => driven,
            None => start()?,
        };
        let mut unit = gst::Buffer::from_slice(access_unit.to_vec());
        self.units += 1;
        unit.get_mut().expect("it is new").set_pts(gst::ClockTime::from_mseconds(self.units));
        let mut outcome = driven.push(unit);
        match (outcome.complaint, outcome.output.pop()) {
            (None, Some((buffer, caps))) if outcome.output.is_empty() => {
                let picture = picture(&buffer, &caps);
                match &picture {
                    Ok(_) => (self.driven, self.begun) = (Some(driven), true),
                    Err(_) => self.begun = false,
                }
                picture.map(Some)
            }
            (complaint, last) => {
                let came = outcome.output.len() + usize::from(last.is_some());
                Err(self.broken(access_unit, complaint.unwrap_or_else(|| format!("{came} pictures came out of it"))))
            }
        }
    }

    fn broken(&mut self, access_unit: &[u8], cause: String) -> DecodeError {
        self.driven = None;
        self.begun = false;
        DecodeError::Broken { bytes: access_unit.len(), cause }
    }
}

fn start() -> Result<Driven, PipelineError> {
    let decoder = element("avdec_h264")?;
    // With more than one thread, pictures come out later than their units go in.
    decoder.set_property("max-threads", 1i32);
    decoder.set_property_from_str("thread-type", "slice");
    // Strictly, a decoder waits for pictures that might have to be shown before.
    decoder.set_property_from_str("std-compliance", "normal");
    decoder.set_property("output-corrupt", false);
    decoder.set_property("qos", false);
    let converter = element("videoconvert")?;
    let given =
        gst::Caps::builder("video/x-h264").field("stream-format", "byte-stream").field("alignment", "au").build();
    let wanted = video::VideoCapsBuilder::new()
        .format(video::VideoFormat::I420)
        .field("colorimetry", colorimetry()?.to_string())
        .build();
    Driven::new(vec![decoder, converter], &given, wanted, true)
}

fn picture(buffer: &gst::Buffer, caps: &gst::Caps) -> Result<I420, DecodeError> {
    let form = video::VideoInfo::from_caps(caps).map_err(assembly)?;
    let odd = || DecodeError::Size { width: form.width(), height: form.height() };
    let side = |pixels: u32| u16::try_from(pixels).map_err(|_| odd());
    let size = Size::new(side(form.width())?, side(form.height())?).map_err(|_| odd())?;
    let frame = video::VideoFrameRef::from_buffer_ref_readable(buffer, &form).map_err(assembly)?;
    let mut data = Vec::with_capacity(size.bytes());
    for (index, half) in [(0, 1), (1, 2), (2, 2)] {
        let plane = frame.plane_data(index).map_err(assembly)?;
        let stride = frame.plane_stride()[index as usize] as usize;
        let (columns, rows) = (size.width() / half, size.height() / half);
        for row in plane.chunks(stride).take(rows) {
            data.extend_from_slice(row.get(..columns).ok_or_else(|| assembly("a plane that is too short"))?);
        }
    }
    I420::from_bytes(size, data).ok_or_else(|| assembly("a picture of too few rows").into())
}
