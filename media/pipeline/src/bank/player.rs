//! Plays one clip or live source for as long as somebody attends to it: opens it, sends it round, tries it again when it
//! fails.
//!
//! Owns: one thread per running source, which sleeps until its pipeline says something, and the deadlines: a first
//! picture within [`FIRST_PICTURE`], each further one within [`NEXT_PICTURE`] at a live source and within [`CLIP_PICTURE`]
//! at a clip, a round of a clip not without a picture and not shorter than promised. A live source that ends has failed.
//! Refuses: to decode on that thread; pictures are scaled where they are decoded.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use actors_protocol::Millis;
use gstreamer as gst;
use gstreamer_video as video;
use media_share::SourceKind;

use super::catalogue::Origin;
use super::clock::Clock;
use super::opened::{Event, Facts, Opened, Round, Take, too_large};
use super::retry::Retry;
use super::scale::Scaler;
use super::source::Source;

/// How long a source may take from its start to its first picture: a camera may send a key picture every five seconds only,
/// and it may take two until it is known that it is to be asked for TCP; dozens of clips may start at once.
pub const FIRST_PICTURE: Millis = Millis(10_000);
/// How long a live source may take from one picture to the next.
pub const NEXT_PICTURE: Millis = Millis(5_000);
/// How long a clip may take from one picture to the next; it may well hold one for a while.
const CLIP_PICTURE: Millis = Millis(60_000);
/// A round that is shorter is followed by a rest of this length: clips of one picture do not keep a processor busy.
const ROUND_MIN: Millis = Millis(100);
/// How much less may come than a clip promises: the last picture's duration, and rounding.
const SLACK_NS: u64 = 500_000_000;
/// Events that wait at most; more say the same again.
const EVENTS: usize = 16;

/// A source that is being played.
pub struct Player {
    mail: SyncSender<Event>,
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// What is known of the player of a source, for inspection.
#[derive(Default)]
pub struct Vitals {
    /// Its threads: the player's own and those of the pipeline.
    pub threads: AtomicI32,
    /// Decoders in the pipeline.
    pub decoders: AtomicU32,
    /// Failures since it was started.
    pub failures: AtomicU32,
}

impl Player {
    /// Starts to play; first waits for the end of the one `before` it.
    pub fn start(source: Arc<Source>, clock: Clock, before: Option<JoinHandle<()>>) -> io::Result<Player> {
        let (mail, post) = sync_channel(EVENTS);
        let stopped = Arc::new(AtomicBool::new(false));
        let run = Run { source, clock, mail: mail.clone(), post, stopped: stopped.clone(), plain: Cell::new(false) };
        let thread = Builder::new().name("bank-player".to_owned()).spawn(move || {
            // A player that panicked has said so; its place is free all the same.
            let _ = before.map(JoinHandle::join);
            run.run();
        })?;
        Ok(Player { mail, stopped, thread })
    }

    /// Ends it, soon; the handle is for whoever needs to know that it has ended.
    pub fn stop(self) -> JoinHandle<()> {
        self.stopped.store(true, Ordering::Release);
        // If the box is full, the player is about to look at it anyway, and then sees the flag.
        let _ = self.mail.try_send(Event::Stop);
        self.thread
    }
}

struct Run {
    source: Arc<Source>,
    clock: Clock,
    mail: SyncSender<Event>,
    post: Receiver<Event>,
    stopped: Arc<AtomicBool>,
    /// It cannot be sent back to its beginning: it is played to its end and opened anew, its last picture standing
    /// meanwhile.
    plain: Cell<bool>,
}

/// How an attempt to play ended.
enum Outcome {
    Stopped,
    /// It has come to its end and cannot be sent back: it is opened anew.
    Over,
    Failed(String),
}

/// What the callback has seen.
struct Seen {
    /// Pictures in this attempt.
    pictures: AtomicU64,
    /// When the last one came.
    at: AtomicU64,
}

impl Run {
    fn run(self) {
        let mut retry = Retry::default();
        self.source.vitals.failures.store(0, Ordering::Relaxed);
        loop {
            self.source.vitals.threads.store(1, Ordering::Relaxed);
            let began = self.clock.now();
            let wait = match self.play() {
                Outcome::Stopped => break,
                Outcome::Over => ROUND_MIN,
                Outcome::Failed(cause) => {
                    self.source.vitals.failures.fetch_add(1, Ordering::Relaxed);
                    self.source.board.fail(&format!("{}: {cause}", self.source.name()));
                    retry.failed(self.clock.now().since(began))
                }
            };
            self.source.vitals.threads.store(1, Ordering::Relaxed);
            self.source.vitals.decoders.store(0, Ordering::Relaxed);
            if !self.rest(wait) {
                break;
            }
        }
        self.source.board.clear();
        self.source.vitals.threads.store(0, Ordering::Relaxed);
    }

    /// Waits, deaf to what a pipeline that is gone had to say. False: stopped.
    fn rest(&self, wait: Millis) -> bool {
        let until = self.clock.now() + wait;
        loop {
            if self.stopped.load(Ordering::Acquire) {
                return false;
            }
            let left = until.since(self.clock.now());
            if left == Millis::ZERO {
                return true;
            }
            // Whatever comes only ends this turn.
            let _ = self.post.recv_timeout(left.duration());
        }
    }

    fn uri(&self) -> Result<String, String> {
        match &self.source.origin {
            Origin::Uri(uri) => Ok(uri.clone()),
            Origin::File(path) if !path.is_file() => Err("the file is not there any more".to_owned()),
            Origin::File(path) => {
                let path = std::path::absolute(path).map_err(|error| error.to_string())?;
                gst::glib::filename_to_uri(path, None).map(Into::into).map_err(|error| error.to_string())
            }
        }
    }

