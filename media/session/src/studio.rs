//! The studio of an instance: draws and encodes what its sessions are shown, each distinct picture once for all of them.
//!
//! ```text
//!   session: input ─► interaction ─► Show(view) ─┐                      ┌─► worker: paint, encode ─┐
//!                                                ├─► Renditions (pure) ─┤ Draw                     │ wakes
//!   timer, at the rate ──────────────────────────┘        │             └──────────── drawn ◄──────┘
//!                                                         └─ Give ─► the session's queue ─► its connection
//! ```
//!
//! Owns: the core, the encoders, the canvases, the worker threads and the watch over them. Refuses: decisions (the core's),
//! what a picture looks like (a painter's), how it is coded (an encoder's); it never names a media library.

mod line;
mod playback;
mod timing;
mod trial;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use actors_kernel::{Actor, ActorRef, ActorWaker, Answer, Caller, Cx, Handler, SpawnError, Spec};
use actors_protocol::{Message, Millis, ServiceName, SessionId};
use media_share::overload::{Overload, Turn};
use media_share::renditions::{Effect, Options, RenditionId, Renditions};
use media_share::rung::Rung;
use media_share::{Encoders, Format, Interaction, Painter, Picture, Program, Size, Wake};
use tokio::sync::mpsc;

use crate::factory::{FactoryActor, Strain};
use crate::production::Stage;
use crate::workers::{JobId, Workers};
use line::{Done, Draw, Line};
use playback::StagedProgram;
use timing::Timing;
pub use trial::{Audience, Scene, Takes, Trial};

/// A worker that has not brought its picture by then is given up, and the sessions that wait for it end.
const WORK_WITHIN: Millis = Millis::from_secs(2);
/// Views of all sessions come in here; each is a microsecond's work.
const MAILBOX: u32 = 4_096;
/// How often lateness is judged, and seats whose session is gone are looked for.
const LOOK: Millis = Millis::from_secs(1);

/// Makes the interaction of one more session, which is shown pictures of this format.
pub type Interactions<V> = Rc<dyn Fn(Millis, Format) -> Box<dyn Interaction<View = V>>>;

/// What a studio is made with.
pub struct StudioSetup<P: Painter> {
    /// Draws.
    pub painter: Arc<P>,
    /// Makes encoders.
    pub encoders: Arc<dyn Encoders>,
    /// Worker threads; none = the work is done on the actor's own thread, for virtual time.
    pub threads: usize,
    /// The format of each service; every service of the instance has one.
    pub formats: BTreeMap<ServiceName, Format>,
    /// Makes interactions.
    pub interactions: Interactions<P::View>,
    /// What inspection shows of the sources.
    pub sources: Rc<dyn Fn() -> serde_json::Value>,
}

/// Stages a studio in every life of an instance's factory.
pub struct Staging<P: Painter> {
    setup: Rc<StudioSetup<P>>,
    trial: Rc<Trial<P::View>>,
}

impl<P: Painter> Staging<P> {
    /// A stage for these. Fails when a service's format is not one that can be drawn.
    pub fn new(setup: StudioSetup<P>) -> Result<Staging<P>, media_share::i420::BadSize> {
        for format in setup.formats.values() {
            size_of(*format)?;
        }
        Ok(Staging { setup: Rc::new(setup), trial: Rc::default() })
    }

    /// The same for a harness.
    pub fn on_trial(self, trial: Trial<P::View>) -> Staging<P> {
        Staging { trial: Rc::new(trial), ..self }
    }
}

impl<P: Painter> Stage for Staging<P> {
    fn begin(&self, cx: &mut Cx<'_, FactoryActor>) -> Result<Rc<dyn Program>, SpawnError> {
        let spec = Spec { mailbox: MAILBOX, rank: 1, ..Spec::default() };
        let actor = StudioActor::new(self.setup.clone(), self.trial.clone(), cx.me());
        let studio = cx.child("studio", spec, actor, |factory, obituary, cx| factory.studio_ended(&obituary, cx))?;
        Ok(Rc::new(StagedProgram::new(self.setup.clone(), studio)))
    }
}

