//! The factory actor: the thin shell around [`actors_cores::factory::Factory`].
//!
//! Owns: the core, the slots' actors (its children), the connections that hold sessions, the reports to the gateway.
//! Refuses: decisions; each handler asks the core and carries its effects out.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actors_cores::Flaw;
use actors_cores::factory::{
    Attachment, Effect, Ending, Factory as Core, FactoryError, Limits, Options, Redeemed, Why,
};
use actors_kernel::{
    Actor, ActorRef, Addr, Answer, Caller, Cx, End, Handler, Node, Obituary, Promise, Routes, SpawnError, Spec,
};
use actors_protocol::factory::{
    DrainInstance, DrainState, Factory, Farewell, Goodbye, Opened, Redeem, Redemption, ReleaseSlot, ReserveSlot,
    Resume, SlotReservation,
};
use actors_protocol::gateway::{Gateway, Released, ReportPool};
use actors_protocol::host::CreateInstance;
use actors_protocol::{
    ActorPath, Address, Incarnation, Locator, Message, Millis, ResumeToken, SessionId, SlotCounts, SlotId, Ticket,
    ViewerKey,
};
use media_share::Program;
use tokio::sync::oneshot;
use transport_link::{Connection, LinkError};
use transport_wire::CloseCode;

use crate::report::Reporting;
use crate::session::{Attach, Detach, SessionActor};

/// A gateway that has not noted a report by then will get another.
const REPORT_WITHIN: Duration = Duration::from_millis(500);
/// Reservations come in bursts; each is a microsecond's work.
const MAILBOX: u32 = 4_096;
/// A slot's actor has nothing to finish: it stops at its next message.
const SLOT_STOP_WITHIN: Duration = Duration::from_secs(2);
/// Inputs and the factory's own word; the pictures do not pass through it.
const SLOT_MAILBOX: u32 = 64;

/// What a factory is made with.
#[derive(Clone)]
pub struct FactorySetup {
    /// What the zone asked for.
    pub create: CreateInstance,
    /// What its sessions are shown.
    pub program: Arc<dyn Program>,
    /// Where viewers reach this node, and the name in its certificate.
    pub endpoint: std::net::SocketAddr,
    /// A DNS name of the node's certificate.
    pub server_name: String,
    /// The bounds.
    pub limits: Limits,
    /// Draws 128 bits that cannot be guessed.
    pub entropy: Rc<dyn Fn() -> u128>,
    /// One wrong decision; only a harness sets another than none.
    pub flaw: Flaw,
}

/// Where the factory of an instance lives.
pub fn factory_path(instance: &actors_protocol::InstanceName) -> ActorPath {
    ActorPath::new(&format!("instance/{instance}")).expect("a name is a part of a path")
}

/// Starts the factory of an instance. Fails when one of that name runs, or when the setup cannot be.
pub fn spawn_factory(node: &Node, setup: FactorySetup) -> Result<ActorRef<FactoryActor>, FactoryProblem> {
    // What the core refuses, it refuses here, where there is somebody to tell.
    Core::new(Millis::ZERO, options(&setup, Incarnation(1)))?;
    let path = factory_path(&setup.create.instance);
    let spec = Spec { mailbox: MAILBOX, rank: 1, ..Spec::default() };
    Ok(node.spawn(path, spec, move || FactoryActor::new(setup.clone()))?)
}

/// Why a factory could not be started.
#[derive(Debug, thiserror::Error)]
pub enum FactoryProblem {
    /// The setup.
    #[error(transparent)]
    Setup(#[from] FactoryError),
    /// The place.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
}

fn options(setup: &FactorySetup, incarnation: Incarnation) -> Options {
    Options {
        instance: setup.create.instance.clone(),
        incarnation,
        offerings: setup.create.offerings.clone(),
        slots: setup.create.slots,
        limits: setup.limits,
    }
}

/// The connection of a session. When its factory goes, the viewer hears it.
struct Held {
    attachment: Attachment,
    connection: Connection,
    /// The viewer has said goodbye and closes the connection itself: closing it here would overtake the answer.
    left: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        // Closing what is closed already does nothing.
        if !self.left {
            self.connection.close(CloseCode::KILLED, "the instance has ended");
        }
    }
}

