//! The host: makes instances through the registry of builders, and removes them.
//!
//! Owns: the list of what it makes just now. Refuses: to hold what it has made; an instance is an actor of the node, lives
//! on when this actor is brought back after a crash, and is found again by its path.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use actors_dca::{BuildError, Registry, Site};
use actors_kernel::{Actor, ActorPath, Answer, Caller, Cx, Handler, Promise, Routes};
use actors_protocol::host::{CreateInstance, Creation, Host, HostState, HostStatus, Removal, RemoveInstance};
use actors_protocol::{Address, Incarnation, InstanceName, Millis, Role, ZoneName};

/// A builder that has not made its instance by then is given up.
const BUILD_WITHIN: Duration = Duration::from_secs(60);
/// Instances on one host at most.
const INSTANCES_MAX: usize = 1_024;
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

/// See the module.
pub struct HostActor {
    setup: HostSetup,
    building: BTreeMap<InstanceName, Vec<Promise<Creation>>>,
    zones: BTreeMap<InstanceName, ZoneName>,
}

impl HostActor {
    /// A host that makes nothing yet.
    pub fn new(setup: HostSetup) -> HostActor {
        HostActor { setup, building: BTreeMap::new(), zones: BTreeMap::new() }
    }

    fn built(&mut self, name: &InstanceName, outcome: Result<Address, String>) {
        let creation = match outcome {
            Ok(factory) => Creation::Created { factory },
            Err(cause) => {
                tracing::warn!(instance = %name, "not made: {cause}");
                Creation::Refused { cause }
            }
        };
        for promise in self.building.remove(name).into_iter().flatten() {
            promise.keep(creation.clone());
        }
    }
}

/// The instances on this node, by the paths of their factories; without those that are being removed.
fn running(cx: &Cx<'_, HostActor>) -> Vec<(InstanceName, Incarnation)> {
    let node = cx.node();
    let top = node.roots("instance").into_iter().filter(|(path, _)| !node.retires(path));
    let name = |path: &ActorPath| path.as_str().strip_prefix("instance/").and_then(|name| name.parse().ok());
    top.filter_map(|(path, incarnation)| Some((name(&path)?, incarnation))).collect()
}

fn address_of(path: ActorPath, incarnation: Incarnation, cx: &Cx<'_, HostActor>) -> Address {
    let node = cx.node();
    Address { domain: node.domain().clone(), node: node.name().clone(), path, incarnation }
}

impl Actor for HostActor {
    type Protocol = Host;

    fn routes(routes: &mut Routes<Self>) {
        routes.add::<CreateInstance>().add::<RemoveInstance>().add::<HostStatus>();
    }

    fn state(&self, _now: Millis) -> serde_json::Value {
        serde_json::json!({
            "builders": self.setup.registry.words(), "advertise": self.setup.advertise, "zone": self.setup.zone,
            "building": self.building.keys().collect::<Vec<_>>(), "made": self.zones,
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
            return Creation::Exists { factory: address_of(path, incarnation, cx) }.into();
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
        self.zones.insert(name.clone(), create.zone.clone());
        let node = cx.node().clone();
        let server_name = format!("{}.{}.{}", node.name(), Role::Host, node.domain());
        let site = Site { node, endpoint: self.setup.advertise, server_name };
        let building = tokio::time::timeout(BUILD_WITHIN, builder.build(site, create));
        cx.run(building, move |host: &mut HostActor, outcome, _| {
            let outcome = match outcome {
                Ok(outcome) => outcome.map_err(|BuildError(cause)| cause),
                Err(_) => Err(format!("its builder did not finish within {} s", BUILD_WITHIN.as_secs())),
            };
            host.built(&name, outcome);
        });
        answer
    }
}

impl Handler<RemoveInstance> for HostActor {
    fn handle(&mut self, remove: RemoveInstance, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Removal> {
        let path = ActorPath::of_instance(&remove.instance);
        if !cx.node().runs(&path) {
            return Removal::Unknown.into();
        }
        self.zones.remove(&remove.instance);
        let node = cx.node().clone();
        let within = remove.deadline.duration() + STOP_WITHIN;
        // The node's own task: a removal that has begun is carried through, whatever becomes of this actor.
        cx.node().task("removal", async move { node.retire(&path, within).await });
        Removal::Draining.into()
    }
}

impl Handler<HostStatus> for HostActor {
    fn handle(&mut self, status: HostStatus, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<HostState> {
        let mut instances = running(cx);
        if let Some(zone) = &status.zone {
            instances.retain(|(name, _)| self.zones.get(name).is_none_or(|of| of == zone));
        }
        HostState { instances, builders: self.setup.registry.words() }.into()
    }
}
