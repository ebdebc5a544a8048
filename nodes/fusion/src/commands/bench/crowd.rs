//! Many viewers in this process: they take pictures without decoding them, and press keys so that no two see the same.
//!
//! A page of nine tiles has nine places for the highlight, and each with and without auto-scroll. So there are two rings of
//! at most eight sessions with one place free in each, and the first of a ring moves first: no two are ever on one tile. One
//! ring is moved by keys, the other moves by itself. From the seventeenth session on the same once more, on the service
//! whose pictures come at another rate.
//!
//! Owns: the sessions, their places and their pace. Refuses: to measure anything but what came.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use transport_viewer::{Event, InputEvent, OpenOptions, Session, Viewer};

use super::domain::{OTHER, SERVICE};

/// X11 keysyms.
pub const TAB: u32 = 0xff09;
const A: u32 = 0x61;
pub const RETURN: u32 = 0xff0d;
/// Sessions of a ring; of nine places one stays free.
const RING: usize = 8;
/// Between two moves of a ring's neighbours.
const STEP: Duration = Duration::from_millis(100);
/// Between two moves of a session that keys move.
const ROUND: Duration = Duration::from_millis(1_700);

/// What came so far, of all sessions.
#[derive(Clone, Default)]
pub struct Came(Rc<Counts>);

#[derive(Default)]
struct Counts {
    pictures: Cell<u64>,
    bytes: Cell<u64>,
    late: Cell<u64>,
    lost: Cell<u64>,
}

impl Came {
    /// Pictures that were delivered; a repeat is none.
    pub fn pictures(&self) -> u64 {
        self.0.pictures.get()
    }

    /// Bytes of those.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.get()
    }

    /// Pictures that were due and did not come.
    pub fn late(&self) -> u64 {
        self.0.late.get()
    }

    /// Connections lost.
    pub fn lost(&self) -> u64 {
        self.0.lost.get()
    }

    /// Takes what a session was given in. Fails when that was its end.
    pub fn take(&self, event: Event) -> anyhow::Result<()> {
        let add = |cell: &Cell<u64>, count: u64| cell.set(cell.get() + count);
        match event {
            Event::Picture(picture) => {
                add(&self.0.pictures, u64::from(!picture.repeat));
                add(&self.0.bytes, picture.data.len() as u64);
                add(&self.0.late, picture.late_before);
            }
            Event::Lost { .. } => add(&self.0.lost, 1),
            Event::Resumed => {}
            Event::Ended(ended) => bail!("a session has ended while it was measured: {ended}"),
        }
        Ok(())
    }
}

/// Sessions that watch until this is dropped.
pub struct Crowd {
    tasks: JoinSet<anyhow::Result<()>>,
    /// What came.
    pub came: Came,
}

/// A session's way through the page.
struct Way {
    session: Session,
    came: Came,
    /// When the next key is pressed; never, if it moves by itself or not at all.
    moves: Option<Instant>,
}

impl Crowd {
    /// Opens the sessions of these numbers, each with a view of its own, and lets them go their ways.
    pub async fn gather(viewer: &Viewer, numbers: impl Iterator<Item = usize>) -> anyhow::Result<Crowd> {
        let mut order: Vec<usize> = numbers.collect();
        // The first of each ring is put in its place first, and goes past nobody.
        order.sort_by_key(|number| std::cmp::Reverse(place(*number)));
        let mut sessions = Vec::new();
        for number in order {
            let service = if number < 2 * RING { SERVICE } else { OTHER };
            let session = open(viewer, service).await?;
            for _ in 0..place(number) {
                press(&session, TAB)?;
            }
            sessions.push((number, session));
        }
        // Those that move by themselves do so in their order, from the moment on at which they are told.
        for (_, session) in sessions.iter().filter(|(number, _)| by_itself(*number)) {
            press(session, A)?;
            sleep(STEP / 2).await;
        }
        let begin = Instant::now();
        let ways = sessions.into_iter().map(|(number, session)| {
            let after = STEP * (RING - 1 - place(number)) as u32;
            (session, (!by_itself(number)).then_some(begin + after))
        });
        Ok(Crowd::of(ways))
    }

    /// Opens so many sessions that all see the same: they press these keys at the beginning, and then nothing.
    pub async fn quiet(viewer: &Viewer, count: usize, keys: &[u32]) -> anyhow::Result<Crowd> {
        let mut sessions = Vec::new();
        for _ in 0..count {
            let session = open(viewer, SERVICE).await?;
            keys.iter().try_for_each(|key| press(&session, *key))?;
            sessions.push((session, None));
        }
        Ok(Crowd::of(sessions.into_iter()))
    }

    fn of(sessions: impl Iterator<Item = (Session, Option<Instant>)>) -> Crowd {
        let mut crowd = Crowd { tasks: JoinSet::new(), came: Came::default() };
        for (session, moves) in sessions {
            crowd.tasks.spawn_local(Way { session, came: crowd.came.clone(), moves }.go());
        }
        crowd
    }

    /// One more session; the lengths of its pictures are kept.
    pub fn witness(&mut self, mut session: Session) -> Rc<RefCell<Vec<usize>>> {
        let (lengths, came) = (Rc::<RefCell<Vec<usize>>>::default(), self.came.clone());
        let kept = lengths.clone();
        self.tasks.spawn_local(async move {
            loop {
                let event = session.next().await;
                if let Event::Picture(picture) = &event
                    && !picture.repeat
                {
                    kept.borrow_mut().push(picture.data.len());
                }
                came.take(event)?;
            }
        });
        lengths
    }

    /// Watches for so long. Fails when a session ends.
    pub async fn watch(&mut self, time: Duration) -> anyhow::Result<()> {
        tokio::select! {
            () = sleep(time) => Ok(()),
            ended = self.tasks.join_next() => match ended {
                Some(ended) => ended?,
                None => bail!("nobody watches"),
            },
        }
    }
}

/// Encoders at work for somebody, as studios tell of themselves.
pub fn distinct(studios: &[serde_json::Value]) -> usize {
    let renditions = studios.iter().filter_map(|state| state["renditions"]["renditions"].as_array()).flatten();
    renditions.filter(|one| one["sessions"].as_array().is_some_and(|sessions| !sessions.is_empty())).count()
}

/// Opens a session.
pub async fn open(viewer: &Viewer, service: &str) -> anyhow::Result<Session> {
    let opened = viewer.open(&service.parse()?, OpenOptions::default()).await;
    opened.with_context(|| format!("a session of {service}"))
}

/// Its tile at the beginning.
fn place(number: usize) -> usize {
    number / 2 % RING
}

/// Does its highlight move by itself?
fn by_itself(number: usize) -> bool {
    number % 2 == 1
}

/// Presses a key and lets go of it.
pub fn press(session: &Session, keysym: u32) -> anyhow::Result<()> {
    for down in [true, false] {
        session.send(InputEvent::Key { keysym, down })?;
    }
    Ok(())
}

impl Way {
    async fn go(mut self) -> anyhow::Result<()> {
        loop {
            let next = self.moves;
            tokio::select! {
                event = self.session.next() => self.came.take(event)?,
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    press(&self.session, TAB)?;
                    self.moves = next.map(|next| next + ROUND);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_of_a_service_begin_alike_and_each_ring_has_a_free_place() {
        for service in [0..16, 16..32] {
            let views: BTreeSet<_> = service.map(|number| (place(number), by_itself(number))).collect();
            assert_eq!((views.len(), views.iter().all(|(place, _)| *place < 8)), (16, true));
        }
    }
}
