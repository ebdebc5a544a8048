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
//! How pictures are counted. A tick at which the view looks different, an input that changes it, and a key picture that
//! somebody needs are each one picture that is due. One for which the encoder has no time yet is *owed*, and drawn as soon
//! as it has; it is only late. When the next tick wants a picture while one is owed, that one is *skipped*: it is late for
//! ever, and a gap in the numbers of its sessions. So a session's numbers grow as fast as pictures are due, whatever becomes
//! of them. A session that has a gap of this kind still has every picture that the encoder made, and can use the next.
//!
//! Owns: all of the above. Refuses: clocks, threads, painters, encoders, and what a view means.

mod drawing;
mod effects;
mod flaw;
mod giving;
mod options;
mod placing;
mod rendition;
mod report;
mod session;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use actors_protocol::{Millis, SessionId};

use crate::picture::Format;
use crate::ports::{Encoded, View};
use crate::rung::Rung;
use placing::Patience;
use rendition::{Key, Rendition};
use session::Session;

pub use effects::{Effect, RenditionId};
pub use flaw::Flaw;
pub use options::Options;
pub use report::{Place, RenditionState, RenditionsState, Totals};

/// See the module. Every call carries `now`, which is never taken to go back. A session that is not known is not minded.
#[derive(Debug)]
pub struct Renditions<V: View> {
    options: Options,
    /// One wrong decision; only a harness sets another than none.
    flaw: Flaw,
    renditions: BTreeMap<RenditionId, Rendition<V>>,
    /// Every rendition, by its key. Equal ones there are only until their sessions have come together.
    by_key: BTreeMap<Key<V>, BTreeSet<RenditionId>>,
    sessions: BTreeMap<SessionId, Session<V>>,
    effects: VecDeque<Effect<V>>,
    totals: Totals,
    /// The latest `now` that came in.
    now: Millis,
}

impl<V: View> Renditions<V> {
    /// No session, no rendition.
    pub fn new(options: Options) -> Renditions<V> {
        Renditions {
            options,
            flaw: Flaw::None,
            renditions: BTreeMap::new(),
            by_key: BTreeMap::new(),
            sessions: BTreeMap::new(),
            effects: VecDeque::new(),
            totals: Totals::default(),
            now: Millis::ZERO,
        }
    }

    /// Makes one decision wrong. For a harness only.
    #[cfg(any(test, feature = "flaws"))]
    pub fn set_flaw(&mut self, flaw: Flaw) {
        self.flaw = flaw;
    }

    /// A session begins: it is given a key picture as soon as possible. One that is known already begins anew.
    pub fn join(&mut self, now: Millis, session: SessionId, format: Format, view: V, rung: Rung) {
        let now = self.advance(now);
        self.detach(now, session);
        self.sessions.insert(session, Session::new(now, Key::new(format, rung, view)));
        self.place(now, session, Patience::Budget);
    }

    /// The input with this number was applied, and this is the session's view now. If it is the view that the session is
    /// shown already, the input is acknowledged by a repeat, at once. With the number of the input before it (0 if there
    /// was none) it says that the view has changed by itself.
    pub fn show(&mut self, now: Millis, session: SessionId, view: V, input: u32) {
        let now = self.advance(now);
        let Some(known) = self.sessions.get_mut(&session) else { return };
        known.input = known.input.max(input);
        if known.key.view != view {
            let key = Key { view, ..known.key.clone() };
            self.replace(now, session, key);
        }
    }

    /// The session is to have another bit rate, from its next picture on if it is alone on its rendition, else from a key
    /// picture on.
    pub fn set_rung(&mut self, now: Millis, session: SessionId, rung: Rung) {
        let now = self.advance(now);
        let Some(known) = self.sessions.get(&session) else { return };
        let key = Key::new(known.key.format, rung, known.key.view.clone());
        if key != known.key {
            self.replace(now, session, key);
        }
    }

