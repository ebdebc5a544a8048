//! What a factory answers. Each handler asks the core, lets its effects be carried out, and replies.

use actors_cores::factory::{Redeemed, Reserved};
use actors_kernel::{Answer, Caller, Cx, Handler};
use actors_protocol::factory::{
    DrainInstance, DrainState, Farewell, Goodbye, Redeem, Redemption, ReleaseSlot, ReserveSlot, ResizeInstance,
    Resizing, Resume, SlotReservation,
};
use actors_protocol::gateway::{Released, Reserve};
use actors_protocol::{RequestId, ResumeToken, Ticket, ViewerKey};
use media_share::overload::Turn;
use tokio::sync::oneshot;
use transport_link::Connection;

use super::FactoryActor;
use crate::observe::Seen;
use crate::raw::Connected;
use crate::session::AttachRaw;

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

impl Handler<ResizeInstance> for FactoryActor {
    fn handle(&mut self, resize: ResizeInstance, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Resizing> {
        let now = cx.now();
        let Some(slots) = resize.slots else { return Resizing::Sized(self.core().size_state()).into() };
        let sized = self.core().resize(now, slots, resize.deadline);
        self.pump(cx);
        match sized {
            Ok(state) => Resizing::Sized(state).into(),
            Err(error) => Resizing::Refused { cause: error.to_string() }.into(),
        }
    }
}

/// The instance's pictures are late, or in time again.
pub struct Strain(pub Turn);

impl actors_protocol::Message for Strain {
    type Reply = ();
}

impl Handler<Strain> for FactoryActor {
    fn handle(&mut self, strain: Strain, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<()> {
        let now = cx.now();
        let instance = self.setup.create.instance.clone();
        match strain.0 {
            Turn::Overloaded { words } => {
                tracing::warn!(%instance, "free slots are withdrawn: {words}");
                self.core().withdraw(now, words);
            }
            Turn::Well => {
                tracing::info!(%instance, "pictures are in time again: slots are offered again");
                self.core().restore(now);
            }
        }
        self.pump(cx);
        ().into()
    }
}

/// A raw client takes a slot like any other: it is reserved and redeemed in one go, for a key that nobody has.
impl Handler<Connected> for FactoryActor {
    fn handle(&mut self, client: Connected, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<()> {
        let Connected { service, stream, from } = client;
        let now = cx.now();
        let mut key = [0; 32];
        key[..16].copy_from_slice(&(self.setup.entropy)().to_le_bytes());
        let (viewer, request) = (ViewerKey(key), RequestId((self.setup.entropy)()));
        let ask = Reserve { request, service, viewer, origin: from.ip() };
        let reserved = self.with_entropy(|core, draw| core.reserve(now, &ask, draw));
        self.show(Seen::Reserved(&ask, &reserved), cx);
        let Reserved::Granted { ticket, .. } = reserved else {
            tracing::info!(service = %ask.service, %from, "a raw client is turned away: {reserved:?}");
            self.pump(cx);
            return ().into();
        };
        let redeemed = self.with_entropy(|core, draw| core.redeem(now, ticket, &ask.viewer, true, draw));
        self.show(Seen::Redeemed(ticket, &redeemed), cx);
        self.pump(cx);
        if let Redeemed::Opened(admission) = redeemed {
            let (session, (gone, is_gone)) = (admission.session, oneshot::channel());
            self.tell(admission.slot, AttachRaw { session, service: admission.service, stream, gone });
            cx.run(is_gone, move |factory: &mut FactoryActor, why, cx| {
                // Without a word: the slot's actor has ended, and that is heard elsewhere.
                if let Ok(why) = why {
                    tracing::info!(session = session.0, "a raw session ends: {why}");
                    let now = cx.now();
                    factory.core().session_ended(now, session);
                    factory.pump(cx);
                }
            });
        }
        ().into()
    }
}
