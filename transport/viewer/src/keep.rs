//! The one task of a session: keeps its connection moving, brings a lost one back, says goodbye.
//!
//! ```text
//!             ┌──────────── resumed ─────────────┐
//!             ▼                                  │
//!   ──► connected ──lost without a word──► resuming ──window over, or refused──► ended
//!          │  │                                  │                                 ▲
//!          │  └── closed by the other side, with a code ───────────────────────────┤
//!          └───── close() ── goodbye ────────────┴──── close() ────────────────────┘
//! ```
//!
//! Owns: the connection. Refuses: to open anew what is over; that would be another session.

use std::sync::Arc;

use actors_protocol::factory::{Farewell, Goodbye, Redemption, Resume};
use actors_protocol::{Address, Fault, Millis, ResumeToken, SessionId, ViewerKey};
use tokio::time::{Instant, sleep};
use transport_link::{LinkError, SigningKey, Target};
use transport_wire::CloseCode;

use crate::channel::{Channel, Silence, send_inputs};
use crate::error::Refusal;
use crate::limits::{ATTEMPT_WITHIN, GOODBYE_WITHIN};
use crate::picture::Ended;
use crate::shared::Shared;
use crate::viewer::Inner;

pub(crate) struct Keeper {
    pub viewer: Arc<Inner>,
    pub target: Target,
    pub factory: Address,
    pub key: SigningKey,
    pub session: SessionId,
    pub token: ResumeToken,
    pub window: Millis,
    pub shared: Arc<Shared>,
}

/// One attempt to resume failed.
enum Attempt {
    /// The next may not.
    Failed(String),
    /// So will every other.
    Over(Ended),
}

/// Tells the application, whatever becomes of the task.
struct EndOnDrop(Arc<Shared>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        // The first reason stays: this one is seen only if the task did not come to give another.
        self.0.end(Ended { code: None, words: "the viewer's own task has ended".to_owned() });
    }
}

impl Keeper {
    /// Runs until the session is over.
    pub(crate) async fn keep(mut self, mut channel: Channel) {
        let shared = self.shared.clone();
        let _guard = EndOnDrop(shared.clone());
        let ended = loop {
            let connection = channel.connection().clone();
            let why = tokio::select! {
                biased;
                () = shared.leaving() => break self.goodbye(channel).await,
                why = channel.moved() => why,
                why = send_inputs(&connection, &shared) => connection.close_reason().unwrap_or(why),
            };
            if let Some(ended) = final_word(&why) {
                break ended;
            }
            drop((channel, connection));
            shared.lost(why.to_string());
            let resumed = tokio::select! {
                biased;
                () = shared.leaving() => break left("the connection was lost when the viewer left; its slot is free when the window for resuming is over"),
                resumed = self.resume(why.to_string()) => resumed,
            };
            channel = match resumed {
                Ok(channel) => channel,
                Err(ended) => break ended,
            };
            shared.connected(channel.connection().clone());
        };
        tracing::debug!(session = self.session.0, %ended, "over");
        shared.end(ended);
    }

    async fn goodbye(&self, mut channel: Channel) -> Ended {
        let goodbye = Goodbye { session: self.session };
        let path = self.factory.path.as_str();
        let ended = match channel.ask(path, self.factory.incarnation, &goodbye, GOODBYE_WITHIN).await {
            Ok(Farewell::Ended) => left("the viewer has left"),
            Ok(Farewell::NotYours) => left("the viewer has left; the session had ended before"),
            Err(Silence::Link(why)) => {
                final_word(&why).unwrap_or_else(|| left("the connection was lost while the viewer left"))
            }
            Err(Silence::Fault(fault)) => left(&format!("the viewer has left without an answer: {fault}")),
        };
        channel.connection().close(CloseCode::GOODBYE, "the viewer has left");
        ended
    }

