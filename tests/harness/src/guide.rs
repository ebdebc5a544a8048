//! What the sessions of the instance `epg` show: numbers instead of pages, painted into small pictures, and an encoder whose
//! access units say what they are. The factory, the studio and the sessions are the true ones.
//!
//! ```text
//!   key, pointer ──► page (a number) ──► painter writes page and stamp into the canvas ──► encoder: one line of text
//!                                        │ some pages move, one cannot be drawn,           │ "page stamp encoder index key"
//!                                        └ one panics, some draws take long                └ fails now and then
//! ```
//!
//! Owns: the pages, the faults of media and when they strike. Refuses: judging what viewers are given (`sight`) and what the
//! studio decides (the ledger).

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use actors_protocol::Millis;
use actors_protocol::input::InputEvent;
use bytes::Bytes;
use media_session::{Audience, Production, Staging, StudioSetup, Takes, Trial};
use media_share::ports::Attendance;
use media_share::renditions::Flaw;
use media_share::{Codec, Encoded, Encoder, Encoders, Format, I420, Interaction, MediaFault, Painter, Size, Target};

use crate::cast::name;
use crate::net::Random;
use crate::report::Fault;

/// The builder's word.
pub const BUILDER: &str = "guide";
/// The service.
pub const SERVICE: &str = "guide.sim";

/// The page that a session begins with.
pub const BEGIN: u32 = 0;
/// Pages that are pressed for; besides these and the two that follow there are those of the timed tests.
pub const PAGES: u32 = 4;
/// Goes on to page 1 by itself after `PASSES_AFTER`.
pub const PASSING: u32 = 3;
/// See [`PASSING`].
pub const PASSES_TO: u32 = 1;
/// See [`PASSING`].
const PASSES_AFTER: Millis = Millis(400);
/// Cannot be drawn.
pub const BROKEN: u32 = 4;
/// Panics when it is drawn.
pub const PANICS: u32 = 5;

/// Moves at each tick.
pub const FILM: u32 = 6;
/// The same, and another page.
pub const OTHER_FILM: u32 = 7;
/// Each of its draws never ends.
pub const STALLS: u32 = 8;

/// Small: what is in a picture does not matter here.
const SIDE: u16 = 8;
/// Pictures of a page that moves, per thousand seconds.
const RATE: u32 = 20_000;
/// A draw that takes so long is never waited for.
const STUCK: Millis = Millis(2_600);

/// How media goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mood {
    /// How often an encoder fails, per picture.
    pub encoder_fails: f64,
    /// How often a draw never ends, per picture.
    pub stuck: f64,
    /// How often a draw takes 50 to 150 ms, and not 1 to 8.
    pub slow: f64,
    /// How long pictures are made, at most, when they are not slow.
    pub takes: Millis,
    /// Pages 1 and 2 move, now and then.
    pub moves: bool,
}

impl Mood {
    /// Nothing goes wrong, and nothing takes any time.
    pub const WELL: Mood = Mood { encoder_fails: 0.0, stuck: 0.0, slow: 0.0, takes: Millis::ZERO, moves: false };
    /// As in a run with faults.
    pub const BAD: Mood = Mood { encoder_fails: 0.002, stuck: 0.001, slow: 0.03, takes: Millis(8), moves: true };
}

/// What all studios of a run have in common: their chance, and what has struck. A clone is the same.
#[derive(Clone)]
pub struct Media(Arc<Shared>);

struct Shared {
    mood: Mood,
    random: Mutex<Random>,
    struck: Mutex<Vec<Fault>>,
    /// From now on nothing goes wrong any more.
    calm: AtomicBool,
    /// Every draw takes so long; 0 = as the mood says.
    takes: AtomicU64,
    encoders: AtomicU64,
    attended: AtomicU64,
}

impl Media {
    /// For a run of this chance.
    pub fn new(mood: Mood, random: Random) -> Media {
        Media(Arc::new(Shared {
            mood,
            random: Mutex::new(random),
            struck: Mutex::default(),
            calm: AtomicBool::new(false),
            takes: AtomicU64::new(0),
            encoders: AtomicU64::new(0),
            attended: AtomicU64::new(0),
        }))
    }

