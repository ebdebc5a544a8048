//! Honest viewers: the true viewer library on sockets of the simulated network. Each opens, looks, presses keys, and leaves in
//! one way or another; what it is shown is checked as a decoder would.
//!
//! Owns: what one viewer does. Refuses: forgery (`hostile` does that).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use actors_protocol::ServiceName;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use transport_viewer::{Ended, Event, InputEvent, OpenError, OpenOptions, Options, Picture, Session, Socket, Viewer};

use crate::cast::name;
use crate::domain::{Domain, seed_bytes};
use crate::guide::{PAGES, PANICS, SERVICE};
use crate::net::Random;
use crate::report::{Fault, Invariant};
use crate::sight::Sight;

/// A viewer library that does not come back within this much more than it was given is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);
/// A page that was asked for is shown within this time: a second, and the way there and back.
const SHOWN_WITHIN: Duration = Duration::from_millis(1_050);
/// A worker that never comes back is given up after two seconds, and its sessions are over.
const OVER_WITHIN: Duration = Duration::from_millis(1_500);
/// For so long after a draw has begun that never ends, in milliseconds, it may hold somebody up.
const WORK_WITHIN: u64 = 2_000;
/// Where the guide is.
const HOST: &str = "host-a1";
/// A host on which no fault has been for so long, in milliseconds, owes its viewers what it promises.
const CALM_FOR: u64 = 2_000;
/// A service that nobody has.
const NO_SERVICE: &str = "stagee.sim";

/// One viewer: a machine with an address, and a person with a will of its own.
pub struct Person {
    domain: Domain,
    host: IpAddr,
    random: Random,
}

/// How a session is to end.
#[derive(Clone, Copy)]
enum Leaving {
    Goodbye,
    Drop,
    Vanish,
    Cut(Duration),
    Stall(Duration),
}

impl Person {
    /// Viewer `number` of a run.
    pub fn new(domain: &Domain, number: u8, random: Random) -> Person {
        Person { domain: domain.clone(), host: IpAddr::V4(Ipv4Addr::new(10, 1, 0, number)), random }
    }

    /// Opens and leaves until `until`, and is gone soon after that.
    pub async fn live(mut self, until: Instant) {
        loop {
            sleep(self.random.within(Duration::from_millis(2_500))).await;
            if Instant::now() >= until {
                return;
            }
            self.visit(until).await;
        }
    }

    /// A viewer of the library, on a machine that has just been switched on.
    fn viewer(&mut self) -> Viewer {
        let socket = self.domain.net().socket(SocketAddr::new(self.host, 0)).expect("a free port");
        let options = Options {
            socket: Some(Socket::Abstract(socket)),
            rng_seed: Some(seed_bytes(&mut self.random)),
            versions: None,
        };
        Viewer::new(self.domain.trust(), options).expect("the domain's own description")
    }

    async fn visit(&mut self, until: Instant) {
        let viewer = self.viewer();
        let guide = self.domain.cast().has_guide() && self.random.chance(0.7);
        let service: ServiceName = match self.random.below(10) {
            _ if guide => name(SERVICE),
            0 => name(NO_SERVICE),
            1..4 => name("lodge.sim"),
            _ => name("stage.sim"),
        };
        let wait = if self.random.chance(0.4) { self.random.within(Duration::from_secs(6)) } else { Duration::ZERO };
        let site = self.random.chance(0.8).then(|| name(if self.random.chance(0.7) { "west" } else { "east" }));
        let ledger = self.domain.ledger().clone();
        let opening = viewer.open(&service, OpenOptions { site, wait });
        let opened = if self.random.chance(0.08) {
            let patience = self.random.within(Duration::from_millis(120));
            match timeout(patience, opening).await {
                Ok(opened) => opened,
                Err(_) => return ledger.fault(Fault::ViewerGaveUp, self.host),
            }
        } else {
            match timeout(wait + STUCK_AFTER, opening).await {
                Ok(opened) => opened,
                Err(_) => return ledger.violated(Invariant::Words, "an open neither succeeds nor fails"),
            }
        };
        match opened {
            Ok(session) => {
                ledger.event("viewer: opened");
                let most = Duration::from_secs(if guide { 8 } else { 5 });
                let until = until.min(Instant::now() + Duration::from_millis(300) + self.random.within(most));
                self.watch(session, until).await;
            }
            Err(error) => self.refused(&service, &error),
        }
        let _ = timeout(STUCK_AFTER, viewer.close()).await.map_err(|_| {
            ledger.violated(Invariant::Words, "a viewer that is closed does not come to its end");
        });
    }

