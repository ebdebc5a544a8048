//! The resolver against a model of a domain: zones that answer truthfully, late; reports that come late or not at all.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Event {
    /// A viewer comes, from somewhere, and will wait this long.
    Open { wait: u64 },
    /// Somebody who holds a slot in a zone gives it up.
    GiveUp { zone: usize },
    /// Somebody who comes round the resolver takes a slot in a zone.
    Take { zone: usize },
    /// A zone reports.
    Report { zone: usize },
    /// A gateway answers the oldest question it has.
    Answer { zone: usize },
    /// The asker of one of the requests under way goes away.
    Cancel { which: usize },
    /// Time passes.
    Pass { time: u64 },
}

const ZONES: [&str; 3] = ["zone-a", "zone-b", "zone-c"];

fn event() -> impl Strategy<Value = Event> {
    let zone = 0..ZONES.len();
    prop_oneof![
        3 => prop_oneof![Just(0), 1u64..3_000].prop_map(|wait| Event::Open { wait }),
        3 => zone.clone().prop_map(|zone| Event::GiveUp { zone }),
        1 => zone.clone().prop_map(|zone| Event::Take { zone }),
        3 => zone.clone().prop_map(|zone| Event::Report { zone }),
        6 => zone.prop_map(|zone| Event::Answer { zone }),
        1 => (0usize..4).prop_map(|which| Event::Cancel { which }),
        3 => (1u64..400).prop_map(|time| Event::Pass { time }),
    ]
}

#[derive(Default)]
struct ModelZone {
    free: u32,
    held: u32,
    seq: u64,
    /// Which request, as which attempt, asked when.
    questions: std::collections::VecDeque<(RequestId, u64, u64)>,
    /// The leases: a repeat of a request gets the same slot.
    leases: BTreeMap<RequestId, u128>,
    /// The step after which it has had a free slot all the time; none = it has none now.
    free_since: Option<usize>,
}

struct Model {
    core: ResolutionCore,
    now: u64,
    step: usize,
    zones: Vec<ModelZone>,
    opened: BTreeMap<RequestId, usize>,
    waited: BTreeMap<RequestId, Millis>,
    next: u128,
    granted: usize,
    refused: usize,
}

impl Model {
    fn new(free: [u32; 3]) -> Model {
        let zones =
            free.map(|free| ModelZone { free, held: 2, free_since: (free > 0).then_some(0), ..ModelZone::default() });
        let mut model = Model {
            core: core(),
            now: 0,
            step: 0,
            zones: zones.into(),
            opened: BTreeMap::new(),
            waited: BTreeMap::new(),
            next: 1,
            granted: 0,
            refused: 0,
        };
        (0..ZONES.len()).for_each(|zone| model.report(zone));
        model
    }

    fn report(&mut self, index: usize) {
        let of = &mut self.zones[index];
        of.seq += 1;
        let text = zone(ZONES[index], of.seq, vec![pool("clip", of.free, of.held)]);
        report(&mut self.core, self.now, text);
    }

    fn set_free(&mut self, index: usize, free: u32) {
        let of = &mut self.zones[index];
        of.free = free;
        of.free_since = if free == 0 { None } else { of.free_since.or(Some(self.step)) };
    }

    fn happens(&mut self, event: &Event) -> Result<(), TestCaseError> {
        self.step += 1;
        match *event {
            Event::Open { wait } => {
                let number = self.next;
                self.next += 1;
                self.opened.insert(RequestId(number), self.step);
                let at_once = open(&mut self.core, self.now, request(number, wait));
                prop_assert_eq!(at_once, None, "the service is known");
            }
            Event::GiveUp { zone } if self.zones[zone].held > 0 => {
                self.zones[zone].held -= 1;
                self.set_free(zone, self.zones[zone].free + 1);
            }
            Event::Take { zone } if self.zones[zone].free > 0 => {
                self.zones[zone].held += 1;
                self.set_free(zone, self.zones[zone].free - 1);
            }
            Event::Report { zone } => self.report(zone),
            Event::Answer { zone } => self.answer(zone),
            Event::Cancel { which } => {
                if let Some(request) = self.opened.keys().nth(which).copied() {
                    self.opened.remove(&request);
                    self.core.cancel(request);
                }
            }
            Event::Pass { time } => {
                // A zone that took longer would not be reachable, and I4 promises nothing for it.
                for zone in 0..ZONES.len() {
                    while self.zones[zone].questions.front().is_some_and(|(_, _, asked)| asked + 600 < self.now) {
                        self.answer(zone);
                        self.effects()?;
                    }
                }
                self.now += time;
                while let Some(at) = self.core.poll_timeout().filter(|at| at.0 <= self.now) {
                    self.core.on_timeout(at);
                    self.effects()?;
                }
            }
            Event::GiveUp { .. } | Event::Take { .. } => {}
        }
        self.effects()
    }

    fn answer(&mut self, index: usize) {
        let Some((request, attempt, _)) = self.zones[index].questions.pop_front() else { return };
        let of = &mut self.zones[index];
        let outcome = match of.leases.get(&request) {
            Some(ticket) => grant(ZONES[index], *ticket),
            None if of.free > 0 => {
                let ticket = request.0 * 10 + index as u128;
                of.leases.insert(request, ticket);
                self.set_free(index, self.zones[index].free - 1);
                grant(ZONES[index], ticket)
            }
            None => full(of.held + of.leases.len() as u32),
        };
        self.core.reserved(Millis(self.now), request, attempt, outcome);
    }