fn size_of(format: Format) -> Result<Size, media_share::i420::BadSize> {
    Size::new(format.width, format.height)
}

actors_protocol::inward_protocol! {
    /// Only the sessions of its instance speak to a studio.
    pub protocol Studio("studio")
}

/// What a session hears of its studio.
pub(crate) enum Given {
    /// The next picture.
    Picture(Picture),
    /// There will be none any more, and why.
    Over(String),
}

/// A session begins.
pub(crate) struct Join<V> {
    pub(crate) session: SessionId,
    pub(crate) format: Format,
    pub(crate) view: V,
    pub(crate) rung: Rung,
    pub(crate) pictures: mpsc::Sender<Given>,
    pub(crate) wake: Wake,
}

impl<V: Send + 'static> Message for Join<V> {
    type Reply = ();
}

/// What a session wants.
pub(crate) enum Want<V> {
    /// To be shown this, and the last input that it has taken in.
    Show(V, u32),
    /// Another bit rate.
    Rung(Rung),
    /// A key picture, and nothing before it.
    Key,
    /// A key picture soon, and everything before it.
    Fresh,
    /// Nothing for the time being.
    Pause,
    /// To go on, with a key picture.
    Resume,
    /// Nothing any more.
    Leave,
}

/// A session wants something.
pub(crate) struct Wanted<V> {
    pub(crate) session: SessionId,
    pub(crate) want: Want<V>,
}

impl<V: Send + 'static> Message for Wanted<V> {
    type Reply = ();
}

/// Where a session's pictures go.
struct Seat {
    pictures: mpsc::Sender<Given>,
    wake: Wake,
}

/// See the module.
pub(crate) struct StudioActor<P: Painter> {
    setup: Rc<StudioSetup<P>>,
    trial: Rc<Trial<P::View>>,
    factory: ActorRef<FactoryActor>,
    core: Renditions<P::View>,
    lines: BTreeMap<RenditionId, Line<P>>,
    /// What workers still do for renditions that are no more, and when they are given up.
    left: BTreeMap<RenditionId, (Millis, JobId)>,
    seats: BTreeMap<SessionId, Seat>,
    /// Made when the actor starts.
    workers: Option<Workers>,
    waker: Option<ActorWaker>,
    done: Arc<Mutex<Vec<Done>>>,
    timing: Timing,
    overload: Overload,
    /// What the factory has not heard yet.
    untold: Option<Turn>,
    look: Millis,
}

impl<P: Painter> StudioActor<P> {
    fn new(setup: Rc<StudioSetup<P>>, trial: Rc<Trial<P::View>>, factory: ActorRef<FactoryActor>) -> StudioActor<P> {
        #[cfg_attr(not(feature = "flaws"), expect(unused_mut, reason = "only a harness changes a core"))]
        let mut core = Renditions::new(Options::default());
        #[cfg(feature = "flaws")]
        core.set_flaw(trial.flaw);
        StudioActor {
            setup,
            trial,
            factory,
            core,
            lines: BTreeMap::new(),
            left: BTreeMap::new(),
            seats: BTreeMap::new(),
            workers: None,
            waker: None,
            done: Arc::default(),
            timing: Timing::default(),
            overload: Overload::default(),
            untold: None,
            look: Millis::ZERO,
        }
    }

    /// Time and finished work come in, what is to be done goes out, and the timer is set.
    fn pump(&mut self, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        self.take_done(now);
        self.give_up_stuck(now);
        if now >= self.look {
            self.look_around(now);
        }
        loop {
            while let Some(effect) = self.core.poll_effect() {
                self.act(now, effect);
            }
            // Without threads the work is done already.
            if self.take_done(now) {
                continue;
            }
            if self.core.poll_timeout().is_none_or(|at| at > now) {
                break;
            }
            let painter = &self.setup.painter;
            self.core.on_timeout(now, &mut |view, format| match size_of(format) {
                Ok(size) => painter.stamp(view, size, now),
                Err(_) => 0,
            });
        }
        let left = self.left.values().map(|(at, _)| *at);
        let stuck = self.lines.values().filter_map(Line::give_up_at).chain(left).min();
        // Who is overloaded is looked at also when all have left: nobody comes before it is well again.
        let news = self.overload.is_overloaded() || self.untold.is_some();
        let look = (news || !self.seats.is_empty()).then_some(self.look);
        let taken = self.trial.takes.as_ref().and_then(|_| self.ready_at());
        cx.wake_at([self.core.poll_timeout(), stuck, look, taken].into_iter().flatten().min());
        if let Some(audience) = &self.trial.audience {
            audience(&Scene { path: cx.path(), incarnation: cx.incarnation(), core: &self.core });
        }
    }

