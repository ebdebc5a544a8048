//! Tests of the factory, written as sentences about one instance and the shell around it.
//!
//! [`Shell`] is the least shell there can be: it starts and stops "actors" as the effects say, draws numbers, and checks the
//! invariants after every input.

mod drain;
mod flaws;
mod histories;
mod inspection;
mod model;
mod properties;
mod redemption;
mod reservation;
mod resume;
mod size;
mod slots;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use actors_protocol::gateway::{Released, Reserve};
use actors_protocol::host::Offering;
use actors_protocol::{Incarnation, Millis, RequestId, ServiceName, SlotCounts, SlotId, SlotState, Ticket, ViewerKey};

use super::*;

const PLAY: &str = "play.demo";
const GUIDE: &str = "guide.demo";

fn service(name: &str) -> ServiceName {
    name.parse().expect("a service name")
}

fn viewer(number: u8) -> ViewerKey {
    ViewerKey([number; 32])
}

fn origin(number: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, number).into()
}

fn options(slots: u32, caps: &[(&str, Option<u32>)]) -> Options {
    Options {
        instance: "play-a".parse().expect("an instance name"),
        incarnation: Incarnation(7),
        offerings: caps
            .iter()
            .map(|(name, cap)| Offering { service: service(name), cap: *cap, parameters: Default::default() })
            .collect(),
        slots,
        limits: Limits::default(),
    }
}

/// A request by a viewer of its own, from an address of its own.
fn request(number: u8) -> Reserve {
    Reserve {
        request: RequestId(u128::from(number)),
        service: service(PLAY),
        viewer: viewer(number),
        origin: origin(number),
    }
}

struct Shell {
    factory: Factory,
    now: Millis,
    drawn: u128,
    living: BTreeSet<SlotId>,
    to_stop: Vec<SlotId>,
    /// All effects since they were last taken.
    effects: Vec<Effect>,
}

impl Shell {
    /// An instance whose slots all warm.
    fn warming(slots: u32) -> Shell {
        Shell::of(options(slots, &[(PLAY, None)]))
    }

    /// An instance whose slots are all free; what it did until then is forgotten.
    fn free(slots: u32) -> Shell {
        Shell::free_of(options(slots, &[(PLAY, None)]))
    }

    fn of(options: Options) -> Shell {
        let factory = Factory::new(Millis::ZERO, options).expect("the options are good");
        let mut shell = Shell {
            factory,
            now: Millis::ZERO,
            drawn: 1_000,
            living: BTreeSet::new(),
            to_stop: Vec::new(),
            effects: Vec::new(),
        };
        shell.pump();
        shell
    }

    fn free_of(options: Options) -> Shell {
        let mut shell = Shell::of(options);
        shell.all_ready();
        shell.effects.clear();
        shell
    }

    fn draw(&mut self) -> u128 {
        self.drawn += 1;
        self.drawn
    }

    /// Does what the effects say, and checks the invariants: what a shell and the harness do after each input.
    fn pump(&mut self) {
        while let Some(effect) = self.factory.poll_effect() {
            match effect {
                Effect::Warm { slot } => assert!(self.living.insert(slot), "{slot} is started twice"),
                Effect::End { slot, .. } => self.to_stop.push(slot),
                _ => {}
            }
            self.effects.push(effect);
        }
        assert_eq!(self.factory.check(), Ok(()));
        assert_eq!(self.factory.counts().capacity() as usize, self.living.len(), "I3");
    }

    fn all_ready(&mut self) {
        for slot in self.living.clone() {
            self.factory.slot_ready(self.now, slot);
        }
        self.pump();
    }

    /// A slot's actor is gone.
    fn dies(&mut self, slot: u32, how: Ending) {
        assert!(self.living.remove(&SlotId(slot)), "it lives");
        self.factory.slot_ended(self.now, SlotId(slot), how);
        self.pump();
    }

    /// The actors that were told to stop have stopped.
    fn stop_those_told(&mut self) {
        for slot in std::mem::take(&mut self.to_stop) {
            self.dies(slot.0, Ending::Stopped);
        }
    }

    /// Time passes, and the timer fires at each instant that was asked for.
    fn wait(&mut self, ms: u64) {
        let end = self.now + Millis(ms);
        while let Some(due) = self.factory.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.factory.on_timeout(due);
            self.pump();
        }
        self.now = end;
    }

    fn reserve(&mut self, ask: &Reserve) -> Reserved {
        let number = self.draw();
        let answer = self.factory.reserve(self.now, ask, number).expect("the number is new");
        self.pump();
        answer
    }

    /// Reserves as viewer `number`; it must be granted.
    fn ticket(&mut self, number: u8) -> (Ticket, u32) {
        match self.reserve(&request(number)) {
            Reserved::Granted { ticket, slot, .. } => (ticket, slot.0),
            other => panic!("not granted: {other:?}"),
        }
    }

    fn redeem(&mut self, ticket: Ticket, number: u8) -> Redeemed {
        let token = self.draw();
        let answer = self.factory.redeem(self.now, ticket, &viewer(number), true, token).expect("the number is new");
        self.pump();
        answer
    }

    /// Reserves and redeems as viewer `number`.
    fn session(&mut self, number: u8) -> Admission {
        let (ticket, _) = self.ticket(number);
        opened(self.redeem(ticket, number))
    }

    fn resume(&mut self, admission: &Admission, number: u8) -> Redeemed {
        let answer = self.factory.resume(self.now, admission.resume, &viewer(number), true);
        self.pump();
        answer
    }

    fn loses_connection(&mut self, admission: &Admission) {
        self.factory.connection_lost(self.now, admission.session, admission.attachment);
        self.pump();
    }

    fn says_goodbye(&mut self, admission: &Admission) {
        self.factory.goodbye(self.now, admission.session, admission.attachment);
        self.pump();
    }

    fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// warming, free, reserved, active, draining
    fn counts(&self) -> [u32; 5] {
        let SlotCounts { warming, free, reserved, active, draining } = self.factory.counts();
        [warming, free, reserved, active, draining]
    }
}

#[track_caller]
fn opened(answer: Redeemed) -> Admission {
    match answer {
        Redeemed::Opened(admission) => admission,
        Redeemed::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}

#[test]
fn an_instance_needs_a_service_each_once_and_a_bounded_number_of_slots() {
    let error = |options| Factory::new(Millis::ZERO, options).expect_err("no such factory").to_string();
    assert_eq!(error(options(1, &[])), "instance play-a offers no service");
    assert_eq!(error(options(1, &[(PLAY, None), (PLAY, Some(1))])), "instance play-a offers play.demo twice");
    let error = error(options(SLOTS_MAX + 1, &[(PLAY, None)]));
    assert!(error.contains("16385 slots") && error.contains("16384"), "{error}");
}
