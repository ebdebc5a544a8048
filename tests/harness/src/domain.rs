//! The domain of a run: the true nodes of the cast on the simulated network, and their lives.
//!
//! ```text
//!   boot ──► up ──crash──► (nothing of it is left in the same instant) ──► boot: the next life, same papers, same store
//!            │ └──retire──► drained, closed ──► boot
//!            └──replace──► a stray, cut off; the next life begins in the node's other home
//! ```
//!
//! Owns: the nodes, what they keep over restarts, and the look for what a dead one has left behind (I8).
//! Refuses: to decide when what happens.

mod boot;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use actors_control::Flaw;
use actors_kernel::{Access, ActorPath, Node};
use actors_protocol::{Incarnation, InstanceName, NodeName, Role};
use actors_store::Memory;
use transport_link::CloseCode;
use transport_viewer::{DomainTrust, ResolverAddress};

use crate::cast::{Cast, Part};
use crate::guide::{Media, Mood};
use crate::ledger::{Census, Ledger, NodeLife};
use crate::net::{Network, Random};
use crate::pki::{Pki, domain};
use crate::report::Invariant;
use crate::show::Started;

/// How the nodes of a run are made.
#[derive(Clone)]
pub struct Making {
    /// One wrong decision of the cores.
    pub flaw: Flaw,
    /// One wrong decision of a studio.
    pub studio: media_share::renditions::Flaw,
    /// How media goes wrong.
    pub mood: Mood,
    /// Who may call what.
    pub access: Access,
    /// What is shown: pictures a second, pictures in a group, bytes of each.
    pub show: (u32, usize, usize),
    /// Making an instance takes up to this long.
    pub building: Duration,
}

impl Default for Making {
    fn default() -> Making {
        Making {
            flaw: Flaw::None,
            studio: media_share::renditions::Flaw::None,
            mood: Mood::BAD,
            access: Access::default(),
            show: (4, 4, 200),
            building: Duration::from_millis(40),
        }
    }
}

/// A node that is up.
#[derive(Clone)]
pub struct Life {
    /// Its handle.
    pub node: Node,
    /// Which life.
    pub life: NodeLife,
    /// Where it lives.
    pub host: IpAddr,
    /// The factories that its host has started.
    pub factories: Started,
}

/// A node that is no more, until it has been seen that nothing is left of it.
struct Grave {
    life: NodeLife,
    node: Node,
    since: u64,
}

#[derive(Default)]
struct Stage {
    up: BTreeMap<NodeName, Life>,
    /// Lives that have been replaced and go on all the same.
    strays: Vec<Life>,
    /// When the last of them ended.
    no_stray_since: u64,
    /// Lives that are on their way out.
    leaving: Vec<Life>,
    graves: Vec<Grave>,
    lives: BTreeMap<NodeName, u64>,
    homes: BTreeMap<NodeName, usize>,
}

struct Inner {
    seed: u64,
    cast: Cast,
    net: Network,
    ledger: Ledger,
    making: Making,
    media: Media,
    store: Memory,
    stage: RefCell<Stage>,
}

/// See the module. A clone is the same domain.
#[derive(Clone)]
pub struct Domain(Rc<Inner>);

impl Domain {
    /// A domain of which nothing runs yet.
    pub fn new(seed: u64, cast: Cast, ledger: Ledger, making: Making) -> Domain {
        let net = Network::new(seed);
        cast.link(&net);
        ledger.reach().expect(cast.parts.len());
        let (store, stage) = (Memory::new(), RefCell::default());
        let media = Media::new(making.mood, Random::derive(seed, 6));
        Domain(Rc::new(Inner { seed, cast, net, ledger, making, media, store, stage }))
    }

    /// What its guides are drawn with.
    pub fn media(&self) -> &Media {
        &self.0.media
    }

    /// Who there is.
    pub fn cast(&self) -> &Cast {
        &self.0.cast
    }

    /// The network.
    pub fn net(&self) -> &Network {
        &self.0.net
    }

    /// The books.
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// Starts every node of the cast that is not up.
    pub fn boot_all(&self) {
        for part in &self.0.cast.parts {
            if self.life(&part.name).is_none() {
                self.boot(&part.name);
            }
        }
    }

    /// The present life of a node, if it is up.
    pub fn life(&self, node: &NodeName) -> Option<Life> {
        self.0.stage.borrow().up.get(node).cloned()
    }

    /// Ends a node as a crash does: not a packet leaves it any more.
    pub fn crash(&self, node: &NodeName) {
        let Some(life) = self.0.stage.borrow_mut().up.remove(node) else { return };
        self.0.ledger.reach().down(node);
        self.bury(life);
    }

    /// Ends a node in good order; sessions may go on for `deadline`.
    pub async fn retire(&self, node: &NodeName, deadline: Duration) {
        let Some(life) = self.0.stage.borrow_mut().up.remove(node) else { return };
        self.0.ledger.reach().down(node);
        self.0.stage.borrow_mut().leaving.push(life.clone());
        let drained = life.node.drain(deadline).await;
        if !drained.killed.is_empty() {
            self.0.ledger.event("drain: killed an actor");
        }
        life.node.close(CloseCode::SHUTDOWN, "the node stops");
        life.node.endpoint().wait_idle(Duration::from_millis(500)).await;
        self.0.stage.borrow_mut().leaving.retain(|leaving| leaving.life != life.life);
        self.bury(life);
    }

