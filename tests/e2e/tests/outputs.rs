//! Where a viewer's pictures can go, looked at with tools that are not ours.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use tests_e2e::{Demo, Probe, fusion, json, run, scenes};

#[test]
fn a_recording_as_mp4_and_the_decoded_pictures_are_what_was_seen() {
    let demo = Demo::start();
    let (mp4, y4m) = (demo.scratch().join("a.mp4"), demo.scratch().join("a.y4m"));
    let report = demo.json(&format!("view clip.demo --frames 60 --record {} --y4m {}", mp4.display(), y4m.display()));
    let probe = Probe::decode(&mp4).unwrap();
    assert_eq!(probe.errors, [] as [&str; 0]);
    assert_eq!((probe.codec.as_str(), probe.width, probe.height), ("h264", 640, 360));
    assert_eq!(probe.frames as u64, json::count(&report, "/recorded/pictures"));
    assert!(probe.begins_with_key_frame && probe.frames >= 60, "{probe:?}");

    let raw = Probe::decode(&y4m).unwrap();
    assert_eq!(raw.errors, [] as [&str; 0]);
    assert_eq!((raw.codec.as_str(), raw.width, raw.height), ("rawvideo", 640, 360));
    assert_eq!(raw.frames as u64, json::count(&report, "/y4m/pictures"));
    // A steady rate: pictures that were due and are missing are filled in.
    assert!(raw.frames >= 60, "{raw:?}");
    scenes::all_free(&demo);
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_view_and_reports_stay_out_of_the_pictures() {
    let demo = Demo::start();
    let mut viewing = demo.command("view echo.demo --keys a,b,c --y4m - --json");
    let mut viewing = viewing.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pictures = viewing.stdout.take().unwrap();
    let mut head = vec![0; 4_000];
    pictures.read_exact(&mut head).unwrap();
    assert!(head.starts_with(b"YUV4MPEG2 W64 H36 "), "{}", String::from_utf8_lossy(&head[..80]));
    drop(pictures);
    let ended = viewing.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{said}");
    let report = said.lines().rev().find(|line| line.starts_with('{')).expect("a report on standard error");
    assert!(report.contains("\"service\":\"echo.demo\""), "{report}");
    scenes::all_free(&demo);
}

#[test]
fn what_cannot_be_written_is_refused_before_a_slot_is_taken() {
    let demo = Demo::start();
    let said = demo.refused("view clip.demo --record a.mkv", 1);
    assert!(said.contains(".mp4 or .h264"), "{said}");
    let mp4 = demo.scratch().join("e.mp4");
    let said = demo.refused(&format!("view echo.demo --record {}", mp4.display()), 1);
    assert!(said.contains("echo.demo sends i420") && said.contains("--y4m") && !mp4.exists(), "{said}");
    scenes::all_free(&demo);
}

#[test]
fn without_a_screen_it_is_said_what_works_without_one() {
    let mut command: Command = fusion();
    command.args(["view", "clip.demo"]);
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(name);
    }
    let refused = run(command, Duration::from_secs(60)).expect_code(1);
    for word in ["no screen", "DISPLAY", "--record", "--y4m", "--no-window"] {
        assert!(refused.stderr.contains(word), "no {word} in: {}", refused.stderr);
    }
}
