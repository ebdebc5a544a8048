//! The gateway: the thin shell around [`GatewayCore`].
//!
//! Owns: the asking of factories for viewers, the sending of reports. Refuses: choosing; the core says whom to ask next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use actors_cores::Flaw;
use actors_cores::gateway::{Attempt, Effect, GatewayCore, PoolKey, SEND_WITHIN, Step};
use actors_kernel::{Actor, ActorPath, Addr, Answer, Caller, Cx, Handler, LinkWatch, Promise, Routes};
use actors_protocol::factory::{Factory, ReleaseSlot};
use actors_protocol::gateway::{Gateway, Noted, Release, Released, ReportPool, Reservation, Reserve, ZoneReport};
use actors_protocol::membership::Directory;
use actors_protocol::zone::InstanceFailure;
use actors_protocol::{Millis, NodeName, Role, Roles, ZoneName};
use transport_link::watch;

use crate::board::{Hidden, ShareBoard};
use crate::member::DirectoryWatch;
use crate::observe::{GatewayObserver, GatewaySeen, Sighting};
use crate::paths::{ORCHESTRATOR, RESOLVER, role_path};
use crate::zone::FailureWatch;

/// A factory that has not answered by then is passed over.
const FACTORY_WITHIN: Duration = Duration::from_secs(1);
/// Versions of what is hidden that resolvers are still to hear of; they come and go with a round trip.
const UNRESOLVED_MAX: usize = 1_024;
/// Reservations come in bursts.
pub const GATEWAY_MAILBOX: u32 = 4_096;

/// What a gateway is made with.
#[derive(Clone)]
pub struct GatewaySetup {
    /// Its zone.
    pub zone: ZoneName,
    /// The directory: who gets reports, which hosts are gone.
    pub directory: DirectoryWatch,
    /// The instances that do not run.
    pub failures: FailureWatch,
    /// What the zone manager hides, and what it wants to know of it.
    pub board: ShareBoard,
    /// One wrong decision; only a harness sets another than none.
    pub flaw: Flaw,
    /// Who looks on; only a harness does.
    pub observer: Option<GatewayObserver>,
}

/// See the module.
pub struct GatewayActor {
    setup: GatewaySetup,
    core: Option<GatewayCore>,
    hosts: BTreeSet<NodeName>,
    receivers: BTreeSet<NodeName>,
    watched: BTreeSet<NodeName>,
    /// The version of what is hidden that the core has.
    hidden: u64,
    /// Versions of what is hidden, each with the first report that says so, until every resolver has it.
    unresolved: VecDeque<(u64, u64)>,
}

impl GatewayActor {
    /// A gateway that knows no pool yet.
    pub fn new(setup: GatewaySetup) -> GatewayActor {
        let (hosts, receivers, watched, unresolved) = Default::default();
        GatewayActor { setup, core: None, hosts, receivers, watched, hidden: 0, unresolved }
    }

    fn core(&mut self) -> &mut GatewayCore {
        self.core.as_mut().expect("made when the actor starts, before its first message")
    }

    fn pump(&mut self, cx: &mut Cx<'_, Self>) {
        while let Some(Effect::Send { to, report }) = self.core().poll_effect() {
            self.send(to, report, cx);
        }
        let next = self.core().poll_timeout();
        cx.wake_at(next);
        self.show(GatewaySeen::Settled, cx);
    }

    /// Takes over what the zone manager hides by now.
    fn hide(&mut self, now: Millis) {
        let latest = self.setup.board.hidden.borrow().clone();
        if latest.version != self.hidden {
            self.hidden = latest.version;
            let first = self.core().hide(now, latest.instances);
            self.unresolved.push_back((latest.version, first));
            // Whoever waits for the oldest is told with a later one.
            if self.unresolved.len() > UNRESOLVED_MAX {
                self.unresolved.pop_front();
            }
            self.tell_resolved();
        }
    }

    fn watch_hidden(&mut self, mut hidden: watch::Receiver<Hidden>, cx: &mut Cx<'_, Self>) {
        drop(hidden.borrow_and_update());
        let now = cx.now();
        self.hide(now);
        self.pump(cx);
        cx.run(
            async move {
                let changed = hidden.changed().await;
                (changed.is_ok(), hidden)
            },
            |gateway, (alive, hidden), cx| {
                if alive {
                    gateway.watch_hidden(hidden, cx);
                }
            },
        );
    }

