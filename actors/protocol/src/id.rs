//! Identifiers that are numbers: who asked, which life of an actor, which session, which secret.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! secret128 {
    ($(#[$doc:meta])* $type:ident, $shown:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $type(pub u128);

        impl fmt::Debug for $type {
            /// Never shows the secret: whoever reads a log must not be able to use it.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($shown)
            }
        }
    };
}

secret128!(
    /// The right to turn one reserved slot into a session, once. 128 random bits that only the factory's core knows.
    Ticket, "Ticket(..)"
);
secret128!(
    /// The right of a viewer that lost its connection to go on with its session.
    ResumeToken, "ResumeToken(..)"
);

/// A request's identity, chosen at random by who asks; a repeat of it gets the same answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u128);

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({:08x}…)", self.0 >> 96)
    }
}

impl fmt::Display for RequestId {
    /// As people and stores have it: 32 hexadecimal digits in lower case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// It is not 32 hexadecimal digits in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRequestId;

impl FromStr for RequestId {
    type Err = NoRequestId;

    /// Reads what `Display` writes, and nothing else: an id has one form.
    fn from_str(text: &str) -> Result<RequestId, NoRequestId> {
        let digits = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = digits.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(RequestId).ok_or(NoRequestId)
    }
}

/// One life of an actor (or of a node). A later life has a larger number; 0 in an address means "whichever lives".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Incarnation(pub u64);

impl Incarnation {
    /// "Whichever lives": matches every incarnation.
    pub const ANY: Incarnation = Incarnation(0);

    /// Does an address that asks for `self` reach an actor whose life is `living`?
    pub fn reaches(self, living: Incarnation) -> bool {
        self == Incarnation::ANY || self == living
    }
}

/// A session, unique in its instance for the life of the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u64);

/// A viewer's Ed25519 public key (RFC 8032). A viewer makes one per open; the ticket is bound to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ViewerKey(pub [u8; 32]);

impl fmt::Debug for ViewerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ViewerKey({:02x}{:02x}{:02x}{:02x}…)", self.0[0], self.0[1], self.0[2], self.0[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_has_one_form() {
        let id = RequestId(0xab);
        assert_eq!(id.to_string(), "000000000000000000000000000000ab");
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "ab", "000000000000000000000000000000AB", "+00000000000000000000000000000ab"] {
            assert_eq!(text.parse::<RequestId>(), Err(NoRequestId), "{text}");
        }
    }
}
