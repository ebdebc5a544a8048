//! When a factory reports its pool: soon after a change, now and then without one, never twice at once. Pure.
//!
//! ```text
//!   quiet ──change──► due in 20 ms ──► under way ──noted──► quiet (or due again, if there was a change meanwhile)
//!     │                                   │
//!     └────── 500 ms without a report ────┴──failed──► due in 100 ms
//! ```

use actors_protocol::Millis;

/// Changes within this time go into one report: a thousand reservations a second are fifty reports.
pub const GATHER: Millis = Millis(20);
/// Without a change a report goes out this often: a gateway that restarted knows its pools again within that time.
pub const REPEAT: Millis = Millis(500);
/// After a report that was not noted.
pub const RETRY: Millis = Millis(100);

/// See the module.
#[derive(Debug)]
pub struct Reporting {
    due: Millis,
    under_way: bool,
    changed: bool,
    sent: Millis,
}

impl Reporting {
    /// The first report is due at once.
    pub fn new(now: Millis) -> Reporting {
        Reporting { due: now, under_way: false, changed: false, sent: Millis::ZERO }
    }

    /// There is something to report.
    pub fn changed(&mut self, now: Millis) {
        self.changed = true;
        if !self.under_way {
            // The first change after a quiet time goes out at once; those that follow are gathered.
            self.due = self.due.min(now.max(self.sent + GATHER));
        }
    }

    /// When [`Reporting::take`] will say yes.
    pub fn poll_timeout(&self) -> Option<Millis> {
        (!self.under_way).then_some(self.due)
    }

    /// Is a report to go out now? If so, it is under way.
    pub fn take(&mut self, now: Millis) -> bool {
        let go = !self.under_way && now >= self.due;
        if go {
            self.under_way = true;
            self.changed = false;
            self.sent = now;
        }
        go
    }

    /// The report that was under way is noted, or was lost.
    pub fn answered(&mut self, now: Millis, noted: bool) {
        self.under_way = false;
        self.due = match (noted, self.changed) {
            (false, _) => now + RETRY,
            (true, true) => now.max(self.sent + GATHER),
            (true, false) => now + REPEAT,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_gathered_and_quiet_is_broken_now_and_then() {
        let mut reporting = Reporting::new(Millis(0));
        assert!(reporting.take(Millis(0)) && !reporting.take(Millis(0)), "one at a time");
        reporting.changed(Millis(3));
        assert_eq!(reporting.poll_timeout(), None);
        reporting.answered(Millis(5), true);
        assert_eq!(reporting.poll_timeout(), Some(Millis(20)), "gathered");
        assert!(reporting.take(Millis(20)));
        reporting.answered(Millis(21), true);
        assert_eq!(reporting.poll_timeout(), Some(Millis(521)));
        reporting.changed(Millis(300));
        assert_eq!(reporting.poll_timeout(), Some(Millis(300)), "after a quiet time, at once");
        assert!(reporting.take(Millis(300)));
        reporting.answered(Millis(310), false);
        assert_eq!(reporting.poll_timeout(), Some(Millis(410)));
    }
}