    /// The viewer has lost something: the session is given nothing until the next key picture, which is asked for.
    pub fn key_wanted(&mut self, now: Millis, session: SessionId) {
        self.advance(now);
        let at = self.sessions.get(&session).and_then(|known| known.at);
        if let Some(rendition) = at.and_then(|at| self.renditions.get_mut(&at))
            && rendition.watching.remove(&session)
        {
            rendition.waiting.insert(session);
        }
    }

    /// The session's group gets too long: a key picture is asked for, and the session goes on until it comes.
    pub fn freshen(&mut self, now: Millis, session: SessionId) {
        self.advance(now);
        let at = self.sessions.get(&session).and_then(|known| known.at);
        if let Some(rendition) = at.and_then(|at| self.renditions.get_mut(&at)) {
            rendition.stale = true;
        }
    }

    /// The viewer is away: nothing is drawn for it until [`resume`](Renditions::resume). It holds no encoder meanwhile.
    pub fn pause(&mut self, now: Millis, session: SessionId) {
        let now = self.advance(now);
        self.detach(now, session);
    }

    /// The viewer is back: the session goes on with a key picture. So it does if nobody has noticed that it was away.
    pub fn resume(&mut self, now: Millis, session: SessionId) {
        let now = self.advance(now);
        match self.sessions.get(&session) {
            Some(known) if known.at.is_some() => self.key_wanted(now, session),
            Some(_) => self.place(now, session, Patience::Budget),
            None => {}
        }
    }

    /// The session is over; it is forgotten.
    pub fn leave(&mut self, now: Millis, session: SessionId) {
        let now = self.advance(now);
        self.detach(now, session);
        self.sessions.remove(&session);
    }

    /// Time has come up to `now`. `stamp` gives for a view and a format a number that changes when its pixels do.
    pub fn on_timeout(&mut self, now: Millis, stamp: &mut dyn FnMut(&V, Format) -> u64) {
        let now = self.advance(now);
        self.close_idle(now);
        let renditions: Vec<_> = self.renditions.keys().copied().collect();
        for rendition in renditions {
            self.run(now, rendition, stamp);
            self.repeat(now, rendition);
        }
    }

    /// The picture that [`Effect::Draw`] asked for. Not minded if nothing was asked for.
    pub fn drawn(&mut self, now: Millis, rendition: RenditionId, picture: Encoded) {
        let now = self.advance(now);
        self.hand_out(now, rendition, picture);
    }

    /// The rendition cannot be drawn any more: its painter or encoder failed, or is stuck. Its sessions are over; others
    /// are untouched. May be said at any time.
    pub fn failed(&mut self, now: Millis, rendition: RenditionId, cause: &str) {
        self.advance(now);
        self.fail(rendition, cause);
    }

    /// The next thing to do. Poll until there is none, after every call: then at most a few effects per session wait.
    pub fn poll_effect(&mut self) -> Option<Effect<V>> {
        self.effects.pop_front()
    }

    /// When [`on_timeout`](Renditions::on_timeout) is to be called; it may be `now` or earlier. None if nobody watches.
    pub fn poll_timeout(&self) -> Option<Millis> {
        self.renditions.iter().filter_map(|(id, rendition)| self.next_of(*id, rendition)).min()
    }

    /// Counts since the beginning.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// What each session is to be shown, and on which rendition it is.
    pub fn places(&self) -> impl Iterator<Item = Place<'_, V>> {
        self.sessions.iter().map(|(session, known)| {
            let Key { format, rung, view } = &known.key;
            Place { session: *session, format: *format, rung: *rung, view, rendition: known.at }
        })
    }

    /// For inspection.
    pub fn state(&self) -> RenditionsState {
        RenditionsState {
            renditions: self.renditions.iter().map(|(id, rendition)| RenditionState::of(*id, rendition)).collect(),
            sessions: self.sessions.len(),
            paused: self.sessions.values().filter(|known| known.at.is_none()).count(),
            totals: self.totals,
        }
    }

    fn advance(&mut self, now: Millis) -> Millis {
        self.now = self.now.max(now);
        self.now
    }
}