    /// When the next picture is there that is made in virtual time.
    fn ready_at(&self) -> Option<Millis> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|done| done.ready).min()
    }

    fn take_done(&mut self, now: Millis) -> bool {
        let done: Vec<_> = {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            done.extract_if(.., |done| done.ready <= now).collect()
        };
        let any = !done.is_empty();
        for done in done {
            let Some(line) = self.lines.get_mut(&done.rendition) else {
                self.left.remove(&done.rendition);
                continue;
            };
            if !line.take_back(done.draw, done.bench) {
                continue;
            }
            self.timing.note(&done.spent);
            match done.outcome {
                Ok(encoded) => self.core.drawn(now, done.rendition, encoded),
                Err(fault) => self.core.failed(now, done.rendition, &fault.0),
            }
        }
        any
    }

    fn give_up_stuck(&mut self, now: Millis) {
        let abandon = |job| {
            if let Some(Err(error)) = self.workers.as_ref().map(|workers| workers.abandon(job)) {
                tracing::error!("a worker thread hangs and cannot be replaced: {error}");
            }
        };
        self.left.retain(|_, (at, job)| {
            let waits = *at > now;
            if !waits {
                abandon(*job);
            }
            waits
        });
        for (rendition, line) in &mut self.lines {
            let Some(job) = line.stuck(now) else { continue };
            abandon(job);
            self.core.failed(now, *rendition, "drawing its picture took too long; the worker was given up");
        }
    }

    /// Once a second: is the instance late, and are there seats whose session has gone without a word?
    fn look_around(&mut self, now: Millis) {
        self.look = now + LOOK;
        let gone: Vec<_> =
            self.seats.iter().filter(|(_, seat)| seat.pictures.is_closed()).map(|(session, _)| *session).collect();
        for session in gone {
            self.leave(now, session);
        }
        let totals = self.core.totals();
        if let Some(verdict) = self.overload.sample(now, totals.due, totals.late) {
            self.untold = Some(verdict);
        }
        // Told until it is heard: free slots that nobody offers again are lost.
        if let Some(verdict) = self.untold.take()
            && let Err(fault) = self.factory.tell(Strain(verdict.clone()))
        {
            tracing::warn!("the factory was not told how late its pictures are: {fault}");
            self.untold = Some(verdict);
        }
    }

    fn leave(&mut self, now: Millis, session: SessionId) {
        self.seats.remove(&session);
        self.core.leave(now, session);
    }

    fn act(&mut self, now: Millis, effect: Effect<P::View>) {
        match effect {
            Effect::Open { rendition, format, rung, view } => match Line::open(&self.setup, format, rung, &view) {
                Ok(line) => drop(self.lines.insert(rendition, line)),
                Err(error) => self.core.failed(now, rendition, &error.to_string()),
            },
            Effect::Attend { rendition, view } => {
                if let Some(line) = self.lines.get_mut(&rendition) {
                    line.attend(&*self.setup.painter, &view);
                }
            }
            Effect::Draw { rendition, view, rung, key, pts_us, due: _ } => {
                let ready = self.trial.takes.as_ref().map_or(Millis::ZERO, |takes| now + takes(&view));
                let draw = Draw { rendition, view, rung, key, pts_us, ready };
                let (Some(line), Some(workers), Some(waker)) =
                    (self.lines.get_mut(&rendition), &self.workers, &self.waker)
                else {
                    return;
                };
                if let Err(error) = line.draw(now, draw, &self.setup, workers, &self.done, waker) {
                    self.core.failed(now, rendition, &error.to_string());
                }
            }
            Effect::Give { session, picture } => self.give(now, session, Given::Picture(picture)),
            Effect::Over { session, cause } => {
                self.give(now, session, Given::Over(cause));
                self.seats.remove(&session);
            }
            Effect::Close { rendition } => {
                if let (Some(line), Some(workers)) = (self.lines.remove(&rendition), &self.workers)
                    && let Some(left) = line.close(workers)
                {
                    self.left.insert(rendition, left);
                }
            }
        }
    }

    /// Draws what a session begins with once, for nobody: libraries are loaded and pieces are drawn while slots warm, and
    /// not while the first viewer waits.
    fn warm_up(&self, now: Millis) {
        let Some(workers) = self.workers.as_ref().filter(|_| self.setup.threads > 0) else { return };
        let formats: std::collections::BTreeSet<_> = self.setup.formats.values().copied().collect();
        for format in formats {
            let view = (self.setup.interactions)(now, format).view();
            let (painter, encoders) = (self.setup.painter.clone(), self.setup.encoders.clone());
            let warm = move || {
                if let Err(error) = line::rehearse(&*painter, &*encoders, now, format, &view) {
                    tracing::warn!("the first picture will not be drawn: {error}");
                }
            };
            if let Err(error) = workers.submit(false, warm) {
                tracing::warn!("the studio is not warmed up: {error}");
            }
        }
    }

    fn give(&mut self, now: Millis, session: SessionId, given: Given) {
        let Some(seat) = self.seats.get(&session) else { return };
        match seat.pictures.try_send(given) {
            Ok(()) => (seat.wake)(),
            // The session does not keep up: what it missed is a gap, and it goes on at a key picture.
            Err(mpsc::error::TrySendError::Full(_)) => {
                (seat.wake)();
                self.core.key_wanted(now, session);
            }
            Err(mpsc::error::TrySendError::Closed(_)) => self.leave(now, session),
        }
    }
}

