//! What goes wrong, when, and for how long: two lanes, one for the network and one for the processes, that strike beside each
//! other, each with chance of its own.
//!
//! Every fault says where it lies and when it is over (see the ledger's [`Trouble`]), so that nothing is promised of what it
//! has in its hands, and everything of the rest.
//!
//! Owns: causing. Refuses: judging.

use std::time::Duration;

use actors_kernel::ActorPath;
use actors_protocol::factory::{DrainInstance, Factory, ResizeInstance, Resizing, SizeState};
use actors_protocol::node::{EndActor, Node as NodeProtocol};
use actors_protocol::{Millis, NodeName, Role};
use media_session::Strain;
use media_share::overload::Turn;
use tokio::time::{Instant, sleep};

use crate::cast::Part;
use crate::domain::{Domain, is_slot};
use crate::ledger::Trouble;
use crate::net::{Link, Random};
use crate::report::Fault;

/// A near call is answered in the same instant, or its actor is gone.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The faults of a run.
pub struct Faults {
    domain: Domain,
    random: Random,
}

impl Faults {
    /// One lane.
    pub fn new(domain: &Domain, random: Random) -> Faults {
        Faults { domain: domain.clone(), random }
    }

    /// Faults of the network, until `until`; each is over when this returns.
    pub async fn network(mut self, until: Instant) {
        loop {
            sleep(Duration::from_millis(300) + self.random.within(Duration::from_millis(1_500))).await;
            if Instant::now() >= until {
                return;
            }
            match self.random.below(10) {
                0..4 => self.storm().await,
                4..5 => self.slow().await,
                5..7 => self.cut(true).await,
                7..9 => self.cut(false).await,
                _ => self.isolate().await,
            }
        }
    }

    /// Faults of processes and actors, until `until`; each is over when this returns.
    pub async fn processes(mut self, until: Instant) {
        loop {
            sleep(Duration::from_millis(200) + self.random.within(Duration::from_millis(1_200))).await;
            if Instant::now() >= until {
                return;
            }
            match self.random.below(25) {
                0 => self.crash(Role::Orchestrator, Fault::CrashOrchestrator).await,
                1 => self.crash(Role::Zone, Fault::CrashZone).await,
                2..4 => self.crash(Role::Host, Fault::CrashHost).await,
                4 => self.crash(Role::Resolver, Fault::CrashResolver).await,
                5 => self.last_words().await,
                6 => self.replace().await,
                7 => self.restart().await,
                8..11 => self.kill_session().await,
                11..13 => self.kill_factory().await,
                13 => self.kill(Role::Zone, "gateway", Fault::KillGateway).await,
                14 => self.kill(Role::Resolver, "resolver", Fault::KillResolver).await,
                15..17 => self.kill_role().await,
                17..20 => self.drain().await,
                20..22 => self.resize().await,
                22..24 => self.withdraw().await,
                _ => self.kill_studio().await,
            }
        }
    }

    fn any(&mut self) -> Part {
        let parts = &self.domain.cast().parts;
        parts[self.random.below(parts.len() as u64) as usize].clone()
    }

    fn with(&mut self, role: Role) -> Part {
        let parts: Vec<_> = self.domain.cast().with(role).cloned().collect();
        parts[self.random.below(parts.len() as u64) as usize].clone()
    }

    fn pair(&mut self) -> (Part, Part) {
        let one = self.any();
        loop {
            let other = self.any();
            if other.name != one.name {
                return (one, other);
            }
        }
    }

    async fn storm(&mut self) {
        let part = self.any();
        let trouble = Trouble::Node(part.name.clone());
        self.domain.ledger().fault(Fault::Storm, &part.name);
        self.domain.ledger().trouble_begins(&trouble);
        let (loss, duplication) = (self.random.unit() * 0.25, self.random.unit() * 0.1);
        let (reordering, jitter) = (self.random.unit() * 0.2, self.random.within(Duration::from_millis(60)));
        let link = Link { jitter, loss, duplication, reordering, ..Link::delay(Duration::from_millis(3)) };
        let others = self.domain.cast().parts.clone();
        for other in others.iter().filter(|other| other.name != part.name) {
            self.link(&part, other, link);
        }
        sleep(Duration::from_millis(300) + self.random.within(Duration::from_secs(3))).await;
        for other in others.iter().filter(|other| other.name != part.name) {
            self.domain.cast().link_pair(self.domain.net(), &part, other);
        }
        self.domain.ledger().trouble_ends(&trouble);
    }

