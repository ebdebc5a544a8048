//! The zone manager: the thin shell around [`ZoneCore`].
//!
//! Beside it, [`offers`] and [`shares`] are the shells of what a deployment asks of a zone.
//!
//! Owns: the asking of hosts. Refuses: reservations and reports; those are the gateway's, which lives beside it and hears of
//! instances that do not run through a [`FailureWatch`].

use std::rc::Rc;
use std::time::Duration;

use actors_cores::zone::{EXTRA_DRAIN, Effect, Wanted, ZoneCore, is_beginning};
use actors_kernel::{Actor, Addr, Answer, Caller, Cx, Handler, Routes};
use actors_protocol::host::{CreateInstance, Host, HostStatus, RemoveInstance};
use actors_protocol::membership::Directory;
use actors_protocol::zone::{
    AskOffer, ConfirmShare, DeployShare, InstanceFailure, LearnService, UndoShare, Zone, ZoneState, ZoneStatus,
};
use actors_protocol::{InstanceName, Millis, NodeName, Role, ZoneName};
use transport_link::watch;

use crate::board::ShareBoard;
use crate::member::DirectoryWatch;
use crate::paths::{HOST, role_path};

mod offers;
mod shares;

use shares::Waiting;
pub use shares::ZoneBooks;

/// Making an instance may mean loading a film.
const CREATE_WITHIN: Duration = Duration::from_secs(90);
/// A host answers at once or is in trouble.
const STATUS_WITHIN: Duration = Duration::from_secs(2);

/// The instances of a zone that do not run, as its manager sees it.
#[derive(Clone)]
pub struct FailureWatch(Rc<watch::Sender<Vec<InstanceFailure>>>);

impl Default for FailureWatch {
    fn default() -> FailureWatch {
        FailureWatch(Rc::new(watch::Sender::new(Vec::new())))
    }
}

impl FailureWatch {
    /// To read and to wait for changes.
    pub fn subscribe(&self) -> watch::Receiver<Vec<InstanceFailure>> {
        self.0.subscribe()
    }
}

/// What a zone manager is made with.
#[derive(Clone)]
pub struct ZoneSetup {
    /// The zone.
    pub zone: ZoneName,
    /// The instances it should run.
    pub wanted: Vec<Wanted>,
    /// The directory.
    pub directory: DirectoryWatch,
    /// Where failures are left for the gateway.
    pub failures: FailureWatch,
    /// Where it is left what is hidden.
    pub board: ShareBoard,
    /// What outlives this actor.
    pub books: ZoneBooks,
}

/// See the module.
pub struct ZoneActor {
    setup: ZoneSetup,
    core: ZoneCore,
    hosts: Vec<NodeName>,
    waiting: Waiting,
}

impl ZoneActor {
    /// A zone manager that knows no host yet.
    pub fn new(setup: ZoneSetup) -> ZoneActor {
        let core = ZoneCore::new(setup.wanted.clone());
        ZoneActor { setup, core, hosts: Vec::new(), waiting: Waiting::default() }
    }

    fn watch_directory(&mut self, mut directory: DirectoryWatch, cx: &mut Cx<'_, Self>) {
        self.hosts = alive_hosts(&directory.borrow_and_update(), &self.setup.zone);
        let now = cx.now();
        self.core.hosts(now, &self.hosts);
        self.tell_hosts(now);
        self.pump(cx);
        cx.run(
            async move {
                let changed = directory.changed().await;
                (changed.is_ok(), directory)
            },
            |zone, (alive, directory), cx| {
                if alive {
                    zone.watch_directory(directory, cx);
                }
            },
        );
    }

    fn pump(&mut self, cx: &mut Cx<'_, Self>) {
        self.pump_offers(cx);
        self.pump_shares(cx);
        while let Some(effect) = self.core.poll_effect() {
            match effect {
                Effect::Create { host, create } => Self::create(host, *create, cx),
                Effect::Remove { host, instance } => Self::remove(host, instance, cx),
                Effect::Status { host } => self.ask_status(host, cx),
                Effect::Failures(failures) => {
                    let told = self.setup.failures.0.borrow().clone();
                    for failure in failures.iter().filter(|failure| !told.contains(failure)) {
                        let InstanceFailure { instance, cause, .. } = failure;
                        // That is how a zone begins, and nothing to warn of.
                        if is_beginning(failure) {
                            tracing::info!(zone = %self.setup.zone, %instance, "does not run yet: {cause}");
                        } else {
                            tracing::warn!(zone = %self.setup.zone, %instance, "does not run: {cause}");
                        }
                    }
                    self.setup.failures.0.send_replace(failures);
                }
            }
        }
        let next = [self.core.poll_timeout(), self.next_of_books()];
        cx.wake_at(next.into_iter().flatten().min());
    }

