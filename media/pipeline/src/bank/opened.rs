//! A pipeline that decodes one source and hands each picture to a callback at its time.
//!
//! Owns: the elements and their threads: one that reads and parts the container, one that decodes and scales (and waits
//! for the picture's time), and one that found out what the source is and sleeps; what is received over RTSP has one or two
//! more. A decoder's own are held at one. Sound is not decoded. What the bus says comes out as [`Event`]s.
//! Refuses: to decide what happens then (`player`).
//!
//! ```text
//!   uridecodebin (source ─ demuxer ─ queue ─ parser ─ decoder) ─ appsink (one picture, at its time, the latest wins)
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as app;
use gstreamer_base::prelude::*;
use media_share::i420::SIDE_MAX;

use super::late::{Fate, Lateness};
use crate::assembly::{Assembly, assembly};
use crate::error::PipelineError;
use crate::probe::element;

/// Consecutive faults of a decoder that are borne before the source counts as broken.
const DECODER_FAULTS_MAX: i32 = 30;
/// How long packets of a camera wait for those that were overtaken, milliseconds. The library's two seconds are for films.
const REORDER_MS: u32 = 200;
/// A camera whose packets do not get through as datagrams is asked for TCP after so many microseconds. The library's five
/// seconds are all the time that there is for a first picture.
const DATAGRAMS_WITHIN_US: u64 = 2_000_000;

/// What a player is told.
#[derive(Debug)]
pub enum Event {
    /// End.
    Stop,
    /// The pipeline is ready to play: the first picture is decoded.
    Ready,
    /// All of a round of a clip has been read, and the pipeline waits to be sent back; pictures are still on their way.
    Round,
    /// The last picture of a round has been shown.
    Shown(Round),
    /// The source has ended.
    End,
    /// It went wrong, in words.
    Failure(String),
    /// How long pictures take through the pipeline has changed.
    Latency,
}

/// What came in one round, from the beginning of a source to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Pictures.
    pub pictures: u64,
    /// How far they came, nanoseconds of the source's own time.
    pub reached: u64,
}

/// What is known of a pipeline at any moment.
#[derive(Default)]
pub struct Facts {
    /// Streaming threads that run now.
    pub threads: AtomicI32,
    /// Decoders of pictures that were made.
    pub decoders: AtomicU32,
    /// Pictures of this round.
    pub pictures: AtomicU64,
    /// How far they have come, nanoseconds of the source's own time.
    pub reached: AtomicU64,
    /// Streams in the container; 0 if it is none.
    pub streams: AtomicU32,
}

/// Takes pictures, and whether each is shown or left out because it is late; fails in words.
pub type Take = Box<dyn FnMut(&gst::Sample, bool) -> Result<(), String> + Send>;

/// A pipeline; stopped, with its threads, when dropped.
pub struct Opened {
    assembly: Assembly,
    sink: app::AppSink,
    pub facts: Arc<Facts>,
}

impl Opened {
    /// Puts the pipeline together; nothing runs yet.
    pub fn new(uri: &str, take: Take, mail: &SyncSender<Event>) -> Result<Opened, PipelineError> {
        let facts = Arc::new(Facts::default());
        let decode = element("uridecodebin")?;
        decode.set_property("uri", uri);
        // Of any memory: without that, decoders that offer several kinds are not even tried.
        decode.set_property("caps", gst::Caps::builder("video/x-raw").any_features().build());
        decode.set_property("expose-all-streams", false);
        let sink = sink(take, mail, facts.clone());
        let assembled = Assembly::of(&[&decode, sink.upcast_ref()])?;
        let pad = sink.static_pad("sink").ok_or_else(|| assembly("an appsink without a pad"))?;
        decode.connect_pad_added(move |_, found| {
            // The first picture is taken; a second one, or what turns out to be no picture, stays unlinked.
            if !pad.is_linked() {
                let _ = found.link(&pad);
            }
        });
        let (pad, mail_end) = (sink.static_pad("sink"), mail.clone());
        decode.connect_no_more_pads(move |_| {
            if pad.as_ref().is_some_and(|pad| !pad.is_linked()) {
                let _ = mail_end.try_send(Event::Failure("there is no picture in it".to_owned()));
            }
        });
        refuse_large(&decode, mail);
        decode.connect("source-setup", false, |values| {
            if let Some(Ok(source)) = values.get(1).map(|source| source.get::<gst::Element>()) {
                set_up(&source);
            }
            None
        });
        watch_elements(&assembled.pipeline, &facts);
        forward(&assembled.pipeline, mail, &facts);
        Ok(Opened { assembly: assembled, sink, facts })
    }