    /// Tells the zone manager up to where every resolver that is up knows what is no longer hidden.
    fn tell_resolved(&mut self) {
        let Some(core) = &self.core else { return };
        let directory = self.setup.directory.borrow();
        let resolvers = directory.nodes.iter().filter(|record| record.alive && record.roles.has(Role::Resolver));
        let Some(noted) = resolvers.map(|record| core.noted_by(&record.node)).min() else { return };
        let mut resolved = None;
        while let Some((version, _)) = self.unresolved.front().filter(|(_, first)| *first <= noted) {
            resolved = Some(*version);
            self.unresolved.pop_front();
        }
        if let Some(version) = resolved {
            self.setup.board.resolved.send_replace(version);
        }
    }

    /// The zone manager waits for the slots of what it hides.
    fn tell_pools(&mut self) {
        let Some(core) = &self.core else { return };
        let pools: BTreeMap<_, _> =
            core.hidden_pools().map(|(key, counts)| ((key.host.clone(), key.instance.clone()), counts)).collect();
        self.setup.board.pools.send_if_modified(|told| {
            let changed = *told != pools;
            if changed {
                *told = pools;
            }
            changed
        });
    }

    /// Shows something to whoever looks on.
    fn show(&self, what: GatewaySeen<'_>, cx: &Cx<'_, Self>) {
        if let (Some(observer), Some(core)) = (&self.setup.observer, &self.core) {
            observer(&Sighting { node: cx.node(), incarnation: cx.incarnation(), core, what });
        }
    }

    fn send(&mut self, to: NodeName, report: ZoneReport, cx: &mut Cx<'_, Self>) {
        let seq = report.seq;
        // The orchestrator and the resolvers take the same report; which of the two a node is, its roles say.
        let resolver = self.roles_of(&to).has(Role::Resolver);
        let orchestrator = self.roles_of(&to).has(Role::Orchestrator);
        let node = cx.node();
        let resolver: Option<Addr<actors_protocol::resolver::Resolver>> =
            resolver.then(|| node.far(&to, role_path(RESOLVER)));
        let orchestrator: Option<Addr<actors_protocol::membership::Orchestrator>> =
            orchestrator.then(|| node.far(&to, role_path(ORCHESTRATOR)));
        let within = SEND_WITHIN.duration();
        let both = async move {
            if let Some(orchestrator) = orchestrator {
                orchestrator.ask(report.clone(), within).await?;
            }
            if let Some(resolver) = resolver {
                resolver.ask(report, within).await?;
            }
            Ok::<(), actors_kernel::Fault>(())
        };
        cx.run(both, move |gateway: &mut GatewayActor, sent, cx| {
            let now = cx.now();
            match sent {
                Ok(()) => {
                    gateway.core().noted(now, &to, seq);
                    gateway.tell_resolved();
                }
                Err(_) => gateway.core().failed(now, &to, seq),
            }
            gateway.pump(cx);
        });
    }

    fn roles_of(&self, node: &NodeName) -> Roles {
        let directory = self.setup.directory.borrow();
        directory.nodes.iter().find(|record| record.node == *node).map_or(Roles::NONE, |record| record.roles)
    }

    fn watch_directory(&mut self, mut directory: DirectoryWatch, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        let (hosts, receivers) = {
            let directory = directory.borrow_and_update();
            (hosts_of(&directory, &self.setup.zone), receivers_of(&directory))
        };
        for gone in self.hosts.difference(&hosts).cloned().collect::<Vec<_>>() {
            self.core().host_gone(now, &gone);
        }
        self.hosts = hosts;
        self.core().set_receivers(now, &receivers);
        for new in receivers.difference(&self.watched.clone()) {
            if let Ok(link) = cx.node().link_watch(new) {
                self.watched.insert(new.clone());
                self.watch_link(new.clone(), link, cx);
            }
        }
        self.receivers = receivers;
        self.pump(cx);
        cx.run(
            async move {
                let changed = directory.changed().await;
                (changed.is_ok(), directory)
            },
            |gateway, (alive, directory), cx| {
                if alive {
                    gateway.watch_directory(directory, cx);
                }
            },
        );
    }

    /// A receiver whose link comes up may have restarted and knows nothing.
    fn watch_link(&mut self, receiver: NodeName, mut link: LinkWatch, cx: &mut Cx<'_, Self>) {
        cx.run(
            async move {
                let up = link.came_up().await;
                (up, link)
            },
            move |gateway: &mut GatewayActor, (up, link), cx| {
                if !up || !gateway.receivers.contains(&receiver) {
                    gateway.watched.remove(&receiver);
                    return;
                }
                let now = cx.now();
                gateway.core().receiver_up(now, &receiver);
                gateway.pump(cx);
                gateway.watch_link(receiver, link, cx);
            },
        );
    }

    fn watch_failures(&mut self, mut failures: watch::Receiver<Vec<InstanceFailure>>, cx: &mut Cx<'_, Self>) {
        let (now, latest) = (cx.now(), failures.borrow_and_update().clone());
        self.core().set_failures(now, latest);
        self.pump(cx);
        cx.run(
            async move {
                let changed = failures.changed().await;
                (changed.is_ok(), failures)
            },
            |gateway, (alive, failures), cx| {
                if alive {
                    gateway.watch_failures(failures, cx);
                }
            },
        );
    }

