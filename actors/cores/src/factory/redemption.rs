//! From ticket to session, from token back to session, and the ends of sessions.
//!
//! Owns: the order in which a secret is judged. An unknown one is a forgery; a spent, lapsed or withdrawn one says so; a
//! good one in the hands of a wrong viewer is refused and stays good, so that a stranger cannot spoil it for its owner.

use actors_protocol::factory::{Farewell, Redemption};
use actors_protocol::{Millis, ResumeToken, ServiceName, SessionId, SlotId, SlotState, Ticket, ViewerKey};

use super::effects::{Effect, Why};
use super::sessions::{Attachment, Session};
use super::slots::Condition;
use super::tickets::{Fate, Past};
use super::{BadRandomness, Factory};
use crate::flaw::flawed;

/// A viewer has its session, on the connection it asked over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Its number.
    pub session: SessionId,
    /// The service.
    pub service: ServiceName,
    /// The slot.
    pub slot: SlotId,
    /// The secret for resuming.
    pub resume: ResumeToken,
    /// How long a lost connection may stay lost.
    pub resume_window: Millis,
    /// The name of this connection in [`Factory::connection_lost`] and [`Factory::goodbye`].
    pub attachment: Attachment,
}

/// The answer to redeeming or resuming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// The session runs.
    Opened(Admission),
    /// It does not.
    Refused(Refusal),
}

/// Why a secret opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Never given out by this life of the instance, or so long ago that it is forgotten.
    Forged,
    /// The lease has lapsed, or the session is over.
    Expired,
    /// The ticket was redeemed before.
    Reused,
    /// Not the viewer's key, or its proof is not good.
    WrongKey,
    /// A drain took it back.
    Draining,
}

impl From<Refusal> for Redemption {
    fn from(refusal: Refusal) -> Redemption {
        match refusal {
            Refusal::Forged => Redemption::Forged,
            Refusal::Expired => Redemption::Expired,
            Refusal::Reused => Redemption::Reused,
            Refusal::WrongKey => Redemption::WrongKey,
            Refusal::Draining => Redemption::Draining,
        }
    }
}

impl Factory {
    /// A viewer shows a ticket. `proved`: the signature over the connection is by `viewer`'s key. `randomness` becomes the
    /// resume token, as in [`Factory::reserve`].
    pub fn redeem(
        &mut self,
        now: Millis,
        ticket: Ticket,
        viewer: &ViewerKey,
        proved: bool,
        randomness: u128,
    ) -> Result<Redeemed, BadRandomness> {
        let now = self.advance(now);
        let Some(lease) = self.leases.get(ticket).copied() else {
            if flawed!(self.flaw, RedeemTwice)
                && let Some(session) = self.redeem_twice(now, ticket, viewer, proved)
            {
                let token = self.fresh_token(randomness)?;
                self.services[session.service].used += 1;
                return Ok(self.open(now, Session { token, ..session }));
            }
            let refusal = match self.sessions.of_ticket(ticket) {
                Some(_) => Refusal::Reused,
                None => refusal_of(&self.past_tickets, ticket.0),
            };
            return Ok(self.turn_away(refusal));
        };
        if !proved || lease.viewer != *viewer {
            return Ok(self.turn_away(Refusal::WrongKey));
        }
        let token = self.fresh_token(randomness)?;
        self.leases.remove(ticket);
        let session = Session {
            slot: lease.slot,
            service: lease.service,
            viewer: lease.viewer,
            request: lease.request,
            ticket,
            token,
            opened: now,
            attachment: Attachment::FIRST,
            lost_until: None,
        };
        Ok(self.open(now, session))
    }

    /// A viewer comes back over another connection. If the one before is still up it is to be closed: the viewer knows
    /// better which of the two works.
    pub fn resume(&mut self, now: Millis, token: ResumeToken, viewer: &ViewerKey, proved: bool) -> Redeemed {
        self.advance(now);
        let Some((session, entry)) = self.sessions.of_token(token) else {
            return self.turn_away(refusal_of(&self.past_tokens, token.0));
        };
        if !proved || entry.viewer != *viewer {
            return self.turn_away(Refusal::WrongKey);
        }
        let slot = entry.slot;
        if let Some((Some(attachment), _)) = self.sessions.attach(session) {
            self.effects.push(Effect::Replace { session, slot, attachment });
        }
        self.tally.resumed += 1;
        self.admission(session)
    }

