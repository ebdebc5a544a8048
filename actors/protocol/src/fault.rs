//! [`Fault`]: why the machinery could not bring a question to an answer. What an actor *decides* is a value in its reply.

use serde::{Deserialize, Serialize};

/// The machinery's failures, the same near and far. Frozen: an older peer must be able to read each of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Fault {
    /// No answer within the deadline. The call may have been carried out.
    #[error("no answer within the deadline")]
    Deadline,
    /// The actor, or the node it lives on, is not there. If the call had been sent, it may have been carried out.
    #[error("{0} is gone")]
    Gone(String),
    /// The mailbox is at its bound, or too many calls are under way. Nothing was done.
    #[error("{0} is overloaded")]
    Overloaded(String),
    /// The actor panicked over this call.
    #[error("{0} panicked")]
    Panicked(String),
    /// The other side speaks another version, or does not know the message.
    #[error("version: {0}")]
    Version(String),
    /// The caller's role does not permit this call.
    #[error("denied: {0}")]
    Denied(String),
    /// The bytes are not what the tag promises.
    #[error("malformed: {0}")]
    Malformed(String),
}
