//! What comes to one address: datagrams under way, and the receive queue of the socket that is bound there.
//!
//! It belongs to the address and not to the socket: what is under way when a node restarts comes to the new one, as on a
//! real network, and only what arrives while nobody is bound vanishes. Time is looked at when somebody looks
//! ([`Mailbox::settle`]), with the outcome that a timer per datagram would have had.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::net::SocketAddr;
use std::task::Waker;

use bytes::Bytes;
use quinn::udp::EcnCodepoint;
use tokio::time::Instant;

use super::counters::Counters;

/// Datagrams a socket holds for a reader that does not read. Linux holds about 200 kB by default, nodes ask for more.
const RECEIVE_QUEUE_DATAGRAMS_MAX: usize = 2_048;

/// Datagrams under way to one address: ten times what a congestion window of 8 MB makes, so only a runaway meets it.
const UNDER_WAY_DATAGRAMS_MAX: usize = 65_536;

#[derive(Debug, Clone)]
pub(super) struct Datagram {
    pub(super) from: SocketAddr,
    pub(super) ecn: Option<EcnCodepoint>,
    pub(super) payload: Bytes,
}

#[derive(Debug)]
struct UnderWay {
    due: Instant,
    /// Of two that are due at once the one that was sent first comes first.
    number: u64,
    datagram: Datagram,
}

impl Ord for UnderWay {
    /// Reversed: a `BinaryHeap` gives the greatest first, and the earliest is wanted.
    fn cmp(&self, other: &UnderWay) -> Ordering {
        (other.due, other.number).cmp(&(self.due, self.number))
    }
}

impl PartialOrd for UnderWay {
    fn partial_cmp(&self, other: &UnderWay) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for UnderWay {
    fn eq(&self, other: &UnderWay) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for UnderWay {}

#[derive(Debug, Default)]
pub(super) struct Mailbox {
    under_way: BinaryHeap<UnderWay>,
    received: VecDeque<Datagram>,
    reader: Option<Waker>,
    /// The number of the socket that is bound here.
    pub(super) bound: Option<u64>,
}

impl Mailbox {
    /// Takes a datagram that will be due. Returns whom to wake because the next arrival is now an earlier one.
    pub(super) fn post(
        &mut self,
        now: Instant,
        due: Instant,
        number: u64,
        datagram: Datagram,
        counters: &mut Counters,
    ) -> Option<Waker> {
        self.settle(now, counters);
        if self.under_way.len() >= UNDER_WAY_DATAGRAMS_MAX {
            counters.choked += 1;
            return None;
        }
        let earliest = self.next_due().is_none_or(|next| due < next);
        self.under_way.push(UnderWay { due, number, datagram });
        if earliest { self.reader.take() } else { None }
    }

    /// Lets arrive what is due: into the receive queue, or into nothing.
    pub(super) fn settle(&mut self, now: Instant, counters: &mut Counters) {
        while self.next_due().is_some_and(|due| due <= now) {
            let Some(arrived) = self.under_way.pop() else { return };
            if self.bound.is_none() {
                counters.unclaimed += 1;
            } else if self.received.len() >= RECEIVE_QUEUE_DATAGRAMS_MAX {
                counters.overrun += 1;
            } else {
                counters.delivered += 1;
                self.received.push_back(arrived.datagram);
            }
        }
    }

    pub(super) fn take(&mut self) -> Option<Datagram> {
        self.received.pop_front()
    }

    /// Remembers who waits; returns when it should look again by itself.
    pub(super) fn wait(&mut self, reader: &Waker) -> Option<Instant> {
        if !self.reader.as_ref().is_some_and(|known| known.will_wake(reader)) {
            self.reader = Some(reader.clone());
        }
        self.next_due()
    }

    pub(super) fn bind(&mut self, now: Instant, number: u64, counters: &mut Counters) {
        self.settle(now, counters);
        self.bound = Some(number);
    }

    /// The socket is gone, and with it what it had not read. Returns its reader.
    pub(super) fn unbind(&mut self, now: Instant, counters: &mut Counters) -> Option<Waker> {
        self.settle(now, counters);
        self.received.clear();
        self.bound = None;
        self.reader.take()
    }

    pub(super) fn is_unused(&self) -> bool {
        self.bound.is_none() && self.under_way.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.under_way.len() + self.received.len()
    }

    fn next_due(&self) -> Option<Instant> {
        self.under_way.peek().map(|next| next.due)
    }
}
