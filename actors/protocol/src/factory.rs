//! The factory of an instance: the one owner of its slots. Spoken by `instance/NAME`.

use serde::{Deserialize, Serialize};

use crate::gateway::{Released, Reserve};
use crate::slot::SlotCounts;
use crate::{
    Locator, Millis, RequestId, ResumeToken, ServiceName, SessionId, SlotId, Ticket, ViewerKey, actor_protocol,
};

actor_protocol! {
    /// What a factory is asked. Path: `instance/NAME`.
    pub protocol Factory("factory") {
        0x0601 => ReserveSlot -> SlotReservation;
        0x0602 => ReleaseSlot -> Released;
        0x0603 => Redeem -> Redemption;
        0x0604 => Resume -> Redemption;
        0x0605 => Goodbye -> Farewell;
        0x0606 => DrainInstance -> DrainState;
        0x0607 => ResizeInstance -> Resizing;
    }
}

/// A gateway passes a viewer's [`Reserve`] on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReserveSlot(pub Reserve);

/// The answer to [`ReserveSlot`]. Frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SlotReservation {
    /// A slot is held.
    Granted {
        /// The secret.
        ticket: Ticket,
        /// The slot.
        slot: SlotId,
        /// Where to redeem.
        locator: Locator,
        /// The lease lapses after this time.
        hold: Millis,
    },
    /// No slot is free, or the service is at its cap.
    Full(SlotCounts),
    /// The instance does not offer the service.
    NotOffered,
    /// The instance drains.
    Draining,
    /// The viewer, or its address, has too many unredeemed tickets.
    TooManyLeases {
        /// The bound that was met.
        limit: u32,
    },
}

/// Give back a slot that was reserved and not redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseSlot {
    /// The request it was reserved with.
    pub request: RequestId,
}

/// A viewer turns its reserved slot into a session on this connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redeem {
    /// The secret.
    pub ticket: Ticket,
    /// The key that the ticket is bound to.
    pub viewer: ViewerKey,
    /// Ed25519 signature of that key over the TLS exporter of this connection, 64 bytes.
    pub proof: Vec<u8>,
}

/// A viewer that lost its connection goes on with its session on this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The secret.
    pub token: ResumeToken,
    /// The key that the session is bound to.
    pub viewer: ViewerKey,
    /// As in [`Redeem::proof`].
    pub proof: Vec<u8>,
}

/// The answer to [`Redeem`] and [`Resume`]. Frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Redemption {
    /// The session runs; pictures come on streams of their own.
    Opened(Opened),
    /// No such ticket or token was ever given out by this life of the instance.
    Forged,
    /// The lease has lapsed, or the window for resuming is over.
    Expired,
    /// The ticket was redeemed before.
    Reused,
    /// The viewer's key, or the signature, is not the one the ticket is bound to.
    WrongKey,
    /// The slot, or the instance, is being drained.
    Draining,
}

/// An open session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Its number.
    pub session: SessionId,
    /// The service.
    pub service: ServiceName,
    /// The slot.
    pub slot: SlotId,
    /// The secret for [`Resume`].
    pub resume: ResumeToken,
    /// How long a lost connection may stay lost.
    pub resume_window: Millis,
    /// The pictures' codec: `h264` or `i420`.
    pub codec: String,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// Pictures per thousand seconds.
    pub rate_millihertz: u32,
}

/// The viewer leaves; its slot is free for a successor at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goodbye {
    /// Which session; only the connection that holds it may end it.
    pub session: SessionId,
}

/// The answer to [`Goodbye`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Farewell {
    /// Ended.
    Ended,
    /// This connection holds no such session.
    NotYours,
}

/// No new sessions; those that run may go on until the deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainInstance {
    /// How long running sessions may go on; zero = end them now.
    pub deadline: Millis,
    /// Take the drain back instead.
    pub cancel: bool,
}

/// The answer to [`DrainInstance`]: how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainState {
    /// Is the instance draining?
    pub draining: bool,
    /// Sessions that still run.
    pub sessions: u32,
    /// The five states.
    pub counts: SlotCounts,
}

/// Another number of slots, for the present life of the factory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResizeInstance {
    /// How many slots there are to be; none = change nothing, tell how far it is.
    pub slots: Option<u32>,
    /// When leases and sessions beyond that number are ended; none = each ends by itself.
    pub deadline: Option<Millis>,
}

/// The answer to [`ResizeInstance`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resizing {
    /// The number holds.
    Sized(SizeState),
    /// It cannot be.
    Refused {
        /// Why, with the remedy.
        cause: String,
    },
}

/// How many slots an instance is to have, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeState {
    /// How many there were to be before this call.
    pub from: u32,
    /// How many there are to be.
    pub to: u32,
    /// Slots that this call has told to end.
    pub ended: u32,
    /// Leases and sessions that go on beyond the number; their slots are not replaced.
    pub surplus: u32,
    /// The five states.
    pub counts: SlotCounts,
    /// Why free slots are withdrawn, so that nothing warms; none when they are not.
    pub note: Option<String>,
}
