//! Ports for the nodes of a test.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the range from which the system serves port 0 (32768 and up on Linux), so that no viewer gets a port between
/// the moment it is found free and the moment a node binds it.
const PORTS: std::ops::Range<u32> = 10_000..32_000;

/// A UDP port of 127.0.0.1 that nobody has, and that this function has not returned to this process before.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let span = PORTS.end - PORTS.start;
    // Test processes that run at the same time begin at different places; 7919 is a prime.
    let begin = std::process::id().wrapping_mul(7_919) % span;
    for _ in 0..span {
        let offset = (begin + GIVEN.fetch_add(1, Ordering::Relaxed)) % span;
        let port = u16::try_from(PORTS.start + offset).expect("the range ends below 65,536");
        if UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free UDP port in {PORTS:?}");
}
