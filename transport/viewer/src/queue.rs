//! What waits for the application, and the rule for an application that is too slow.
//!
//! Owns: the bound, and what is dropped when it is met. Refuses: to make the network side wait, whatever the application
//! does. Pure: no lock, no task; the session wraps it in both.
//!
//! The rule: when the queue is full, what lies before its newest key picture is dropped; when that drops nothing,
//! everything in it is dropped, and what comes up to the next key picture. So after a drop the next picture is a key
//! picture, and the application is never more than the queue behind.

use std::collections::VecDeque;

use crate::limits::{NOTES_QUEUED_MAX, PICTURES_QUEUED_MAX, QUEUED_BYTES_MAX};
use crate::picture::{Ended, Event, Picture};

/// Numbers that are missing before the next picture.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    late: u64,
    dropped: u64,
}

/// Events that wait to be taken.
#[derive(Debug, Default)]
pub struct Queue {
    events: VecDeque<Event>,
    pictures: usize,
    bytes: usize,
    /// Pictures are dropped until a key picture comes.
    wants_key: bool,
    /// What the next picture to come in has to account for.
    gap: Gap,
    dropped: u64,
    ended: Option<Ended>,
}

impl Queue {
    /// A picture is ready to be shown.
    pub fn push_picture(&mut self, mut picture: Picture) {
        if self.ended.is_some() {
            return;
        }
        let unwanted = |queue: &Queue| queue.wants_key && !picture.key;
        if !unwanted(self) && self.is_full(picture.data.len()) {
            self.make_room(&picture);
        }
        if unwanted(self) {
            self.dropped += 1;
            self.gap.add(&picture);
            return;
        }
        self.wants_key = false;
        picture.late_before += self.gap.late;
        picture.dropped_before += self.gap.dropped;
        self.gap = Gap::default();
        self.pictures += 1;
        self.bytes += picture.data.len();
        self.events.push_back(Event::Picture(picture));
    }

    /// The connection was lost, or is back.
    pub fn push_note(&mut self, note: Event) {
        if self.ended.is_some() {
            return;
        }
        self.events.push_back(note);
        let notes = self.events.len() - self.pictures;
        if notes > NOTES_QUEUED_MAX {
            // They alternate, so the two oldest are a loss and its end.
            let mut forget = 2;
            self.events.retain(|event| {
                let forgotten = forget > 0 && !matches!(event, Event::Picture(_));
                forget -= usize::from(forgotten);
                !forgotten
            });
        }
    }

    /// The session is over. What has come before can still be taken. The first reason stays.
    pub fn end(&mut self, ended: Ended) {
        self.ended.get_or_insert(ended);
    }

    /// Why the session is over, if it is.
    pub fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// The next event. After the last one, the end of the session, as often as asked.
    pub fn pop(&mut self) -> Option<Event> {
        match self.events.pop_front() {
            Some(Event::Picture(picture)) => {
                self.pictures -= 1;
                self.bytes -= picture.data.len();
                Some(Event::Picture(picture))
            }
            Some(note) => Some(note),
            None => self.ended.clone().map(Event::Ended),
        }
    }

    /// Pictures that came and were dropped, so far.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn is_full(&self, more: usize) -> bool {
        self.pictures >= PICTURES_QUEUED_MAX || (self.pictures > 0 && self.bytes + more > QUEUED_BYTES_MAX)
    }

    /// Drops what lies before the newest key picture, `arriving` among them; everything, if there is none but the first.
    fn make_room(&mut self, arriving: &Picture) {
        let keep = if arriving.key { None } else { self.newest_key() };
        let mut gap = Gap::default();
        let mut kept = VecDeque::with_capacity(self.events.len());
        for (index, event) in std::mem::take(&mut self.events).into_iter().enumerate() {
            match event {
                Event::Picture(picture) if keep.is_none_or(|keep| index < keep) => {
                    self.dropped += 1;
                    self.pictures -= 1;
                    self.bytes -= picture.data.len();
                    gap.add(&picture);
                }
                Event::Picture(mut picture) => {
                    picture.late_before += gap.late;
                    picture.dropped_before += gap.dropped;
                    gap = Gap::default();
                    kept.push_back(Event::Picture(picture));
                }
                note => kept.push_back(note),
            }
        }
        self.events = kept;
        // Whatever was not given to a picture that stays is the next one's to account for.
        self.gap.late += gap.late;
        self.gap.dropped += gap.dropped;
        if keep.is_none() || self.is_full(arriving.data.len()) {
            self.wants_key = true;
        }
    }

    /// The place of the newest key picture, if dropping what is before it drops a picture at all.
    fn newest_key(&self) -> Option<usize> {
        let first = self.events.iter().position(|event| matches!(event, Event::Picture(_)))?;
        let newest = self.events.iter().rposition(|event| matches!(event, Event::Picture(picture) if picture.key))?;
        (newest > first).then_some(newest)
    }
}

