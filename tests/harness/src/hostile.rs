//! A hostile viewer: speaks the protocol below the library, and does what an honest one never would. Forged, reused, lapsed
//! and stolen tickets, other people's sessions, lives that are over, calls that it may not make, bytes that are no message.
//!
//! Owns: the attempts, and what each must be answered with. Refuses: to be lucky; an answer that a fault has kept away says
//! nothing.

mod calls;
pub mod wire;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use actors_protocol::factory::{Farewell, Goodbye, Opened, Redeem, Redemption, Resume};
use actors_protocol::gateway::Grant;
use actors_protocol::resolver::{Open, Opening};
use actors_protocol::{
    Address, Fault, Incarnation, Locator, Millis, RequestId, ResumeToken, Role, Roles, SessionId, Ticket, ViewerKey,
};
use tokio::time::{Instant, sleep};
use transport_link::{SigningKey, Target};

use crate::cast::name;
use crate::domain::{Domain, seed_bytes};
use crate::net::Random;
use crate::pki::Pki;
use crate::report::Invariant;
use wire::{Dialler, Wire};

/// How long an answer is waited for.
const WITHIN: Duration = Duration::from_secs(2);
/// How long the lease of a ticket lasts, and a moment.
const LAPSED: Duration = Duration::from_millis(5_050);

/// A place where tickets are redeemed.
struct Place {
    target: Target,
    factory: Address,
}

/// See the module.
pub struct Hostile {
    domain: Domain,
    random: Random,
    viewer: Dialler,
    rogue: Dialler,
    /// Factories it has been sent to.
    known: Vec<Place>,
}

impl Hostile {
    /// A hostile viewer, and a rogue host that helps it.
    pub fn new(domain: &Domain, mut random: Random) -> Hostile {
        let host = |last| IpAddr::V4(Ipv4Addr::new(10, 2, 0, last));
        let viewer = Dialler::new(domain.net(), host(1), None, seed_bytes(&mut random));
        let papers = Pki::get().papers(&name("rogue"), Roles::of(&[Role::Host]));
        let rogue = Dialler::new(domain.net(), host(2), Some(papers.identity), seed_bytes(&mut random));
        Hostile { domain: domain.clone(), random, viewer, rogue, known: Vec::new() }
    }

    /// Tries one thing after the other until `until`.
    pub async fn live(mut self, until: Instant) {
        loop {
            sleep(Duration::from_millis(300) + self.random.within(Duration::from_millis(2_500))).await;
            if Instant::now() >= until {
                break;
            }
            match self.random.below(10) {
                0..3 => self.tickets().await,
                3 => self.lapsed().await,
                4 => self.hoard().await,
                5..7 => self.old_life().await,
                7 => self.nonsense().await,
                _ => self.forbidden().await,
            }
        }
        self.viewer.close().await;
        self.rogue.close().await;
    }

    /// What is wrong with an answer, unless there is none.
    fn judge<T: std::fmt::Debug>(&self, what: &'static str, answer: &Result<T, Fault>, right: impl Fn(&T) -> bool) {
        let ledger = self.domain.ledger();
        match answer {
            Ok(answer) => {
                ledger.event(what);
                ledger.premise(Invariant::Words);
                if !right(answer) {
                    ledger.violated(Invariant::Words, format!("{what}: {answer:?}"));
                }
            }
            Err(_) => ledger.event("hostile: no answer"),
        }
    }

    fn key(&mut self) -> SigningKey {
        SigningKey::from_seed(seed_bytes(&mut self.random))
    }

    fn number(&mut self) -> u128 {
        u128::from(self.random.next()) << 64 | u128::from(self.random.next())
    }