/// See the module.
pub struct FactoryActor {
    setup: FactorySetup,
    /// Made when the actor starts: only then its incarnation is known.
    core: Option<Core>,
    locator: Option<Locator>,
    slots: BTreeMap<SlotId, ActorRef<SessionActor>>,
    held: BTreeMap<SessionId, Held>,
    reporting: Reporting,
    gateway: Option<Addr<Gateway>>,
    drained: Vec<Promise<()>>,
}

impl FactoryActor {
    fn new(setup: FactorySetup) -> FactoryActor {
        FactoryActor {
            setup,
            core: None,
            locator: None,
            slots: BTreeMap::new(),
            held: BTreeMap::new(),
            reporting: Reporting::new(Millis::ZERO),
            gateway: None,
            drained: Vec::new(),
        }
    }

    fn core(&mut self) -> &mut Core {
        self.core.as_mut().expect("made when the actor starts, before its first message")
    }

    /// Carries out what the core wants, then sets the timer.
    fn pump(&mut self, cx: &mut Cx<'_, Self>) {
        while let Some(effect) = self.core().poll_effect() {
            self.act(effect, cx);
        }
        let now = cx.now();
        if self.reporting.take(now) {
            self.report(false, cx);
        }
        let next = [self.core().poll_timeout(), self.reporting.poll_timeout()];
        cx.wake_at(next.into_iter().flatten().min());
    }

    fn act(&mut self, effect: Effect, cx: &mut Cx<'_, Self>) {
        match effect {
            Effect::Warm { slot } => self.warm(slot, cx),
            Effect::End { slot, .. } => match self.slots.get(&slot) {
                Some(actor) => {
                    actor.stop();
                    let actor = actor.clone();
                    // An actor that is too stuck to stop must not stay `draining` for ever. Killing one that is gone does nothing.
                    cx.after(SLOT_STOP_WITHIN, move |_, _| actor.kill());
                }
                None => tracing::debug!(%slot, "asked to end a slot that is gone"),
            },
            Effect::Detach { session, slot } => {
                self.held.remove(&session);
                self.tell(slot, Detach);
            }
            Effect::Replace { session, attachment, .. } => {
                if let Some(held) = self.held.remove(&session)
                    && held.attachment == attachment
                {
                    held.connection.close(CloseCode::REPLACED, "the session goes on over another connection");
                }
            }
            Effect::Over { session, why, .. } => {
                if let Some(held) = self.held.remove(&session) {
                    let (code, words) = farewell(why);
                    held.connection.close(code, words);
                }
            }
            Effect::Drained => {
                for promise in self.drained.drain(..) {
                    promise.keep(());
                }
                self.report(true, cx);
            }
            Effect::Changed => self.reporting.changed(cx.now()),
        }
    }

    fn warm(&mut self, slot: SlotId, cx: &mut Cx<'_, Self>) {
        let (ready, is_ready) = oneshot::channel();
        let actor = SessionActor::new(self.setup.program.clone(), ready);
        let spec = Spec { mailbox: SLOT_MAILBOX, rank: 1, ..Spec::default() };
        let child = cx.child(&slot.to_string(), spec, actor, move |factory, obituary, cx| {
            factory.slot_ended(slot, &obituary, cx);
        });
        match child {
            Ok(child) => {
                self.slots.insert(slot, child);
                cx.run(is_ready, move |factory: &mut FactoryActor, ready, cx| {
                    if ready.is_ok() {
                        let now = cx.now();
                        factory.core().slot_ready(now, slot);
                        factory.pump(cx);
                    }
                });
            }
            Err(error) => {
                tracing::warn!(instance = %self.setup.create.instance, %slot, "a slot could not be started: {error}");
                let now = cx.now();
                self.core().slot_ended(now, slot, Ending::Killed);
            }
        }
    }