    fn link(&self, one: &Part, other: &Part, link: Link) {
        for (a, b) in one.homes.iter().flat_map(|a| other.homes.iter().map(move |b| (*a, *b))) {
            self.domain.net().set_link(a, b, link);
        }
    }

    async fn slow(&mut self) {
        let (one, other) = self.pair();
        let trouble = Trouble::between(&one.name, &other.name);
        self.domain.ledger().fault(Fault::Slow, format_args!("{} and {}", one.name, other.name));
        self.domain.ledger().trouble_begins(&trouble);
        let delay = Duration::from_millis(400) + self.random.within(Duration::from_millis(1_200));
        self.link(&one, &other, Link::delay(delay));
        sleep(Duration::from_millis(500) + self.random.within(Duration::from_secs(3))).await;
        self.domain.cast().link_pair(self.domain.net(), &one, &other);
        self.domain.ledger().trouble_ends(&trouble);
    }

    async fn cut(&mut self, both: bool) {
        let (one, other) = self.pair();
        let trouble = Trouble::between(&one.name, &other.name);
        let fault = if both { Fault::CutBoth } else { Fault::CutOneWay };
        self.domain.ledger().fault(fault, format_args!("{} and {}", one.name, other.name));
        self.domain.ledger().trouble_begins(&trouble);
        let net = self.domain.net().clone();
        let pairs: Vec<_> = one.homes.iter().flat_map(|a| other.homes.iter().map(move |b| (*a, *b))).collect();
        for (a, b) in &pairs {
            if both { net.cut(*a, *b) } else { net.cut_one_way(*a, *b) }
        }
        sleep(Duration::from_millis(300) + self.random.within(Duration::from_secs(6))).await;
        for (a, b) in &pairs {
            net.heal(*a, *b);
        }
        self.domain.ledger().trouble_ends(&trouble);
    }

    async fn isolate(&mut self) {
        let part = self.any();
        let trouble = Trouble::Node(part.name.clone());
        self.domain.ledger().fault(Fault::Isolation, &part.name);
        self.domain.ledger().trouble_begins(&trouble);
        // Both homes: whoever is started anew there meanwhile is cut off too.
        part.homes.iter().for_each(|home| self.domain.net().isolate(*home));
        sleep(Duration::from_millis(300) + self.random.within(Duration::from_secs(6))).await;
        part.homes.iter().for_each(|home| self.domain.net().rejoin(*home));
        self.domain.ledger().trouble_ends(&trouble);
    }

    async fn crash(&mut self, role: Role, fault: Fault) {
        let part = self.with(role);
        self.domain.ledger().fault(fault, &part.name);
        self.domain.crash(&part.name);
        sleep(self.downtime()).await;
        self.domain.boot(&part.name);
    }

    /// Most restarts are quick, as a supervisor's; some take longer than others wait.
    fn downtime(&mut self) -> Duration {
        let most = if self.random.chance(0.6) { 600 } else { 6_000 };
        Duration::from_millis(20) + self.random.within(Duration::from_millis(most))
    }

    /// What a host says last is still under way when its next life speaks.
    async fn last_words(&mut self) {
        let host = self.with(Role::Host);
        let zone = host.zone.as_ref().map(|zone| self.domain.cast().gateway(zone).clone()).expect("a host has a zone");
        let zone = self.domain.cast().part(&zone).clone();
        let trouble = Trouble::between(&host.name, &zone.name);
        self.domain.ledger().fault(Fault::LastWords, &host.name);
        self.domain.ledger().trouble_begins(&trouble);
        let slow = Link { jitter: Duration::from_millis(150), ..Link::delay(Duration::from_millis(900)) };
        for (a, b) in host.homes.iter().flat_map(|a| zone.homes.iter().map(move |b| (*a, *b))) {
            self.domain.net().set_link_one_way(a, b, slow);
        }
        sleep(Duration::from_millis(200) + self.random.within(Duration::from_millis(600))).await;
        self.domain.crash(&host.name);
        self.domain.cast().link_pair(self.domain.net(), &host, &zone);
        sleep(Duration::from_millis(5) + self.random.within(Duration::from_millis(60))).await;
        self.domain.boot(&host.name);
        sleep(Duration::from_secs(1)).await;
        self.domain.ledger().trouble_ends(&trouble);
    }

