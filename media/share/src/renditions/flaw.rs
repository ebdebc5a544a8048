//! Deliberately wrong decisions, so that a harness can show that each invariant of pictures is really checked.
//!
//! A flawed core is the true core with one decision changed. Without the cargo feature `flaws` (or this crate's own unit
//! tests) there is nothing to switch on, and the compiler drops the wrong branch.
//!
//! Owns: the list of flaws. Refuses: knowing what they do; each decision asks about its own.

/// One wrong decision, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// The true core.
    #[default]
    None,
    /// **I10**: a session that comes from elsewhere does not wait for a key picture.
    #[cfg(any(test, feature = "flaws"))]
    MovesWithoutKey,
    /// **I11**: equal renditions never come together.
    #[cfg(any(test, feature = "flaws"))]
    StaysApart,
    /// **I11**: a rendition without sessions is kept for ever.
    #[cfg(any(test, feature = "flaws"))]
    LingersForEver,
    /// **I12**: a picture claims every input that was made when it is given, also those that came after it was begun.
    #[cfg(any(test, feature = "flaws"))]
    ClaimsTooMuch,
    /// **I12**: what an input that comes while a picture is being drawn has changed is not drawn.
    #[cfg(any(test, feature = "flaws"))]
    BusyAndDeaf,
}

impl Flaw {
    /// Is `wrong` the flaw that is switched on?
    #[cfg(any(test, feature = "flaws"))]
    pub fn is(self, wrong: Flaw) -> bool {
        self == wrong
    }

    /// Every flaw there is.
    #[cfg(any(test, feature = "flaws"))]
    pub const ALL: [Flaw; 5] =
        [Flaw::MovesWithoutKey, Flaw::StaysApart, Flaw::LingersForEver, Flaw::ClaimsTooMuch, Flaw::BusyAndDeaf];
}

/// `flawed!(self.flaw, StaysApart)`: is this flaw on? Without the feature `flaws` it is the constant `false`, and the name
/// of the variant is not even looked up.
macro_rules! flawed {
    ($flaw:expr, $variant:ident) => {{
        #[cfg(any(test, feature = "flaws"))]
        {
            $flaw.is($crate::renditions::flaw::Flaw::$variant)
        }
        #[cfg(not(any(test, feature = "flaws")))]
        {
            let _ = &$flaw;
            false
        }
    }};
}
pub(crate) use flawed;
