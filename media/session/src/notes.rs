//! The notes of a session on their way to its viewer: one stream beside the pictures.
//!
//! Owns: the queue and its bound. Refuses: to wait for a viewer that does not read; what does not fit is left out.

use std::future::Future;

use bytes::{BufMut, BytesMut};
use media_share::Note;
use tokio::sync::mpsc;
use transport_link::{Connection, LinkError};
use transport_wire::StreamKind;

/// Notes that wait: a person does not press more keys than that in the time that a stream needs.
const QUEUE: usize = 64;

/// The end where notes go in.
pub(crate) struct Notes(mpsc::Sender<Note>);

impl Notes {
    /// A queue, and what sends it. The stream is opened with the first note.
    pub(crate) fn open(connection: Connection) -> (Notes, impl Future<Output = ()>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Notes(sender), async move {
            if let Err(error) = send_all(&connection, receiver).await {
                tracing::debug!("notes are not sent any more: {error}");
            }
        })
    }

    /// The next note.
    pub(crate) fn send(&self, note: Note) {
        if let Err(error) = self.0.try_send(note) {
            tracing::debug!("a note was left out: {error}");
        }
    }
}

async fn send_all(connection: &Connection, mut notes: mpsc::Receiver<Note>) -> Result<(), LinkError> {
    let mut out = BytesMut::new();
    out.put_u8(StreamKind::Notes as u8);
    let mut stream = connection.open_uni().await?;
    while let Some(note) = notes.recv().await {
        transport_wire::notes::write(&mut out, note.picture, &note.text);
        stream.write(out.split().freeze()).await?;
    }
    Ok(())
}
