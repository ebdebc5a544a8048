//! What a run prints: how often each fault struck, how often each invariant's premise held, how requests ended. A run that
//! never met a fault, or never had a reason to look, has shown nothing: in a batch a zero fails.
//!
//! Owns: the lists of faults and of invariants, the counts, their sum over runs, the table. Refuses: judging.

use std::collections::BTreeMap;
use std::fmt;

use crate::net::Counters;

macro_rules! kinds {
    ($(#[$doc:meta])* $type:ident { $( $(#[$kind_doc:meta])* $kind:ident => $words:literal, )* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type { $( $(#[$kind_doc])* $kind, )* }

        impl $type {
            /// Every one of them.
            pub const ALL: &'static [$type] = &[$( $type::$kind, )*];

            /// In words.
            pub const fn words(self) -> &'static str {
                match self { $( $type::$kind => $words, )* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.words())
            }
        }
    };
}

kinds! {
    /// What goes wrong in a run. Faults of single datagrams are counted by the network.
    Fault {
        /// A node's links lose, double, delay and reorder.
        Storm => "storm on a node's links",
        /// One link delays by half a second and more.
        Slow => "slow link between two nodes",
        /// Two nodes: one does not hear the other.
        CutOneWay => "one-way partition of two nodes",
        /// Two nodes: neither hears the other.
        CutBoth => "partition of two nodes",
        /// A node hears nobody.
        Isolation => "a node cut off from all others",
        /// Without goodbye, and started again.
        CrashOrchestrator => "crash of the orchestrator",
        /// See above.
        CrashZone => "crash of a zone",
        /// See above.
        CrashHost => "crash of a host",
        /// See above.
        CrashResolver => "crash of a resolver",
        /// A host dies while its last words are still under way.
        LastWords => "crash behind a slow link, back at once",
        /// Cut off, and started anew somewhere else; then the old one is back too.
        Replaced => "a node replaced while cut off, and back",
        /// Drained, closed and started again.
        Restart => "orderly restart of a node",
        /// The actor of a slot.
        KillSession => "killed session actor",
        /// The actor of an instance.
        KillFactory => "killed factory",
        /// The actor of a zone's gateway.
        KillGateway => "killed gateway",
        /// The actor of a resolver.
        KillResolver => "killed resolver",
        /// Any other role's actor.
        KillRole => "killed orchestrator, zone, host or member",
        /// An instance is drained, and the drain is taken back.
        Drain => "drain, taken back",
        /// An instance is given another number of slots, and its own again.
        Resize => "resize, taken back",
        /// An instance withdraws its free slots as under overload, and offers them again.
        Withdrawal => "free slots withdrawn, and offered again",
        /// The actor that draws and encodes for the sessions of an instance.
        KillStudio => "killed studio",
        /// A page that cannot be drawn is asked for.
        PageBroken => "painter failed",
        /// A page is asked for whose painter panics.
        PagePanics => "painter panicked",
        /// An encoder breaks.
        EncoderFails => "encoder failed",
        /// A picture takes longer than pictures have time.
        DrawSlow => "slow draw",
        /// A picture never comes.
        DrawStuck => "draw that never ends",
        /// What is behind a page looks different.
        SourceChanged => "source changed",
        /// A viewer's machine is gone.
        ViewerVanished => "viewer vanished without goodbye",
        /// A viewer's network is away for a few seconds.
        ViewerCut => "viewer cut off for a while",
        /// A viewer stops reading.
        ViewerStalled => "viewer stalled",
        /// A viewer gives up while its session is being opened.
        ViewerGaveUp => "viewer gave up while opening",
    }
}

