//! The links of a node to others: one per node, dialled when first needed, kept up, dropped with its route.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;

use actors_protocol::{Fault, NodeName};
use transport_link::{Endpoint, LinkState as RedialState, Redial, Target, Versions, watch};

use crate::owned::{OwnedTask, TaskBooks};

/// Where a node is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The node.
    pub node: NodeName,
    /// The UDP address to dial.
    pub endpoint: SocketAddr,
    /// A DNS name of its certificate.
    pub server_name: String,
}

impl Route {
    fn target(&self) -> Target {
        Target { endpoint: self.endpoint, server_name: self.server_name.clone() }
    }
}

/// Tells when the link to a node comes up.
pub struct LinkWatch(watch::Receiver<RedialState>);

impl LinkWatch {
    /// Waits until the link comes up the next time; a link that is up at the first look has just come up. False: there will be no such time, the link has been given up.
    pub async fn came_up(&mut self) -> bool {
        while self.0.changed().await.is_ok() {
            if self.0.borrow_and_update().is_up() {
                return true;
            }
        }
        false
    }
}

/// How a link is, for people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LinkState {
    /// The node at its other end.
    pub node: NodeName,
    /// Where it is dialled.
    pub endpoint: SocketAddr,
    /// Is it up?
    pub up: bool,
    /// Round-trip time in microseconds, when it is up.
    pub rtt_us: Option<u64>,
    /// Why it is down.
    pub error: Option<String>,
}

struct Link {
    redial: Redial,
    _driver: OwnedTask,
}

/// All links of a node.
pub(crate) struct Links {
    endpoint: Endpoint,
    versions: Versions,
    tasks: TaskBooks,
    closed: Cell<bool>,
    routes: RefCell<BTreeMap<NodeName, Route>>,
    links: RefCell<BTreeMap<NodeName, Link>>,
}

impl Links {
    pub(crate) fn new(endpoint: Endpoint, versions: Versions, tasks: TaskBooks) -> Links {
        Links {
            endpoint,
            versions,
            tasks,
            closed: Cell::new(false),
            routes: RefCell::default(),
            links: RefCell::default(),
        }
    }

    /// Replaces all routes. Links to nodes that are no longer among them end; links to nodes that moved follow them.
    pub(crate) fn set_routes(&self, routes: Vec<Route>) {
        if self.closed.get() {
            return;
        }
        let routes: BTreeMap<_, _> = routes.into_iter().map(|route| (route.node.clone(), route)).collect();
        let mut links = self.links.borrow_mut();
        links.retain(|node, _| routes.contains_key(node));
        for (node, link) in links.iter() {
            link.redial.set_target(routes[node].target());
        }
        *self.routes.borrow_mut() = routes;
    }

    /// Adds or replaces one route.
    pub(crate) fn set_route(&self, route: Route) {
        if self.closed.get() {
            return;
        }
        if let Some(link) = self.links.borrow().get(&route.node) {
            link.redial.set_target(route.target());
        }
        self.routes.borrow_mut().insert(route.node.clone(), route);
    }

    /// The link to `node`, dialled if it is not yet.
    pub(crate) fn to(&self, node: &NodeName) -> Result<Redial, Fault> {
        if let Some(link) = self.links.borrow().get(node) {
            return Ok(link.redial.clone());
        }
        let routes = self.routes.borrow();
        let route = routes.get(node).ok_or_else(|| Fault::Gone(format!("node {node} (no route to it)")))?;
        let (redial, driver) = Redial::new(&self.endpoint, route.target(), self.versions);
        let driver = self.tasks.spawn("link", async move {
            let end = driver.await;
            tracing::debug!("a link ended: {end}");
        });
        self.links.borrow_mut().insert(node.clone(), Link { redial: redial.clone(), _driver: driver });
        Ok(redial)
    }

    /// Does something with the link to `node`, which is dialled if it is not yet.
    pub(crate) fn with<R>(&self, node: &NodeName, act: impl FnOnce(&Redial) -> R) -> Result<R, Fault> {
        if let Some(link) = self.links.borrow().get(node) {
            return Ok(act(&link.redial));
        }
        self.to(node).map(|redial| act(&redial))
    }

    pub(crate) fn watch(&self, node: &NodeName) -> Result<LinkWatch, Fault> {
        Ok(LinkWatch(self.to(node)?.watch()))
    }

    pub(crate) fn connection(&self, node: &NodeName) -> Option<transport_link::Connection> {
        match self.links.borrow().get(node)?.redial.state() {
            RedialState::Up { connection, .. } => Some(connection),
            RedialState::Down { .. } => None,
        }
    }

    pub(crate) fn states(&self) -> Vec<LinkState> {
        let links = self.links.borrow();
        let state = |(node, link): (&NodeName, &Link)| {
            let (rtt_us, error) = match link.redial.state() {
                RedialState::Up { connection, .. } => (u64::try_from(connection.rtt().as_micros()).ok(), None),
                RedialState::Down { error, .. } => (None, error.map(|error| error.to_string())),
            };
            LinkState {
                node: node.clone(),
                endpoint: link.redial.target().endpoint,
                up: rtt_us.is_some(),
                rtt_us,
                error,
            }
        };
        links.iter().map(state).collect()
    }

    /// Ends all links, for good.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        self.links.borrow_mut().clear();
        self.routes.borrow_mut().clear();
    }
}