    fn slot_ended(&mut self, slot: SlotId, obituary: &Obituary, cx: &mut Cx<'_, Self>) {
        self.slots.remove(&slot);
        let how = match obituary.end {
            End::Stopped => Ending::Stopped,
            End::Panicked(_) => Ending::Panicked,
            End::Killed => Ending::Killed,
        };
        let now = cx.now();
        self.core().slot_ended(now, slot, how);
        self.pump(cx);
    }

    /// The slot's actor may have ended a moment ago; then its end is on its way here.
    fn tell<M: Message>(&self, slot: SlotId, message: M)
    where
        SessionActor: Handler<M>,
    {
        if let Some(Err(fault)) = self.slots.get(&slot).map(|actor| actor.tell(message)) {
            tracing::debug!(%slot, "not told: {fault}");
        }
    }

    fn report(&mut self, last: bool, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        let pool = self.core().report(now);
        let host = cx.node().name().clone();
        let Some(gateway) = &self.gateway else { return };
        cx.ask(gateway, ReportPool { host, pool, last }, REPORT_WITHIN, move |factory, noted, cx| {
            if let Err(fault) = &noted {
                tracing::debug!(instance = %factory.setup.create.instance, "report not noted: {fault}");
            }
            if !last {
                factory.reporting.answered(cx.now(), noted.is_ok());
                factory.pump(cx);
            }
        });
    }

    /// A viewer has, or has again, its session: the slot gets the connection, and its end is watched.
    fn attach(&mut self, redeemed: Redeemed, connection: Connection, cx: &mut Cx<'_, Self>) -> Redemption {
        // What the core wants done first (closing a connection that is replaced) must not hit the new one.
        while let Some(effect) = self.core().poll_effect() {
            self.act(effect, cx);
        }
        let admission = match redeemed {
            Redeemed::Opened(admission) => admission,
            Redeemed::Refused(refusal) => return refusal.into(),
        };
        let (session, attachment) = (admission.session, admission.attachment);
        self.held.insert(session, Held { attachment, connection: connection.clone(), left: false });
        self.tell(admission.slot, Attach { session, connection: connection.clone() });
        cx.run(async move { connection.closed().await }, move |factory: &mut FactoryActor, why, cx| {
            factory.closed(session, attachment, &why, cx);
        });
        let format = self.setup.program.format();
        Redemption::Opened(Opened {
            session,
            service: admission.service,
            slot: admission.slot,
            resume: admission.resume,
            resume_window: admission.resume_window,
            codec: format.codec.name().to_owned(),
            width: format.width,
            height: format.height,
            rate_millihertz: format.rate_millihertz,
        })
    }

    fn closed(&mut self, session: SessionId, attachment: Attachment, why: &LinkError, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        if matches!(why, LinkError::ClosedByPeer { code, .. } if *code == CloseCode::GOODBYE) {
            self.core().goodbye(now, session, attachment);
        } else {
            self.core().connection_lost(now, session, attachment);
        }
        self.pump(cx);
    }

    /// Draws until the core is content; a sound source needs one draw.
    fn with_entropy<R, E>(&mut self, mut ask: impl FnMut(&mut Core, u128) -> Result<R, E>) -> R {
        loop {
            let draw = (self.setup.entropy)();
            if let Ok(result) = ask(self.core.as_mut().expect("made when the actor starts"), draw) {
                return result;
            }
        }
    }
}

fn farewell(why: Why) -> (CloseCode, &'static str) {
    match why {
        Why::Goodbye => (CloseCode::GOODBYE, "goodbye"),
        Why::Lost => (CloseCode::IDLE, "the connection was lost for too long"),
        Why::Finished => (CloseCode::GOODBYE, "the service has ended the session"),
        Why::Drained => (CloseCode::DRAINED, "the instance is drained; open the service again"),
        Why::Died => (CloseCode::KILLED, "the actor of the session has ended; open the service again"),
    }
}

