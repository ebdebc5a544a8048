//! The stage. A view is a number; views from [`MOVING`] on have another picture at each tick, others when the test says so.
//!
//! The witness checks with every effect what must always hold; a violation is a panic.

use std::collections::{BTreeMap, BTreeSet};

use actors_protocol::{Millis, SessionId};
use bytes::Bytes;

use crate::picture::{Codec, Format, Picture};
use crate::ports::Encoded;
use crate::renditions::{Effect, Options, RenditionId, Renditions};
use crate::rung::Rung;

/// The first view that moves.
pub(super) const MOVING: u32 = 100;

pub(super) const FORMAT: Format =
    Format { codec: Codec::H264, width: 640, height: 360, rate_millihertz: 30_000, bit_rate: None };

pub(super) const OTHER: Format =
    Format { codec: Codec::H264, width: 320, height: 180, rate_millihertz: 15_000, bit_rate: None };

/// A picture, as a rendition draws it: its bytes are its place in this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawing {
    pub(super) rendition: RenditionId,
    /// Its place in the rendition.
    pub(super) index: u64,
    pub(super) view: u32,
    pub(super) stamp: u64,
    pub(super) key: bool,
    pub(super) rung: Rung,
    pub(super) begun: Millis,
    pub(super) due: Millis,
}

#[derive(Debug)]
struct Encoder {
    format: Format,
    view: u32,
    last: Option<Drawing>,
    keyed: Option<Millis>,
    pts_us: u64,
    /// What it draws, and when that is done.
    busy: Option<(Drawing, Millis)>,
}

/// A session, as the witness sees it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) format: Format,
    pub(super) view: u32,
    pub(super) rung: Rung,
    pub(super) input: u32,
    pub(super) paused: bool,
    /// It can use nothing but a key picture.
    pub(super) lost: bool,
    pub(super) last: Option<Drawing>,
    /// All that it was given, and when.
    pub(super) given: Vec<(Millis, Picture)>,
}

pub(super) struct Stage {
    pub(super) core: Renditions<u32>,
    pub(super) options: Options,
    pub(super) now: Millis,
    /// How long a worker takes.
    pub(super) takes: u64,
    /// Workers that take for ever.
    pub(super) stuck: BTreeSet<RenditionId>,
    pub(super) sessions: BTreeMap<SessionId, Seen>,
    pub(super) over: Vec<(SessionId, String)>,
    /// Everything that was begun to be drawn.
    pub(super) drawings: Vec<Drawing>,
    /// Everything that was opened, in order.
    pub(super) opened: Vec<RenditionId>,
    versions: BTreeMap<u32, u64>,
    encoders: BTreeMap<RenditionId, Encoder>,
}

impl Stage {
    pub(super) fn new() -> Stage {
        let options = Options::default();
        Stage {
            core: Renditions::new(options),
            options,
            now: Millis(1_000),
            takes: 0,
            stuck: BTreeSet::new(),
            sessions: BTreeMap::new(),
            over: Vec::new(),
            drawings: Vec::new(),
            opened: Vec::new(),
            versions: BTreeMap::new(),
            encoders: BTreeMap::new(),
        }
    }

    pub(super) fn join(&mut self, session: u64, view: u32) {
        self.join_as(session, FORMAT, view, Rung::START);
    }

    pub(super) fn join_as(&mut self, session: u64, format: Format, view: u32, rung: Rung) {
        let seen = Seen { format, view, rung, input: 0, paused: false, lost: true, last: None, given: Vec::new() };
        self.sessions.insert(SessionId(session), seen);
        self.core.join(self.now, SessionId(session), format, view, rung);
        self.pump();
    }

    /// The next input of the session has come, and made this its view.
    pub(super) fn show(&mut self, session: u64, view: u32) {
        if let Some(seen) = self.sessions.get_mut(&SessionId(session)) {
            seen.view = view;
            seen.input += 1;
            self.core.show(self.now, SessionId(session), view, seen.input);
        }
        self.pump();
    }

    pub(super) fn set_rung(&mut self, session: u64, rung: Rung) {
        if let Some(seen) = self.sessions.get_mut(&SessionId(session)) {
            seen.rung = rung;
        }
        self.core.set_rung(self.now, SessionId(session), rung);
        self.pump();
    }

    pub(super) fn key_wanted(&mut self, session: u64) {
        if let Some(seen) = self.sessions.get_mut(&SessionId(session)) {
            seen.lost = true;
        }
        self.core.key_wanted(self.now, SessionId(session));
        self.pump();
    }

