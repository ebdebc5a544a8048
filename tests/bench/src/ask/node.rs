//! Us: a node with an actor that echoes, asked by another node over mutual TLS, through the kernel at both ends.

use std::time::Duration;

use actors_kernel::{Access, Actor, Addr, Answer, Caller, Cx, Handler, Node, NodeOptions, Route, Routes, Spec};
use actors_protocol::{ActorPath, Incarnation, Protocol, Request, Role, Roles, Tag, table};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use transport_link::{Endpoint, Versions};

use super::message::{Echo, Ping, ping};
use super::{Contestant, Turning, calls};
use crate::child::{self, Child, Kind};
use crate::identity::{self, Papers, name};

const WITHIN: Duration = Duration::from_secs(5);
const SERVER: &str = "server";
const PATH: &str = "echo";

#[derive(Serialize, Deserialize)]
struct At {
    endpoint: std::net::SocketAddr,
    client: Papers,
}

struct EchoActor;

impl Actor for EchoActor {
    type Protocol = Echo;

    fn routes(routes: &mut Routes<Self>) {
        routes.add::<Ping>();
    }
}

impl Handler<Ping> for EchoActor {
    fn handle(&mut self, ping: Ping, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<Ping> {
        ping.into()
    }
}

/// The domain's table is asked as in production, and then the one row of this benchmark.
fn access() -> Access {
    fn permits(roles: Roles, tag: Tag) -> bool {
        table::permits(roles, tag) || tag == Ping::TAG && roles.has(Role::Zone)
    }
    fn since(tag: Tag) -> Option<u16> {
        let mut calls = table::PROTOCOLS.iter().flat_map(|(_, calls)| *calls).chain(Echo::CALLS);
        calls.find(|call| call.tag == tag).map(|call| call.since)
    }
    Access { permits, since }
}

fn node(papers: &Papers, role: Role, endpoint: Endpoint) -> Node {
    let options = NodeOptions {
        domain: name(identity::DOMAIN),
        node: papers.node.clone(),
        roles: Roles::of(&[role]),
        incarnation: Incarnation(1),
        access: access(),
        versions: Versions::CURRENT,
    };
    Node::start(options, endpoint)
}

/// The server's process.
pub async fn serve() -> anyhow::Result<()> {
    let authority = identity::authority()?;
    let papers = Papers::issue(&authority, SERVER, Role::Host)?;
    let endpoint = papers.endpoint(true)?;
    let at = At { endpoint: endpoint.local_addr()?, client: Papers::issue(&authority, "client", Role::Zone)? };
    let node = node(&papers, Role::Host, endpoint);
    node.spawn(ActorPath::new(PATH)?, Spec::default(), || EchoActor)?;
    child::say(&at)?;
    child::until_parent_ends().await
}

/// The client, and the server it has started.
pub struct Client {
    echo: Addr<Echo>,
    _node: Node,
    _server: Child<At>,
}

impl Client {
    /// Starts both. The link comes up with the first call.
    pub fn start() -> anyhow::Result<Client> {
        let server: Child<At> = Child::start(Kind::Node)?;
        let papers = &server.at.client;
        let node = node(papers, Role::Zone, papers.endpoint(false)?);
        let (to, server_name) = (name(SERVER), identity::server_name(SERVER, Role::Host));
        node.set_route(Route { node: name(SERVER), endpoint: server.at.endpoint, server_name });
        let echo = node.far(&to, ActorPath::new(PATH)?);
        Ok(Client { echo, _node: node, _server: server })
    }
}

impl Contestant for Client {
    fn name(&self) -> &'static str {
        "fusion"
    }

    fn turn(&mut self, in_flight: usize, length: Duration) -> Turning<'_> {
        let (echo, message) = (self.echo.clone(), ping());
        let call = move || {
            let (answer, number) = (echo.ask(message.clone(), WITHIN), message.number);
            async move {
                let reply = answer.await.context("the actor did not answer")?;
                anyhow::ensure!(reply.number == number, "another's answer");
                Ok(())
            }
        };
        Box::pin(calls(in_flight, length, call))
    }
}
