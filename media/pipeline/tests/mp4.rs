//! Recordings as MP4: every picture in them, each at its time; playable also when nobody finished them.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use media_pipeline::{Mp4Error, Mp4Writer, X264Encoders, load_clip};
use media_share::{Codec, Encoders, Size, Target};
use support::pictures::moving;

/// Times in microseconds: thirty a second, with a pause of two seconds in the middle and a first picture that is not at 0.
fn times(pictures: u64) -> Vec<u64> {
    (0..pictures).map(|index| 500_000 + index * 33_333 + if index >= pictures / 2 { 2_000_000 } else { 0 }).collect()
}

/// Pushes so many pictures, with a key picture each second.
fn written(path: &Path, pictures: u64) -> Mp4Writer {
    let size = Size::new(160, 90).expect("even");
    let target = Target { codec: Codec::H264, size, rate_millihertz: 30_000, bit_rate: 500_000 };
    let mut encoder = X264Encoders.make(target).expect("an encoder");
    let mut writer = Mp4Writer::create(path, 160, 90).expect("a writer");
    for (index, pts) in (0..).zip(times(pictures)) {
        let unit = encoder.encode(&moving(size, index), pts, index % 30 == 0).expect("encoded");
        writer.push(&unit.data, pts, unit.key).expect("taken");
    }
    writer
}

/// The time of each picture in seconds, and whether it is a key picture.
type Frames = Vec<(f64, bool)>;

/// What ffprobe makes of a file: the time of each picture in seconds, whether it is a key picture, and how long the file
/// says that it is. A `clean` one gives no cause for complaint. None where ffprobe is not installed.
fn probed(path: &Path, clean: bool) -> Option<(Frames, Option<f64>)> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-threads", "1", "-select_streams", "v:0", "-of", "json", "-show_frames"]);
    command.args(["-show_entries", "frame=pts_time,key_frame:format=duration"]).arg(path);
    let Ok(ran) = command.output() else {
        eprintln!("ffprobe is not installed; only GStreamer has looked at {}", path.display());
        return None;
    };
    let complaints = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && (complaints.is_empty() || !clean), "{}: {complaints}", path.display());
    let told: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let number = |value: &serde_json::Value| value.as_str().and_then(|words| words.parse::<f64>().ok());
    let frames = told["frames"].as_array().expect("pictures").iter();
    let frames = frames.map(|frame| (number(&frame["pts_time"]).expect("a time"), frame["key_frame"] == 1)).collect();
    Some((frames, number(&told["format"]["duration"])))
}

/// The names of the file's outermost boxes (ISO/IEC 14496-12, 4.2).
fn boxes(path: &Path) -> Vec<String> {
    let file = fs::read(path).expect("readable");
    let (mut names, mut rest) = (Vec::new(), &file[..]);
    while let Some((head, body)) = rest.split_first_chunk::<8>() {
        names.push(String::from_utf8_lossy(&head[4..]).into_owned());
        let short = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let length = match (short, body.first_chunk::<8>()) {
            (1, Some(long)) => u64::from_be_bytes(*long),
            _ => short,
        };
        rest = rest.get(length.max(8) as usize..).expect("a box ends within its file");
    }
    names
}

#[test]
fn a_finished_recording_has_every_picture_at_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.mp4");
    written(&path, 90).finish().expect("finished");
    let clip = load_clip(&path).expect("it can be a clip");
    assert_eq!((clip.units().len(), clip.format().width, clip.format().height), (90, 160, 90));
    let boxes = boxes(&path);
    assert!(boxes.contains(&"moov".to_owned()) && !boxes.contains(&"moof".to_owned()), "one index: {boxes:?}");

    let Some((frames, lasts)) = probed(&path, true) else { return };
    assert_eq!(frames.len(), 90);
    let times = times(90);
    for (index, (pts, (at, key))) in times.iter().zip(&frames).enumerate() {
        let wanted = (pts - times[0]) as f64 / 1e6;
        assert!((at - frames[0].0 - wanted).abs() < 1e-4, "picture {index} is at {at}, not at {wanted}");
        assert_eq!(*key, index % 30 == 0, "picture {index}");
    }
    let wanted = (times[89] - times[0]) as f64 / 1e6 + 1.0 / 30.0;
    let lasts = lasts.expect("it says how long it is");
    assert!((lasts - wanted).abs() < 0.05, "it says {lasts} s, and should say {wanted} s");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a pipeline writes in real time, on a thread of its own")]
fn a_recording_that_nobody_finished_plays_up_to_its_last_whole_fragment() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.mp4");
    let writer = written(&path, 150);
    // Somebody else's thread writes: as much as this test needs is waited for.
    let fragments = || fs::read(&path).expect("readable").windows(4).filter(|four| *four == b"moof").count();
    let mut looks = 0;
    while fragments() < 4 {
        looks += 1;
        assert!(looks < 500, "ten seconds, and {} fragments", fragments());
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(writer);
    let Some((frames, _)) = probed(&path, false) else { return };
    assert!((90..=150).contains(&frames.len()), "{} of 150 pictures", frames.len());
    assert!(frames[0].1);
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("no/such/a.mp4");
    let refused = Mp4Writer::create(&nowhere, 160, 90).err().expect("no folder");
    assert!(matches!(refused, Mp4Error::Create { .. }) && refused.to_string().contains("no/such/a.mp4"), "{refused}");

    let path = folder.path().join("a.mp4");
    let refused = Mp4Writer::create(&path, 160, 90).expect("a writer").finish().expect_err("empty");
    assert!(matches!(refused, Mp4Error::Empty { .. }) && refused.to_string().contains("a.mp4"), "{refused}");

    let mut writer = written(&path, 2);
    let refused = writer.push(&[0, 0, 1, 0x41, 0xe0], 1, false).expect_err("out of order");
    assert!(matches!(refused, Mp4Error::Order { next: 1, .. }), "{refused}");
    writer.finish().expect("it goes on");
}

#[test]
fn a_full_disk_is_an_error_and_no_wait() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let size = Size::new(160, 90).expect("even");
    let target = Target { codec: Codec::H264, size, rate_millihertz: 30_000, bit_rate: 8_000_000 };
    let mut encoder = X264Encoders.make(target).expect("an encoder");
    let told = Mp4Writer::create(full, 160, 90).and_then(|mut writer| {
        for index in 0..120 {
            let unit = encoder.encode(&moving(size, index), index * 33_333, index % 30 == 0).expect("encoded");
            writer.push(&unit.data, index * 33_333, unit.key)?;
        }
        writer.finish()
    });
    let error = told.expect_err("nothing fits");
    assert!(error.to_string().contains("/dev/full"), "{error}");
}
