//! A network in memory: sockets that quinn takes for real ones, on tokio's clock, with a delay and a cut.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use tokio::time::{Instant, Sleep, sleep_until};

/// Packets that wait for one socket; more are dropped, as a router would.
const QUEUE_MAX: usize = 4_096;

#[derive(Clone, Debug)]
pub struct Net(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    delay: Duration,
    cut: bool,
    inboxes: BTreeMap<SocketAddr, Inbox>,
}

#[derive(Debug, Default)]
struct Inbox {
    packets: VecDeque<(Instant, SocketAddr, Bytes)>,
    waker: Option<Waker>,
}

#[derive(Debug)]
struct Plug {
    net: Net,
    address: SocketAddr,
    alarm: Mutex<Option<Pin<Box<Sleep>>>>,
}

impl Net {
    /// A network in which every packet takes `delay` from any socket to any other.
    pub fn new(delay: Duration) -> Net {
        Net(Arc::new(Mutex::new(State { delay, cut: false, inboxes: BTreeMap::new() })))
    }

    /// A socket with this address. An earlier one with the same address is cut off.
    pub fn socket(&self, address: SocketAddr) -> Arc<dyn AsyncUdpSocket> {
        self.0.lock().unwrap().inboxes.insert(address, Inbox::default());
        Arc::new(Plug { net: self.clone(), address, alarm: Mutex::new(None) })
    }

    /// While cut, every packet is lost.
    pub fn cut(&self, cut: bool) {
        self.0.lock().unwrap().cut = cut;
    }
}

impl AsyncUdpSocket for Plug {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let mut state = self.net.0.lock().unwrap();
        let at = Instant::now() + state.delay;
        if state.cut {
            return Ok(());
        }
        if let Some(inbox) = state.inboxes.get_mut(&transmit.destination) {
            if inbox.packets.len() < QUEUE_MAX {
                inbox.packets.push_back((at, self.address, Bytes::copy_from_slice(transmit.contents)));
            }
            inbox.waker.take().into_iter().for_each(Waker::wake);
        }
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            let next = {
                let mut state = self.net.0.lock().unwrap();
                let inbox = state.inboxes.get_mut(&self.address).expect("made with the socket");
                inbox.waker = Some(cx.waker().clone());
                match inbox.packets.front() {
                    None => return Poll::Pending,
                    Some((at, ..)) if *at <= Instant::now() => {
                        let (_, from, data) = inbox.packets.pop_front().expect("seen above");
                        buffers[0][..data.len()].copy_from_slice(&data);
                        meta[0] = RecvMeta { addr: from, len: data.len(), stride: data.len(), ecn: None, dst_ip: None };
                        return Poll::Ready(Ok(1));
                    }
                    Some((at, ..)) => *at,
                }
            };
            let mut alarm = self.alarm.lock().unwrap();
            let sleep = alarm.insert(Box::pin(sleep_until(next)));
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

#[derive(Debug)]
struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
