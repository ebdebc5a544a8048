//! What a session measures, on this machine's clock alone.
//!
//! Owns: the samples and how they are told. Refuses: a clock; instants come in as time since the session was asked for.

use std::collections::VecDeque;
use std::time::Duration;

use crate::limits::{INPUTS_MEASURED_MAX, SAMPLES_MAX};

/// Half and 99 of 100 samples are at most this, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    /// Half of them.
    pub p50: f64,
    /// 99 of 100.
    pub p99: f64,
    /// Over how many samples: the newest, at most [`SAMPLES_MAX`].
    pub samples: usize,
}

/// What a session has measured so far. Times in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// From [`Viewer::open`](crate::Viewer::open) to the last byte of the first picture.
    pub first_frame_ms: Option<f64>,
    /// From [`Session::send`](crate::Session::send) to the last byte of the first picture that echoes the input.
    pub input_to_picture_ms: Option<Percentiles>,
    /// How old pictures are when they can be shown: an estimate, see the crate's documentation under *Measuring*.
    pub picture_age_ms: Option<Percentiles>,
    /// Pictures that could be shown, in order.
    pub frames: u64,
    /// Key pictures among them.
    pub key_frames: u64,
    /// Repeats among them.
    pub repeats: u64,
    /// Bytes of their data.
    pub bytes: u64,
    /// Pictures that were due and will not come: numbers missing in the sequence of those that could be shown.
    pub late: u64,
    /// Pictures that could be shown and were dropped because the application did not take them in time.
    pub dropped: u64,
    /// Streams that the server reset because they were late.
    pub resets: u64,
    /// Units that came too late to be shown, twice, or without what they depend on.
    pub discarded: u64,
    /// Streams that were no valid picture.
    pub malformed: u64,
    /// Inputs sent.
    pub inputs: u64,
    /// How often the session went on over a new connection.
    pub resumed: u64,
    /// The smoothed round-trip time of the connection.
    pub rtt_ms: f64,
}

/// The facts of a picture that can be shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// When its last byte had arrived.
    pub complete_at: Duration,
    /// When it could be shown: not before what it depends on.
    pub ready_at: Duration,
    /// See [`Picture::pts_us`](crate::Picture::pts_us).
    pub pts_us: u64,
    /// See [`Picture::last_input`](crate::Picture::last_input).
    pub last_input: u32,
    /// A key picture?
    pub key: bool,
    /// A repeat?
    pub repeat: bool,
    /// Bytes of its data.
    pub bytes: usize,
}

/// Takes samples.
#[derive(Debug, Default)]
pub struct Meter {
    first_frame: Option<Duration>,
    sent: VecDeque<(u32, Duration)>,
    input_to_picture: VecDeque<i64>,
    /// Arrival minus media time, in microseconds: the one-way delay, up to a constant that nobody knows.
    delays: VecDeque<i64>,
    rtt_min: Option<Duration>,
    rtt: Duration,
    frames: u64,
    key_frames: u64,
    repeats: u64,
    bytes: u64,
    /// See [`Stats::resets`].
    pub resets: u64,
    /// See [`Stats::malformed`].
    pub malformed: u64,
    /// See [`Stats::inputs`].
    pub inputs: u64,
    /// See [`Stats::resumed`].
    pub resumed: u64,
}

impl Meter {
    /// An input was handed in.
    pub fn sent(&mut self, number: u32, at: Duration) {
        self.inputs += 1;
        push(&mut self.sent, (number, at), INPUTS_MEASURED_MAX);
    }

    /// A picture can be shown.
    pub fn shown(&mut self, picture: Shown) {
        self.first_frame.get_or_insert(picture.complete_at);
        self.frames += 1;
        self.key_frames += u64::from(picture.key);
        self.repeats += u64::from(picture.repeat);
        self.bytes += picture.bytes as u64;
        push(&mut self.delays, micros(picture.ready_at) - picture.pts_us as i64, SAMPLES_MAX);
        while let Some((_, at)) = self.sent.pop_front_if(|(number, _)| *number <= picture.last_input) {
            // An input that was applied before it was sent, by a server that counts wrongly, took no time.
            push(&mut self.input_to_picture, micros(picture.complete_at.saturating_sub(at)), SAMPLES_MAX);
        }
    }

