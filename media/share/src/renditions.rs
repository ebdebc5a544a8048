//! Which session is on which encoder, when a view is drawn, when a key picture is made, and what each session is given.
//!
//! A *rendition* is one encoder at work. Its key is (view, format, rung); sessions of equal key share one.
//!
//! How a shell runs it. After every call, and whenever the time of [`poll_timeout`](Renditions::poll_timeout) is there:
//!
//! ```text
//!   loop {
//!       while let Some(effect) = poll_effect() { do it }
//!       match poll_timeout() {
//!           Some(at) if at <= now => on_timeout(now, stamp)     at once, not by way of a timer: this is how an input is drawn
//!           at => break                                         and wait until `at` or the next call
//!       }
//!   }
//! ```
//!
//! Draws come from [`on_timeout`](Renditions::on_timeout) alone, because that is where stamps are known.
//!
//! Owns: all of the above. Refuses: clocks, threads, painters, encoders, and what a view means.

mod effects;
mod options;
mod report;

use actors_protocol::{Millis, SessionId};

use crate::picture::Format;
use crate::ports::{Encoded, View};
use crate::rung::Rung;

pub use effects::{Effect, RenditionId};
pub use options::Options;
pub use report::{RenditionState, RenditionsState, Totals};

/// See the module. Every call carries `now`, which is never taken to go back. A session that is not known is not minded.
#[derive(Debug)]
pub struct Renditions<V: View> {
    options: Options,
    effects: std::collections::VecDeque<Effect<V>>,
    totals: Totals,
}

impl<V: View> Renditions<V> {
    /// No session, no rendition.
    pub fn new(options: Options) -> Renditions<V> {
        Renditions { options, effects: Default::default(), totals: Totals::default() }
    }

    /// A session begins: it is given a key picture as soon as possible. One that is known already begins anew.
    pub fn join(&mut self, _now: Millis, _session: SessionId, _format: Format, _view: V, _rung: Rung) {}

    /// The input with this number was applied, and this is the session's view now. If it is the view that the session is
    /// shown already, the input is acknowledged by a repeat, at once. With the number of the input before it (0 if there
    /// was none) it says that the view has changed by itself.
    pub fn show(&mut self, _now: Millis, _session: SessionId, _view: V, _input: u32) {}

    /// The session is to have another bit rate, from its next picture on if it is alone on its rendition, else from a key
    /// picture on.
    pub fn set_rung(&mut self, _now: Millis, _session: SessionId, _rung: Rung) {}

    /// The viewer has lost something: the session is given nothing until the next key picture, which is asked for.
    pub fn key_wanted(&mut self, _now: Millis, _session: SessionId) {}

    /// The viewer is away: nothing is drawn for it until [`resume`](Renditions::resume). It holds no encoder meanwhile.
    pub fn pause(&mut self, _now: Millis, _session: SessionId) {}

    /// The viewer is back: the session goes on with a key picture.
    pub fn resume(&mut self, _now: Millis, _session: SessionId) {}

    /// The session is over; it is forgotten.
    pub fn leave(&mut self, _now: Millis, _session: SessionId) {}

    /// Time has come up to `now`. `stamp` gives for a view and a format a number that changes when its pixels do.
    pub fn on_timeout(&mut self, _now: Millis, _stamp: &mut dyn FnMut(&V, Format) -> u64) {}

    /// The picture that [`Effect::Draw`] asked for. Not minded if nothing was asked for.
    pub fn drawn(&mut self, _now: Millis, _rendition: RenditionId, _picture: Encoded) {}

    /// The rendition cannot be drawn any more: its painter or encoder failed, or is stuck. Its sessions are over; others
    /// are untouched. May be said at any time.
    pub fn failed(&mut self, _now: Millis, _rendition: RenditionId, _cause: &str) {}

    /// The next thing to do. Poll until there is none, after every call.
    pub fn poll_effect(&mut self) -> Option<Effect<V>> {
        self.effects.pop_front()
    }

    /// When [`on_timeout`](Renditions::on_timeout) is to be called; it may be `now` or earlier. None if nobody watches.
    pub fn poll_timeout(&self) -> Option<Millis> {
        None
    }

    /// Counts since the beginning.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// For inspection.
    pub fn state(&self) -> RenditionsState {
        let _ = self.options;
        RenditionsState { renditions: Vec::new(), sessions: 0, paused: 0, totals: self.totals }
    }
}
