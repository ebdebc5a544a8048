//! [`Redial`]: one control link to a target, kept up.
//!
//! ```text
//!   Down ──dial──► connected ──hello──► Up
//!    ▲ back-off        │ refused, lost    │ lost: sent calls fail with Gone, nothing is sent twice
//!    └─────────────────┴──────────────────┘
//! ```
//!
//! Calls asked while it is down wait, in order, until it is up or until their deadline. A peer that *refuses* (denied, another
//! version, a wrong certificate) fails them at once, and is asked again all the same: somebody may mend it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actors_protocol::{Incarnation, Request};
use tokio::time::{Instant, sleep};
use transport_wire::{CloseCode, Versions};

use crate::control::{Ask, CallTo, Control, Driver, EndOnDrop, Shared, converse, deadlines};
use crate::seed::Seeded;
use crate::{Connection, Endpoint, LinkError, Target, watch};

/// The first wait after a failure; each further one is twice as long.
pub const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// The longest wait: a peer that comes back is found within about a second.
pub const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// One attempt. Short, because a fresh attempt finds a peer that has just started sooner than the repeats of an old one,
/// which come ever more rarely; long enough for a handshake over half a second of round trip.
pub const DIAL_WITHIN: Duration = Duration::from_millis(1_500);
/// A link that lived this long was a good one: when it is lost, the first attempt comes at once.
const GOOD_AFTER: Duration = Duration::from_secs(1);

/// How the link is.
#[derive(Clone, Debug)]
pub enum LinkState {
    /// No link.
    Down {
        /// Since when.
        since: Instant,
        /// Why: the end of the last link, or the last attempt's failure. None before the first attempt has ended.
        error: Option<LinkError>,
    },
    /// The peer answers.
    Up {
        /// Since when.
        since: Instant,
        /// The link.
        connection: Connection,
        /// The minor version that was agreed on.
        minor: u16,
    },
}

impl LinkState {
    /// Is there a link?
    pub fn is_up(&self) -> bool {
        matches!(self, LinkState::Up { .. })
    }
}

/// A control link that is kept up. A clone is the same link.
#[derive(Clone)]
pub struct Redial {
    control: Control,
    target: Arc<watch::Sender<Target>>,
    state: watch::Receiver<LinkState>,
}

impl Redial {
    /// A link to `target`, and what keeps it up. Nothing is dialled until the driver is polled; calls may be asked at once.
    pub fn new(endpoint: &Endpoint, target: Target, versions: Versions) -> (Redial, Driver) {
        let shared = Shared::new(target.to_string());
        let (target, targets) = watch::channel(target);
        let (tell, state) = watch::channel(LinkState::Down { since: Instant::now(), error: None });
        let dialler = Dialler {
            endpoint: endpoint.clone(),
            versions,
            shared: shared.clone(),
            targets,
            tell,
            backoff: Backoff::new(endpoint.draw()),
        };
        let driven = shared.clone();
        let guard = EndOnDrop(shared.clone());
        let driver = Driver::new(async move {
            let error = tokio::select! {
                biased;
                error = dialler.run() => error,
                never = deadlines(&driven) => match never {},
            };
            drop(guard);
            error
        });
        (Redial { control: Control(shared), target: Arc::new(target), state }, driver)
    }

    /// Asks. If there is no link, the call waits for one, in order, until its deadline.
    pub fn ask<M: Request>(
        &self,
        path: &str,
        incarnation: Incarnation,
        message: &M,
        within: Duration,
    ) -> Ask<M::Reply> {
        self.control.ask(path, incarnation, message, within)
    }

    /// [`Redial::ask`], with a trace.
    pub fn ask_with<M: Request>(&self, to: CallTo<'_>, message: &M) -> Ask<M::Reply> {
        self.control.ask_with(to, message)
    }

    /// The asking end, which outlives each single connection.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// The peer is somewhere else now. Without effect if it is not; otherwise the link moves.
    pub fn set_target(&self, target: Target) {
        self.target.send_if_modified(|current| {
            let moved = *current != target;
            *current = target;
            moved
        });
    }

    /// Whom it dials.
    pub fn target(&self) -> Target {
        self.target.borrow().clone()
    }

    /// How the link is now.
    pub fn state(&self) -> LinkState {
        self.state.borrow().clone()
    }

    /// To be told when the link comes up or goes down.
    pub fn watch(&self) -> watch::Receiver<LinkState> {
        self.state.clone()
    }

    /// Waits until the link is up.
    pub async fn connected(&self) -> Result<Connection, LinkError> {
        let mut state = self.state.clone();
        match state.wait_for(LinkState::is_up).await.as_deref() {
            Ok(LinkState::Up { connection, .. }) => Ok(connection.clone()),
            _ => Err(LinkError::ClosedHere { code: CloseCode::DROPPED, words: "nobody dials any more".to_owned() }),
        }
    }
}

