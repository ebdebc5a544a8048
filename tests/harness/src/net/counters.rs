//! How often each fault struck: what a simulated run prints, and what must not be zero when it is to prove something.

use std::fmt;

/// Datagrams, by what became of them. Once nothing is under way:
/// `sent + duplicated = delivered + dropped + cut + choked + overrun + unclaimed`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Handed to the network by a socket.
    pub sent: u64,
    /// Put into a socket's receive queue.
    pub delivered: u64,
    /// Lost by the link's bad luck.
    pub dropped: u64,
    /// Delivered once more than they were sent.
    pub duplicated: u64,
    /// Held back by jitter.
    pub delayed: u64,
    /// Held back so that later ones may overtake them.
    pub reordered: u64,
    /// Lost to a partition.
    pub cut: u64,
    /// Lost because the link's queue was full.
    pub choked: u64,
    /// Lost because the receiver did not read.
    pub overrun: u64,
    /// Arrived where no socket was bound.
    pub unclaimed: u64,
}

impl Counters {
    /// Name and number of each counter, for tables and for "a zero fails".
    pub fn rows(&self) -> [(&'static str, u64); 10] {
        [
            ("sent", self.sent),
            ("delivered", self.delivered),
            ("dropped", self.dropped),
            ("duplicated", self.duplicated),
            ("delayed", self.delayed),
            ("reordered", self.reordered),
            ("cut", self.cut),
            ("choked", self.choked),
            ("overrun", self.overrun),
            ("unclaimed", self.unclaimed),
        ]
    }
}

impl std::ops::AddAssign for Counters {
    fn add_assign(&mut self, other: Counters) {
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.dropped += other.dropped;
        self.duplicated += other.duplicated;
        self.delayed += other.delayed;
        self.reordered += other.reordered;
        self.cut += other.cut;
        self.choked += other.choked;
        self.overrun += other.overrun;
        self.unclaimed += other.unclaimed;
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        for (position, (name, number)) in rows.iter().enumerate() {
            let gap = if position == 0 { "" } else { " · " };
            write!(f, "{gap}{name} {number}")?;
        }
        Ok(())
    }
}
