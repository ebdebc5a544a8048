//! Versions of the wire and how two peers agree on one.
//!
//! A *major* version is a wire of its own: peers of different majors refuse each other in words. A *minor* version only
//! adds calls; peers use the lower one, and a call that is newer than it is not made. Versions are values here, not
//! constants, so that a test can run N against N − 1 in one process.

use core::fmt;

/// The major version of this code.
pub const MAJOR: u16 = 1;
/// The newest minor version that this code speaks.
pub const MINOR: u16 = 0;
/// The oldest minor version that this code still speaks.
pub const MINOR_MIN: u16 = 0;

/// What one side speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The major version.
    pub major: u16,
    /// The newest minor version.
    pub minor: u16,
    /// The oldest minor version.
    pub minor_min: u16,
}

impl Versions {
    /// What this code speaks.
    pub const CURRENT: Versions = Versions { major: MAJOR, minor: MINOR, minor_min: MINOR_MIN };

    /// `major.0` up to `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Versions {
        Versions { major, minor, minor_min: 0 }
    }
}

impl Default for Versions {
    fn default() -> Versions {
        Versions::CURRENT
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.minor_min == self.minor {
            write!(f, "{}.{}", self.major, self.minor)
        } else {
            write!(f, "{0}.{1} to {0}.{2}", self.major, self.minor_min, self.minor)
        }
    }
}

/// Two sides with no version in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this side speaks wire version {ours}, the other side {theirs}: update the {}", older(.ours, .theirs))]
pub struct VersionMismatch {
    /// What this side speaks.
    pub ours: Versions,
    /// What the other side says it speaks.
    pub theirs: Versions,
}

fn older(ours: &Versions, theirs: &Versions) -> &'static str {
    if (ours.major, ours.minor) < (theirs.major, theirs.minor) {
        "program on this side"
    } else {
        "program on the other side"
    }
}

/// The minor version that both speak: the lower of the two newest.
pub fn negotiate(ours: Versions, theirs: Versions) -> Result<u16, VersionMismatch> {
    let minor = ours.minor.min(theirs.minor);
    if ours.major == theirs.major && minor >= ours.minor_min && minor >= theirs.minor_min {
        Ok(minor)
    } else {
        Err(VersionMismatch { ours, theirs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_minor_version_is_used() {
        let (new, old) = (Versions::new(1, 4), Versions::new(1, 3));
        assert_eq!(negotiate(new, old), Ok(3));
        assert_eq!(negotiate(old, new), Ok(3));
        assert_eq!(negotiate(new, new), Ok(4));
        assert_eq!(negotiate(Versions::CURRENT, Versions::CURRENT), Ok(MINOR));
    }

    #[test]
    fn a_mismatch_names_both_versions_and_the_older_side() {
        let (new, old) = (Versions::new(2, 0), Versions::new(1, 3));
        let words = negotiate(old, new).expect_err("two majors").to_string();
        assert!(words.contains("1.0 to 1.3") && words.contains("2.0") && words.ends_with("on this side"), "{words}");
        let words = negotiate(new, old).expect_err("two majors").to_string();
        assert!(words.ends_with("on the other side"), "{words}");

        let narrow = Versions { major: 1, minor: 9, minor_min: 5 };
        assert_eq!(
            negotiate(narrow, Versions::new(1, 4)),
            Err(VersionMismatch { ours: narrow, theirs: Versions::new(1, 4) })
        );
        assert_eq!(negotiate(Versions::new(1, 5), narrow), Ok(5));
    }
}
