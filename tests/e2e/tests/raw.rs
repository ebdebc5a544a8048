//! The raw port, with clients that know nothing of Fusion: a stock player, keys by RFB, and those that misbehave.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests_e2e::{Pool, RawClient, Six, Terminal, eventually, folder, free_port, json, run, say};

/// Something that takes milliseconds on an idle machine.
const SOON: Duration = Duration::from_secs(30);
/// Slots of the guide.
const SLOTS: u64 = 4;
const RIGHT: u32 = 0xff53;
/// How long a client may read nothing.
const LET_GO_AFTER: Duration = Duration::from_secs(10);

/// A guide with two services that share its slots, both with a raw port; the small one may have all but one of the slots.
fn configuration(listen: &str, media: &Path, ports: [u16; 2]) -> String {
    let [wide, small] = ports;
    let media = media.display();
    format!(
        r#"{listen}
[[instance]]
name = "epg-a"
builder = "epg"
slots = {SLOTS}
parameters = {{ media = "{media}" }}
[[instance.service]]
name = "epg.demo"
parameters = {{ raw = {wide} }}
[[instance.service]]
name = "small.demo"
cap = 3
parameters = {{ raw = "127.0.0.1:{small}", width = 320, height = 180, rate = 15 }}
"#
    )
}

/// Orchestrator, zone and host, each a process: nobody who connects to a raw port needs a resolver.
fn started(ports: [u16; 2]) -> Six {
    let mut six = Six::begin();
    let media = six.scratch().join("media");
    folder::stills(&media, 6);
    folder::clip(&media, "z-moving.mp4", 3);
    six.configure("zone-a", |text| {
        let listen = text.lines().find(|line| line.starts_with("listen")).unwrap();
        configuration(listen, &media, ports)
    });
    for (node, what) in [("zone-a", "--roles zone --zone zone-a"), ("host-a", "--roles host --zone zone-a")] {
        six.admit(node, what).expect_code(0);
        six.run(node);
    }
    six
}

fn pool(operator: &Terminal) -> Result<Pool, String> {
    let listed = operator.run("service list epg.demo --json");
    if listed.code() != Some(0) {
        return Err(listed.stderr);
    }
    operator.pools("epg.demo").pop().ok_or_else(|| "no instance".to_owned())
}

#[track_caller]
fn has(operator: &Terminal, active: u64, what: &str) {
    eventually(SOON, what, || match pool(operator)? {
        pool if (pool.active(), pool.free(), pool.capacity) == (active, SLOTS - active, SLOTS) => Ok(()),
        pool => Err(format!("{pool:?}")),
    });
}

fn probed(port: u16, pictures: u32) -> String {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-read_intervals", &format!("%+#{pictures}"), "-count_frames"]);
    command.args(["-show_entries", "stream=codec_name,width,height,r_frame_rate,nb_read_frames", "-of", "csv=p=0"]);
    command.arg(format!("tcp://127.0.0.1:{port}"));
    let ran = run(command, SOON).expect_code(0);
    assert_eq!(ran.stderr, "");
    ran.stdout.trim().to_owned()
}