    fn refused(&self, service: &ServiceName, error: &OpenError) {
        let ledger = self.domain.ledger();
        let word = match error {
            OpenError::NoFreeSlot { .. } => "viewer: no free slot",
            OpenError::UnknownService { near, .. } => {
                if service.as_str() == NO_SERVICE && near.is_empty() {
                    // The resolver may know of nothing at all just then; that is counted, not judged.
                    ledger.event("viewer: unknown service, no near name");
                }
                "viewer: unknown service"
            }
            OpenError::ZonesUnreachable { .. } => "viewer: zones unreachable",
            OpenError::NoResolver { .. } => "viewer: no resolver",
            OpenError::InstanceUnreachable { .. } => "viewer: instance unreachable",
            OpenError::Refused { .. } => "viewer: ticket refused",
            OpenError::Fault { .. } => "viewer: fault",
            OpenError::TooManyLeases { .. } => "viewer: too many leases",
            _ => "viewer: other refusal",
        };
        ledger.event(word);
        if service.as_str() != NO_SERVICE && word == "viewer: other refusal" {
            ledger.violated(Invariant::Words, format!("{service}: {error}"));
        }
    }

    async fn watch(&mut self, mut session: Session, until: Instant) {
        let leaving = match self.random.below(100) {
            0..40 => Leaving::Goodbye,
            40..52 => Leaving::Drop,
            52..66 => Leaving::Vanish,
            66..90 => Leaving::Cut(Duration::from_millis(1_500) + self.random.within(Duration::from_secs(7))),
            _ => Leaving::Stall(Duration::from_millis(500) + self.random.within(Duration::from_secs(2))),
        };
        let ledger = self.domain.ledger().clone();
        let guide = session.info().service.as_str() == SERVICE;
        let mut eye = Eye { sight: guide.then(Sight::default), idle: self.random.chance(0.6), ..Eye::default() };
        if self.look(&mut session, &mut eye, until).await {
            return;
        }
        match leaving {
            Leaving::Goodbye => {
                if !self.look_closely(&mut session, &mut eye).await {
                    self.goodbye(session).await;
                }
            }
            Leaving::Drop => drop(session),
            Leaving::Vanish => {
                ledger.fault(Fault::ViewerVanished, self.host);
                self.domain.net().crash(self.host);
                drop(session);
            }
            Leaving::Cut(length) => {
                ledger.fault(Fault::ViewerCut, self.host);
                self.domain.net().isolate(self.host);
                let over = self.look(&mut session, &mut eye, Instant::now() + length).await;
                self.domain.net().rejoin(self.host);
                let end = Instant::now() + Duration::from_secs(2);
                if !over
                    && !self.look(&mut session, &mut eye, end).await
                    && !self.look_closely(&mut session, &mut eye).await
                {
                    self.goodbye(session).await;
                }
            }
            Leaving::Stall(length) => {
                ledger.fault(Fault::ViewerStalled, self.host);
                sleep(length).await;
                let end = Instant::now() + Duration::from_millis(500);
                if !self.look(&mut session, &mut eye, end).await {
                    self.goodbye(session).await;
                }
            }
        }
    }

    async fn goodbye(&mut self, session: Session) {
        let ledger = self.domain.ledger();
        match timeout(STUCK_AFTER, session.close()).await {
            Ok(_) => ledger.event("viewer: said goodbye"),
            Err(_) => ledger.violated(Invariant::Words, "a goodbye does not come to its end"),
        }
    }

    /// Asks the guide for a page, and looks whether it is shown within a second. Where a draw never ends, which holds up
    /// whoever is on its encoder, it may take as long as that is waited for, or the session is over instead. True: the
    /// session is over.
    async fn look_closely(&mut self, session: &mut Session, eye: &mut Eye) -> bool {
        let (ledger, begun) = (self.domain.ledger().clone(), self.domain.ledger().now());
        if eye.sight.is_none() || eye.lost {
            return false;
        }
        eye.losses = 0;
        // Two at once: the second comes while the page of the first is being drawn.
        self.press(session, eye, u64::from(PAGES));
        self.press(session, eye, u64::from(PAGES));
        eye.still = true;
        let present = |eye: &Eye| eye.sight.as_ref().map_or(Ok(()), Sight::is_present);
        if self.look(session, eye, Instant::now() + SHOWN_WITHIN).await {
            return true;
        }
        let Err(words) = present(eye) else {
            ledger.premise(Invariant::I12);
            return false;
        };
        if self.look(session, eye, Instant::now() + OVER_WITHIN).await {
            return true;
        }
        if eye.losses > 0 {
            // What was on its way when a connection broke is not sent again.
            ledger.event("viewer: lost its inputs with its connection");
            return false;
        }
        if present(eye).is_ok() && ledger.struck(Fault::DrawStuck).is_some_and(|at| at + WORK_WITHIN >= begun) {
            ledger.event("viewer: shown late, beside a draw that never ended");
            return false;
        }
        let node = name(HOST);
        let calm = ledger.reach().calm_since(&[&node]);
        // The session may be one of a life that has been replaced.
        let calm = calm.zip(self.domain.no_stray_since()).map(|(calm, single)| calm.max(single));
        if calm.is_some_and(|since| since + CALM_FOR <= begun) {
            ledger.violated(Invariant::I12, format!("{}: {words}", self.host));
        }
        false
    }

