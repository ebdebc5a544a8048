//! The codes with which connections and streams end. They are part of the wire: appended, never renumbered.

use core::fmt;

macro_rules! codes {
    (
        $(#[$doc:meta])* $type:ident;
        $( $(#[$code_doc:meta])* $code:ident = $number:literal, $name:literal, $words:literal; )*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(pub u32);

        impl $type {
            $( $(#[$code_doc])* pub const $code: $type = $type($number); )*

            /// Every code this version knows, in the order of the numbers.
            pub const ALL: &'static [$type] = &[$( $type::$code ),*];

            /// Its name, for logs and `--json`; `unknown` for a code of a later version.
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $( $number => $name, )*
                    _ => "unknown",
                }
            }

            /// What it means, for people: the end of a sentence that begins with "ended:".
            pub const fn words(self) -> &'static str {
                match self.0 {
                    $( $number => $words, )*
                    _ => "with a code that this version does not know",
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} ({}: {})", self.name(), self.0, self.words())
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", self.name(), self.0)
            }
        }
    };
}

codes! {
    /// Why a connection ended: the application code of QUIC's CONNECTION_CLOSE (RFC 9000 §19.19).
    CloseCode;
    /// What QUIC itself sends when a program lets go of a connection.
    DROPPED = 0, "dropped", "the other program let go of the connection";
    /// The viewer, or the node, is done.
    GOODBYE = 1, "goodbye", "the other side said goodbye";
    /// The instance or the node has been drained.
    DRAINED = 2, "drained", "the other side has been drained";
    /// The actor of the viewer's slot has ended.
    KILLED = 3, "killed", "the actor behind the session has ended";
    /// The session goes on over another connection.
    REPLACED = 4, "replaced", "the session goes on over another connection";
    /// The process stops.
    SHUTDOWN = 5, "shutdown", "the other side is shutting down";
    /// Nothing was done on the connection for too long.
    IDLE = 6, "idle", "the connection was not used";
    /// See [`WireError::Oversized`](crate::WireError::Oversized).
    OVERSIZED = 16, "oversized", "a frame or a message was over its limit";
    /// See [`WireError::Truncated`](crate::WireError::Truncated).
    TRUNCATED = 17, "truncated", "a frame or a message ended early";
    /// See [`WireError::Trailing`](crate::WireError::Trailing).
    TRAILING = 18, "trailing", "bytes were left over behind a message";
    /// See [`WireError::Malformed`](crate::WireError::Malformed).
    MALFORMED = 19, "malformed", "a frame or a message was malformed";
    /// See [`WireError::UnknownTag`](crate::WireError::UnknownTag).
    UNKNOWN_TAG = 20, "unknown-tag", "a call was not part of the agreed version";
    /// No version in common.
    VERSION = 21, "version", "the two sides have no version in common";
    /// The peer is on the deny list, or its certificate says too little or is of another domain.
    DENIED = 32, "denied", "the other side refuses this node";
    /// Too many connections, calls or bytes.
    OVERLOADED = 33, "overloaded", "the other side is overloaded";
    /// The peer reads more slowly than it is owed.
    TOO_SLOW = 34, "too-slow", "this side did not read what it was sent";
    /// A peer did something that the protocol does not provide for: a stream of the wrong kind, a second control stream.
    PROTOCOL = 35, "protocol", "a stream was opened that the protocol does not provide for";
    /// A fault of the side that closes.
    INTERNAL = 36, "internal", "the other side has met a fault of its own";
}

codes! {
    /// Why one stream was reset or stopped, while its connection lives on (RFC 9000 §19.4, §19.5).
    StreamCode;
    /// QUIC's own, when a program lets go of a stream.
    DROPPED = 0, "dropped", "the other program let go of the stream";
    /// The media unit is past its deadline.
    LATE = 1, "late", "the picture was late";
    /// The session is over.
    ENDED = 2, "ended", "the session is over";
    /// The first byte of the stream is no kind that this side takes.
    UNKNOWN_KIND = 3, "unknown-kind", "the stream is of a kind that this side does not take";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_have_names_of_their_own() {
        let names: BTreeSet<_> = CloseCode::ALL.iter().map(|code| code.name()).collect();
        let numbers: BTreeSet<_> = CloseCode::ALL.iter().collect();
        assert_eq!((names.len(), numbers.len()), (CloseCode::ALL.len(), CloseCode::ALL.len()));
        assert!(!names.contains("unknown"));
    }

    #[test]
    fn a_code_of_a_later_version_can_be_shown() {
        assert_eq!(CloseCode(4_711).to_string(), "unknown (4711: with a code that this version does not know)");
        assert_eq!(CloseCode::DENIED.to_string(), "denied (32: the other side refuses this node)");
    }
}
