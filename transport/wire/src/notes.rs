//! Notes on the wire: what has the focus, in words, for tests and for people who cannot see it.
//!
//! ```text
//! offset in the stream
//! 0   kind = 3    u8
//! then, one note after the other:
//! 0   length      u16   bytes of the text
//! 2   picture     u64   the first picture of the session that shows what the text says
//! 10  text …            UTF-8
//! ```
//!
//! Numbers are big-endian. One unidirectional stream per connection carries them, from the server to the viewer. A service
//! that has nothing to say opens none, and a viewer of before there were notes stops the stream with
//! [`StreamCode::UNKNOWN_KIND`](crate::StreamCode::UNKNOWN_KIND): so they need no version of their own.
//!
//! Owns: this layout. Refuses: to order notes or to say which one is in force; the numbers in them tell.

use bytes::{Buf, BufMut, BytesMut};

use crate::WireError;
use crate::limits::NOTE_BYTES_MAX;

const LENGTH_BYTES: usize = 2;
const HEAD_BYTES: usize = LENGTH_BYTES + 8;
const WHAT: &str = "a note";

/// What has the focus from one picture on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The number in the session of the first picture that shows it.
    pub picture: u64,
    /// In words.
    pub text: String,
}

/// Appends one note to what is to be sent on the notes stream; a text over [`NOTE_BYTES_MAX`] is cut. The kind of the stream
/// is the opener's to write.
pub fn write(out: &mut BytesMut, picture: u64, text: &str) {
    let text = &text[..text.floor_char_boundary(NOTE_BYTES_MAX)];
    out.put_u16(text.len() as u16); // at most 1,024
    out.put_u64(picture);
    out.put_slice(text.as_bytes());
}

/// Cuts the notes stream into notes. Feed it what follows the kind of the stream.
#[derive(Debug, Default)]
pub struct NotesReader {
    buffer: BytesMut,
}

impl NotesReader {
    /// An empty reader.
    pub fn new() -> NotesReader {
        NotesReader::default()
    }

    /// Takes in what has come. Call [`NotesReader::next`] until it says `None` before the next push.
    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The next note, or `None` when more bytes are needed. After an error the stream is of no more use.
    #[allow(clippy::should_implement_trait)] // an iterator would end at the first None; this goes on after the next push
    pub fn next(&mut self) -> Result<Option<Note>, WireError> {
        let Some(length) = self.buffer.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes(*length));
        if length > NOTE_BYTES_MAX {
            return Err(WireError::Oversized { what: WHAT, bytes: length as u64, limit: NOTE_BYTES_MAX as u64 });
        }
        if self.buffer.len() < HEAD_BYTES + length {
            return Ok(None);
        }
        self.buffer.advance(LENGTH_BYTES);
        let picture = self.buffer.get_u64();
        let text = String::from_utf8(self.buffer.split_to(length).to_vec())
            .map_err(|error| WireError::malformed(WHAT, format!("it is no UTF-8: {}", error.utf8_error())))?;
        Ok(Some(Note { picture, text }))
    }

    /// The stream has ended: was it between two notes?
    pub fn finish(&self) -> Result<(), WireError> {
        let Some(length) = self.buffer.first_chunk::<LENGTH_BYTES>() else {
            let missing = if self.buffer.is_empty() { return Ok(()) } else { HEAD_BYTES - self.buffer.len() };
            return Err(WireError::Truncated { what: WHAT, missing: missing as u64 });
        };
        let whole = HEAD_BYTES + usize::from(u16::from_be_bytes(*length));
        Err(WireError::Truncated { what: WHAT, missing: whole.saturating_sub(self.buffer.len()) as u64 })
    }
}
