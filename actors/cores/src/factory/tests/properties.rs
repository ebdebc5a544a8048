//! Random histories of an instance, played to the factory and to the [`Model`]: every answer, every count and every actor
//! told to stop must agree, and the invariants hold after every step.
//!
//! A failure prints its seed and the shortest history found. Built with another `FUSION_SEED` the tests play another seed, run
//! with `PROPTEST_CASES` they play more of it.

use std::collections::BTreeSet;

use proptest::test_runner::TestCaseError;

use super::histories::{Step, histories, runner, some};
use super::model::Model;
use super::*;
use crate::flaw::Flaw;

const SERVICES: [(&str, Option<u32>); 2] = [(PLAY, None), (GUIDE, Some(2))];
const SLOTS: u32 = 4;

pub struct Play {
    factory: Factory,
    model: Model,
    now: Millis,
    drawn: u128,
    living: BTreeSet<SlotId>,
    told: Vec<SlotId>,
    tickets: Vec<(Ticket, ViewerKey)>,
    /// With the viewer of each, and as it was last told.
    sessions: Vec<(Admission, ViewerKey)>,
    redeemed: BTreeSet<Ticket>,
    /// The counts when a report was last said to be due.
    reported: SlotCounts,
    /// Whether `Factory::check` is asked too, or only what can be seen from outside.
    look_inside: bool,
}

impl Play {
    pub fn new(flaw: Flaw, look_inside: bool) -> Play {
        let limits =
            Limits { hold: Millis(500), resume_window: Millis(600), leases_per_viewer: 2, leases_per_origin: 3 };
        let options = Options { limits, ..options(SLOTS, &SERVICES) };
        let mut factory = Factory::new(Millis::ZERO, options).expect("the options are good");
        factory.set_flaw(flaw);
        Play {
            factory,
            model: Model::new(SLOTS as usize, &SERVICES, limits),
            now: Millis::ZERO,
            drawn: 1_000,
            living: BTreeSet::new(),
            told: Vec::new(),
            tickets: Vec::new(),
            sessions: Vec::new(),
            redeemed: BTreeSet::new(),
            reported: SlotCounts::default(),
            look_inside,
        }
    }

    /// Plays a history to its end, or to the first thing that is wrong.
    pub fn play(&mut self, history: &[Step]) -> Result<(), String> {
        self.settle()?;
        for step in history {
            self.step(step)?;
            self.settle()?;
        }
        Ok(())
    }

    fn draw(&mut self) -> u128 {
        self.drawn += 1;
        self.drawn
    }

    /// One that was chosen from the youngest: those are the ones that are not over.
    fn session(&self, choice: usize) -> Option<(Admission, ViewerKey)> {
        self.sessions.iter().rev().nth(choice).cloned()
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        self.model.advance(self.now);
        match step {
            Step::Ready(choice) => {
                if let Some(slot) = self.living.iter().nth(*choice).copied() {
                    self.factory.slot_ready(self.now, slot);
                    self.model.ready(slot);
                }
            }
            Step::Dies(choice) => {
                if let Some(slot) = self.living.iter().nth(*choice).copied() {
                    self.gone(slot, Ending::Killed);
                }
            }
            Step::Stops => {
                if let Some(slot) = self.told.first().copied() {
                    self.gone(slot, Ending::Stopped);
                }
            }
            Step::Reserve { .. } | Step::Release { .. } => return self.reservation(step),
            Step::Redeem { .. } | Step::Forge { .. } | Step::Resume { .. } => return self.redemption(step),
            Step::Lost { session } => {
                if let Some((admission, _)) = self.session(*session) {
                    self.factory.connection_lost(self.now, admission.session, admission.attachment);
                    self.model.connection_lost(admission.resume.0, admission.attachment.0);
                }
            }
            Step::Goodbye { session } => {
                if let Some((admission, _)) = self.session(*session) {
                    let answer = self.factory.goodbye(self.now, admission.session, admission.attachment);
                    same("goodbye", &answer, &self.model.goodbye(admission.resume.0, admission.attachment.0))?;
                }
            }
            Step::Ended { session } => {
                if let Some((admission, _)) = self.session(*session) {
                    self.factory.session_ended(self.now, admission.session);
                    self.model.session_ended(admission.resume.0);
                }
            }
            Step::Drain { within } => {
                self.factory.drain(self.now, Millis(*within));
                self.model.drain(Millis(*within));
            }
            Step::CancelDrain => {
                self.factory.cancel_drain(self.now);
                self.model.cancel_drain();
            }
            Step::Resize { slots, within } => {
                let sized = self.factory.resize(self.now, *slots, within.map(Millis));
                let told = sized.ok().map(|state| (state.from as usize, state.surplus as usize));
                same("resize", &told, &self.model.resize(*slots as usize, within.map(Millis)))?;
            }
            Step::Withdraw => {
                self.factory.withdraw(self.now, "late".to_owned());
                self.model.withdraw(true);
            }
            Step::Restore => {
                self.factory.restore(self.now);
                self.model.withdraw(false);
            }
            Step::Wait(ms) => return self.wait(*ms),
            Step::Jump(ms) => {
                self.now = self.now + Millis(*ms);
                self.factory.on_timeout(self.now);
                self.model.advance(self.now);
            }
        }
        Ok(())
    }