    /// To paused or playing; what goes wrong is said as an event.
    pub fn set(&self, state: gst::State, mail: &SyncSender<Event>) {
        if self.assembly.pipeline.set_state(state).is_err() {
            // An element that refuses has said why on the bus already, as a rule: this comes second.
            let _ = mail.try_send(Event::Failure(format!("it cannot be opened ({state:?})")));
        }
    }

    /// Back to the beginning. `flush`: at once, dropping what is on its way; otherwise when the round has ended.
    /// `segment`: the end of the round is to be said rather than the end of the stream.
    pub fn rewind(&self, flush: bool, segment: bool) -> bool {
        let mut flags = gst::SeekFlags::empty();
        flags.set(gst::SeekFlags::FLUSH, flush);
        flags.set(gst::SeekFlags::SEGMENT, segment);
        if flush {
            // Time begins anew, and nothing is late.
            self.sink.set_ts_offset(0);
        }
        // To its very end: a round without one lasts until its last picture begins, and loses that picture's duration.
        let end = self.assembly.pipeline.query_duration::<gst::ClockTime>();
        let end_type = if end.is_some() { gst::SeekType::Set } else { gst::SeekType::None };
        self.assembly.pipeline.seek(1.0, flags, gst::SeekType::Set, gst::ClockTime::ZERO, end_type, end).is_ok()
    }

    /// Tells the elements how long pictures take, after [`Event::Latency`].
    pub fn reckon(&self) {
        // What cannot be reckoned now is said again when it can.
        let _ = self.assembly.pipeline.recalculate_latency();
    }

    /// How long the source says that it is, nanoseconds, if its pictures are all there is in it: another stream may be
    /// longer than they are.
    pub fn promised(&self) -> Option<u64> {
        let alone = self.facts.streams.load(Ordering::Relaxed) == 1;
        let length = self.assembly.pipeline.query_duration::<gst::ClockTime>();
        length.filter(|_| alone).map(gst::ClockTime::nseconds)
    }
}

fn sink(mut take: Take, mail: &SyncSender<Event>, facts: Arc<Facts>) -> app::AppSink {
    let (mail, facts, counted) = (mail.clone(), facts.clone(), facts);
    let end = mail.clone();
    let mut lateness = Lateness::default();
    let mut each = move |sink: &app::AppSink, sample: gst::Sample| {
        facts.pictures.fetch_add(1, Ordering::Relaxed);
        if let (Some(buffer), Some(segment)) = (sample.buffer(), sample.segment()) {
            let end = buffer.pts().map(|pts| pts + buffer.duration().unwrap_or(gst::ClockTime::ZERO));
            let segment = segment.downcast_ref::<gst::ClockTime>();
            if let Some(reached) = segment.and_then(|segment| segment.to_stream_time(end)) {
                facts.reached.fetch_max(reached.nseconds(), Ordering::Relaxed);
            }
        }
        let fate = late(sink, &sample).map_or(Fate::Shown, |(late, lasts)| lateness.came(late, lasts));
        if let Fate::Postponed(by) = fate {
            sink.set_ts_offset(sink.ts_offset().saturating_add_unsigned(by));
        }
        take(&sample, fate != Fate::LeftOut).map_err(|words| {
            let _ = mail.try_send(Event::Failure(words));
            gst::FlowError::Error
        })
    };
    let mut first = each_preroll();
    let sink = app::AppSink::builder()
        .caps(&gst::Caps::new_empty_simple("video/x-raw"))
        .sync(true)
        .max_buffers(1)
        .drop(true)
        .callbacks(
            app::AppSinkCallbacks::builder()
                .new_preroll(move |sink| first(sink))
                .new_sample(move |sink| {
                    each(sink, sink.pull_sample().map_err(|_| gst::FlowError::Eos)?)?;
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        )
        .build();
    // The end of a round comes here after the last picture of it has been taken.
    let ended = move |info: &mut gst::PadProbeInfo<'_>| {
        if info.event().is_some_and(|event| matches!(event.type_(), gst::EventType::SegmentDone | gst::EventType::Eos))
        {
            let (pictures, reached) = (&counted.pictures, &counted.reached);
            let round =
                Round { pictures: pictures.swap(0, Ordering::Relaxed), reached: reached.swap(0, Ordering::Relaxed) };
            let _ = end.try_send(Event::Shown(round));
        }
        gst::PadProbeReturn::Ok
    };
    if let Some(pad) = sink.static_pad("sink") {
        pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| ended(info));
    }
    sink
}

