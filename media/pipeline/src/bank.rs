//! A bank of sources: the videos and pictures of a folder, and live sources, each decoded once for everybody and scaled
//! once per tile size.
//!
//! Owns: who is attended to ([`Demand`] decides), and the threads: a *keeper* that starts and stops players, one for all
//! stills, and per running clip or live source four or a few more: its player, which sleeps, one that has found out what the
//! source is and sleeps, one that parts the container, one that decodes, scales and waits for the picture's time. At most
//! [`PLAYING_MAX`] play at once; one that is one too many says so in its tile, and has its turn when another one stops. All
//! end when the bank is dropped.
//! Refuses: to decide what is shown where.
//!
//! A clip plays round and round at its own rate. A source that cannot be shown, or not any more, is
//! [`Tile::Broken`] with the cause; it is tried again after two seconds, then after twice as long each time, at most a
//! minute, as long as somebody attends to it. The others play on.

mod board;
mod catalogue;
mod clock;
mod late;
mod opened;
mod picture;
mod player;
mod retry;
mod scale;
mod source;
mod stills;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use actors_protocol::Millis;
use media_share::ports::Attendance;
use media_share::{Demand, DemandEffect, Size, SourceCard, SourceId, SourceKind, Tile, Tiles};
use parking_lot::{Condvar, Mutex};

use crate::error::PipelineError;
pub use catalogue::{PICTURE_ENDINGS, SOURCES_MAX, VIDEO_ENDINGS};
use clock::Clock;
pub use picture::{KEPT_HEIGHT, KEPT_WIDTH, PICTURE_PIXELS_MAX, PICTURE_SIDE_MAX};
use player::Player;
pub use player::{FIRST_PICTURE, NEXT_PICTURE};
use source::Source;
pub use source::SourceReport;
use stills::Desk;

/// Clips and live sources that play at once, at most: seven pages of a guide. Each costs four threads and a decoder.
pub const PLAYING_MAX: usize = 64;

/// What a bank is opened with.
#[derive(Clone, Debug)]
pub struct BankOptions {
    /// Where the files are; none if there are only live sources.
    pub folder: Option<PathBuf>,
    /// Live sources: a title and an address (`http:`, `rtsp:`, `file:`).
    pub live: Vec<(String, String)>,
    /// How long a source goes on after the last one who attended has left.
    pub linger: Millis,
}

impl BankOptions {
    /// The files of a folder, and a linger of five seconds.
    pub fn folder(folder: impl Into<PathBuf>) -> BankOptions {
        BankOptions { folder: Some(folder.into()), live: Vec::new(), linger: Millis(5_000) }
    }
}

/// See the module.
pub struct SourceBank {
    shared: Arc<Shared>,
    keeper: Option<JoinHandle<()>>,
}

struct Shared {
    cards: Vec<SourceCard>,
    sources: Vec<Arc<Source>>,
    control: Mutex<Control>,
    changed: Condvar,
    stills: Arc<Desk>,
    clock: Clock,
}

struct Control {
    demand: Demand<SourceId>,
    ending: bool,
}

impl SourceBank {
    /// Lists the sources; none is opened before somebody attends to it.
    pub fn open(options: BankOptions) -> Result<Arc<SourceBank>, PipelineError> {
        crate::init()?;
        let listed = catalogue::list(options.folder.as_deref(), &options.live)?;
        let shared = Arc::new(Shared {
            cards: listed.iter().map(|(card, _)| card.clone()).collect(),
            sources: listed.into_iter().map(|(card, origin)| Arc::new(Source::new(card, origin))).collect(),
            control: Mutex::new(Control { demand: Demand::new(options.linger), ending: false }),
            changed: Condvar::new(),
            stills: Arc::default(),
            clock: Clock::new(),
        });
        let painter = shared.stills.staff(shared.clock.clone()).map_err(PipelineError::Thread)?;
        let keeper = Keeper {
            shared: shared.clone(),
            players: BTreeMap::new(),
            leaving: BTreeMap::new(),
            queue: BTreeSet::new(),
            painter,
        };
        let started = Builder::new().name("bank-keeper".to_owned()).spawn(move || keeper.run());
        if started.is_err() {
            shared.stills.close();
        }
        Ok(Arc::new(SourceBank { shared, keeper: Some(started.map_err(PipelineError::Thread)?) }))
    }

    /// What every source does at this moment.
    pub fn state(&self) -> Vec<SourceReport> {
        let control = self.shared.control.lock();
        let report = |source: &Arc<Source>| source.report(control.demand.running(source.card.id));
        self.shared.sources.iter().map(report).collect()
    }
}

