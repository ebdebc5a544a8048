//! Files that are no clips: each gives its own error, which names the file and says what to do.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use media_pipeline::{Limits, PipelineError, load_clip, load_clip_within};
use tempfile::TempDir;

const REMEDY: &str = "ffmpeg -i IN";

struct Files(TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file with the first part of another, in thousandths.
    fn cut(&self, whole: &Path, name: &str, thousandths: usize) -> PathBuf {
        let bytes = fs::read(whole).expect("it was made");
        let path = self.path(name);
        fs::write(&path, &bytes[..bytes.len() * thousandths / 1_000]).expect("written");
        path
    }
}

/// Loads it, which must fail, and gives the error and its words.
fn refused(path: &Path) -> (PipelineError, String) {
    let error = load_clip(path).expect_err("not a clip");
    let words = error.to_string();
    assert!(words.contains(&path.display().to_string()), "names the file: {words}");
    (error, words)
}

#[test]
fn a_missing_file_is_named_with_the_way_out() {
    let (error, words) = refused(&Files::new().path("nowhere.mp4"));
    assert!(matches!(error, PipelineError::Missing { .. }), "{error:?}");
    assert!(words.contains("name none: fusion then makes one"), "{words}");
}

#[test]
fn what_is_not_a_file_is_not_opened() {
    let files = Files::new();
    assert!(matches!(refused(files.0.path()).0, PipelineError::Unreadable { .. }));
}

