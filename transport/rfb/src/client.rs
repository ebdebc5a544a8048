//! What an RFB client sends after the handshake (RFC 6143, section 7.5), read from bytes as they come.
//!
//! ```text
//!   0 SetPixelFormat            1 + 3 padding + 16
//!   2 SetEncodings              1 + 1 padding + 2 count + 4 each
//!   3 FramebufferUpdateRequest  1 + 1 incremental + 2 x + 2 y + 2 width + 2 height
//!   4 KeyEvent                  1 + 1 down + 2 padding + 4 keysym
//!   5 PointerEvent              1 + 1 mask + 2 x + 2 y
//!   6 ClientCutText             1 + 3 padding + 4 length + text
//! ```
//!
//! Owns: the layout and its limits. Refuses: to keep what is of no use here: only keys and pointers come out.

use actors_protocol::input::InputEvent;

/// The longest clipboard that is skipped; a client that sends more is not one of ours.
pub const CUT_TEXT_MAX: u32 = 1 << 20;

/// What came, of what is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// A key went down or up.
    Key {
        /// X11 keysym.
        keysym: u32,
        /// Down, or up.
        down: bool,
    },
    /// The pointer is there, and these buttons are down.
    Pointer {
        /// Bit n is button n + 1.
        mask: u8,
        /// Pixels from the left.
        x: u16,
        /// Pixels from the top.
        y: u16,
    },
}

/// Bytes that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// No message begins like this.
    #[error(
        "byte {offset} is {byte}, which begins no RFB message; a client sends 0 and 2 to 6 (RFC 6143, section 7.5)"
    )]
    UnknownMessage {
        /// The byte.
        byte: u8,
        /// Its place in all that was read.
        offset: u64,
    },
    /// A clipboard beyond the limit.
    #[error("the clipboard announced at byte {offset} has {length} bytes; the most is {CUT_TEXT_MAX}")]
    CutTextTooLong {
        /// As announced.
        length: u32,
        /// Where its message begins.
        offset: u64,
    },
}

/// The longest message whose bytes are looked at: SetPixelFormat.
const MESSAGE_BYTES: usize = 20;

/// Reads messages from bytes in pieces of any size. Keeps no more than one message's beginning, whatever comes.
#[derive(Debug, Default)]
pub struct ClientReader {
    pending: Vec<u8>,
    /// Bytes of a long message that are still to be passed over.
    skip: u64,
    /// Bytes before `pending`.
    offset: u64,
    failed: Option<ClientError>,
}

impl ClientReader {
    /// At the beginning of a message.
    pub fn new() -> ClientReader {
        ClientReader::default()
    }

    /// More bytes. Call [`next`](ClientReader::next) until there is nothing before pushing again.
    pub fn push(&mut self, mut bytes: &[u8]) {
        if self.pending.is_empty() {
            let skipped = self.skip.min(bytes.len() as u64);
            self.skip -= skipped;
            self.offset += skipped;
            // The minimum with a length is a length.
            bytes = &bytes[skipped as usize..];
        }
        self.pending.extend_from_slice(bytes);
    }

    /// The next key or pointer, if it is complete. An error is for good: there is no way back into the stream.
    #[expect(clippy::should_implement_trait, reason = "none means not yet, and more bytes make it some again")]
    pub fn next(&mut self) -> Result<Option<ClientMessage>, ClientError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        loop {
            let Some(kind) = self.pending.first().copied() else { return Ok(None) };
            let Some((message, length)) = self.parse(kind).inspect_err(|error| self.failed = Some(*error))? else {
                return Ok(None);
            };
            let here = length.min(self.pending.len() as u64);
            // The minimum with a length is a length.
            self.pending.drain(..here as usize);
            self.offset += here;
            self.skip = length - here;
            if message.is_some() {
                return Ok(message);
            }
        }
    }

    /// The message at the front: what it says, if that is of use, and its length. None if it is not all there; of a long
    /// one that is of no use the beginning suffices.
    fn parse(&self, kind: u8) -> Result<Option<(Option<ClientMessage>, u64)>, ClientError> {
        let two = |at: usize| Some(u16::from_be_bytes([*self.pending.get(at)?, *self.pending.get(at + 1)?]));
        let four = |at: usize| Some(u32::from(two(at)?) << 16 | u32::from(two(at + 2)?));
        let offset = self.offset;
        let found = match kind {
            0 => self.whole(MESSAGE_BYTES).map(|length| (None, length)),
            2 => two(2).map(|count| (None, 4 + 4 * u64::from(count))),
            3 => self.whole(10).map(|length| (None, length)),
            4 => self.whole(8).zip(four(4)).map(|(length, keysym)| {
                let down = self.pending[1] != 0;
                (Some(ClientMessage::Key { keysym, down }), length)
            }),
            5 => self.whole(6).zip(two(2).zip(two(4))).map(|(length, (x, y))| {
                let mask = self.pending[1];
                (Some(ClientMessage::Pointer { mask, x, y }), length)
            }),
            6 => match four(4) {
                Some(length) if length > CUT_TEXT_MAX => return Err(ClientError::CutTextTooLong { length, offset }),
                length => length.map(|length| (None, 8 + u64::from(length))),
            },
            byte => return Err(ClientError::UnknownMessage { byte, offset }),
        };
        Ok(found)
    }

    fn whole(&self, length: usize) -> Option<u64> {
        (self.pending.len() >= length).then_some(length as u64)
    }
}

