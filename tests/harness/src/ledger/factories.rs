//! The factories as they are seen from outside, and what can be judged by that alone: **I1**, **I2**, **I3**, **I5**, and of
//! **I8** what concerns slots.
//!
//! Between two events a factory does not change, so what was seen at the last one is how it stands.
//!
//! **I3**, precisely: when a slot's actor has ended, the kernel strikes it out first and tells the factory a few turns later
//! in the same instant. So the directory may hold fewer actors than are counted, but not when the clock has moved on; and it
//! never holds more.

mod book;

use std::collections::BTreeMap;
use std::fmt;

use actors_cores::factory::{Effect, Redeemed, Refusal, Reserved};
use actors_protocol::gateway::Released;
use actors_protocol::{InstanceName, NodeName, ServiceName, SlotId, SlotState, Ticket};
use media_session::observe::{Seen, Sighting};

use super::agreement::{Census, Pool};
use super::reach::Reach;
use super::{NodeLife, Notes};
use crate::domain::is_slot;
use crate::report::Invariant;
use book::Book;

/// One timer: the core counts whole milliseconds from the start of its node, timers tick in milliseconds.
const ONE_TIMER: u64 = 5;
/// A slot's actor that is asked to stop is killed after two seconds if it has not.
const STOPPED_AFTER: u64 = 2_000 + ONE_TIMER;

/// An instance on one life of a node.
type Key = (NodeLife, InstanceName);

/// A slot that was free all the time.
pub(super) struct FreeSlot {
    pub host: NodeName,
    pub gateway: NodeName,
    instance: InstanceName,
    slot: SlotId,
    since: u64,
}

impl fmt::Display for FreeSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} on {}, free since {} ms,", self.slot, self.instance, self.host, self.since)
    }
}

/// All factories of a run.
#[derive(Default)]
pub(super) struct Factories {
    books: BTreeMap<Key, Book>,
    /// Every ticket that was ever given out: how often it opened a session.
    tickets: BTreeMap<Ticket, u32>,
    /// When one was last seen to be gone: that is a change, too.
    gone: u64,
}

impl Factories {
    pub fn sighted(&mut self, notes: &mut Notes, life: &NodeLife, sighting: &Sighting<'_>) {
        let now = notes.now();
        let key = (life.clone(), sighting.create.instance.clone());
        if matches!(sighting.what, Seen::Begun) {
            notes.trace("begun", sighting.incarnation.0);
            self.books.insert(key, Book::new(now, sighting));
            return;
        }
        let Some(book) = self.books.get_mut(&key).filter(|book| book.incarnation == sighting.incarnation) else {
            return notes.violated(Invariant::Words, format!("{key:?} acts and has not begun"));
        };
        let tickets = &mut self.tickets;
        match &sighting.what {
            Seen::Begun => {}
            Seen::Reserved(ask, reserved) => {
                if let Reserved::Granted { ticket, slot, hold } = reserved {
                    notes.trace("granted", u64::from(slot.0));
                    tickets.entry(*ticket).or_default();
                    book.granted(notes, ask, *ticket, *slot, hold.0);
                }
            }
            Seen::Released(request, released) => {
                if **released == Released::Freed {
                    book.released(*request);
                }
            }
            Seen::Redeemed(ticket, Redeemed::Opened(admission)) => {
                notes.trace("opened", admission.session.0);
                match tickets.get_mut(ticket) {
                    None => notes.violated(Invariant::I2, "a ticket that was never given out opened a session"),
                    Some(times) => {
                        *times += 1;
                        if *times > 1 {
                            let words = format!("a ticket opened {times} sessions, the last in {}", admission.slot);
                            notes.violated(Invariant::I2, words);
                        }
                    }
                }
                book.opened(notes, *ticket, admission);
            }
            Seen::Redeemed(_, Redeemed::Refused(refusal)) => {
                if *refusal == Refusal::Reused {
                    notes.premise(Invariant::I2);
                }
            }
            Seen::Resumed(_, redeemed) => {
                if let Redeemed::Opened(admission) = redeemed {
                    notes.event("factory: resumed");
                    book.resumed(notes, admission);
                }
            }
            Seen::Effect(Effect::Over { session, slot, .. }) => book.over(*session, *slot),
            Seen::Effect(_) => {}
            Seen::Settled => {
                book.settled(notes, sighting);
                let living = sighting.node.children(&book.path).iter().filter(|(path, _)| is_slot(path)).count();
                book.compare(notes, living);
                if notes.inside
                    && let Err(words) = sighting.core.check()
                {
                    notes.violated(invariant_of(&words), format!("from inside, {key:?}: {words}"));
                }
            }
        }
    }

