//! The actor at `node`: shows and ends the actors of its node for people who may.

use std::time::Duration;

use actors_protocol::ActorPath;
use actors_protocol::node::{ActorList, EndActor, Ending, InspectActor, Inspection, ListActors, Node as NodeProtocol};
use actors_protocol::{Incarnation, Millis};

use crate::actor::{Actor, Answer, Caller, Handler};
use crate::cx::Cx;
use crate::node::WeakNode;
use crate::routes::Routes;

/// An actor that has not told its state by then is busy or stuck.
pub(crate) const REVEAL_MOST: Duration = Duration::from_secs(1);

pub(crate) struct Inspector {
    node: WeakNode,
}

impl Inspector {
    pub(crate) fn new(node: WeakNode) -> Inspector {
        Inspector { node }
    }
}

impl Actor for Inspector {
    type Protocol = NodeProtocol;

    fn routes(routes: &mut Routes<Self>) {
        routes.add::<ListActors>().add::<InspectActor>().add::<EndActor>();
    }

    fn state(&self, _now: Millis) -> serde_json::Value {
        let Some(node) = self.node.upgrade() else { return serde_json::Value::Null };
        let census = node.census();
        let tasks: serde_json::Map<_, _> =
            census.tasks.iter().map(|(name, count)| ((*name).to_owned(), (*count).into())).collect();
        serde_json::json!({
            "node": node.name(), "roles": node.roles(), "incarnation": node.incarnation(),
            "actors": census.actors, "tasks": tasks, "denied": census.denied, "stale": census.stale,
            "links": node.links(),
        })
    }
}

impl Handler<ListActors> for Inspector {
    fn handle(&mut self, list: ListActors, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<ActorList> {
        let node = cx.node();
        let actors = node.directory().list(&list.below);
        ActorList { node: node.name().clone(), roles: node.roles(), up: node.now(), actors }.into()
    }
}

impl Handler<InspectActor> for Inspector {
    fn handle(&mut self, inspect: InspectActor, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Inspection> {
        let directory = cx.node().directory().clone();
        let unknown = |path: &ActorPath| Inspection::Unknown { near: directory.near(path.as_str()) };
        let Some((info, _)) = directory.info(&inspect.path) else { return unknown(&inspect.path).into() };
        let Some(deliver) = directory.find(inspect.path.as_str(), Incarnation::ANY) else {
            return unknown(&inspect.path).into();
        };
        let (sender, receiver) = tokio::sync::oneshot::channel();
        deliver.reveal(sender);
        let (promise, answer) = cx.promise();
        cx.run(tokio::time::timeout(REVEAL_MOST, receiver), move |_, state, _| {
            let state = match state {
                Ok(Ok(state)) => state,
                Ok(Err(_)) => serde_json::json!({ "gone": "it ended while it was asked" }),
                Err(_) => serde_json::json!({ "busy": "it did not answer within a second" }),
            };
            promise.keep(Inspection::State { info, state: state.to_string() });
        });
        answer
    }
}

impl Handler<EndActor> for Inspector {
    fn handle(&mut self, end: EndActor, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Ending> {
        let directory = cx.node().directory();
        let Some((info, spec)) = directory.info(&end.path) else {
            return Ending::Unknown { near: directory.near(end.path.as_str()) }.into();
        };
        if spec.essential {
            return Ending::Refused.into();
        }
        let Some(deliver) = directory.find(end.path.as_str(), info.incarnation) else {
            return Ending::Unknown { near: Vec::new() }.into();
        };
        let by = caller.node.as_ref().map_or("somebody near", |node| node.as_str());
        tracing::info!(actor = %end.path, kill = end.kill, by, "ended on request");
        if end.kill {
            deliver.kill();
        } else {
            deliver.halt();
        }
        Ending::Ended { incarnation: info.incarnation }.into()
    }
}
