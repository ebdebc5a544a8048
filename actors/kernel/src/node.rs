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
use crate::life::words_of;
use crate::links::{LinkState, LinkWatch, Links, Route};
use crate::owned::{Caught, OwnedTask, OwnedTasks, TaskBooks};
use crate::routes::RouteTables;
use crate::supervisor::{SpawnError, Supervised, supervise};

/// Connections a node serves at once; the next is refused until one ends.
pub const CONNECTIONS_MAX: usize = 8_192;
/// A connection that has not finished its handshake by then is dropped.
pub(crate) const HANDSHAKE_MOST: Duration = Duration::from_secs(5);

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
    closed: Cell<bool>,
    owned: RefCell<OwnedTasks>,
    supervised: RefCell<BTreeMap<ActorPath, Supervised>>,
}

/// A handle on a node; a clone is the same node.
#[derive(Clone)]
pub struct Node(Rc<Inner>);

pub(crate) struct WeakNode(Weak<Inner>);

impl WeakNode {
    pub(crate) fn upgrade(&self) -> Option<Node> {
        self.0.upgrade().map(Node)
    }
}

impl Node {
    /// Starts a node on this thread (on a `LocalRuntime` or inside a `LocalSet`): serves `endpoint`, and answers for its actors
    /// at `node`. It lives until it is closed, with or without a handle on it.
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
            closed: Cell::new(false),
            owned: RefCell::default(),
            supervised: RefCell::default(),
            options,
        }));
        let path = ActorPath::new("node").expect("a constant path");
        let spec = Spec { essential: true, rank: Spec::STAYS, ..Spec::default() };
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
            let mut connections = OwnedTasks::default();
            while let Some(incoming) = endpoint.accept().await {
                if connections.len() >= CONNECTIONS_MAX {
                    connections.prune();
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
        if self.0.draining.get() {
            return Err(SpawnError::Draining);
        }
        if self.0.supervised.borrow().contains_key(&path) {
            // It lives, or is between two lives.
            return Err(SpawnError::Taken(path));
        }
        let (actor, supervised) = supervise(self, path.clone(), spec, make)?;
        self.0.supervised.borrow_mut().insert(path, supervised);
        Ok(actor)
    }

    /// The supervisor of `path` is done.
    pub(crate) fn forget(&self, path: &ActorPath) {
        let supervised = self.0.supervised.borrow_mut().remove(path);
        drop(supervised);
    }

    /// Runs a future as long as the node lives; not at all when it is closed.
    pub fn task(&self, name: &'static str, future: impl Future<Output = ()> + 'static) {
        if !self.0.closed.get() {
            let future = Caught::new(future);
            let task = self.0.tasks.spawn(name, async move {
                if let Err(panic) = future.await {
                    tracing::error!(task = name, "panicked: {}", words_of(panic.as_ref()));
                }
            });
            self.0.owned.borrow_mut().push(task);
        }
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

    /// Does the node run an actor at `path`? It may be between two lives; it will come back.
    pub fn runs(&self, path: &ActorPath) -> bool {
        self.0.supervised.borrow().contains_key(path)
    }

    /// Is the actor at `path` on its way out? It will not come back; it may still finish what it does.
    pub fn retires(&self, path: &ActorPath) -> bool {
        self.0.supervised.borrow().get(path).is_none_or(Supervised::is_retired)
    }

    /// Which life lives at `path`; none between two lives.
    pub fn living(&self, path: &ActorPath) -> Option<Incarnation> {
        self.0.directory.info(path).map(|(info, _)| info.incarnation)
    }

    /// The actors below `above` that the node itself runs, and which life of each lives.
    pub fn roots(&self, above: &str) -> Vec<(ActorPath, Incarnation)> {
        self.0.directory.roots(above)
    }

    /// The actors that the one at `parent` owns, and which life of each lives.
    pub fn children(&self, parent: &ActorPath) -> Vec<(ActorPath, Incarnation)> {
        self.0.directory.children(parent)
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

    /// Ends everything at once: actors, tasks, links, endpoint. What a crash leaves behind, a close leaves too. A few turns
    /// of the scheduler later nothing of the node is left.
    pub fn close(&self, code: CloseCode, words: &str) {
        self.0.draining.set(true);
        self.0.closed.set(true);
        self.0.supervised.borrow_mut().clear();
        self.0.links.close();
        self.0.owned.borrow_mut().clear();
        self.0.endpoint.close(code, words);
    }

    pub(crate) fn supervised(&self) -> &RefCell<BTreeMap<ActorPath, Supervised>> {
        &self.0.supervised
    }

    pub(crate) fn begin_drain(&self) {
        self.0.draining.set(true);
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
