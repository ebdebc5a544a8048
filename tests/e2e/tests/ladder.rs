//! A guide over a line that gets narrow: its bit rate follows, and comes back.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::time::Duration;

use serde_json::Value;
use tests_e2e::{Link, Namespaces, Probe, Six, eventually, folder, json, say};

/// Something that takes milliseconds on an idle machine.
const SOON: Duration = Duration::from_secs(30);
const HOST: usize = 0;
const VIEWERS: usize = 2;
/// The rung that a session begins on: 1.5 Mbit/s for 640×360.
const START: u64 = 2;
/// 0.7 Mbit/s: less than the start, more than the lowest rung.
const NARROW: u64 = 87_500;
/// How long the ladder takes to find its rung at most, and to try a higher one.
const STEP: Duration = Duration::from_secs(60);

/// The one rendition that is watched.
fn rendition(six: &Six) -> Result<Value, String> {
    let state = six.operator().json("actors host-a/instance/epg-a/studio");
    let all = json::list(&state, "/state/renditions/renditions");
    let watched = all.iter().find(|rendition| !json::list(rendition, "/sessions").is_empty());
    watched.cloned().ok_or_else(|| format!("nobody watches: {state:#}"))
}

fn rung(six: &Six) -> u64 {
    json::count(&rendition(six).expect("somebody watches"), "/rung")
}

#[test]
fn over_a_line_that_gets_narrow_the_bit_rate_follows_and_comes_back() {
    let Some(namespaces) = Namespaces::create(3) else { return };
    let mut six = Six::begin_across(namespaces);
    let media = six.scratch().join("media");
    folder::clip(&media, "moving.mp4", 5);
    six.configure("zone-a", |text| {
        let listen = text.lines().find(|line| line.starts_with("listen")).unwrap();
        let media = media.display();
        format!(
            "{listen}\n[[instance]]\nname = \"epg-a\"\nservice = \"epg.demo\"\nbuilder = \"epg\"\nslots = 1\n\
             parameters = {{ media = \"{media}\" }}\n"
        )
    });
    let members = [
        ("resolver", "--roles resolver"),
        ("zone-a", "--roles zone --zone zone-a"),
        ("host-a", "--roles host --zone zone-a"),
    ];
    for (node, what) in members {
        six.admit(node, what).expect_code(0);
        six.run(node);
    }
    eventually(SOON, "the guide can be resolved", || match six.operator().run("resolve epg.demo --json") {
        found if found.code() == Some(0) && json::count(&found.json(), "/candidates/0/free") == 1 => Ok(()),
        found => Err(format!("{}{}", found.stdout, found.stderr)),
    });

    let way = Link::delay(Duration::from_millis(20));
    six.namespaces().set_link(HOST, VIEWERS, way);
    let file = six.scratch().join("ladder.h264");
    // The clip fills the picture, so that there is something to encode.
    let mut viewer = six.viewers().view(&format!("epg.demo --record {} --keys Return", file.display()));
    viewer.plays();
    eventually(SOON, "it is shown", || rendition(&six).map(drop));
    assert!(rung(&six) >= START, "it does not begin at the bottom");

    six.namespaces().set_link_one_way(HOST, VIEWERS, Link { rate: Some(NARROW), queue: NARROW / 5, ..way });
    eventually(STEP, "the bit rate goes down to what the line carries", || match rung(&six) {
        0 => Ok(()),
        rung => Err(format!("rung {rung}")),
    });
    // Once it is down there, the line carries it: four seconds with hardly a late picture.
    let before = json::count(&rendition(&six).unwrap(), "/drawn");
    std::thread::sleep(Duration::from_secs(4));
    let drawn = json::count(&rendition(&six).unwrap(), "/drawn") - before;
    assert!(drawn > 60, "it stands still: {drawn} pictures in four seconds");

    six.namespaces().set_link(HOST, VIEWERS, way);
    eventually(STEP, "the bit rate comes back", || match rung(&six) {
        0 => Err("rung 0".to_owned()),
        _ => Ok(()),
    });
    let report = viewer.leave();
    say(format!(
        "a line of {NARROW} bytes/s: {} pictures shown, {} late, age p99 {} ms",
        json::count(&report, "/frames"),
        json::count(&report, "/late"),
        json::number(&report, "/picture_age_ms/p99"),
    ));
    assert_eq!(json::count(&report, "/lost"), 0, "a slow line is no lost one: {report:#}");
    let probe = Probe::decode(&file).unwrap();
    assert_eq!(probe.errors, [] as [&str; 0]);
    assert_eq!(probe.frames as u64, json::count(&report, "/recorded/pictures"));
}
