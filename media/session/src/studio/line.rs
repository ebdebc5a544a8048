//! One rendition at work: its encoder, its canvas, and the picture that is being made.
//!
//! ```text
//!   bench here ──draw──► bench with a worker ──take_back──► bench here
//!                              └── too long: stuck ── the bench stays with the worker, the rendition has failed
//! ```
//!
//! Owns: the bench and who has it. Refuses: deciding what is drawn.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use actors_kernel::ActorWaker;
use actors_protocol::Millis;
use media_share::i420::BadSize;
use media_share::ports::Attendance;
use media_share::renditions::RenditionId;
use media_share::rung::{Rung, bit_rate};
use media_share::{Encoded, Encoder, Encoders, Format, I420, MediaFault, Painter, Size, Target};
use tokio::time::Instant;

use super::timing::Spent;
use super::{StudioSetup, WORK_WITHIN, size_of};
use crate::workers::{JobId, Refused, Workers};

/// What a worker needs, and gives back.
pub(super) struct Bench {
    target: Target,
    /// Made by the first picture, on a worker: it takes some milliseconds.
    encoder: Option<Box<dyn Encoder>>,
    canvas: I420,
}

/// A picture that a worker has made, or could not.
pub(super) struct Done {
    pub rendition: RenditionId,
    /// Which draw of the line it answers.
    pub draw: u64,
    /// None if the work panicked with it.
    pub bench: Option<Bench>,
    pub outcome: Result<Encoded, MediaFault>,
    /// Not before: in virtual time work takes as long as it is said to.
    pub ready: Millis,
    pub spent: Spent,
}

/// What is wanted of a line: one picture.
pub(super) struct Draw<V> {
    pub rendition: RenditionId,
    pub view: V,
    pub rung: Rung,
    pub key: bool,
    pub pts_us: u64,
    /// See [`Done::ready`].
    pub ready: Millis,
}

struct AtWork {
    draw: u64,
    job: Option<JobId>,
    since: Millis,
}

/// See the module.
pub(super) struct Line<P: Painter> {
    size: Size,
    /// While it is held, what the view shows is decoded.
    _attendance: Attendance,
    bench: Option<Bench>,
    at_work: Option<AtWork>,
    draws: u64,
    format: Format,
    /// What it drew last: another view is drawn for somebody who has done something and waits.
    drew: Option<P::View>,
}

impl<P: Painter> Line<P> {
    pub fn open(setup: &StudioSetup<P>, format: Format, rung: Rung, view: &P::View) -> Result<Line<P>, BadSize> {
        let size = size_of(format)?;
        let (codec, rate_millihertz) = (format.codec, format.rate_millihertz);
        let target = Target { codec, size, rate_millihertz, bit_rate: bit_rate(rung, format) };
        Ok(Line {
            size,
            _attendance: setup.painter.attend(view, size),
            bench: Some(Bench { target, encoder: None, canvas: I420::black(size) }),
            at_work: None,
            draws: 0,
            format,
            drew: None,
        })
    }

    /// The line shows another view from now on. The new attendance begins before the old one ends.
    pub fn attend(&mut self, painter: &P, view: &P::View) {
        self._attendance = painter.attend(view, self.size);
    }

