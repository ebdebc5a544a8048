//! One direction between two namespaces: when a packet arrives, or that it does not. Knows no device and no clock.

use std::time::{Duration, Instant};

/// Bytes under way in one direction: a runaway sender meets it, 1 Gbit/s over half a second does not.
const UNDER_WAY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How one direction treats packets. The default is neither late nor limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The way from sender to receiver.
    pub delay: Duration,
    /// Bytes a second, headers of IP included; `None` is without limit.
    pub rate: Option<u64>,
    /// Bytes that may wait for a limited link; what does not fit is dropped (at the tail).
    pub queue: u64,
}

impl Default for Link {
    fn default() -> Link {
        Link { delay: Duration::ZERO, rate: None, queue: 64 * 1024 }
    }
}

impl Link {
    /// A link of some length, without limit.
    pub fn delay(delay: Duration) -> Link {
        Link { delay, ..Link::default() }
    }
}

/// What went in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets that were let through.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packets that the full queue dropped.
    pub choked: u64,
    /// Packets that a cut took.
    pub cut: u64,
}

#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) link: Link,
    pub(super) cut: bool,
    pub(super) traffic: Traffic,
    /// When the link will have sent what it was given.
    busy_until: Option<Instant>,
    under_way: u64,
}

impl Lane {
    /// When a packet that is sent now arrives; `None` if it never does.
    pub(super) fn pass(&mut self, now: Instant, bytes: u64) -> Option<Instant> {
        if self.cut {
            self.traffic.cut += 1;
            return None;
        }
        let start = self.busy_until.map_or(now, |busy| busy.max(now));
        let (waiting, takes) = match self.link.rate {
            Some(rate) => {
                ((start - now).as_secs_f64() * rate as f64, Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64))
            }
            None => (0.0, Duration::ZERO),
        };
        // An idle link takes any packet: a queue smaller than one would be a link that never sends.
        let full = start > now && self.link.rate.is_some() && waiting + bytes as f64 > self.link.queue as f64;
        if full || self.under_way + bytes > UNDER_WAY_BYTES_MAX {
            self.traffic.choked += 1;
            return None;
        }
        let left = if self.link.rate.is_some() { start + takes } else { now };
        self.busy_until = Some(left);
        self.under_way += bytes;
        self.traffic.packets += 1;
        self.traffic.bytes += bytes;
        Some(left + self.link.delay)
    }

    /// A packet that `pass` let through has been delivered.
    pub(super) fn delivered(&mut self, bytes: u64) {
        self.under_way = self.under_way.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_limited_lane_spaces_packets_and_drops_at_the_tail() {
        let begun = Instant::now();
        let mut lane = Lane { link: Link { delay: ms(30), rate: Some(10_000), queue: 2_500 }, ..Lane::default() };
        // A packet of 1,000 bytes takes 100 ms; the third would wait behind more than the queue holds.
        let came: Vec<_> = (0..4).map(|_| lane.pass(begun, 1_000).map(|at| at - begun)).collect();
        assert_eq!(came, [Some(ms(130)), Some(ms(230)), None, None]);
        let later = begun + ms(1_000);
        assert_eq!(lane.pass(later, 5_000), Some(later + ms(530)));
        lane.cut = true;
        assert_eq!(lane.pass(later, 10), None);
        assert_eq!(lane.traffic, Traffic { packets: 3, bytes: 7_000, choked: 2, cut: 1 });
    }

    #[test]
    fn what_is_under_way_has_a_bound_and_delivery_makes_room() {
        let begun = Instant::now();
        let mut lane = Lane { link: Link::delay(ms(1)), ..Lane::default() };
        assert!(lane.pass(begun, UNDER_WAY_BYTES_MAX).is_some());
        assert_eq!(lane.pass(begun, 1), None);
        lane.delivered(UNDER_WAY_BYTES_MAX);
        assert_eq!(lane.pass(begun, 1), Some(begun + ms(1)));
    }
}
