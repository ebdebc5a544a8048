//! [`WireError`]: what can be wrong with bytes, and the code with which the connection that brought them ends.

use actors_protocol::Fault;

use crate::VersionMismatch;
use crate::close::CloseCode;

/// What is wrong with the bytes, or with the value that should become bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Larger than its limit. Nothing was allocated for it.
    #[error("{what} of {bytes} bytes is over the limit of {limit}")]
    Oversized {
        /// The thing that was measured.
        what: &'static str,
        /// What it says of its size, or how far the encoder had come.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The bytes end before the thing does.
    #[error("{what} ends early: {missing} or more bytes are missing")]
    Truncated {
        /// The thing that was read.
        what: &'static str,
        /// How many bytes are missing at least.
        missing: u64,
    },
    /// Bytes are left over behind the thing.
    #[error("{bytes} bytes are left over behind {what}")]
    Trailing {
        /// The thing that was read.
        what: &'static str,
        /// How many.
        bytes: u64,
    },
    /// The bytes are none of the thing that should be here.
    #[error("{what} is malformed: {why}")]
    Malformed {
        /// The thing that was read.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// A call with a tag that the negotiated version does not have.
    #[error("call {tag:#06x} is not part of version 1.{minor}, which was agreed on")]
    UnknownTag {
        /// The tag.
        tag: u16,
        /// The minor version that was agreed on.
        minor: u16,
    },
    /// The other side speaks another major version, or none in common.
    #[error(transparent)]
    Version(#[from] VersionMismatch),
    /// The value cannot be written at all: its type is not one for this wire (a map without a length, say).
    #[error("{what} cannot be encoded: {why}")]
    Unencodable {
        /// The thing that was written.
        what: &'static str,
        /// Why.
        why: String,
    },
}

impl WireError {
    /// The code with which a connection ends that brought such bytes.
    pub fn close_code(&self) -> CloseCode {
        match self {
            WireError::Oversized { .. } => CloseCode::OVERSIZED,
            WireError::Truncated { .. } => CloseCode::TRUNCATED,
            WireError::Trailing { .. } => CloseCode::TRAILING,
            WireError::Malformed { .. } => CloseCode::MALFORMED,
            WireError::UnknownTag { .. } => CloseCode::UNKNOWN_TAG,
            WireError::Version(_) => CloseCode::VERSION,
            // Our own value, never the peer's bytes: nobody's connection ends for it, but the code must say something.
            WireError::Unencodable { .. } => CloseCode::INTERNAL,
        }
    }

    pub(crate) fn malformed(what: &'static str, why: impl Into<String>) -> WireError {
        WireError::Malformed { what, why: why.into() }
    }
}

impl From<WireError> for Fault {
    /// How an asker is told, when the connection itself may live on.
    fn from(error: WireError) -> Fault {
        match error {
            WireError::Version(mismatch) => Fault::Version(mismatch.to_string()),
            WireError::UnknownTag { .. } => Fault::Version(error.to_string()),
            other => Fault::Malformed(other.to_string()),
        }
    }
}
