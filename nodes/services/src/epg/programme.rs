//! What is on: times, and what kind of programme it is, made up from a source's place in the list.
//!
//! Owns: the rule that a source always has a programme that began and has not ended. Refuses: clocks and zones of time; the
//! minute of the day comes in.

use core::fmt;

use media_share::{SourceCard, SourceKind};

/// Minutes of a day.
const DAY: u16 = 1_440;
/// How long programmes take, minutes; a day is a whole number of each.
const LENGTHS: [u16; 5] = [45, 60, 30, 90, 60];
/// Programmes do not all begin on the hour.
const OFFSETS: [u16; 4] = [0, 15, 30, 5];

/// The time of day as a clock on the wall shows it, in minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime(u16);

impl WallTime {
    /// `hour` below 24 and `minute` below 60; what is beyond begins the day anew.
    pub const fn new(hour: u16, minute: u16) -> WallTime {
        WallTime((hour % 24 * 60 + minute) % DAY)
    }

    /// Minutes since midnight.
    pub const fn minutes(self) -> u16 {
        self.0
    }

    const fn plus(self, minutes: u16) -> WallTime {
        WallTime((self.0 + minutes) % DAY)
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// What a source shows at a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Programme {
    /// When it began.
    pub begins: WallTime,
    /// When it ends.
    pub ends: WallTime,
    /// How much of it is over: minutes gone, of so many.
    pub gone: (u16, u16),
    /// In a word.
    pub genre: &'static str,
}

impl Programme {
    /// What is on at `now`.
    pub fn of(card: &SourceCard, now: WallTime) -> Programme {
        let place = card.id.0 as usize;
        let length = LENGTHS[place % LENGTHS.len()];
        let offset = OFFSETS[place / 2 % OFFSETS.len()];
        let gone = (now.0 + DAY - offset) % length;
        let begins = now.plus(DAY - gone);
        let genres: &[_] = match card.kind {
            SourceKind::Clip => &["Film", "Nature", "Short film", "Science", "Travel", "Music", "Design"],
            SourceKind::Still => &["Gallery", "Photograph", "Poster"],
            SourceKind::Live => &["Broadcast"],
        };
        Programme { begins, ends: begins.plus(length), gone: (gone, length), genre: genres[place % genres.len()] }
    }

    /// `18:30–19:15`.
    pub fn times(&self) -> String {
        format!("{}–{}", self.begins, self.ends)
    }

    /// How much of it is over, 0 to 1.
    pub fn progress(&self) -> f32 {
        f32::from(self.gone.0) / f32::from(self.gone.1)
    }
}

/// A source's kind, in a word.
pub const fn kind_word(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Clip => "Clip",
        SourceKind::Still => "Still",
        SourceKind::Live => "Live",
    }
}

#[cfg(test)]
mod tests {
    use media_share::SourceId;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_on_has_begun_and_has_not_ended(place in 0u32..256, minute in 0u16..1_440) {
            let card = SourceCard { id: SourceId(place), title: String::new(), kind: SourceKind::Clip };
            let now = WallTime::new(0, minute);
            let programme = Programme::of(&card, now);
            let (gone, length) = programme.gone;
            prop_assert!(gone < length);
            prop_assert_eq!(programme.begins.plus(gone), now);
            prop_assert_eq!(programme.begins.plus(length), programme.ends);
            let next = Programme::of(&card, now.plus(length - gone));
            prop_assert_eq!(next.begins, programme.ends, "one follows the other");
            prop_assert_eq!(Programme::of(&card, programme.begins).begins, programme.begins);
        }
    }

    #[test]
    fn times_are_written_like_on_a_clock() {
        let card = SourceCard { id: SourceId(0), title: String::new(), kind: SourceKind::Live };
        assert_eq!(Programme::of(&card, WallTime::new(18, 40)).times(), "18:00–18:45");
        assert_eq!(Programme::of(&card, WallTime::new(23, 50)).times(), "23:15–00:00");
    }
}
