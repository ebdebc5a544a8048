//! The books of a run: what was seen of the true shells, and whether it keeps the invariants.
//!
//! ```text
//!   factory, gateway, resolver, orchestrator ──sighting, after every event──► ledger ──► violations, premises
//!   faults, lives of nodes ───────────────────────────────────────────────────►  │
//!   ticks (what must not last) ───────────────────────────────────────────────►  ┘
//! ```
//!
//! What is judged is seen from outside: grants, redemptions, states, the kernel's directory, the reports that are believed.
//! The cores' own `check` is asked besides, unless a test wants to see that it is not needed.
//!
//! Owns: everything a run remembers. Refuses: to act on the domain.

mod agreement;
mod factories;
mod lives;
mod reach;
mod requests;
mod sharing;

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::rc::Rc;

use actors_control::observe::{GatewayObserver, Observers, OrchestratorObserver, ResolverObserver, ResolverSeen};
use actors_protocol::NodeName;
use tokio::time::Instant;

use crate::report::{Fault, Invariant, Report, Violation};
use agreement::Resolvers;
use factories::Factories;
use lives::Lives;
use requests::Requests;
use sharing::Studios;

pub use agreement::Census;
pub use reach::{Reach, SETTLE, Trouble};

/// A run with so many violations has shown enough.
const VIOLATIONS_MAX: usize = 50;

/// One life of a node: its name, and the number that its incarnation is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeLife {
    /// The node.
    pub node: NodeName,
    /// Which life.
    pub life: u64,
}

/// See the module. A clone is the same ledger.
#[derive(Clone)]
pub struct Ledger(Rc<RefCell<Books>>);

/// What the parts of the ledger share.
pub(crate) struct Notes {
    origin: Instant,
    inside: bool,
    /// Tell what happens when it happens: for whoever looks into one seed.
    aloud: bool,
    report: Report,
    violations: Vec<Violation>,
    trace: u64,
    /// When each kind of fault struck last.
    struck: BTreeMap<Fault, u64>,
}

struct Books {
    notes: Notes,
    factories: Factories,
    requests: Requests,
    lives: Lives,
    resolvers: Resolvers,
    reach: Reach,
    studios: Studios,
}

impl Notes {
    /// Milliseconds since the run began.
    pub(crate) fn now(&self) -> u64 {
        self.origin.elapsed().as_millis() as u64
    }

    pub(crate) fn violated(&mut self, invariant: Invariant, words: impl Display) {
        let violation = Violation { invariant, at: self.now(), words: words.to_string() };
        let known = self.violations.iter().any(|known| known.invariant == invariant && known.words == violation.words);
        if !known && self.violations.len() < VIOLATIONS_MAX {
            self.say(&violation);
            self.violations.push(violation);
        }
    }

    pub(crate) fn say(&self, words: &dyn Display) {
        if self.aloud {
            println!("{:>9.3} s  {words}", self.now() as f64 / 1e3);
        }
    }

    pub(crate) fn premise(&mut self, invariant: Invariant) {
        self.report.premise(invariant);
    }

    pub(crate) fn event(&mut self, words: &'static str) {
        self.report.event(words);
    }

