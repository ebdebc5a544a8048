//! A socket of the simulated network, as quinn wants it. It is its own timer: a reader that finds nothing sleeps until
//! the next datagram is due, and whoever sends an earlier one wakes it.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use tokio::time::{Instant, Sleep};

use super::Network;
use super::mailbox::Datagram;

/// Segments in one transmit, so that quinn's path for several is the one that is tested. Linux takes up to 64.
const TRANSMIT_SEGMENTS_MAX: usize = 16;

#[derive(Debug)]
struct Socket {
    network: Network,
    address: SocketAddr,
    number: u64,
    /// Made at the first wait: only then is a runtime certain to be there.
    alarm: Mutex<Option<Pin<Box<Sleep>>>>,
}

pub(super) fn bind(network: &Network, wanted: SocketAddr) -> io::Result<Arc<dyn AsyncUdpSocket>> {
    let (address, number) = network.lock().bind(Instant::now(), wanted)?;
    Ok(Arc::new(Socket { network: network.clone(), address, number, alarm: Mutex::new(None) }))
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.network.lock().unbind(Instant::now(), self.address, self.number);
    }
}

impl Socket {
    /// What can be read now, or when to look again. An error once the host has crashed.
    fn read(&self, cx: &Context<'_>, bufs: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta]) -> io::Result<Read> {
        let mut switch = self.network.lock();
        let Some((mailbox, counters)) = switch.mailbox(self.address, self.number) else {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, format!("the host of {} crashed", self.address)));
        };
        mailbox.settle(Instant::now(), counters);
        let mut read = 0;
        for (buf, meta) in bufs.iter_mut().zip(meta) {
            let Some(datagram) = mailbox.take() else { break };
            *meta = self.fill(buf, &datagram);
            read += 1;
        }
        Ok(if read > 0 { Read::Some(read) } else { Read::Nothing { until: mailbox.wait(cx.waker()) } })
    }

    /// A datagram longer than the buffer loses its end, as with a real socket.
    fn fill(&self, buf: &mut [u8], datagram: &Datagram) -> RecvMeta {
        let len = datagram.payload.len().min(buf.len());
        buf[..len].copy_from_slice(&datagram.payload[..len]);
        RecvMeta { addr: datagram.from, len, stride: len, ecn: datagram.ecn, dst_ip: Some(self.address.ip()) }
    }

    /// Sleeps until `due`; ready if that is past.
    fn sleep_until(&self, due: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        let alarm = alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if alarm.deadline() != due {
            alarm.as_mut().reset(due);
        }
        alarm.as_mut().poll(cx)
    }
}

enum Read {
    Some(usize),
    Nothing { until: Option<Instant> },
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let mut wake = Vec::new();
        self.network.lock().send(self.address, self.number, transmit, &mut wake);
        wake.into_iter().for_each(std::task::Waker::wake);
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.read(cx, bufs, meta)? {
                Read::Some(read) => return Poll::Ready(Ok(read)),
                Read::Nothing { until: None } => return Poll::Pending,
                Read::Nothing { until: Some(due) } => std::task::ready!(self.sleep_until(due, cx)),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    fn max_transmit_segments(&self) -> usize {
        TRANSMIT_SEGMENTS_MAX
    }

    /// No fragments here, so quinn looks for the largest packet as it does on a real network.
    fn may_fragment(&self) -> bool {
        false
    }
}

/// Sending never waits: a queue that is full drops, as UDP does.
#[derive(Debug)]
struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
