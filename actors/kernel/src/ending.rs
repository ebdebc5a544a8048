//! Ends of actors in good order: stop one, retire one, drain a node.
//!
//! ```text
//!   prepare ──ready──► halt ──handles what waits──► stopped
//!      └──time is over──► kill       └──time is over──► kill
//! ```

use std::collections::BTreeSet;
use std::time::Duration;

use actors_protocol::{ActorPath, Incarnation};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::actor::Spec;
use crate::node::Node;

/// When the time of a drain is over, who needs none still gets its turn: the store is not killed because a session was slow.
const GRACE: Duration = Duration::from_millis(100);

/// How a drain went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Actors that stopped in time.
    pub stopped: usize,
    /// Actors that had to be killed.
    pub killed: Vec<ActorPath>,
}

impl Node {
    /// Stops one actor that the node runs, after the messages that wait, and returns when it is gone; kills it when `within`
    /// is over. It does not come back, also if it is between two lives. A child of an actor is only asked to stop.
    pub async fn stop(&self, path: &ActorPath, within: Duration) {
        self.stop_by(path, Instant::now() + within).await;
    }

    /// Lets an actor that the node runs finish what it should ([`Actor::drain`](crate::Actor::drain)), then stops it; kills
    /// it when `within` is over. It does not come back.
    pub async fn retire(&self, path: &ActorPath, within: Duration) {
        self.finish(vec![path.clone()], Instant::now() + within).await;
    }

    /// Ends what the node runs, rank by rank: bridges, sessions, media, roles, store. Each actor may finish what it does; who
    /// is not ready when `deadline` is over is killed. From the beginning of it the node starts no actor and brings none
    /// back; actors may still have children. The endpoint stays open, see [`Node::close`].
    pub async fn drain(&self, deadline: Duration) -> Drained {
        self.begin_drain();
        let until = Instant::now() + deadline;
        let ranks: BTreeSet<u8> = self.supervised().borrow().values().map(|supervised| supervised.rank).collect();
        let mut drained = Drained::default();
        for rank in ranks.into_iter().filter(|rank| *rank != Spec::STAYS) {
            let of_rank = |(path, supervised): (&ActorPath, &crate::supervisor::Supervised)| {
                (supervised.rank == rank).then(|| path.clone())
            };
            let actors = self.supervised().borrow().iter().filter_map(of_rank).collect();
            let of_rank = self.finish(actors, until.max(Instant::now() + GRACE)).await;
            drained.stopped += of_rank.stopped;
            drained.killed.extend(of_rank.killed);
        }
        drained
    }

    /// Retires actors beside each other.
    async fn finish(&self, actors: Vec<ActorPath>, until: Instant) -> Drained {
        let mut preparing = Vec::new();
        for path in actors {
            if let Some(supervised) = self.supervised().borrow().get(&path) {
                supervised.retire();
            }
            let (ready, is_ready) = oneshot::channel();
            if let Some(deliver) = self.directory().find(path.as_str(), Incarnation::ANY) {
                deliver.prepare(until.saturating_duration_since(Instant::now()), ready);
            }
            preparing.push((path, is_ready));
        }
        let mut halted = Vec::new();
        let mut drained = Drained::default();
        for (path, is_ready) in preparing {
            // A dropped sender is an actor that has ended: ready enough.
            if timeout_at(until, is_ready).await.is_ok() {
                self.halt(&path);
                halted.push(path);
            } else {
                self.stop_by(&path, Instant::now()).await;
                drained.killed.push(path);
            }
        }
        for path in halted {
            match self.stop_by(&path, until.max(Instant::now() + GRACE)).await {
                true => drained.stopped += 1,
                false => drained.killed.push(path),
            }
        }
        drained
    }

    fn halt(&self, path: &ActorPath) {
        if let Some(deliver) = self.directory().find(path.as_str(), Incarnation::ANY) {
            deliver.halt();
        }
    }

    /// Stops an actor and waits for its end. False: it had to be killed.
    async fn stop_by(&self, path: &ActorPath, until: Instant) -> bool {
        self.halt(path);
        // From here on it is ours: should this future be dropped, the actor ends with it.
        let supervised = self.supervised().borrow_mut().remove(path);
        let Some(mut supervised) = supervised else { return true };
        supervised.retire();
        let Some(deliver) = self.directory().find(path.as_str(), Incarnation::ANY) else {
            // Between two lives: there is nothing to wait for.
            return true;
        };
        let stopped = timeout_at(until, supervised.task.join()).await.is_ok();
        if !stopped {
            deliver.kill();
            // It ends at its next turn; its supervisor comes to its end behind it, and neither waits for anybody.
            drop(supervised.task.join().await);
        }
        stopped
    }
}
