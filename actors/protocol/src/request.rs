//! What makes a type a message, and a set of messages a protocol.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A message's number on the wire. Appended, never renumbered, never reused.
pub type Tag = u16;

/// Anything an actor can be asked. A message that is not also a [`Request`] stays inside its node: it may carry a
/// connection or a buffer, and the compiler refuses to send it far.
pub trait Message: Send + Sized + 'static {
    /// What the asker gets. Refusals are values in here.
    type Reply: Send + 'static;
}

/// A message that may cross the network. Frozen once released.
pub trait Request: Message<Reply: Serialize + DeserializeOwned> + Serialize + DeserializeOwned {
    /// Its number on the wire.
    const TAG: Tag;
    /// The minor version of the wire that introduced it.
    const SINCE: u16;
    /// Its name, for people.
    const NAME: &'static str;
}

/// One row of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallInfo {
    /// The number on the wire.
    pub tag: Tag,
    /// The minor version that introduced it.
    pub since: u16,
    /// The name of the request type.
    pub name: &'static str,
}

/// The messages that one kind of actor understands.
pub trait Protocol: 'static {
    /// The word for this kind of actor.
    const NAME: &'static str;
    /// All calls, in the order they are declared.
    const CALLS: &'static [CallInfo];
}

/// `M` is part of the protocol. Written by [`actor_protocol!`](crate::actor_protocol) only.
pub trait Includes<M: Message>: Protocol {}

/// Declares the protocol of a kind of actor that is only spoken to inside its node: a word, and no calls.
#[macro_export]
macro_rules! inward_protocol {
    ($(#[$doc:meta])* $visibility:vis protocol $protocol:ident($word:literal)) => {
        $(#[$doc])*
        $visibility enum $protocol {}

        impl $crate::request::Protocol for $protocol {
            const NAME: &'static str = $word;
            const CALLS: &'static [$crate::request::CallInfo] = &[];
        }
    };
}

/// Declares a protocol: its calls with their tags, and for each the type of its reply.
///
/// `tag => Request -> Reply` declares a request here; `also Request` includes one that another protocol declared.
/// `since N` after the reply says that minor version N introduced it.
#[macro_export]
macro_rules! actor_protocol {
    (
        $(#[$doc:meta])*
        pub protocol $protocol:ident($word:literal) {
            $( $tag:literal => $request:ident -> $reply:ty $(, since $since:literal)? ;)*
            $( also $also:ident ;)*
        }
    ) => {
        $(#[$doc])*
        pub enum $protocol {}

        impl $crate::request::Protocol for $protocol {
            const NAME: &'static str = $word;
            const CALLS: &'static [$crate::request::CallInfo] = &[
                $( $crate::request::CallInfo {
                    tag: <$request as $crate::request::Request>::TAG,
                    since: <$request as $crate::request::Request>::SINCE,
                    name: <$request as $crate::request::Request>::NAME,
                }, )*
                $( $crate::request::CallInfo {
                    tag: <$also as $crate::request::Request>::TAG,
                    since: <$also as $crate::request::Request>::SINCE,
                    name: <$also as $crate::request::Request>::NAME,
                }, )*
            ];
        }

        $(
            impl $crate::request::Message for $request {
                type Reply = $reply;
            }
            impl $crate::request::Request for $request {
                const TAG: $crate::request::Tag = $tag;
                const SINCE: u16 = 0 $(+ $since)?;
                const NAME: &'static str = stringify!($request);
            }
            impl $crate::request::Includes<$request> for $protocol {}
        )*
        $( impl $crate::request::Includes<$also> for $protocol {} )*
    };
}
