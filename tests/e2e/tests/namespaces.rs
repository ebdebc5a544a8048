//! The kit's namespaces: delay and rate as configured, cuts, nothing left behind. Times are printed; what is asserted is
//! what the hub guarantees however busy the machine is (it is never early, and never faster than the rate).
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tests_e2e::{Link, Namespaces, Process, Traffic, run, say};

const SOON: Duration = Duration::from_secs(20);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A socket inside a member that gives up reading after `patience`.
fn socket(namespaces: &Namespaces, member: usize, patience: Duration) -> (UdpSocket, SocketAddr) {
    let socket = namespaces.enter(member, || UdpSocket::bind((namespaces.address(member), 0))).unwrap();
    socket.set_read_timeout(Some(patience)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Asks member 0's socket for `asks` echoes by the other socket; returns how long each took.
fn echoes(asks: usize, near: &UdpSocket, far: &UdpSocket) -> Vec<Duration> {
    let done = AtomicBool::new(false);
    let to = far.local_addr().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut buffer = [0; 2_000];
            while !done.load(Ordering::Acquire) {
                if let Ok((read, from)) = far.recv_from(&mut buffer) {
                    far.send_to(&buffer[..read], from).unwrap();
                }
            }
        });
        let mut buffer = [0; 2_000];
        let ask = |_| {
            let begun = Instant::now();
            near.send_to(b"are you there?", to).unwrap();
            near.recv(&mut buffer).expect("an echo");
            begun.elapsed()
        };
        let took = (0..asks).map(ask).collect();
        done.store(true, Ordering::Release);
        near.send_to(b"the end", to).unwrap();
        took
    })
}

#[test]
fn an_echo_takes_both_delays() {
    let Some(namespaces) = Namespaces::create(2) else { return };
    namespaces.set_link_one_way(0, 1, Link::delay(ms(30)));
    namespaces.set_link_one_way(1, 0, Link::delay(ms(10)));
    let (near, _) = socket(&namespaces, 0, SOON);
    let (far, _) = socket(&namespaces, 1, SOON);
    let mut took = echoes(20, &near, &far);
    took.sort_unstable();
    say(format!(
        "echo over 30 ms + 10 ms: {:?} at best, {:?} in the middle, {:?} at worst",
        took[0], took[10], took[19]
    ));
    assert!(took[0] >= ms(40), "the hub was early: {took:?}");
    assert!(took[0] < ms(400), "not one of 20 echoes came in time: {took:?}");
    assert_eq!(namespaces.traffic(0, 1).choked + namespaces.traffic(1, 0).choked, 0);
}

#[test]
fn a_limited_link_lets_its_rate_through_and_drops_the_rest() {
    const RATE: u64 = 400_000;
    const PAYLOAD: usize = 1_000;
    const SENT: usize = 500;
    // Of IPv4 and UDP: they pass the link too.
    const HEADERS: usize = 28;
    let Some(namespaces) = Namespaces::create(2) else { return };
    namespaces.set_link_one_way(0, 1, Link { rate: Some(RATE), queue: 100_000, ..Link::delay(ms(5)) });
    let (near, _) = socket(&namespaces, 0, SOON);
    let (far, to) = socket(&namespaces, 1, ms(2_000));
    let begun = Instant::now();
    let received = std::thread::scope(|scope| {
        let received = scope.spawn(|| {
            let mut buffer = [0; 2_000];
            let mut received = Vec::new();
            while let Ok(read) = far.recv(&mut buffer) {
                received.push((Instant::now(), read + HEADERS));
            }
            received
        });
        for _ in 0..SENT {
            near.send_to(&[7; PAYLOAD], to).unwrap();
        }
        received.join().unwrap()
    });
    let Traffic { packets, choked, .. } = namespaces.traffic(0, 1);
    let took = received.last().expect("something came").0 - begun;
    let bytes: usize = received.iter().map(|(_, bytes)| bytes).sum();
    let rate = bytes as f64 / took.as_secs_f64();
    say(format!("{} of {SENT} came, at {rate:.0} bytes/s where {RATE} are let through", received.len()));
    assert!(choked > 0, "half a megabyte at once fitted into a queue of 100 kB");
    assert!(rate <= RATE as f64, "the hub was faster than it may: {rate}");
    // The queue's worth is let through whatever the machine does; a starved reader may lose some of it.
    assert!(packets >= 90 && received.len() >= 40, "{packets} let through, {} came", received.len());
}

#[test]
fn a_cut_takes_one_direction_or_both_and_heals() {
    let Some(namespaces) = Namespaces::create(3) else { return };
    let (near, near_address) = socket(&namespaces, 0, ms(200));
    let (far, far_address) = socket(&namespaces, 1, ms(200));
    let (third, third_address) = socket(&namespaces, 2, SOON);
    let mut buffer = [0; 100];
    namespaces.cut_one_way(0, 1);
    near.send_to(b"lost", far_address).unwrap();
    assert!(far.recv(&mut buffer).is_err(), "the cut let it through");
    assert_eq!(namespaces.traffic(0, 1).cut, 1);
    far.send_to(b"heard", near_address).unwrap();
    assert_eq!(near.recv(&mut buffer).unwrap(), 5);
    near.send_to(b"elsewhere", third_address).unwrap();
    assert_eq!(third.recv(&mut buffer).unwrap(), 9);
    namespaces.cut(0, 1);
    far.send_to(b"lost", near_address).unwrap();
    assert!(near.recv(&mut buffer).is_err(), "the cut let it through");
    namespaces.heal(0, 1);
    far.set_read_timeout(Some(SOON)).unwrap();
    near.send_to(b"again", far_address).unwrap();
    assert_eq!(far.recv(&mut buffer).unwrap(), 5);
}

#[test]
fn programs_run_inside_and_nothing_is_left_behind() {
    let Some(namespaces) = Namespaces::create(2) else { return };
    let mut command = Command::new("sh");
    command.env("WORD", "hello").args(["-c", "echo $WORD; readlink /proc/self/ns/net; cat /proc/net/dev"]);
    let inside = run(namespaces.command(1, &command), SOON).expect_code(0);
    let outside = run(command, SOON).expect_code(0);
    assert_eq!(inside.stdout.lines().next(), Some("hello"));
    assert_ne!(inside.stdout.lines().nth(1), outside.stdout.lines().nth(1), "it ran in the same namespace");
    assert!(inside.stdout.contains("eth0:"), "{}", inside.stdout);

    let mut sleeper = Command::new("sleep");
    sleeper.arg("100");
    let mut sleeper = Process::spawn("sleeper", namespaces.command(0, &sleeper));
    assert!(sleeper.ended().is_none());
    sleeper.kill();
    drop(sleeper);
    let names = [0, 1].map(|member| namespaces.path(member));
    assert!(names.iter().all(|name| name.exists()));
    drop(namespaces);
    assert!(!names.iter().any(|name| name.exists()), "left behind: {names:?}");
}
