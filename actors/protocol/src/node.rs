//! Any node: its actors, seen and ended from outside. Spoken by `node`.

use serde::{Deserialize, Serialize};

use crate::{ActorPath, Incarnation, Millis, NodeName, Roles, actor_protocol};

actor_protocol! {
    /// What every node is asked. Path: `node`.
    pub protocol Node("node") {
        0x0701 => ListActors -> ActorList;
        0x0702 => InspectActor -> Inspection;
        0x0703 => EndActor -> Ending;
    }
}

/// Asks for the actors at and below a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListActors {
    /// Empty = all.
    pub below: String,
}

/// The answer to [`ListActors`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorList {
    /// The node.
    pub node: NodeName,
    /// What it runs.
    pub roles: Roles,
    /// How long it has been up.
    pub up: Millis,
    /// Its actors, by path.
    pub actors: Vec<ActorInfo>,
}

/// One actor, from the kernel's own books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorInfo {
    /// Where.
    pub path: ActorPath,
    /// Which life.
    pub incarnation: Incarnation,
    /// The kind of actor: the word of its protocol.
    pub kind: String,
    /// Its supervisor, if that is an actor.
    pub parent: Option<ActorPath>,
    /// Messages in its mailbox.
    pub depth: u32,
    /// The bound of its mailbox.
    pub bound: u32,
    /// How long the oldest message has waited; zero when there is none.
    pub oldest: Millis,
    /// Messages handled.
    pub handled: u64,
    /// Half of them took at most this long, in microseconds.
    pub p50_us: u64,
    /// 99 of 100 took at most this long, in microseconds.
    pub p99_us: u64,
    /// How often its supervisor brought it back.
    pub restarts: u32,
    /// How long this life has lasted.
    pub up: Millis,
}

/// Asks for one actor's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectActor {
    /// Which.
    pub path: ActorPath,
}

/// The answer to [`InspectActor`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inspection {
    /// Its state.
    State {
        /// The kernel's books.
        info: ActorInfo,
        /// What the actor says of itself, as JSON.
        state: String,
    },
    /// No actor lives there.
    Unknown {
        /// Paths that look like it.
        near: Vec<ActorPath>,
    },
}

/// Ends one actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndActor {
    /// Which.
    pub path: ActorPath,
    /// True: as a crash, without a chance to say goodbye. False: asks it to stop.
    pub kill: bool,
}

/// The answer to [`EndActor`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// It has ended, or will before its next message.
    Ended {
        /// The life that ended.
        incarnation: Incarnation,
    },
    /// No actor lives there.
    Unknown {
        /// Paths that look like it.
        near: Vec<ActorPath>,
    },
    /// It holds up the node itself; stop the node instead.
    Refused,
}