    fn effects(&mut self) -> Result<(), TestCaseError> {
        while let Some(effect) = self.core.poll_effect() {
            let index = |gateway: &NodeName| ZONES.iter().position(|zone| gateway.as_str().ends_with(zone)).unwrap();
            match effect {
                Effect::Reserve { attempt, gateway, reserve, .. } => {
                    self.zones[index(&gateway)].questions.push_back((reserve.request, attempt, self.now));
                }
                Effect::Release { gateway, release } => {
                    let zone = index(&gateway);
                    let freed = self.zones[zone].leases.remove(&release.request);
                    prop_assert!(freed.is_some(), "{release:?} holds nothing there");
                    self.set_free(zone, self.zones[zone].free + 1);
                }
                Effect::Answer { request, opening } => self.answered(request, opening)?,
            }
        }
        Ok(())
    }

    fn answered(&mut self, request: RequestId, opening: Opening) -> Result<(), TestCaseError> {
        let opened = self.opened.remove(&request);
        let Some(opened) = opened else { return Err(TestCaseError::fail(format!("{request:?} was not asked for"))) };
        match opening {
            Opening::Granted(grant) => {
                self.granted += 1;
                let zone = ZONES.iter().position(|zone| *zone == grant.zone.as_str()).unwrap();
                prop_assert_eq!(self.zones[zone].leases.get(&request), Some(&grant.ticket.0));
                // It becomes a session: a slot that is held by somebody.
                self.zones[zone].leases.remove(&request);
                self.zones[zone].held += 1;
            }
            Opening::Full { waited, .. } => {
                self.refused += 1;
                self.waited.insert(request, waited);
                for (of, name) in self.zones.iter().zip(ZONES) {
                    let since = of.free_since.unwrap_or(usize::MAX);
                    prop_assert!(since >= opened, "I4: {request:?} is refused, {name} had a free slot throughout");
                }
            }
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        }
        Ok(())
    }

    /// The zones answer and report until nothing is left to do.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..10_000 {
            for zone in 0..ZONES.len() {
                while !self.zones[zone].questions.is_empty() {
                    self.happens(&Event::Answer { zone })?;
                }
                self.happens(&Event::Report { zone })?;
            }
            if self.core.state(Millis(self.now)).requests == 0 {
                return Ok(());
            }
            self.happens(&Event::Pass { time: 100 })?;
        }
        Err(TestCaseError::fail("requests are left over"))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// I4, and with it: every request is answered once, a slot that nobody takes comes back, nothing is left over.
    #[test]
    fn no_refusal_while_a_slot_is_free_throughout(
        free in [0u32..2, 0u32..2, 0u32..2],
        events in prop::collection::vec(event(), 1..120),
    ) {
        let mut model = Model::new(free);
        for event in &events {
            model.happens(event)?;
        }
        model.settle()?;
        prop_assert!(model.opened.is_empty(), "without an answer: {:?}", model.opened);
        prop_assert!(model.zones.iter().all(|zone| zone.leases.is_empty()), "a lease is held by nobody");
        let state = model.core.state(Millis(model.now));
        prop_assert_eq!((state.queues.len(), state.tally.granted as usize), (0, model.granted));
    }

    /// First come, first served: whoever waits is granted in the order of coming, however slots come free.
    #[test]
    fn the_queue_is_served_in_order(
        viewers in 2u128..12,
        events in prop::collection::vec((0usize..3, 1u64..200), 12..60),
    ) {
        let mut model = Model::new([0; 3]);
        model.zones.iter_mut().for_each(|zone| zone.held = 20);
        for _ in 0..viewers {
            model.happens(&Event::Open { wait: 60_000 })?;
            for zone in 0..ZONES.len() {
                while !model.zones[zone].questions.is_empty() {
                    model.happens(&Event::Answer { zone })?;
                }
            }
        }
        let mut order = Vec::new();
        for (zone, time) in &events {
            let before: Vec<_> = model.opened.keys().copied().collect();
            model.happens(&Event::GiveUp { zone: *zone })?;
            model.happens(&Event::Report { zone: *zone })?;
            while !model.zones[*zone].questions.is_empty() {
                model.happens(&Event::Answer { zone: *zone })?;
            }
            model.happens(&Event::Pass { time: *time })?;
            for zone in 0..ZONES.len() {
                while !model.zones[zone].questions.is_empty() {
                    model.happens(&Event::Answer { zone })?;
                }
            }
            order.extend(before.into_iter().filter(|request| !model.opened.contains_key(request)));
        }
        prop_assert!(order.is_sorted(), "{order:?}");
        prop_assert_eq!(order.len(), model.granted);
        prop_assert!(model.granted >= 2.min(events.len()), "slots came free and nobody got them");
    }
}

#[cfg(feature = "flaws")]
#[test]
fn the_model_catches_the_flawed_resolver() {
    use proptest::test_runner::{Config, TestError, TestRunner};
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let failed =
        runner.run(&([0u32..2, 0u32..2, 0u32..2], prop::collection::vec(event(), 1..120)), |(free, events)| {
            let mut model = Model::new(free);
            model.core.set_flaw(Flaw::RefusesTooEarly);
            events.iter().try_for_each(|event| model.happens(event))
        });
    let Err(TestError::Fail(why, _)) = failed else { panic!("not caught: {failed:?}") };
    assert!(why.message().contains("I4"), "{why}");
}
