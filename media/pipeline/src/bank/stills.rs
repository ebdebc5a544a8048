//! Decodes the pictures that somebody attends to, and scales them.
//!
//! Owns: one thread for all stills of a bank, so that however many are asked for at once, one is in memory at full size.
//! Each is decoded once, kept at no more than [`KEPT_WIDTH`]×[`KEPT_HEIGHT`], scaled to each size once, and let go when
//! nobody attends to it any more. One that cannot be decoded is tried again later: somebody may have put it right.
//! Refuses: to say who attends.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{Builder, JoinHandle};

use actors_protocol::Millis;
use gstreamer as gst;
use gstreamer_video as video;
use media_share::{I420, Plane, Size, SourceId};
use parking_lot::{Condvar, Mutex};

use super::catalogue::Origin;
use super::clock::Clock;
use super::picture::decode;
use super::retry::Retry;
use super::scale::Scaler;
use super::source::Source;

/// See the module.
#[derive(Default)]
pub struct Desk {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    ending: bool,
    running: BTreeMap<SourceId, Still>,
    /// Somebody may want something that was not looked at yet.
    asked: bool,
}

struct Still {
    source: Arc<Source>,
    state: State,
    retry: Retry,
}

enum State {
    /// To be decoded, not before this time.
    Due(Millis),
    /// Being worked at, outside the lock.
    Taken,
    /// Decoded.
    Kept(Box<Kept>),
}

struct Kept {
    picture: gst::Buffer,
    scaler: Scaler,
}

impl Desk {
    /// The thread that works at this desk.
    pub fn staff(self: &Arc<Desk>, clock: Clock) -> io::Result<JoinHandle<()>> {
        let desk = self.clone();
        Builder::new().name("bank-stills".to_owned()).spawn(move || while desk.work(&clock) {})
    }

    /// Somebody attends to a still.
    pub fn start(&self, source: Arc<Source>) {
        let still = Still { source, state: State::Due(Millis::ZERO), retry: Retry::default() };
        let mut inner = self.inner.lock();
        inner.running.insert(still.source.card.id, still);
        self.ring(&mut inner);
    }

    /// Nobody does any more.
    pub fn stop(&self, id: SourceId) {
        if let Some(still) = self.inner.lock().running.remove(&id) {
            still.source.board.clear();
        }
    }

    /// A size may be wanted that is not there.
    pub fn look(&self) {
        self.ring(&mut self.inner.lock());
    }

    /// The thread ends.
    pub fn close(&self) {
        let mut inner = self.inner.lock();
        inner.ending = true;
        self.ring(&mut inner);
    }

    fn ring(&self, inner: &mut Inner) {
        inner.asked = true;
        self.changed.notify_all();
    }

    /// Does one thing, or waits for one. False: the end.
    fn work(&self, clock: &Clock) -> bool {
        let mut inner = self.inner.lock();
        if inner.ending {
            return false;
        }
        let now = clock.now();
        let due = |still: &Still| match &still.state {
            State::Due(at) => *at <= now,
            State::Taken => false,
            State::Kept(_) => !still.source.board.missing().is_empty(),
        };
        let Some(still) = inner.running.values_mut().find(|still| due(still)) else {
            // Asked while it worked: look once more before it sleeps.
            if !std::mem::take(&mut inner.asked) {
                let next = inner.running.values().filter_map(|still| match still.state {
                    State::Due(at) => Some(at),
                    _ => None,
                });
                match next.min() {
                    Some(at) => drop(self.changed.wait_for(&mut inner, at.since(now).duration())),
                    None => self.changed.wait(&mut inner),
                }
            }
            return true;
        };
        let source = still.source.clone();
        let taken = std::mem::replace(&mut still.state, State::Taken);
        drop(inner);
        let (done, decoded) = match taken {
            State::Kept(kept) => (Ok(kept), 0),
            _ => (open(&source), 1),
        };
        let done = done.and_then(|mut kept| {
            let sizes = source.board.missing();
            let tile = |size: &Size| kept.scaler.tile(&kept.picture, *size, None);
            let tiles = sizes.iter().map(tile).collect::<Result<Vec<_>, _>>()?;
            kept.scaler.keep(|_| false);
            Ok((kept, tiles))
        });
        // Its place may be somebody else's by now, if it was stopped and started meanwhile: then it is done anew there.
        let mut inner = self.inner.lock();
        let place = inner.running.get_mut(&source.card.id);
        let Some(still) = place.filter(|still| matches!(still.state, State::Taken)) else { return true };
        match done {
            Ok((kept, tiles)) => {
                source.board.publish(decoded, tiles);
                still.state = State::Kept(kept);
            }
            Err(cause) => {
                source.board.fail(&format!("{}: {cause}", source.name()));
                source.vitals.failures.fetch_add(1, Ordering::Relaxed);
                still.state = State::Due(clock.now() + still.retry.failed(Millis::ZERO));
            }
        }
        true
    }
}

/// Decodes a still.
fn open(source: &Source) -> Result<Box<Kept>, String> {
    let Origin::File(path) = &source.origin else { return Err("a still is a file".to_owned()) };
    let picture = decode(path)?;
    let form = form(picture.size()).map_err(|error| error.to_string())?;
    Ok(Box::new(Kept { scaler: Scaler::new(form), picture: buffer(&picture) }))
}

/// The form of a decoded still, its rows without padding.
fn form(size: Size) -> Result<video::VideoInfo, gst::glib::BoolError> {
    let (width, height) = (size.width(), size.height());
    let luma = width * height;
    let colours: video::VideoColorimetry = "bt601".parse()?;
    video::VideoInfo::builder(video::VideoFormat::I420, width as u32, height as u32)
        .stride(&[width as i32, width as i32 / 2, width as i32 / 2])
        .offset(&[0, luma, luma + luma / 4])
        .size(size.bytes())
        .colorimetry(&colours)
        .build()
}

fn buffer(picture: &I420) -> gst::Buffer {
    debug_assert_eq!(picture.plane(Plane::Y).1, picture.size().width(), "rows without padding");
    gst::Buffer::from_slice(picture.bytes().to_vec())
}
