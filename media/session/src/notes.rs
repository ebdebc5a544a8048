//! The notes of a session on their way to its viewer: one stream beside the pictures.
//!
//! Owns: the queue and its bound. Refuses: to wait for a viewer that does not read; the oldest that waits makes room, because
//! the newest is what counts.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::rc::Rc;

use bytes::{BufMut, BytesMut};
use media_share::Note;
use tokio::sync::Notify;
use transport_link::{Connection, LinkError};
use transport_wire::StreamKind;

/// Notes that wait: a person does not press more keys than that in the time that a stream needs.
const QUEUE: usize = 64;

/// The end where notes go in; dropped, the stream ends after what waits.
pub(crate) struct Notes(Rc<Waiting>);

#[derive(Default)]
struct Waiting {
    notes: RefCell<VecDeque<Note>>,
    over: std::cell::Cell<bool>,
    changed: Notify,
}

impl Notes {
    /// A queue, and what sends it. The stream is opened with the first note.
    pub(crate) fn open(connection: Connection) -> (Notes, impl Future<Output = ()>) {
        let waiting = Rc::new(Waiting::default());
        (Notes(waiting.clone()), async move {
            if let Err(error) = send_all(&connection, &waiting).await {
                tracing::debug!("notes are not sent any more: {error}");
            }
        })
    }

    /// The next note.
    pub(crate) fn send(&self, note: Note) {
        self.0.push(note);
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        self.0.over.set(true);
        self.0.changed.notify_one();
    }
}

impl Waiting {
    fn push(&self, note: Note) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() == QUEUE {
            notes.pop_front();
        }
        notes.push_back(note);
        self.changed.notify_one();
    }

    /// The next note; none when there will be none any more.
    async fn next(&self) -> Option<Note> {
        loop {
            if let Some(note) = self.notes.borrow_mut().pop_front() {
                return Some(note);
            }
            if self.over.get() {
                return None;
            }
            self.changed.notified().await;
        }
    }
}

async fn send_all(connection: &Connection, waiting: &Waiting) -> Result<(), LinkError> {
    let mut out = BytesMut::new();
    out.put_u8(StreamKind::Notes as u8);
    let mut stream = connection.open_uni().await?;
    while let Some(note) = waiting.next().await {
        transport_wire::notes::write(&mut out, note.picture, &note.text);
        stream.write(out.split().freeze()).await?;
    }
    stream.finish();
    stream.acknowledged().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_makes_room_and_what_waits_is_sent_before_the_end() {
        let waiting = Rc::new(Waiting::default());
        let notes = Notes(waiting.clone());
        for picture in 0..QUEUE as u64 + 2 {
            notes.send(Note { picture, text: picture.to_string() });
        }
        drop(notes);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let sent = runtime.block_on(async {
            let mut sent = Vec::new();
            while let Some(note) = waiting.next().await {
                sent.push(note.picture);
            }
            sent
        });
        assert_eq!(sent, (2..QUEUE as u64 + 2).collect::<Vec<_>>());
    }
}
