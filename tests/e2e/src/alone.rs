//! One domain at a time: the tests of a program run side by side, and two domains on two cores disturb each other's pictures.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held by a test as long as its domain runs.
#[derive(Debug)]
pub struct Alone {
    _held: MutexGuard<'static, ()>,
}

/// Waits until no other domain of this test process runs.
pub fn alone() -> Alone {
    static ONE: Mutex<()> = Mutex::new(());
    // A test that failed has dropped its processes all the same.
    Alone { _held: ONE.lock().unwrap_or_else(PoisonError::into_inner) }
}