impl Gap {
    fn add(&mut self, picture: &Picture) {
        self.late += picture.late_before;
        self.dropped += picture.dropped_before + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use tokio::time::Instant;
    use transport_wire::{CloseCode, Codec};

    fn picture(number: u64, group_len: u64, bytes: usize) -> Picture {
        Picture {
            number,
            group: (number / group_len) as u32,
            unit: (number % group_len) as u16,
            key: number.is_multiple_of(group_len),
            repeat: false,
            codec: Codec::H264,
            width: 64,
            height: 36,
            pts_us: number * 33_333,
            last_input: 0,
            late_before: 0,
            dropped_before: 0,
            complete_at: Instant::now(),
            data: Bytes::from(vec![0; bytes]),
        }
    }

    /// Takes everything, and checks what is promised: decodable, in order, every number accounted for.
    fn drain(queue: &mut Queue, last: &mut Option<Picture>) -> Vec<u64> {
        let mut numbers = Vec::new();
        while let Some(Event::Picture(picture)) = queue.pop() {
            let before = last.as_ref().map_or(0, |last| last.number + 1);
            assert_eq!(picture.number, before + picture.late_before + picture.dropped_before);
            let follows = last.as_ref().is_some_and(|l| l.group == picture.group && l.unit + 1 == picture.unit);
            assert!(picture.key || follows, "{picture:?} after {last:?}");
            numbers.push(picture.number);
            *last = Some(picture);
        }
        assert_eq!((queue.pictures, queue.bytes), (0, 0), "the books are empty when the queue is");
        numbers
    }

    #[test]
    fn a_full_queue_keeps_its_newest_group() {
        let (mut queue, mut last) = (Queue::default(), None);
        for number in 0..=PICTURES_QUEUED_MAX as u64 {
            queue.push_picture(picture(number, 30, 1));
        }
        assert_eq!(drain(&mut queue, &mut last), [60, 61, 62, 63, 64]);
        assert_eq!(queue.dropped(), 60);
    }

    #[test]
    fn without_a_key_picture_everything_goes_and_the_next_key_is_awaited() {
        let (mut queue, mut last) = (Queue::default(), None);
        for number in 0..300 {
            queue.push_picture(picture(number, 250, 1));
        }
        assert_eq!(drain(&mut queue, &mut last).first(), Some(&250));
        assert_eq!(queue.dropped(), 250);
    }

    #[test]
    fn bytes_are_bounded_too_and_one_picture_always_fits() {
        let (mut queue, mut last) = (Queue::default(), None);
        for number in 0..44 {
            queue.push_picture(picture(number, 10, QUEUED_BYTES_MAX / 8));
            assert!(queue.bytes <= QUEUED_BYTES_MAX);
        }
        assert_eq!(drain(&mut queue, &mut last), [40, 41, 42, 43]);
        queue.push_picture(picture(50, 10, QUEUED_BYTES_MAX + 1));
        assert_eq!(queue.pictures, 1);
    }

    #[test]
    fn any_reader_gets_a_decodable_sequence() {
        // A reader that takes pictures in bursts of a length that has nothing to do with the groups'.
        for (group_len, burst) in [(1, 3), (7, 5), (30, 17), (100, 90), (500, 61)] {
            let (mut queue, mut last) = (Queue::default(), None);
            for number in 0..3_000 {
                queue.push_picture(picture(number, group_len, 100));
                if number % 131 == 0 {
                    for _ in 0..burst {
                        let Some(Event::Picture(picture)) = queue.pop() else { break };
                        let mut one = Queue::default();
                        one.pictures += 1;
                        one.bytes += picture.data.len();
                        one.events.push_back(Event::Picture(picture));
                        drain(&mut one, &mut last);
                    }
                }
            }
            drain(&mut queue, &mut last);
        }
    }

    #[test]
    fn notes_keep_their_place_and_the_end_comes_last_and_stays() {
        let mut queue = Queue::default();
        queue.push_picture(picture(0, 1, 1));
        queue.push_note(Event::Lost { words: "gone".into() });
        queue.push_note(Event::Resumed);
        queue.push_picture(picture(1, 1, 1));
        queue.end(Ended { code: Some(CloseCode::KILLED), words: "first".into() });
        queue.end(Ended { code: None, words: "second".into() });
        queue.push_picture(picture(2, 1, 1));
        let told: Vec<_> = std::iter::from_fn(|| queue.pop()).take(6).map(|event| format!("{event:?}")).collect();
        assert!(told[0].starts_with("Picture(Picture(0") && told[1].starts_with("Lost") && told[2] == "Resumed");
        assert!(told[3].starts_with("Picture(Picture(1") && told[4].contains("first") && told[5] == told[4]);

        let mut queue = Queue::default();
        for _ in 0..100 {
            queue.push_note(Event::Lost { words: String::new() });
            queue.push_note(Event::Resumed);
        }
        assert!(queue.events.len() <= NOTES_QUEUED_MAX);
        assert!(matches!(queue.pop(), Some(Event::Lost { .. })), "they still alternate");
    }
}
