//! A run of deployments: an operator deploys and removes, and somebody is killed or cut off in the middle of it, at any step;
//! then nothing goes wrong any more, and it is looked at what stands.
//!
//! Owns: **I13** and **I14**. Refuses: viewers and their slots; those have runs of their own ([`scenario`](crate::scenario)).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use actors_control::{HOST, ORCHESTRATOR, role_path};
use actors_kernel::{ActorPath, Addr};
use actors_protocol::deployment::{
    DeployService, Deploying, DeploymentShown, DeploymentStage, RemoveDeployment, WatchDeployment,
};
use actors_protocol::host::{Host, ListMade, MadeInstance};
use actors_protocol::membership::Orchestrator;
use actors_protocol::service::{RegisterService, Registration};
use actors_protocol::{InstanceName, Millis, NodeName, RequestId, Role};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::cast::{Cast, name};
use crate::domain::{Domain, Making};
use crate::ledger::Ledger;
use crate::net::Random;
use crate::report::{Fault, Invariant, Report, Violation};
use crate::scenario::simulate;

const MANIFEST: &str = r#"{ "manifest": 1, "name": "play.sim", "provider": "sim", "visibility": "public",
    "kind": { "actor": { "builder": "show" } }, "slots": { "each": 2 } }"#;
/// The domain is up after this time.
const UP_AFTER: Duration = Duration::from_secs(6);
/// Orders of one run.
const ORDERS: u128 = 8;
/// An order has its outcome by then; what is undone is forgotten, and what is provisional has ended, at the latest.
const CALM_AFTER: Duration = Duration::from_secs(170);
/// What must not last is looked at this often.
const TICK: Duration = Duration::from_millis(250);
/// A near call.
const AT_ONCE: Duration = Duration::from_secs(2);
/// Making an instance takes up to this long: time for something to happen.
const BUILDING: Duration = Duration::from_millis(400);

/// What an operator has asked for and was told.
#[derive(Default)]
struct Orders {
    asked: BTreeMap<RequestId, u32>,
    promised: BTreeSet<RequestId>,
    removed: BTreeSet<RequestId>,
}

#[derive(Clone)]
struct Stage {
    domain: Domain,
    orders: Rc<RefCell<Orders>>,
}

/// What came of a run.
pub fn run(seed: u64, making: Making) -> (Report, Vec<Violation>) {
    simulate(play(seed, Making { building: BUILDING, ..making }))
}

async fn play(seed: u64, making: Making) -> (Report, Vec<Violation>) {
    let ledger = Ledger::new(false, std::env::var_os("FUSION_ALOUD").is_some());
    let domain = Domain::new(seed, Cast::of(3, 1, [1, 0, 1]), ledger.clone(), making);
    domain.boot_all();
    let stage = Stage { domain: domain.clone(), orders: Rc::default() };
    let mut watching = JoinSet::new();
    watching.spawn_local(stage.clone().watch());
    sleep(UP_AFTER).await;
    let mut random = Random::derive(seed, 21);
    stage.register().await;
    for number in 1..=ORDERS {
        stage.order(RequestId(number << 64), &mut random).await;
    }
    // An orchestrator that is away for a minute and more: what stands goes on standing.
    if random.chance(0.3) {
        stage.away(&mut random).await;
    }
    domain.net().heal_all();
    domain.boot_all();
    sleep(CALM_AFTER).await;
    stage.judge().await;
    watching.abort_all();
    while watching.join_next().await.is_some() {}
    domain.shut_down(&mut random).await;
    sleep(TICK).await;
    (ledger.report(domain.net().counters()), ledger.violations())
}

impl Stage {
    fn orchestrator(&self) -> Option<Addr<Orchestrator>> {
        self.domain.life(&name("orc")).map(|life| life.node.near(role_path(ORCHESTRATOR)))
    }

    async fn register(&self) {
        let orchestrator = self.orchestrator().expect("nothing has gone wrong yet");
        let answer = orchestrator.ask(RegisterService { manifest: MANIFEST.to_owned() }, AT_ONCE).await;
        assert!(matches!(answer, Ok(Registration::Registered { .. })), "{answer:?}");
    }

