//! Slots: the five states, and the count that is taken from one snapshot of a factory.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{Incarnation, InstanceName, Millis, ServiceName};

/// A slot of an instance. Never reused in the life of its factory: a successor has a number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SlotId(pub u32);

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot-{}", self.0)
    }
}

/// ```text
///   warming ──► free ──► reserved ──► active
///      │          │ ▲        │           │
///      │          │ └─lapse──┘           │
///      └──────────┴──► draining ◄────────┘      the end of a slot: its actor stops, a successor warms
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlotState {
    /// Its actor lives and gets ready.
    Warming,
    /// Can be reserved.
    Free,
    /// A lease holds it; a ticket is out.
    Reserved,
    /// A session runs (or its viewer has lost the connection and may still come back).
    Active,
    /// It ends: no new session, its actor is on its way out.
    Draining,
}

/// How many slots are in each state. Their sum is the capacity: the number of living slot actors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotCounts {
    /// See [`SlotState::Warming`].
    pub warming: u32,
    /// See [`SlotState::Free`].
    pub free: u32,
    /// See [`SlotState::Reserved`].
    pub reserved: u32,
    /// See [`SlotState::Active`].
    pub active: u32,
    /// See [`SlotState::Draining`].
    pub draining: u32,
}

impl SlotCounts {
    /// The number of living slot actors.
    pub fn capacity(&self) -> u32 {
        self.warming + self.free + self.reserved + self.active + self.draining
    }

    /// The count of one state.
    pub fn of(&mut self, state: SlotState) -> &mut u32 {
        match state {
            SlotState::Warming => &mut self.warming,
            SlotState::Free => &mut self.free,
            SlotState::Reserved => &mut self.reserved,
            SlotState::Active => &mut self.active,
            SlotState::Draining => &mut self.draining,
        }
    }
}

impl core::ops::Add for SlotCounts {
    type Output = SlotCounts;
    fn add(self, other: SlotCounts) -> SlotCounts {
        SlotCounts {
            warming: self.warming + other.warming,
            free: self.free + other.free,
            reserved: self.reserved + other.reserved,
            active: self.active + other.active,
            draining: self.draining + other.draining,
        }
    }
}

/// A service that draws on a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceUse {
    /// Its name.
    pub service: ServiceName,
    /// At most this many slots of the pool at once; none = all of them.
    pub cap: Option<u32>,
    /// Slots reserved or active for it now.
    pub used: u32,
}

/// What one factory says of its pool: a snapshot, with its place in the order of snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolReport {
    /// The instance whose pool it is.
    pub instance: InstanceName,
    /// Which life of the factory.
    pub incarnation: Incarnation,
    /// Grows with every report of this incarnation.
    pub seq: u64,
    /// The five states.
    pub counts: SlotCounts,
    /// The services that draw on the pool.
    pub services: Vec<ServiceUse>,
    /// How old the snapshot was when this report was sent.
    pub age: Millis,
    /// Why the factory offers fewer slots than it could: overloaded, and in which way; none when all is well.
    pub note: Option<String>,
}

impl PoolReport {
    /// Slots that `service` could be given: the pool's free ones, within what is left of its cap.
    pub fn free_for(&self, service: &ServiceName) -> u32 {
        self.services
            .iter()
            .find(|entry| entry.service == *service)
            .map_or(0, |entry| self.counts.free.min(entry.cap.map_or(u32::MAX, |cap| cap.saturating_sub(entry.used))))
    }
}
