//! One session: what it is to be shown, and what it has been given.
//!
//! Owns: its numbers, its media time and which input it has been told of. Refuses: where it is placed and why.

use actors_protocol::Millis;
use bytes::Bytes;

use super::effects::RenditionId;
use super::rendition::Key;
use crate::picture::Picture;

#[derive(Debug)]
pub(super) struct Session<V> {
    /// What it is to be shown, and how.
    pub(super) key: Key<V>,
    /// Where it is; nowhere while its viewer is away.
    pub(super) at: Option<RenditionId>,
    /// The last input that it made.
    pub(super) input: u32,
    /// The last input that it has been told of.
    told: u32,
    /// The number of its next picture.
    next: u64,
    /// The media time of its picture 0 on the common clock; none before that.
    origin_us: Option<u64>,
    pts_us: u64,
    /// What the last picture shows.
    shown: Option<V>,
    given: Millis,
    repeated: Option<Millis>,
}

impl<V: Clone + PartialEq> Session<V> {
    pub(super) fn new(now: Millis, key: Key<V>) -> Session<V> {
        Session {
            key,
            at: None,
            input: 0,
            told: 0,
            next: 0,
            origin_us: None,
            pts_us: 0,
            shown: None,
            given: now,
            repeated: None,
        }
    }

    /// It has been given a picture.
    pub(super) fn has_begun(&self) -> bool {
        self.origin_us.is_some()
    }

    /// Pictures were due that it will not be given. Picture 0 is the first that it is given.
    pub(super) fn skip(&mut self, pictures: u64) {
        if self.origin_us.is_some() {
            self.next += pictures;
        }
    }

    /// A picture of `view`, begun when the session had made the input `input`. If that is what the session sees now, it
    /// shows all inputs.
    pub(super) fn give(
        &mut self,
        now: Millis,
        view: &V,
        input: Option<u32>,
        key: bool,
        at_us: u64,
        data: Bytes,
    ) -> Picture {
        let shows = if *view == self.key.view { self.input } else { input.unwrap_or(0) };
        self.told = self.told.max(shows);
        if self.shown.as_ref() != Some(view) {
            self.shown = Some(view.clone());
        }
        self.picture(now, key, false, at_us, data)
    }

    /// Nothing has changed.
    pub(super) fn repeat(&mut self, now: Millis, settled: bool) -> Picture {
        if settled {
            self.told = self.input;
        }
        self.repeated = Some(now);
        self.picture(now, false, true, now.0.saturating_mul(1_000), Bytes::new())
    }

    /// The last picture shows what the session is to be shown.
    pub(super) fn shows_present(&self) -> bool {
        self.shown.as_ref() == Some(&self.key.view)
    }

    /// When a repeat is due. `settled` says that no picture is on its way that will show something else.
    pub(super) fn repeat_at(&self, settled: bool, repeat_after: Millis, input_gap: Millis) -> Millis {
        let life = self.given + repeat_after;
        if settled && self.told != self.input {
            life.min(self.repeated.map_or(Millis::ZERO, |repeated| repeated + input_gap))
        } else {
            life
        }
    }

    fn picture(&mut self, now: Millis, key: bool, repeat: bool, at_us: u64, data: Bytes) -> Picture {
        let pts_us = match self.origin_us {
            Some(origin) => at_us.saturating_sub(origin).max(self.pts_us + 1),
            None => 0,
        };
        self.origin_us.get_or_insert(at_us);
        self.pts_us = pts_us;
        self.given = now;
        let number = self.next;
        self.next += 1;
        Picture { number, key, repeat, last_input: self.told, pts_us, data }
    }
}
