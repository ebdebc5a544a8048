//! `echo`: a session without any media library, for load and for tests. Raw pictures of 64×36, one a second, and one at once
//! for each input.
//!
//! What a picture shows tells what it is: a bar whose column is the picture's number, on a ground whose brightness is the
//! last key.
//!
//! Owns: the picture and its pace. Refuses: sessions (`media/session`).

use actors_protocol::Millis;
use actors_protocol::input::InputEvent;
use bytes::Bytes;
use media_share::{Codec, Format, Picture, Playback, PlaybackState, Program};

/// Pixels.
pub const WIDTH: u16 = 64;
/// Pixels.
pub const HEIGHT: u16 = 36;
/// Bytes of a picture: Y, and U and V at a quarter each.
pub const PICTURE_BYTES: usize = WIDTH as usize * HEIGHT as usize * 3 / 2;
/// A picture comes at least this often: a sign of life.
const EVERY: Millis = Millis::from_secs(1);
/// The brightness of the bar; the ground stays below it.
const BAR: u8 = 235;

/// The program; its sessions share nothing.
pub struct EchoProgram;

impl Program for EchoProgram {
    fn format(&self) -> Format {
        Format { codec: Codec::I420, width: WIDTH, height: HEIGHT, rate_millihertz: 1_000 }
    }

    fn open(&self, now: Millis) -> Box<dyn Playback> {
        Box::new(EchoPlayback { opened: now, due: now, changed: true, key: 0, state: PlaybackState::default() })
    }
}

struct EchoPlayback {
    opened: Millis,
    /// When the next sign of life is due.
    due: Millis,
    /// An input has come since the last picture.
    changed: bool,
    key: u32,
    state: PlaybackState,
}

impl Playback for EchoPlayback {
    fn poll_picture(&mut self, now: Millis) -> Option<Picture> {
        if !self.changed && now < self.due {
            return None;
        }
        let number = self.state.next;
        let repeat = !std::mem::replace(&mut self.changed, false);
        self.due = now + EVERY;
        self.state.next += 1;
        self.state.given += 1;
        let pts_us = now.since(self.opened).0 * 1_000;
        Some(Picture { number, key: true, repeat, pts_us, data: draw(number, self.key) })
    }

    fn poll_timeout(&self) -> Option<Millis> {
        Some(if self.changed { Millis::ZERO } else { self.due })
    }

    fn input(&mut self, _: Millis, event: &InputEvent) {
        self.state.inputs += 1;
        self.changed = true;
        if let InputEvent::Key { keysym, down: true } = event {
            self.key = *keysym;
        }
    }

    fn skip_to_key(&mut self, _: Millis) {
        // Each picture stands for itself: the next one is a key picture already.
    }

    fn state(&self) -> PlaybackState {
        self.state
    }
}

fn draw(number: u64, key: u32) -> Bytes {
    let ground = 16 + (key % 200) as u8;
    let mut picture = vec![128; PICTURE_BYTES];
    let (luma, _) = picture.split_at_mut(usize::from(WIDTH) * usize::from(HEIGHT));
    luma.fill(ground);
    let column = (number % u64::from(WIDTH)) as usize;
    for row in luma.chunks_exact_mut(usize::from(WIDTH)) {
        row[column] = BAR;
    }
    picture.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_at_once_then_one_a_second_and_one_for_each_input() {
        let mut playback = EchoProgram.open(Millis(500));
        let first = playback.poll_picture(Millis(500)).expect("at open");
        assert_eq!((first.number, first.key, first.repeat, first.data.len()), (0, true, false, 3_456));
        assert_eq!(playback.poll_picture(Millis(1_499)), None);
        assert_eq!(playback.poll_timeout(), Some(Millis(1_500)));
        let second = playback.poll_picture(Millis(1_500)).expect("a sign of life");
        assert_eq!((second.number, second.repeat, second.pts_us), (1, true, 1_000_000));
        playback.input(Millis(1_600), &InputEvent::Key { keysym: 0x61, down: true });
        let third = playback.poll_picture(Millis(1_600)).expect("at once");
        assert_eq!((third.number, third.repeat), (2, false));
        assert_eq!((third.data[0], third.data[2]), (16 + 0x61, BAR), "the key on the ground, the number in the bar");
        assert_eq!(playback.poll_timeout(), Some(Millis(2_600)), "the sign of life counts from the last picture");
        assert_eq!(playback.state().given, 3);
    }
}
