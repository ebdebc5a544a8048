//! A value that others watch: they read the latest, and wait for a later one.
//!
//! As tokio's `watch`, but for one thing: whoever waits is woken in the order in which it began to wait. Tokio's wakes in an
//! order of chance, and a simulation that is to repeat from its seed cannot have that.
//!
//! Owns: the value and its version. Refuses: history; whoever is slow sees the latest only.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use parking_lot::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
use tokio::sync::Notify;

struct Shared<T> {
    state: RwLock<State<T>>,
    changed: Notify,
}

struct State<T> {
    value: T,
    version: u64,
    closed: bool,
}

/// Sets the value. Dropped, there will be no other.
pub struct Sender<T>(Arc<Shared<T>>);

/// Reads the value and waits for another. A clone has seen what this one has seen.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

/// The sender is gone: what is there is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody sets this value any more")]
pub struct Closed;

/// The value, for as long as this is kept. Not across an await.
pub struct Latest<'a, T>(MappedRwLockReadGuard<'a, T>);

impl<T> Deref for Latest<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// A value with its first watcher, which has seen it.
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(value);
    let receiver = sender.subscribe();
    (sender, receiver)
}

impl<T> Shared<T> {
    fn latest(&self) -> Latest<'_, T> {
        // Recursive: one thread may look twice at a time.
        Latest(RwLockReadGuard::map(self.state.read_recursive(), |state| &state.value))
    }
}

impl<T> Sender<T> {
    /// A value that nobody watches yet.
    pub fn new(value: T) -> Sender<T> {
        let state = RwLock::new(State { value, version: 0, closed: false });
        Sender(Arc::new(Shared { state, changed: Notify::new() }))
    }

    /// One more watcher, which has seen the present value.
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver { seen: self.0.state.read_recursive().version, shared: self.0.clone() }
    }

    /// The value.
    pub fn borrow(&self) -> Latest<'_, T> {
        self.0.latest()
    }

    /// Sets the value, and returns the one before.
    pub fn send_replace(&self, value: T) -> T {
        let before = {
            let mut state = self.0.state.write();
            state.version += 1;
            std::mem::replace(&mut state.value, value)
        };
        self.0.changed.notify_waiters();
        before
    }

    /// Changes the value; watchers are woken if `change` says that it has.
    pub fn send_if_modified(&self, change: impl FnOnce(&mut T) -> bool) -> bool {
        let modified = {
            let mut state = self.0.state.write();
            let modified = change(&mut state.value);
            state.version += u64::from(modified);
            modified
        };
        if modified {
            self.0.changed.notify_waiters();
        }
        modified
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.state.write().closed = true;
        self.0.changed.notify_waiters();
    }
}

impl<T> Receiver<T> {
    /// The value.
    pub fn borrow(&self) -> Latest<'_, T> {
        self.shared.latest()
    }

    /// The value, which counts as seen from now on.
    pub fn borrow_and_update(&mut self) -> Latest<'_, T> {
        let state = self.shared.state.read_recursive();
        self.seen = state.version;
        Latest(RwLockReadGuard::map(state, |state| &state.value))
    }

    /// Is there a value that was not seen?
    pub fn has_changed(&self) -> Result<bool, Closed> {
        let state = self.shared.state.read_recursive();
        match state.version != self.seen {
            true => Ok(true),
            false if state.closed => Err(Closed),
            false => Ok(false),
        }
    }

    /// Waits for a value that was not seen; it counts as seen then. Cancel safe.
    pub async fn changed(&mut self) -> Result<(), Closed> {
        loop {
            // Made before the look: what is set in between wakes it.
            let changed = self.shared.changed.notified();
            if self.has_changed()? {
                self.seen = self.shared.state.read_recursive().version;
                return Ok(());
            }
            changed.await;
        }
    }

    /// Waits until the value is as wished; it may be already.
    pub async fn wait_for(&mut self, mut wished: impl FnMut(&T) -> bool) -> Result<Latest<'_, T>, Closed> {
        loop {
            if wished(&self.borrow_and_update()) {
                return Ok(self.shared.latest());
            }
            self.changed().await?;
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        Receiver { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver({:?})", *self.borrow())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use parking_lot::Mutex;
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_watcher_sees_the_latest_once_and_the_end() {
        let (sender, mut receiver) = channel(1);
        assert_eq!(receiver.has_changed(), Ok(false));
        sender.send_replace(2);
        assert_eq!(sender.send_replace(3), 2);
        assert_eq!(timeout(SOON, receiver.changed()).await, Ok(Ok(())));
        assert_eq!((*receiver.borrow(), receiver.has_changed()), (3, Ok(false)));
        assert!(!sender.send_if_modified(|_| false) && receiver.has_changed() == Ok(false));
        assert!(sender.send_if_modified(|value| std::mem::replace(value, 4) == 3));
        let mut late = sender.subscribe();
        drop(sender);
        assert_eq!(timeout(SOON, receiver.changed()).await, Ok(Ok(())), "the last value is still news");
        assert_eq!(timeout(SOON, receiver.changed()).await, Ok(Err(Closed)));
        assert_eq!(timeout(SOON, late.changed()).await, Ok(Err(Closed)));
        assert_eq!(timeout(SOON, late.wait_for(|value| *value == 4)).await.map(|found| found.is_ok()), Ok(true));
    }

    #[tokio::test]
    async fn watchers_wake_in_the_order_in_which_they_wait() {
        let (sender, receiver) = channel(0);
        let woken = Arc::new(Mutex::new(Vec::new()));
        let mut watchers = tokio::task::JoinSet::new();
        for number in 0..32 {
            let (mut receiver, woken) = (receiver.clone(), woken.clone());
            watchers.spawn(async move {
                receiver.changed().await.expect("the sender lives");
                woken.lock().push(number);
            });
        }
        tokio::task::yield_now().await;
        sender.send_replace(1);
        timeout(SOON, async { while watchers.join_next().await.is_some() {} }).await.expect("all are woken");
        assert_eq!(*woken.lock(), (0..32).collect::<Vec<_>>());
    }
}
