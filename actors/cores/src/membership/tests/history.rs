//! Random histories, with restarts in between and with crashes between the decision and its commit.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Event {
    Mint {
        node: u8,
    },
    Join {
        secret: u128,
        proven: bool,
    },
    Renew {
        node: u8,
    },
    Deny {
        node: u8,
    },
    Beat {
        node: u8,
        incarnation: u64,
        leaving: bool,
    },
    Pass {
        time: u64,
    },
    Restart,
    /// The next decision is made, and the orchestrator is killed before it is committed.
    Kill,
}

fn event() -> impl Strategy<Value = Event> {
    let node = 0u8..4;
    prop_oneof![
        4 => node.clone().prop_map(|node| Event::Mint { node }),
        6 => (0u128..12, prop::bool::weighted(0.9)).prop_map(|(secret, proven)| Event::Join { secret, proven }),
        1 => node.clone().prop_map(|node| Event::Renew { node }),
        1 => node.clone().prop_map(|node| Event::Deny { node }),
        4 => (node, 0u64..4, prop::bool::weighted(0.1))
            .prop_map(|(node, incarnation, leaving)| Event::Beat { node, incarnation, leaving }),
        2 => (1u64..40_000).prop_map(|time| Event::Pass { time }),
        1 => Just(Event::Restart),
        1 => Just(Event::Kill),
    ]
}

struct History {
    domain: Domain,
    next_secret: u128,
    kill_next: bool,
    admitted: BTreeMap<u128, u32>,
    denied: BTreeSet<u8>,
    version: u64,
    directory: Directory,
}

impl History {
    /// None: the orchestrator was killed before the commit, and nothing was sent.
    fn decided<T>(&mut self, decision: Decision<T>) -> Option<T> {
        if core::mem::take(&mut self.kill_next) {
            self.domain.restart();
            return None;
        }
        Some(self.domain.commit(decision))
    }

    fn happens(&mut self, event: &Event) -> Result<(), TestCaseError> {
        let (now, wall) = (Millis(self.domain.now), self.domain.wall);
        let node_name = |node: u8| name::<NodeName>(&format!("host-{node}"));
        match *event {
            Event::Mint { node } => {
                let (roles, zone) = (Roles::of(&[Role::Host]), Some(name("zone-a")));
                let mint = MintToken { node: node_name(node), roles, zone, valid_for: Millis(20_000) };
                self.next_secret += 1;
                let decision = self.domain.core.mint(now, wall, self.next_secret - 1, &mint);
                if let Some(Ok(_)) = self.decided(decision) {
                    prop_assert!(!self.denied.contains(&node), "a token for a denied name");
                }
            }
            Event::Join { secret, proven } => {
                let decision = self.domain.core.join(now, wall, secret, proven);
                if let Some(Entry::Issue(issue)) = self.decided(decision) {
                    prop_assert!(proven);
                    *self.admitted.entry(secret).or_default() += 1;
                    prop_assert_eq!(self.admitted[&secret], 1, "a token admitted twice");
                    let denied = self.denied.iter().any(|node| node_name(*node) == issue.node);
                    prop_assert!(!denied, "a denied node was admitted");
                }
            }
            Event::Renew { node } => {
                let decision = self.domain.core.renew(now, wall, &node_name(node), Roles::of(&[Role::Host]), true);
                if let Some(Entry::Issue(_)) = self.decided(decision) {
                    prop_assert!(!self.denied.contains(&node), "a denied node was renewed");
                }
            }
            Event::Deny { node } => {
                let decision = self.domain.core.deny(now, &Deny { node: node_name(node), reason: "why".into() });
                if let Some(Denial::Denied) = self.decided(decision) {
                    self.denied.insert(node);
                }
            }
            Event::Beat { node, incarnation, leaving } => {
                let beat = Heartbeat { incarnation: Incarnation(incarnation), leaving, ..beat() };
                let decision = self.domain.core.heartbeat(now, &node_name(node), Roles::of(&[Role::Host]), &beat);
                if let Some(reply) = self.decided(decision) {
                    prop_assert_eq!(reply.is_none(), self.denied.contains(&node));
                }
            }
            Event::Pass { time } => self.domain.pass(time),
            Event::Restart => self.domain.restart(),
            Event::Kill => self.kill_next = true,
        }
        self.check()
    }

    /// What a node may have been sent is never taken back, and never differs under one version.
    fn check(&mut self) -> Result<(), TestCaseError> {
        let directory = self.domain.core.directory();
        prop_assert!(directory.version >= self.version, "the version fell");
        if directory.version == self.version {
            prop_assert_eq!(&directory, &self.directory, "another directory under the same version");
        }
        self.version = directory.version;
        self.directory = directory;
        let rebuilt = Domain::core(self.domain.now, &self.domain.rows);
        prop_assert_eq!(rebuilt.directory(), self.domain.core.directory(), "the store is behind");
        let denied: BTreeSet<NodeName> = self.denied.iter().map(|node| name(&format!("host-{node}"))).collect();
        prop_assert_eq!(self.domain.core.denied(), denied);
        Ok(())
    }
}

proptest! {
    #[test]
    fn a_token_works_once_and_the_denied_stay_out(events in prop::collection::vec(event(), 1..80)) {
        let mut history = History {
            domain: Domain::new(),
            next_secret: 0,
            kill_next: false,
            admitted: BTreeMap::new(),
            denied: BTreeSet::new(),
            version: 0,
            directory: Directory::default(),
        };
        for event in &events {
            history.happens(event)?;
        }
    }
}
