//! What time brings: ticks, pictures to draw, repeats, and the end of what lingers.
//!
//! Owns: the order, and the counting of what was due. Refuses: placing sessions.

use actors_protocol::Millis;

use super::Renditions;
use super::effects::{Effect, RenditionId};
use super::rendition::{Begun, Flight, Rendition};
use crate::picture::Format;
use crate::ports::View;

impl<V: View> Renditions<V> {
    /// Looks at the grid, and begins what a rendition wants to draw and may.
    pub(super) fn run(&mut self, now: Millis, id: RenditionId, stamp: &mut dyn FnMut(&V, Format) -> u64) {
        let Some(rendition) = self.renditions.get_mut(&id) else { return };
        let skipped = rendition.tick(now, stamp);
        self.totals.due += skipped;
        self.totals.late += skipped;
        let Some(rendition) = self.renditions.get(&id) else { return };
        let Some(wish) = rendition.wish(&self.options, self.is_wanted(id, rendition)) else { return };
        if wish.at <= now {
            let key = wish.key_at.is_some_and(|at| at <= now);
            self.begin(now, id, key, stamp);
        }
    }

    fn begin(&mut self, now: Millis, id: RenditionId, key: bool, stamp: &mut dyn FnMut(&V, Format) -> u64) {
        let Some(rendition) = self.renditions.get_mut(&id) else { return };
        // What was owed to nobody who could use it does not make this picture late.
        let owed = rendition.owed.take().filter(|_| !rendition.watching.is_empty());
        if owed.is_some_and(|owed| owed.urgent) {
            rendition.answered = Some(now);
        }
        let due = owed.map_or(now, |owed| owed.due);
        let at_us = owed.map_or(now.0.saturating_mul(1_000), |owed| owed.at_us);
        let origin_us = *rendition.origin_us.get_or_insert(at_us);
        let after = rendition.begun.as_ref().map_or(0, |begun| begun.pts_us + 1);
        let pts_us = at_us.saturating_sub(origin_us).max(after);
        let view = rendition.key.view.clone();
        let stamp = stamp(&view, rendition.key.format);
        rendition.begun = Some(Begun { view: view.clone(), stamp, pts_us });
        if key {
            rendition.keyed = Some(now);
            rendition.stale = false;
        }
        let missed = std::mem::take(&mut rendition.missed);
        let mut inputs = std::collections::BTreeMap::new();
        for session in rendition.watching.iter().chain(&rendition.waiting) {
            if let Some(known) = self.sessions.get_mut(session) {
                known.skip(missed);
                inputs.insert(*session, known.input);
            }
        }
        rendition.flight = Some(Flight { key, since: now, due, at_us, inputs });
        self.totals.due += 1;
        let rung = rendition.key.rung;
        self.effects.push_back(Effect::Draw { rendition: id, view, rung, key, pts_us, due });
    }

    /// When a rendition has something to do: its next tick, its wish, the end of its linger, a repeat.
    pub(super) fn next_of(&self, id: RenditionId, rendition: &Rendition<V>) -> Option<Millis> {
        let wish = rendition.wish(&self.options, self.is_wanted(id, rendition)).map(|wish| wish.at);
        let tick = (!rendition.watching.is_empty()).then(|| rendition.key.format.due(rendition.tick + 1));
        let end = rendition.empty_since.map(|since| since + self.options.linger);
        let repeat = rendition.watching.iter().filter_map(|session| self.repeat_at(*session, rendition)).min();
        wish.into_iter().chain(tick).chain(end).chain(repeat).min()
    }
}