    /// The connection of a session is gone. Its viewer may come back within the window. Said of a connection that has been
    /// replaced it means nothing.
    pub fn connection_lost(&mut self, now: Millis, session: SessionId, attachment: Attachment) {
        let now = self.advance(now);
        if let Some(entry) = self.sessions.get(session)
            && entry.attachment == attachment
            && entry.lost_until.is_none()
        {
            let slot = entry.slot;
            self.sessions.lose(session, now + self.limits.resume_window);
            self.effects.push(Effect::Detach { session, slot });
            self.tally.lost += 1;
        }
    }

    /// The viewer leaves. Its word counts even if the connection it came over was lost before it was read.
    pub fn goodbye(&mut self, now: Millis, session: SessionId, attachment: Attachment) -> Farewell {
        let now = self.advance(now);
        if self.sessions.get(session).is_some_and(|entry| entry.attachment == attachment) {
            self.end_session(now, session, Why::Goodbye);
            Farewell::Ended
        } else {
            Farewell::NotYours
        }
    }

    /// The slot's actor has ended its session, and waits to be stopped.
    pub fn session_ended(&mut self, now: Millis, session: SessionId) {
        let now = self.advance(now);
        self.end_session(now, session, Why::Finished);
    }

    /// A session is over, and with it its slot.
    pub(super) fn end_session(&mut self, now: Millis, id: SessionId, why: Why) {
        let Some(session) = self.sessions.remove(id) else { return };
        self.requests.remove(&session.request);
        self.services[session.service].used -= 1;
        self.past_tickets.remember(now, session.ticket.0, Fate::Spent);
        let fate = if matches!(why, Why::Drained | Why::Shrunk) { Fate::Withdrawn } else { Fate::Over };
        self.past_tokens.remember(now, session.token.0, fate);
        let held = now.since(session.opened);
        self.holding.add(held);
        self.effects.push(Effect::Over {
            session: id,
            slot: session.slot,
            attachment: session.lost_until.is_none().then_some(session.attachment),
            held,
            why,
        });
        self.effects.changed();
        // A slot whose actor died is not there any more.
        if self.slots.condition(session.slot) == Some(Condition::Active(id)) {
            self.end_slot(now, session.slot, why);
        }
    }

    fn open(&mut self, now: Millis, session: Session) -> Redeemed {
        let slot = session.slot;
        let id = self.sessions.insert(session);
        self.put(now, slot, Condition::Active(id));
        self.tally.redeemed += 1;
        self.admission(id)
    }

    fn admission(&self, id: SessionId) -> Redeemed {
        let session = self.sessions.get(id).expect("the caller found or made it");
        Redeemed::Opened(Admission {
            session: id,
            service: self.services[session.service].name.clone(),
            slot: session.slot,
            resume: session.token,
            resume_window: self.limits.resume_window,
            attachment: session.attachment,
        })
    }

    fn turn_away(&mut self, refusal: Refusal) -> Redeemed {
        self.tally.turned_away(refusal);
        Redeemed::Refused(refusal)
    }

    fn fresh_token(&self, randomness: u128) -> Result<ResumeToken, BadRandomness> {
        let token = ResumeToken(randomness);
        let known = self.sessions.of_token(token).is_some() || self.past_tokens.fate(randomness).is_some();
        if randomness == 0 || known { Err(BadRandomness) } else { Ok(token) }
    }

    /// What [`Flaw::RedeemTwice`](crate::flaw::Flaw) makes of a spent ticket: a second session, in another free slot.
    fn redeem_twice(&self, now: Millis, ticket: Ticket, viewer: &ViewerKey, proved: bool) -> Option<Session> {
        let (_, first) = self.sessions.of_ticket(ticket).filter(|(_, first)| proved && first.viewer == *viewer)?;
        let slot = self.slots.first(SlotState::Free)?;
        Some(Session { slot, opened: now, attachment: Attachment::FIRST, lost_until: None, ..*first })
    }
}

fn refusal_of(past: &Past, secret: u128) -> Refusal {
    match past.fate(secret) {
        None => Refusal::Forged,
        Some(Fate::Spent) => Refusal::Reused,
        Some(Fate::Over) => Refusal::Expired,
        Some(Fate::Withdrawn) => Refusal::Draining,
    }
}