    /// Asks a resolver for a slot.
    async fn grant(&mut self, key: &SigningKey) -> Option<(Grant, Place)> {
        let resolvers: Vec<_> = self.domain.trust().resolvers;
        let resolver = resolvers[self.random.below(resolvers.len() as u64) as usize].clone();
        let target = Target { endpoint: resolver.address, server_name: resolver.server_name };
        let mut wire = self.viewer.dial(&target).await?;
        let open = Open {
            request: RequestId(self.number()),
            service: name("stage.sim"),
            site: None,
            viewer: ViewerKey(key.public_key()),
            wait: Millis(self.random.below(1_000)),
        };
        let Ok(Opening::Granted(grant)) = wire.ask("resolver", Incarnation::ANY, &open, WITHIN).await else {
            return None;
        };
        let Locator::Fusion { endpoint, server_name, factory } = grant.locator.clone() else { return None };
        let place = Place { target: Target { endpoint, server_name }, factory };
        self.known.push(Place { target: place.target.clone(), factory: place.factory.clone() });
        Some((grant, place))
    }

    async fn redeem(
        &self,
        wire: &mut Wire,
        place: &Place,
        ticket: Ticket,
        key: &SigningKey,
        proof: Option<Vec<u8>>,
    ) -> Result<Redemption, Fault> {
        let proof = proof.unwrap_or_else(|| wire.connection().prove(key));
        let redeem = Redeem { ticket, viewer: ViewerKey(key.public_key()), proof };
        wire.ask(place.factory.path.as_str(), place.factory.incarnation, &redeem, WITHIN).await
    }

    /// Every wrong way to use a ticket, and the right one in between.
    async fn tickets(&mut self) {
        let (key, other) = (self.key(), self.key());
        let Some((grant, place)) = self.grant(&key).await else { return };
        let (Some(mut wire), Some(mut second)) =
            (self.viewer.dial(&place.target).await, self.viewer.dial(&place.target).await)
        else {
            return;
        };
        let wrong_key =
            |answer: &Redemption| matches!(answer, Redemption::WrongKey | Redemption::Expired | Redemption::Draining);
        let forged = Ticket(self.number());
        let answer = self.redeem(&mut wire, &place, forged, &key, None).await;
        self.judge("hostile: forged ticket", &answer, |answer| *answer == Redemption::Forged);
        let answer = self.redeem(&mut wire, &place, grant.ticket, &other, None).await;
        self.judge("hostile: stolen ticket", &answer, wrong_key);
        let elsewhere = second.connection().prove(&key);
        let answer = self.redeem(&mut wire, &place, grant.ticket, &key, Some(elsewhere)).await;
        self.judge("hostile: proof of another connection", &answer, wrong_key);
        let answer = self.redeem(&mut wire, &place, grant.ticket, &key, None).await;
        self.judge("hostile: own ticket", &answer, |answer| {
            matches!(answer, Redemption::Opened(_) | Redemption::Expired | Redemption::Draining)
        });
        let Ok(Redemption::Opened(opened)) = answer else { return };
        for wire in [&mut wire, &mut second] {
            let answer = self.redeem(wire, &place, grant.ticket, &key, None).await;
            self.judge("hostile: spent ticket", &answer, |answer| *answer == Redemption::Reused);
        }
        self.session(&mut wire, &mut second, &place, &opened, &key, &other).await;
        let answer = self.redeem(&mut second, &place, grant.ticket, &key, None).await;
        self.judge("hostile: ticket of a session that is over", &answer, |answer| *answer == Redemption::Reused);
    }

