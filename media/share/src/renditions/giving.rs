//! What sessions are given: pictures that were drawn, and repeats.
//!
//! Owns: the rule that a session is never given a picture that it cannot use, and what a failure ends.
//! Refuses: deciding what is drawn.

use actors_protocol::{Millis, SessionId};

use super::Renditions;
use super::effects::{Effect, RenditionId};
use super::flaw::flawed;
use super::rendition::{Flight, Rendition};
use crate::ports::{Encoded, View};

impl<V: View> Renditions<V> {
    /// Gives a picture to all who can use it.
    ///
    /// A key picture is for those who wait, too: for whoever was here when it was begun, and for whoever has come since if
    /// it shows what that one is to see. Everybody else has a gap.
    pub(super) fn hand_out(&mut self, now: Millis, id: RenditionId, picture: Encoded) {
        let Some(rendition) = self.renditions.get_mut(&id) else { return };
        let Some(Flight { key: asked, since, due, at_us, mut inputs }) = rendition.flight.take() else { return };
        let Some(view) = rendition.begun.as_ref().map(|begun| begun.view.clone()) else { return };
        let late = now.since(due) > rendition.key.format.due(1);
        rendition.counts.drawn += 1;
        rendition.counts.keys += u64::from(picture.key);
        rendition.counts.late += u64::from(late);
        self.totals.drawn += 1;
        self.totals.keys += u64::from(picture.key);
        self.totals.late += u64::from(late);
        if picture.key && !asked {
            rendition.keyed = Some(since);
        }
        let present = rendition.key.view == view;
        if picture.key && present && rendition.members() > 0 && !flawed!(self.flaw, StaysApart) {
            self.gather(now, id);
        }
        let Some(rendition) = self.renditions.get_mut(&id) else { return };
        if picture.key {
            let usable = |session: &SessionId| present || inputs.contains_key(session);
            let (ready, rest) = std::mem::take(&mut rendition.waiting).into_iter().partition(usable);
            rendition.waiting = rest;
            // Of the ticks while nobody watched nothing is known.
            rendition.moving &= !rendition.watching.is_empty();
            rendition.watching.append(&mut { ready });
        }
        for session in &rendition.waiting {
            if let Some(known) = self.sessions.get_mut(session) {
                known.skip(1);
            }
        }
        for session in &rendition.watching {
            let Some(known) = self.sessions.get_mut(session) else { continue };
            let input = match inputs.remove(session) {
                Some(_) if flawed!(self.flaw, ClaimsTooMuch) => Some(known.input),
                input => input,
            };
            let given = known.give(now, &view, input, picture.key, at_us, picture.data.clone());
            self.totals.given += 1;
            self.effects.push_back(Effect::Give { session: *session, picture: given });
        }
    }

    /// Gives the repeats of a rendition's sessions that are due.
    pub(super) fn repeat(&mut self, now: Millis, id: RenditionId) {
        let Some(rendition) = self.renditions.get(&id) else { return };
        let due = |session: &SessionId| self.repeat_at(*session, rendition).is_some_and(|at| at <= now);
        let sessions: Vec<_> = rendition.watching.iter().copied().filter(due).collect();
        let drawn = rendition.begun_is_present();
        for session in sessions {
            let Some(known) = self.sessions.get_mut(&session) else { continue };
            let settled = drawn && known.shows_present();
            let picture = known.repeat(now, settled);
            self.totals.repeats += 1;
            self.effects.push_back(Effect::Give { session, picture });
        }
    }

    /// When a session that watches is given a repeat, if nothing else comes before.
    pub(super) fn repeat_at(&self, session: SessionId, rendition: &Rendition<V>) -> Option<Millis> {
        let known = self.sessions.get(&session)?;
        let settled = rendition.begun_is_present() && known.shows_present();
        Some(known.repeat_at(settled, self.options.repeat_after, self.options.input_gap))
    }

    /// Ends a rendition and all its sessions.
    pub(super) fn fail(&mut self, id: RenditionId, cause: &str) {
        let Some(rendition) = self.renditions.get_mut(&id) else { return };
        let mut members = std::mem::take(&mut rendition.watching);
        members.append(&mut rendition.waiting);
        for session in members {
            self.sessions.remove(&session);
            self.effects.push_back(Effect::Over { session, cause: cause.to_owned() });
        }
        self.totals.failed += 1;
        self.close(id);
    }
}