/// What a client's pointer does, as single inputs: where it is, and the buttons that have changed.
#[derive(Clone, Copy, Debug)]
pub struct Pointer {
    width: u16,
    height: u16,
    mask: u8,
}

impl Pointer {
    /// For a picture of this size in pixels; no button is down.
    pub fn new(width: u16, height: u16) -> Pointer {
        Pointer { width: width.max(1), height: height.max(1), mask: 0 }
    }

    /// The inputs that a message stands for, in order: motion first, so that a button goes down where the pointer is.
    pub fn events(&mut self, message: &ClientMessage) -> impl Iterator<Item = InputEvent> + use<> {
        let (first, changed, mask) = match *message {
            ClientMessage::Key { keysym, down } => (InputEvent::Key { keysym, down }, 0, 0),
            ClientMessage::Pointer { mask, x, y } => {
                let changed = self.mask ^ mask;
                self.mask = mask;
                (InputEvent::Pointer { x: share(x, self.width), y: share(y, self.height) }, changed, mask)
            }
        };
        let buttons = (0..8u8).filter(move |bit| changed >> bit & 1 == 1);
        let button = move |bit: u8| InputEvent::Button { button: bit + 1, down: mask >> bit & 1 == 1 };
        core::iter::once(first).chain(buttons.map(button))
    }
}