    fn create(host: NodeName, create: CreateInstance, cx: &mut Cx<'_, Self>) {
        let name = create.instance.clone();
        let addr = host_addr(&host, cx);
        cx.ask(&addr, create, CREATE_WITHIN, move |zone, answer, cx| {
            let now = cx.now();
            zone.core.created(now, &host, &name, answer.map_err(|fault| fault.to_string()));
            zone.pump(cx);
        });
    }

    fn remove(host: NodeName, instance: InstanceName, cx: &mut Cx<'_, Self>) {
        tracing::warn!(%instance, %host, "runs elsewhere by now: drained and removed here");
        let addr = host_addr(&host, cx);
        let remove = RemoveInstance { instance: instance.clone(), deadline: EXTRA_DRAIN };
        cx.ask(&addr, remove, STATUS_WITHIN, move |zone: &mut ZoneActor, answer, _| {
            if answer.is_err() {
                zone.core.not_removed(&host, &instance);
            }
        });
    }

    fn ask_status(&mut self, host: NodeName, cx: &mut Cx<'_, Self>) {
        let addr = host_addr(&host, cx);
        let status = HostStatus { zone: Some(self.setup.zone.clone()) };
        cx.ask(&addr, status, STATUS_WITHIN, move |zone, state, cx| {
            let now = cx.now();
            zone.core.status(now, &host, state.ok().as_ref().map(|state| state.instances.as_slice()));
            zone.pump(cx);
        });
    }
}

fn host_addr(host: &NodeName, cx: &Cx<'_, ZoneActor>) -> Addr<Host> {
    cx.node().far(host, role_path(HOST))
}

fn alive_hosts(directory: &Directory, zone: &ZoneName) -> Vec<NodeName> {
    let here = |record: &&actors_protocol::membership::NodeRecord| {
        record.alive && record.roles.has(Role::Host) && record.zone.as_ref() == Some(zone)
    };
    directory.nodes.iter().filter(here).map(|record| record.node.clone()).collect()
}

impl Actor for ZoneActor {
    type Protocol = Zone;

    fn routes(routes: &mut Routes<Self>) {
        routes.add::<ZoneStatus>().add::<LearnService>().add::<AskOffer>();
        routes.add::<DeployShare>().add::<ConfirmShare>().add::<UndoShare>();
    }

    fn started(&mut self, cx: &mut Cx<'_, Self>) {
        self.keep_again(cx);
        let pools = self.setup.board.pools.subscribe();
        self.watch_pools(pools, cx);
        let resolved = self.setup.board.resolved.subscribe();
        self.watch_resolved(resolved, cx);
        let directory = self.setup.directory.clone();
        self.watch_directory(directory, cx);
    }

    fn woken(&mut self, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        self.core.on_timeout(now);
        self.books_on_timeout(now);
        self.pump(cx);
    }

    fn state(&self, _now: Millis) -> serde_json::Value {
        let failures: Vec<_> =
            self.core.failures().into_iter().map(|failure| (failure.instance, failure.cause)).collect();
        serde_json::json!({
            "zone": self.setup.zone, "hosts": self.hosts, "instances": self.core.placement(), "failures": failures,
            "shares": self.shares_state(),
        })
    }
}

impl Handler<ZoneStatus> for ZoneActor {
    fn handle(&mut self, status: ZoneStatus, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<ZoneState> {
        let mut instances = self.core.placement();
        if status.failures_only {
            instances.retain(|(_, host)| host.is_none());
        }
        let failures = self.core.failures();
        ZoneState { zone: self.setup.zone.clone(), hosts: self.hosts.clone(), instances, failures }.into()
    }
}
