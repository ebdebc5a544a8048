//! The open sessions of an instance: their secrets, the connection that holds each, and how long a lost one may come back.
//!
//! Owns: the sessions and their indices by ticket and by token. Refuses: moving slots and judging who may have a session.

use std::collections::{BTreeMap, BTreeSet};

use actors_protocol::{Millis, RequestId, ResumeToken, SessionId, SlotId, Ticket, ViewerKey};
use serde::Serialize;

/// Which connection of a session: 1 is the one that redeemed, and each resume counts on. With it the loss of a connection
/// that has been replaced in the meantime is told from the loss of the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Attachment(pub u32);

impl Attachment {
    pub(super) const FIRST: Attachment = Attachment(1);

    pub(super) fn next(self) -> Attachment {
        Attachment(self.0.saturating_add(1))
    }
}

/// A viewer has a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub(super) slot: SlotId,
    /// Index of the service.
    pub(super) service: usize,
    pub(super) viewer: ViewerKey,
    pub(super) request: RequestId,
    pub(super) ticket: Ticket,
    pub(super) token: ResumeToken,
    pub(super) opened: Millis,
    pub(super) attachment: Attachment,
    /// The connection is lost; from this instant on the session is over. None while the viewer is there.
    pub(super) lost_until: Option<Millis>,
}

#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: BTreeMap<SessionId, Session>,
    by_ticket: BTreeMap<Ticket, SessionId>,
    by_token: BTreeMap<ResumeToken, SessionId>,
    /// When the lost ones are over.
    deadlines: BTreeSet<(Millis, SessionId)>,
    last: u64,
}

impl Sessions {
    pub(super) fn insert(&mut self, session: Session) -> SessionId {
        self.last += 1;
        let id = SessionId(self.last);
        self.by_ticket.insert(session.ticket, id);
        self.by_token.insert(session.token, id);
        self.open.insert(id, session);
        id
    }

    pub(super) fn remove(&mut self, id: SessionId) -> Option<Session> {
        let session = self.open.remove(&id)?;
        self.by_ticket.remove(&session.ticket);
        self.by_token.remove(&session.token);
        if let Some(until) = session.lost_until {
            self.deadlines.remove(&(until, id));
        }
        Some(session)
    }

    pub(super) fn get(&self, id: SessionId) -> Option<&Session> {
        self.open.get(&id)
    }

    pub(super) fn of_ticket(&self, ticket: Ticket) -> Option<(SessionId, &Session)> {
        let id = *self.by_ticket.get(&ticket)?;
        Some((id, self.open.get(&id)?))
    }

    pub(super) fn of_token(&self, token: ResumeToken) -> Option<(SessionId, &Session)> {
        let id = *self.by_token.get(&token)?;
        Some((id, self.open.get(&id)?))
    }

    /// The connection is gone; the session waits until `until`.
    pub(super) fn lose(&mut self, id: SessionId, until: Millis) {
        if let Some(session) = self.open.get_mut(&id) {
            session.lost_until = Some(until);
            self.deadlines.insert((until, id));
        }
    }

    /// Another connection holds the session. Returns the one that held it, if it was still there, and the new one.
    pub(super) fn attach(&mut self, id: SessionId) -> Option<(Option<Attachment>, Attachment)> {
        let session = self.open.get_mut(&id)?;
        let before = match session.lost_until.take() {
            Some(until) => {
                self.deadlines.remove(&(until, id));
                None
            }
            None => Some(session.attachment),
        };
        session.attachment = session.attachment.next();
        Some((before, session.attachment))
    }

    pub(super) fn next_deadline(&self) -> Option<Millis> {
        self.deadlines.first().map(|(until, _)| *until)
    }

    /// A session whose window is over. The caller must remove it, which strikes out the deadline.
    pub(super) fn due(&self, now: Millis) -> Option<SessionId> {
        self.deadlines.first().filter(|(until, _)| *until <= now).map(|(_, id)| *id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.open.iter().map(|(id, session)| (*id, session))
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// **I2**, inside: no two sessions came of one ticket; each secret leads to its session.
    pub(super) fn check(&self, now: Millis) -> Result<(), String> {
        let mut seen = BTreeMap::new();
        for (id, session) in &self.open {
            if let Some(other) = seen.insert(session.ticket, *id) {
                return Err(format!("I2: one ticket opened sessions {} and {}", other.0, id.0));
            }
            if self.by_token.get(&session.token) != Some(id) || self.by_ticket.get(&session.ticket) != Some(id) {
                return Err(format!("the secrets of session {} do not lead to it", id.0));
            }
            if let Some(until) = session.lost_until
                && (until <= now || !self.deadlines.contains(&(until, *id)))
            {
                return Err(format!("session {} waits for a viewer whose time was over at {until}", id.0));
            }
        }
        if self.by_ticket.len() != self.open.len() || self.by_token.len() != self.open.len() {
            return Err("there are secrets of sessions that are over".to_owned());
        }
        Ok(())
    }
}
