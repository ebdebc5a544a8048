//! The hub: one thread that reads packets from every namespace's device and writes each to its receiver's when it is due.
//!
//! Owns: the devices, the packets under way and the lanes (one per ordered pair). IPv4 between members only; anything
//! else (IPv6 neighbours, multicast) is dropped, as by a wire that is not there.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use super::NETWORK;
use super::lane::{Lane, Link, Traffic};

/// The longest IPv4 packet.
const PACKET_BYTES_MAX: usize = 65_535;
/// Packets read from one device before the others and the due ones get their turn.
const READ_AT_ONCE_MAX: usize = 64;
/// An IPv4 header without options.
const HEADER_BYTES: usize = 20;

#[derive(Debug)]
pub(super) struct Hub {
    shared: Arc<Shared>,
    relay: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    members: usize,
    /// From `from` to `to` at `from * members + to`.
    lanes: Mutex<Vec<Lane>>,
    ends: AtomicBool,
    /// Wakes the thread when it is to end.
    bell: OwnedFd,
}

impl Hub {
    pub(super) fn start(devices: Vec<File>) -> anyhow::Result<Hub> {
        let members = devices.len();
        let lanes = std::iter::repeat_with(Lane::default).take(members * members).collect();
        let bell = eventfd(0, EventfdFlags::CLOEXEC)?;
        let shared = Arc::new(Shared { members, lanes: Mutex::new(lanes), ends: AtomicBool::new(false), bell });
        let theirs = shared.clone();
        let relay = Relay { devices, shared: theirs, under_way: BinaryHeap::new(), number: 0 };
        let relay = std::thread::Builder::new().name("hub".into()).spawn(move || relay.run())?;
        Ok(Hub { shared, relay: Some(relay) })
    }

    pub(super) fn set_link(&self, from: usize, to: usize, link: Link) {
        self.shared.with(from, to, |lane| lane.link = link);
    }

    pub(super) fn set_cut(&self, from: usize, to: usize, cut: bool) {
        self.shared.with(from, to, |lane| lane.cut = cut);
    }

    pub(super) fn traffic(&self, from: usize, to: usize) -> Traffic {
        self.shared.with(from, to, |lane| lane.traffic)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Release);
        let rung = rustix::io::write(&self.shared.bell, &1u64.to_ne_bytes());
        if rung.is_ok()
            && let Some(relay) = self.relay.take()
            && relay.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the hub panicked: what it relayed since proves nothing");
        }
    }
}

impl Shared {
    fn lanes(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, from: usize, to: usize, act: impl FnOnce(&mut Lane) -> T) -> T {
        assert!(from < self.members && to < self.members, "there are {} members", self.members);
        act(&mut self.lanes()[from * self.members + to])
    }
}

/// Ordered by when it is due, and of two by which was sent first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Packet {
    due: Instant,
    number: u64,
    from: usize,
    to: usize,
    bytes: Vec<u8>,
}

struct Relay {
    devices: Vec<File>,
    shared: Arc<Shared>,
    under_way: BinaryHeap<Reverse<Packet>>,
    number: u64,
}

impl Relay {
    fn run(mut self) {
        let mut buffer = vec![0; PACKET_BYTES_MAX];
        while !self.shared.ends.load(Ordering::Acquire) {
            for from in self.wait() {
                self.read(from, &mut buffer);
            }
            self.deliver();
        }
    }

    /// Waits until a device has packets, one is due, or the bell rings. Returns the devices that have some.
    fn wait(&self) -> Vec<usize> {
        let left = self.under_way.peek().map(|Reverse(next)| next.due.saturating_duration_since(Instant::now()));
        let left = left.map(timespec);
        let mut waited: Vec<PollFd<'_>> =
            self.devices.iter().map(|device| PollFd::new(device, PollFlags::IN)).collect();
        waited.push(PollFd::from_borrowed_fd(self.shared.bell.as_fd(), PollFlags::IN));
        // An interrupted wait is one that found nothing.
        let _ = poll(&mut waited, left.as_ref());
        let ready = |(index, fd): (usize, &PollFd<'_>)| fd.revents().contains(PollFlags::IN).then_some(index);
        waited.iter().take(self.devices.len()).enumerate().filter_map(ready).collect()
    }

    fn read(&mut self, from: usize, buffer: &mut [u8]) {
        for _ in 0..READ_AT_ONCE_MAX {
            let Ok(read) = (&self.devices[from]).read(buffer) else { return };
            let packet = &buffer[..read];
            let Some(to) = receiver(packet).filter(|to| *to < self.devices.len() && *to != from) else { continue };
            let bytes = u64::try_from(read).expect("a usize fits into 64 bits");
            let now = Instant::now();
            if let Some(due) = self.shared.with(from, to, |lane| lane.pass(now, bytes)) {
                self.number += 1;
                self.under_way.push(Reverse(Packet { due, number: self.number, from, to, bytes: packet.to_vec() }));
            }
        }
    }

    fn deliver(&mut self) {
        let now = Instant::now();
        while let Some(Reverse(next)) = self.under_way.peek()
            && next.due <= now
        {
            let Some(Reverse(packet)) = self.under_way.pop() else { return };
            // A device that is down takes nothing: its packets are lost, as they would be.
            let _ = (&self.devices[packet.to]).write(&packet.bytes);
            let bytes = u64::try_from(packet.bytes.len()).expect("a usize fits into 64 bits");
            self.shared.with(packet.from, packet.to, |lane| lane.delivered(bytes));
        }
    }
}

/// The member an IPv4 packet is for.
fn receiver(packet: &[u8]) -> Option<usize> {
    let header = packet.first_chunk::<HEADER_BYTES>()?;
    let to = &header[16..];
    let ours = header[0] >> 4 == 4 && to.starts_with(&NETWORK);
    if ours { usize::from(to[3]).checked_sub(1) } else { None }
}

fn timespec(time: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX), tv_nsec: time.subsec_nanos().into() }
}
