//! Who is wanted: things that somebody attends to are started, and stopped when nobody has for a while.
//!
//! Owns: the count of attendants of each key, and the linger after the last one has gone: whoever comes back in the
//! meantime finds it running. Pure: `now` comes in, effects go out.
//! Refuses: to know what a key stands for, and how it is started and stopped.

use std::collections::{BTreeMap, BTreeSet};

use actors_protocol::Millis;

/// What is to be done. For one key, starts and stops alternate, and a start comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemandEffect<K> {
    /// Somebody wants it: start it.
    Start(K),
    /// Nobody has wanted it for the linger: stop it.
    Stop(K),
}

/// See the module.
#[derive(Debug)]
pub struct Demand<K> {
    linger: Millis,
    entries: BTreeMap<K, Entry>,
    /// Keys whose entry may ask for an effect; each at most once, so there are never more than keys.
    changed: BTreeSet<K>,
}

#[derive(Debug, Default)]
struct Entry {
    attendants: u32,
    /// When it stops, if nobody comes back.
    until: Option<Millis>,
    /// A start was given out, and no stop since.
    running: bool,
}

impl Entry {
    fn wanted(&self) -> bool {
        self.attendants > 0 || self.until.is_some()
    }
}

impl<K: Copy + Ord> Demand<K> {
    /// Nothing is wanted yet. `linger`: how long something goes on after its last attendant has left.
    pub fn new(linger: Millis) -> Demand<K> {
        Demand { linger, entries: BTreeMap::new(), changed: BTreeSet::new() }
    }

    /// One more attends to `key`.
    pub fn attend(&mut self, key: K) {
        let entry = self.entries.entry(key).or_default();
        entry.attendants = entry.attendants.saturating_add(1);
        entry.until = None;
        self.changed.insert(key);
    }

    /// One of those who attended to `key` has left. Without one, nothing happens.
    pub fn leave(&mut self, now: Millis, key: K) {
        let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.attendants > 0) else { return };
        entry.attendants -= 1;
        if entry.attendants == 0 {
            entry.until = Some(now + self.linger);
        }
    }

    /// How many attend to `key` now.
    pub fn attendants(&self, key: K) -> u32 {
        self.entries.get(&key).map_or(0, |entry| entry.attendants)
    }

    /// A start was given out for `key`, and no stop since.
    pub fn running(&self, key: K) -> bool {
        self.entries.get(&key).is_some_and(|entry| entry.running)
    }

    /// When the next linger ends.
    pub fn poll_timeout(&self) -> Option<Millis> {
        self.entries.values().filter_map(|entry| entry.until).min()
    }

    /// Time has come up to `now`.
    pub fn on_timeout(&mut self, now: Millis) {
        for (key, entry) in &mut self.entries {
            if entry.until.is_some_and(|until| until <= now) {
                entry.until = None;
                self.changed.insert(*key);
            }
        }
    }

    /// What is to be done next; none if nothing is.
    pub fn poll_effect(&mut self) -> Option<DemandEffect<K>> {
        while let Some(key) = self.changed.pop_first() {
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            match (entry.wanted(), entry.running) {
                (true, false) => {
                    entry.running = true;
                    return Some(DemandEffect::Start(key));
                }
                (false, true) => {
                    self.entries.remove(&key);
                    return Some(DemandEffect::Stop(key));
                }
                (false, false) => drop(self.entries.remove(&key)),
                (true, true) => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINGER: Millis = Millis(5_000);

    fn effects(demand: &mut Demand<u8>) -> Vec<DemandEffect<u8>> {
        std::iter::from_fn(|| demand.poll_effect()).collect()
    }

    #[test]
    fn the_first_starts_and_the_last_stops_after_the_linger() {
        let mut demand = Demand::new(LINGER);
        demand.attend(1);
        demand.attend(1);
        assert_eq!(effects(&mut demand), [DemandEffect::Start(1)]);
        demand.leave(Millis(100), 1);
        assert_eq!(demand.poll_timeout(), None, "one is left");
        demand.leave(Millis(200), 1);
        assert_eq!(demand.poll_timeout(), Some(Millis(5_200)));
        demand.on_timeout(Millis(5_199));
        assert_eq!(effects(&mut demand), []);
        demand.on_timeout(Millis(5_200));
        assert_eq!(effects(&mut demand), [DemandEffect::Stop(1)]);
        assert!(!demand.running(1));
        assert_eq!(demand.poll_timeout(), None);
    }

    #[test]
    fn who_comes_back_in_time_finds_it_running() {
        let mut demand = Demand::new(LINGER);
        demand.attend(1);
        assert_eq!(effects(&mut demand), [DemandEffect::Start(1)]);
        demand.leave(Millis(0), 1);
        demand.attend(1);
        demand.on_timeout(Millis(9_000));
        assert_eq!(effects(&mut demand), [], "it was not stopped");
        assert!(demand.running(1));
    }

    #[test]
    fn a_leave_without_an_attendant_is_nothing() {
        let mut demand: Demand<u8> = Demand::new(LINGER);
        demand.leave(Millis(0), 3);
        assert_eq!(demand.poll_timeout(), None);
        assert_eq!(effects(&mut demand), []);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Attend(u8),
        Leave(u8),
        Wait(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..3u8).prop_map(Step::Attend),
            (0..3u8).prop_map(Step::Leave),
            (0..4_000u64).prop_map(Step::Wait)
        ];
        proptest::collection::vec(step, 0..80)
    }

    proptest! {
        /// Against a model that remembers only when each key was attended to last.
        #[test]
        fn what_runs_is_what_somebody_wanted_within_the_linger(steps in steps()) {
            let mut demand = Demand::new(LINGER);
            let (mut now, mut holders, mut left) = (Millis(0), [0u32; 3], [None::<Millis>; 3]);
            let mut running = [false; 3];
            for step in steps {
                match step {
                    Step::Attend(key) => {
                        holders[usize::from(key)] += 1;
                        demand.attend(key);
                    }
                    Step::Leave(key) => {
                        let index = usize::from(key);
                        if holders[index] > 0 {
                            holders[index] -= 1;
                            left[index] = Some(now);
                        }
                        demand.leave(now, key);
                    }
                    Step::Wait(time) => {
                        now = now + Millis(time);
                        demand.on_timeout(now);
                    }
                }
                for effect in effects(&mut demand) {
                    let (key, on) = match effect {
                        DemandEffect::Start(key) => (key, true),
                        DemandEffect::Stop(key) => (key, false),
                    };
                    prop_assert_ne!(running[usize::from(key)], on, "starts and stops alternate");
                    running[usize::from(key)] = on;
                }
                for key in 0..3u8 {
                    let index = usize::from(key);
                    let wanted = holders[index] > 0 || left[index].is_some_and(|at| now < at + LINGER);
                    prop_assert_eq!(running[index], wanted, "key {} at {:?}", key, now);
                    prop_assert_eq!(demand.running(key), wanted);
                    prop_assert_eq!(demand.attendants(key), holders[index]);
                }
                prop_assert!(demand.poll_timeout().is_none_or(|at| at > now), "what is due is done");
            }
        }
    }
}
