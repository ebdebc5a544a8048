//! The acceptor's side of a control stream: reads calls, hands them to the kernel, writes answers.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use actors_protocol::Tag;
use tokio::time::{Instant, timeout};
use transport_wire::limits::{FRAME_BYTES_MAX, HELLO_BYTES_MAX};
use transport_wire::{CloseCode, Envelope, FrameReader, Versions, WireError, version};

use super::calls::unexpected;
use super::converse::{BATCHES_IN_A_ROW, Came, WORDS, broken, first_frame, read_chunks};
use super::reply::{Dispatch, InboundCall, Serving};
use super::writer::write;
use crate::{Connection, LinkError};

/// A peer that connects and says nothing holds a place; it is let go after this time.
const HELLO_WITHIN: Duration = Duration::from_secs(5);

/// Runs the answering end of a link until it ends.
pub(super) async fn serve(connection: Connection, versions: Versions, dispatch: Arc<dyn Dispatch>) -> LinkError {
    let serving = Serving::new();
    connection.set_serving(&serving);
    let _guard = EndOnDrop(serving.clone());
    let Err(error) = run(&connection, versions, &*dispatch, &serving).await;
    error
}

/// Answers that come after the end have nowhere to go.
struct EndOnDrop(Arc<Serving>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

async fn run(
    connection: &Connection,
    versions: Versions,
    dispatch: &dyn Dispatch,
    serving: &Arc<Serving>,
) -> Result<Infallible, LinkError> {
    let mut frames = FrameReader::new(HELLO_BYTES_MAX);
    let greeting = async {
        let (send, mut receive) = connection.0.quinn.accept_bi().await.map_err(|error| connection.why(error))?;
        let theirs = first_frame(&mut receive, &mut frames, connection).await?;
        Ok::<_, LinkError>((send, receive, theirs))
    };
    let (send, mut receive, theirs) = match timeout(HELLO_WITHIN, greeting).await {
        Ok(greeted) => greeted?,
        Err(_) => {
            connection.close(CloseCode::IDLE, "no hello came");
            return Err(LinkError::Deadline { whom: super::whom(connection), within: HELLO_WITHIN });
        }
    };
    let minor = version::negotiate(versions, theirs).map_err(|error| broken(connection, error.into()))?;
    serving.hello(versions, WORDS);
    frames.set_limit(FRAME_BYTES_MAX);
    // The reader first: what it answers at once, the writer sends in the same poll.
    let mut intake = Intake { connection, minor, dispatch, serving, known: None, arrived: Instant::now() };
    tokio::select! {
        biased;
        ended = intake.read(&mut receive, frames) => ended,
        ended = write(send, connection, |cx, stream| serving.poll_take(cx, stream)) => ended,
    }
}

/// The reading half.
struct Intake<'a> {
    connection: &'a Connection,
    minor: u16,
    dispatch: &'a dyn Dispatch,
    serving: &'a Arc<Serving>,
    /// The call that was found to be part of the agreed version last: most come in rows, and a search for each costs as much
    /// as all the rest of taking it in.
    known: Option<Tag>,
    /// When the present batch came: one look at the clock for all that is in it.
    arrived: Instant,
}

impl Intake<'_> {
    async fn read(&mut self, stream: &mut quinn::RecvStream, mut frames: FrameReader) -> Result<Infallible, LinkError> {
        let (connection, serving) = (self.connection, self.serving);
        let mut batches = 0;
        loop {
            poll_fn(|cx| serving.poll_room(cx)).await;
            self.arrived = Instant::now();
            while let Some(frame) = frames.next().map_err(|error| broken(connection, error))? {
                self.take_in(&frame).map_err(|error| broken(connection, error))?;
                // Whoever took that call in may have found it malformed: nothing that came behind it is acted on.
                if let Some(closed) = connection.closed_here() {
                    return Err(closed);
                }
                if serving.is_crowded() {
                    poll_fn(|cx| serving.poll_room(cx)).await;
                }
            }
            batches += 1;
            if batches == BATCHES_IN_A_ROW {
                batches = 0;
                tokio::task::yield_now().await;
            }
            if read_chunks(stream, &mut frames, connection).await? == Came::Later {
                batches = 0;
            }
        }
    }

    fn take_in(&mut self, frame: &bytes::Bytes) -> Result<(), WireError> {
        match Envelope::decode(frame)? {
            Envelope::Call { head, payload } => {
                self.check(head.tag)?;
                if let Some(reply) = self.serving.begin(head.id) {
                    let (connection, arrived) = (self.connection, self.arrived);
                    self.dispatch.dispatch(InboundCall { head, payload, reply, connection, arrived });
                }
                Ok(())
            }
            Envelope::Cancel { id } => {
                self.serving.cancel(id);
                Ok(())
            }
            Envelope::Hello(_) => Err(unexpected("a second hello")),
            Envelope::GoAway { .. } => Err(unexpected("a go-away from the side that asks")),
            Envelope::Reply { .. } | Envelope::Failed { .. } => Err(unexpected("an answer to the side that answers")),
        }
    }

    /// Is the call part of the agreed version?
    fn check(&mut self, tag: Tag) -> Result<(), WireError> {
        if self.known == Some(tag) {
            return Ok(());
        }
        if self.dispatch.since(tag).is_none_or(|since| since > self.minor) {
            return Err(WireError::UnknownTag { tag, minor: self.minor });
        }
        self.known = Some(tag);
        Ok(())
    }
}