    /// Asks factories, one after the other, until the core has its answer.
    fn proceed(&mut self, mut attempt: Attempt, promise: Promise<Reservation>, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        match self.core().step(now, &mut attempt) {
            Step::Ask(pool) => {
                let factory = factory_addr(&pool, cx);
                cx.ask(&factory, attempt.question(), FACTORY_WITHIN, move |gateway: &mut GatewayActor, answer, cx| {
                    let now = cx.now();
                    match answer {
                        Ok(answer) => gateway.core().answer(now, &mut attempt, answer),
                        Err(_) => attempt.unreachable(),
                    }
                    gateway.proceed(attempt, promise, cx);
                });
            }
            Step::Done(reservation) => {
                let release = ReleaseSlot { request: attempt.reserve().request };
                for pool in attempt.doubtful() {
                    let factory = factory_addr(pool, cx);
                    cx.ask(&factory, release.clone(), FACTORY_WITHIN, |_, _, _| {});
                }
                promise.keep(reservation);
            }
        }
    }
}

fn factory_addr(pool: &PoolKey, cx: &Cx<'_, GatewayActor>) -> Addr<Factory> {
    cx.node().far(&pool.host, ActorPath::of_instance(&pool.instance))
}

fn hosts_of(directory: &Directory, zone: &ZoneName) -> BTreeSet<NodeName> {
    let here = directory.nodes.iter().filter(|record| record.alive && record.zone.as_ref() == Some(zone));
    here.filter(|record| record.roles.has(Role::Host)).map(|record| record.node.clone()).collect()
}

fn receivers_of(directory: &Directory) -> BTreeSet<NodeName> {
    let wanted = Roles::of(&[Role::Resolver, Role::Orchestrator]);
    directory.nodes.iter().filter(|record| record.roles.meets(wanted)).map(|record| record.node.clone()).collect()
}

impl Actor for GatewayActor {
    type Protocol = Gateway;

    fn routes(routes: &mut Routes<Self>) {
        routes.add::<Reserve>().add::<Release>().add::<ReportPool>();
    }

    fn started(&mut self, cx: &mut Cx<'_, Self>) {
        #[cfg_attr(not(feature = "flaws"), expect(unused_mut, reason = "only a harness changes a core"))]
        let mut core = GatewayCore::new(cx.now(), self.setup.zone.clone(), cx.incarnation());
        #[cfg(feature = "flaws")]
        core.set_flaw(self.setup.flaw);
        self.core = Some(core);
        let failures = self.setup.failures.subscribe();
        self.watch_failures(failures, cx);
        let hidden = self.setup.board.hidden.subscribe();
        self.watch_hidden(hidden, cx);
        let directory = self.setup.directory.clone();
        self.watch_directory(directory, cx);
    }

    fn woken(&mut self, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        self.core().on_timeout(now);
        self.pump(cx);
    }

    fn state(&self, now: Millis) -> serde_json::Value {
        let state = self.core.as_ref().map(|core| serde_json::to_value(core.state(now)));
        state.and_then(Result::ok).unwrap_or(serde_json::Value::Null)
    }
}

impl Handler<Reserve> for GatewayActor {
    fn handle(&mut self, reserve: Reserve, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Reservation> {
        let now = cx.now();
        let attempt = self.core().begin(now, reserve);
        let (promise, answer) = cx.promise();
        self.proceed(attempt, promise, cx);
        answer
    }
}

impl Handler<Release> for GatewayActor {
    fn handle(&mut self, release: Release, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Released> {
        let pools = self.core().release(&release);
        let factories: Vec<_> = pools.iter().map(|pool| factory_addr(pool, cx)).collect();
        let (promise, answer) = cx.promise();
        let search = async move {
            for factory in factories {
                let released = factory.ask(ReleaseSlot { request: release.request }, FACTORY_WITHIN).await;
                if released == Ok(Released::Freed) {
                    return Released::Freed;
                }
            }
            Released::NoLease
        };
        cx.run(search, move |_, released, _| promise.keep(released));
        answer
    }
}

impl Handler<ReportPool> for GatewayActor {
    fn handle(&mut self, report: ReportPool, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Noted> {
        let now = cx.now();
        let shown = self.setup.observer.is_some().then(|| report.clone());
        self.hide(now);
        let noted = self.core().report(now, report);
        self.tell_pools();
        if let Some(report) = &shown {
            self.show(GatewaySeen::Reported(report), cx);
        }
        self.pump(cx);
        noted.into()
    }
}