    pub(super) fn freshen(&mut self, session: u64) {
        self.core.freshen(self.now, SessionId(session));
        self.pump();
    }

    pub(super) fn pause(&mut self, session: u64, paused: bool) {
        if let Some(seen) = self.sessions.get_mut(&SessionId(session)) {
            seen.paused = paused;
            seen.lost = true;
        }
        match paused {
            true => self.core.pause(self.now, SessionId(session)),
            false => self.core.resume(self.now, SessionId(session)),
        }
        self.pump();
    }

    pub(super) fn leave(&mut self, session: u64) {
        self.sessions.remove(&SessionId(session));
        self.core.leave(self.now, SessionId(session));
        self.pump();
    }

    /// Another picture of a view that does not move.
    pub(super) fn change(&mut self, view: u32) {
        *self.versions.entry(view).or_default() += 1;
    }

    pub(super) fn fail(&mut self, rendition: RenditionId) {
        let members = self.members(rendition);
        let before = self.over.len();
        self.core.failed(self.now, rendition, "the encoder is gone");
        self.encoders.entry(rendition).and_modify(|encoder| encoder.busy = None);
        self.pump();
        let over: Vec<_> = self.over[before..].iter().map(|(session, _)| *session).collect();
        assert_eq!(over, members, "its sessions are over, and no others");
    }

    /// Lets time pass, as a shell does that keeps time to the millisecond.
    pub(super) fn pass(&mut self, millis: u64) {
        let end = self.now + Millis(millis);
        loop {
            let done = self.encoders.iter().filter_map(|(id, encoder)| Some((encoder.busy?.1, *id))).min();
            let timeout = self.core.poll_timeout();
            if let Some((at, id)) = done.filter(|(at, _)| *at <= end && timeout.is_none_or(|timeout| *at <= timeout)) {
                self.now = self.now.max(at);
                self.answer(id);
            } else if let Some(at) = timeout.filter(|at| *at <= end) {
                self.now = self.now.max(at);
                self.pump();
            } else {
                self.now = end;
                return;
            }
        }
    }

    /// A session that must be there.
    pub(super) fn seen(&self, session: u64) -> &Seen {
        &self.sessions[&SessionId(session)]
    }

    /// What a session was given since then: the pictures without repeats.
    pub(super) fn pictures(&self, session: u64, since: Millis) -> Vec<Picture> {
        let given = self.seen(session).given.iter();
        given.filter(|(at, picture)| *at >= since && !picture.repeat).map(|(_, picture)| picture.clone()).collect()
    }

    /// What a session was given since then: the repeats.
    pub(super) fn repeats(&self, session: u64, since: Millis) -> Vec<Picture> {
        let given = self.seen(session).given.iter();
        given.filter(|(at, picture)| *at >= since && picture.repeat).map(|(_, picture)| picture.clone()).collect()
    }

    /// What was begun to be drawn since then.
    pub(super) fn drawings(&self, since: Millis) -> Vec<Drawing> {
        self.drawings.iter().filter(|drawing| drawing.begun >= since).copied().collect()
    }

    /// The sessions of a rendition.
    pub(super) fn members(&self, rendition: RenditionId) -> Vec<SessionId> {
        let state = self.core.state();
        let found = state.renditions.into_iter().find(|candidate| candidate.id == rendition);
        found.map_or(Vec::new(), |found| found.sessions)
    }

    /// Where a session is.
    pub(super) fn place(&self, session: u64) -> Option<RenditionId> {
        let state = self.core.state();
        let holds = state.renditions.iter().filter(|rendition| rendition.sessions.contains(&SessionId(session)));
        let places: Vec<_> = holds.map(|rendition| rendition.id).collect();
        assert!(places.len() <= 1, "a session is in one place: {places:?}");
        places.first().copied()
    }

    pub(super) fn stamp(&self, view: u32, format: Format) -> u64 {
        stamp(&self.versions, self.now, view, format)
    }

    /// The loop in the module's documentation.
    fn pump(&mut self) {
        for _ in 0..1_000 {
            while let Some(effect) = self.core.poll_effect() {
                self.witness(effect);
            }
            if self.core.poll_timeout().is_none_or(|at| at > self.now) {
                return;
            }
            let (now, versions) = (self.now, &self.versions);
            self.core.on_timeout(now, &mut |view, format| stamp(versions, now, *view, format));
        }
        panic!("it asks to be called again and again: {:?}", self.core.state());
    }

