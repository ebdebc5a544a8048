//! What the application's handle and the session's task share: one lock, held for moments and never across an await.
//!
//! Owns: the playout, the queue, the measurements and the inputs of one session, and who is woken when one of them
//! changes. Refuses: sockets and tasks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actors_protocol::Millis;
use actors_protocol::input::InputEvent;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use transport_link::Connection;
use transport_wire::{MediaHeader, Note, WireError};

use crate::error::InputError;
use crate::input::{Inputs, Outgoing};
use crate::limits::NOTES_MAX;
use crate::measure::{Meter, Shown, Stats};
use crate::picture::{Ended, Event, Picture};
use crate::playout::{Place, Playout};
use crate::queue::Queue;
use crate::receive::Received;

pub(crate) struct Shared {
    /// When the session was asked for: the origin of every time in here.
    started: Instant,
    state: Mutex<State>,
    /// The application waits for an event. One waiter: `next` borrows the session mutably.
    event: Notify,
    /// The task waits for an input.
    input: Notify,
    /// The task waits to be told to leave.
    leave: Notify,
}

struct State {
    playout: Playout<Body>,
    queue: Queue,
    meter: Meter,
    inputs: Inputs,
    /// By the number of the first picture that shows it.
    notes: BTreeMap<u64, Arc<str>>,
    /// The connection is lost: the next picture says that it is back.
    lost: bool,
    /// The connection that is in use, to be closed when the application lets go of the session.
    connection: Option<Connection>,
}

struct Body {
    header: MediaHeader,
    data: Bytes,
    complete_at: Instant,
}

impl Shared {
    pub(crate) fn new(started: Instant) -> Shared {
        let state = State {
            playout: Playout::default(),
            queue: Queue::default(),
            meter: Meter::default(),
            inputs: Inputs::default(),
            notes: BTreeMap::new(),
            lost: false,
            connection: None,
        };
        let [event, input, leave] = std::array::from_fn(|_| Notify::new());
        Shared { started, state: Mutex::new(state), event, input, leave }
    }