    /// A host or a zone is cut off and started anew somewhere else; then the old one is heard of again.
    async fn replace(&mut self) {
        let role = if self.random.chance(0.6) { Role::Host } else { Role::Zone };
        let part = self.with(role);
        if self.domain.life(&part.name).is_none() {
            return;
        }
        self.domain.ledger().fault(Fault::Replaced, &part.name);
        self.domain.replace(&part.name);
        sleep(Duration::from_millis(200) + self.random.within(Duration::from_secs(3))).await;
        self.domain.rejoin_strays();
        sleep(Duration::from_millis(500) + self.random.within(Duration::from_secs(3))).await;
        self.domain.end_strays();
    }

    async fn restart(&mut self) {
        let part = self.any();
        self.domain.ledger().fault(Fault::Restart, &part.name);
        let deadline = self.random.within(Duration::from_secs(2));
        self.domain.retire(&part.name, deadline).await;
        sleep(self.downtime()).await;
        self.domain.boot(&part.name);
    }

    /// The actors of a running host, by the beginning of their paths.
    fn actors(&self, host: &NodeName, deep: bool) -> Vec<ActorPath> {
        let Some(life) = self.domain.life(host) else { return Vec::new() };
        let factories = life.node.roots("instance");
        if !deep {
            return factories.into_iter().map(|(path, _)| path).collect();
        }
        let children = factories.iter().flat_map(|(path, _)| life.node.children(path));
        children.map(|(path, _)| path).collect()
    }

    async fn kill_session(&mut self) {
        let host = self.with(Role::Host);
        let mut slots = self.actors(&host.name, true);
        slots.retain(is_slot);
        if slots.is_empty() {
            return;
        }
        let path = slots[self.random.below(slots.len() as u64) as usize].clone();
        if self.end(&host.name, path.clone()).await {
            self.domain.ledger().fault(Fault::KillSession, format_args!("{path} on {}", host.name));
        }
    }

    /// Its factory goes with it.
    async fn kill_studio(&mut self) {
        let host = self.with(Role::Host);
        let studio = self.actors(&host.name, true).into_iter().find(|path| !is_slot(path));
        if let Some(path) = studio {
            self.strike(&host.name, path, Fault::KillStudio).await;
        }
    }

    async fn kill_factory(&mut self) {
        let host = self.with(Role::Host);
        let factories = self.actors(&host.name, false);
        if factories.is_empty() {
            return;
        }
        let path = factories[self.random.below(factories.len() as u64) as usize].clone();
        self.strike(&host.name, path, Fault::KillFactory).await;
    }

    async fn kill(&mut self, role: Role, path: &str, fault: Fault) {
        let part = self.with(role);
        self.strike(&part.name, ActorPath::new(path).expect("a constant path"), fault).await;
    }

    async fn kill_role(&mut self) {
        let part = self.any();
        let path = if self.random.chance(0.5) { part.role.as_str() } else { "member" };
        self.strike(&part.name, ActorPath::new(path).expect("a role is a path"), Fault::KillRole).await;
    }

    async fn strike(&mut self, node: &NodeName, path: ActorPath, fault: Fault) {
        let now = self.domain.ledger().now();
        if self.end(node, path.clone()).await {
            self.domain.ledger().fault(fault, format_args!("{path} on {node}"));
            self.domain.ledger().reach().struck(now, node);
        }
    }

    /// Ends an actor as `fusion actors kill` does. False: there was none.
    async fn end(&self, node: &NodeName, path: ActorPath) -> bool {
        let Some(life) = self.domain.life(node) else { return false };
        let inspector = life.node.near::<NodeProtocol>(ActorPath::new("node").expect("a constant path"));
        let ended = inspector.ask(EndActor { path, kill: true }, AT_ONCE).await;
        matches!(ended, Ok(actors_protocol::node::Ending::Ended { .. }))
    }

