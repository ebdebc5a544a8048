//! A pipeline that ends with its owner, and what its bus says.
//!
//! Owns: the pipeline's state (it is stopped when dropped, whatever happened) and the reading of errors.
//! Refuses: to wait without a deadline.

use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;

use crate::error::PipelineError;

/// A pipeline that is stopped when it is dropped.
pub struct Assembly {
    pub pipeline: gst::Pipeline,
    bus: gst::Bus,
}

/// An error of one of the elements.
pub struct Failure {
    pub words: String,
}

/// What the bus said.
pub enum Said {
    Failure(Failure),
    End,
}

impl Assembly {
    pub fn of(elements: &[&gst::Element]) -> Result<Assembly, PipelineError> {
        let pipeline = gst::Pipeline::new();
        pipeline.add_many(elements).map_err(assembly)?;
        let bus = pipeline.bus().expect("a pipeline has a bus");
        Ok(Assembly { pipeline, bus })
    }

    /// Starts. An element that refuses says why on the bus.
    pub fn play(&self) -> Result<(), Failure> {
        self.pipeline.set_state(gst::State::Playing).map(drop).map_err(|refused| {
            if let Some(Said::Failure(failure)) = self.heard() {
                return failure;
            }
            Failure { words: refused.to_string() }
        })
    }

    /// What the bus said and nobody has heard yet. To wait no time with `timed_pop_filtered` would hear nothing: the
    /// binding gives up before it looks once.
    pub fn heard(&self) -> Option<Said> {
        self.bus.pop_filtered(&HEEDED).map(|message| said(&message))
    }

    /// The next thing that the bus says within a time.
    pub fn listen(&self, within: gst::ClockTime) -> Option<Said> {
        self.bus.timed_pop_filtered(within, &HEEDED).map(|message| said(&message))
    }
}

impl Drop for Assembly {
    fn drop(&mut self) {
        // Down to Null always succeeds, and waits for the streaming threads.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

const HEEDED: [gst::MessageType; 2] = [gst::MessageType::Error, gst::MessageType::Eos];

fn said(message: &gst::Message) -> Said {
    match message.view() {
        gst::MessageView::Error(message) => {
            let from = message.src().map(|source| source.name().to_string()).unwrap_or_default();
            Said::Failure(Failure { words: format!("{from}: {}", message.error()) })
        }
        _ => Said::End,
    }
}

/// The end of a time. Real time, even where a node's time is driven: a pipeline runs on threads of its own.
pub struct Deadline {
    began: Instant,
    limit: Duration,
}

impl Deadline {
    #[expect(clippy::disallowed_methods, reason = "pipelines run in real time")]
    pub fn after(limit: Duration) -> Deadline {
        Deadline { began: Instant::now(), limit }
    }

    pub fn passed(&self) -> bool {
        self.began.elapsed() > self.limit
    }
}

/// A link or property that did not take.
pub fn assembly(error: impl std::fmt::Display) -> PipelineError {
    PipelineError::Assembly(error.to_string())
}
