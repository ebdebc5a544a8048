//! The factory actor: the thin shell around [`actors_cores::factory::Factory`].
//!
//! Owns: the core, the slots' actors (its children), the connections that hold sessions, the reports to the gateway.
//! Refuses: decisions; each handler asks the core and carries its effects out.

mod calls;
mod setup;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use actors_cores::factory::{Attachment, Effect, Ending, Factory as Core, Redeemed, Why};
use actors_kernel::{Actor, ActorRef, Addr, Answer, Cx, End, Handler, Obituary, Promise, Routes, Spec};
use actors_protocol::factory::{
    DrainInstance, Factory, Goodbye, Opened, Redeem, Redemption, ReleaseSlot, ReserveSlot, ResizeInstance, Resume,
};
use actors_protocol::gateway::{Gateway, ReportPool};
use actors_protocol::{ActorPath, Address, Locator, Message, Millis, SessionId, SlotId};
use media_share::Program;
use tokio::sync::oneshot;
use transport_link::{Connection, LinkError};
use transport_wire::CloseCode;

use crate::observe::{Seen, Sighting};
use crate::report::Reporting;
use crate::selfcheck::SelfCheck;
use crate::session::{Attach, Detach, SessionActor};
pub use calls::Strain;
use setup::options;

pub use setup::{FactoryProblem, FactorySetup, spawn_factory};

/// A gateway that has not noted a report by then will get another.
const REPORT_WITHIN: Duration = Duration::from_millis(500);
/// So long before its node kills it, a draining instance ends the sessions that still run: their viewers are told that they
/// were drained, not that their instance broke.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// A slot's actor has nothing to finish: it stops at its next message.
const SLOT_STOP_WITHIN: Duration = Duration::from_secs(2);
/// Inputs and the factory's own word; the pictures do not pass through it.
const SLOT_MAILBOX: u32 = 64;

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
    /// Begun when the actor starts.
    program: Option<Rc<dyn Program>>,
    locator: Option<Locator>,
    slots: BTreeMap<SlotId, ActorRef<SessionActor>>,
    held: BTreeMap<SessionId, Held>,
    reporting: Reporting,
    gateway: Option<Addr<Gateway>>,
    drained: Vec<Promise<()>>,
    /// Whoever runs this factory ends it after the drain: that is not taken back by an operator's cancel.
    leaving: bool,
    selfcheck: SelfCheck,
}

impl FactoryActor {
    fn new(setup: FactorySetup) -> FactoryActor {
        FactoryActor {
            setup,
            core: None,
            program: None,
            locator: None,
            slots: BTreeMap::new(),
            held: BTreeMap::new(),
            reporting: Reporting::new(Millis::ZERO),
            gateway: None,
            drained: Vec::new(),
            leaving: false,
            selfcheck: SelfCheck::default(),
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
        let slots = self.core().counts().capacity();
        if self.selfcheck.event(slots) {
            self.look(cx);
        }
        self.show(Seen::Settled, cx);
    }

    /// Looks through the books.
    fn look(&mut self, cx: &Cx<'_, Self>) {
        let found = self.core().check();
        if let Some(words) = self.selfcheck.looked(cx.now(), found) {
            tracing::error!(instance = %self.setup.create.instance, "an invariant is broken: {words}");
        }
    }

    /// Shows something to whoever looks on.
    fn show(&self, what: Seen<'_>, cx: &Cx<'_, Self>) {
        if let (Some(observer), Some(core)) = (&self.setup.observer, &self.core) {
            let (node, incarnation, create) = (cx.node(), cx.incarnation(), &self.setup.create);
            observer(&Sighting { node, incarnation, create, core, what });
        }
    }

    fn act(&mut self, effect: Effect, cx: &mut Cx<'_, Self>) {
        self.show(Seen::Effect(&effect), cx);
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
                // A drain that an operator asked for may be taken back: that was not the last of it.
                if self.leaving {
                    self.report(true, cx);
                }
            }
            Effect::Changed => self.reporting.changed(cx.now()),
        }
    }

    fn warm(&mut self, slot: SlotId, cx: &mut Cx<'_, Self>) {
        let (ready, is_ready) = oneshot::channel();
        let program = self.program.clone().expect("begun when the actor starts, before its first slot");
        let actor = SessionActor::new(program, ready);
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
        self.tell(
            admission.slot,
            Attach { session, service: admission.service.clone(), connection: connection.clone() },
        );
        cx.run(async move { connection.closed().await }, move |factory: &mut FactoryActor, why, cx| {
            factory.closed(session, attachment, &why, cx);
        });
        let program = self.program.as_ref().expect("begun when the actor starts");
        let format = program.format(&admission.service);
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

    /// The studio has ended, and with it all that its sessions were shown: the factory begins anew, with a new one.
    pub(crate) fn studio_ended(&mut self, obituary: &Obituary, cx: &mut Cx<'_, Self>) {
        let instance = &self.setup.create.instance;
        tracing::error!(%instance, "the studio has ended ({:?}), and the instance begins anew", obituary.end);
        cx.me().kill();
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
        Why::Shrunk => (CloseCode::DRAINED, "the instance has fewer slots now; open the service again"),
        // Only slots without a viewer are withdrawn.
        Why::Withdrawn => (CloseCode::DRAINED, "the slot is withdrawn; open the service again"),
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
            .add::<DrainInstance>()
            .add::<ResizeInstance>();
    }

    fn started(&mut self, cx: &mut Cx<'_, Self>) {
        let core = Core::new(cx.now(), options(&self.setup, cx.incarnation()));
        #[cfg_attr(not(feature = "flaws"), expect(unused_mut, reason = "only a harness changes a core"))]
        let mut core = core.expect("the same setup was accepted before the actor was started");
        #[cfg(feature = "flaws")]
        core.set_flaw(self.setup.flaw);
        self.core = Some(core);
        match self.setup.production.begin(cx) {
            Ok(program) => self.program = Some(program),
            Err(error) => panic!("the program cannot begin: {error}"),
        }
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
        for port in self.setup.raw.clone() {
            cx.run(crate::raw::accept(port, cx.me()), |_, (), _| {});
        }
        self.reporting = Reporting::new(cx.now());
        self.show(Seen::Begun, cx);
        self.pump(cx);
    }

    fn woken(&mut self, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        self.core().on_timeout(now);
        if self.selfcheck.timer(now) {
            self.look(cx);
        }
        self.pump(cx);
    }

    fn drain(&mut self, within: Duration, cx: &mut Cx<'_, Self>) -> Answer<()> {
        let now = cx.now();
        self.core().drain(now, Millis::from(within.saturating_sub(LAST_WORDS)));
        let (promise, answer) = cx.promise();
        self.drained.push(promise);
        self.leaving = true;
        self.pump(cx);
        answer
    }

    fn state(&self, now: Millis) -> serde_json::Value {
        let Some(core) = &self.core else { return serde_json::Value::Null };
        match serde_json::to_value(core.state(now)) {
            Ok(serde_json::Value::Object(mut view)) => {
                view.insert("builder".into(), self.setup.create.builder.clone().into());
                view.insert("zone".into(), self.setup.create.zone.as_str().into());
                if let Some(program) = &self.program {
                    let services = self.setup.create.offerings.iter().map(|offering| &offering.service);
                    let formats = services.map(|name| (name.to_string(), program.format(name).to_string().into()));
                    view.insert("formats".into(), serde_json::Value::Object(formats.collect()));
                }
                view.insert("selfcheck".into(), self.selfcheck.state());
                view.into()
            }
            other => other.unwrap_or(serde_json::Value::Null),
        }
    }
}
