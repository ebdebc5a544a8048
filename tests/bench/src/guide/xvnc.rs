//! The peer of latency: Xvnc, with a window that changes its colour on a key, measured by a client of RFB.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::rfb::Client;
use super::window;
use crate::child::{Child, Kind};

/// The letter a.
const KEY: u32 = 0x61;
/// Between a picture and the next key, milliseconds: as for ours, so that keys fall anywhere between two pictures.
const PAUSE_LEAST: u64 = 60;

/// Killed when it is dropped.
struct Server(std::process::Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Presses so many keys; answers how long each took from the key to the last pixel of the new colour, in milliseconds.
pub fn keys(count: u32) -> anyhow::Result<Vec<f64>> {
    // Free a moment ago.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let words = "-geometry 640x360 -depth 24 -SecurityTypes None -localhost -nolisten tcp -displayfd 1 -rfbport";
    let mut command = Command::new("Xvnc");
    command
        .args(words.split(' '))
        .arg(port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let started = command.spawn().context("Xvnc cannot be started (Debian: tigervnc-standalone-server)")?;
    let mut server = Server(started);
    let mut display = String::new();
    BufReader::new(server.0.stdout.take().context("it is piped")?).read_line(&mut display)?;
    ensure!(!display.trim().is_empty(), "Xvnc has ended at once; run it by hand to see why");
    let mut window: Child<()> = Child::start(Kind::Window)?;
    window.ask::<()>(&format!(":{}", display.trim()))?;
    let mut client = Client::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    client.until(window::SIZE, window::COLOURS[0])?;
    let mut times = Vec::new();
    for number in 1..=u64::from(count) {
        let scattered = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        std::thread::sleep(Duration::from_millis(PAUSE_LEAST + scattered % 100));
        let begun = Instant::now();
        client.press(KEY)?;
        client.until(window::SIZE, window::COLOURS[(number % 2) as usize])?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times)
}