    fn gone(&mut self, slot: SlotId, how: Ending) {
        self.living.remove(&slot);
        self.told.retain(|told| *told != slot);
        self.factory.slot_ended(self.now, slot, how);
        self.model.died(slot);
    }

    fn reservation(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Reserve { request, viewer: who, origin: from, service: what } => {
                let ask = Reserve {
                    request: RequestId(u128::from(*request)),
                    service: service([PLAY, GUIDE, "chess.demo"][*what]),
                    viewer: viewer(*who),
                    origin: origin(*from),
                };
                let number = self.draw();
                let answer = self.factory.reserve(self.now, &ask, number).expect("the number is new");
                if let Reserved::Granted { ticket, slot, .. } = &answer
                    && ticket.0 == number
                {
                    if self.model.is_held(*slot) {
                        return Err(format!("I1: {slot} was given to a second viewer"));
                    }
                    self.tickets.push((*ticket, ask.viewer));
                }
                same("reserve", &answer, &self.model.reserve(&ask, number))
            }
            Step::Release { request } => {
                let request = RequestId(u128::from(*request));
                same("release", &self.factory.release(self.now, request), &self.model.release(request))
            }
            other => unreachable!("{other:?} is no reservation"),
        }
    }

    fn redemption(&mut self, step: &Step) -> Result<(), String> {
        let stranger = |is: bool, owner| if is { viewer(200) } else { owner };
        let (answer, expected, owner) = match step {
            Step::Redeem { ticket, stranger: strange, unproved } => {
                let Some((ticket, owner)) = self.tickets.iter().rev().nth(*ticket).copied() else { return Ok(()) };
                let (key, token) = (stranger(*strange, owner), self.draw());
                let answer = self.factory.redeem(self.now, ticket, &key, !unproved, token).expect("the number is new");
                if matches!(answer, Redeemed::Opened(_)) && !self.redeemed.insert(ticket) {
                    return Err("I2: a ticket was redeemed twice".to_owned());
                }
                (answer, self.model.redeem(ticket, &key, !unproved, token), owner)
            }
            Step::Forge { ticket } => {
                let token = self.draw();
                let answer = self.factory.redeem(self.now, Ticket(*ticket), &viewer(1), true, token);
                let expected = self.model.redeem(Ticket(*ticket), &viewer(1), true, token);
                (answer.expect("the number is new"), expected, viewer(1))
            }
            Step::Resume { session, stranger: strange, unproved } => {
                let Some((admission, owner)) = self.session(*session) else { return Ok(()) };
                let key = stranger(*strange, owner);
                let answer = self.factory.resume(self.now, admission.resume, &key, !unproved);
                (answer, self.model.resume(admission.resume.0, &key, !unproved), owner)
            }
            other => unreachable!("{other:?} shows no secret"),
        };
        let told = match &answer {
            Redeemed::Opened(admission) => Ok((admission.slot, admission.attachment.0)),
            Redeemed::Refused(refusal) => Err(*refusal),
        };
        if let Redeemed::Opened(admission) = answer {
            self.sessions.retain(|(other, _)| other.session != admission.session);
            self.sessions.push((admission, owner));
        }
        same("redeem", &told, &expected)
    }

    fn wait(&mut self, ms: u64) -> Result<(), String> {
        let end = self.now + Millis(ms);
        while let Some(due) = self.factory.poll_timeout().filter(|due| *due <= end) {
            if due <= self.now {
                return Err(format!("the timer is asked for at {due}, and it is {}", self.now));
            }
            self.now = due;
            self.factory.on_timeout(due);
            self.model.advance(due);
            self.settle()?;
        }
        self.now = end;
        self.factory.on_timeout(end);
        self.model.advance(end);
        Ok(())
    }

    /// Does what the effects say, then compares everything that can be compared.
    fn settle(&mut self) -> Result<(), String> {
        while let Some(effect) = self.factory.poll_effect() {
            match effect {
                Effect::Warm { slot } if !self.living.insert(slot) => return Err(format!("{slot} is started twice")),
                Effect::End { slot, .. } if self.told.contains(&slot) => return Err(format!("{slot} is ended twice")),
                Effect::End { slot, .. } => self.told.push(slot),
                Effect::Changed => self.reported = self.factory.counts(),
                _ => {}
            }
        }
        if self.look_inside {
            self.factory.check()?;
        }
        let counts = self.factory.counts();
        if counts.capacity() as usize != self.living.len() {
            return Err(format!("I3: {counts:?} for {} actors", self.living.len()));
        }
        let (mut told, drains) = (self.told.clone(), self.model.draining());
        told.sort_unstable();
        if let Some(slot) = drains.iter().find(|slot| !told.contains(slot)) {
            return Err(format!("I8: {slot} has ended and its actor runs on"));
        }
        if counts.reserved > self.model.counts().reserved {
            return Err(format!("I5: {counts:?}, and it should be {:?}", self.model.counts()));
        }
        same("counts", &counts, &self.model.counts())?;
        same("told to stop", &told, &drains)?;
        same("what a shell that reports when told has reported", &self.reported, &counts)
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, should: &T) -> Result<(), String> {
    if is == should { Ok(()) } else { Err(format!("{what}: it is {is:?} and should be {should:?}")) }
}