    /// One order, perhaps twice, and something that happens meanwhile.
    async fn order(&self, id: RequestId, random: &mut Random) {
        let slots = 1 + random.below(7) as u32;
        self.orders.borrow_mut().asked.insert(id, slots);
        let twice = random.chance(0.3);
        let mut asking = JoinSet::new();
        for _ in 0..=u8::from(twice) {
            asking.spawn_local(self.clone().deploy(id, slots));
        }
        // An order takes half a second when all is well: before, in the middle of it, after it.
        sleep(random.within(Duration::from_millis(700))).await;
        if random.chance(0.2) {
            self.remove(id).await;
        }
        self.strike(random).await;
        while asking.join_next().await.is_some() {}
        let promised: Vec<_> = {
            let orders = self.orders.borrow();
            orders.promised.difference(&orders.removed).copied().collect()
        };
        if !promised.is_empty() && random.chance(0.2) {
            self.remove(promised[random.below(promised.len() as u64) as usize]).await;
        }
    }

    /// Asks, and asks again under the same id if nobody answered.
    async fn deploy(self, id: RequestId, slots: u32) {
        let until = Instant::now() + Duration::from_secs(60);
        while Instant::now() < until {
            let Some(orchestrator) = self.orchestrator() else {
                sleep(TICK).await;
                continue;
            };
            let ask = DeployService {
                request: id,
                service: name("play.sim"),
                slots,
                zones: Vec::new(),
                zones_most: 0,
                price_most: None,
                offer_within: None,
                deploy_within: Some(Millis::from_secs(5)),
            };
            match orchestrator.ask(ask, AT_ONCE).await {
                Ok(Deploying::Accepted { .. }) => {}
                Ok(other) => return self.domain.ledger().violated(Invariant::Words, format!("{other:?}")),
                Err(_) => {
                    sleep(TICK).await;
                    continue;
                }
            }
            let watch = WatchDeployment { id, wait: Millis::from_secs(20) };
            match orchestrator.ask(watch, Duration::from_secs(25)).await {
                Ok(DeploymentShown::Deployment(state)) if state.stage == DeploymentStage::Standing => {
                    self.domain.ledger().event("deployment: stands");
                    self.orders.borrow_mut().promised.insert(id);
                    return;
                }
                Ok(DeploymentShown::Deployment(state)) if state.cause.is_some() => {
                    return self.domain.ledger().event("deployment: came to nothing");
                }
                _ => sleep(TICK).await,
            }
        }
        self.domain.ledger().event("deployment: nobody answered");
    }

    async fn remove(&self, id: RequestId) {
        let Some(orchestrator) = self.orchestrator() else { return };
        self.orders.borrow_mut().removed.insert(id);
        let removed = orchestrator.ask(RemoveDeployment { id, force: false }, AT_ONCE).await;
        self.domain.ledger().event(if removed.is_ok() { "deployment: removed" } else { "deployment: perhaps removed" });
    }

    /// Somebody is killed, or cut off from the orchestrator, and comes back.
    async fn strike(&self, random: &mut Random) {
        let away = Duration::from_millis(20) + random.within(Duration::from_millis(6_000));
        let (role, fault) = match random.below(6) {
            0 | 1 => (Role::Orchestrator, Fault::CrashOrchestrator),
            2 => (Role::Zone, Fault::CrashZone),
            3 => (Role::Host, Fault::CrashHost),
            4 => return self.cut(away, random).await,
            _ => return,
        };
        let parts: Vec<_> = self.domain.cast().with(role).cloned().collect();
        let part = &parts[random.below(parts.len() as u64) as usize];
        self.domain.ledger().fault(fault, &part.name);
        self.domain.crash(&part.name);
        sleep(away).await;
        self.domain.boot(&part.name);
    }

    async fn cut(&self, away: Duration, random: &mut Random) {
        let zones: Vec<_> = self.domain.cast().with(Role::Zone).cloned().collect();
        let zone = &zones[random.below(zones.len() as u64) as usize];
        let orchestrator = self.domain.cast().part(&name("orc"));
        self.domain.ledger().fault(Fault::CutBoth, format_args!("orc and {}", zone.name));
        self.domain.net().cut(orchestrator.homes[0], zone.homes[0]);
        sleep(away).await;
        self.domain.net().heal(orchestrator.homes[0], zone.homes[0]);
    }

