//! A factory looks through its own books now and then: what the harness finds in a simulation is counted in production.
//!
//! A look costs as much as there are slots, so it is due after as many events as make that cost a small part of theirs,
//! and on a timer when little happens. Pure: time comes in.

use actors_protocol::Millis;
use serde_json::json;

/// After so many events, at least.
const EVENTS_MIN: u64 = 1_000;
/// And after this many events per slot: a look at one slot costs a fraction of an event.
const EVENTS_PER_SLOT: u64 = 4;
/// On a timer, this long after the last look.
const PAUSE: Millis = Millis::from_secs(5);

/// See the module.
#[derive(Debug, Default)]
pub struct SelfCheck {
    events: u64,
    last: Millis,
    checks: u64,
    violations: u64,
    first: Option<String>,
}

impl SelfCheck {
    /// Something has happened in a factory of so many slots. Is a look due?
    pub fn event(&mut self, slots: u32) -> bool {
        self.events += 1;
        self.events >= EVENTS_MIN.max(EVENTS_PER_SLOT * u64::from(slots))
    }

    /// A timer has come. Is a look due?
    pub fn timer(&self, now: Millis) -> bool {
        self.events > 0 && now.since(self.last) >= PAUSE
    }

    /// What a look has found. Tells the first violation of this life, which is worth a line in the log.
    pub fn looked(&mut self, now: Millis, found: Result<(), String>) -> Option<&str> {
        self.events = 0;
        self.last = now;
        self.checks += 1;
        let words = found.err()?;
        self.violations += 1;
        let is_first = self.first.is_none();
        let first = self.first.get_or_insert(words);
        is_first.then_some(first.as_str())
    }

    /// For inspection.
    pub fn state(&self) -> serde_json::Value {
        json!({ "checks": self.checks, "violations": self.violations, "first": self.first })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_due_after_a_thousand_events_or_on_a_timer_and_the_first_finding_is_told_once() {
        let mut check = SelfCheck::default();
        assert!(!check.timer(Millis::from_secs(60)), "nothing has happened");
        assert!((1..1_000).all(|_| !check.event(8)) && check.event(8));
        assert_eq!(check.looked(Millis(7), Ok(())), None);
        assert!(!check.event(8) && !check.timer(Millis(5_006)) && check.timer(Millis(5_007)));
        assert_eq!(check.looked(Millis(5_007), Err("I1: twice".into())), Some("I1: twice"));
        assert_eq!(check.looked(Millis(9_999), Err("I2: twice".into())), None);
        assert_eq!(check.state(), json!({ "checks": 3, "violations": 2, "first": "I1: twice" }));
        assert!((1..4_000).all(|_| !check.event(1_000)) && check.event(1_000), "many slots, rare looks");
    }
}