    /// Has a worker make a picture.
    pub fn draw(
        &mut self,
        now: Millis,
        draw: Draw<P::View>,
        setup: &Rc<StudioSetup<P>>,
        workers: &Workers,
        done: &Arc<Mutex<Vec<Done>>>,
        waker: &ActorWaker,
    ) -> Result<(), Refused> {
        // The core asks for one picture at a time.
        let Some(mut bench) = self.bench.take() else { return Ok(()) };
        self.draws += 1;
        let (number, rendition, ready) = (self.draws, draw.rendition, draw.ready);
        let urgent = self.drew.as_ref() != Some(&draw.view);
        if urgent {
            self.drew = Some(draw.view.clone());
        }
        let bit_rate = bit_rate(draw.rung, self.format);
        let (painter, encoders) = (setup.painter.clone(), setup.encoders.clone());
        let (done, waker) = (done.clone(), waker.clone());
        let wanted = Instant::now();
        self.at_work = Some(AtWork { draw: number, job: None, since: now });
        let job = workers.submit(urgent, move || {
            let mut spent = Spent { urgent, queue: micros(wanted), ..Spent::default() };
            let made = catch_unwind(AssertUnwindSafe(|| {
                let outcome = make(&mut bench, &*painter, &*encoders, now, &draw, bit_rate, &mut spent);
                (bench, outcome)
            }));
            let (bench, outcome) = match made {
                Ok((bench, outcome)) => (Some(bench), outcome),
                Err(_) => (None, Err(MediaFault("drawing its picture panicked".to_owned()))),
            };
            let done_one = Done { rendition, draw: number, bench, outcome, ready, spent };
            done.lock().unwrap_or_else(PoisonError::into_inner).push(done_one);
            waker.wake();
        })?;
        if let Some(at_work) = &mut self.at_work {
            at_work.job = Some(job);
        }
        Ok(())
    }

    /// The rendition is no more. Ending an encoder takes a while: a worker does it. What one still draws for it, and when
    /// that one is given up.
    pub fn close(self, workers: &Workers) -> Option<(Millis, JobId)> {
        let left = self.give_up_at().zip(self.at_work.as_ref().and_then(|at_work| at_work.job));
        let Line { _attendance, bench, .. } = self;
        if bench.is_none() {
            return left;
        }
        if let Err(error) = workers.submit(false, move || drop(bench)) {
            tracing::debug!("an encoder was ended on the studio's own thread: {error}");
        }
        left
    }

    /// The bench comes back. False if it is that of a draw that nobody waits for any more.
    pub fn take_back(&mut self, draw: u64, bench: Option<Bench>) -> bool {
        if self.at_work.take_if(|at_work| at_work.draw == draw).is_none() {
            return false;
        }
        self.bench = bench;
        true
    }

    /// When the worker is given up.
    pub fn give_up_at(&self) -> Option<Millis> {
        self.at_work.as_ref().map(|at_work| at_work.since + WORK_WITHIN)
    }

    /// The job of a worker that is to be given up.
    pub fn stuck(&mut self, now: Millis) -> Option<JobId> {
        if self.give_up_at().is_none_or(|at| at > now) {
            return None;
        }
        self.at_work.take().and_then(|at_work| at_work.job)
    }
}

/// Makes one picture of a view for nobody.
pub(super) fn rehearse<P: Painter>(
    painter: &P,
    encoders: &dyn Encoders,
    now: Millis,
    format: Format,
    view: &P::View,
) -> Result<(), MediaFault> {
    let size = size_of(format).map_err(|error| MediaFault(error.to_string()))?;
    painter.stamp(view, size, now);
    let (codec, rate_millihertz, bit_rate) = (format.codec, format.rate_millihertz, bit_rate(Rung::START, format));
    let mut canvas = I420::black(size);
    painter.paint(view, now, &mut canvas)?;
    encoders.make(Target { codec, size, rate_millihertz, bit_rate })?.encode(&canvas, 0, true)?;
    Ok(())
}

fn micros(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX)
}

fn make<P: Painter>(
    bench: &mut Bench,
    painter: &P,
    encoders: &dyn Encoders,
    now: Millis,
    draw: &Draw<P::View>,
    bit_rate: u32,
    spent: &mut Spent,
) -> Result<Encoded, MediaFault> {
    let begun = Instant::now();
    painter.paint(&draw.view, now, &mut bench.canvas)?;
    spent.compose = micros(begun);
    let begun = Instant::now();
    if bench.target.bit_rate != bit_rate {
        bench.target.bit_rate = bit_rate;
        if let Some(encoder) = &mut bench.encoder {
            encoder.set_bit_rate(bit_rate);
        }
    }
    let encoder = match &mut bench.encoder {
        Some(encoder) => encoder,
        none => none.insert(encoders.make(bench.target)?),
    };
    let encoded = encoder.encode(&bench.canvas, draw.pts_us, draw.key)?;
    spent.encode = micros(begun);
    Ok(encoded)
}