    /// What can be tried with a session that runs on `wire`.
    async fn session(
        &mut self,
        wire: &mut Wire,
        second: &mut Wire,
        place: &Place,
        opened: &Opened,
        key: &SigningKey,
        other: &SigningKey,
    ) {
        let (path, life) = (place.factory.path.as_str(), place.factory.incarnation);
        let goodbye = |session| Goodbye { session };
        let answer = second.ask(path, life, &goodbye(opened.session), WITHIN).await;
        self.judge("hostile: goodbye for another's session", &answer, |answer| *answer == Farewell::NotYours);
        let answer = wire.ask(path, life, &goodbye(SessionId(u64::MAX)), WITHIN).await;
        self.judge("hostile: goodbye for no session", &answer, |answer| *answer == Farewell::NotYours);
        let resume = |token, key: &SigningKey, wire: &Wire| Resume {
            token,
            viewer: ViewerKey(key.public_key()),
            proof: wire.connection().prove(key),
        };
        let forged = resume(ResumeToken(self.number()), key, second);
        let answer = second.ask(path, life, &forged, WITHIN).await;
        self.judge("hostile: forged resume token", &answer, |answer| *answer == Redemption::Forged);
        let stolen = resume(opened.resume, other, second);
        let answer = second.ask(path, life, &stolen, WITHIN).await;
        self.judge("hostile: stolen resume token", &answer, |answer| {
            // The session may have ended of itself meanwhile: its actor killed, its instance drained.
            matches!(answer, Redemption::WrongKey | Redemption::Expired | Redemption::Draining)
        });
        let holder = if self.random.chance(0.3) {
            // Its connection is ended for it; the session waits for a better one.
            self.garbage(wire).await;
            let back = resume(opened.resume, key, second);
            let answer = second.ask(path, life, &back, WITHIN).await;
            self.judge("hostile: resume after garbage", &answer, |answer| {
                matches!(answer, Redemption::Opened(_) | Redemption::Expired | Redemption::Draining)
            });
            &mut *second
        } else {
            wire
        };
        let answer = holder.ask(path, life, &goodbye(opened.session), WITHIN).await;
        self.judge("hostile: goodbye", &answer, |_| true);
        if answer.is_err() {
            // Whether the session is over is not known.
            return;
        }
        let late = resume(opened.resume, key, second);
        let answer = second.ask(path, life, &late, WITHIN).await;
        self.judge("hostile: resume after the end", &answer, |answer| {
            matches!(answer, Redemption::Expired | Redemption::Draining)
        });
    }

    /// A ticket that is shown when its lease is over.
    async fn lapsed(&mut self) {
        let key = self.key();
        let Some((grant, place)) = self.grant(&key).await else { return };
        sleep(LAPSED).await;
        let Some(mut wire) = self.viewer.dial(&place.target).await else { return };
        let answer = self.redeem(&mut wire, &place, grant.ticket, &key, None).await;
        self.judge("hostile: lapsed ticket", &answer, |answer| {
            matches!(answer, Redemption::Expired | Redemption::Draining)
        });
    }

    /// One key, more tickets than a key may have.
    async fn hoard(&mut self) {
        let key = self.key();
        let mut held = 0;
        for _ in 0..4 {
            held += u32::from(self.grant(&key).await.is_some());
        }
        if held > 0 {
            self.domain.ledger().event("hostile: hoarded tickets");
        }
    }

    /// A factory's life that is over must not be reached any more (I6).
    async fn old_life(&mut self) {
        let domain = self.domain.clone();
        let over = |place: &&Place| {
            let Address { node, path, incarnation, .. } = &place.factory;
            !domain.lives(node, path, *incarnation)
        };
        let Some(place) = self.known.iter().rev().find(over) else { return };
        let place = Place { target: place.target.clone(), factory: place.factory.clone() };
        let Some(mut wire) = self.viewer.dial(&place.target).await else { return };
        let key = self.key();
        let ticket = Ticket(self.number());
        let answer = self.redeem(&mut wire, &place, ticket, &key, None).await;
        match answer {
            Ok(answer) => {
                let words = format!("{} answers for a life that is over: {answer:?}", place.factory);
                domain.ledger().violated(Invariant::I6, words);
            }
            Err(Fault::Gone(_)) => {
                domain.ledger().event("hostile: call to an old life");
                domain.ledger().premise(Invariant::I6);
            }
            Err(_) => domain.ledger().event("hostile: no answer"),
        }
    }
}
