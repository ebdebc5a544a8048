//! Every bound of the wire, with its unit and its reason. Both ends share them: what one may send, the other can read.

/// One control frame, without its length prefix. A zone report of a thousand pools is 100 kB; ten times that is plenty,
/// and a connection that is refused at this point has cost a mebibyte at most.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// What a decoded message may claim. bincode counts the memory of each number and string, not its bytes on the wire: the
/// worst honest case is a 128-bit number that is small, 1 byte on the wire and 16 in memory. So 16 frames is the bound
/// which never refuses what [`crate::encode`] wrote, and still stops a length that would allocate a terabyte.
pub const DECODED_BYTES_MAX: usize = 16 * FRAME_BYTES_MAX;

/// The first frame of a connection, from a peer of which nothing is known yet.
pub const HELLO_BYTES_MAX: usize = 512;

/// Words for people in a hello, a fault, or the end of a connection. Longer ones are cut.
pub const WORDS_BYTES_MAX: usize = 400;

/// An actor's path; the length has one byte in a call.
pub const PATH_BYTES_MAX: usize = actors_protocol::address::PATH_BYTES_MAX;

/// Calls of one connection that wait for their answer. More is overload, and is answered as such.
pub const CALLS_IN_FLIGHT_MAX: usize = 4_096;

/// Bytes that wait in the outbox of one connection: the answers to all calls in flight at a kilobyte each, or a few frames
/// of the greatest length.
pub const OUTBOX_BYTES_MAX: usize = 4 * FRAME_BYTES_MAX;

/// One access unit of media. A raw 1080p picture is 3.1 MB, a raw 1440p picture 5.5 MB.
pub const UNIT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Units of one group; the priority of a stream has 12 bits for it. At 30 pictures a second over two minutes.
pub const UNITS_PER_GROUP_MAX: u16 = 4_096;

/// One input event, encoded, without its length.
pub const INPUT_BYTES_MAX: usize = 64;

/// The text of one note: what has the focus, in a sentence or two. A longer one is cut.
pub const NOTE_BYTES_MAX: usize = 1_024;