#[test]
fn every_history_leaves_the_factory_as_the_model_says() {
    let seed = option_env!("FUSION_SEED").and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let played = runner(seed)
        .run(&histories(), |history| Play::new(Flaw::None, true).play(&history).map_err(TestCaseError::fail));
    if let Err(failure) = played {
        panic!("FUSION_SEED={seed}: {failure}");
    }
}

#[test]
fn the_histories_reach_what_they_are_to_show() {
    let mut reached = [0; 15];
    for history in some(1, 200) {
        let mut play = Play::new(Flaw::None, false);
        play.play(&history).expect("the true factory is right");
        let Tally { granted, repeated, released, lapsed, full, too_many_leases, .. } = *play.factory.tally();
        let Tally { redeemed, resumed, forged, expired, reused, wrong_key, draining, .. } = *play.factory.tally();
        let Tally { resized, withdrawn, .. } = *play.factory.tally();
        let reserving = [granted, repeated, released, lapsed, full, too_many_leases];
        let showing = [redeemed, resumed, forged, expired, reused, wrong_key, draining, resized, withdrawn];
        for (sum, times) in reached.iter_mut().zip(reserving.into_iter().chain(showing)) {
            *sum += times;
        }
    }
    assert!(reached.iter().all(|times| *times >= 20), "{reached:?}");
}
