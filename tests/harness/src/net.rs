//! An in-memory UDP network for real quinn endpoints, in virtual time.
//!
//! Owns: the links between hosts and their faults, the datagrams under way, the sockets' receive queues, the counters.
//! Refuses: knowing what a datagram says; tasks (a socket is its own timer, so nothing is left behind to be leaked); the
//! wall clock.
//!
//! ```text
//!            try_send             Direction (one per ordered pair of hosts)              poll_recv
//!  socket ------------> cut? -> lost? -> queue of the link -> delay -> hold, copy ----> under way -> receive queue
//!                        |       |             |                                            |             |
//!                       cut   dropped        choked                                     unclaimed      overrun
//! ```
//!
//! A host is an IP address; traffic of a host with itself passes at once and untouched. Each ordered pair of hosts draws
//! from a stream of its own, derived from the network's seed, and every datagram draws the same number of times: one
//! pair's traffic, or a fault switched on, does not change another pair's luck.
//!
//! Tokio's timers tick in milliseconds: a datagram that is due between two ticks arrives at the second one.

mod counters;
mod link;
mod mailbox;
mod random;
mod socket;
mod switch;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use counters::Counters;
pub use link::Link;
pub use random::Random;

use switch::Switch;

/// The whole network. A clone is another handle on the same one.
#[derive(Debug, Clone)]
pub struct Network {
    switch: Arc<Mutex<Switch>>,
}

impl Network {
    /// A network without delay or fault, whose luck comes from `seed`.
    pub fn new(seed: u64) -> Network {
        Network { switch: Arc::new(Mutex::new(Switch::new(seed))) }
    }

    /// Binds a socket. Port 0 takes a free one. The address is free again when the last handle is dropped, and after
    /// [`Network::crash`]; binding it anew is a restarted node, to which datagrams that are under way still come.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when a living socket has this address, `AddrNotAvailable` for an unspecified host.
    pub fn socket(&self, address: SocketAddr) -> io::Result<Arc<dyn quinn::AsyncUdpSocket>> {
        socket::bind(self, address)
    }

    /// How every pair of different hosts is linked that has no link of its own.
    pub fn set_default_link(&self, link: Link) {
        self.lock().set_default_link(link);
    }

    /// Links two hosts, the same way in both directions. What is under way already is not affected.
    pub fn set_link(&self, a: impl Into<IpAddr>, b: impl Into<IpAddr>, link: Link) {
        let (a, b) = (a.into(), b.into());
        let mut switch = self.lock();
        switch.set_link(a, b, link);
        switch.set_link(b, a, link);
    }

    /// Links two hosts in one direction only.
    pub fn set_link_one_way(&self, from: impl Into<IpAddr>, to: impl Into<IpAddr>, link: Link) {
        self.lock().set_link(from.into(), to.into(), link);
    }

    /// Cuts two hosts off from each other: what they send from now on vanishes. What is under way still arrives.
    pub fn cut(&self, a: impl Into<IpAddr>, b: impl Into<IpAddr>) {
        let (a, b) = (a.into(), b.into());
        let mut switch = self.lock();
        switch.set_cut(a, b, true);
        switch.set_cut(b, a, true);
    }

    /// Cuts one direction only.
    pub fn cut_one_way(&self, from: impl Into<IpAddr>, to: impl Into<IpAddr>) {
        self.lock().set_cut(from.into(), to.into(), true);
    }

    /// Undoes `cut` and `cut_one_way` between two hosts, in both directions.
    pub fn heal(&self, a: impl Into<IpAddr>, b: impl Into<IpAddr>) {
        let (a, b) = (a.into(), b.into());
        let mut switch = self.lock();
        switch.set_cut(a, b, false);
        switch.set_cut(b, a, false);
    }

    /// Heals one direction only.
    pub fn heal_one_way(&self, from: impl Into<IpAddr>, to: impl Into<IpAddr>) {
        self.lock().set_cut(from.into(), to.into(), false);
    }

    /// Cuts a host off from all others, whatever is cut pair by pair.
    pub fn isolate(&self, host: impl Into<IpAddr>) {
        self.lock().set_isolated(host.into(), true);
    }

    /// Undoes `isolate`.
    pub fn rejoin(&self, host: impl Into<IpAddr>) {
        self.lock().set_isolated(host.into(), false);
    }

    /// Undoes every cut and every isolation.
    pub fn heal_all(&self) {
        self.lock().heal_all();
    }

    /// Takes the sockets of a host away from whoever holds them, as a crashed process loses them: reading fails, what is
    /// sent vanishes, the addresses are free at once. A quinn endpoint on such a socket ends its tasks by itself.
    /// Returns how many sockets there were.
    pub fn crash(&self, host: impl Into<IpAddr>) -> usize {
        let wakers = self.lock().crash(host.into());
        let sockets = wakers.len();
        wakers.into_iter().flatten().for_each(std::task::Waker::wake);
        sockets
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        self.lock().counters()
    }

    /// How many datagrams are under way or wait to be read.
    pub fn in_flight(&self) -> usize {
        self.lock().in_flight()
    }

    /// The state of a network whose holder panicked is still whole: no method leaves it half changed.
    fn lock(&self) -> MutexGuard<'_, Switch> {
        self.switch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
