//! One direction of a link: what it does to a datagram. Pure: time and luck come in, arrival times come out.

use std::time::Duration;

use tokio::time::Instant;

use super::counters::Counters;
use super::random::Random;

/// How far a reordered datagram is held back at least, so that a later one can overtake it on a link without jitter.
const REORDERED_BY_MIN: Duration = Duration::from_millis(10);

/// How one direction of a link treats datagrams. Start from [`Link::PERFECT`] or [`Link::delay`] and change what matters:
/// `Link { loss: 0.02, ..Link::delay(Duration::from_millis(20)) }`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// The way from sender to receiver.
    pub delay: Duration,
    /// Added to the delay, uniform in `0..jitter`. Order is kept: what comes earlier holds up what comes later.
    pub jitter: Duration,
    /// Probability that a datagram is dropped.
    pub loss: f64,
    /// Probability that a datagram arrives twice.
    pub duplication: f64,
    /// Probability that a datagram is held back by up to `jitter`, at least 10 ms, and overtaken by later ones.
    pub reordering: f64,
    /// Bytes of payload a second; `None` is without limit.
    pub rate: Option<u64>,
    /// Bytes that may wait for a limited link; what does not fit is dropped (at the tail).
    pub queue: u64,
}

impl Link {
    /// At once, and untouched.
    pub const PERFECT: Link = Link {
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        loss: 0.0,
        duplication: 0.0,
        reordering: 0.0,
        rate: None,
        queue: 64 * 1024,
    };

    /// A perfect link of some length.
    pub const fn delay(delay: Duration) -> Link {
        Link { delay, ..Link::PERFECT }
    }
}

/// When the copies of a datagram arrive.
pub(super) type Arrivals = [Option<Instant>; 2];

/// One direction between two hosts, with what it has to remember.
#[derive(Debug)]
pub(super) struct Direction {
    pub(super) link: Link,
    pub(super) cut: bool,
    random: Random,
    /// When the limited link will have sent what it was given.
    busy_until: Option<Instant>,
    /// The latest arrival of those that keep their order.
    last_arrival: Option<Instant>,
}

impl Direction {
    pub(super) fn new(link: Link, random: Random) -> Direction {
        Direction { link, cut: false, random, busy_until: None, last_arrival: None }
    }

    /// Sends one datagram of `bytes` along. Draws the same number of times whatever happens.
    pub(super) fn pass(&mut self, now: Instant, bytes: u64, isolated: bool, counters: &mut Counters) -> Arrivals {
        let link = self.link;
        let lost = self.random.chance(link.loss);
        let doubled = self.random.chance(link.duplication);
        let reordered = self.random.chance(link.reordering);
        let jitter = self.random.within(link.jitter);
        let hold = self.random.within(link.jitter.max(REORDERED_BY_MIN));
        if self.cut || isolated {
            counters.cut += 1;
            return [None; 2];
        }
        if lost {
            counters.dropped += 1;
            return [None; 2];
        }
        let Some(left) = self.leave(now, bytes) else {
            counters.choked += 1;
            return [None; 2];
        };
        let mut arrival = left + link.delay + jitter;
        counters.delayed += u64::from(!jitter.is_zero());
        if reordered {
            counters.reordered += 1;
            arrival += REORDERED_BY_MIN + hold;
        } else {
            arrival = self.last_arrival.map_or(arrival, |last| arrival.max(last));
            self.last_arrival = Some(arrival);
        }
        counters.duplicated += u64::from(doubled);
        [Some(arrival), doubled.then_some(arrival)]
    }

    /// When the last bit of a datagram has left the sender; `None` if the queue has no room for it.
    fn leave(&mut self, now: Instant, bytes: u64) -> Option<Instant> {
        let Some(rate) = self.link.rate else { return Some(now) };
        let start = self.busy_until.map_or(now, |busy| busy.max(now));
        let waiting = (start - now).as_secs_f64() * rate as f64;
        // An idle link takes any datagram: a queue smaller than one would be a link that never sends.
        if start > now && waiting + bytes as f64 > self.link.queue as f64 {
            return None;
        }
        let left = start + Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
        self.busy_until = Some(left);
        Some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direction(link: Link) -> Direction {
        Direction::new(link, Random::new(1))
    }

    fn at(arrivals: Arrivals, begun: Instant) -> Option<Duration> {
        arrivals[0].map(|at| at - begun)
    }

    #[test]
    fn a_limited_link_sends_one_after_the_other_and_drops_what_does_not_fit() {
        let begun = Instant::now();
        let mut counters = Counters::default();
        // 1,000 bytes take 100 ms; two of them fit into the queue behind the one that is being sent.
        let link = Link { rate: Some(10_000), queue: 2_500, ..Link::delay(Duration::from_millis(5)) };
        let mut direction = direction(link);
        let came: Vec<_> = (0..4).map(|_| at(direction.pass(begun, 1_000, false, &mut counters), begun)).collect();
        assert_eq!(came, [Some(105), Some(205), None, None].map(|ms| ms.map(Duration::from_millis)));
        assert_eq!(counters.choked, 2);
        // When it has caught up, it takes datagrams again, even one larger than its queue.
        let later = begun + Duration::from_secs(1);
        assert_eq!(at(direction.pass(later, 5_000, false, &mut counters), later), Some(Duration::from_millis(505)));
    }

    #[test]
    fn jitter_keeps_the_order_and_reordering_breaks_it() {
        let begun = Instant::now();
        let mut counters = Counters::default();
        let mut steady = direction(Link { jitter: Duration::from_millis(40), ..Link::delay(Duration::from_millis(5)) });
        let mut last = Duration::ZERO;
        for millisecond in 0..200 {
            let now = begun + Duration::from_millis(millisecond);
            let came = at(steady.pass(now, 100, false, &mut counters), begun).expect("nothing is lost");
            assert!(came >= last, "{came:?} before {last:?}");
            last = came;
        }
        assert!(counters.delayed > 150, "{counters}");
        let mut unruly = direction(Link { reordering: 0.2, ..Link::delay(Duration::from_millis(5)) });
        let came: Vec<_> = (0..200)
            .map(|millisecond| {
                at(unruly.pass(begun + Duration::from_millis(millisecond), 100, false, &mut counters), begun)
            })
            .collect();
        assert!(came.windows(2).any(|pair| pair[0] > pair[1]), "nothing was overtaken: {came:?}");
        assert!(counters.reordered > 10, "{counters}");
    }

    #[test]
    fn probabilities_come_out_roughly_and_a_cut_takes_all() {
        let begun = Instant::now();
        let mut counters = Counters::default();
        let mut direction = direction(Link { loss: 0.1, duplication: 0.05, ..Link::PERFECT });
        for _ in 0..10_000 {
            direction.pass(begun, 100, false, &mut counters);
        }
        assert!((800..1_200).contains(&counters.dropped), "{counters}");
        assert!((350..650).contains(&counters.duplicated), "{counters}");
        direction.cut = true;
        assert_eq!(direction.pass(begun, 100, false, &mut counters), [None; 2]);
        assert_eq!(counters.cut, 1);
    }
}
