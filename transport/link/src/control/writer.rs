//! The writer of a control stream: takes what has collected, writes it in one piece, again and again.

use std::convert::Infallible;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;
use transport_wire::CloseCode;

use crate::stream::write_error;
use crate::{Connection, LinkError};

/// A peer that lives and does not read what it has asked for is let go after this time; until then its questions wait, and
/// a bounded outbox with them.
const STALLED: Duration = Duration::from_secs(10);

/// Writes what `poll_take` yields, until the stream ends. While there is nothing, the stream is lent to the outbox.
pub(super) async fn write(
    stream: quinn::SendStream,
    connection: &Connection,
    mut poll_take: impl FnMut(&mut Context<'_>, &mut Option<quinn::SendStream>) -> Poll<Bytes>,
) -> Result<Infallible, LinkError> {
    let mut stream = Some(stream);
    loop {
        let batch = poll_fn(|cx| poll_take(cx, &mut stream)).await;
        // An outbox that was cleared meanwhile has let go of the stream: the link is over.
        let Some(stream) = &mut stream else { return Err(LinkError::StreamEnded) };
        match timeout(STALLED, stream.write_chunk(batch)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(write_error(error, connection)),
            Err(_) => {
                let words = format!("nothing was read for {STALLED:?}");
                connection.close(CloseCode::TOO_SLOW, &words);
                return Err(LinkError::ClosedHere { code: CloseCode::TOO_SLOW, words });
            }
        }
    }
}
