//! What the kernel writes down of an actor: depth and age of its mailbox, messages handled, handling times.
//!
//! Read from any thread (the console's). The depth may be written from any, since an [`ActorRef`](crate::ActorRef) can be
//! given to a worker; the rest is written on the actor's own. Relaxed order is enough: nothing else hangs on these numbers.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use tokio::time::Instant;

/// Buckets of the histogram: bucket `n` counts times of `2^n` to `2^(n+1) − 1` nanoseconds; 39 is nine minutes and more.
const BUCKETS: usize = 40;

/// One actor's books, for one life.
pub(crate) struct Books {
    pub(crate) bound: u32,
    born: Instant,
    depth: AtomicU32,
    /// Nanoseconds since `born` at which the oldest waiting message arrived, or earlier.
    waiting_since: AtomicU64,
    handled: AtomicU64,
    times: [AtomicU32; BUCKETS],
}

impl Books {
    pub(crate) fn new(bound: u32) -> Books {
        Books {
            bound,
            born: Instant::now(),
            depth: AtomicU32::new(0),
            waiting_since: AtomicU64::new(0),
            handled: AtomicU64::new(0),
            times: [const { AtomicU32::new(0) }; BUCKETS],
        }
    }

    /// Makes room for one message, or says that there is none.
    pub(crate) fn admit(&self) -> bool {
        let depth = self.depth.fetch_add(1, Relaxed);
        if depth >= self.bound {
            self.depth.fetch_sub(1, Relaxed);
            return false;
        }
        if depth == 0 {
            self.waiting_since.store(nanos(self.born.elapsed()), Relaxed);
        }
        true
    }

    /// A message left the mailbox. What waits behind it came later, so its own time of arrival bounds theirs.
    pub(crate) fn taken(&self, arrived: Instant) {
        self.depth.fetch_sub(1, Relaxed);
        self.waiting_since.store(nanos(arrived.saturating_duration_since(self.born)), Relaxed);
    }

    /// A message was handled; `took` is the time in the handler, without what it left for later.
    pub(crate) fn handled(&self, took: std::time::Duration) {
        let bucket = (63 - nanos(took).max(1).leading_zeros() as usize).min(BUCKETS - 1);
        self.times[bucket].store(self.times[bucket].load(Relaxed).wrapping_add(1), Relaxed);
        self.handled.store(self.handled.load(Relaxed) + 1, Relaxed);
    }

    pub(crate) fn depth(&self) -> u32 {
        self.depth.load(Relaxed)
    }

    pub(crate) fn total(&self) -> u64 {
        self.handled.load(Relaxed)
    }

    /// How long this life has lasted.
    pub(crate) fn up(&self) -> std::time::Duration {
        self.born.elapsed()
    }

    /// At most how long the oldest waiting message has waited.
    pub(crate) fn oldest(&self) -> std::time::Duration {
        if self.depth() == 0 {
            return std::time::Duration::ZERO;
        }
        self.born.elapsed().saturating_sub(std::time::Duration::from_nanos(self.waiting_since.load(Relaxed)))
    }

    /// The upper edge, in microseconds, of the bucket under which `share` (0 to 1) of the handling times lie.
    pub(crate) fn quantile_us(&self, share: f64) -> u64 {
        let counts: Vec<u64> = self.times.iter().map(|count| u64::from(count.load(Relaxed))).collect();
        let total: u64 = counts.iter().sum();
        if total == 0 {
            return 0;
        }
        let wanted = ((total as f64) * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return (1u64 << (bucket + 1)).div_ceil(1_000);
            }
        }
        u64::MAX
    }
}

fn nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn the_books_tell_depth_age_and_times() {
        let books = Books::new(2);
        assert!(books.admit() && books.admit() && !books.admit(), "two fit, a third does not");
        let arrived = Instant::now();
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!((books.depth(), books.oldest()), (2, Duration::from_secs(3)));
        books.taken(arrived);
        for _ in 0..98 {
            books.handled(Duration::from_micros(10));
        }
        books.handled(Duration::from_millis(50));
        books.handled(Duration::from_millis(50));
        assert_eq!((books.total(), books.depth()), (100, 1));
        assert!((10..=20).contains(&books.quantile_us(0.5)), "{}", books.quantile_us(0.5));
        assert!((50_000..=100_000).contains(&books.quantile_us(0.99)), "{}", books.quantile_us(0.99));
    }
}
