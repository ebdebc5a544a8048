//! The state of the network behind its lock: who is bound where, how hosts are linked, what became of the datagrams.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::Waker;

use bytes::Bytes;
use quinn::udp::Transmit;
use tokio::time::Instant;

use super::counters::Counters;
use super::link::{Direction, Link};
use super::mailbox::{Datagram, Mailbox};
use super::random::Random;

/// Where ports for port 0 begin, as on Linux.
const PORT_FREE_FIRST: u16 = 32_768;

#[derive(Debug)]
pub(super) struct Switch {
    seed: u64,
    default_link: Link,
    directions: BTreeMap<(IpAddr, IpAddr), Direction>,
    /// Pairs whose link was set; the others follow the default.
    own_links: BTreeSet<(IpAddr, IpAddr)>,
    isolated: BTreeSet<IpAddr>,
    mailboxes: BTreeMap<SocketAddr, Mailbox>,
    port_next: u16,
    counters: Counters,
    /// Numbers sockets and datagrams.
    number: u64,
}

impl Switch {
    pub(super) fn new(seed: u64) -> Switch {
        Switch {
            seed,
            default_link: Link::PERFECT,
            directions: BTreeMap::new(),
            own_links: BTreeSet::new(),
            isolated: BTreeSet::new(),
            mailboxes: BTreeMap::new(),
            port_next: PORT_FREE_FIRST,
            counters: Counters::default(),
            number: 0,
        }
    }

    pub(super) fn set_default_link(&mut self, link: Link) {
        self.default_link = link;
        for (pair, direction) in &mut self.directions {
            if !self.own_links.contains(pair) {
                direction.link = link;
            }
        }
    }

    pub(super) fn set_link(&mut self, from: IpAddr, to: IpAddr, link: Link) {
        self.own_links.insert((from, to));
        self.direction(from, to).0.link = link;
    }

    pub(super) fn set_cut(&mut self, from: IpAddr, to: IpAddr, cut: bool) {
        self.direction(from, to).0.cut = cut;
    }

    pub(super) fn set_isolated(&mut self, host: IpAddr, isolated: bool) {
        if isolated {
            self.isolated.insert(host);
        } else {
            self.isolated.remove(&host);
        }
    }

    pub(super) fn heal_all(&mut self) {
        self.isolated.clear();
        self.directions.values_mut().for_each(|direction| direction.cut = false);
    }

