//! Media files made on the spot, and a decoder to look at what is in a clip.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod pictures;

pub mod bank;

use std::path::Path;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as app;
use media_share::ClipTrack;

/// Runs a pipeline in `gst-launch` words to its end.
pub fn launch(words: &str) {
    media_pipeline::init().expect("GStreamer starts");
    let pipeline = gst::parse::launch(words).expect(words);
    pipeline.set_state(gst::State::Playing).expect(words);
    let bus = pipeline.bus().expect("a pipeline has a bus");
    let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &wanted).expect("ends within a minute");
    pipeline.set_state(gst::State::Null).expect("stops");
    if let gst::MessageView::Error(error) = message.view() {
        panic!("{words}: {}", error.error());
    }
}

/// A test picture, encoded with these properties of x264enc, through these elements, into a file.
pub fn encoded(path: &Path, pictures: u32, properties: &str, through: &str) {
    launch(&format!(
        "videotestsrc num-buffers={pictures} pattern=ball ! video/x-raw,format=I420,width=160,height=90,framerate=30/1 \
         ! x264enc speed-preset=ultrafast threads=1 sliced-threads=false key-int-max=15 {properties} ! {through} \
         ! filesink location={}",
        path.display()
    ));
}

/// Decodes units of a clip, one after the other, to I420; fails on any decoding error.
pub fn decoded(units: &[&[u8]]) -> Vec<Vec<u8>> {
    media_pipeline::init().expect("GStreamer starts");
    let words = "appsrc name=in format=time caps=video/x-h264,stream-format=byte-stream,alignment=au \
                 ! h264parse ! avdec_h264 name=decoder max-threads=1 output-corrupt=false max-errors=0 \
                 ! video/x-raw,format=I420 ! appsink name=out sync=false";
    let pipeline = gst::parse::launch(words).expect(words).downcast::<gst::Pipeline>().expect("a pipeline");
    let named = |name: &str| pipeline.by_name(name).expect("it was named above");
    let source = named("in").downcast::<app::AppSrc>().expect("an appsrc");
    let sink = named("out").downcast::<app::AppSink>().expect("an appsink");
    source.set_max_bytes(64 << 20);
    pipeline.set_state(gst::State::Playing).expect("plays");
    for (index, unit) in units.iter().enumerate() {
        let mut buffer = gst::Buffer::from_slice(unit.to_vec());
        let at = gst::ClockTime::from_nseconds(index as u64 * 1_000_000_000 / 30);
        buffer.get_mut().expect("fresh").set_pts(at);
        source.push_buffer(buffer).expect("taken");
    }
    source.end_of_stream().expect("taken");
    let mut pictures = Vec::new();
    while let Some(sample) = sink.try_pull_sample(gst::ClockTime::from_seconds(10)) {
        let map = sample.buffer().expect("a picture").map_readable().expect("readable");
        pictures.push(map.to_vec());
    }
    let bus = pipeline.bus().expect("a pipeline has a bus");
    let wrong = bus.pop_filtered(&[gst::MessageType::Error, gst::MessageType::Warning]);
    pipeline.set_state(gst::State::Null).expect("stops");
    assert!(wrong.is_none(), "decoding: {wrong:?}");
    pictures
}

/// The units of a clip as slices.
pub fn units(track: &ClipTrack) -> Vec<&[u8]> {
    track.units().iter().map(|unit| &unit.data[..]).collect()
}
