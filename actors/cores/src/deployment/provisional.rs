//! Instances of a host that nobody has confirmed yet, and when each ends by itself.
//!
//! An undo may not reach its zone, and a zone may not reach its host. So an instance is provisional until its deployment
//! has committed, and one that is not confirmed in time goes. One that was confirmed never does.
//!
//! Owns: that deadline. Refuses: making and removing instances.

use std::collections::{BTreeMap, VecDeque};

use actors_protocol::{InstanceName, Millis};

use super::PROVISIONAL;
use crate::flaw::{Flaw, flawed};

/// The host's core for provisional instances; as many as the host has instances, which bounds it.
#[derive(Debug, Default)]
pub struct ProvisionalCore {
    ends: BTreeMap<InstanceName, Millis>,
    effects: VecDeque<InstanceName>,
    flaw: Flaw,
}

impl ProvisionalCore {
    /// Switches one wrong decision on.
    #[cfg(feature = "flaws")]
    pub fn set_flaw(&mut self, flaw: Flaw) {
        self.flaw = flaw;
    }

    /// An instance was made (`is_new`), or was there already when it was asked for again. It waits `within`, [`PROVISIONAL`]
    /// at most; none = it is for good. What was confirmed stays so, whatever is asked again.
    pub fn made(&mut self, now: Millis, instance: InstanceName, within: Option<Millis>, is_new: bool) {
        match within {
            Some(within) if is_new || self.ends.contains_key(&instance) => {
                self.ends.insert(instance, now + within.min(PROVISIONAL));
            }
            Some(_) => {}
            None => drop(self.ends.remove(&instance)),
        }
    }

    /// Its deployment has committed.
    pub fn confirmed(&mut self, instance: &InstanceName) {
        if !flawed!(self.flaw, ConfirmationForgotten) {
            self.ends.remove(instance);
        }
    }

    /// Nobody has confirmed it yet.
    pub fn is_provisional(&self, instance: &InstanceName) -> bool {
        self.ends.contains_key(instance)
    }

    /// It is gone, for whatever reason.
    pub fn removed(&mut self, instance: &InstanceName) {
        self.ends.remove(instance);
        self.effects.retain(|ending| ending != instance);
    }

    /// When to call [`ProvisionalCore::on_timeout`].
    pub fn poll_timeout(&self) -> Option<Millis> {
        self.ends.values().min().copied()
    }

    /// Ends what has waited long enough.
    pub fn on_timeout(&mut self, now: Millis) {
        let effects = &mut self.effects;
        self.ends.retain(|instance, end| {
            if *end <= now {
                effects.push_back(instance.clone());
            }
            *end > now
        });
    }

    /// The next instance to stop and remove, at once.
    pub fn poll_effect(&mut self) -> Option<InstanceName> {
        self.effects.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> InstanceName {
        InstanceName::new(name).expect("a name")
    }

    #[test]
    fn what_nobody_confirms_ends_and_what_was_confirmed_never_does() {
        let mut core = ProvisionalCore::default();
        core.made(Millis(10), name("left"), Some(Millis::from_secs(600)), true);
        core.made(Millis(20), name("kept"), Some(PROVISIONAL), true);
        core.made(Millis(20), name("lasting"), None, true);
        core.confirmed(&name("kept"));
        assert_eq!(core.poll_timeout(), Some(Millis(10) + PROVISIONAL), "never longer than that");
        core.on_timeout(Millis(10) + PROVISIONAL);
        assert_eq!(core.poll_effect(), Some(name("left")));
        assert_eq!((core.poll_effect(), core.poll_timeout()), (None, None));
    }

    #[test]
    fn asked_for_again_it_waits_anew_and_is_not_made_provisional_again() {
        let mut core = ProvisionalCore::default();
        core.made(Millis(0), name("a"), Some(Millis(100)), true);
        core.made(Millis(50), name("a"), Some(Millis(100)), false);
        assert_eq!(core.poll_timeout(), Some(Millis(150)));
        core.confirmed(&name("a"));
        core.made(Millis(60), name("a"), Some(Millis(100)), false);
        assert_eq!(core.poll_timeout(), None, "a late copy of the order changes nothing");
    }
}
