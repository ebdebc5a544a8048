//! The open leases of an instance: a ticket is out, its slot is held, and a deadline runs.
//!
//! Owns: the leases by ticket, their deadlines in order, and how many each viewer and each address has open.
//! Refuses: moving slots. Who takes a lease out of here must say what becomes of its slot.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use actors_protocol::{Millis, RequestId, SlotId, Ticket, ViewerKey};

/// The right to one slot, until it is redeemed, released or lapses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    pub(super) request: RequestId,
    /// Index of the service.
    pub(super) service: usize,
    pub(super) viewer: ViewerKey,
    /// Canonical: an IPv4 address mapped into IPv6 is the IPv4 address.
    pub(super) origin: IpAddr,
    pub(super) slot: SlotId,
    /// From this instant on the lease is over.
    pub(super) until: Millis,
}

#[derive(Debug, Default)]
pub(super) struct Leases {
    open: BTreeMap<Ticket, Lease>,
    deadlines: BTreeSet<(Millis, Ticket)>,
    by_viewer: BTreeMap<ViewerKey, u32>,
    by_origin: BTreeMap<IpAddr, u32>,
}

impl Leases {
    pub(super) fn insert(&mut self, ticket: Ticket, lease: Lease) {
        *self.by_viewer.entry(lease.viewer).or_default() += 1;
        *self.by_origin.entry(lease.origin).or_default() += 1;
        self.deadlines.insert((lease.until, ticket));
        self.open.insert(ticket, lease);
    }

    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<Lease> {
        let lease = self.open.remove(&ticket)?;
        self.deadlines.remove(&(lease.until, ticket));
        decrement(&mut self.by_viewer, &lease.viewer);
        decrement(&mut self.by_origin, &lease.origin);
        Some(lease)
    }

    pub(super) fn get(&self, ticket: Ticket) -> Option<&Lease> {
        self.open.get(&ticket)
    }

    pub(super) fn contains(&self, ticket: Ticket) -> bool {
        self.open.contains_key(&ticket)
    }

    pub(super) fn of_viewer(&self, viewer: &ViewerKey) -> u32 {
        self.by_viewer.get(viewer).copied().unwrap_or(0)
    }

    pub(super) fn of_origin(&self, origin: &IpAddr) -> u32 {
        self.by_origin.get(origin).copied().unwrap_or(0)
    }

    pub(super) fn next_deadline(&self) -> Option<Millis> {
        self.deadlines.first().map(|(until, _)| *until)
    }

    /// The ticket of a lease that is over. Its deadline is struck out; the lease itself must be removed by the caller.
    pub(super) fn pop_due(&mut self, now: Millis) -> Option<Ticket> {
        let due = *self.deadlines.first().filter(|(until, _)| *until <= now)?;
        self.deadlines.remove(&due);
        Some(due.1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Ticket, &Lease)> {
        self.open.iter().map(|(ticket, lease)| (*ticket, lease))
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// **I5**, inside: each lease has a deadline that is still to come, and the bounds count what is really open.
    pub(super) fn check(&self, now: Millis) -> Result<(), String> {
        let (mut by_viewer, mut by_origin) = (BTreeMap::new(), BTreeMap::new());
        for (ticket, lease) in &self.open {
            if lease.until <= now || !self.deadlines.contains(&(lease.until, *ticket)) {
                return Err(format!("I5: {} is held by a lease that was over at {}", lease.slot, lease.until));
            }
            *by_viewer.entry(lease.viewer).or_insert(0_u32) += 1;
            *by_origin.entry(lease.origin).or_insert(0_u32) += 1;
        }
        if self.deadlines.len() != self.open.len() {
            return Err(format!("I5: {} deadlines for {} leases", self.deadlines.len(), self.open.len()));
        }
        if by_viewer != self.by_viewer || by_origin != self.by_origin {
            return Err("the leases per viewer or per address are not those that are open".to_owned());
        }
        Ok(())
    }
}

/// Takes one away; an entry of zero is removed, so that the map is as large as what is open.
fn decrement<K: Ord>(map: &mut BTreeMap<K, u32>, key: &K) {
    if let Some(count) = map.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            map.remove(key);
        }
    }
}