    /// Starts a node anew in its other home, although its present life goes on, cut off from everybody.
    pub fn replace(&self, node: &NodeName) {
        let mut stage = self.0.stage.borrow_mut();
        let Some(life) = stage.up.remove(node) else { return };
        self.0.net.isolate(life.host);
        stage.strays.push(life);
        let home = stage.homes.entry(node.clone()).or_default();
        *home = 1 - *home;
        drop(stage);
        self.boot(node);
    }

    /// The lives that were replaced are heard of again.
    pub fn rejoin_strays(&self) {
        for stray in &self.0.stage.borrow().strays {
            self.0.net.rejoin(stray.host);
        }
    }

    /// And end at last.
    pub fn end_strays(&self) {
        let strays = std::mem::take(&mut self.0.stage.borrow_mut().strays);
        if !strays.is_empty() {
            self.0.stage.borrow_mut().no_stray_since = self.0.ledger.now();
        }
        for stray in strays {
            self.0.net.rejoin(stray.host);
            self.bury(stray);
        }
    }

    /// Since when no life goes on that has been replaced; none while one does.
    pub fn no_stray_since(&self) -> Option<u64> {
        let stage = self.0.stage.borrow();
        stage.strays.is_empty().then_some(stage.no_stray_since)
    }

    fn bury(&self, life: Life) {
        self.0.net.crash(life.host);
        let Life { node, life, .. } = life;
        node.close(CloseCode::SHUTDOWN, "crashed");
        let since = self.0.ledger.now();
        self.0.stage.borrow_mut().graves.push(Grave { life, node, since });
    }

    /// Time has passed: looks for what must not last, and for what the dead have left behind.
    pub fn tick(&self) {
        for fault in self.0.media.struck() {
            self.0.ledger.fault(fault, "a studio");
        }
        let census = self.census();
        self.0.ledger.tick(&census);
        let now = self.0.ledger.now();
        let ripe: Vec<_> = {
            let mut stage = self.0.stage.borrow_mut();
            let (ripe, fresh) = stage.graves.drain(..).partition(|grave| grave.since < now);
            stage.graves = fresh;
            ripe
        };
        for Grave { life, node, .. } in ripe {
            let census = node.census();
            self.0.ledger.premise(Invariant::I8);
            if census.actors > 0 || !census.tasks.is_empty() {
                self.0.ledger.violated(Invariant::I8, format!("{life:?} is dead and has left {census:?}"));
            }
        }
    }

    fn census(&self) -> Vec<Census> {
        let stage = self.0.stage.borrow();
        let mut census = Vec::new();
        for Life { node, life, .. } in stage.up.values().chain(&stage.strays).chain(&stage.leaving) {
            for (factory, incarnation) in node.roots("instance") {
                let (slots, others): (Vec<_>, _) =
                    node.children(&factory).into_iter().partition(|(path, _)| is_slot(path));
                let slots = slots.into_iter().map(|(path, _)| path).collect();
                census.push(Census { life: life.clone(), factory, incarnation, slots, others });
            }
        }
        census
    }

    /// Does this life of an actor still go on, be it on a node that has been replaced?
    pub fn lives(&self, node: &NodeName, path: &ActorPath, incarnation: Incarnation) -> bool {
        let stage = self.0.stage.borrow();
        let mut lives = stage.up.values().chain(&stage.strays).chain(&stage.leaving);
        lives.any(|life| life.life.node == *node && life.node.living(path) == Some(incarnation))
    }

    /// Actors whose parent does not live (I8).
    pub fn orphans(&self) -> Vec<(NodeName, ActorPath)> {
        let stage = self.0.stage.borrow();
        let mut orphans = Vec::new();
        for Life { node, .. } in stage.up.values().chain(&stage.strays).chain(&stage.leaving) {
            let actors = node.actors();
            let lives = |path: &ActorPath| actors.iter().any(|actor| actor.path == *path);
            let of = actors.iter().filter(|actor| actor.parent.as_ref().is_some_and(|parent| !lives(parent)));
            orphans.extend(of.map(|actor| (node.name().clone(), actor.path.clone())));
        }
        orphans
    }

    /// Every instance that should run, with its slots.
    pub fn wanted(&self) -> Vec<(InstanceName, u32)> {
        let all = self.0.cast.wanted.values().flatten();
        all.map(|wanted| (wanted.create.instance.clone(), wanted.create.slots)).collect()
    }

    /// What viewers know of the domain.
    pub fn trust(&self) -> DomainTrust {
        let resolver = |part: &Part| ResolverAddress { address: part.address(0), server_name: part.server_name() };
        DomainTrust {
            domain: domain(),
            authority: Pki::get().authority().certificate().pem().to_owned(),
            resolvers: self.0.cast.with(Role::Resolver).map(resolver).collect(),
            site: None,
        }
    }

    /// Ends everything: half of the nodes in good order, hosts first, the rest at once. Returns what is left of them.
    pub async fn shut_down(&self, random: &mut Random) {
        self.end_strays();
        let mut parts: Vec<_> = self.0.cast.parts.clone();
        parts.sort_by_key(|part| part.role != Role::Host);
        for part in parts {
            if random.chance(0.5) {
                self.retire(&part.name, Duration::from_secs(2)).await;
            } else {
                self.crash(&part.name);
            }
        }
    }
}

/// Is it the actor of a slot? A factory has others, too.
pub(crate) fn is_slot(path: &ActorPath) -> bool {
    path.as_str().rsplit_once('/').is_some_and(|(_, last)| last.starts_with("slot-"))
}

/// 32 bytes for whoever wants to be seeded.
pub fn seed_bytes(random: &mut Random) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.chunks_exact_mut(8).for_each(|chunk| chunk.copy_from_slice(&random.next().to_le_bytes()));
    bytes
}