#[test]
fn stock_programs_open_a_raw_port_and_what_misbehaves_loses_its_own_session() {
    let (wide, small) = (free_port(), free_port());
    let six = started([wide, small]);
    let operator = six.operator();
    has(&operator, 0, "every slot is free");

    // ffprobe opens both, and each connection gives its slot back.
    assert_eq!(probed(wide, 30), "rawvideo,640,360,30/1,30");
    assert_eq!(probed(small, 10), "rawvideo,320,180,15/1,10");
    has(&operator, 0, "ffprobe's slots are free again");

    // Keys by RFB move the highlight.
    let mut watching = RawClient::open(wide);
    assert!(watching.header.starts_with("YUV4MPEG2 W640 H360 F30"), "{}", watching.header);
    has(&operator, 1, "a connection has a slot");
    let before = see(&mut watching, 0);
    watching.press(RIGHT);
    let pressed = Instant::now();
    let after = see(&mut watching, 1);
    say(format!("a key on the raw port moved the highlight after {:?}", pressed.elapsed()));
    let edge = |place| tests_e2e::pictures::Area::edge_of_tile(place);
    let lit = |place| after.brightness(edge(place)) - before.brightness(edge(place));
    assert!(lit(0) < -20.0 && lit(1) > 20.0, "{} {}", lit(0), lit(1));
    assert!(after.difference(&before, edge(5)) < 3.0, "nothing else has the highlight");

    // One that reads nothing, one that sends garbage, beside two that play.
    let mut beside = RawClient::open(small);
    let deaf = RawClient::connect(wide);
    let silent_since = Instant::now();
    let mut rude = RawClient::open(wide);
    rude.picture();
    has(&operator, 4, "four have a slot");
    rude.send(b"GET / HTTP/1.1\r\n\r\n");
    let ended = eventually(SOON, "the one that sent garbage is sent away", || match rude.try_picture() {
        Ok(_) => Err("still pictures"),
        Err(error) => Ok(error),
    });
    say(format!("garbage ended its session: {ended}"));
    has(&operator, 3, "its slot is free again");
    let mut longest = Duration::ZERO;
    let mut last = Instant::now();
    let mut pictures = 0u32;
    while pool(&operator).is_ok_and(|pool| pool.active() == 3) {
        assert!(silent_since.elapsed() < LET_GO_AFTER + SOON, "one that reads nothing keeps its slot");
        for _ in 0..15 {
            watching.picture();
            beside.picture();
            pictures += 1;
            longest = longest.max(last.elapsed());
            last = Instant::now();
        }
    }
    let took = silent_since.elapsed();
    say(format!(
        "one that read nothing was let go after {took:?}; beside it {pictures} pictures, longest pause {longest:?}"
    ));
    assert!(took >= LET_GO_AFTER, "it had its time");
    assert!(pictures >= 60, "the others played on");
    has(&operator, 2, "its slot is free again");
    drop(deaf);
    assert!(watching.try_picture().is_ok() && beside.try_picture().is_ok());

    // Full: who comes too late is told by the end of the connection, and disturbs nobody.
    let mut more = [RawClient::open(wide), RawClient::open(wide)];
    more.iter_mut().for_each(|client| drop(client.picture()));
    has(&operator, 4, "all slots are taken");
    let mut none = RawClient::connect(wide);
    assert_eq!(none.read(&mut [0; 64]).unwrap_or(0), 0, "there is nothing for a fifth");
    assert!(watching.try_picture().is_ok());
    drop(more);
    drop((watching, beside));
    has(&operator, 0, "every slot is free again");
    let state = operator.json("actors host-a/instance/epg-a");
    assert_eq!(json::count(&state, "/state/tally/panicked"), 0, "{state:#}");
}

/// Reads on until the highlight is on this tile, and a little further: the picture may still be getting better.
fn see(client: &mut RawClient, place: usize) -> tests_e2e::pictures::Picture {
    let begun = Instant::now();
    loop {
        let picture = client.picture();
        if picture.highlighted() == place && picture.brightness(picture.whole()) > 10.0 {
            return (0..5).map(|_| client.picture()).last().unwrap();
        }
        assert!(begun.elapsed() < SOON, "the highlight is on tile {}, not on {place}", picture.highlighted());
    }
}

#[test]
fn a_raw_port_that_is_taken_is_named_with_what_can_be_done() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let six = started([port, free_port()]);
    let operator = six.operator();
    let words = eventually(SOON, "the instance is refused", || {
        let listed = operator.run("service list --json");
        if listed.code() != Some(0) {
            return Err(listed.stderr);
        }
        let failures: Vec<Value> = json::list(&listed.json(), "/failures").to_vec();
        // Before that, there is no host yet.
        let words = failures.first().map(ToString::to_string).unwrap_or_default();
        if words.contains("raw port") { Ok(words) } else { Err(listed.stdout) }
    });
    say(format!("a taken raw port: {words}"));
    for word in ["epg-a", &format!("127.0.0.1:{port}"), "epg.demo", "choose another with raw"] {
        assert!(words.contains(word), "no {word} in: {words}");
    }
    // Once it is free, the instance comes by itself.
    drop(taken);
    has(&operator, 0, "the instance runs once the port is free");
}
