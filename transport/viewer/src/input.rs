//! Inputs on their way out: numbered, in order, bounded.
//!
//! Owns: the numbers, what waits to be sent, and which road an input takes. Refuses: to send one twice; what was on its
//! way when a connection broke may have been applied, so it is not sent again.
//!
//! Keys and buttons take the ordered stream. Pointer motion takes datagrams: a lost one is made good by the next. A button
//! must not be applied where the pointer no longer is, so it is preceded on the stream by the last position that went by
//! datagram.

use std::collections::VecDeque;

use actors_protocol::input::{Input, InputEvent};
use bytes::{BufMut, Bytes, BytesMut};
use transport_wire::{StreamKind, WireError};

use crate::error::InputError;
use crate::limits::INPUTS_WAITING_MAX;

/// Something to be sent now.
#[derive(Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// On the ordered stream.
    Stream(Bytes),
    /// As a datagram. If that is impossible, [`Outgoing::also_on_stream`] says what to write instead.
    Datagram(Input),
}

/// The inputs of one session.
#[derive(Debug, Default)]
pub struct Inputs {
    last: u32,
    /// Each with: must it be on the stream?
    waiting: VecDeque<(Input, bool)>,
    /// The pointer's position, if the last one went by datagram.
    unsure: Option<InputEvent>,
}

impl Inputs {
    /// Takes an input and gives it its number.
    pub fn push(&mut self, event: InputEvent) -> Result<u32, InputError> {
        if let InputEvent::Pointer { .. } = event {
            // What has not been sent yet is overtaken by the newer position.
            if let Some((Input { event: InputEvent::Pointer { .. }, .. }, false)) = self.waiting.back() {
                self.waiting.pop_back();
            }
            self.unsure = Some(event);
            return self.append(event, false);
        }
        if let (InputEvent::Button { .. }, Some(position)) = (event, self.unsure) {
            if self.waiting.len() + 2 > INPUTS_WAITING_MAX {
                return Err(InputError::Full);
            }
            self.append(position, true)?;
            self.unsure = None;
        }
        self.append(event, true)
    }

    fn append(&mut self, event: InputEvent, ordered: bool) -> Result<u32, InputError> {
        if self.waiting.len() >= INPUTS_WAITING_MAX {
            return Err(InputError::Full);
        }
        self.last = self.last.checked_add(1).ok_or(InputError::Full)?;
        self.waiting.push_back((Input { number: self.last, event }, ordered));
        Ok(self.last)
    }

    /// What is to be sent next; all that may go into one write together. It counts as sent.
    pub fn next(&mut self) -> Result<Option<Outgoing>, WireError> {
        if let Some((input, _)) = self.waiting.pop_front_if(|(_, ordered)| !*ordered) {
            return Ok(Some(Outgoing::Datagram(input)));
        }
        let mut out = BytesMut::new();
        while let Some((input, _)) = self.waiting.pop_front_if(|(_, ordered)| *ordered) {
            transport_wire::input::write(&mut out, &input)?;
        }
        Ok((!out.is_empty()).then(|| Outgoing::Stream(out.freeze())))
    }
}

impl Outgoing {
    /// A datagram's input as bytes for the stream.
    pub fn also_on_stream(input: &Input) -> Result<Bytes, WireError> {
        let mut out = BytesMut::new();
        transport_wire::input::write(&mut out, input)?;
        Ok(out.freeze())
    }

    /// What the stream begins with.
    pub fn stream_head() -> Bytes {
        let mut head = BytesMut::with_capacity(1);
        head.put_u8(StreamKind::Input as u8);
        head.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transport_wire::input::InputReader;

    const KEY: InputEvent = InputEvent::Key { keysym: 0xff53, down: true };
    const CLICK: InputEvent = InputEvent::Button { button: 1, down: true };

    fn pointer(x: u16) -> InputEvent {
        InputEvent::Pointer { x, y: 7 }
    }

    fn sent(inputs: &mut Inputs) -> Vec<(bool, Input)> {
        let mut all = Vec::new();
        while let Some(outgoing) = inputs.next().expect("small") {
            match outgoing {
                Outgoing::Datagram(input) => all.push((false, input)),
                Outgoing::Stream(bytes) => {
                    let mut reader = InputReader::new();
                    reader.push(&bytes);
                    while let Some(input) = reader.next().expect("well formed") {
                        all.push((true, input));
                    }
                }
            }
        }
        all
    }

    #[test]
    fn a_button_is_pressed_where_the_pointer_is() {
        let mut inputs = Inputs::default();
        assert_eq!(inputs.push(KEY), Ok(1));
        assert_eq!(inputs.push(pointer(10)), Ok(2));
        assert_eq!(
            sent(&mut inputs),
            [(true, Input { number: 1, event: KEY }), (false, Input { number: 2, event: pointer(10) })]
        );
        assert_eq!(inputs.push(CLICK), Ok(4));
        assert_eq!(inputs.push(CLICK), Ok(5), "the position is sent once");
        let numbers: Vec<_> = sent(&mut inputs).iter().map(|(ordered, input)| (*ordered, input.number)).collect();
        assert_eq!(numbers, [(true, 3), (true, 4), (true, 5)]);
    }

    #[test]
    fn motion_that_waits_is_overtaken_and_the_rest_is_bounded() {
        let mut inputs = Inputs::default();
        for x in 0..1_000 {
            inputs.push(pointer(x)).expect("the newest replaces the one before");
        }
        assert_eq!(sent(&mut inputs), [(false, Input { number: 1_000, event: pointer(999) })]);

        let mut inputs = Inputs::default();
        let taken = (0..1_000).filter(|_| inputs.push(KEY).is_ok()).count();
        assert_eq!(taken, INPUTS_WAITING_MAX);
        assert_eq!(inputs.push(KEY), Err(InputError::Full));
        assert_eq!(sent(&mut inputs).len(), INPUTS_WAITING_MAX);
        assert_eq!(inputs.push(KEY), Ok(INPUTS_WAITING_MAX as u32 + 1), "a refused input has no number");
    }
}
