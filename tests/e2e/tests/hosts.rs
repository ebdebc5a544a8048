//! Two hosts, and viewers on a third machine: the same scenes over a network, then a network that is slow and narrow.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::time::{Duration, Instant};

use tests_e2e::{Link, Namespaces, Noise, Probe, Process, Six, assert_unaffected, eventually, json, say, scenes};

/// Something that takes milliseconds on an idle machine.
const SOON: Duration = Duration::from_secs(20);

const VIEWERS: usize = 2;
/// How long the slow viewer looks: long enough for several groups of pictures to be given up.
const LOOKS_FOR: Duration = Duration::from_secs(12);

#[test]
fn on_two_hosts_a_clip_is_recorded_and_eight_viewers_fill_both_zones() {
    let Some(namespaces) = Namespaces::create(3) else { return };
    let six = Six::across(namespaces);
    scenes::one_viewer_records(&six.viewers(), six.scratch());
    scenes::eight_viewers(&six.operator(), &six.viewers());
    scenes::a_free_slot_dies(&six.operator());
}

#[test]
fn over_a_long_and_narrow_network_pictures_are_skipped_and_what_is_shown_is_whole_and_young() {
    let Some(namespaces) = Namespaces::create(3) else { return };
    let six = Six::across(namespaces);
    let viewers = six.viewers();
    let full = viewers.json("view clip.demo --frames 90");
    assert_eq!(json::text(&full, "/zone"), "zone-a");
    let rate = json::count(&full, "/bytes") * 30 / json::count(&full, "/frames");

    let way = Link::delay(Duration::from_millis(30));
    for host in [0, 1] {
        six.namespaces().set_link(host, VIEWERS, way);
    }
    // A queue of a fifth of a second, as a router for such a line has it.
    six.namespaces().set_link_one_way(0, VIEWERS, Link { rate: Some(rate / 2), queue: rate / 10, ..way });
    let file = six.scratch().join("slow.h264");
    let keys = ["Right"; 10].join(",");
    let line = format!("clip.demo --record {} --keys {keys} --key-interval 900ms", file.display());
    let mut viewer = viewers.view(&line);
    viewer.plays();
    std::thread::sleep(LOOKS_FOR);
    let report = viewer.leave();
    let milliseconds = |pointer: &str| json::number(&report, pointer);
    say(format!(
        "30 ms each way and {} of {rate} bytes/s: {} pictures shown, {} late, first after {} ms, age p50 {} ms, p99 {} ms \
         (bar: 500 ms), input to picture p50 {} ms, p99 {} ms",
        rate / 2,
        json::count(&report, "/frames"),
        json::count(&report, "/late"),
        milliseconds("/first_frame_ms"),
        milliseconds("/picture_age_ms/p50"),
        milliseconds("/picture_age_ms/p99"),
        milliseconds("/input_to_picture_ms/p50"),
        milliseconds("/input_to_picture_ms/p99"),
    ));
    assert!(json::count(&report, "/late") > 0, "half a clip's rate cannot carry all of it: {report:#}");
    assert_eq!(json::count(&report, "/lost"), 0, "a slow line is no lost one: {report:#}");
    assert!(milliseconds("/input_to_picture_ms/p50") >= 60.0, "faster than the network: {report:#}");
    for gap in json::list(&report, "/gaps").iter().filter(|gap| json::count(gap, "/missing") > 0) {
        assert_eq!(gap["key"], true, "after a gap it goes on at a key frame: {gap}");
    }
    let probe = Probe::decode(&file).unwrap();
    assert_eq!(probe.errors, [] as [&str; 0]);
    assert_eq!(probe.frames as u64, json::count(&report, "/recorded/pictures"));
    // Not only key frames: a viewer sees motion.
    assert!(probe.frames > 3 * probe.key_frames, "{probe:?}");
}

#[test]
fn a_viewer_that_is_cut_off_for_five_seconds_goes_on_with_its_session() {
    let Some(namespaces) = Namespaces::create(3) else { return };
    let six = Six::across(namespaces);
    let file = six.scratch().join("cut.h264");
    let mut viewer = six.viewers().view(&format!("clip.demo --record {}", file.display()));
    let seat = viewer.plays();
    // On the host itself, so that the cut is not between it and its pictures.
    let mut beside = six.operator().view("clip.demo");
    beside.plays();
    let noise = Noise::of(six.processes(&["host-a"]).chain([&*beside as &Process]));
    std::thread::sleep(Duration::from_secs(1));

    six.namespaces().cut(0, VIEWERS);
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(six.operator().pool("clip-a").active(), 2, "its slot is kept for it");
    six.namespaces().heal(0, VIEWERS);
    let healed = Instant::now();
    eventually(SOON, "the session goes on", || match viewer.stderr() {
        said if said.contains("the session goes on") => Ok(()),
        said => Err(said),
    });
    say(format!("cut off for 5 s; the session went on {:?} after that", healed.elapsed()));
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(six.operator().pool("clip-a").active(), 2, "the same slot again");
    let withheld = noise.worst(six.processes(&["host-a"]).chain([&*beside as &Process]));
    assert_unaffected("beside one that was cut off, a viewer", &beside.leave(), withheld);
    let report = viewer.leave();
    assert_eq!([json::count(&report, "/lost"), json::count(&report, "/resumed")], [1, 1], "{report:#}");
    assert_eq!(format!("slot-{}", json::count(&report, "/slot")), seat.slot);
    for gap in json::list(&report, "/gaps").iter().filter(|gap| json::count(gap, "/missing") > 0) {
        assert_eq!(gap["key"], true, "after a gap it goes on at a key frame: {gap}");
    }
    let probe = Probe::decode(&file).unwrap();
    assert_eq!(probe.errors, [] as [&str; 0]);
    assert_eq!(probe.frames as u64, json::count(&report, "/recorded/pictures"));
    assert!(probe.frames >= 60, "it played before and after: {probe:?}");
    scenes::all_free(&six.operator());
}
