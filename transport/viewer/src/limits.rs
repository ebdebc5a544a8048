//! Every bound of the viewer, with its unit and its reason. Nothing here grows without one of these.

use std::time::Duration;

use actors_protocol::Millis;

/// How long a resolver, or an instance, may take to finish the handshake when nobody else is left to be asked. QUIC
/// repeats its first packet after 0.3, 0.9 and 2.1 s, so that a server which has just come back is still found.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long a resolver may take for the handshake, and for the answer, when there is another one to be asked; and how
/// long one attempt to resume may take. Five round trips over the slowest path that is any good.
pub const ATTEMPT_WITHIN: Duration = Duration::from_millis(1_500);
/// How long an answer may take over the time that the viewer asked to wait, over all resolvers and attempts.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long a goodbye may take: the slot would be free a resume window later anyway.
pub const GOODBYE_WITHIN: Duration = Duration::from_secs(1);
/// The longest wait for a slot that a resolver accepts.
pub const WAIT_MAX: Duration = Duration::from_secs(60);

/// First and longest pause between two attempts to reach the same place again.
pub const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// See [`BACKOFF_MIN`].
pub const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// How long a newer group waits for the rest of the older one, on a path without delay: a picture and a bit at 30 a
/// second, which covers reordering between streams. One round trip is added, for one retransmission.
pub const GRACE: Millis = Millis(40);
/// The grace is never longer than this: the server resets what is older.
pub const GRACE_MAX: Millis = Millis(300);

/// Units that wait for a predecessor: more than ten seconds at 30 pictures a second, and only a broken server gets there.
pub const UNITS_PENDING_MAX: usize = 512;
/// Bytes of units that wait for a predecessor, and bytes of units that are being received: each.
pub const PENDING_BYTES_MAX: usize = 32 << 20;
/// Resets that are remembered until their group is over. A server cannot have more streams open than the viewer permits;
/// forgetting one costs a grace, nothing else.
pub const LOST_MAX: usize = 512;

/// Pictures that wait for the application: two seconds at 30 a second.
pub const PICTURES_QUEUED_MAX: usize = 64;
/// Bytes of pictures that wait for the application: ten uncompressed pictures of 1920×1080.
pub const QUEUED_BYTES_MAX: usize = 32 << 20;
/// `Lost` and `Resumed` events that wait for the application; when there are more, the oldest pair is forgotten.
pub const NOTES_QUEUED_MAX: usize = 16;

/// Inputs that wait to be sent, while the connection is lost or slow.
pub const INPUTS_WAITING_MAX: usize = 256;
/// Inputs whose echo is awaited, to be measured. An older one is no longer measured.
pub const INPUTS_MEASURED_MAX: usize = 1_024;
/// Samples that a percentile is taken over: the last two minutes at 30 pictures a second. Older ones are forgotten, so
/// that a long session is described as it is now and a drift between two clocks does not add up.
pub const SAMPLES_MAX: usize = 4_096;

/// Notes that are remembered; older ones are forgotten.
pub const NOTES_MAX: usize = 64;
