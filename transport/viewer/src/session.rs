//! [`Session`]: the application's handle to an open session.
//!
//! Owns: the session's one task, which ends with it. Refuses: to decode.

use std::future::Future;
use std::sync::Arc;

use actors_protocol::input::InputEvent;
use tokio::task::JoinSet;
use tokio::time::timeout;
use transport_wire::CloseCode;

use crate::error::InputError;
use crate::limits::GOODBYE_WITHIN;
use crate::measure::Stats;
use crate::picture::{Ended, Event, Picture, SessionInfo};
use crate::shared::Shared;

/// An open session. Pictures come out, inputs go in.
///
/// It holds a slot that nobody else can use. [`Session::close`] gives it back at once; so does dropping the session, as
/// far as one packet can.
pub struct Session {
    shared: Arc<Shared>,
    info: SessionInfo,
    tasks: JoinSet<()>,
}

/// Sends inputs from anywhere, for as long as the session lasts. It does not keep the session open.
#[derive(Clone)]
pub struct InputSender(Arc<Shared>);

impl Session {
    pub(crate) fn new(
        shared: Arc<Shared>,
        info: SessionInfo,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Session {
        let mut tasks = JoinSet::new();
        tasks.spawn(task);
        Session { shared, info, tasks }
    }

    /// What was opened.
    pub fn info(&self) -> &SessionInfo {
        &self.info
    }

    /// What happens next: a picture, or what becomes of the connection. After [`Event::Ended`], that again.
    ///
    /// Cancel safe: if the future is dropped, nothing is lost and nothing is skipped; the next call goes on.
    pub async fn next(&mut self) -> Event {
        self.shared.next().await
    }

    /// The next picture; what becomes of the connection in between is not told. Cancel safe, as [`Session::next`] is.
    pub async fn next_picture(&mut self) -> Result<Picture, Ended> {
        loop {
            match self.next().await {
                Event::Picture(picture) => return Ok(picture),
                Event::Ended(ended) => return Err(ended),
                Event::Lost { .. } | Event::Resumed => {}
            }
        }
    }

    /// Sends an input. Its number is what a picture echoes in [`Picture::last_input`] once it has been applied.
    ///
    /// Does not wait. Keys and buttons arrive in order; of pointer motion the newest arrives. See the crate's
    /// documentation for what is promised when the connection breaks.
    pub fn send(&self, event: InputEvent) -> Result<u32, InputError> {
        self.shared.send(event)
    }

    /// A handle that only sends inputs.
    pub fn input_sender(&self) -> InputSender {
        InputSender(self.shared.clone())
    }

    /// What has the focus in picture `number`, in words: for tests, and for people who cannot see it. None if the service
    /// says nothing about it. It comes beside the pictures, so that for a picture that has just come it may still be that
    /// of the one before; the last [`limits::NOTES_MAX`](crate::limits::NOTES_MAX) are remembered.
    pub fn note_at(&self, number: u64) -> Option<Arc<str>> {
        self.shared.note_at(number)
    }

    /// What has been measured so far.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Says goodbye: the slot is free at once. Waits for the answer, two seconds at most, and says how the session ended.
    pub async fn close(mut self) -> Ended {
        self.shared.leave();
        // The task bounds the goodbye itself; this bound is for a task that has been starved.
        let _ = timeout(GOODBYE_WITHIN * 2, self.tasks.join_next()).await;
        self.shared.ended().unwrap_or(Ended { code: None, words: "the goodbye was not answered".to_owned() })
    }
}

impl Drop for Session {
    /// The task is aborted. The other side is told with the connection's last packet, which nobody repeats if it is lost.
    fn drop(&mut self) {
        if let Some(connection) = self.shared.take_connection() {
            connection.close(CloseCode::GOODBYE, "the viewer has left");
        }
    }
}

impl InputSender {
    /// See [`Session::send`].
    pub fn send(&self, event: InputEvent) -> Result<u32, InputError> {
        self.0.send(event)
    }
}
