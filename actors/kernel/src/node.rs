//! One node: the handle that everything of it hangs on. There is no process-wide state; many nodes live in one process.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use actors_protocol::node::ActorInfo;
use actors_protocol::{ActorPath, DomainName, Fault, Incarnation, Millis, NodeName, Protocol, Roles};
use tokio::time::Instant;
use transport_link::{Control, Endpoint, Versions};
use transport_wire::CloseCode;

use crate::actor::{Actor, Spec};
use crate::addr::{ActorRef, Addr};
use crate::directory::{Census, Directory};
use crate::dispatch::{Access, Gate};
use crate::inspector::Inspector;
use crate::links::{LinkState, LinkWatch, Links, Route};
use crate::owned::{OwnedTask, TaskBooks};
use crate::routes::RouteTables;
use crate::supervisor::{SpawnError, supervise};

/// Connections a node serves at once; the next is refused until one ends.
pub const CONNECTIONS_MAX: usize = 8_192;
/// A connection that has not finished its handshake by then is dropped.
const HANDSHAKE_MOST: Duration = Duration::from_secs(5);

/// What a node is told about itself.
pub struct NodeOptions {
    /// Its domain.
    pub domain: DomainName,
    /// Its name.
    pub node: NodeName,
    /// What it runs.
    pub roles: Roles,
    /// Which life of the node; grows with every start.
    pub incarnation: Incarnation,
    /// Who may call what.
    pub access: Access,
    /// The versions of the wire it speaks.
    pub versions: Versions,
}

struct Inner {
    options: NodeOptions,
    endpoint: Endpoint,
    origin: Instant,
    directory: Arc<Directory>,
    tasks: TaskBooks,
    links: Rc<Links>,
    tables: RouteTables,
    lives: Cell<u64>,
    draining: Cell<bool>,
    owned: RefCell<Vec<OwnedTask>>,
    supervisors: RefCell<BTreeMap<ActorPath, OwnedTask>>,
}

/// A handle on a node; clones are the same node.
#[derive(Clone)]
pub struct Node(Rc<Inner>);

pub(crate) struct WeakNode(Weak<Inner>);

impl WeakNode {
    pub(crate) fn upgrade(&self) -> Option<Node> {
        self.0.upgrade().map(Node)
    }
}

/// How a drain went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Actors that stopped in time.
    pub stopped: usize,
    /// Actors that had to be killed.
    pub killed: Vec<ActorPath>,
}

impl Node {
    /// Starts a node on this thread: serves `endpoint`, and answers for its actors at `node`. Call it inside a `LocalSet`.
    pub fn start(options: NodeOptions, endpoint: Endpoint) -> Node {
        let tasks = TaskBooks::default();
        let links = Rc::new(Links::new(endpoint.clone(), options.versions, tasks.clone()));
        let node = Node(Rc::new(Inner {
            endpoint,
            origin: Instant::now(),
            directory: Arc::default(),
            tasks,
            links,
            tables: RouteTables::default(),
            lives: Cell::new(0),
            draining: Cell::new(false),
            owned: RefCell::default(),
            supervisors: RefCell::default(),
            options,
        }));
        let path = ActorPath::new("node").expect("a constant path");
        let spec = Spec { essential: true, rank: u8::MAX, ..Spec::default() };
        let weak = node.downgrade();
        node.spawn(path, spec, move || Inspector::new(WeakNode(weak.0.clone()))).expect("the first actor of a node");
        node.task("accept", node.accept());
        node
    }

