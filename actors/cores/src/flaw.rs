//! Deliberately wrong decisions, one per invariant, so that the harness can show that each invariant is really checked.
//!
//! A flawed core is the true core with one decision changed. Without the cargo feature `flaws` (or this crate's own unit
//! tests) there is nothing to switch on: [`Flaw`] has one value, the check is the constant
//! `false`, and the compiler drops the wrong branch.
//!
//! Owns: the list of flaws. Refuses: knowing what they do; each core asks about its own.

/// One wrong decision, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// The true core.
    #[default]
    None,
    /// **I1**, factory: a reservation hands out a slot that is reserved already, if there is one.
    #[cfg(any(test, feature = "flaws"))]
    LeaseTwice,
    /// **I2**, factory: while its session runs a ticket may be redeemed again, and takes another free slot.
    #[cfg(any(test, feature = "flaws"))]
    RedeemTwice,
    /// **I3**, factory: a slot whose actor has ended is still counted.
    #[cfg(any(test, feature = "flaws"))]
    CountsDrift,
    /// **I4**, resolution: a request is refused when the best candidate is full, although another has a free slot.
    #[cfg(any(test, feature = "flaws"))]
    RefusesTooEarly,
    /// **I5**, factory: a lease that lapses does not give its slot back.
    #[cfg(any(test, feature = "flaws"))]
    LapseForgotten,
    /// **I6**, gateway: a report of an older incarnation replaces what a newer one said.
    #[cfg(any(test, feature = "flaws"))]
    OlderIncarnation,
    /// **I7**, resolution: after the first report of a zone the later ones are ignored.
    #[cfg(any(test, feature = "flaws"))]
    DeafToReports,
    /// **I8**, factory: a slot ends in the books, and nobody tells its actor to stop.
    #[cfg(any(test, feature = "flaws"))]
    SlotNotStopped,
    /// **I3**, factory: a slot that a resize or a withdrawal ends is not counted any more, although its actor still lives.
    /// From outside: an actor that nobody counts (I8).
    #[cfg(any(test, feature = "flaws"))]
    ShrinkForgets,
    /// **I14**, host: an instance that is confirmed still ends by itself when its time is over.
    #[cfg(any(test, feature = "flaws"))]
    ConfirmationForgotten,
    /// **I13**, deployment: what was merely intended when the orchestrator crashed is taken for committed, and its zones are
    /// not told.
    #[cfg(any(test, feature = "flaws"))]
    IntentionKept,
}

impl Flaw {
    /// Is `wrong` the flaw that is switched on?
    #[cfg(any(test, feature = "flaws"))]
    pub fn is(self, wrong: Flaw) -> bool {
        self == wrong
    }

    /// Every flaw there is.
    #[cfg(any(test, feature = "flaws"))]
    pub const ALL: [Flaw; 11] = [
        Flaw::LeaseTwice,
        Flaw::RedeemTwice,
        Flaw::CountsDrift,
        Flaw::RefusesTooEarly,
        Flaw::LapseForgotten,
        Flaw::OlderIncarnation,
        Flaw::DeafToReports,
        Flaw::SlotNotStopped,
        Flaw::ShrinkForgets,
        Flaw::ConfirmationForgotten,
        Flaw::IntentionKept,
    ];
}

/// `flawed!(self.flaw, LeaseTwice)`: is this flaw on? Without the feature `flaws` it is the constant `false`, and the
/// name of the variant is not even looked up.
macro_rules! flawed {
    ($flaw:expr, $variant:ident) => {{
        #[cfg(any(test, feature = "flaws"))]
        {
            $flaw.is($crate::flaw::Flaw::$variant)
        }
        #[cfg(not(any(test, feature = "flaws")))]
        {
            let _ = &$flaw;
            false
        }
    }};
}
pub(crate) use flawed;