/// How many nanoseconds a picture comes after its time, and how long it is to be shown. None if it has no time.
fn late(sink: &app::AppSink, sample: &gst::Sample) -> Option<(u64, Option<u64>)> {
    let buffer = sample.buffer()?;
    let due = sample.segment()?.downcast_ref::<gst::ClockTime>()?.to_running_time(buffer.pts())?;
    let latency =
        sink.dynamic_cast_ref::<gstreamer_base::BaseSink>().map_or(gst::ClockTime::ZERO, BaseSinkExt::latency);
    let due = (due + latency).nseconds().saturating_add_signed(sink.ts_offset());
    let now = sink.current_running_time()?.nseconds();
    Some((now.saturating_sub(due), buffer.duration().map(gst::ClockTime::nseconds)))
}

/// A source is made for what it is to read.
fn set_up(source: &gst::Element) {
    if source.factory().is_some_and(|factory| factory.name() == "rtspsrc") {
        source.set_property("latency", REORDER_MS);
        source.set_property("timeout", DATAGRAMS_WITHIN_US);
    }
}

/// The first picture comes again as a sample when the pipeline plays; until then nobody needs it.
fn each_preroll() -> impl FnMut(&app::AppSink) -> Result<gst::FlowSuccess, gst::FlowError> + Send {
    |sink| {
        let _ = sink.pull_preroll();
        Ok(gst::FlowSuccess::Ok)
    }
}

/// A picture that is too large is refused when its size is known, before there is a decoder for it.
fn refuse_large(decode: &gst::Element, mail: &SyncSender<Event>) {
    let mail = mail.clone();
    decode.connect("autoplug-continue", false, move |values| {
        let caps = values.get(2).and_then(|caps| caps.get::<gst::Caps>().ok());
        let large = caps.as_ref().and_then(|caps| too_large(caps));
        if let Some(words) = &large {
            let _ = mail.try_send(Event::Failure(words.clone()));
        }
        Some(large.is_none().to_value())
    });
}

/// Why pictures of this form are not taken.
pub fn too_large(caps: &gst::CapsRef) -> Option<String> {
    let form = caps.structure(0)?;
    let (width, height) = (form.get::<i32>("width").ok()?, form.get::<i32>("height").ok()?);
    let limit = i32::from(SIDE_MAX);
    (width > limit || height > limit)
        .then(|| format!("its pictures are {width}×{height}; neither side may be longer than {limit}"))
}