    /// Serves connections until the endpoint closes.
    fn accept(&self) -> impl Future<Output = ()> + 'static {
        let endpoint = self.0.endpoint.clone();
        let tasks = self.0.tasks.clone();
        let versions = self.0.options.versions;
        let gate = Arc::new(Gate { directory: self.0.directory.clone(), access: self.0.options.access });
        async move {
            let mut connections: Vec<OwnedTask> = Vec::new();
            while let Some(incoming) = endpoint.accept().await {
                if connections.len() >= CONNECTIONS_MAX.min(connections.capacity()) {
                    connections.retain(|task| !task.is_finished());
                }
                if connections.len() >= CONNECTIONS_MAX {
                    // Dropped, it is refused.
                    drop(incoming);
                    continue;
                }
                let gate = gate.clone();
                connections.push(tasks.spawn("connection", async move {
                    match tokio::time::timeout(HANDSHAKE_MOST, incoming.establish()).await {
                        Ok(Ok(connection)) => {
                            let end = Control::serve(&connection, versions, gate).await;
                            tracing::debug!(peer = %connection.peer().address, "a connection ended: {end}");
                        }
                        Ok(Err(error)) => tracing::debug!("a connection was not established: {error}"),
                        Err(_) => tracing::debug!("a connection did not finish its handshake in time"),
                    }
                }));
            }
        }
    }

    /// Starts an actor that the node brings back when it crashes.
    pub fn spawn<A: Actor>(
        &self,
        path: ActorPath,
        spec: Spec,
        make: impl FnMut() -> A + 'static,
    ) -> Result<ActorRef<A>, SpawnError> {
        let mut supervisors = self.0.supervisors.borrow_mut();
        supervisors.retain(|_, task| !task.is_finished());
        let (actor, task) = supervise(self, path.clone(), spec, make)?;
        supervisors.insert(path, task);
        Ok(actor)
    }

    /// Runs a future as long as the node lives.
    pub fn task(&self, name: &'static str, future: impl Future<Output = ()> + 'static) {
        let mut owned = self.0.owned.borrow_mut();
        owned.retain(|task| !task.is_finished());
        owned.push(self.0.tasks.spawn(name, future));
    }

    /// Runs a future as long as the caller keeps what is returned.
    pub fn own(&self, name: &'static str, future: impl Future<Output = ()> + 'static) -> OwnedTask {
        self.0.tasks.spawn(name, future)
    }

    /// An actor on another node (or, over the network all the same, on this one), by node and path.
    pub fn far<P: Protocol>(&self, node: &NodeName, path: ActorPath) -> Addr<P> {
        Addr::far(self.0.links.clone(), node.clone(), path)
    }

    /// An actor on this node, by path.
    pub fn near<P: Protocol>(&self, path: ActorPath) -> Addr<P> {
        Addr::near(self.0.directory.clone(), path)
    }

    /// Replaces all routes to other nodes.
    pub fn set_routes(&self, routes: Vec<Route>) {
        self.0.links.set_routes(routes);
    }

    /// Adds or replaces one route.
    pub fn set_route(&self, route: Route) {
        self.0.links.set_route(route);
    }

    /// Tells when the link to `node` comes up; dials it if it is not dialled yet. Fails without a route.
    pub fn link_watch(&self, node: &NodeName) -> Result<LinkWatch, Fault> {
        self.0.links.watch(node)
    }

    /// Which life lives at `path`.
    pub fn living(&self, path: &ActorPath) -> Option<Incarnation> {
        self.0.directory.info(path).map(|(info, _)| info.incarnation)
    }

    /// The actors below `above` that the node itself runs, and which life of each lives.
    pub fn roots(&self, above: &str) -> Vec<(ActorPath, Incarnation)> {
        self.0.directory.roots(above)
    }

    /// Lets an actor that the node runs finish what it should, then stops it; kills it when `within` is over.
    pub async fn retire(&self, path: &ActorPath, within: Duration) {
        let until = Instant::now() + within;
        if let Some(deliver) = self.0.directory.find(path.as_str(), Incarnation::ANY) {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            deliver.prepare(within, sender);
            // A dropped sender is an actor that has ended: ready enough.
            drop(tokio::time::timeout_at(until, receiver).await);
        }
        self.stop(path, until.saturating_duration_since(Instant::now())).await;
    }

    /// The connection to a node, if its link is up.
    pub fn connection_to(&self, node: &NodeName) -> Option<transport_link::Connection> {
        self.0.links.connection(node)
    }

    /// The links and how they are.
    pub fn links(&self) -> Vec<LinkState> {
        self.0.links.states()
    }

    /// Milliseconds since the node started.
    pub fn now(&self) -> Millis {
        Millis::from(self.0.origin.elapsed())
    }

    pub(crate) fn instant(&self, at: Millis) -> Instant {
        // Far futures are cut to a year, so that the sum stays an instant.
        self.0.origin + at.duration().min(Duration::from_secs(365 * 86_400))
    }

    /// Its name.
    pub fn name(&self) -> &NodeName {
        &self.0.options.node
    }

    /// Its domain.
    pub fn domain(&self) -> &DomainName {
        &self.0.options.domain
    }

    /// What it runs.
    pub fn roles(&self) -> Roles {
        self.0.options.roles
    }

    /// Which life of the node this is.
    pub fn incarnation(&self) -> Incarnation {
        self.0.options.incarnation
    }

    /// Its endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// Its actors, by path.
    pub fn actors(&self) -> Vec<ActorInfo> {
        self.0.directory.list("")
    }

    /// What lives on it.
    pub fn census(&self) -> Census {
        Census {
            actors: self.0.directory.len(),
            tasks: self.0.tasks.living(),
            denied: self.0.directory.denied.load(Relaxed),
            stale: self.0.directory.stale.load(Relaxed),
        }
    }

    /// Stops one actor that the node runs, waits until it is gone, and kills it when `within` is over.
    pub async fn stop(&self, path: &ActorPath, within: Duration) {
        let Some(deliver) = self.0.directory.find(path.as_str(), Incarnation::ANY) else { return };
        deliver.halt();
        let supervisor = self.0.supervisors.borrow_mut().remove(path);
        if let Some(mut supervisor) = supervisor {
            // When the time is over, dropping the supervisor ends the actor.
            drop(tokio::time::timeout(within, supervisor.join()).await);
        }
    }

    /// Ends what the node runs, in order: bridges, sessions, media, roles, store. Each actor may finish what it does; when
    /// `deadline` is over the rest is killed. No actor starts any more. The endpoint stays open, see [`Node::close`].
    pub async fn drain(&self, deadline: Duration) -> Drained {
        let until = Instant::now() + deadline;
        let mut drained = Drained::default();
        for rank in 0..=4 {
            let actors = self.0.directory.of_rank(rank);
            let mut ready = Vec::new();
            for (_, deliver) in &actors {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                deliver.prepare(until.saturating_duration_since(Instant::now()), sender);
                ready.push(receiver);
            }
            for receiver in ready {
                // A dropped sender is an actor that has ended: ready enough.
                drop(tokio::time::timeout_at(until, receiver).await);
            }
            for (path, _) in actors {
                let left = until.saturating_duration_since(Instant::now());
                self.stop(&path, left).await;
                if until.saturating_duration_since(Instant::now()).is_zero() {
                    drained.killed.push(path);
                } else {
                    drained.stopped += 1;
                }
            }
        }
        self.0.draining.set(true);
        drained
    }

    /// Ends everything at once: actors, tasks, links, endpoint. What a crash leaves behind, a close leaves too.
    pub fn close(&self, code: CloseCode, words: &str) {
        self.0.draining.set(true);
        self.0.supervisors.borrow_mut().clear();
        self.0.links.clear();
        self.0.owned.borrow_mut().clear();
        self.0.endpoint.close(code, words);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.0.draining.get()
    }

    pub(crate) fn directory(&self) -> &Arc<Directory> {
        &self.0.directory
    }

    pub(crate) fn tasks(&self) -> &TaskBooks {
        &self.0.tasks
    }

    pub(crate) fn tables(&self) -> &RouteTables {
        &self.0.tables
    }

    pub(crate) fn downgrade(&self) -> WeakNode {
        WeakNode(Rc::downgrade(&self.0))
    }

    pub(crate) fn count_incarnation(&self) -> Incarnation {
        // The node's own life in the upper half: a later life of the node has larger numbers throughout.
        let life = self.0.lives.get() + 1;
        self.0.lives.set(life);
        Incarnation((self.0.options.incarnation.0 << 32) | life)
    }
}
