//! Making the clip that Fusion shows when it is given none: drawn here, encoded by x264, written as MP4.
//!
//! Owns: the encoder's settings and that a clip is there whole or not at all.
//! Refuses: to say what the pictures show (`draw`).
//!
//! The pictures are drawn on the pipeline's own thread, when it asks for one; the caller waits for the end and tells
//! about the progress.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as app;

use crate::assembly::{Assembly, Deadline, Said, assembly};
use crate::draw::{Artist, ClipSpec};
use crate::error::PipelineError;
use crate::probe::element;

/// How long making a clip may take. The usual one takes two seconds; machines are slow, people are patient.
pub const GENERATE_DEADLINE: Duration = Duration::from_secs(120);

/// Bits per pixel and picture: 1.6 Mbit/s for the usual clip.
const BITS_PER_PIXEL: f64 = 0.23;
/// How much of the bit rate one picture may take at once, in milliseconds of it. It keeps key pictures small enough to
/// arrive within the picture deadline on a line of half the clip's rate.
const BURST_MS: u32 = 80;
/// How often progress is told.
const TELL: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// Makes a clip and puts it at `path`, over whatever is there.
pub fn generate_clip(path: &Path, spec: &ClipSpec) -> Result<(), PipelineError> {
    generate_clip_with(path, spec, |_, _| {})
}

/// As [`generate_clip`], telling now and then how many pictures of how many are drawn.
pub fn generate_clip_with(
    path: &Path,
    spec: &ClipSpec,
    mut progress: impl FnMut(u32, u32),
) -> Result<(), PipelineError> {
    if let Some(fault) = spec.fault() {
        return Err(PipelineError::Spec(fault));
    }
    crate::init()?;
    let write = |source| PipelineError::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(write)?;
    // Beside its place, so that the rename is one step; unique, so that two may make the same clip at the same time;
    // removed when dropped, so that nothing is left of a failure.
    let draft = tempfile::Builder::new().prefix(".clip-").suffix(".part").tempfile_in(folder).map_err(write)?;
    let mut artist = Artist::new(spec);
    encode(draft.path(), path, spec, Box::new(move |number, out| artist.draw(number, out)), &mut progress)?;
    draft.as_file().sync_all().map_err(write)?;
    draft.persist(path).map_err(|kept| write(kept.error))?;
    Ok(())
}

/// Draws the picture of a number as I420, into what is given, which is cleared first.
pub(crate) type Draw = Box<dyn FnMut(u32, &mut Vec<u8>) + Send>;

/// Makes the clip `path`, for the time being at `draft`.
pub(crate) fn encode(
    draft: &Path,
    path: &Path,
    spec: &ClipSpec,
    draw: Draw,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<(), PipelineError> {
    let failed = |cause: String| PipelineError::Generate { path: path.to_owned(), cause };
    let (source, drawn) = source(spec, draw);
    let encoder = encoder(spec)?;
    let form = element("capsfilter")?;
    // What every decoder can do: no CABAC, no B-frames, no 8×8 transform.
    form.set_property("caps", gst::Caps::builder("video/x-h264").field("profile", "constrained-baseline").build());
    let parser = element("h264parse")?;
    let muxer = element("mp4mux")?;
    let sink = element("filesink")?;
    sink.set_property("location", draft);

    let chain = [source.upcast_ref(), &encoder, &form, &parser, &muxer, &sink];
    let assembled = Assembly::of(&chain)?;
    gst::Element::link_many(chain).map_err(assembly)?;
    assembled.play().map_err(|failure| failed(failure.words))?;

    let (deadline, pictures) = (Deadline::after(GENERATE_DEADLINE), spec.pictures());
    loop {
        match assembled.listen(TELL) {
            Some(Said::Failure(failure)) => return Err(failed(failure.words)),
            Some(Said::End) => break,
            None => progress(drawn.load(Ordering::Relaxed).min(pictures), pictures),
        }
        if deadline.passed() {
            return Err(PipelineError::GenerateTooSlow { path: path.to_owned(), limit: GENERATE_DEADLINE });
        }
    }
    progress(pictures, pictures);
    Ok(())
}

/// A source that draws a picture when one is asked for, and the number of those drawn.
fn source(spec: &ClipSpec, mut picture: Draw) -> (app::AppSrc, Arc<AtomicU32>) {
    let drawn = Arc::new(AtomicU32::new(0));
    let (count, fps, pictures) = (drawn.clone(), u64::from(spec.fps), spec.pictures());
    let mut draw = move |source: &app::AppSrc| {
        let number = count.load(Ordering::Relaxed);
        // A refused push or end means that the pipeline is being stopped; it says so itself.
        if number >= pictures {
            let _ = source.end_of_stream();
            return;
        }
        let mut data = Vec::new();
        picture(number, &mut data);
        let at = |number: u64| gst::ClockTime::from_nseconds(number * 1_000_000_000 / fps);
        let mut buffer = gst::Buffer::from_mut_slice(data);
        let fresh = buffer.get_mut().expect("nobody else has it yet");
        fresh.set_pts(at(u64::from(number)));
        fresh.set_duration(at(u64::from(number) + 1) - at(u64::from(number)));
        count.store(number + 1, Ordering::Relaxed);
        let _ = source.push_buffer(buffer);
    };
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", i32::from(spec.width))
        .field("height", i32::from(spec.height))
        .field("framerate", gst::Fraction::new(i32::from(spec.fps), 1))
        .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
        .field("interlace-mode", "progressive")
        .field("colorimetry", "bt601")
        .build();
    let source = app::AppSrc::builder()
        .caps(&caps)
        .format(gst::Format::Time)
        .max_buffers(4)
        .max_bytes(0)
        .callbacks(app::AppSrcCallbacks::builder().need_data(move |source, _| draw(source)).build())
        .build();
    (source, drawn)
}

fn encoder(spec: &ClipSpec) -> Result<gst::Element, PipelineError> {
    let fps = u32::from(spec.fps);
    let pixels = u32::from(spec.width) * u32::from(spec.height) * fps;
    let encoder = element("x264enc")?;
    encoder.set_property_from_str("tune", "zerolatency");
    encoder.set_property_from_str("speed-preset", "veryfast");
    encoder.set_property("bitrate", ((f64::from(pixels) * BITS_PER_PIXEL / 1_000.0) as u32).max(64));
    encoder.set_property("vbv-buf-capacity", BURST_MS.max(3_000 / fps));
    // A key picture at the beginning of each second and nowhere else.
    encoder.set_property("key-int-max", fps);
    encoder.set_property("option-string", "scenecut=0");
    encoder.set_property("bframes", 0u32);
    // One slice a picture: `zerolatency` turns sliced threads on, and some decoders take each slice for a picture.
    encoder.set_property("sliced-threads", false);
    encoder.set_property("threads", 1u32);
    Ok(encoder)
}
