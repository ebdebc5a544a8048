//! `echo`: a session without any media library, for load and for tests. Raw pictures of 64×36, one a second, and one at once
//! for each input.
//!
//! What a picture shows tells what it is: a bar in the column of the picture's number, on a ground whose brightness and
//! colour are the last key. A repeat, which has no data of its own, leaves the bar where it is.
//!
//! Owns: the picture and its pace. Refuses: sessions (`media/session`).

use actors_protocol::input::{Input, InputEvent};
use actors_protocol::{Millis, ServiceName};
use bytes::Bytes;
use media_share::{Codec, Format, Opening, Picture, Playback, PlaybackState, Program};

/// Pixels.
pub const WIDTH: u16 = 64;
/// Pixels.
pub const HEIGHT: u16 = 36;
/// Bytes of a picture: Y, and U and V at a quarter each.
pub const PICTURE_BYTES: usize = WIDTH as usize * HEIGHT as usize * 3 / 2;
/// A picture comes at least this often: a sign of life.
const EVERY: Millis = Millis::from_secs(1);
/// Pictures that were lost are replaced at most this often: a viewer on a bad line is not helped by more of them.
const AFRESH: Millis = Millis(500);
/// The brightness of the bar; the ground stays below it.
const BAR: u8 = 235;

/// The program; its sessions share nothing.
pub struct EchoProgram;

impl Program for EchoProgram {
    fn format(&self, _: &ServiceName) -> Format {
        Format { codec: Codec::I420, width: WIDTH, height: HEIGHT, rate_millihertz: 1_000, bit_rate: None }
    }

    fn open(&self, now: Millis, _: Opening) -> Box<dyn Playback> {
        Box::new(EchoPlayback {
            begun: now,
            last: now,
            due: now,
            changed: true,
            key: 0,
            last_input: 0,
            state: PlaybackState::default(),
        })
    }
}

struct EchoPlayback {
    /// When the first picture was given out; before that, when the session was opened.
    begun: Millis,
    /// When the last one was.
    last: Millis,
    /// When the next one is due.
    due: Millis,
    /// The viewer has not seen what is to be shown: something happened, or it was lost on the way.
    changed: bool,
    key: u32,
    last_input: u32,
    state: PlaybackState,
}

impl Playback for EchoPlayback {
    fn poll_picture(&mut self, now: Millis) -> Option<Picture> {
        if now < self.due {
            return None;
        }
        let number = self.state.next;
        if number == 0 {
            self.begun = now;
        }
        let repeat = !std::mem::replace(&mut self.changed, false);
        let data = if repeat { Bytes::new() } else { draw(number, self.key) };
        self.last = now;
        self.due = now + EVERY;
        self.state.next += 1;
        self.state.given += 1;
        let pts_us = now.since(self.begun).0 * 1_000;
        Some(Picture { number, key: !repeat, repeat, last_input: self.last_input, pts_us, data })
    }

    fn poll_timeout(&self) -> Option<Millis> {
        Some(self.due)
    }

    fn input(&mut self, now: Millis, input: &Input) {
        self.state.inputs += 1;
        self.changed = true;
        self.due = self.due.min(now);
        self.last_input = input.number;
        if let InputEvent::Key { keysym, down: true } = input.event {
            self.key = keysym;
        }
    }

    fn skip_to_key(&mut self, now: Millis) {
        // Each picture stands for itself, so none is skipped. But the last ones may not have arrived: the next is not a
        // repeat, and it does not wait for the second to be over.
        if self.state.given > 0 {
            self.changed = true;
            self.due = self.due.min(now.max(self.last + AFRESH));
        }
    }

    fn freshen(&mut self, _now: Millis) {
        self.changed = true;
    }

    fn state(&self) -> PlaybackState {
        self.state
    }
}

