//! What a factory answers. Each handler asks the core, lets its effects be carried out, and replies.

use actors_kernel::{Answer, Caller, Cx, Handler};
use actors_protocol::factory::{
    DrainInstance, DrainState, Farewell, Goodbye, Redeem, Redemption, ReleaseSlot, ReserveSlot, Resume, SlotReservation,
};
use actors_protocol::gateway::Released;
use actors_protocol::{ResumeToken, Ticket, ViewerKey};
use media_share::overload::Turn;
use transport_link::Connection;

use super::FactoryActor;
use crate::observe::Seen;

impl Handler<ReserveSlot> for FactoryActor {
    fn handle(&mut self, ask: ReserveSlot, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<SlotReservation> {
        let now = cx.now();
        let reserved = self.with_entropy(|core, draw| core.reserve(now, &ask.0, draw));
        self.show(Seen::Reserved(&ask.0, &reserved), cx);
        self.pump(cx);
        let locator = self.locator.as_ref().expect("made when the actor starts");
        reserved.into_reply(locator).into()
    }
}

impl Handler<ReleaseSlot> for FactoryActor {
    fn handle(&mut self, release: ReleaseSlot, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Released> {
        let now = cx.now();
        let released = self.core().release(now, release.request);
        self.show(Seen::Released(release.request, &released), cx);
        self.pump(cx);
        released.into()
    }
}

/// A viewer's proof that it has the key: good only on the connection it came over.
fn proved(caller: &Caller, viewer: &ViewerKey, proof: &[u8]) -> Option<(Connection, bool)> {
    let connection = caller.connection.clone()?;
    let good = connection.proves(&viewer.0, proof);
    Some((connection, good))
}

impl Handler<Redeem> for FactoryActor {
    fn handle(&mut self, redeem: Redeem, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Redemption> {
        let Some((connection, good)) = proved(caller, &redeem.viewer, &redeem.proof) else {
            return Redemption::WrongKey.into();
        };
        let (now, ticket): (_, Ticket) = (cx.now(), redeem.ticket);
        let redeemed = self.with_entropy(|core, draw| core.redeem(now, ticket, &redeem.viewer, good, draw));
        self.show(Seen::Redeemed(ticket, &redeemed), cx);
        let redemption = self.attach(redeemed, connection, cx);
        self.pump(cx);
        redemption.into()
    }
}

impl Handler<Resume> for FactoryActor {
    fn handle(&mut self, resume: Resume, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Redemption> {
        let Some((connection, good)) = proved(caller, &resume.viewer, &resume.proof) else {
            return Redemption::WrongKey.into();
        };
        let (now, token): (_, ResumeToken) = (cx.now(), resume.token);
        let redeemed = self.core().resume(now, token, &resume.viewer, good);
        self.show(Seen::Resumed(token, &redeemed), cx);
        let redemption = self.attach(redeemed, connection, cx);
        self.pump(cx);
        redemption.into()
    }
}

impl Handler<Goodbye> for FactoryActor {
    fn handle(&mut self, goodbye: Goodbye, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Farewell> {
        let held = self.held.get(&goodbye.session);
        let mine = held.zip(caller.connection.as_ref()).filter(|(held, mine)| held.connection.id() == mine.id());
        let Some(attachment) = mine.map(|(held, _)| held.attachment) else { return Farewell::NotYours.into() };
        let now = cx.now();
        if let Some(mut held) = self.held.remove(&goodbye.session) {
            held.left = true;
        }
        let farewell = self.core().goodbye(now, goodbye.session, attachment);
        self.pump(cx);
        farewell.into()
    }
}

impl Handler<DrainInstance> for FactoryActor {
    fn handle(&mut self, drain: DrainInstance, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<DrainState> {
        let now = cx.now();
        if drain.cancel {
            if !self.leaving {
                self.core().cancel_drain(now);
            }
        } else {
            self.core().drain(now, drain.deadline);
        }
        self.pump(cx);
        self.core().drain_state().into()
    }
}

/// The instance's pictures are late, or in time again.
pub(crate) struct Strain(pub(crate) Turn);

impl actors_protocol::Message for Strain {
    type Reply = ();
}

impl Handler<Strain> for FactoryActor {
    fn handle(&mut self, strain: Strain, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<()> {
        let instance = &self.setup.create.instance;
        match strain.0 {
            Turn::Overloaded { words } => {
                tracing::warn!(%instance, "free slots are withdrawn: {words}");
            }
            Turn::Well => {
                tracing::info!(%instance, "pictures are in time again: slots are offered again");
            }
        }
        self.pump(cx);
        ().into()
    }
}