/// The middle of a pixel, in 1/65536 of the side. Beyond the edge is the edge.
fn share(pixel: u16, side: u16) -> u16 {
    let middle = (u32::from(pixel.min(side - 1)) * 2 + 1) * 0x8000 / u32::from(side);
    u16::try_from(middle).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RIGHT: [u8; 8] = [4, 1, 0, 0, 0, 0, 0xff, 0x53];
    const CLICK: [u8; 6] = [5, 1, 0x01, 0x40, 0x00, 0xb4];

    fn all(reader: &mut ClientReader) -> Result<Vec<ClientMessage>, ClientError> {
        let mut messages = Vec::new();
        while let Some(message) = reader.next()? {
            messages.push(message);
        }
        Ok(messages)
    }

    fn everything() -> Vec<u8> {
        let mut bytes = vec![0; 20];
        bytes.extend([2, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 16]);
        bytes.extend([3, 1, 0, 0, 0, 0, 2, 128, 1, 104]);
        bytes.extend(RIGHT);
        bytes.extend([6, 0, 0, 0, 0, 0, 0, 3, 4, 5, 6]);
        bytes.extend(CLICK);
        bytes
    }

    #[test]
    fn keys_and_pointers_come_out_of_everything_a_client_may_send() {
        let mut reader = ClientReader::new();
        reader.push(&everything());
        let right = ClientMessage::Key { keysym: 0xff53, down: true };
        let click = ClientMessage::Pointer { mask: 1, x: 320, y: 180 };
        assert_eq!(all(&mut reader), Ok(vec![right, click]));
    }

    #[test]
    fn a_byte_that_begins_nothing_is_named_with_its_place_and_is_the_end() {
        let mut reader = ClientReader::new();
        reader.push(&RIGHT);
        reader.push(b"GET / HTTP/1.1");
        assert!(reader.next().expect("a key").is_some());
        let error = reader.next().expect_err("no message");
        assert_eq!(error, ClientError::UnknownMessage { byte: b'G', offset: 8 });
        reader.push(&RIGHT);
        assert_eq!(reader.next(), Err(error), "there is no way back");
        assert!(error.to_string().contains("byte 8 is 71"), "{error}");
    }

    #[test]
    fn a_clipboard_is_passed_over_and_one_without_end_is_refused() {
        let mut reader = ClientReader::new();
        reader.push(&[6, 0, 0, 0, 0, 16, 0, 0]);
        assert_eq!(reader.next(), Ok(None));
        for _ in 0..1_024 {
            reader.push(&[4; 1_024]);
            assert_eq!(reader.next(), Ok(None));
            assert!(reader.pending.is_empty(), "nothing of it is kept");
        }
        reader.push(&RIGHT);
        assert!(reader.next().expect("a key").is_some());
        reader.push(&[6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(reader.next(), Err(ClientError::CutTextTooLong { length: u32::MAX, offset: 1_048_592 }));
    }

    #[test]
    fn a_mask_becomes_motion_and_the_buttons_that_changed() {
        let mut pointer = Pointer::new(640, 360);
        let events = |pointer: &mut Pointer, mask, x, y| -> Vec<_> {
            pointer.events(&ClientMessage::Pointer { mask, x, y }).collect()
        };
        let down = |button| InputEvent::Button { button, down: true };
        let up = |button| InputEvent::Button { button, down: false };
        let motion = |x, y| InputEvent::Pointer { x, y };
        assert_eq!(events(&mut pointer, 1, 0, 0), [motion(51, 91), down(1)]);
        assert_eq!(events(&mut pointer, 1, 320, 180), [motion(32_819, 32_859)]);
        assert_eq!(events(&mut pointer, 0b1_0100, 9_999, 9_999), [motion(65_484, 65_444), up(1), down(3), down(5)]);
        let key = ClientMessage::Key { keysym: 0x61, down: false };
        assert_eq!(pointer.events(&key).collect::<Vec<_>>(), [InputEvent::Key { keysym: 0x61, down: false }]);
    }

    /// A message as a client writes it, and what is to come out of it.
    fn sent() -> impl Strategy<Value = (Vec<u8>, Option<ClientMessage>)> {
        let formats = any::<[u8; 19]>().prop_map(|rest| [&[0], &rest[..]].concat());
        let encodings = prop::collection::vec(any::<[u8; 4]>(), 0..20)
            .prop_map(|list| [&[2, 9][..], &(list.len() as u16).to_be_bytes(), &list.concat()].concat());
        let requests = any::<[u8; 9]>().prop_map(|rest| [&[3], &rest[..]].concat());
        let texts = prop::collection::vec(any::<u8>(), 0..60)
            .prop_map(|text| [&[6, 9, 9, 9][..], &(text.len() as u32).to_be_bytes(), &text].concat());
        let keys = (any::<u32>(), any::<bool>()).prop_map(|(keysym, down)| {
            let bytes = [&[4, down.into(), 9, 9][..], &keysym.to_be_bytes()].concat();
            (bytes, Some(ClientMessage::Key { keysym, down }))
        });
        let pointers = any::<(u8, u16, u16)>().prop_map(|(mask, x, y)| {
            let bytes = [&[5, mask][..], &x.to_be_bytes(), &y.to_be_bytes()].concat();
            (bytes, Some(ClientMessage::Pointer { mask, x, y }))
        });
        let skipped = prop_oneof![formats, encodings, requests, texts].prop_map(|bytes| (bytes, None));
        prop_oneof![skipped, keys, pointers]
    }

    proptest! {
        #[test]
        fn buttons_are_down_as_the_last_mask_says(masks in prop::collection::vec(any::<u8>(), 1..20), x in any::<u16>()) {
            let (mut pointer, mut down) = (Pointer::new(640, 360), 0_u8);
            for mask in masks {
                let events: Vec<_> = pointer.events(&ClientMessage::Pointer { mask, x, y: 9 }).collect();
                prop_assert!(matches!(events[0], InputEvent::Pointer { .. }), "motion first: {events:?}");
                prop_assert_eq!(events.len() as u32, 1 + (mask ^ down).count_ones(), "nothing is said twice");
                for event in &events[1..] {
                    let InputEvent::Button { button, down: pressed } = *event else { panic!("{event:?}") };
                    let bit = 1 << (button - 1);
                    down = if pressed { down | bit } else { down & !bit };
                }
                prop_assert_eq!(down, mask);
            }
        }

        #[test]
        fn any_split_gives_the_same(
            sent in prop::collection::vec(sent(), 0..12),
            splits in prop::collection::vec(1usize..9, 1..80),
        ) {
            let bytes: Vec<u8> = sent.iter().flat_map(|(bytes, _)| bytes).copied().collect();
            let wanted: Vec<_> = sent.iter().filter_map(|(_, message)| *message).collect();
            let (mut reader, mut found, mut rest) = (ClientReader::new(), Vec::new(), &bytes[..]);
            for split in splits.into_iter().chain(core::iter::repeat(7)) {
                let (now, later) = rest.split_at(split.min(rest.len()));
                reader.push(now);
                found.extend(all(&mut reader).expect("good bytes"));
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(found, wanted);
            prop_assert!(reader.pending.is_empty() && reader.skip == 0, "nothing is left of it");
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_little_is_kept(bytes in prop::collection::vec(any::<u8>(), 0..2_000), piece in 1usize..100) {
            let mut reader = ClientReader::new();
            for piece in bytes.chunks(piece) {
                reader.push(piece);
                if all(&mut reader).is_err() {
                    break;
                }
                prop_assert!(reader.pending.len() < MESSAGE_BYTES);
            }
        }
    }
}