impl<P: Painter> Actor for StudioActor<P> {
    type Protocol = Studio;

    fn started(&mut self, cx: &mut Cx<'_, Self>) {
        self.waker = Some(cx.waker());
        self.look = cx.now() + LOOK;
        match Workers::new("studio", self.setup.threads) {
            Ok(workers) => {
                self.workers = Some(workers);
                self.warm_up(cx.now());
            }
            Err(error) => panic!("the studio has no workers: {error}"),
        }
    }

    fn woken(&mut self, cx: &mut Cx<'_, Self>) {
        self.pump(cx);
    }

    fn state(&self, _now: Millis) -> serde_json::Value {
        let workers = self.workers.as_ref();
        serde_json::json!({
            "renditions": self.core.state(),
            "timing_us": self.timing.state(),
            "workers": {
                "threads": self.setup.threads,
                "waiting": workers.map(Workers::waiting),
                "given_up": workers.map(Workers::abandoned),
            },
            "overloaded": self.overload.is_overloaded(),
            "sources": (self.setup.sources)(),
        })
    }
}

impl<P: Painter> Handler<Join<P::View>> for StudioActor<P> {
    fn handle(&mut self, join: Join<P::View>, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<()> {
        let Join { session, format, view, rung, pictures, wake } = join;
        self.seats.insert(session, Seat { pictures, wake });
        self.core.join(cx.now(), session, format, view, rung);
        self.pump(cx);
        ().into()
    }
}

impl<P: Painter> Handler<Wanted<P::View>> for StudioActor<P> {
    fn handle(&mut self, wanted: Wanted<P::View>, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<()> {
        let (now, session) = (cx.now(), wanted.session);
        match wanted.want {
            Want::Show(view, input) => self.core.show(now, session, view, input),
            Want::Rung(rung) => self.core.set_rung(now, session, rung),
            Want::Key => self.core.key_wanted(now, session),
            Want::Fresh => self.core.freshen(now, session),
            Want::Pause => self.core.pause(now, session),
            Want::Resume => self.core.resume(now, session),
            Want::Leave => self.leave(now, session),
        }
        self.pump(cx);
        ().into()
    }
}
