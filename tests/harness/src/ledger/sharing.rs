//! **I11**: three seconds after quiet, sessions of equal view, format and rung are on one rendition; and no rendition without
//! sessions outlives its linger.
//!
//! *Quiet*: no session of the studio has come, gone, been away, or been shown something else. Also of **I8** what concerns
//! studios: one lives exactly as long as its factory.

use std::collections::BTreeMap;

use actors_protocol::{ActorPath, Incarnation, SessionId};
use media_session::Scene;
use media_share::renditions::{Options, RenditionId};
use media_share::{Format, Rung};

use super::agreement::Census;
use super::{NodeLife, Notes};
use crate::report::Invariant;

/// How long after the last change equal sessions must have come together.
const SHARED_AFTER: u64 = 3_000;
/// What is due at a time is done this soon after it.
const ONE_TIMER: u64 = 5;

/// What a session is to be shown.
type Wish = (u32, Format, Rung);

#[derive(Debug, Default)]
struct Studio {
    incarnation: Incarnation,
    /// What each session is to be shown, where it is there, and on which rendition it is.
    sessions: BTreeMap<SessionId, (Wish, Option<RenditionId>)>,
    changed: u64,
    /// Renditions without sessions, and since when.
    empty: BTreeMap<RenditionId, u64>,
}

/// The studios of a run.
#[derive(Default)]
pub(super) struct Studios(BTreeMap<(NodeLife, ActorPath), Studio>);

impl Studios {
    pub fn seen(&mut self, notes: &mut Notes, life: &NodeLife, scene: &Scene<'_, u32>) {
        let now = notes.now();
        let studio = self.0.entry((life.clone(), scene.path.clone())).or_default();
        if studio.incarnation != scene.incarnation {
            *studio = Studio { incarnation: scene.incarnation, changed: now, ..Studio::default() };
        }
        let place = |place: media_share::renditions::Place<'_, u32>| {
            (place.session, ((*place.view, place.format, place.rung), place.rendition))
        };
        let sessions: BTreeMap<_, _> = scene.core.places().map(place).collect();
        let wishes = |of: &BTreeMap<SessionId, (Wish, Option<RenditionId>)>| {
            of.iter().map(|(session, (wish, at))| (*session, *wish, at.is_some())).collect::<Vec<_>>()
        };
        if wishes(&sessions) != wishes(&studio.sessions) {
            studio.changed = now;
            notes.trace("studio", sessions.len() as u64);
        }
        studio.sessions = sessions;
        let state = scene.core.state();
        let empty = state.renditions.iter().filter(|rendition| rendition.sessions.is_empty());
        studio.empty = empty.map(|of| (of.id, studio.empty.get(&of.id).copied().unwrap_or(now))).collect();
    }

    pub fn tick(&mut self, notes: &mut Notes, census: &[Census]) {
        let now = notes.now();
        let lives =
            |(life, path): &(NodeLife, ActorPath)| census.iter().any(|of| of.life == *life && of.others.contains(path));
        self.0.retain(|key, _| lives(key));
        let linger = Options::default().linger.0;
        for ((life, path), studio) in &self.0 {
            for (rendition, since) in &studio.empty {
                notes.premise(Invariant::I11);
                if since + linger + ONE_TIMER < now {
                    let words = format!("{rendition} of {path} on {} has no sessions since {since} ms", life.node);
                    notes.violated(Invariant::I11, words);
                }
            }
            if studio.changed + SHARED_AFTER > now {
                continue;
            }
            let mut equal: BTreeMap<Wish, Vec<(SessionId, RenditionId)>> = BTreeMap::new();
            for (session, (wish, at)) in &studio.sessions {
                equal.entry(*wish).or_default().extend(at.map(|at| (*session, at)));
            }
            for ((page, ..), sessions) in equal.into_iter().filter(|(_, sessions)| sessions.len() > 1) {
                notes.premise(Invariant::I11);
                notes.event("studio: equal sessions, quiet");
                if sessions.iter().any(|(_, at)| *at != sessions[0].1) {
                    let words = format!("page {page} of {path} on {}: {sessions:?}", life.node);
                    notes.violated(Invariant::I11, words);
                }
            }
        }
    }
}