    fn play(&self) -> Outcome {
        let seen = Arc::new(Seen { pictures: AtomicU64::new(0), at: AtomicU64::new(0) });
        let opened = self
            .uri()
            .and_then(|uri| Opened::new(&uri, self.taker(seen.clone()), &self.mail).map_err(|error| error.to_string()));
        match opened {
            Ok(opened) => self.attend(&opened, &seen),
            Err(words) => Outcome::Failed(words),
        }
    }

    /// Waits for what the pipeline says, and answers.
    fn attend(&self, opened: &Opened, seen: &Seen) -> Outcome {
        let live = self.source.card.kind == SourceKind::Live;
        let began = self.clock.now();
        let (mut ready, segments) = (false, !live && !self.plain.get());
        let mut round = began;
        // When it is sent back to its beginning, and whether it has stopped at its end.
        let mut rewind: Option<(Millis, bool)> = None;
        opened.set(if live { gst::State::Playing } else { gst::State::Paused }, &self.mail);
        loop {
            self.tell(&opened.facts);
            let now = self.clock.now();
            if let Some((_, ended)) = rewind.take_if(|(at, _)| *at <= now) {
                round = now;
                if !segments || !opened.rewind(ended, !ended) {
                    return Outcome::Over;
                }
            }
            let (since, limit) = match seen.pictures.load(Ordering::Acquire) {
                0 => (began, FIRST_PICTURE),
                _ => (Millis(seen.at.load(Ordering::Acquire)), if live { NEXT_PICTURE } else { CLIP_PICTURE }),
            };
            if since + limit <= now {
                let further = if since == began { "no picture" } else { "no further picture" };
                return Outcome::Failed(format!("{further} came within {} s", limit.0 / 1_000));
            }
            let until = rewind.map_or(since + limit, |(at, _)| at.min(since + limit));
            let event = self.post.recv_timeout(until.since(now).duration());
            if self.stopped.load(Ordering::Acquire) {
                return Outcome::Stopped;
            }
            match event {
                Ok(Event::Stop) => return Outcome::Stopped,
                Ok(Event::Failure(words)) => return Outcome::Failed(words),
                Ok(Event::Ready) if !ready => {
                    ready = true;
                    // From here on a clip tells the end of each round. One that refuses may be stuck afterwards.
                    if segments && !opened.rewind(true, true) {
                        self.plain.set(true);
                        return Outcome::Over;
                    }
                    opened.set(gst::State::Playing, &self.mail);
                }
                Ok(Event::Ready) => {}
                Ok(Event::Latency) => opened.reckon(),
                Ok(Event::Round | Event::End) if live => return Outcome::Failed("it has ended".to_owned()),
                Ok(Event::Shown(round)) => {
                    if let Some(fault) = fault(round, opened.promised()) {
                        return Outcome::Failed(fault);
                    }
                }
                Ok(ended @ (Event::Round | Event::End)) => {
                    rewind = Some((self.clock.now().max(round + ROUND_MIN), matches!(ended, Event::End)));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Outcome::Stopped,
            }
        }
    }

    fn tell(&self, facts: &Facts) {
        let vitals = &self.source.vitals;
        vitals.threads.store(1 + facts.threads.load(Ordering::Relaxed), Ordering::Relaxed);
        vitals.decoders.store(facts.decoders.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Scales each picture that is shown to the sizes that are wanted at that moment.
    fn taker(&self, seen: Arc<Seen>) -> Take {
        let (source, clock) = (self.source.clone(), self.clock.clone());
        let live = source.card.kind == SourceKind::Live;
        let mut scaler: Option<(gst::Caps, Scaler)> = None;
        Box::new(move |sample, shown| {
            let (Some(buffer), Some(caps)) = (sample.buffer(), sample.caps()) else { return Ok(()) };
            if !live && buffer.pts().is_none() {
                return Err("its pictures do not say when they are to be shown".to_owned());
            }
            if scaler.as_ref().is_none_or(|(known, _)| **known != *caps) {
                if let Some(words) = too_large(caps) {
                    return Err(words);
                }
                let form = video::VideoInfo::from_caps(caps).map_err(|error| format!("{caps}: {error}"))?;
                scaler = Some((caps.to_owned(), Scaler::new(form)));
            }
            let Some((_, scaler)) = &mut scaler else { return Ok(()) };
            let wanted = if shown { source.board.wanted() } else { Vec::new() };
            if shown {
                scaler.keep(|size| wanted.iter().any(|(other, _)| *other == size));
            }
            let tiles: Result<Vec<_>, _> =
                wanted.into_iter().map(|(size, memory)| scaler.tile(buffer, size, memory)).collect();
            source.board.publish(1, tiles?);
            seen.at.store(clock.now().0, Ordering::Release);
            seen.pictures.fetch_add(1, Ordering::Release);
            Ok(())
        })
    }
}

/// What was wrong with a round that has ended, for a source that promises to be so long.
fn fault(round: Round, promised: Option<u64>) -> Option<String> {
    if round.pictures == 0 {
        return Some("not one picture of it could be decoded".to_owned());
    }
    let (promised, reached) = (promised?, round.reached);
    let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
    (promised > reached + SLACK_NS).then(|| {
        format!(
            "it is broken or cut off: it should last {:.1} s, its pictures last {:.1} s; copy it again",
            seconds(promised),
            seconds(reached)
        )
    })
}
