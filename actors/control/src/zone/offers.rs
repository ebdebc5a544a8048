//! The zone manager's side of offers: services it gets to know, hosts that are asked how well they would run them.
//!
//! Owns: the asking. Refuses: judging hosts (they do) and making one offer of it (`actors_cores::evaluation`).

use std::sync::Arc;
use std::time::Duration;

use actors_cores::evaluation::{Effect, Host};
use actors_cores::manifest::read;
use actors_kernel::{Answer, Caller, Cx, Handler};
use actors_protocol::host::{CreateInstance, JudgeInstance, Offering};
use actors_protocol::manifest::{Kind, Manifest};
use actors_protocol::offer::Offer;
use actors_protocol::zone::{AskOffer, LearnService, Learning, ZoneOffer};
use actors_protocol::{InstanceName, Millis, NodeName, RequestId, ServiceName};

use super::{ZoneActor, host_addr};

/// A zone of many hosts has many reasons; the first of them will do.
const REASON_BYTES_MAX: usize = 1_000;
/// Services that one zone manager knows; beyond it none is taken in.
const SERVICES_MAX: usize = 10_000;

impl ZoneActor {
    /// Takes a service in, or its latest manifest.
    pub(super) fn learn(&mut self, manifest: &str) -> Result<(), String> {
        let manifest = read(manifest).map_err(|problems| problems.to_string())?;
        self.books(|books| {
            let known = books.services.get(&manifest.name);
            if known.is_none() && books.services.len() >= SERVICES_MAX {
                return Err(format!("the zone knows {SERVICES_MAX} services"));
            }
            if known.is_some_and(|known| **known != manifest) {
                // What hosts said was about another manifest.
                books.offers.forget(&manifest.name);
            }
            books.services.insert(manifest.name.clone(), Arc::new(manifest));
            Ok(())
        })
    }

    /// One instance of a service as a host is asked for it; an error where no host could be.
    pub(super) fn wanted(
        &self,
        service: &ServiceName,
        instance: InstanceName,
        slots: u32,
        provisional: Option<Millis>,
        cx: &Cx<'_, ZoneActor>,
    ) -> Result<CreateInstance, String> {
        let Some(manifest) = self.books(|books| books.services.get(service).cloned()) else {
            return Err(format!("the zone does not know {service}; register it here first"));
        };
        Ok(CreateInstance {
            instance,
            zone: self.setup.zone.clone(),
            gateway: cx.node().name().clone(),
            builder: builder(&manifest)?,
            offerings: offerings(&manifest),
            slots,
            parameters: manifest.parameters.clone(),
            provisional,
        })
    }

    pub(super) fn pump_offers(&mut self, cx: &mut Cx<'_, Self>) {
        while let Some(effect) = self.books(|books| books.offers.poll_effect()) {
            match effect {
                Effect::Evaluate { id, host, service, slots, within } => {
                    self.judge(id, host, &service, slots, within.duration(), cx);
                }
                Effect::Offer { id, mut offer } => {
                    offer.reason.truncate(offer.reason.floor_char_boundary(REASON_BYTES_MAX));
                    for promise in self.waiting.offers.remove(&id).into_iter().flatten() {
                        promise.keep(ZoneOffer::Offered(offer.clone()));
                    }
                }
            }
        }
    }

    fn judge(
        &mut self,
        id: RequestId,
        host: NodeName,
        service: &ServiceName,
        slots: u32,
        within: Duration,
        cx: &mut Cx<'_, Self>,
    ) {
        let now = cx.now();
        let manifest = self.books(|books| books.services.get(service).cloned());
        let instance = InstanceName::new("judged").expect("a constant label");
        let each = manifest.as_ref().map_or(slots, |manifest| manifest.slots.each.min(slots));
        let create = self.wanted(service, instance, each, None, cx);
        let (create, kind) = match (create, manifest) {
            (Ok(create), Some(manifest)) => (create, manifest.kind.word().to_owned()),
            (Err(why), _) => {
                return self.books(|books| books.offers.evaluated(now, id, &host, Ok(Offer::infeasible(why))));
            }
            (Ok(_), None) => return,
        };
        let addr = host_addr(&host, cx);
        let judge = JudgeInstance { create, kind, slots };
        cx.ask(&addr, judge, within, move |zone: &mut ZoneActor, answer, cx| {
            let now = cx.now();
            let answer = answer.map(|judgement| judgement.offer).map_err(|fault| fault.to_string());
            zone.books(|books| books.offers.evaluated(now, id, &host, answer));
            zone.pump(cx);
        });
    }

    /// The hosts that may be judged. Each is its own environment: what it says is about its own builders and load.
    pub(super) fn judged_hosts(&mut self, now: Millis) {
        let host = |name: &NodeName| (name.clone(), Host { environment: name.to_string(), load: 0 });
        let hosts = self.hosts.iter().map(host).collect();
        self.books(|books| books.offers.hosts(now, hosts));
    }
}

fn builder(manifest: &Manifest) -> Result<String, String> {
    match &manifest.kind {
        Kind::Actor { builder } => Ok(builder.clone()),
        other => Err(format!("no host has an adaptor for kind {}; there is actor", other.word())),
    }
}

fn offerings(manifest: &Manifest) -> Vec<Offering> {
    let offering = |configuration: &actors_protocol::manifest::Configuration| Offering {
        service: configuration.name.clone(),
        cap: configuration.cap,
        parameters: configuration.parameters.clone(),
    };
    manifest.configurations.iter().map(offering).collect()
}

impl Handler<LearnService> for ZoneActor {
    fn handle(&mut self, learn: LearnService, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<Learning> {
        match self.learn(&learn.manifest) {
            Ok(()) => Learning::Known.into(),
            Err(cause) => Learning::Refused { cause }.into(),
        }
    }
}

impl Handler<AskOffer> for ZoneActor {
    fn handle(&mut self, ask: AskOffer, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<ZoneOffer> {
        if !self.books(|books| books.services.contains_key(&ask.service)) {
            return ZoneOffer::Unknown.into();
        }
        let now = cx.now();
        let (promise, answer) = cx.promise();
        self.waiting.offers.entry(ask.id).or_default().push(promise);
        self.books(|books| books.offers.ask(now, ask.id, ask.service, ask.slots, ask.within));
        self.pump(cx);
        answer
    }
}
