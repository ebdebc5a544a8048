//! The kit's look at recordings, on a tiny clip that is made, then damaged.
#![allow(clippy::unwrap_used, reason = "tests; a failure shows its line")]

use std::process::Command;
use std::time::Duration;

use tests_e2e::{Probe, TempDir, run, say};

/// One second: 30 pictures, a key frame every tenth, no B-frames.
fn clip(directory: &TempDir) -> std::path::PathBuf {
    let path = directory.join("clip.h264");
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x96:rate=30:duration=1", "-pix_fmt", "yuv420p"]);
    command.args(["-c:v", "libx264", "-bf", "0", "-g", "10", "-sc_threshold", "0", "-f", "h264"]).arg(&path);
    run(command, Duration::from_secs(60)).expect_code(0);
    path
}

#[test]
fn a_whole_recording_decodes_and_a_damaged_one_complains() {
    let directory = TempDir::new();
    let path = clip(&directory);
    let whole = Probe::decode(&path).unwrap();
    assert_eq!(
        whole,
        Probe {
            codec: "h264".into(),
            width: 160,
            height: 96,
            frames: 30,
            key_frames: 3,
            begins_with_key_frame: true,
            errors: Vec::new()
        }
    );

    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 400].fill(0xa5);
    let damaged = Probe::decode(directory.write("damaged.h264", &bytes)).unwrap();
    say(format!(
        "damaged: {} frames, {} complaints, such as: {:?}",
        damaged.frames,
        damaged.errors.len(),
        damaged.errors.first()
    ));
    assert!(!damaged.errors.is_empty());
}

#[test]
fn what_is_no_recording_is_an_error_in_words() {
    let directory = TempDir::new();
    let missing = Probe::decode(directory.join("nothing.h264")).unwrap_err();
    assert!(missing.to_string().contains("no file"), "{missing}");
    let text = Probe::decode(directory.write("words.h264", "no pictures here")).unwrap_err();
    assert!(text.to_string().contains("words.h264"), "{text}");
}
