//! The host: makes instances through the registry of builders, and removes them.
//!
//! Owns: the list of what it makes just now, and which instances nobody has confirmed yet; those end by themselves.
//! Refuses: to hold what it has made; an instance is an actor of the node, lives on when this actor is brought back after a
//! crash, and is found again by its path.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use actors_cores::deployment::ProvisionalCore;
use actors_dca::{BuildError, Registry, Site};
use actors_kernel::{Actor, ActorPath, Answer, Caller, Cx, Handler, Promise, Routes};
use actors_protocol::host::{
    ConfirmInstance, CreateInstance, Creation, Host, HostState, HostStatus, JudgeInstance, ListMade, Removal,
    RemoveInstance,
};
use actors_protocol::{Address, Incarnation, InstanceName, Millis, Role, ZoneName};

mod judge;

/// A builder that has not made its instance by then is given up.
const BUILD_WITHIN: Duration = Duration::from_secs(60);
/// Instances on one host at most.
const INSTANCES_MAX: usize = 1_024;
/// Slots of all instances of one host at most, as far as it offers any.
const SLOTS_MAX: u32 = 4_096;
/// Above an instance's own drain deadline: how long its actors may take to go.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// What a host is made with.
#[derive(Clone)]
pub struct HostSetup {
    /// The builders it has.
    pub registry: Registry,
    /// Where viewers reach this node.
    pub advertise: SocketAddr,
    /// The zone it belongs to; another may not make instances here.
    pub zone: Option<ZoneName>,
}

/// What a host knows of what it has made. It outlives the actor, as the instances do.
#[derive(Default)]
struct Books {
    made: BTreeMap<InstanceName, Made>,
    provisional: ProvisionalCore,
    /// Removed while they were made: they go as soon as they are there.
    doomed: BTreeSet<InstanceName>,
}

struct Made {
    zone: ZoneName,
    slots: u32,
}

/// The books of one host, the same for every life of its actor.
#[derive(Clone, Default)]
pub struct HostBooks(Rc<RefCell<Books>>);

impl HostBooks {
    /// Books whose core decides one thing wrong; only a harness asks for that.
    #[cfg(feature = "flaws")]
    pub fn set_flaw(&self, flaw: actors_cores::Flaw) {
        self.0.borrow_mut().provisional.set_flaw(flaw);
    }
}

/// See the module.
pub struct HostActor {
    setup: HostSetup,
    books: HostBooks,
    building: BTreeMap<InstanceName, Vec<Promise<Creation>>>,
}

impl HostActor {
    /// A host that makes nothing just now.
    pub fn new(setup: HostSetup, books: HostBooks) -> HostActor {
        HostActor { setup, books, building: BTreeMap::new() }
    }

    fn books<T>(&self, with: impl FnOnce(&mut Books) -> T) -> T {
        with(&mut self.books.0.borrow_mut())
    }

    /// Ends what nobody has confirmed in time.
    fn pump(&mut self, cx: &mut Cx<'_, Self>) {
        while let Some(name) = self.books(|books| books.provisional.poll_effect()) {
            tracing::warn!(instance = %name, "nobody has confirmed it; it ends by itself");
            self.remove(&name, Millis::ZERO, cx);
        }
        cx.wake_at(self.books(|books| books.provisional.poll_timeout()));
    }

    /// Begins to remove an instance. False: there is none.
    fn remove(&mut self, name: &InstanceName, deadline: Millis, cx: &mut Cx<'_, Self>) -> bool {
        let path = ActorPath::of_instance(name);
        let building = self.building.contains_key(name);
        self.books(|books| {
            books.provisional.removed(name);
            if building {
                books.doomed.insert(name.clone());
            } else {
                books.made.remove(name);
            }
        });
        if building || !cx.node().runs(&path) {
            return building;
        }
        let node = cx.node().clone();
        let within = deadline.duration() + STOP_WITHIN;
        // The node's own task: a removal that has begun is carried through, whatever becomes of this actor.
        cx.node().task("removal", async move { node.retire(&path, within).await });
        true
    }

    fn built(&mut self, name: &InstanceName, outcome: Result<Address, String>, cx: &mut Cx<'_, Self>) {
        let doomed = self.books(|books| books.doomed.remove(name));
        let outcome = match outcome {
            Ok(_) if doomed => Err("it was removed while it was made".to_owned()),
            outcome => outcome,
        };
        let creation = match outcome {
            Ok(factory) => Creation::Created { factory },
            Err(cause) => {
                tracing::warn!(instance = %name, "not made: {cause}");
                Creation::Refused { cause }
            }
        };
        let waiting = self.building.remove(name);
        if doomed {
            self.remove(name, Millis::ZERO, cx);
        } else if matches!(creation, Creation::Refused { .. }) {
            self.books(|books| {
                books.made.remove(name);
                books.provisional.removed(name);
            });
        }
        for promise in waiting.into_iter().flatten() {
            promise.keep(creation.clone());
        }
        self.pump(cx);
    }
}