kinds! {
    /// What must hold, whatever happens (design, tests).
    Invariant {
        /// A slot has at most one lease or session.
        I1 => "I1 one holder per slot",
        /// A ticket is redeemed at most once.
        I2 => "I2 a ticket opens once",
        /// Counts equal living slot actors.
        I3 => "I3 counts are living actors",
        /// No request is refused while one reachable slot of its service was free throughout.
        I4 => "I4 no refusal beside a free slot",
        /// A lapsed lease frees its slot within one timer.
        I5 => "I5 a lapsed lease frees its slot",
        /// No act for an older incarnation.
        I6 => "I6 no act for an older life",
        /// One second after quiet, resolvers agree with factories.
        I7 => "I7 resolvers agree with factories",
        /// No orphan actor or task.
        I8 => "I8 no orphan actor or task",
        /// No call outside the role table.
        I9 => "I9 no call outside the table",
        /// What a viewer is handed can be decoded: a picture that is no key picture follows the very one that its encoder
        /// made before it.
        I10 => "I10 each delta follows the picture before it",
        /// Sessions of equal view, format and rung share a rendition three seconds after quiet, and none without sessions
        /// outlives its linger.
        I11 => "I11 what is equal is shared",
        /// A picture that echoes an input shows what that input or a later one led to, and a second after quiet the
        /// session sees what its last input led to.
        I12 => "I12 an acknowledged input is shown",
        /// When everything is calm, a deployment has all of its slots, for good, or none; and all, if it was promised.
        I13 => "I13 all of a deployment or nothing",
        /// No instance of a deployment that stands ends by itself.
        I14 => "I14 what is committed does not end by itself",
        /// Pictures come in decoding order, and their numbers tell what is missing.
        Pictures => "pictures decodable and numbered",
        /// When the faults are over, everything that should run runs again, and every slot is free again.
        Recovery => "all is well again after the faults",
        /// Refusals, faults and ends come in the words that are promised for them.
        Words => "answers as promised",
    }
}

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// Milliseconds since the run began.
    pub at: u64,
    /// What was seen.
    pub words: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}.{:03} s] {}: {}", self.at / 1_000, self.at % 1_000, self.invariant, self.words)
    }
}

/// The counts of one run, or of many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How often each fault struck.
    pub faults: BTreeMap<Fault, u64>,
    /// How often there was reason to look at each invariant.
    pub premises: BTreeMap<Invariant, u64>,
    /// How often what else happened: how requests and sessions ended, what hostile viewers tried.
    pub events: BTreeMap<&'static str, u64>,
    /// Datagrams.
    pub net: Counters,
}

impl Report {
    /// One more fault.
    pub fn fault(&mut self, fault: Fault) {
        *self.faults.entry(fault).or_default() += 1;
    }

    /// One more reason to look.
    pub fn premise(&mut self, invariant: Invariant) {
        *self.premises.entry(invariant).or_default() += 1;
    }

    /// One more of something else.
    pub fn event(&mut self, words: &'static str) {
        *self.events.entry(words).or_default() += 1;
    }

    /// Adds another run's counts.
    pub fn add(&mut self, other: &Report) {
        other.faults.iter().for_each(|(fault, count)| *self.faults.entry(*fault).or_default() += count);
        other.premises.iter().for_each(|(premise, count)| *self.premises.entry(*premise).or_default() += count);
        other.events.iter().for_each(|(event, count)| *self.events.entry(event).or_default() += count);
        self.net += other.net;
    }

    /// Faults that never struck and premises that never held.
    pub fn zeros(&self) -> Vec<String> {
        let faults = Fault::ALL.iter().filter(|fault| !self.faults.contains_key(fault)).map(ToString::to_string);
        // Deployments have runs of their own.
        let here = Invariant::ALL.iter().filter(|invariant| !matches!(invariant, Invariant::I13 | Invariant::I14));
        let premises = here.filter(|invariant| !self.premises.contains_key(invariant));
        let net = self.net.rows().into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name);
        // Nothing here is limited in rate or slow to read: the network's own tests and the timed ones do that.
        let net = net.filter(|name| !matches!(*name, "choked" | "overrun")).map(|name| format!("datagrams {name}"));
        faults.chain(premises.map(ToString::to_string)).chain(net).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  faults")?;
        for fault in Fault::ALL {
            writeln!(f, "    {fault:<44} {:>9}", self.faults.get(fault).copied().unwrap_or(0))?;
        }
        writeln!(f, "  premises")?;
        for invariant in Invariant::ALL {
            writeln!(f, "    {invariant:<44} {:>9}", self.premises.get(invariant).copied().unwrap_or(0))?;
        }
        writeln!(f, "  events")?;
        for (event, count) in &self.events {
            writeln!(f, "    {event:<44} {count:>9}")?;
        }
        writeln!(f, "  datagrams")?;
        for (name, count) in self.net.rows() {
            writeln!(f, "    {name:<44} {count:>9}")?;
        }
        Ok(())
    }
}
