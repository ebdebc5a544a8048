//! The times by which renditions are run. Owns: the defaults. Refuses: anything else.

use actors_protocol::Millis;

/// See each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Between two key pictures of an encoder, at least. Its first is not counted. 500 ms (design, section 6.4).
    pub key_gap: Millis,
    /// Between two key pictures of which the second is only for bringing equal sessions together. 2 s.
    pub merge_gap: Millis,
    /// A session is given a repeat when it has been given nothing for so long. 1 s (design, section 6.4).
    pub repeat_after: Millis,
    /// Between two pictures that are drawn for inputs, and between two repeats that acknowledge inputs. 8 ms.
    pub input_gap: Millis,
    /// How long a rendition without sessions is kept for whoever comes next. 500 ms.
    pub linger: Millis,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            key_gap: Millis(500),
            merge_gap: Millis(2_000),
            repeat_after: Millis(1_000),
            input_gap: Millis(8),
            linger: Millis(500),
        }
    }
}
