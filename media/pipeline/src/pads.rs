//! Elements that run on the caller's thread: what is pushed in goes through them at once, what comes out is waiting when
//! the push returns. No pipeline, no thread, no queue.
//!
//! Owns: a chain of elements between two pads of ours, what came out, and what the elements complain of.
//! Refuses: elements with threads of their own (sources, muxers, queues); to know what flows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;

use crate::assembly::assembly;
use crate::error::PipelineError;

/// More than one push can bring forth: a size change comes with a picture or two, not with dozens.
const OUTPUT_MAX: usize = 16;

/// A chain of elements, driven by whoever pushes.
pub struct Driven {
    elements: Vec<gst::Element>,
    source: gst::Pad,
    sink: gst::Pad,
    outcome: Arc<Mutex<Outcome>>,
}

/// What came of a push.
#[derive(Default)]
pub struct Outcome {
    /// Buffers, each with the form it has.
    pub output: Vec<(gst::Buffer, gst::Caps)>,
    /// The first error or warning, with the element that says so.
    pub complaint: Option<String>,
}

fn locked(outcome: &Mutex<Outcome>) -> MutexGuard<'_, Outcome> {
    outcome.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Driven {
    /// Links the elements one after the other, starts them, and tells them what will come in. `wanted` is the form that
    /// the last one is asked for. `placed` says that buffers may place their planes as a `VideoMeta` says.
    pub fn new(
        elements: Vec<gst::Element>,
        given: &gst::Caps,
        wanted: gst::Caps,
        placed: bool,
    ) -> Result<Driven, PipelineError> {
        let outcome = Arc::new(Mutex::new(Outcome::default()));
        let source = gst::Pad::builder(gst::PadDirection::Src).name("source").build();
        let sink = sink(&outcome, wanted, placed);
        let driven = Driven { elements, source, sink, outcome };
        driven.start(given)?;
        Ok(driven)
    }

    fn start(&self, given: &gst::Caps) -> Result<(), PipelineError> {
        let pad = |element: &gst::Element, name: &str| {
            element.static_pad(name).ok_or_else(|| assembly(format!("{} has no pad '{name}'", element.name())))
        };
        let mut from = self.source.clone();
        for element in &self.elements {
            // Only what is wrong is of interest: other messages would pile up, as nobody reads them.
            let bus = gst::Bus::new();
            let outcome = self.outcome.clone();
            bus.set_sync_handler(move |_, message| {
                if let Some(words) = complaint(message) {
                    locked(&outcome).complaint.get_or_insert(words);
                }
                gst::BusSyncReply::Drop
            });
            element.set_bus(Some(&bus));
            from.link(&pad(element, "sink")?).map_err(assembly)?;
            from = pad(element, "src")?;
        }
        from.link(&self.sink).map_err(assembly)?;
        self.sink.set_active(true).map_err(assembly)?;
        for element in self.elements.iter().rev() {
            element.set_state(gst::State::Playing).map_err(|refused| self.explained(refused))?;
        }
        self.source.set_active(true).map_err(assembly)?;
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        let told = [
            gst::event::StreamStart::new("pictures"),
            gst::event::Caps::new(given),
            gst::event::Segment::new(segment.as_ref()),
        ];
        for event in told {
            if !self.source.push_event(event) {
                return Err(self.explained(format!("{given} is refused")));
            }
        }
        match locked(&self.outcome).complaint.take() {
            Some(words) => Err(assembly(words)),
            None => Ok(()),
        }
    }

    /// The complaint if there is one, which says more than what the caller was told.
    fn explained(&self, told: impl std::fmt::Display) -> PipelineError {
        let heard = locked(&self.outcome).complaint.take();
        assembly(heard.unwrap_or_else(|| told.to_string()))
    }

    /// The first element.
    pub fn first(&self) -> &gst::Element {
        &self.elements[0]
    }

    /// Tells the elements something.
    pub fn tell(&self, event: gst::Event) -> bool {
        self.source.push_event(event)
    }

    /// Pushes a buffer through, and gives what came of it. What no element takes is a complaint too.
    pub fn push(&self, buffer: gst::Buffer) -> Outcome {
        let flow = self.source.push(buffer);
        let mut outcome = std::mem::take(&mut *locked(&self.outcome));
        if let Err(flow) = flow {
            outcome.complaint.get_or_insert_with(|| format!("the picture is not taken: {flow}"));
        }
        outcome
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        let _ = self.source.set_active(false);
        for element in &self.elements {
            // Down to Null always succeeds.
            let _ = element.set_state(gst::State::Null);
        }
        let _ = self.sink.set_active(false);
    }
}

fn sink(outcome: &Arc<Mutex<Outcome>>, wanted: gst::Caps, placed: bool) -> gst::Pad {
    let came = outcome.clone();
    gst::Pad::builder(gst::PadDirection::Sink)
        .name("sink")
        .chain_function(move |pad, _, buffer| {
            let caps = pad.current_caps().ok_or(gst::FlowError::NotNegotiated)?;
            let mut outcome = locked(&came);
            if outcome.output.len() >= OUTPUT_MAX {
                outcome.complaint.get_or_insert_with(|| format!("one picture gave more than {OUTPUT_MAX}"));
                return Err(gst::FlowError::Error);
            }
            outcome.output.push((buffer, caps));
            Ok(gst::FlowSuccess::Ok)
        })
        .event_function(|_, _, _| true)
        .query_function(move |pad, parent, query| match query.view_mut() {
            gst::QueryViewMut::Caps(query) => {
                let result = match query.filter() {
                    Some(filter) => filter.intersect_with_mode(&wanted, gst::CapsIntersectMode::First),
                    None => wanted.clone(),
                };
                query.set_result(&result);
                true
            }
            gst::QueryViewMut::AcceptCaps(query) => {
                let accepted = query.caps().can_intersect(&wanted);
                query.set_result(accepted);
                true
            }
            gst::QueryViewMut::Allocation(query) if placed => {
                query.add_allocation_meta::<gstreamer_video::VideoMeta>(None);
                true
            }
            _ => gst::Pad::query_default(pad, parent, query),
        })
        .build()
}

fn complaint(message: &gst::Message) -> Option<String> {
    let from = || message.src().map(|source| source.name().to_string()).unwrap_or_default();
    match message.view() {
        gst::MessageView::Error(said) => Some(format!("{}: {}", from(), said.error())),
        gst::MessageView::Warning(said) => Some(format!("{}: {}", from(), said.error())),
        _ => None,
    }
}
