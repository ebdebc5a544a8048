//! The least network that quinn can live on: sockets in memory, a delay, and a cable that can be pulled.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until};

/// Datagrams that wait in a socket; more are lost, as in a kernel.
const QUEUE: usize = 4096;

type Datagram = (Instant, SocketAddr, Bytes);

#[derive(Debug)]
pub struct Network {
    sockets: Mutex<BTreeMap<SocketAddr, mpsc::Sender<Datagram>>>,
    delay: Duration,
    cut: AtomicBool,
}

impl Network {
    pub fn new(delay: Duration) -> Arc<Network> {
        Arc::new(Network { sockets: Mutex::default(), delay, cut: AtomicBool::new(false) })
    }

    pub fn socket(self: &Arc<Self>, address: SocketAddr) -> Arc<dyn AsyncUdpSocket> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        self.sockets.lock().insert(address, sender);
        let inbox = Mutex::new(Inbox { receiver, next: None });
        Arc::new(Socket { network: self.clone(), address, inbox })
    }

    pub fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Socket {
    network: Arc<Network>,
    address: SocketAddr,
    inbox: Mutex<Inbox>,
}

#[derive(Debug)]
struct Inbox {
    receiver: mpsc::Receiver<Datagram>,
    next: Option<(Pin<Box<Sleep>>, SocketAddr, Bytes)>,
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Ready)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        if !self.network.cut.load(Ordering::Relaxed)
            && let Some(to) = self.network.sockets.lock().get(&transmit.destination)
        {
            let due = Instant::now() + self.network.delay;
            let _ = to.try_send((due, self.address, Bytes::copy_from_slice(transmit.contents)));
        }
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let inbox = &mut *self.inbox.lock();
        if inbox.next.is_none() {
            let received = ready!(pin!(inbox.receiver.recv()).poll(cx));
            let (due, from, data) = received.expect("the network holds a sender");
            inbox.next = Some((Box::pin(sleep_until(due)), from, data));
        }
        let (due, ..) = inbox.next.as_mut().expect("set just now");
        ready!(due.as_mut().poll(cx));
        let (_, from, data) = inbox.next.take().expect("set just now");
        buffers[0][..data.len()].copy_from_slice(&data);
        meta[0] = RecvMeta { addr: from, len: data.len(), stride: data.len(), ecn: None, dst_ip: None };
        Poll::Ready(Ok(1))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

#[derive(Debug)]
struct Ready;

impl UdpPoller for Ready {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
