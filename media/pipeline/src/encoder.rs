//! Encoders: x264 on the caller's thread, one access unit for each picture at once; and the one that only copies.
//!
//! Owns: the settings with which x264 has no delay, no thread and no large pictures.
//! Refuses: to choose what is encoded when (`media/share`), and to keep encoders in store.
//!
//! What comes out is constrained baseline, one slice a picture, in Annex B form, with the parameter sets in front of each
//! key picture; limited range and BT.601 are signalled. Key pictures come first and on request, never by themselves.

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video as video;
use media_share::{Codec, Encoded, Encoder, Encoders, I420, MediaFault, Plane, Size, Target};

use crate::annexb;
use crate::assembly::assembly;
use crate::error::PipelineError;
use crate::pads::Driven;
use crate::probe::element;

/// How much one picture may take at once, in times that a picture is shown: a key picture of any size arrives within this
/// many of them on a line of the target's bit rate.
const BURST_PICTURES: u32 = 4;
/// x264's word for "no key picture by itself".
const NEVER: u32 = 1 << 30;
/// Below this x264's rate control has nothing to divide.
const BIT_RATE_MIN: u32 = 8_000;

/// Makes x264 encoders, and copiers for raw pictures.
#[derive(Clone, Copy, Debug, Default)]
pub struct X264Encoders;

impl Encoders for X264Encoders {
    fn make(&self, target: Target) -> Result<Box<dyn Encoder>, MediaFault> {
        match target.codec {
            Codec::I420 => Ok(Box::new(Copier { size: target.size })),
            Codec::H264 => match X264::new(target) {
                Ok(encoder) => Ok(Box::new(encoder)),
                Err(error) => Err(MediaFault(format!("no encoder for {}: {error}", words(target.size)))),
            },
        }
    }
}

fn words(size: Size) -> String {
    format!("{}×{}", size.width(), size.height())
}

fn same_size(wanted: Size, picture: &I420) -> Result<(), MediaFault> {
    match picture.size() == wanted {
        true => Ok(()),
        false => Err(MediaFault(format!(
            "an encoder for {} was given a picture of {}; make another encoder",
            words(wanted),
            words(picture.size())
        ))),
    }
}

/// Raw pictures are their own access units.
struct Copier {
    size: Size,
}

impl Encoder for Copier {
    fn encode(&mut self, picture: &I420, _pts_us: u64, _key: bool) -> Result<Encoded, MediaFault> {
        same_size(self.size, picture)?;
        Ok(Encoded { key: true, data: Bytes::copy_from_slice(picture.bytes()) })
    }

    fn set_bit_rate(&mut self, _bits_per_second: u32) {}
}

struct X264 {
    driven: Driven,
    size: Size,
    /// Where GStreamer wants the planes.
    form: video::VideoInfo,
    /// The buffer of the picture before: used again when x264 has let go of it.
    spare: Option<gst::Buffer>,
    last_pts_us: Option<u64>,
    begun: bool,
    /// It has failed: what it would make from now on would refer to pictures that nobody has.
    broken: bool,
}

impl X264 {
    fn new(target: Target) -> Result<X264, PipelineError> {
        crate::init()?;
        let Target { size, rate_millihertz, bit_rate, .. } = target;
        let rate_millihertz = rate_millihertz.clamp(1_000, 240_000);
        let encoder = element("x264enc")?;
        encoder.set_property_from_str("tune", "zerolatency");
        encoder.set_property_from_str("speed-preset", "ultrafast");
        // With more, a picture is cut into slices, and each encoder has threads.
        encoder.set_property("threads", 1u32);
        encoder.set_property("sliced-threads", false);
        encoder.set_property("key-int-max", NEVER);
        encoder.set_property("byte-stream", true);
        encoder.set_property("aud", false);
        encoder.set_property("bitrate", kilobits(bit_rate));
        encoder.set_property("vbv-buf-capacity", (BURST_PICTURES * 1_000_000 / rate_millihertz).max(1));

        let form = video::VideoInfo::builder(video::VideoFormat::I420, size.width() as u32, size.height() as u32)
            .fps(gst::Fraction::new(rate_millihertz as i32, 1_000))
            .colorimetry(&colorimetry()?)
            .build()
            .map_err(assembly)?;
        let wanted = gst::Caps::builder("video/x-h264")
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .field("profile", "constrained-baseline")
            .build();
        let driven = Driven::new(vec![encoder], &form.to_caps().map_err(assembly)?, wanted, false)?;
        Ok(X264 { driven, size, form, spare: None, last_pts_us: None, begun: false, broken: false })
    }

