//! What one session of a studio is shown: its interaction, and the queue of pictures that the studio gives it.
//!
//! Owns: the interaction, and telling the studio what the session wants to see. Refuses: numbers, times and key pictures
//! (the studio's core has them).

use std::rc::Rc;

use actors_kernel::ActorRef;
use actors_protocol::input::Input;
use actors_protocol::{Fault, Millis, ServiceName, SessionId};
use media_share::rung::{Ladder, Rung};
use media_share::{Format, Interaction, Note, Opening, Painter, Path, Picture, Playback, PlaybackState, Program, Wake};
use tokio::sync::mpsc;

use super::{Given, Join, StudioActor, StudioSetup, Want, Wanted};

/// Pictures that wait for their session: a quarter of a second. A session that falls behind goes on at a key picture.
const QUEUE: usize = 8;
/// A studio whose mailbox is full is told again after this.
const AGAIN: Millis = Millis(2);

/// A program whose pictures a studio makes.
pub(super) struct StagedProgram<P: Painter> {
    setup: Rc<StudioSetup<P>>,
    studio: ActorRef<StudioActor<P>>,
}

impl<P: Painter> StagedProgram<P> {
    pub fn new(setup: Rc<StudioSetup<P>>, studio: ActorRef<StudioActor<P>>) -> StagedProgram<P> {
        StagedProgram { setup, studio }
    }
}

impl<P: Painter> Program for StagedProgram<P> {
    fn format(&self, service: &ServiceName) -> Format {
        let any = || self.setup.formats.values().next();
        *self.setup.formats.get(service).or_else(any).expect("an instance offers a service")
    }

    fn open(&self, now: Millis, opening: Opening) -> Box<dyn Playback> {
        let interaction = (self.setup.interactions)(now, opening.format);
        let mut playback = StudioPlayback {
            session: opening.session,
            studio: self.studio.clone(),
            told: interaction.view(),
            focus: interaction.focus(),
            interaction,
            wake: opening.wake,
            join: Some(opening.format),
            pictures: None,
            untold: Untold::default(),
            unheard: None,
            away: false,
            ladder: Ladder::default(),
            last_input: 0,
            focus_due: Some(0),
            note: None,
            over: None,
            state: PlaybackState::default(),
        };
        playback.join(now);
        Box::new(playback)
    }
}

/// What a studio is still to be told; how it is told is said when it is.
#[derive(Clone, Copy, Debug, Default)]
struct Untold {
    presence: bool,
    rung: bool,
    show: bool,
    key: bool,
    fresh: bool,
}

struct StudioPlayback<P: Painter> {
    session: SessionId,
    studio: ActorRef<StudioActor<P>>,
    interaction: Box<dyn Interaction<View = P::View>>,
    /// The view that the studio knows of.
    told: P::View,
    wake: Wake,
    /// The format, as long as the session has not joined.
    join: Option<Format>,
    pictures: Option<mpsc::Receiver<Given>>,
    /// What the studio does not know yet, because its mailbox was full.
    untold: Untold,
    /// Tell it again then.
    unheard: Option<Millis>,
    /// The viewer is away.
    away: bool,
    ladder: Ladder,
    last_input: u32,
    focus: Option<String>,
    /// The focus is to be noted with the first picture that shows this input.
    focus_due: Option<u32>,
    note: Option<Note>,
    over: Option<String>,
    state: PlaybackState,
}

impl<P: Painter> StudioPlayback<P> {
    fn join(&mut self, now: Millis) {
        let Some(format) = self.join else { return };
        let (sender, receiver) = mpsc::channel(QUEUE);
        let join = Join {
            session: self.session,
            format,
            view: self.told.clone(),
            rung: self.ladder.rung(),
            pictures: sender,
            wake: self.wake.clone(),
        };
        if self.heard(now, self.studio.tell(join)) {
            self.join = None;
            self.pictures = Some(receiver);
        }
    }

    /// Tells the studio what it does not know yet. What it does not hear it is told again: also a wish for a key picture,
    /// for nobody else asks for one.
    fn tell(&mut self, now: Millis) {
        self.join(now);
        if self.join.is_some() {
            return;
        }
        if self.untold.presence {
            self.untold.presence = !self.want(now, if self.away { Want::Pause } else { Want::Resume });
        }
        if self.untold.rung {
            self.untold.rung = !self.want(now, Want::Rung(self.ladder.rung()));
        }
        if self.untold.show {
            let view = self.interaction.view();
            if self.want(now, Want::Show(view.clone(), self.last_input)) {
                self.told = view;
                self.untold.show = false;
            }
        }
        if self.untold.key {
            self.untold.key = !self.want(now, Want::Key);
        }
        if self.untold.fresh {
            self.untold.fresh = !self.want(now, Want::Fresh);
        }
        let Untold { presence, rung, show, key, fresh } = self.untold;
        self.unheard = (presence || rung || show || key || fresh).then_some(now + AGAIN);
    }

