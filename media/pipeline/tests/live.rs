//! Live sources as cameras are: RTSP, over TCP and in datagrams, from a server that goes away and comes back.
//!
//! The server is a program of ten lines for Debian's python3-gi and gir1.2-gst-rtsp-server-1.0; where they are not installed
//! these tests say so and end.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use actors_protocol::Millis;
use media_pipeline::{BankOptions, SourceBank};
use media_share::{SourceKind, Tiles};
use support::bank::{TILE, cause, middle, picture, report, until};

/// Serves a white picture at `rtsp://127.0.0.1:PORT/tcp` and at `/udp`, each by that way only, and prints the port.
const SERVER: &str = "
import sys, gi
gi.require_version('Gst', '1.0')
gi.require_version('GstRtsp', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer(address='127.0.0.1', service=sys.argv[1])
for path, way in [('/tcp', GstRtsp.RTSPLowerTrans.TCP), ('/udp', GstRtsp.RTSPLowerTrans.UDP)]:
    factory = GstRtspServer.RTSPMediaFactory(shared=True, protocols=way)
    factory.set_launch('( videotestsrc is-live=true pattern=white ! video/x-raw,width=320,height=180,framerate=15/1 '
                       '! x264enc tune=zerolatency key-int-max=15 ! rtph264pay name=pay0 )')
    server.get_mount_points().add_factory(path, factory)
if server.attach(None) == 0:
    sys.exit('the port is taken')
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
";

/// Python with the server's library. Debian's own one: another one has not got Debian's modules.
const PYTHON: &str = "/usr/bin/python3";

struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// On this port; 0 = any.
    fn start(port: u16) -> Server {
        let mut process = Command::new(PYTHON)
            .args(["-c", SERVER, &port.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python was there before");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("text");
        let port = line.trim().parse().expect("the server prints its port");
        Server { process, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself has failed the test already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether there is what the server needs; if not, it is said.
fn possible() -> bool {
    let needs = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer";
    let there = Command::new(PYTHON).args(["-c", needs]).stderr(Stdio::null()).status().is_ok_and(|run| run.success());
    if !there {
        eprintln!(
            "SKIPPED: no RTSP server here; install the Debian packages python3-gi and gir1.2-gst-rtsp-server-1.0"
        );
    }
    there
}

#[test]
fn cameras_are_shown_break_when_they_go_away_and_come_back() {
    if !possible() {
        return;
    }
    let server = Server::start(0);
    let port = server.port;
    let live = ["tcp", "udp"].map(|way| (format!("Camera {way}"), format!("rtsp://127.0.0.1:{port}/{way}")));
    let options = BankOptions { folder: None, live: live.into(), linger: Millis(100) };
    let bank = SourceBank::open(options).expect("opens");
    let ids = [bank.cards()[0].id, bank.cards()[1].id];
    assert!(bank.cards().iter().all(|card| card.kind == SourceKind::Live));
    let _held = ids.map(|id| bank.attend(id, TILE));
    for id in ids {
        assert!(middle(&picture(&bank, id, TILE)) > 225, "white is white");
        let stamp = bank.stamp(id, TILE);
        until(|| format!("more pictures: {:?}", bank.state()), || bank.stamp(id, TILE) > stamp + 10);
    }
    drop(server);
    for (id, name) in ids.into_iter().zip(["Camera tcp: ", "Camera udp: "]) {
        let words = cause(&bank, id);
        assert!(words.starts_with(name), "{words}");
    }
    let _server = Server::start(port);
    for id in ids {
        assert!(middle(&picture(&bank, id, TILE)) > 225);
        let state = report(&bank, id.0 as usize);
        assert!(state.failures >= 1 && state.broken.is_none(), "{state:?}");
    }
}
