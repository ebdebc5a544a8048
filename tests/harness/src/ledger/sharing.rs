//! **I11**: three seconds after quiet, sessions of equal view, format and rung are on one rendition; and no rendition without
//! sessions outlives its linger.
//!
//! *Quiet*: none of these sessions has come, been away, or been shown something else.

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

#[derive(Debug)]
struct Place {
    wish: Wish,
    at: Option<RenditionId>,
    /// Since when it has been shown this, and has been there, or has been away.
    since: u64,
}

#[derive(Debug, Default)]
struct Studio {
    incarnation: Incarnation,
    /// What each session is to be shown, where it is there, and on which rendition it is.
    sessions: BTreeMap<SessionId, Place>,
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
            *studio = Studio { incarnation: scene.incarnation, ..Studio::default() };
        }
        let before = std::mem::take(&mut studio.sessions);
        for place in scene.core.places() {
            let (wish, at) = ((*place.view, place.format, place.rung), place.rendition);
            let same = |known: &&Place| known.wish == wish && known.at.is_some() == at.is_some();
            let since = before.get(&place.session).filter(same).map_or(now, |known| known.since);
            if since == now {
                notes.trace("studio", place.session.0);
            }
            studio.sessions.insert(place.session, Place { wish, at, since });
        }
        let state = scene.core.state();
        let empty = state.renditions.iter().filter(|rendition| rendition.sessions.is_empty());
        studio.empty = empty.map(|of| (of.id, studio.empty.get(&of.id).copied().unwrap_or(now))).collect();
    }

    pub fn tick(&mut self, notes: &mut Notes, census: &[Census]) {
        let now = notes.now();
        self.0.retain(|(life, path), studio| {
            let lives =
                |(other, incarnation): &(ActorPath, Incarnation)| other == path && *incarnation == studio.incarnation;
            census.iter().any(|of| of.life == *life && of.others.iter().any(lives))
        });
        let linger = Options::default().linger.0;
        for ((life, path), studio) in &self.0 {
            for (rendition, since) in &studio.empty {
                notes.premise(Invariant::I11);
                if since + linger + ONE_TIMER < now {
                    let words = format!("{rendition} of {path} on {} has no sessions since {since} ms", life.node);
                    notes.violated(Invariant::I11, words);
                }
            }
            let mut equal: BTreeMap<Wish, Vec<(SessionId, RenditionId)>> = BTreeMap::new();
            for (session, place) in &studio.sessions {
                if place.since + SHARED_AFTER <= now {
                    equal.entry(place.wish).or_default().extend(place.at.map(|at| (*session, at)));
                }
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
