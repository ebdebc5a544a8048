//! From a file of unknown kind to its H.264 stream: choosing the demuxer and linking what it finds.
//!
//! Owns: what is known about the streams of the file that is being read.
//! Refuses: `parsebin`, which does the same for any depth of containers but swallows the errors of a demuxer that fails
//! while it is being put in (one time in four nothing at all was heard of a file without an index); and to put elements
//! into a pipeline that is starting, which can lock it up. So the kind is found out of the file's first bytes before
//! there is a pipeline, and only links are made while it runs. Streams of no use stay unlinked.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;

const H264: &str = "video/x-h264";

/// How much of a file is looked at to tell what it is. The finder for bare H.264 wants to see some pictures.
const HEAD_BYTES: u64 = 256 << 10;

/// What stands between the file and the parser.
pub enum Kind {
    /// Nothing: the file is bare H.264.
    Bare,
    /// A container and the best demuxer for it.
    Contained(gst::Element),
    /// Neither, in words.
    Other(String),
}

/// Looks at the beginning of a file.
pub fn kind(path: &Path) -> io::Result<Kind> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    if head.is_empty() {
        return Ok(Kind::Other("it is empty".to_owned()));
    }
    let Ok((caps, _)) = gstreamer_base::functions::type_find_helper_for_data(None::<&gst::Object>, &head) else {
        return Ok(Kind::Other("of no known kind".to_owned()));
    };
    let name = name(&caps);
    Ok(match demuxer_for(&caps) {
        _ if name == H264 => Kind::Bare,
        Some(demuxer) => Kind::Contained(demuxer),
        None => Kind::Other(format!("it is {name}")),
    })
}

/// The demuxer of the highest rank that takes these caps.
fn demuxer_for(caps: &gst::Caps) -> Option<gst::Element> {
    let all = gst::ElementFactory::factories_with_type(gst::ElementFactoryType::DEMUXER, gst::Rank::MARGINAL);
    let mut fitting: Vec<_> = all.into_iter().filter(|factory| factory.can_sink_any_caps(caps)).collect();
    fitting.sort_by_key(|factory| std::cmp::Reverse(factory.rank()));
    fitting.into_iter().find_map(|factory| factory.create().build().ok())
}

/// The streams that a demuxer has found so far.
#[derive(Default)]
pub struct Streams(Mutex<Found>);

#[derive(Default)]
struct Found {
    /// The H.264 stream is linked.
    picture: bool,
    /// The formats of the other streams.
    others: Vec<String>,
    /// There will be no more streams.
    complete: bool,
}

impl Streams {
    /// Bare H.264 needs no finding.
    pub fn bare() -> Arc<Streams> {
        Arc::new(Streams(Mutex::new(Found { picture: true, others: Vec::new(), complete: true })))
    }

    /// Links the first H.264 stream of a demuxer to a parser when it is found.
    pub fn follow(demuxer: &gst::Element, parser: &gst::Element) -> Arc<Streams> {
        let streams = Arc::new(Streams::default());
        let sink = parser.static_pad("sink").expect("a parser has a sink pad");
        let fixed = demuxer.src_pads();
        for pad in &fixed {
            streams.take(pad, &sink);
        }
        // One with fixed outputs finds no more, and does not say so.
        streams.0.lock().unwrap_or_else(PoisonError::into_inner).complete = !fixed.is_empty();
        let added = streams.clone();
        demuxer.connect_pad_added(move |_, pad| added.take(pad, &sink));
        let complete = streams.clone();
        demuxer.connect_no_more_pads(move |_| {
            complete.0.lock().unwrap_or_else(PoisonError::into_inner).complete = true;
        });
        streams
    }

    fn take(&self, pad: &gst::Pad, sink: &gst::Pad) {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let name = name(&caps);
        let linked = name == H264 && !sink.is_linked() && pad.link(sink).is_ok();
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match linked {
            true => found.picture = true,
            false => found.others.push(name),
        }
    }

    /// What is there instead of H.264, once it is certain that there is none. `failed` makes it certain: a demuxer fails
    /// when none of the streams it has found leads anywhere.
    pub fn without_picture(&self, failed: bool) -> Option<String> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match found.others.as_slice() {
            _ if found.picture => None,
            [] => found.complete.then(|| "no stream at all".to_owned()),
            others => (found.complete || failed).then(|| others.join(", ")),
        }
    }

    /// The H.264 stream is the only one.
    pub fn alone(&self) -> bool {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.picture && found.others.is_empty()
    }
}

/// What a format is called: `video/x-vp9`, or only `audio` while the details are open.
fn name(caps: &gst::Caps) -> String {
    match caps.structure(0).map(|form| form.name().as_str()) {
        Some(name) if caps.is_fixed() || name == H264 => name.to_owned(),
        Some(name) => name.split('/').next().unwrap_or(name).to_owned(),
        None => "something unknown".to_owned(),
    }
}