    /// Sends an input, for one of so many pages.
    fn press(&mut self, session: &Session, eye: &mut Eye, pages: u64) {
        let page = self.random.below(pages) as u32;
        let event = match (&eye.sight, self.random.below(3)) {
            // Keys alone: pointer motion may overtake them, and then leads to where it should not.
            (Some(_), _) => InputEvent::Key { keysym: page, down: true },
            (None, 0) => InputEvent::Key { keysym: 0xff53, down: true },
            (None, _) => InputEvent::Pointer { x: self.random.next() as u16, y: 7 },
        };
        // A session that has just ended says so with its next event.
        if let (Ok(number), Some(sight)) = (session.send(event), &mut eye.sight) {
            sight.sent(number, &event);
        }
    }

    /// Looks on until `until`, and presses a key now and then. True: the session is over.
    async fn look(&mut self, session: &mut Session, eye: &mut Eye, until: Instant) -> bool {
        let ledger = self.domain.ledger().clone();
        loop {
            let pause = Duration::from_millis(100) + self.random.within(Duration::from_millis(900));
            let next = (Instant::now() + pause).min(until);
            tokio::select! {
                biased;
                event = session.next() => match event {
                    Event::Picture(picture) => {
                        if let Err(words) = eye.see(&picture) {
                            ledger.violated(Invariant::Pictures, words);
                        }
                        ledger.premise(Invariant::Pictures);
                        if let Some(sight) = &mut eye.sight {
                            let before = (sight.deltas, sight.echoes);
                            if let Err((invariant, words)) = sight.see(&picture) {
                                ledger.violated(invariant, format!("{}: {words}", self.host));
                            }
                            if sight.deltas > before.0 {
                                ledger.premise(Invariant::I10);
                            }
                            if sight.echoes > before.1 {
                                ledger.premise(Invariant::I12);
                            }
                            ledger.noticed("guide", picture.number);
                        }
                    }
                    Event::Lost { .. } => {
                        eye.lost = true;
                        eye.losses += 1;
                        ledger.event("viewer: connection lost");
                    }
                    Event::Resumed => {
                        eye.lost = false;
                        ledger.event("viewer: resumed");
                    }
                    Event::Ended(ended) => {
                        ledger.event(ended_as(&ended));
                        return true;
                    }
                },
                () = sleep_until(next) => {
                    if next == until {
                        return false;
                    }
                    // Some look at one page for long: who is on the same one is to share it.
                    if eye.still || eye.idle && eye.sight.is_some() && self.random.chance(0.9) {
                        continue;
                    }
                    let pages = if self.random.chance(0.05) { u64::from(PANICS) + 1 } else { u64::from(PAGES) };
                    self.press(session, eye, pages);
                }
            }
        }
    }
}

fn ended_as(ended: &Ended) -> &'static str {
    use transport_viewer::CloseCode;
    match ended.code {
        None => "ended: lost for good",
        Some(CloseCode::DRAINED) => "ended: drained",
        Some(CloseCode::KILLED) => "ended: killed",
        Some(CloseCode::GOODBYE) => "ended: goodbye",
        Some(CloseCode::IDLE) => "ended: idle",
        Some(CloseCode::SHUTDOWN) => "ended: shut down",
        Some(CloseCode::REPLACED) => "ended: replaced",
        Some(_) => "ended: with another code",
    }
}

/// Sees pictures as a decoder would, and counts them as a person would.
#[derive(Default)]
pub struct Eye {
    /// For the guide.
    pub sight: Option<Sight>,
    /// Presses a key now and then only.
    idle: bool,
    /// Presses none.
    still: bool,
    lost: bool,
    /// Connections that were lost since it began to look closely.
    losses: u32,
    last: Option<(u64, u32, u16)>,
    last_input: u32,
}

impl Eye {
    /// The next picture, or what is wrong with it.
    pub fn see(&mut self, picture: &Picture) -> Result<(), String> {
        let expected = match self.last {
            None => 0,
            Some((number, ..)) => number + 1,
        };
        if picture.number != expected + picture.late_before + picture.dropped_before {
            return Err(format!("{picture:?} after {:?}, with {} late", self.last, picture.late_before));
        }
        let follows = |(_, group, unit): (u64, u32, u16)| picture.group == group && picture.unit == unit + 1;
        if !picture.key && !self.last.is_some_and(follows) {
            return Err(format!("{picture:?} cannot be decoded after {:?}", self.last));
        }
        if picture.last_input < self.last_input {
            return Err(format!("{picture:?} echoes input {} after {}", picture.last_input, self.last_input));
        }
        self.last_input = picture.last_input;
        self.last = Some((picture.number, picture.group, picture.unit));
        Ok(())
    }
}