/// The ground's brightness is the keysym within what leaves the bar visible; its colours are the keysym's two low bytes.
fn draw(number: u64, key: u32) -> Bytes {
    let [.., high, low] = key.to_be_bytes();
    let pixels = usize::from(WIDTH) * usize::from(HEIGHT);
    let mut picture = Vec::with_capacity(PICTURE_BYTES);
    picture.resize(pixels, 16 + (key % 200) as u8);
    let column = (number % u64::from(WIDTH)) as usize;
    for row in picture.chunks_exact_mut(usize::from(WIDTH)) {
        row[column] = BAR;
    }
    picture.resize(pixels + pixels / 4, low);
    picture.resize(PICTURE_BYTES, high);
    picture.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RETURN: Input = Input { number: 1, event: InputEvent::Key { keysym: 0xff0d, down: true } };

    fn open(now: u64) -> Box<dyn Playback> {
        let service = "echo.demo".parse().expect("a name");
        let format = EchoProgram.format(&service);
        let wake = std::sync::Arc::new(|| {});
        let opening = Opening { service, session: actors_protocol::SessionId(1), format, wake };
        EchoProgram.open(Millis(now), opening)
    }

    #[test]
    fn a_picture_at_once_then_one_a_second_and_one_for_each_input() {
        let mut playback = open(500);
        let first = playback.poll_picture(Millis(500)).expect("at open");
        assert_eq!((first.number, first.key, first.repeat, first.data.len()), (0, true, false, 3_456));
        assert_eq!(playback.poll_picture(Millis(1_499)), None);
        assert_eq!(playback.poll_timeout(), Some(Millis(1_500)));
        let second = playback.poll_picture(Millis(1_500)).expect("a sign of life");
        assert_eq!((second.number, second.repeat, second.pts_us), (1, true, 1_000_000));
        assert!(second.data.is_empty() && !second.key, "a repeat is a header");
        playback.input(Millis(1_600), &Input { number: 1, event: InputEvent::Key { keysym: 0x61, down: true } });
        assert_eq!(playback.poll_timeout(), Some(Millis(1_600)));
        let third = playback.poll_picture(Millis(1_600)).expect("at once");
        assert_eq!((third.number, third.key, third.repeat, third.last_input), (2, true, false, 1));
        assert_eq!((third.data[0], third.data[2]), (16 + 0x61, BAR), "the key on the ground, the number in the bar");
        assert_eq!(playback.poll_timeout(), Some(Millis(2_600)), "the sign of life counts from the last picture");
        assert_eq!(playback.state().given, 3);
    }

    #[test]
    fn the_key_can_be_read_from_the_colours() {
        let mut playback = open(0);
        playback.input(Millis::ZERO, &RETURN);
        let picture = playback.poll_picture(Millis::ZERO).expect("at once");
        let (u, v) = (64 * 36, 64 * 36 * 5 / 4);
        assert_eq!((picture.data[u], picture.data[v]), (0x0d, 0xff));
    }

    #[test]
    fn a_group_that_gets_too_long_ends_with_the_next_sign_of_life() {
        let mut playback = open(0);
        assert!(playback.poll_picture(Millis(0)).expect("the first").key);
        assert!(playback.poll_picture(Millis(1_000)).expect("a sign of life").repeat);
        playback.freshen(Millis(1_500));
        assert_eq!(playback.poll_timeout(), Some(Millis(2_000)), "no sooner");
        let next = playback.poll_picture(Millis(2_000)).expect("a sign of life");
        assert_eq!((next.number, next.key, next.repeat), (2, true, false));
    }

    #[test]
    fn what_was_lost_comes_again_soon_but_not_too_often() {
        let mut playback = open(0);
        playback.skip_to_key(Millis::ZERO);
        assert_eq!(playback.poll_picture(Millis::ZERO).expect("the first").number, 0);
        playback.skip_to_key(Millis(100));
        assert_eq!(playback.poll_timeout(), Some(Millis(500)));
        let again = playback.poll_picture(Millis(500)).expect("afresh");
        assert_eq!((again.number, again.repeat), (1, false), "the viewer has not seen it");
        assert_eq!(playback.poll_timeout(), Some(Millis(1_500)));
        playback.skip_to_key(Millis(1_200));
        assert_eq!(playback.poll_timeout(), Some(Millis(1_200)));
    }

    proptest! {
        #[test]
        fn every_driver_gets_what_is_promised(steps in proptest::collection::vec((0u8..4, 0u64..2_500), 1..100)) {
            let mut playback = open(7);
            let (mut now, mut last, mut touched): (u64, Option<(u64, Picture)>, bool) = (7, None, false);
            for (step, wait) in steps {
                match step {
                    0 => playback.input(Millis(now), &RETURN),
                    1 => playback.skip_to_key(Millis(now)),
                    2 => now += wait,
                    _ => now = now.max(playback.poll_timeout().expect("always one more").0),
                }
                touched |= step < 2;
                let mut burst = 0;
                while let Some(picture) = playback.poll_picture(Millis(now)) {
                    burst += 1;
                    prop_assert_eq!(picture.data.len(), if picture.repeat { 0 } else { PICTURE_BYTES });
                    prop_assert_eq!(picture.key, !picture.repeat);
                    prop_assert_eq!(picture.number, last.as_ref().map_or(0, |(_, last)| last.number + 1));
                    prop_assert_eq!(picture.repeat, last.is_some() && !touched, "a repeat if nothing happened");
                    if let Some((at, _)) = &last {
                        prop_assert!(touched || now >= at + 1_000, "never before it is due");
                    }
                    touched = false;
                    last = Some((now, picture));
                }
                prop_assert!(burst <= 1, "one picture acknowledges all that came before it");
                let timeout = playback.poll_timeout().expect("always one more").0;
                prop_assert!(timeout > now && timeout <= now + 1_000, "a sign of life within a second");
                if step == 0 {
                    prop_assert_eq!(burst, 1, "at once for each input");
                }
            }
        }
    }
}