    /// A new connection for the same session.
    async fn resume(&mut self, mut why: String) -> Result<Channel, Ended> {
        let until = Instant::now() + self.window.duration();
        for attempt in 0.. {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            why = match self.attempt(left.min(ATTEMPT_WITHIN)).await {
                Ok(channel) => return Ok(channel),
                Err(Attempt::Over(ended)) => return Err(ended),
                Err(Attempt::Failed(why)) => why,
            };
            tracing::debug!(why, attempt, "not resumed");
            let pause = self.viewer.randomness.backoff(attempt);
            sleep(pause.min(until.saturating_duration_since(Instant::now()))).await;
        }
        Err(Ended { code: None, words: format!("the connection did not come back within {}: {why}", self.window) })
    }

    async fn attempt(&mut self, within: std::time::Duration) -> Result<Channel, Attempt> {
        let failed = |why: LinkError| match final_word(&why) {
            Some(ended) => Attempt::Over(ended),
            None if why.is_refusal() => Attempt::Over(Ended { code: None, words: why.to_string() }),
            None => Attempt::Failed(why.to_string()),
        };
        let connection = self.viewer.endpoint.connect(&self.target, within).await.map_err(failed)?;
        let proof = connection.prove(&self.key);
        let resume = Resume { token: self.token, viewer: ViewerKey(self.key.public_key()), proof };
        let mut channel = Channel::with_pictures(connection, self.viewer.versions, self.shared.clone());
        let (path, incarnation) = (self.factory.path.as_str(), self.factory.incarnation);
        match channel.ask(path, incarnation, &resume, within).await {
            Ok(Redemption::Opened(opened)) => {
                self.token = opened.resume;
                self.window = opened.resume_window;
                Ok(channel)
            }
            Ok(refused) => {
                let refusal = Refusal::of(&refused).expect("whatever is not opened is a refusal");
                channel.connection().close(CloseCode::GOODBYE, "the session is over");
                Err(Attempt::Over(refused_for_good(refusal)))
            }
            Err(Silence::Link(why)) => Err(failed(why)),
            // The instance that had the session, in that life of it, is no more. A later one knows nothing of it.
            Err(Silence::Fault(Fault::Gone(_))) => {
                channel.connection().close(CloseCode::GOODBYE, "the session is over");
                Err(Attempt::Over(refused_for_good(Refusal::Forged)))
            }
            Err(Silence::Fault(fault)) => Err(Attempt::Failed(fault.to_string())),
        }
    }
}

/// The end of the session, if the end of the connection is one. A peer that lets go without a word has said nothing.
fn final_word(why: &LinkError) -> Option<Ended> {
    match why {
        LinkError::ClosedByPeer { code: CloseCode::DROPPED, .. } => None,
        LinkError::ClosedHere { code: CloseCode::DROPPED, .. } | LinkError::EndpointClosed => {
            Some(left("the viewer was closed"))
        }
        LinkError::ClosedByPeer { code, words } | LinkError::ClosedHere { code, words } => {
            let words = if words.is_empty() { code.words().to_owned() } else { words.clone() };
            Some(Ended { code: Some(*code), words })
        }
        LinkError::Broken { code, words } => Some(Ended { code: Some(*code), words: words.clone() }),
        _ => None,
    }
}

fn left(words: &str) -> Ended {
    Ended { code: Some(CloseCode::GOODBYE), words: words.to_owned() }
}

fn refused_for_good(refusal: Refusal) -> Ended {
    let (code, words) = match refusal {
        Refusal::Forged => {
            (None, "the instance no longer knows the session; it has restarted, or the slot's actor has ended")
        }
        Refusal::Expired => (None, "the connection was lost for longer than the session is kept"),
        Refusal::Reused => (None, "the session was resumed elsewhere"),
        Refusal::WrongKey => (None, "the instance does not believe that this is the session's viewer"),
        Refusal::Draining => (Some(CloseCode::DRAINED), "the instance is being drained"),
    };
    Ended { code, words: words.to_owned() }
}