    fn want(&mut self, now: Millis, want: Want<P::View>) -> bool {
        let told = self.studio.tell(Wanted { session: self.session, want });
        self.heard(now, told)
    }

    fn heard(&mut self, now: Millis, told: Result<(), Fault>) -> bool {
        match told {
            Ok(()) => return true,
            Err(Fault::Overloaded(_)) => self.unheard = Some(now + AGAIN),
            Err(fault) => self.over = Some(format!("the studio is gone: {fault}")),
        }
        false
    }

    /// Lets the studio know what is to be shown now.
    fn show(&mut self, now: Millis) {
        let focus = self.interaction.focus();
        if focus != self.focus {
            self.focus = focus;
            self.focus_due = Some(self.last_input);
        }
        self.untold.show = true;
        self.tell(now);
    }

    fn forget_queue(&mut self) {
        while let Some(Ok(given)) = self.pictures.as_mut().map(mpsc::Receiver::try_recv) {
            match given {
                Given::Picture(_) => {}
                Given::Over(cause) => self.over = Some(cause),
            }
        }
    }

    fn take(&mut self, picture: Picture) -> Picture {
        self.state.skipped += picture.number.saturating_sub(self.state.next);
        self.state.next = picture.number + 1;
        self.state.given += 1;
        if !picture.repeat && self.focus_due.is_some_and(|input| picture.last_input >= input) {
            self.focus_due = None;
            self.note = self.focus.clone().map(|text| Note { picture: picture.number, text });
        }
        picture
    }
}

impl<P: Painter> Playback for StudioPlayback<P> {
    fn poll_picture(&mut self, now: Millis) -> Option<Picture> {
        if self.interaction.poll_timeout().is_some_and(|due| due <= now) {
            self.interaction.on_timeout(now);
            if self.interaction.view() != self.told {
                self.show(now);
            }
        }
        if self.unheard.is_some_and(|due| due <= now) {
            self.tell(now);
        }
        match self.pictures.as_mut()?.try_recv() {
            Ok(Given::Picture(picture)) => Some(self.take(picture)),
            Ok(Given::Over(cause)) => {
                self.over = Some(cause);
                None
            }
            Err(mpsc::error::TryRecvError::Empty) => None,
            Err(mpsc::error::TryRecvError::Disconnected) => {
                self.over.get_or_insert_with(|| "the studio is gone".to_owned());
                None
            }
        }
    }

    fn poll_timeout(&self) -> Option<Millis> {
        [self.interaction.poll_timeout(), self.unheard].into_iter().flatten().min()
    }

    fn input(&mut self, now: Millis, input: &Input) {
        self.state.inputs += 1;
        self.last_input = input.number;
        self.interaction.input(now, &input.event);
        self.show(now);
    }

    fn skip_to_key(&mut self, now: Millis) {
        // What waits in the queue belongs to the group that is given up.
        self.forget_queue();
        self.untold.key = true;
        self.tell(now);
    }

    fn freshen(&mut self, now: Millis) {
        self.untold.fresh = true;
        self.tell(now);
    }

    fn pause(&mut self, now: Millis) {
        (self.away, self.untold.presence) = (true, true);
        self.tell(now);
    }

    fn resume(&mut self, now: Millis) {
        // What waits in the queue is as old as the viewer was away.
        self.forget_queue();
        (self.away, self.untold.presence) = (false, true);
        self.tell(now);
    }

    fn path(&mut self, now: Millis, path: &Path) {
        let before: Rung = self.ladder.rung();
        let rung = self.ladder.observe(now, path);
        if rung != before {
            self.untold.rung = true;
            self.tell(now);
        }
    }

    fn poll_note(&mut self) -> Option<Note> {
        self.note.take()
    }

    fn over(&self) -> Option<String> {
        self.over.clone()
    }

    fn state(&self) -> PlaybackState {
        self.state
    }
}

impl<P: Painter> Drop for StudioPlayback<P> {
    fn drop(&mut self) {
        // If this is not heard, the closed queue is.
        let _ = self.studio.tell(Wanted { session: self.session, want: Want::<P::View>::Leave });
    }
}
