//! The acceptor's side of a control stream: reads calls, hands them to the kernel, writes answers.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
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
    let (mut send, mut receive, theirs) = match timeout(HELLO_WITHIN, greeting).await {
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
    tokio::select! {
        biased;
        ended = read(&mut receive, frames, connection, minor, dispatch, serving) => ended,
        ended = write(&mut send, connection, |cx| serving.poll_take(cx)) => ended,
    }
}

async fn read(
    stream: &mut quinn::RecvStream,
    mut frames: FrameReader,
    connection: &Connection,
    minor: u16,
    dispatch: &dyn Dispatch,
    serving: &Arc<Serving>,
) -> Result<Infallible, LinkError> {
    let mut batches = 0;
    loop {
        poll_fn(|cx| serving.poll_room(cx)).await;
        while let Some(frame) = frames.next().map_err(|error| broken(connection, error))? {
            take_in(&frame, connection, minor, dispatch, serving).map_err(|error| broken(connection, error))?;
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

fn take_in(
    frame: &bytes::Bytes,
    connection: &Connection,
    minor: u16,
    dispatch: &dyn Dispatch,
    serving: &Arc<Serving>,
) -> Result<(), WireError> {
    match Envelope::decode(frame)? {
        Envelope::Call { head, payload } => {
            if dispatch.since(head.tag).is_none_or(|since| since > minor) {
                return Err(WireError::UnknownTag { tag: head.tag, minor });
            }
            if let Some(reply) = serving.begin(head.id) {
                dispatch.dispatch(InboundCall { head, payload, reply, connection });
            }
            Ok(())
        }
        Envelope::Cancel { id } => {
            serving.cancel(id);
            Ok(())
        }
        Envelope::Hello(_) => Err(unexpected("a second hello")),
        Envelope::GoAway { .. } => Err(unexpected("a go-away from the side that asks")),
        Envelope::Reply { .. } | Envelope::Failed { .. } => Err(unexpected("an answer to the side that answers")),
    }
}