    /// An instance is drained, and the drain taken back: in the middle of it, or when everything has ended.
    async fn drain(&mut self) {
        let host = self.with(Role::Host);
        let factories = self.actors(&host.name, false);
        if factories.is_empty() {
            return;
        }
        let path = factories[self.random.below(factories.len() as u64) as usize].clone();
        let deadline = Millis::from(self.random.within(Duration::from_secs(4)));
        if !self.ask_drain(&host.name, &path, DrainInstance { deadline, cancel: false }).await {
            return;
        }
        self.domain.ledger().fault(Fault::Drain, format_args!("{path} on {}, within {deadline}", host.name));
        sleep(self.random.within(Duration::from_secs(5))).await;
        self.ask_drain(&host.name, &path, DrainInstance { deadline: Millis::ZERO, cancel: true }).await;
    }

    /// An instance is given another number of slots, and after a while its own again: in the middle of it, or later.
    async fn resize(&mut self) {
        let host = self.with(Role::Host);
        let factories = self.actors(&host.name, false);
        if factories.is_empty() {
            return;
        }
        let path = factories[self.random.below(factories.len() as u64) as usize].clone();
        let own = self.domain.wanted().into_iter().find(|(name, _)| ActorPath::of_instance(name) == path);
        let own = own.map(|(_, slots)| slots).expect("only what is wanted runs");
        let slots = self.random.below(u64::from(own) + 4) as u32;
        let deadline = self.random.chance(0.5).then(|| Millis::from(self.random.within(Duration::from_secs(4))));
        let within = deadline.map_or_else(String::new, |deadline| format!(", within {deadline}"));
        let Some(state) = self.ask_size(&host.name, &path, slots, deadline).await else { return };
        self.domain.ledger().fault(Fault::Resize, format_args!("{path} on {}: {own} to {slots}{within}", host.name));
        if state.surplus > 0 {
            self.domain.ledger().event("resize: viewers beyond the number");
        }
        sleep(self.random.within(Duration::from_secs(6))).await;
        // A factory that has begun anew meanwhile has its own number already.
        self.ask_size(&host.name, &path, own, None).await;
    }

    async fn ask_size(
        &self,
        host: &NodeName,
        path: &ActorPath,
        slots: u32,
        deadline: Option<Millis>,
    ) -> Option<SizeState> {
        let life = self.domain.life(host)?;
        let ask = ResizeInstance { slots: Some(slots), deadline };
        match life.node.near::<Factory>(path.clone()).ask(ask, AT_ONCE).await {
            Ok(Resizing::Sized(state)) => Some(state),
            Ok(Resizing::Refused { .. }) | Err(_) => None,
        }
    }

    /// An instance hears that its pictures are late, and after a while that they are in time again.
    async fn withdraw(&mut self) {
        let host = self.with(Role::Host);
        let Some(life) = self.domain.life(&host.name) else { return };
        let started = life.factories.borrow().clone();
        if started.is_empty() {
            return;
        }
        let factory = &started[self.random.below(started.len() as u64) as usize];
        let words = "every picture is late".to_owned();
        if factory.ask(Strain(Turn::Overloaded { words }), AT_ONCE).await.is_err() {
            return;
        }
        self.domain.ledger().fault(Fault::Withdrawal, format_args!("{} on {}", factory.path(), host.name));
        sleep(self.random.within(Duration::from_secs(6))).await;
        // One that has ended meanwhile does not hear it; its next life has never been told.
        if factory.ask(Strain(Turn::Well), AT_ONCE).await.is_err() {
            self.domain.ledger().event("withdrawal: ended before it was taken back");
        }
    }

    async fn ask_drain(&self, host: &NodeName, path: &ActorPath, ask: DrainInstance) -> bool {
        let Some(life) = self.domain.life(host) else { return false };
        life.node.near::<Factory>(path.clone()).ask(ask, AT_ONCE).await.is_ok()
    }
}
