//! Which session is where.
//!
//! ```text
//!   join, resume ──► an equal one ──none──► one that lingers ──none──► a new one
//!   another view or rung: alone ──► its rendition goes along
//!                         shared ─► an equal one that can make a key picture now ──none──► as above
//!   equal ones: at the next key picture of one of them its equals' sessions come over
//! ```
//!
//! Owns: the above; after each call a session's key is that of its rendition, and the index by key is true.
//! Refuses: drawing and giving.

use actors_protocol::{Millis, SessionId};

use super::Renditions;
use super::effects::{Effect, RenditionId};
use super::flaw::flawed;
use super::rendition::{Key, Rendition};
use crate::ports::View;

/// How long a session may wait for its first key picture at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until the budget of key pictures allows one.
    Budget,
    /// Not at all.
    None,
}

impl<V: View> Renditions<V> {
    /// Finds a place for a session that has none; it waits there for a key picture.
    pub(super) fn place(&mut self, now: Millis, session: SessionId, patience: Patience) {
        let Some(known) = self.sessions.get(&session) else { return };
        let key = known.key.clone();
        let rendition = self
            .equal(now, &key, patience)
            .or_else(|| self.take_over(now, &key))
            .unwrap_or_else(|| self.open(now, key));
        self.attach(session, rendition);
    }

    /// The session is to be shown something else, and is where its old key belongs.
    pub(super) fn replace(&mut self, now: Millis, session: SessionId, key: Key<V>) {
        let Some(known) = self.sessions.get_mut(&session) else { return };
        known.key = key.clone();
        let Some(at) = known.at else { return };
        // One that came while a picture was being drawn for others, who have left since, cannot use that picture.
        let begun_with = |rendition: &Rendition<V>| {
            rendition.flight.as_ref().is_none_or(|flight| flight.inputs.contains_key(&session))
        };
        if self.renditions.get(&at).is_some_and(|rendition| rendition.members() == 1 && begun_with(rendition)) {
            self.rekey(now, at, key);
        } else {
            self.detach(now, session);
            self.place(now, session, Patience::None);
        }
    }

    /// Takes a session from where it is. Others there do not notice.
    pub(super) fn detach(&mut self, now: Millis, session: SessionId) {
        let Some(at) = self.sessions.get_mut(&session).and_then(|known| known.at.take()) else { return };
        let Some(rendition) = self.renditions.get_mut(&at) else { return };
        rendition.watching.remove(&session);
        rendition.waiting.remove(&session);
        if let Some(flight) = &mut rendition.flight {
            flight.inputs.remove(&session);
        }
        if rendition.members() == 0 {
            rendition.empty_since = (!flawed!(self.flaw, LingersForEver)).then_some(now);
            rendition.owed = None;
            rendition.missed = 0;
        }
    }

    /// All sessions of the equals of `rendition` come to it, to wait for a key picture (which is there, if this is asked).
    pub(super) fn gather(&mut self, now: Millis, rendition: RenditionId) {
        let Some(key) = self.renditions.get(&rendition).map(|rendition| &rendition.key) else { return };
        let others = self.by_key.get(key).into_iter().flatten().filter(|id| **id != rendition);
        let movers: Vec<SessionId> = others
            .filter_map(|id| self.renditions.get(id))
            .flat_map(|other| other.watching.iter().chain(&other.waiting).copied())
            .collect();
        for session in movers {
            self.detach(now, session);
            self.attach(session, rendition);
            self.totals.merged += 1;
        }
    }

    /// Would sessions of equal renditions come to this one at a key picture, and is it this one that is to make it?
    ///
    /// The one with the most sessions is: they are the ones who would have to be given a key picture that they do not need.
    pub(super) fn is_wanted(&self, id: RenditionId, rendition: &Rendition<V>) -> bool {
        let Some(equals) = self.by_key.get(&rendition.key).filter(|equals| equals.len() > 1) else { return false };
        if flawed!(self.flaw, StaysApart) {
            return false;
        }
        let size = |id: &RenditionId| self.renditions.get(id).map_or(0, Rendition::members);
        let fewer = |other: &RenditionId| (size(other), std::cmp::Reverse(*other)) < (size(&id), std::cmp::Reverse(id));
        let mut others = equals.iter().filter(|other| **other != id && size(other) > 0).peekable();
        others.peek().is_some() && others.all(fewer)
    }