impl fmt::Debug for Redial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.state.borrow().is_up() { "up" } else { "down" };
        write!(f, "Redial({}, {state})", *self.target.borrow())
    }
}

struct Dialler {
    endpoint: Endpoint,
    versions: Versions,
    shared: Arc<Shared>,
    targets: watch::Receiver<Target>,
    tell: watch::Sender<LinkState>,
    backoff: Backoff,
}

impl Dialler {
    /// Ends only with the endpoint.
    async fn run(mut self) -> LinkError {
        loop {
            let target = self.targets.borrow_and_update().clone();
            self.shared.set_whom(target.to_string());
            let error = self.one_link(&target).await;
            self.shared.detach(&error);
            tracing::debug!(%target, %error, "no link");
            let closed = matches!(error, LinkError::EndpointClosed);
            let since = match &*self.tell.borrow() {
                LinkState::Down { since, .. } => *since,
                LinkState::Up { .. } => Instant::now(),
            };
            self.tell.send_replace(LinkState::Down { since, error: Some(error.clone()) });
            if closed {
                self.shared.end(&error);
                return error;
            }
            if self.targets.has_changed().unwrap_or(false) {
                self.backoff.reset();
                continue;
            }
            tokio::select! {
                biased;
                () = sleep(self.backoff.next()) => {}
                () = moved(&mut self.targets) => self.backoff.reset(),
            }
        }
    }

    /// From dialling to the end of the link, or to a move of the target.
    async fn one_link(&mut self, target: &Target) -> LinkError {
        let mut targets = self.targets.clone();
        let connection = tokio::select! {
            biased;
            dialled = self.endpoint.connect(target, DIAL_WITHIN) => match dialled {
                Ok(connection) => connection,
                Err(error) => return error,
            },
            () = moved(&mut targets) => return away(),
        };
        let mut up_since = None;
        let up = |minor| {
            let since = Instant::now();
            up_since = Some(since);
            self.tell.send_replace(LinkState::Up { since, connection: connection.clone(), minor });
        };
        let error = tokio::select! {
            biased;
            error = converse(&self.shared, &connection, self.versions, up) => error,
            () = moved(&mut targets) => {
                connection.close(CloseCode::GOODBYE, "the target has moved");
                away()
            }
        };
        if up_since.is_some_and(|since| since.elapsed() >= GOOD_AFTER) {
            self.backoff.good();
        }
        error
    }
}

impl Drop for Dialler {
    /// A dropped driver lets go of the connection, and says so.
    fn drop(&mut self) {
        self.tell.send_if_modified(|state| {
            let was_up = state.is_up();
            if let LinkState::Up { connection, .. } = state {
                connection.close(CloseCode::GOODBYE, "the dialler is done");
                *state = LinkState::Down { since: Instant::now(), error: None };
            }
            was_up
        });
    }
}

async fn moved(targets: &mut watch::Receiver<Target>) {
    if targets.changed().await.is_err() {
        // Nobody is left who could move it: the link goes on for the asks under way, until its owner drops the driver.
        std::future::pending().await
    }
}

fn away() -> LinkError {
    LinkError::ClosedHere { code: CloseCode::GOODBYE, words: "the target has moved".to_owned() }
}

/// Waits between attempts: doubling, and spread over the upper half of each step, so that the peers of a node that comes
/// back do not all come at the same instant.
struct Backoff {
    step: Option<Duration>,
    seeds: Seeded,
}

impl Backoff {
    fn new(seed: u64) -> Backoff {
        Backoff { step: Some(BACKOFF_MIN), seeds: Seeded::new(seed) }
    }

    fn reset(&mut self) {
        self.step = Some(BACKOFF_MIN);
    }

    /// The next wait is none.
    fn good(&mut self) {
        self.step = None;
    }

    fn next(&mut self) -> Duration {
        let Some(step) = self.step else {
            self.reset();
            return Duration::ZERO;
        };
        self.step = Some((step * 2).min(BACKOFF_MAX));
        let spread_ms = step.as_millis() as u64 / 2;
        step - Duration::from_millis(self.seeds.next() % (spread_ms + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_their_bounds_and_are_repeatable() {
        let mut backoff = Backoff::new(7);
        let waits: Vec<_> = (0..8).map(|_| backoff.next().as_millis()).collect();
        for (wait, step) in waits.iter().zip([50, 100, 200, 400, 800, 1000, 1000, 1000]) {
            assert!((step / 2..=step).contains(wait), "{waits:?}");
        }
        let mut again = Backoff::new(7);
        assert_eq!(waits, (0..8).map(|_| again.next().as_millis()).collect::<Vec<_>>());
        backoff.good();
        assert_eq!(backoff.next(), Duration::ZERO, "a good link is dialled again at once");
        assert!(backoff.next() <= BACKOFF_MIN, "and then as after any failure");
    }
}