/// Holds decoders at one thread each, has them tell their faults, and counts what there is.
fn watch_elements(pipeline: &gst::Pipeline, facts: &Arc<Facts>) {
    let facts = facts.clone();
    pipeline.connect_deep_element_added(move |_, _, added| {
        let class =
            added.factory().and_then(|factory| factory.metadata("klass").map(str::to_owned)).unwrap_or_default();
        if class.contains("Demux") {
            let facts = facts.clone();
            added.connect_pad_added(move |_, pad| {
                if pad.direction() == gst::PadDirection::Src {
                    facts.streams.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // A bin that picks a decoder (for alpha) is one too; what it picks is added by itself.
        let pictures = class.contains("Video") || class.contains("Image");
        if !class.contains("Decoder") || !pictures || added.is::<gst::Bin>() {
            return;
        }
        facts.decoders.fetch_add(1, Ordering::Relaxed);
        for name in ["max-threads", "threads", "n-threads"] {
            set_number(added, name, 1);
        }
        set_number(added, "max-errors", DECODER_FAULTS_MAX);
        for (name, value) in [("output-corrupt", false), ("discard-corrupted-frames", true)] {
            if added.find_property(name).is_some_and(|property| property.value_type() == bool::static_type()) {
                added.set_property(name, value);
            }
        }
    });
}

/// Sets a property if it is there, whichever kind of whole number it is.
fn set_number(element: &gst::Element, name: &str, number: i32) {
    match element.find_property(name).map(|property| property.value_type()) {
        Some(kind) if kind == i32::static_type() => element.set_property(name, number),
        Some(kind) if kind == u32::static_type() => element.set_property(name, number.unsigned_abs()),
        _ => {}
    }
}

/// Turns what the bus says into events, on whichever thread says it; nothing stays on the bus.
fn forward(pipeline: &gst::Pipeline, mail: &SyncSender<Event>, facts: &Arc<Facts>) {
    let (mail, facts, whole) = (mail.clone(), facts.clone(), pipeline.downgrade());
    let bus = pipeline.bus().expect("a pipeline has a bus");
    bus.set_sync_handler(move |_, message| {
        let own = || whole.upgrade().is_some_and(|whole| message.src() == Some(whole.upcast_ref()));
        let event = match message.view() {
            gst::MessageView::Error(error) => Some(Event::Failure(words(error))),
            gst::MessageView::Eos(_) => Some(Event::End),
            gst::MessageView::SegmentDone(_) => Some(Event::Round),
            gst::MessageView::AsyncDone(_) if own() => Some(Event::Ready),
            gst::MessageView::Latency(_) => Some(Event::Latency),
            gst::MessageView::StreamStatus(status) => {
                match status.type_() {
                    gst::StreamStatusType::Enter => drop(facts.threads.fetch_add(1, Ordering::Relaxed)),
                    gst::StreamStatusType::Leave => drop(facts.threads.fetch_sub(1, Ordering::Relaxed)),
                    _ => {}
                }
                None
            }
            _ => None,
        };
        if let Some(event) = event {
            // The box is full only when a failure has been said many times over.
            let _ = mail.try_send(event);
        }
        gst::BusSyncReply::Drop
    });
}

fn words(error: &gst::message::Error) -> String {
    let kind = error.src().and_then(|source| source.downcast_ref::<gst::Element>());
    let kind = kind.and_then(gst::Element::factory).map(|factory| factory.name().to_string());
    let kind = kind.as_deref().unwrap_or("GStreamer");
    let told = error.error();
    let lacking = told.matches(gst::CoreError::MissingPlugin) || told.matches(gst::StreamError::CodecNotFound);
    if lacking {
        // What there is instead stands in the error's details, one stream a line.
        let details = error.debug().map(|details| details.to_string()).unwrap_or_default();
        let streams = details.lines().filter_map(|line| line.strip_prefix("Missing decoder: "));
        let names: Vec<_> = streams.map(|line| line.split(" (").next().unwrap_or(line)).collect();
        // Without any, it may be the address that nothing can read; the library says which kind of address.
        if !names.is_empty() || kind != "uridecodebin" {
            let found = if names.is_empty() { "nothing known".to_owned() } else { names.join(", ") };
            return format!("there is no picture in it that can be decoded, only {found}");
        }
    }
    // What the library says of a server that is not there would help nobody.
    let unreachable = match kind {
        "souphttpsrc" => told.matches(gst::StreamError::Failed),
        "rtspsrc" => told.matches(gst::ResourceError::OpenReadWrite),
        _ => false,
    };
    if unreachable {
        return format!("its server cannot be reached, or has broken off ({kind})");
    }
    format!("{told} ({kind})")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::time::Duration;

    use super::*;
    use crate::{ClipSpec, generate_clip};

    /// Plays a clip of 90 pictures to its end, a picture number `n` that is shown taking `slow(n)`: how many are shown, how
    /// many left out, and how much later than at first the last one was due.
    #[expect(clippy::disallowed_methods, reason = "a thread of the pipeline that is slow")]
    fn played(slow: impl Fn(u32) -> Duration + Send + 'static) -> (u32, u32, Duration) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("clip.mp4");
        generate_clip(&path, &ClipSpec { width: 160, height: 90, fps: 30, seconds: 3 }).expect("made");
        let uri = gst::glib::filename_to_uri(path, None).expect("a path");
        let (mail, post) = sync_channel(16);
        let counts = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let counted = counts.clone();
        let take = move |_: &gst::Sample, shown: bool| {
            match shown {
                true => std::thread::sleep(slow(counted.0.fetch_add(1, Ordering::Relaxed))),
                false => drop(counted.1.fetch_add(1, Ordering::Relaxed)),
            }
            Ok(())
        };
        let opened = Opened::new(&uri, Box::new(take), &mail).expect("holds together");
        opened.set(gst::State::Paused, &mail);
        until(&post, |event| matches!(event, Event::Ready));
        opened.set(gst::State::Playing, &mail);
        until(&post, |event| matches!(event, Event::End));
        let later = Duration::from_nanos(opened.sink.ts_offset().unsigned_abs());
        (counts.0.load(Ordering::Relaxed), counts.1.load(Ordering::Relaxed), later)
    }

    fn until(post: &Receiver<Event>, wanted: impl Fn(&Event) -> bool) {
        loop {
            let event = post.recv_timeout(Duration::from_secs(20)).expect("it goes on");
            assert!(!matches!(event, Event::Failure(_)), "{event:?}");
            if wanted(&event) {
                return;
            }
        }
    }

    #[test]
    fn what_is_shown_too_slowly_leaves_pictures_out_rather_than_getting_slower() {
        let (shown, left_out, _) = played(|_| Duration::from_millis(100));
        assert_eq!(shown + left_out, 90);
        assert!((23..=45).contains(&shown), "{shown} shown, {left_out} left out");
    }

    #[test]
    fn after_a_long_hold_up_it_goes_on_from_where_it_was() {
        let hold_up = |n| Duration::from_millis(if n == 10 { 2_000 } else { 0 });
        let (shown, left_out, later) = played(hold_up);
        assert_eq!(shown + left_out, 90);
        assert!(later > Duration::from_millis(1_900), "it makes up for the hold-up: {later:?}");
    }
}