    /// The picture in a buffer of GStreamer's: one copy, and no allocation from the second picture on.
    fn buffer(&mut self, picture: &I420, pts_us: u64) -> Result<gst::Buffer, MediaFault> {
        let fault = |error: &dyn std::fmt::Display| MediaFault(format!("no memory for a picture: {error}"));
        let mut buffer = match self.spare.take() {
            Some(spare) if spare.is_writable() => spare,
            _ => gst::Buffer::with_size(self.form.size()).map_err(|error| fault(&error))?,
        };
        let inner = buffer.get_mut().expect("it was checked, or is new");
        inner.set_pts(gst::ClockTime::from_useconds(pts_us));
        let mut map = inner.map_writable().map_err(|error| fault(&error))?;
        for (index, plane) in [Plane::Y, Plane::U, Plane::V].into_iter().enumerate() {
            let (from, row) = picture.plane(plane);
            let (start, stride) = (self.form.offset()[index], self.form.stride()[index] as usize);
            for (from, to) in from.chunks_exact(row).zip(map[start..].chunks_mut(stride)) {
                to[..row].copy_from_slice(from);
            }
        }
        drop(map);
        Ok(buffer)
    }
}

impl Encoder for X264 {
    fn encode(&mut self, picture: &I420, pts_us: u64, key: bool) -> Result<Encoded, MediaFault> {
        same_size(self.size, picture)?;
        if self.broken {
            return Err(MediaFault("this encoder has failed before; make another one".to_owned()));
        }
        if self.last_pts_us.is_some_and(|last| last >= pts_us) {
            return Err(MediaFault(format!("picture times must grow, and {pts_us} µs does not")));
        }
        let buffer = self.buffer(picture, pts_us)?;
        let key = key || !self.begun;
        if key && self.begun {
            self.driven.tell(video::DownstreamForceKeyUnitEvent::builder().all_headers(true).build());
        }
        let outcome = self.driven.push(buffer.clone());
        self.spare = Some(buffer);
        let failed = |cause: String| MediaFault(format!("encoding {} failed: {cause}", words(self.size)));
        let encoded = match (outcome.complaint, outcome.output.as_slice()) {
            (Some(complaint), _) => Err(failed(complaint)),
            (None, [(unit, _)]) => checked(unit, key).map_err(failed),
            (None, units) => Err(failed(format!("one picture gave {} access units", units.len()))),
        };
        self.broken = encoded.is_err();
        self.begun = true;
        self.last_pts_us = Some(pts_us);
        encoded
    }

    fn set_bit_rate(&mut self, bits_per_second: u32) {
        self.driven.first().set_property("bitrate", kilobits(bits_per_second));
    }
}

/// An access unit, if it is what was asked for.
fn checked(unit: &gst::Buffer, key: bool) -> Result<Encoded, String> {
    let map = unit.map_readable().map_err(|error| error.to_string())?;
    let is_key = !unit.flags().contains(gst::BufferFlags::DELTA_UNIT);
    if key {
        let facts = annexb::facts(&map);
        if !(is_key && facts.key && facts.parameter_sets) {
            return Err("a key picture was asked for and did not come".to_owned());
        }
    }
    Ok(Encoded { key: is_key, data: Bytes::copy_from_slice(&map) })
}

fn kilobits(bits_per_second: u32) -> u32 {
    bits_per_second.max(BIT_RATE_MIN).div_ceil(1_000)
}

/// What [`I420`] promises: limited range, BT.601.
pub fn colorimetry() -> Result<video::VideoColorimetry, PipelineError> {
    "bt601".parse().map_err(assembly)
}