    fn answer(&mut self, id: RenditionId) {
        let encoder = self.encoders.get_mut(&id).expect("it draws");
        let (drawing, _) = encoder.busy.take().expect("it draws");
        let place = self.drawings.iter().position(|candidate| *candidate == drawing).expect("it was begun");
        let data = Bytes::from(place.to_string());
        self.core.drawn(self.now, id, Encoded { key: drawing.key, data });
        self.pump();
    }

    fn witness(&mut self, effect: Effect<u32>) {
        match effect {
            Effect::Open { rendition, format, view, .. } => {
                assert!(!self.opened.contains(&rendition), "numbers are never used twice");
                self.opened.push(rendition);
                let encoder = Encoder { format, view, last: None, keyed: None, pts_us: 0, busy: None };
                self.encoders.insert(rendition, encoder);
            }
            Effect::Attend { rendition, view } => self.encoder(rendition).view = view,
            Effect::Draw { rendition, view, rung, key, pts_us, due } => {
                self.begin(rendition, view, rung, key, pts_us, due);
            }
            Effect::Give { session, picture } => self.give(session, picture),
            Effect::Over { session, cause } => {
                self.sessions.remove(&session).expect("it was there");
                self.over.push((session, cause));
            }
            Effect::Close { rendition } => {
                assert!(self.members(rendition).is_empty());
                self.encoders.remove(&rendition).expect("it was open");
            }
        }
    }

    fn encoder(&mut self, id: RenditionId) -> &mut Encoder {
        self.encoders.get_mut(&id).expect("an open rendition")
    }

    fn begin(&mut self, id: RenditionId, view: u32, rung: Rung, key: bool, pts_us: u64, due: Millis) {
        let (now, options) = (self.now, self.options);
        let stamp = self.stamp(view, self.encoders[&id].format);
        let done = if self.stuck.contains(&id) { Millis(u64::MAX) } else { now + Millis(self.takes) };
        let encoder = self.encoder(id);
        assert!(encoder.busy.is_none(), "one at a time");
        assert_eq!(encoder.view, view, "it is attended to");
        assert!(due <= now);
        let index = encoder.last.map_or(0, |last| last.index + 1);
        match encoder.last {
            None => assert!(key && pts_us == 0, "the first is a key picture"),
            Some(last) => {
                assert!(pts_us > encoder.pts_us);
                assert!(key || (last.view, last.stamp) != (view, stamp), "an unchanged view is not drawn: {last:?}");
                assert!(!key || encoder.keyed.is_none_or(|keyed| keyed + options.key_gap <= now), "the key budget");
            }
        }
        let drawing = Drawing { rendition: id, index, view, stamp, key, rung, begun: now, due };
        encoder.keyed = if key { Some(now) } else { encoder.keyed };
        encoder.pts_us = pts_us;
        encoder.last = Some(drawing);
        encoder.busy = Some((drawing, done));
        self.drawings.push(drawing);
    }

    fn give(&mut self, session: SessionId, picture: Picture) {
        let now = self.now;
        let drawing = (!picture.repeat).then(|| {
            let place: usize = std::str::from_utf8(&picture.data).expect("text").parse().expect("a place");
            self.drawings[place]
        });
        let seen = self.sessions.get_mut(&session).expect("a session that is there");
        assert!(!seen.paused, "nobody is there to see it");
        match seen.given.last() {
            None => assert!(picture.number == 0 && picture.key && picture.pts_us == 0, "{picture:?}"),
            Some((_, last)) => {
                assert!(picture.number > last.number && picture.pts_us > last.pts_us);
                assert!(picture.last_input >= last.last_input);
            }
        }
        assert!(picture.last_input <= seen.input);
        if let Some(drawing) = drawing {
            assert_eq!(picture.key, drawing.key);
            let follows = |last: Drawing| (last.rendition, last.index + 1) == (drawing.rendition, drawing.index);
            let hangs = !seen.lost && seen.last.is_some_and(follows);
            assert!(picture.key || hangs, "{session:?} cannot use {drawing:?} after {:?}", seen.last);
            seen.lost = false;
            seen.last = Some(drawing);
            if picture.last_input == seen.input {
                assert_eq!(drawing.view, seen.view, "it says that it shows the last input");
            }
        } else {
            assert!(!seen.lost && picture.data.is_empty() && !picture.key, "{picture:?}");
            if picture.last_input == seen.input {
                assert_eq!(seen.last.map(|last| last.view), Some(seen.view), "it says that it shows the last input");
            }
        }
        seen.given.push((now, picture));
    }
}

fn stamp(versions: &BTreeMap<u32, u64>, now: Millis, view: u32, format: Format) -> u64 {
    if view >= MOVING { format.newest_due(now) } else { versions.get(&view).copied().unwrap_or_default() }
}
