//! Reading what a viewer does: the stream of inputs and the datagrams of pointer motion.
//!
//! Owns: the readers of one attachment, and their patience with a full mailbox. Refuses: to apply anything.

use actors_kernel::ActorRef;
use actors_protocol::Fault;
use actors_protocol::input::Input;
use transport_link::Connection;
use transport_wire::input::{InputReader, from_datagram};
use transport_wire::{StreamCode, StreamKind};

use super::{Arrived, SessionActor};

/// While the mailbox is full, the reader of inputs waits this long; the stream's own window holds the viewer back.
const FULL_PAUSE: std::time::Duration = std::time::Duration::from_millis(2);

/// Hands an input in; waits while the mailbox is full.
pub(super) async fn hand_in(
    session: &ActorRef<SessionActor>,
    attachment: u32,
    input: Input,
    on_stream: bool,
) -> Result<(), Fault> {
    loop {
        match session.tell(Arrived { attachment, input, on_stream }) {
            Err(Fault::Overloaded(_)) => tokio::time::sleep(FULL_PAUSE).await,
            other => return other,
        }
    }
}

/// Reads the viewer's stream of inputs. Bytes that are no input end the connection.
pub(super) async fn read_inputs(connection: Connection, session: ActorRef<SessionActor>, attachment: u32) {
    while let Ok(mut stream) = connection.accept_uni().await {
        let mut kind = [0];
        if stream.read_exact(&mut kind).await.is_err() {
            continue;
        }
        if kind[0] != StreamKind::Input as u8 {
            stream.stop(StreamCode::UNKNOWN_KIND);
            continue;
        }
        let mut reader = InputReader::new();
        while let Ok(Some(chunk)) = stream.read().await {
            reader.push(&chunk);
            loop {
                match reader.next() {
                    Ok(Some(input)) => {
                        if hand_in(&session, attachment, input, true).await.is_err() {
                            return;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => {
                        connection.close(error.close_code(), &error.to_string());
                        return;
                    }
                }
            }
        }
    }
}

/// Reads pointer motion. A datagram that is no input ends the connection.
pub(super) async fn read_datagrams(connection: Connection, session: ActorRef<SessionActor>, attachment: u32) {
    while let Ok(datagram) = connection.read_datagram().await {
        match from_datagram(&datagram) {
            Ok(input) => {
                if hand_in(&session, attachment, input, false).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                connection.close(error.close_code(), &error.to_string());
                return;
            }
        }
    }
}