    fn since_start(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.started)
    }

    fn now(&self) -> Millis {
        self.since_start(Instant::now()).into()
    }

    /// A stream of the connection has come to its end.
    pub(crate) fn received(&self, received: Received, rtt: Duration) {
        let now = self.now();
        let mut state = self.state.lock();
        state.meter.rtt(rtt);
        state.playout.set_rtt(rtt.into());
        match received {
            Received::Unit { header, data, complete_at } => {
                let bytes = data.len();
                state.playout.arrived(now, place(&header), bytes, Body { header, data, complete_at });
            }
            Received::Late(header) => {
                state.meter.resets += 1;
                if let Some(header) = header {
                    state.playout.lost(now, place(&header));
                }
            }
            Received::Refused(header) => {
                state.meter.malformed += 1;
                if let Some(header) = header {
                    state.playout.lost(now, place(&header));
                }
            }
            Received::Gone => {}
        }
        self.release(&mut state);
    }

    /// The service says what has the focus.
    pub(crate) fn noted(&self, note: Note) {
        let mut state = self.state.lock();
        state.notes.insert(note.picture, note.text.into());
        if state.notes.len() > NOTES_MAX {
            state.notes.pop_first();
        }
    }

    /// The newest note that picture `number` shows.
    pub(crate) fn note_at(&self, number: u64) -> Option<Arc<str>> {
        self.state.lock().notes.range(..=number).next_back().map(|(_, text)| text.clone())
    }

    /// When [`Shared::grace_is_over`] wants to be called.
    pub(crate) fn grace_until(&self) -> Option<Instant> {
        self.state.lock().playout.poll_timeout().map(|at| self.started + at.duration())
    }

    pub(crate) fn grace_is_over(&self) {
        let now = self.now();
        let mut state = self.state.lock();
        state.playout.on_timeout(now);
        self.release(&mut state);
    }

    /// Hands what can be shown to the queue.
    fn release(&self, state: &mut State) {
        let ready_at = Instant::now();
        let mut any = false;
        while let Some(released) = state.playout.poll_picture() {
            let Body { header, data, complete_at } = released.body;
            state.meter.shown(Shown {
                complete_at: self.since_start(complete_at),
                ready_at: self.since_start(ready_at),
                pts_us: header.pts_us,
                last_input: header.last_input,
                key: header.key,
                repeat: header.repeat,
                bytes: data.len(),
            });
            self.mark_resumed(state);
            state.queue.push_picture(picture(&header, released.late_before, complete_at, data));
            any = true;
        }
        if any {
            self.event.notify_one();
        }
    }

    /// The connection is lost; the session may go on.
    pub(crate) fn lost(&self, words: String) {
        let mut state = self.state.lock();
        state.playout.cut();
        state.connection = None;
        if !std::mem::replace(&mut state.lost, true) {
            state.queue.push_note(Event::Lost { words });
        }
        self.event.notify_one();
    }

    /// The session has a connection. Its pictures may have come before the answer that says so.
    pub(crate) fn connected(&self, connection: Connection) {
        let mut state = self.state.lock();
        state.connection = Some(connection);
        self.mark_resumed(&mut state);
        self.event.notify_one();
    }

    fn mark_resumed(&self, state: &mut State) {
        if std::mem::replace(&mut state.lost, false) {
            state.meter.resumed += 1;
            state.queue.push_note(Event::Resumed);
        }
    }

    /// The session is over.
    pub(crate) fn end(&self, ended: Ended) {
        let mut state = self.state.lock();
        state.queue.end(ended);
        state.connection = None;
        self.event.notify_one();
    }

    pub(crate) fn ended(&self) -> Option<Ended> {
        self.state.lock().queue.ended().cloned()
    }

    /// The connection in use, taken away from the session: whoever asks is about to close it.
    pub(crate) fn take_connection(&self) -> Option<Connection> {
        self.state.lock().connection.take()
    }

    /// The next event. Safe to drop: an event is taken in the same poll in which it is given out.
    pub(crate) async fn next(&self) -> Event {
        loop {
            if let Some(event) = self.state.lock().queue.pop() {
                return event;
            }
            self.event.notified().await;
        }
    }

    pub(crate) fn send(&self, event: InputEvent) -> Result<u32, InputError> {
        let at = self.since_start(Instant::now());
        let mut state = self.state.lock();
        if state.queue.ended().is_some() {
            return Err(InputError::Ended);
        }
        let number = state.inputs.push(event)?;
        state.meter.sent(number, at);
        self.input.notify_one();
        Ok(number)
    }

    /// The next inputs to be sent; waits for one.
    pub(crate) async fn outgoing(&self) -> Result<Outgoing, WireError> {
        loop {
            if let Some(outgoing) = self.state.lock().inputs.next()? {
                return Ok(outgoing);
            }
            self.input.notified().await;
        }
    }

    pub(crate) fn leave(&self) {
        self.leave.notify_one();
    }

    pub(crate) async fn leaving(&self) {
        self.leave.notified().await;
    }

    pub(crate) fn stats(&self) -> Stats {
        let state = self.state.lock();
        let counts = state.playout.counts();
        state.meter.stats(counts.late, state.queue.dropped(), counts.discarded)
    }
}

fn place(header: &MediaHeader) -> Place {
    Place { group: header.group, unit: header.unit, previous: header.previous, number: header.picture, key: header.key }
}

fn picture(header: &MediaHeader, late_before: u64, complete_at: Instant, data: Bytes) -> Picture {
    Picture {
        number: header.picture,
        group: header.group,
        unit: header.unit,
        key: header.key,
        repeat: header.repeat,
        codec: header.codec,
        width: header.width,
        height: header.height,
        pts_us: header.pts_us,
        last_input: header.last_input,
        late_before,
        dropped_before: 0,
        complete_at,
        data,
    }
}