impl Drop for SourceBank {
    fn drop(&mut self) {
        self.shared.control.lock().ending = true;
        self.shared.changed.notify_all();
        if let Some(keeper) = self.keeper.take() {
            // A keeper that panicked has said so.
            let _ = keeper.join();
        }
    }
}

impl Tiles for SourceBank {
    fn cards(&self) -> &[SourceCard] {
        &self.shared.cards
    }

    fn attend(&self, source: SourceId, size: Size) -> Attendance {
        let Some(found) = self.shared.source(source) else { return Box::new(()) };
        found.board.attend(size);
        self.shared.control.lock().demand.attend(source);
        self.shared.changed.notify_all();
        if found.card.kind == SourceKind::Still {
            self.shared.stills.look();
        }
        Box::new(Attending { shared: self.shared.clone(), source, size })
    }

    fn stamp(&self, source: SourceId, size: Size) -> u64 {
        self.shared.source(source).map_or(0, |source| source.board.stamp(size))
    }

    fn tile(&self, source: SourceId, size: Size) -> Tile {
        let unknown = || Tile::Broken(format!("there is no source {}", source.0).into());
        self.shared.source(source).map_or_else(unknown, |source| source.board.tile(size))
    }
}

impl Shared {
    fn source(&self, id: SourceId) -> Option<&Arc<Source>> {
        self.sources.get(id.0 as usize)
    }
}

/// Somebody attends while this exists.
struct Attending {
    shared: Arc<Shared>,
    source: SourceId,
    size: Size,
}

impl Drop for Attending {
    fn drop(&mut self) {
        if let Some(found) = self.shared.source(self.source) {
            found.board.leave(self.size);
        }
        self.shared.control.lock().demand.leave(self.shared.clock.now(), self.source);
        self.shared.changed.notify_all();
    }
}

/// Carries out what the demand asks for.
struct Keeper {
    shared: Arc<Shared>,
    players: BTreeMap<SourceId, Player>,
    /// Players that were stopped and may not have ended yet.
    leaving: BTreeMap<SourceId, JoinHandle<()>>,
    /// Sources that somebody attends to and that do not play, as there is no room.
    queue: BTreeSet<SourceId>,
    painter: JoinHandle<()>,
}

impl Keeper {
    fn run(mut self) {
        while let Some(effect) = self.next() {
            match effect {
                DemandEffect::Start(id) => self.start(id),
                DemandEffect::Stop(id) => self.stop(id),
            }
        }
        self.shared.stills.close();
        // All are told before the first is waited for.
        let ending: Vec<_> = self.players.into_values().map(Player::stop).collect();
        for thread in ending.into_iter().chain(self.leaving.into_values()).chain([self.painter]) {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }

    /// The next thing to do; none when the bank ends.
    fn next(&self) -> Option<DemandEffect<SourceId>> {
        let mut control = self.shared.control.lock();
        loop {
            if control.ending {
                return None;
            }
            let now = self.shared.clock.now();
            control.demand.on_timeout(now);
            if let Some(effect) = control.demand.poll_effect() {
                return Some(effect);
            }
            match control.demand.poll_timeout() {
                Some(at) => drop(self.shared.changed.wait_for(&mut control, at.since(now).duration())),
                None => self.shared.changed.wait(&mut control),
            }
        }
    }

    fn start(&mut self, id: SourceId) {
        let Some(source) = self.shared.source(id).cloned() else { return };
        if source.card.kind == SourceKind::Still {
            return self.shared.stills.start(source);
        }
        if self.players.len() >= PLAYING_MAX {
            return self.wait(&source, &format!("{PLAYING_MAX} others play already, which is the most"));
        }
        let before = self.leaving.remove(&id);
        match Player::start(source.clone(), self.shared.clock.clone(), before) {
            Ok(player) => drop(self.players.insert(id, player)),
            Err(error) => self.wait(&source, &format!("the system starts no further thread ({error})")),
        }
    }

    /// There is no room: it is said, and the source has its turn when another one stops.
    fn wait(&mut self, source: &Source, cause: &str) {
        let name = source.name();
        source.board.fail(&format!("{name}: too many sources play at once: {cause}; it plays when another one stops"));
        self.queue.insert(source.card.id);
    }

    fn stop(&mut self, id: SourceId) {
        if self.queue.remove(&id) {
            return self.shared.source(id).map_or((), |source| source.board.mend());
        }
        let Some(player) = self.players.remove(&id) else { return self.shared.stills.stop(id) };
        self.leaving.insert(id, player.stop());
        if let Some(next) = self.queue.pop_first() {
            if let Some(source) = self.shared.source(next) {
                source.board.mend();
            }
            self.start(next);
        }
    }
}