    /// The round-trip time as the connection sees it now.
    pub fn rtt(&mut self, rtt: Duration) {
        self.rtt = rtt;
        self.rtt_min = Some(self.rtt_min.map_or(rtt, |min| min.min(rtt)));
    }

    /// What has been measured. `late`, `dropped` and `discarded` are counted elsewhere.
    pub fn stats(&self, late: u64, dropped: u64, discarded: u64) -> Stats {
        let fastest = self.delays.iter().copied().min().unwrap_or(0);
        let one_way = micros(self.rtt_min.unwrap_or_default()) / 2;
        Stats {
            first_frame_ms: self.first_frame.map(|at| at.as_secs_f64() * 1e3),
            input_to_picture_ms: percentiles(self.input_to_picture.iter().copied()),
            picture_age_ms: percentiles(self.delays.iter().map(|delay| delay - fastest + one_way)),
            frames: self.frames,
            key_frames: self.key_frames,
            repeats: self.repeats,
            bytes: self.bytes,
            late,
            dropped,
            resets: self.resets,
            discarded,
            malformed: self.malformed,
            inputs: self.inputs,
            resumed: self.resumed,
            rtt_ms: self.rtt.as_secs_f64() * 1e3,
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn push<T>(ring: &mut VecDeque<T>, value: T, max: usize) {
    if ring.len() == max {
        ring.pop_front();
    }
    ring.push_back(value);
}

/// Nearest rank: the smallest sample that at least the wanted part of all samples do not exceed.
fn percentiles(micros: impl Iterator<Item = i64>) -> Option<Percentiles> {
    let mut sorted: Vec<i64> = micros.collect();
    sorted.sort_unstable();
    let last = sorted.len().checked_sub(1)?;
    let at = |percent: usize| sorted[((sorted.len() * percent).div_ceil(100) - 1).min(last)] as f64 / 1e3;
    Some(Percentiles { p50: at(50), p99: at(99), samples: sorted.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(ms: u64, pts_ms: u64, last_input: u32) -> Shown {
        let at = Duration::from_millis(ms);
        Shown {
            complete_at: at,
            ready_at: at,
            pts_us: pts_ms * 1_000,
            last_input,
            key: false,
            repeat: false,
            bytes: 10,
        }
    }

    #[test]
    fn an_input_is_measured_at_the_first_picture_that_echoes_it() {
        let mut meter = Meter::default();
        meter.sent(1, Duration::from_millis(100));
        meter.sent(2, Duration::from_millis(110));
        meter.shown(shown(120, 0, 0));
        assert_eq!(meter.stats(0, 0, 0).input_to_picture_ms, None);
        meter.shown(shown(150, 30, 2));
        meter.shown(shown(190, 60, 2));
        let measured = meter.stats(0, 0, 0).input_to_picture_ms.expect("two samples");
        assert_eq!(measured, Percentiles { p50: 40.0, p99: 50.0, samples: 2 });
    }

    #[test]
    fn the_age_is_the_delay_over_the_fastest_picture_and_half_a_round_trip() {
        let mut meter = Meter::default();
        meter.rtt(Duration::from_millis(60));
        meter.rtt(Duration::from_millis(90));
        for (number, late) in [(0, 0), (1, 5), (2, 250), (3, 0)] {
            meter.shown(shown(1_000 + number * 33 + late, number * 33, 0));
        }
        let age = meter.stats(0, 0, 0).picture_age_ms.expect("four samples");
        assert_eq!((age.p50, age.p99), (30.0, 280.0));
        assert_eq!(meter.stats(0, 0, 0).first_frame_ms, Some(1_000.0));
    }

    #[test]
    fn samples_are_bounded() {
        let mut meter = Meter::default();
        for number in 0..20_000 {
            meter.sent(number, Duration::ZERO);
            meter.shown(shown(u64::from(number), 0, 0));
        }
        assert_eq!((meter.sent.len(), meter.delays.len()), (INPUTS_MEASURED_MAX, SAMPLES_MAX));
        assert_eq!(meter.stats(0, 0, 0).frames, 20_000);
    }
}