    /// Ends what has lingered long enough.
    pub(super) fn close_idle(&mut self, now: Millis) {
        let linger = self.options.linger;
        let over = |rendition: &Rendition<V>| rendition.empty_since.is_some_and(|since| since + linger <= now);
        let idle: Vec<_> = self.renditions.iter().filter(|(_, rendition)| over(rendition)).map(|(id, _)| *id).collect();
        for id in idle {
            self.close(id);
        }
    }

    /// Ends a rendition that has no sessions.
    pub(super) fn close(&mut self, id: RenditionId) {
        if let Some(rendition) = self.renditions.remove(&id) {
            self.unlist(id, &rendition.key);
            self.effects.push_back(Effect::Close { rendition: id });
        }
    }

    /// The equal rendition with the most sessions, of those to which a session may come.
    fn equal(&self, now: Millis, key: &Key<V>, patience: Patience) -> Option<RenditionId> {
        let open = self.by_key.get(key)?.iter().filter_map(|id| Some((id, self.renditions.get(id)?)));
        open.filter(|(_, rendition)| patience == Patience::Budget || rendition.key_soon(now, &self.options))
            .max_by_key(|(id, rendition)| (rendition.members(), std::cmp::Reverse(**id)))
            .map(|(id, _)| *id)
    }

    /// A rendition that lingers goes over to another key, if it can make a key picture now.
    fn take_over(&mut self, now: Millis, key: &Key<V>) -> Option<RenditionId> {
        let fits = |rendition: &Rendition<V>| {
            rendition.members() == 0
                && rendition.key.format == key.format
                && rendition.flight.is_none()
                && rendition.key_soon(now, &self.options)
        };
        let id = *self.renditions.iter().find(|(_, rendition)| fits(rendition))?.0;
        self.rekey(now, id, key.clone());
        Some(id)
    }

    fn open(&mut self, now: Millis, key: Key<V>) -> RenditionId {
        let id = RenditionId(self.totals.opened);
        self.totals.opened += 1;
        let Key { format, rung, view } = key.clone();
        self.effects.push_back(Effect::Open { rendition: id, format, rung, view });
        self.by_key.entry(key.clone()).or_default().insert(id);
        self.renditions.insert(id, Rendition::new(now, key));
        id
    }

    fn attach(&mut self, session: SessionId, id: RenditionId) {
        if let (Some(known), Some(rendition)) = (self.sessions.get_mut(&session), self.renditions.get_mut(&id)) {
            known.at = Some(id);
            let unready = !(known.has_begun() && flawed!(self.flaw, MovesWithoutKey));
            let joins = if unready { &mut rendition.waiting } else { &mut rendition.watching };
            joins.insert(session);
            rendition.empty_since = None;
        }
    }

    fn rekey(&mut self, now: Millis, id: RenditionId, key: Key<V>) {
        let deaf = flawed!(self.flaw, BusyAndDeaf);
        let Some(rendition) = self.renditions.get_mut(&id) else { return };
        let old = rendition.key.clone();
        rendition.key.rung = key.rung;
        if old.view != key.view {
            rendition.turn_to(now, key.view.clone());
            if deaf && rendition.flight.is_some() {
                rendition.owed = None;
            }
            self.effects.push_back(Effect::Attend { rendition: id, view: key.view.clone() });
        }
        self.unlist(id, &old);
        self.by_key.entry(key).or_default().insert(id);
    }

    fn unlist(&mut self, id: RenditionId, key: &Key<V>) {
        if let Some(equals) = self.by_key.get_mut(key) {
            equals.remove(&id);
            if equals.is_empty() {
                self.by_key.remove(key);
            }
        }
    }
}