/// The instances on this node, by the paths of their factories; without those that are being removed.
fn running(cx: &Cx<'_, HostActor>) -> Vec<(InstanceName, Incarnation)> {
    let node = cx.node();
    let top = node.roots("instance").into_iter().filter(|(path, _)| !node.retires(path));
    let name = |path: &ActorPath| path.as_str().strip_prefix("instance/").and_then(|name| name.parse().ok());
    top.filter_map(|(path, incarnation)| Some((name(&path)?, incarnation))).collect()
}

fn made_of(books: &Books) -> BTreeMap<InstanceName, ZoneName> {
    books.made.iter().map(|(name, made)| (name.clone(), made.zone.clone())).collect()
}

fn address_of(path: ActorPath, incarnation: Incarnation, cx: &Cx<'_, HostActor>) -> Address {
    let node = cx.node();
    Address { domain: node.domain().clone(), node: node.name().clone(), path, incarnation }
}

impl Actor for HostActor {
    type Protocol = Host;

    fn routes(routes: &mut Routes<Self>) {
        routes.add::<CreateInstance>().add::<RemoveInstance>().add::<HostStatus>();
        routes.add::<ConfirmInstance>().add::<ListMade>().add::<JudgeInstance>();
    }

    fn started(&mut self, cx: &mut Cx<'_, Self>) {
        // What the life before this one was building has ended with it.
        let here: BTreeSet<InstanceName> = running(cx).into_iter().map(|(name, _)| name).collect();
        self.books(|books| {
            books.doomed.clear();
            let gone: Vec<_> = books.made.keys().filter(|name| !here.contains(*name)).cloned().collect();
            for name in gone {
                books.made.remove(&name);
                books.provisional.removed(&name);
            }
        });
        self.pump(cx);
    }

    fn woken(&mut self, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        self.books(|books| books.provisional.on_timeout(now));
        self.pump(cx);
    }

    fn state(&self, _now: Millis) -> serde_json::Value {
        serde_json::json!({
            "builders": self.setup.registry.words(), "advertise": self.setup.advertise, "zone": self.setup.zone,
            "building": self.building.keys().collect::<Vec<_>>(), "made": self.books(|books| made_of(books)),
        })
    }
}

impl Handler<CreateInstance> for HostActor {
    fn handle(&mut self, create: CreateInstance, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Creation> {
        let refused = |cause: String| Answer::Now(Creation::Refused { cause });
        if let Some(own) = self.setup.zone.as_ref().filter(|own| **own != create.zone) {
            return refused(format!("this host belongs to zone {own}, not to {}", create.zone));
        }
        let path = ActorPath::of_instance(&create.instance);
        if let Some(incarnation) = cx.node().living(&path) {
            if cx.node().retires(&path) {
                return refused("it is being removed here; its sessions may go on until they end".to_owned());
            }
            let now = cx.now();
            self.books(|books| books.provisional.made(now, create.instance.clone(), create.provisional, false));
            self.pump(cx);
            return Creation::Exists { factory: address_of(path, incarnation, cx) }.into();
        }
        if self.books(|books| books.doomed.contains(&create.instance)) {
            return refused("it was removed while it was made".to_owned());
        }
        if running(cx).len() + self.building.len() >= INSTANCES_MAX {
            return refused(format!("this host runs {INSTANCES_MAX} instances; it takes no more"));
        }
        let builder = match self.setup.registry.find(&create) {
            Ok(builder) => builder,
            Err(BuildError(cause)) => return refused(cause),
        };
        let (promise, answer) = cx.promise();
        let name = create.instance.clone();
        let waiting = self.building.entry(name.clone()).or_default();
        waiting.push(promise);
        if waiting.len() > 1 {
            return answer;
        }
        let now = cx.now();
        self.books(|books| {
            books.made.insert(name.clone(), Made { zone: create.zone.clone(), slots: create.slots });
            books.provisional.made(now, name.clone(), create.provisional, true);
        });
        self.pump(cx);
        let node = cx.node().clone();
        let server_name = format!("{}.{}.{}", node.name(), Role::Host, node.domain());
        let site = Site { node, endpoint: self.setup.advertise, server_name };
        let building = tokio::time::timeout(BUILD_WITHIN, builder.build(site, create));
        cx.run(building, move |host: &mut HostActor, outcome, cx| {
            let outcome = match outcome {
                Ok(outcome) => outcome.map_err(|BuildError(cause)| cause),
                Err(_) => Err(format!("its builder did not finish within {} s", BUILD_WITHIN.as_secs())),
            };
            host.built(&name, outcome, cx);
        });
        answer
    }
}

impl Handler<RemoveInstance> for HostActor {
    fn handle(&mut self, remove: RemoveInstance, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Removal> {
        let found = self.remove(&remove.instance, remove.deadline, cx);
        self.pump(cx);
        if found { Removal::Draining.into() } else { Removal::Unknown.into() }
    }
}

impl Handler<HostStatus> for HostActor {
    fn handle(&mut self, status: HostStatus, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<HostState> {
        let mut instances = running(cx);
        if let Some(zone) = &status.zone {
            self.books(|books| {
                instances.retain(|(name, _)| books.made.get(name).is_none_or(|made| made.zone == *zone))
            });
        }
        HostState { instances, builders: self.setup.registry.words() }.into()
    }
}
