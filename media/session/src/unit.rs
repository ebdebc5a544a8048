//! One picture on its way: a stream of its own, from opening to the viewer's acknowledgement, or given up.

use bytes::Bytes;
use tokio::sync::oneshot;
use transport_link::{Connection, LinkError};
use transport_wire::media::MediaHeader;
use transport_wire::{StreamCode, WireError};

/// How it ended.
pub(crate) enum Outcome {
    /// The viewer has all of it.
    Acknowledged,
    /// It was given up here.
    GivenUp,
    /// The viewer refused it, or the connection is gone.
    Refused,
}

/// Sends one unit. `give_up` resets its stream: what has not left yet never will.
pub(crate) async fn send(
    connection: Connection,
    header: MediaHeader,
    payload: Bytes,
    give_up: oneshot::Receiver<()>,
) -> Outcome {
    let mut give_up = std::pin::pin!(give_up);
    let mut stream = tokio::select! {
        biased;
        _ = give_up.as_mut() => return Outcome::GivenUp,
        stream = connection.open_uni() => match stream {
            Ok(stream) => stream,
            Err(_) => return Outcome::Refused,
        },
    };
    stream.set_priority(header.priority());
    let written = async {
        let head = header.encode().map_err(broken)?;
        stream.write(Bytes::copy_from_slice(&head)).await?;
        stream.write(payload).await?;
        stream.finish();
        stream.acknowledged().await
    };
    let outcome = tokio::select! {
        biased;
        _ = give_up.as_mut() => Outcome::GivenUp,
        written = written => match written {
            Ok(()) => Outcome::Acknowledged,
            Err(_) => Outcome::Refused,
        },
    };
    if !matches!(outcome, Outcome::Acknowledged) {
        stream.reset(StreamCode::LATE);
    }
    outcome
}

fn broken(error: WireError) -> LinkError {
    tracing::error!("a picture cannot be sent: {error}");
    LinkError::Closed
}