    /// Two runs of one seed see the same things at the same times: what was seen is hashed (FNV-1a).
    fn trace(&mut self, words: &str, number: u64) {
        let now = self.now().to_le_bytes();
        for byte in words.bytes().chain(now).chain(number.to_le_bytes()) {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

impl Ledger {
    /// The books of a run that begins now. `inside`: the cores are asked to check themselves, too. `aloud`: what happens is
    /// printed.
    pub fn new(inside: bool, aloud: bool) -> Ledger {
        let notes = Notes {
            origin: Instant::now(),
            inside,
            aloud,
            report: Report::default(),
            violations: Vec::new(),
            trace: 0xcbf2_9ce4_8422_2325,
            struck: BTreeMap::new(),
        };
        Ledger(Rc::new(RefCell::new(Books {
            notes,
            factories: Factories::default(),
            requests: Requests::default(),
            lives: Lives::default(),
            resolvers: Resolvers::default(),
            reach: Reach::default(),
            studios: Studios::default(),
        })))
    }

    fn books(&self) -> RefMut<'_, Books> {
        self.0.borrow_mut()
    }

    /// Milliseconds since the run began.
    pub fn now(&self) -> u64 {
        self.0.borrow().notes.now()
    }

    /// A fault strikes somebody.
    pub fn fault(&self, fault: Fault, whom: impl Display) {
        let mut books = self.books();
        books.notes.say(&format_args!("{fault}: {whom}"));
        books.notes.report.fault(fault);
        books.notes.trace(fault.words(), 0);
        let now = books.notes.now();
        books.notes.struck.insert(fault, now);
    }

    /// When a fault of this kind struck last, in milliseconds since the run began. One of the media is known at the next
    /// tick.
    pub fn struck(&self, fault: Fault) -> Option<u64> {
        self.books().notes.struck.get(&fault).copied()
    }

    /// Something else worth counting.
    pub fn event(&self, words: &'static str) {
        let mut books = self.books();
        books.notes.event(words);
        books.notes.trace(words, 0);
    }

    /// There was reason to look at an invariant.
    pub fn premise(&self, invariant: Invariant) {
        self.books().notes.premise(invariant);
    }

    /// An invariant is broken.
    pub fn violated(&self, invariant: Invariant, words: impl Display) {
        self.books().notes.violated(invariant, words);
    }

    /// Who is up, and who is in trouble.
    pub fn reach(&self) -> RefMut<'_, Reach> {
        RefMut::map(self.books(), |books| &mut books.reach)
    }

    /// To be given a fault: it begins, and from then on nothing is promised over there.
    pub fn trouble_begins(&self, trouble: &Trouble) {
        let now = self.now();
        self.reach().begins(now, trouble);
    }

    /// It is over; after [`SETTLE`] everything is promised again.
    pub fn trouble_ends(&self, trouble: &Trouble) {
        let now = self.now();
        self.books().notes.say(&format_args!("over: {trouble:?}"));
        self.reach().ends(now, trouble);
    }

    /// What was counted, with the datagrams of the run's network.
    pub fn report(&self, net: crate::net::Counters) -> Report {
        let mut report = self.0.borrow().notes.report.clone();
        report.net = net;
        report
    }

    /// What was broken, in order.
    pub fn violations(&self) -> Vec<Violation> {
        self.0.borrow().notes.violations.clone()
    }

    /// A number that two runs of one seed have in common.
    pub fn trace(&self) -> u64 {
        self.0.borrow().notes.trace
    }

    /// Looks on at the factories of one life of a node.
    pub fn watch_factories(&self, life: NodeLife) -> media_session::observe::Observer {
        let ledger = self.clone();
        Rc::new(move |sighting| {
            let mut books = ledger.books();
            let Books { notes, factories, .. } = &mut *books;
            factories.sighted(notes, &life, sighting);
        })
    }

    /// Looks on at the studios of one life of a node.
    pub fn watch_studios(&self, life: NodeLife) -> media_session::Audience<u32> {
        let ledger = self.clone();
        Rc::new(move |scene| {
            let mut books = ledger.books();
            let Books { notes, studios, .. } = &mut *books;
            studios.seen(notes, &life, scene);
        })
    }

    /// Something was seen that two runs of a seed have in common.
    pub fn noticed(&self, words: &str, number: u64) {
        self.books().notes.trace(words, number);
    }

    /// Looks on at the gateway and the resolver of one life of a node.
    pub fn watch_roles(&self, life: NodeLife) -> Observers {
        let gateway: GatewayObserver = {
            let (ledger, life) = (self.clone(), life.clone());
            Rc::new(move |sighting| {
                let mut books = ledger.books();
                let Books { notes, lives, .. } = &mut *books;
                notes.trace("gateway", sighting.core.pools().map(|(_, _, seq)| seq).sum());
                lives.gateway(notes, &life, sighting);
            })
        };
        let resolver: ResolverObserver = {
            let ledger = self.clone();
            Rc::new(move |sighting| {
                let mut books = ledger.books();
                let Books { notes, lives, requests, resolvers, factories, reach, .. } = &mut *books;
                match &sighting.what {
                    ResolverSeen::Asked(open) => requests.asked(notes, &life, sighting.incarnation, open),
                    ResolverSeen::Answered(request, opening) => {
                        requests.answered(notes, factories, reach, &life, sighting.incarnation, *request, opening);
                    }
                    ResolverSeen::Settled => {
                        lives.resolver(notes, &life, sighting);
                        resolvers.settled(&life, sighting.incarnation, sighting.core);
                    }
                }
            })
        };
        Observers { gateway: Some(gateway), resolver: Some(resolver) }
    }

    /// Looks on at the orchestrator.
    pub fn watch_orchestrator(&self) -> OrchestratorObserver {
        let ledger = self.clone();
        Rc::new(move |sighting| {
            let mut books = ledger.books();
            let Books { notes, lives, .. } = &mut *books;
            lives.orchestrator(notes, sighting.core);
        })
    }

    /// Time has passed: what must not last is looked at. `census` is what the kernel's directories hold.
    pub fn tick(&self, census: &[Census]) {
        let mut books = self.books();
        let Books { notes, factories, resolvers, reach, studios, .. } = &mut *books;
        studios.tick(notes, census);
        factories.tick(notes, reach, census);
        resolvers.tick(notes, reach, factories);
    }

    /// How often the resolvers were compared with the factories, and agreed.
    pub fn agreements(&self) -> u64 {
        self.0.borrow().resolvers.agreements
    }

    /// Is every slot that lives free, and does every instance have as many as it should? In words, if not.
    pub fn all_free(&self, wanted: &[(actors_protocol::InstanceName, u32)]) -> Result<(), String> {
        let books = self.0.borrow();
        books.factories.all_free(&books.reach, wanted)
    }
}
