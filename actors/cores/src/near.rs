//! Names that look like the one that was asked for and is not there.
//!
//! Near is: at most two letters changed, added or left out; or the same beginning; or a part in common. The nearest three.
//!
//! Owns: what "near" means, the same for services, nodes and paths. Refuses: knowing what the names are of.

/// How many names are offered at most.
pub const NEAR_MAX: usize = 3;
/// Letters that may differ.
const DISTANCE_MAX: usize = 2;
/// Letters that a common beginning needs; fewer are chance.
const PREFIX_MIN: usize = 3;
/// Names looked at before giving up: an unknown name must not cost a large domain more than a moment.
const EXAMINED_MAX: usize = 4_096;

/// How near; the smaller, the nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    Letters(usize),
    /// Letters in the common beginning: the more, the nearer.
    Beginning(core::cmp::Reverse<usize>),
    Part,
}

/// The best three of `known`, nearest first; names equally near stand in the order of the alphabet.
pub fn near<N: AsRef<str>>(asked: &str, known: impl IntoIterator<Item = N>) -> Vec<N> {
    let mut best: Vec<(Nearness, N)> = Vec::with_capacity(NEAR_MAX + 1);
    for name in known.into_iter().take(EXAMINED_MAX) {
        let Some(nearness) = nearness(asked, name.as_ref()) else { continue };
        let place = best.partition_point(|(other, text)| (*other, text.as_ref()) <= (nearness, name.as_ref()));
        if place < NEAR_MAX {
            best.insert(place, (nearness, name));
            best.truncate(NEAR_MAX);
        }
    }
    best.into_iter().map(|(_, name)| name).collect()
}

fn nearness(asked: &str, name: &str) -> Option<Nearness> {
    // Two letters of three are not "two letters changed": the rest must be at least as long as what differs.
    if let Some(distance) = distance(asked.as_bytes(), name.as_bytes())
        && distance * 2 <= asked.len().min(name.len())
    {
        return Some(Nearness::Letters(distance));
    }
    let common = asked.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    if common >= PREFIX_MIN {
        return Some(Nearness::Beginning(core::cmp::Reverse(common)));
    }
    let parts = |text| str::split(text, ['.', '/']);
    let shared = parts(asked).any(|part| !part.is_empty() && parts(name).any(|other| other == part));
    shared.then_some(Nearness::Part)
}

/// The number of letters changed, added or left out between the two, if it is at most [`DISTANCE_MAX`].
fn distance(mut a: &[u8], mut b: &[u8]) -> Option<usize> {
    let common = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    (a, b) = (&a[common..], &b[common..]);
    let common = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (a, b) = (&a[..a.len() - common], &b[..b.len() - common]);
    if a.len().abs_diff(b.len()) > DISTANCE_MAX {
        return None;
    }
    // One row of the table of distances between beginnings; a row that is over the bound everywhere ends it, which for
    // two unlike names is the third.
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = core::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
        if row.iter().all(|entry| *entry > DISTANCE_MAX) {
            return None;
        }
    }
    row.last().copied().filter(|distance| *distance <= DISTANCE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_found() {
        let known = ["clip.demo", "echo.demo", "guide.example", "game.example"];
        assert_eq!(near("clp.demo", known), ["clip.demo", "echo.demo"], "the slip first, the same suffix after it");
        assert_eq!(near("guide.exmaple", known), ["guide.example"]);
        assert_eq!(near("guides.other", known), ["guide.example"], "the same beginning");
        assert!(near("chess.nowhere", known).is_empty());
    }

    #[test]
    fn the_three_nearest_are_offered_nearest_first() {
        let known = ["zone-d", "zone-c", "zone-b", "zone-a", "zone-aa"];
        assert_eq!(near("zone-ab", known), ["zone-a", "zone-aa", "zone-b"]);
    }

    #[test]
    fn short_names_are_not_near_to_everything() {
        assert!(near("ab", ["cd", "xy"]).is_empty());
        assert_eq!(near("host", ["hots", "post", "h"]), ["post", "hots"]);
    }

    #[test]
    fn distances_are_counted_up_to_two() {
        for (a, b, expected) in [
            ("kitten", "kitten", Some(0)),
            ("kitten", "sitten", Some(1)),
            ("kitten", "kittn", Some(1)),
            ("kitten", "sittin", Some(2)),
            ("kitten", "sitting", None),
            ("", "ab", Some(2)),
            ("", "abc", None),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
            assert_eq!(distance(b.as_bytes(), a.as_bytes()), expected, "{b} {a}");
        }
    }
}
