//! The table from a tag to the code that decodes and delivers it, one per type of actor.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use actors_protocol::{Includes, Protocol, Request, Tag};
use transport_link::InboundCall;

use crate::actor::{Actor, Handler};
use crate::port::Port;

type Far<A> = fn(&Port<A>, InboundCall<'_>);
type Near<A> = fn(&Port<A>, Box<dyn Any + Send>);

pub(crate) struct Route<A: Actor> {
    pub(crate) tag: Tag,
    pub(crate) far: Far<A>,
    pub(crate) near: Near<A>,
}

/// Filled by [`Actor::routes`].
pub struct Routes<A: Actor> {
    table: Vec<Route<A>>,
}

impl<A: Actor> Routes<A> {
    /// The actor answers `M`.
    pub fn add<M: Request>(&mut self) -> &mut Self
    where
        A: Handler<M>,
        A::Protocol: Includes<M>,
    {
        self.table.push(Route { tag: M::TAG, far: Port::<A>::deliver_far::<M>, near: Port::<A>::deliver_near::<M> });
        self
    }

    pub(crate) fn get(&self, tag: Tag) -> Option<&Route<A>> {
        // Tables are short: a scan beats a search.
        self.table.iter().find(|route| route.tag == tag)
    }

    fn collect() -> Routes<A> {
        let mut routes = Routes { table: Vec::new() };
        A::routes(&mut routes);
        let mut wanted: Vec<_> = A::Protocol::CALLS.iter().map(|call| call.tag).collect();
        let mut given: Vec<_> = routes.table.iter().map(|route| route.tag).collect();
        wanted.sort_unstable();
        given.sort_unstable();
        assert_eq!(
            given,
            wanted,
            "{} must route exactly the calls of protocol '{}'",
            std::any::type_name::<A>(),
            A::Protocol::NAME
        );
        routes
    }
}

/// The tables of one node, made once per type of actor.
#[derive(Default)]
pub(crate) struct RouteTables(RefCell<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl RouteTables {
    pub(crate) fn of<A: Actor>(&self) -> Arc<Routes<A>> {
        let table =
            self.0.borrow_mut().entry(TypeId::of::<A>()).or_insert_with(|| Arc::new(Routes::<A>::collect())).clone();
        table.downcast().expect("the table under a type's id is of that type")
    }
}
