//! Sessions against a domain of one node, over the true link, on virtual time and a network in memory.

// What cannot be set up fails the test, and the line says what it was.
#![allow(clippy::unwrap_used)]

mod fake;
mod net;
mod notes;
mod opening;
mod playing;
mod resuming;

use std::net::SocketAddr;
use std::time::Duration;

use transport_link::Socket;
use transport_viewer::{DomainTrust, Event, OpenOptions, Options, Picture, ServiceName, Session, Viewer};

use fake::Fake;
use net::Net;

/// One way.
const DELAY: Duration = Duration::from_millis(20);

fn server() -> SocketAddr {
    "10.0.0.1:4433".parse().unwrap()
}

fn clip() -> ServiceName {
    "clip.demo".parse().unwrap()
}

/// A network, a domain on it, and a viewer.
fn stage() -> (Net, Fake, Viewer) {
    let net = Net::new(DELAY);
    let fake = Fake::start(Socket::Abstract(net.socket(server())));
    let viewer = viewer(&net, fake.trust.clone(), 1);
    (net, fake, viewer)
}

fn viewer(net: &Net, trust: DomainTrust, host: u8) -> Viewer {
    let socket = Socket::Abstract(net.socket(SocketAddr::from(([10, 0, 1, host], 5000))));
    Viewer::new(trust, Options { socket: Some(socket), rng_seed: Some([host; 32]), versions: None }).unwrap()
}

async fn open(viewer: &Viewer) -> Session {
    viewer.open(&clip(), OpenOptions::default()).await.expect("a slot is free")
}

/// The next event, which must come within ten seconds.
async fn next(session: &mut Session) -> Event {
    tokio::time::timeout(Duration::from_secs(10), session.next()).await.expect("something happens")
}

async fn picture(session: &mut Session) -> Picture {
    match next(session).await {
        Event::Picture(picture) => picture,
        other => panic!("a picture was due, not {other:?}"),
    }
}
