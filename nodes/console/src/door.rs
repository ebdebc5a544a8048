//! The door between the threads of HTTP and the one thread of the node: what is asked goes through as an errand.
//!
//! Owns: the bound on errands that wait and on errands under way. Refuses: waiting without a deadline.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actors_control::role_path;
use actors_kernel::Node;
use actors_protocol::{Fault, Includes, Protocol, Request};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::problem::{Kind, Problem};

/// Errands that wait; the next caller is told to come again.
const WAITING_MAX: usize = 64;
/// Errands under way at once.
const UNDER_WAY_MAX: usize = 64;
/// The orchestrator answers from memory, or after one commit. Whoever waits longer waits for nobody.
const WITHIN: Duration = Duration::from_secs(3);
/// For the way through the door and back.
const DOOR_WITHIN: Duration = Duration::from_secs(1);

type Work = Pin<Box<dyn Future<Output = ()>>>;
type Errand = Box<dyn FnOnce(&Node) -> Work + Send>;

/// The outer side. A clone is the same door.
#[derive(Clone)]
pub struct Door {
    errands: mpsc::Sender<Errand>,
    entropy: fn() -> u128,
}

impl Door {
    /// Opens a door to the node of this thread; it closes with the node.
    pub fn open(node: &Node, entropy: fn() -> u128) -> Door {
        let (outside, mut errands) = mpsc::channel::<Errand>(WAITING_MAX);
        let inside = node.clone();
        node.task("console", async move {
            let mut under_way = JoinSet::new();
            loop {
                tokio::select! {
                    biased;
                    Some(_) = under_way.join_next(), if !under_way.is_empty() => {}
                    errand = errands.recv(), if under_way.len() < UNDER_WAY_MAX => match errand {
                        Some(errand) => drop(under_way.spawn_local(errand(&inside))),
                        None => break,
                    },
                }
            }
        });
        Door { errands: outside, entropy }
    }

    /// 128 bits that cannot be guessed.
    pub fn draw(&self) -> u128 {
        (self.entropy)()
    }

    /// Asks the actor at `path` of the node.
    pub async fn ask<P, M>(&self, path: &'static str, message: M) -> Result<M::Reply, Problem>
    where
        P: Protocol + Includes<M>,
        M: Request,
    {
        let (sender, receiver) = oneshot::channel();
        let errand: Errand = Box::new(move |node| {
            let asked = node.near::<P>(role_path(path)).ask(message, WITHIN);
            // Whoever asked may have gone away.
            Box::pin(async move { drop(sender.send(asked.await)) })
        });
        if self.errands.try_send(errand).is_err() {
            return Err(Problem::new(Kind::Busy, "too much is being asked at once; ask again in a second"));
        }
        match tokio::time::timeout(WITHIN + DOOR_WITHIN, receiver).await {
            Ok(Ok(Ok(reply))) => Ok(reply),
            Ok(Ok(Err(Fault::Overloaded(_)))) => {
                Err(Problem::new(Kind::Busy, format!("'{path}' has too much to do; ask again in a second")))
            }
            Ok(Ok(Err(Fault::Deadline))) | Err(_) => Err(Problem::new(
                Kind::Late,
                format!("'{path}' did not answer {} in time; whether it was carried out is open", M::NAME),
            )),
            Ok(Ok(Err(fault))) => Err(Problem::new(Kind::Busy, format!("'{path}' did not answer: {fault}"))),
            Ok(Err(_)) => Err(Problem::new(Kind::Busy, "the node stops")),
        }
    }
}
