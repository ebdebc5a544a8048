//! Waiting for something that will be so: look, look again, give up at a deadline and tell what was seen last.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Between two looks. Much shorter than anything that is waited for, and cheap for a look that starts a process.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Calls `look` until it returns `Ok`, at least once, and returns that. Panics when `within` has passed.
#[track_caller]
pub fn eventually<T, E: Display>(within: Duration, what: &str, mut look: impl FnMut() -> Result<T, E>) -> T {
    let begun = Instant::now();
    loop {
        match look() {
            Ok(seen) => return seen,
            Err(last) if begun.elapsed() >= within => panic!("{what}: not within {within:?}; last seen: {last}"),
            Err(_) => std::thread::sleep(LOOK_EVERY),
        }
    }
}