impl Actor for FactoryActor {
    type Protocol = Factory;

    fn routes(routes: &mut Routes<Self>) {
        routes
            .add::<ReserveSlot>()
            .add::<ReleaseSlot>()
            .add::<Redeem>()
            .add::<Resume>()
            .add::<Goodbye>()
            .add::<DrainInstance>();
    }

    fn started(&mut self, cx: &mut Cx<'_, Self>) {
        let core = Core::new(cx.now(), options(&self.setup, cx.incarnation()));
        #[cfg_attr(not(feature = "flaws"), expect(unused_mut, reason = "only a harness changes a core"))]
        let mut core = core.expect("the same setup was accepted before the actor was started");
        #[cfg(feature = "flaws")]
        core.set_flaw(self.setup.flaw);
        self.core = Some(core);
        let node = cx.node();
        self.locator = Some(Locator::Fusion {
            endpoint: self.setup.endpoint,
            server_name: self.setup.server_name.clone(),
            factory: Address {
                domain: node.domain().clone(),
                node: node.name().clone(),
                path: cx.path().clone(),
                incarnation: cx.incarnation(),
            },
        });
        let gateway = ActorPath::new("gateway").expect("a constant path");
        self.gateway = Some(node.far(&self.setup.create.gateway, gateway));
        self.reporting = Reporting::new(cx.now());
        self.pump(cx);
    }

    fn woken(&mut self, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        self.core().on_timeout(now);
        self.pump(cx);
    }

    fn drain(&mut self, within: Duration, cx: &mut Cx<'_, Self>) -> Answer<()> {
        let now = cx.now();
        self.core().drain(now, Millis::from(within));
        let (promise, answer) = cx.promise();
        self.drained.push(promise);
        self.pump(cx);
        answer
    }

    fn state(&self, now: Millis) -> serde_json::Value {
        let Some(core) = &self.core else { return serde_json::Value::Null };
        match serde_json::to_value(core.state(now)) {
            Ok(serde_json::Value::Object(mut view)) => {
                view.insert("builder".into(), self.setup.create.builder.clone().into());
                view.insert("zone".into(), self.setup.create.zone.as_str().into());
                view.insert("format".into(), self.setup.program.format().to_string().into());
                view.into()
            }
            other => other.unwrap_or(serde_json::Value::Null),
        }
    }
}

impl Handler<ReserveSlot> for FactoryActor {
    fn handle(&mut self, ask: ReserveSlot, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<SlotReservation> {
        let now = cx.now();
        let reserved = self.with_entropy(|core, draw| core.reserve(now, &ask.0, draw));
        self.pump(cx);
        let locator = self.locator.as_ref().expect("made when the actor starts");
        reserved.into_reply(locator).into()
    }
}

impl Handler<ReleaseSlot> for FactoryActor {
    fn handle(&mut self, release: ReleaseSlot, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Released> {
        let now = cx.now();
        let released = self.core().release(now, release.request);
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
            self.core().cancel_drain(now);
        } else {
            self.core().drain(now, drain.deadline);
        }
        self.pump(cx);
        self.core().drain_state().into()
    }
}

/// Asks a factory whether its books are right: for harnesses.
pub struct Audit;

/// The answer to [`Audit`].
#[derive(Clone, Debug)]
pub struct Audited {
    /// The five states.
    pub counts: SlotCounts,
    /// Slot actors that the factory has.
    pub actors: usize,
    /// Broken invariants of the core.
    pub check: Result<(), String>,
}

impl Message for Audit {
    type Reply = Audited;
}

impl Handler<Audit> for FactoryActor {
    fn handle(&mut self, _: Audit, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<Audited> {
        let actors = self.slots.len();
        let core = self.core();
        Audited { counts: core.counts(), actors, check: core.check() }.into()
    }
}