    /// What has struck since the last call.
    pub fn struck(&self) -> Vec<Fault> {
        std::mem::take(&mut *self.0.struck.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Nothing strikes from now on.
    pub fn calm(&self) {
        self.0.calm.store(true, Relaxed);
    }

    /// Every draw takes so long from now on.
    pub fn slow_down(&self, takes: Millis) {
        self.0.takes.store(takes.0, Relaxed);
    }

    /// Attendances that are held.
    pub fn attended(&self) -> u64 {
        self.0.attended.load(Relaxed)
    }

    /// What an instance of the guide shows.
    pub fn production(&self, flaw: Flaw, audience: Option<Audience<u32>>) -> Production {
        let format = Format { codec: Codec::H264, width: SIDE, height: SIDE, rate_millihertz: RATE, bit_rate: None };
        let staging = Staging::new(StudioSetup {
            painter: Arc::new(Pages(self.clone())),
            encoders: Arc::new(Scribes(self.clone())),
            threads: 0,
            formats: [(name(SERVICE), format)].into(),
            interactions: Rc::new(|_, _| Box::new(Walk { page: BEGIN, leaves: None })),
            sources: Rc::new(Default::default),
        });
        let media = self.clone();
        let takes: Takes<u32> = Rc::new(move |page| media.takes(*page));
        let staging = staging.expect("an even size").on_trial(Trial { flaw, takes: Some(takes), audience });
        Production::Staged(Rc::new(staging))
    }

    fn strike(&self, fault: Fault) {
        self.0.struck.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    fn chance(&self, probability: f64) -> bool {
        let drawn = self.0.random.lock().unwrap_or_else(PoisonError::into_inner).chance(probability);
        drawn && !self.0.calm.load(Relaxed)
    }

    fn within(&self, least: u64, most: u64) -> Millis {
        Millis(least + self.0.random.lock().unwrap_or_else(PoisonError::into_inner).below(most - least + 1))
    }

    fn takes(&self, page: u32) -> Millis {
        let takes = self.0.takes.load(Relaxed);
        if page == STALLS {
            return STUCK;
        }
        if takes > 0 {
            return Millis(takes);
        }
        let mood = self.0.mood;
        if self.chance(mood.stuck) {
            self.strike(Fault::DrawStuck);
            return STUCK;
        }
        if self.chance(mood.slow) {
            self.strike(Fault::DrawSlow);
            return self.within(50, 150);
        }
        self.within(0, mood.takes.0)
    }

    /// A page that moves does so for two seconds of six, at each tick or thrice a second.
    fn stamp(&self, page: u32, now: Millis) -> u64 {
        let moving = now.0 % 6_000 / 2_000 == u64::from(page % 3);
        match page {
            1 if self.0.mood.moves => now.0 / 6_000 * 100 + if moving { now.0 % 2_000 / 50 } else { 99 },
            2 if self.0.mood.moves => now.0 / 6_000 * 10 + if moving { now.0 % 2_000 / 300 } else { 9 },
            FILM | OTHER_FILM => now.0 / 50,
            // Stamps tell of pixels of one view, and not which view it is.
            _ => 0,
        }
    }
}

struct Pages(Media);

struct Attended(Media);

impl Drop for Attended {
    fn drop(&mut self) {
        self.0.0.attended.fetch_sub(1, Relaxed);
    }
}

impl Painter for Pages {
    type View = u32;

    fn attend(&self, _: &u32, _: Size) -> Attendance {
        self.0.0.attended.fetch_add(1, Relaxed);
        Box::new(Attended(self.0.clone()))
    }

    fn stamp(&self, page: &u32, _: Size, now: Millis) -> u64 {
        self.0.stamp(*page, now)
    }

    fn paint(&self, page: &u32, now: Millis, canvas: &mut I420) -> Result<(), MediaFault> {
        let stamp = self.0.stamp(*page, now);
        match *page {
            BROKEN => {
                self.0.strike(Fault::PageBroken);
                return Err(MediaFault("this page cannot be drawn".to_owned()));
            }
            PANICS => {
                self.0.strike(Fault::PagePanics);
                // Without the words of the panic hook: it is on purpose.
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            1 | 2 if stamp != 0 => self.0.strike(Fault::SourceChanged),
            _ => {}
        }
        let bytes = canvas.bytes_mut();
        bytes[..4].copy_from_slice(&page.to_le_bytes());
        bytes[4..12].copy_from_slice(&stamp.to_le_bytes());
        Ok(())
    }
}

struct Scribes(Media);

struct Scribe {
    media: Media,
    number: u64,
    index: u64,
}

impl Encoders for Scribes {
    fn make(&self, _: Target) -> Result<Box<dyn Encoder>, MediaFault> {
        let number = self.0.0.encoders.fetch_add(1, Relaxed);
        Ok(Box::new(Scribe { media: self.0.clone(), number, index: 0 }))
    }
}

impl Encoder for Scribe {
    fn encode(&mut self, picture: &I420, _: u64, key: bool) -> Result<Encoded, MediaFault> {
        if self.media.chance(self.media.0.mood.encoder_fails) {
            self.media.strike(Fault::EncoderFails);
            return Err(MediaFault("the encoder is broken".to_owned()));
        }
        let bytes = picture.bytes();
        let page = u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"));
        let stamp = u64::from_le_bytes(bytes[4..12].try_into().expect("eight bytes"));
        let key = key || self.index == 0;
        let (encoder, index) = (self.number, self.index);
        self.index += 1;
        let data = Bytes::from(Unit { page, stamp, encoder, index, key }.to_string());
        Ok(Encoded { key, data })
    }

    fn set_bit_rate(&mut self, _: u32) {}
}

/// An access unit: what it shows, and what it follows. One that is no key picture follows the one of its encoder before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// What it shows.
    pub page: u32,
    /// In which state.
    pub stamp: u64,
    /// Who made it.
    pub encoder: u64,
    /// Its place with that one.
    pub index: u64,
    /// It follows nothing.
    pub key: bool,
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Unit { page, stamp, encoder, index, key } = self;
        write!(f, "{page} {stamp} {encoder} {index} {}", u8::from(*key))
    }
}

impl Unit {
    /// Reads it; none if these bytes are none.
    pub fn read(bytes: &[u8]) -> Option<Unit> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut words = text.split(' ').map(|word| word.parse::<u64>().ok());
        let mut next = || words.next().flatten();
        let (page, stamp, encoder, index, key) = (next()?, next()?, next()?, next()?, next()?);
        Some(Unit { page: page.try_into().ok()?, stamp, encoder, index, key: key == 1 })
    }
}

/// The page that an input leads to, whatever was shown before; none if it is no input that leads anywhere.
pub fn leads_to(event: &InputEvent) -> Option<u32> {
    match event {
        InputEvent::Key { keysym, down: true } => Some(*keysym),
        InputEvent::Pointer { x, .. } => Some(u32::from(*x)),
        _ => None,
    }
}

struct Walk {
    page: u32,
    leaves: Option<Millis>,
}

impl Interaction for Walk {
    type View = u32;

    fn view(&self) -> u32 {
        self.page
    }

    fn input(&mut self, now: Millis, event: &InputEvent) {
        if let Some(page) = leads_to(event) {
            self.page = page;
            self.leaves = (page == PASSING).then(|| now + PASSES_AFTER);
        }
    }

    fn poll_timeout(&self) -> Option<Millis> {
        self.leaves
    }

    fn on_timeout(&mut self, now: Millis) {
        if self.leaves.is_some_and(|leaves| leaves <= now) {
            self.page = PASSES_TO;
            self.leaves = None;
        }
    }

    fn focus(&self) -> Option<String> {
        Some(self.page.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_unit_is_read_as_it_was_written() {
        let unit = Unit { page: 3, stamp: 1_702, encoder: 9, index: 12, key: true };
        assert_eq!(Unit::read(unit.to_string().as_bytes()), Some(unit));
        assert_eq!(Unit::read(b"picture 7....."), None);
    }
}