#[test]
fn text_and_noise_and_nothing_are_no_videos() {
    let files = Files::new();
    let noise: Vec<u8> = (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let texts: [(&str, &[u8]); 3] =
        [("words.txt", b"once upon a time, there was no video\n"), ("empty", b""), ("noise", &noise)];
    for (name, bytes) in texts {
        let path = files.path(name);
        fs::write(&path, bytes).expect("written");
        let (error, words) = refused(&path);
        assert!(matches!(error, PipelineError::NotVideo { .. }), "{name}: {error:?}");
        assert!(words.contains(REMEDY), "{words}");
    }
}

#[test]
fn other_codecs_are_named() {
    let files = Files::new();
    let video = files.path("motion.mkv");
    let location = |path: &Path| format!("filesink location={}", path.display());
    support::launch(&format!("videotestsrc num-buffers=30 ! jpegenc ! matroskamux ! {}", location(&video)));
    let sound = files.path("sound.wav");
    support::launch(&format!("audiotestsrc num-buffers=30 ! wavenc ! {}", location(&sound)));
    for (path, found) in [(video, "image/jpeg"), (sound, "but audio")] {
        let (error, words) = refused(&path);
        assert!(matches!(error, PipelineError::NoH264 { .. }), "{error:?}");
        assert!(words.contains(found) && words.contains(REMEDY), "{words}");
    }
}

#[test]
fn b_frames_are_refused() {
    let files = Files::new();
    for (name, through) in [("b.mp4", "h264parse ! mp4mux"), ("b.h264", "video/x-h264,stream-format=byte-stream")] {
        let path = files.path(name);
        support::encoded(&path, 60, "bframes=2 b-adapt=false", through);
        let (error, words) = refused(&path);
        assert!(matches!(error, PipelineError::BFrames { picture: 1.., .. }), "{error:?}");
        assert!(words.contains("B-frames") && words.contains("-bf 0"), "{words}");
    }
}

#[test]
fn any_container_will_do() {
    let files = Files::new();
    for (name, through) in [
        ("c.mp4", "h264parse ! mp4mux"),
        ("c.fast.mp4", "h264parse ! mp4mux faststart=true"),
        ("c.mkv", "h264parse ! matroskamux"),
        ("c.ts", "h264parse ! mpegtsmux"),
        ("c.h264", "video/x-h264,stream-format=byte-stream"),
    ] {
        let path = files.path(name);
        support::encoded(&path, 60, "tune=zerolatency", through);
        let track = load_clip(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(track.units().len(), 60, "{name}");
        assert_eq!(track.format().rate_millihertz, 30_000, "{name}");
        let keys: Vec<_> = (0..60).filter(|index| track.units()[*index].key).collect();
        assert_eq!(keys, [0, 15, 30, 45], "{name}");
        assert_eq!(support::decoded(&support::units(&track)).len(), 60, "{name}");
    }
}

#[test]
fn sound_beside_the_picture_is_left_out() {
    let files = Files::new();
    let path = files.path("sound.mkv");
    support::launch(&format!(
        "matroskamux name=mux ! filesink location={} \
         videotestsrc num-buffers=30 ! video/x-raw,format=I420,width=160,height=90,framerate=30/1 \
         ! x264enc tune=zerolatency threads=1 sliced-threads=false ! h264parse ! mux. \
         audiotestsrc num-buffers=200 ! audio/x-raw,rate=48000 ! mux.",
        path.display()
    ));
    assert_eq!(load_clip(&path).expect("a clip").units().len(), 30);
}

#[test]
fn cut_off_files_are_noticed() {
    let files = Files::new();
    for (name, through) in [
        ("index-last.mp4", "h264parse ! mp4mux"),
        ("index-first.mp4", "h264parse ! mp4mux faststart=true"),
        ("c.mkv", "h264parse ! matroskamux"),
    ] {
        let whole = files.path(name);
        support::encoded(&whole, 90, "tune=zerolatency", through);
        for thousandths in [100, 500, 800] {
            let (error, words) = refused(&files.cut(&whole, &format!("cut-{thousandths}-{name}"), thousandths));
            assert!(matches!(error, PipelineError::Broken { .. }), "{name} {thousandths}: {error:?}");
            assert!(words.contains("cut off") && words.contains(REMEDY), "{words}");
        }
    }
}

#[test]
fn without_a_key_picture_there_is_no_beginning() {
    let files = Files::new();
    let whole = files.path("whole.h264");
    support::encoded(&whole, 20, "tune=zerolatency aud=false", "video/x-h264,stream-format=byte-stream");
    let bytes = fs::read(&whole).expect("it was made");
    let kept: Vec<u8> = media_pipeline::annexb::nal_units(&bytes)
        .filter(|unit| unit[0] & 0x1f != 5)
        .flat_map(|unit| [0, 0, 0, 1].into_iter().chain(unit.iter().copied()))
        .collect();
    let path = files.path("no-key.h264");
    fs::write(&path, kept).expect("written");
    let (error, words) = refused(&path);
    assert!(matches!(error, PipelineError::NoKeys { .. }), "{error:?}");
    assert!(words.contains("no key picture") && words.contains(REMEDY), "{words}");
}

#[test]
fn the_limits_hold() {
    let files = Files::new();
    let path = files.path("c.mp4");
    support::encoded(&path, 60, "tune=zerolatency", "h264parse ! mp4mux");
    let small = Limits { bytes: 2_000, ..Limits::default() };
    let error = load_clip_within(&path, &small).expect_err("too large");
    assert!(matches!(error, PipelineError::TooLarge { limit: 2_000, .. }), "{error:?}");
    let hasty = Limits { time: Duration::ZERO, ..Limits::default() };
    let error = load_clip_within(&path, &hasty).expect_err("too slow");
    assert!(matches!(error, PipelineError::TooSlow { .. }), "{error:?}");
}

#[test]
fn a_change_of_size_is_refused() {
    let files = Files::new();
    let mut both = Vec::new();
    for size in ["width=160,height=90", "width=320,height=180"] {
        let path = files.path("one.h264");
        support::launch(&format!(
            "videotestsrc num-buffers=15 ! video/x-raw,format=I420,{size},framerate=30/1 \
             ! x264enc tune=zerolatency threads=1 sliced-threads=false \
             ! video/x-h264,stream-format=byte-stream ! filesink location={}",
            path.display()
        ));
        both.extend(fs::read(&path).expect("it was made"));
    }
    let path = files.path("both.h264");
    fs::write(&path, both).expect("written");
    let (error, words) = refused(&path);
    assert!(matches!(error, PipelineError::Unsteady { .. }), "{error:?}");
    assert!(words.contains(REMEDY), "{words}");
}

/// Whatever a disk or a download does to a file, loading it ends, in a clip or with a reason, and long before its deadline.
#[test]
fn damaged_files_end_too() {
    let files = Files::new();
    for (name, through) in [("d.mp4", "h264parse ! mp4mux faststart=true"), ("d.mkv", "h264parse ! matroskamux")] {
        let whole = files.path(name);
        support::encoded(&whole, 30, "tune=zerolatency", through);
        let bytes = fs::read(&whole).expect("it was made");
        let mut refused = 0;
        for seed in 1..=40u64 {
            let mut state = seed;
            let mut random = |below: usize| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as usize % below
            };
            let mut damaged = bytes.clone();
            for _ in 0..1 + random(20) {
                // The beginning, where the structure is, is hit more often.
                let within = if random(2) == 0 { 1_500 } else { bytes.len() };
                damaged[random(within)] = random(256) as u8;
            }
            let path = files.path("damaged");
            fs::write(&path, damaged).expect("written");
            match load_clip(&path) {
                Ok(track) => assert!(track.units().len() <= 60, "{name}, seed {seed}: more than there was"),
                Err(error @ PipelineError::TooSlow { .. }) => panic!("{name}, seed {seed}: {error}"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 0, "{name}: the damage was too small to be noticed at all");
    }
}