    /// Binds an address, or a free port of its host; returns it and the number of the new socket.
    pub(super) fn bind(&mut self, now: Instant, wanted: SocketAddr) -> io::Result<(SocketAddr, u64)> {
        if wanted.ip().is_unspecified() {
            let words = format!("{wanted}: a host of the simulated network is one address, not any");
            return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, words));
        }
        let address = if wanted.port() == 0 { self.free_port(wanted.ip())? } else { wanted };
        self.number += 1;
        let mailbox = self.mailboxes.entry(address).or_default();
        if mailbox.bound.is_some() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, format!("{address} is in use")));
        }
        mailbox.bind(now, self.number, &mut self.counters);
        Ok((address, self.number))
    }

    /// Ports go round, so that what was meant for the last holder of one does not come to the next.
    fn free_port(&mut self, host: IpAddr) -> io::Result<SocketAddr> {
        for _ in PORT_FREE_FIRST..=u16::MAX {
            let address = SocketAddr::new(host, self.port_next);
            self.port_next = self.port_next.checked_add(1).unwrap_or(PORT_FREE_FIRST);
            if !self.mailboxes.contains_key(&address) {
                return Ok(address);
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, format!("{host} has no free port")))
    }

    /// The holder dropped its socket.
    pub(super) fn unbind(&mut self, now: Instant, address: SocketAddr, number: u64) {
        let Some(mailbox) = self.mailboxes.get_mut(&address) else { return };
        if mailbox.bound == Some(number) {
            mailbox.unbind(now, &mut self.counters);
            if mailbox.is_unused() {
                self.mailboxes.remove(&address);
            }
        }
    }

    /// Takes all sockets of a host away; one entry for each, with its reader if one waits.
    pub(super) fn crash(&mut self, host: IpAddr) -> Vec<Option<Waker>> {
        let now = Instant::now();
        let mut readers = Vec::new();
        for (address, mailbox) in &mut self.mailboxes {
            if address.ip() == host && mailbox.bound.is_some() {
                readers.push(mailbox.unbind(now, &mut self.counters));
            }
        }
        readers
    }

    /// Sends what a socket transmits, segment by segment; `wake` gets the readers to wake once the lock is released.
    pub(super) fn send(&mut self, from: SocketAddr, number: u64, transmit: &Transmit<'_>, wake: &mut Vec<Waker>) {
        if self.mailboxes.get(&from).is_none_or(|mailbox| mailbox.bound != Some(number)) {
            return; // A crashed host sends nothing.
        }
        let now = Instant::now();
        let segment = transmit.segment_size.unwrap_or(transmit.contents.len()).max(1);
        // One copy for all segments; each is a slice of it.
        let mut rest = Bytes::copy_from_slice(transmit.contents);
        loop {
            let payload = rest.split_to(segment.min(rest.len()));
            let datagram = Datagram { from, ecn: transmit.ecn, payload };
            self.send_one(now, transmit.destination, datagram, wake);
            if rest.is_empty() {
                return;
            }
        }
    }

    fn send_one(&mut self, now: Instant, to: SocketAddr, datagram: Datagram, wake: &mut Vec<Waker>) {
        self.counters.sent += 1;
        let (sender, receiver) = (datagram.from.ip(), to.ip());
        let arrivals = if sender == receiver {
            [Some(now), None]
        } else {
            let isolated = self.isolated.contains(&sender) || self.isolated.contains(&receiver);
            let bytes = u64::try_from(datagram.payload.len()).expect("a usize fits into 64 bits");
            let (direction, counters) = self.direction(sender, receiver);
            direction.pass(now, bytes, isolated, counters)
        };
        for due in arrivals.into_iter().flatten() {
            self.number += 1;
            let mailbox = self.mailboxes.entry(to).or_default();
            wake.extend(mailbox.post(now, due, self.number, datagram.clone(), &mut self.counters));
        }
    }

    /// The mailbox of a socket that has not been taken away.
    pub(super) fn mailbox(&mut self, address: SocketAddr, number: u64) -> Option<(&mut Mailbox, &mut Counters)> {
        let mailbox = self.mailboxes.get_mut(&address)?;
        (mailbox.bound == Some(number)).then_some((mailbox, &mut self.counters))
    }

    /// The counters, with what has arrived by now.
    pub(super) fn counters(&mut self) -> Counters {
        let now = Instant::now();
        self.mailboxes.retain(|_, mailbox| {
            mailbox.settle(now, &mut self.counters);
            !mailbox.is_unused()
        });
        self.counters
    }

    pub(super) fn in_flight(&mut self) -> usize {
        self.counters();
        self.mailboxes.values().map(Mailbox::len).sum()
    }

    fn direction(&mut self, from: IpAddr, to: IpAddr) -> (&mut Direction, &mut Counters) {
        let (seed, link) = (self.seed, self.default_link);
        let new = || Direction::new(link, Random::derive(seed, word(from, to)));
        (self.directions.entry((from, to)).or_insert_with(new), &mut self.counters)
    }
}

/// A word for an ordered pair of hosts, by their addresses only: the order in which pairs first speak does not matter.
fn word(from: IpAddr, to: IpAddr) -> u64 {
    let mut random = Random::new(0);
    for host in [from, to] {
        let octets = match host {
            IpAddr::V4(host) => host.to_ipv6_mapped().octets(),
            IpAddr::V6(host) => host.octets(),
        };
        for half in octets.chunks_exact(8) {
            let half = u64::from_be_bytes(half.try_into().expect("a chunk of eight bytes"));
            random = Random::derive(random.next(), half);
        }
    }
    random.next()
}