    async fn away(&self, random: &mut Random) {
        self.domain.ledger().fault(Fault::CrashOrchestrator, "orc, for more than a minute");
        self.domain.crash(&name("orc"));
        sleep(Duration::from_secs(65) + random.within(Duration::from_secs(10))).await;
        self.domain.boot(&name("orc"));
    }

    fn hosts(&self) -> Vec<NodeName> {
        self.domain.cast().with(Role::Host).map(|part| part.name.clone()).collect()
    }

    /// The instances of a host that is up, and which life of it.
    fn living(&self, host: &NodeName) -> Option<(u64, BTreeSet<ActorPath>)> {
        let life = self.domain.life(host)?;
        Some((life.life.life, life.node.roots("instance").into_iter().map(|(path, _)| path).collect()))
    }

    /// I14: what was promised and not removed does not end while its host goes on, unless another host of its zone has it.
    async fn watch(self) {
        let mut seen: BTreeSet<(NodeName, u64, ActorPath, RequestId)> = BTreeSet::new();
        loop {
            sleep(TICK).await;
            let all: BTreeMap<_, _> =
                self.hosts().into_iter().filter_map(|host| Some((host.clone(), self.living(&host)?))).collect();
            let elsewhere = |path: &ActorPath| all.values().any(|(_, paths)| paths.contains(path));
            let (promised, removed) = {
                let orders = self.orders.borrow();
                (orders.promised.clone(), orders.removed.clone())
            };
            for (host, life, path, id) in &seen {
                let gone = all.get(host).is_some_and(|(now, paths)| now == life && !paths.contains(path));
                if gone && !removed.contains(id) && !elsewhere(path) {
                    self.domain.ledger().violated(Invariant::I14, format!("{path} has ended on {host}"));
                }
            }
            seen.clear();
            for id in promised.difference(&removed) {
                self.domain.ledger().premise(Invariant::I14);
                for (host, (life, paths)) in &all {
                    let of = paths.iter().filter(|path| is_of(path, *id));
                    seen.extend(of.map(|path| (host.clone(), *life, path.clone(), *id)));
                }
            }
        }
    }

    /// I13, when everything has been calm for long enough.
    async fn judge(&self) {
        let orchestrator = self.orchestrator().expect("everything is up");
        let mut made: Vec<MadeInstance> = Vec::new();
        for part in self.domain.cast().with(Role::Host) {
            let life = self.domain.life(&part.name).expect("everything is up");
            let zone = part.zone.clone().expect("a host has a zone");
            let host: Addr<Host> = life.node.near(role_path(HOST));
            match host.ask(ListMade { zone, stem: None }, AT_ONCE).await {
                Ok(list) => made.extend(list.instances),
                Err(fault) => self.domain.ledger().violated(Invariant::Recovery, format!("{}: {fault}", part.name)),
            }
        }
        let (asked, promised, removed) = {
            let orders = self.orders.borrow();
            (orders.asked.clone(), orders.promised.clone(), orders.removed.clone())
        };
        for (id, slots) in asked {
            self.domain.ledger().premise(Invariant::I13);
            let shown = orchestrator.ask(WatchDeployment { id, wait: Millis::ZERO }, AT_ONCE).await;
            let stage = match shown {
                Ok(DeploymentShown::Deployment(state)) => state.stage,
                _ => DeploymentStage::Over,
            };
            let of: Vec<_> = made.iter().filter(|made| is_of(&ActorPath::of_instance(&made.instance), id)).collect();
            let there: u32 = of.iter().map(|made| made.slots).sum();
            let names: Vec<&InstanceName> = of.iter().map(|made| &made.instance).collect();
            let wanted = if stage == DeploymentStage::Standing { slots } else { 0 };
            let settled = matches!(stage, DeploymentStage::Standing | DeploymentStage::Over);
            let owed = promised.contains(&id) && !removed.contains(&id);
            if there != wanted
                || !settled
                || of.iter().any(|made| made.provisional)
                || (owed && stage != DeploymentStage::Standing)
            {
                let words = format!("{id:?} of {slots} slots is {stage:?} with {there} in {names:?}; promised: {owed}");
                self.domain.ledger().violated(Invariant::I13, words);
            }
        }
    }
}

/// Is it an instance of this deployment?
fn is_of(path: &ActorPath, id: RequestId) -> bool {
    path.as_str().starts_with(&format!("instance/play-{:016x}-", id.0 >> 64))
}