    /// What must not last, and what only the kernel can tell.
    pub fn tick(&mut self, notes: &mut Notes, reach: &Reach, census: &[Census]) {
        for of in census {
            let instance = of.factory.as_str().strip_prefix("instance/").and_then(|name| name.parse().ok());
            let book = instance.and_then(|instance: InstanceName| self.books.get_mut(&(of.life.clone(), instance)));
            // A life that has just been brought back has not begun before its first turn.
            let Some(book) = book.filter(|book| book.incarnation == of.incarnation) else { continue };
            book.compare(notes, of.slots.len());
            for path in &of.slots {
                let number = path.as_str().rsplit_once("/slot-").and_then(|(_, number)| number.parse().ok());
                if !number.is_some_and(|number| book.slots.contains_key(&SlotId(number))) {
                    notes.violated(Invariant::I8, format!("{path} on {} lives and is no slot", of.life.node));
                }
            }
            if reach.life(&of.life.node) == Some(of.life.life) {
                book.overdue(notes);
            }
        }
        // A factory whose actor has ended is not judged any more.
        let (before, now) = (self.books.len(), notes.now());
        self.books.retain(|key, book| {
            let lives = |of: &Census| of.life == key.0 && of.factory == book.path && of.incarnation == book.incarnation;
            book.begun + 1 >= now || census.iter().any(lives)
        });
        if self.books.len() < before {
            self.gone = now;
        }
    }

    fn present<'a>(&'a self, reach: &'a Reach) -> impl Iterator<Item = (&'a Key, &'a Book)> {
        self.books.iter().filter(|((life, _), _)| reach.life(&life.node) == Some(life.life))
    }

    /// Slots that `service` could have had at any time since `since`, in factories that had begun by `begun_by`.
    pub fn free_throughout(&self, reach: &Reach, service: &ServiceName, since: u64, begun_by: u64) -> Vec<FreeSlot> {
        let mut free = Vec::new();
        for ((life, instance), book) in self.present(reach).filter(|(_, book)| book.begun <= begun_by) {
            if book.has_room_since(service, since) {
                let of = |(slot, (state, free_since)): (&SlotId, &(SlotState, u64))| {
                    (*state == SlotState::Free && *free_since < since).then(|| FreeSlot {
                        host: life.node.clone(),
                        gateway: book.gateway.clone(),
                        instance: instance.clone(),
                        slot: *slot,
                        since: *free_since,
                    })
                };
                free.extend(book.slots.iter().filter_map(of));
            }
        }
        free
    }

    /// When one of them changed last, or went.
    pub fn changed_last(&self, reach: &Reach) -> u64 {
        self.present(reach).map(|(_, book)| book.changed).chain([self.gone]).max().unwrap_or(0)
    }

    /// The pools as they are in truth.
    pub fn pools(&self, reach: &Reach) -> Vec<Pool> {
        let pool = |((life, instance), book): (&Key, &Book)| book.pool(&life.node, instance);
        let mut pools: Vec<_> = self.present(reach).map(pool).collect();
        pools.sort();
        pools
    }

    pub fn all_free(&self, reach: &Reach, wanted: &[(InstanceName, u32)]) -> Result<(), String> {
        for (instance, slots) in wanted {
            let of: Vec<_> = self.present(reach).filter(|((_, name), _)| name == instance).collect();
            let [((life, _), book)] = of[..] else {
                let places: Vec<_> = of.iter().map(|((life, _), _)| life.node.as_str()).collect();
                return Err(format!("{instance} runs on {places:?}, and should run once"));
            };
            let free = book.slots.values().filter(|(state, _)| *state == SlotState::Free).count();
            if free != *slots as usize || book.slots.len() != free {
                return Err(format!("{instance} on {} should have {slots} free slots: {:?}", life.node, book.slots));
            }
        }
        Ok(())
    }
}

/// The core says which invariant it found broken.
fn invariant_of(words: &str) -> Invariant {
    let found = Invariant::ALL.iter().find(|of| words.starts_with(of.words().split(' ').next().unwrap_or("?")));
    found.copied().unwrap_or(Invariant::Words)
}
