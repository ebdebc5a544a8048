//! The resolver: the thin shell around [`ResolutionCore`].
//!
//! Owns: the calls of viewers that wait for an answer, the asking of gateways. Refuses: choosing.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use actors_cores::Flaw;
use actors_cores::resolution::{Effect, RESERVE_WITHIN, ResolutionCore, Topology};
use actors_kernel::{Actor, Addr, Answer, Caller, Cx, Handler, Promise, Routes};
use actors_protocol::gateway::{Gateway, Noted, ZoneReport};
use actors_protocol::resolver::{Explain, Explanation, Lookup, LookupReply, Open, Opening, Resolver};
use actors_protocol::{Millis, NodeName, RequestId};

use crate::member::DirectoryWatch;
use crate::observe::{ResolverObserver, ResolverSeen, Sighting};
use crate::paths::{GATEWAY, role_path};

/// Viewers that wait are looked at this often: has one gone away?
const SWEEP_EVERY: Duration = Duration::from_millis(250);
/// How long a gateway is given to take a slot back.
const RELEASE_WITHIN: Duration = Duration::from_secs(1);

/// What a resolver is made with.
#[derive(Clone)]
pub struct ResolverSetup {
    /// How far sites are from zones.
    pub topology: Topology,
    /// The directory: only what a gateway of it says of its own zone is believed.
    pub directory: DirectoryWatch,
    /// One wrong decision; only a harness sets another than none.
    pub flaw: Flaw,
    /// Who looks on; only a harness does.
    pub observer: Option<ResolverObserver>,
}

/// See the module.
pub struct ResolverActor {
    setup: ResolverSetup,
    core: ResolutionCore,
    waiting: BTreeMap<RequestId, Vec<Promise<Opening>>>,
    sweeping: bool,
}

impl ResolverActor {
    /// A resolver that has heard of nothing yet.
    pub fn new(setup: ResolverSetup) -> ResolverActor {
        let core = ResolutionCore::new(Millis::ZERO, setup.topology.clone());
        ResolverActor { setup, core, waiting: BTreeMap::new(), sweeping: false }
    }

    fn pump(&mut self, cx: &mut Cx<'_, Self>) {
        while let Some(effect) = self.core.poll_effect() {
            match effect {
                Effect::Reserve { attempt, gateway, reserve, .. } => {
                    let request = reserve.request;
                    let to = gateway_addr(&gateway, cx);
                    cx.ask(&to, reserve, RESERVE_WITHIN.duration(), move |resolver, outcome, cx| {
                        let now = cx.now();
                        resolver.core.reserved(now, request, attempt, outcome);
                        resolver.pump(cx);
                    });
                }
                Effect::Answer { request, opening } => {
                    self.show(ResolverSeen::Answered(request, &opening), cx);
                    for promise in self.waiting.remove(&request).into_iter().flatten() {
                        promise.keep(opening.clone());
                    }
                }
                Effect::Release { gateway, release } => {
                    let to = gateway_addr(&gateway, cx);
                    cx.ask(&to, release, RELEASE_WITHIN, |_, _, _| {});
                }
            }
        }
        cx.wake_at(self.core.poll_timeout());
        self.show(ResolverSeen::Settled, cx);
    }

    /// Shows something to whoever looks on.
    fn show(&self, what: ResolverSeen<'_>, cx: &Cx<'_, Self>) {
        if let Some(observer) = &self.setup.observer {
            observer(&Sighting { node: cx.node(), incarnation: cx.incarnation(), core: &self.core, what });
        }
    }

    /// A viewer that has gone away must not keep its place in the queue, nor be given a slot.
    fn sweep(&mut self, cx: &mut Cx<'_, Self>) {
        let mut gone = Vec::new();
        self.waiting.retain(|request, promises| {
            let before = promises.len();
            promises.retain(|promise| !promise.is_abandoned());
            gone.extend(std::iter::repeat_n(*request, before - promises.len()));
            !promises.is_empty()
        });
        for request in gone {
            self.core.cancel(request);
        }
        self.pump(cx);
        self.sweeping = !self.waiting.is_empty();
        if self.sweeping {
            cx.after(SWEEP_EVERY, Self::sweep);
        }
    }
}

fn gateway_addr(node: &NodeName, cx: &Cx<'_, ResolverActor>) -> Addr<Gateway> {
    cx.node().far(node, role_path(GATEWAY))
}

impl Actor for ResolverActor {
    type Protocol = Resolver;

    fn routes(routes: &mut Routes<Self>) {
        routes.add::<Lookup>().add::<Open>().add::<Explain>().add::<ZoneReport>();
    }

    fn started(&mut self, cx: &mut Cx<'_, Self>) {
        // Counted from its own start: a resolver that was brought back has to learn again.
        self.core = ResolutionCore::new(cx.now(), self.setup.topology.clone());
        #[cfg(feature = "flaws")]
        self.core.set_flaw(self.setup.flaw);
        self.pump(cx);
    }

    fn woken(&mut self, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        self.core.on_timeout(now);
        self.pump(cx);
    }

    fn state(&self, now: Millis) -> serde_json::Value {
        serde_json::to_value(self.core.state(now)).unwrap_or(serde_json::Value::Null)
    }
}

impl Handler<Open> for ResolverActor {
    fn handle(&mut self, open: Open, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Opening> {
        let now = cx.now();
        let request = open.request;
        let origin = caller.origin().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip());
        self.show(ResolverSeen::Asked(&open), cx);
        let answer = match self.core.open(now, open, origin) {
            Some(opening) => {
                self.show(ResolverSeen::Answered(request, &opening), cx);
                opening.into()
            }
            None => {
                let (promise, answer) = cx.promise();
                self.waiting.entry(request).or_default().push(promise);
                if !std::mem::replace(&mut self.sweeping, true) {
                    cx.after(SWEEP_EVERY, Self::sweep);
                }
                answer
            }
        };
        self.pump(cx);
        answer
    }
}

impl Handler<Lookup> for ResolverActor {
    fn handle(&mut self, lookup: Lookup, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<LookupReply> {
        self.core.lookup(cx.now(), &lookup).into()
    }
}

impl Handler<Explain> for ResolverActor {
    fn handle(&mut self, explain: Explain, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Explanation> {
        self.core.explain(cx.now(), &explain).into()
    }
}

impl Handler<ZoneReport> for ResolverActor {
    fn handle(&mut self, report: ZoneReport, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Noted> {
        let seq = report.seq;
        let Some(gateway) = caller.node.clone() else { return Noted { seq }.into() };
        // A zone's certificate does not make a node the gateway of every zone.
        let zone_of = |directory: &actors_protocol::membership::Directory| {
            directory.nodes.iter().find(|record| record.node == gateway).and_then(|record| record.zone.clone())
        };
        let zone = zone_of(&self.setup.directory.borrow());
        if zone.is_some_and(|zone| zone != report.zone) {
            tracing::warn!(node = %gateway, zone = %report.zone, "reports a zone that is not its own: ignored");
            return Noted { seq }.into();
        }
        // Dialled before a viewer has to wait for it. Without a route there is nobody to dial, and nobody to ask either.
        let _ = cx.node().link_watch(&gateway);
        let now = cx.now();
        let noted = self.core.report(now, gateway, report);
        self.pump(cx);
        noted.into()
    }
}
