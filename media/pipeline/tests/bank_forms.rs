//! Pictures of every form come out as tiles of the same form, as bright as they are.

mod support;

use std::path::Path;

use media_pipeline::{BankOptions, SourceBank};
use media_share::{I420, Plane, Tiles};
use support::bank::{TILE, at, folder, middle, picture, report, size, until};
use support::launch;

/// The first picture that a file gives.
fn shown(words: &str, name: &str) -> std::sync::Arc<I420> {
    let folder = folder();
    let path = folder.path().join(name);
    launch(&words.replace("FILE", &path.display().to_string()));
    let bank = open(folder.path());
    let id = bank.cards()[0].id;
    let _held = bank.attend(id, TILE);
    picture(&bank, id, TILE)
}

fn open(folder: &Path) -> std::sync::Arc<SourceBank> {
    SourceBank::open(BankOptions::folder(folder)).expect("opens")
}

#[test]
fn odd_sizes() {
    // 8-bit RGB keeps an odd size through PNG and through a lossless encoder.
    let tile = shown(
        "videotestsrc num-buffers=1 pattern=white ! video/x-raw,width=161,height=91 ! pngenc ! filesink location=FILE",
        "odd.png",
    );
    assert!(middle(&tile) > 225);
    let tile = shown(
        "videotestsrc num-buffers=20 pattern=white ! video/x-raw,width=161,height=91,framerate=30/1 ! jpegenc ! matroskamux \
         ! filesink location=FILE",
        "odd.mkv",
    );
    assert!(middle(&tile) > 225);
    assert_eq!(tile.size(), TILE);
}

#[test]
fn other_shapes_have_black_beside_them() {
    let tile = shown(
        "videotestsrc num-buffers=20 pattern=white ! video/x-raw,width=120,height=180,framerate=30/1 ! x264enc ! mp4mux \
         ! filesink location=FILE",
        "tall.mp4",
    );
    assert!(middle(&tile) > 225);
    for x in [0.0, 0.3, 0.7, 0.99] {
        assert_eq!(at(&tile, x, 0.5), 16, "at {x}");
    }
    let (blue, stride) = tile.plane(Plane::U);
    assert_eq!(blue[20 * stride], 128);
}

#[test]
fn pixels_that_are_not_square_are_shown_in_their_shape() {
    // 160×90 pixels twice as wide as they are high: 320×90, so there is black above and below.
    let tile = shown(
        "videotestsrc num-buffers=20 pattern=white ! video/x-raw,width=160,height=90,framerate=30/1,pixel-aspect-ratio=2/1 \
         ! x264enc ! mp4mux ! filesink location=FILE",
        "wide.mp4",
    );
    assert!(middle(&tile) > 225);
    assert_eq!((at(&tile, 0.5, 0.05), at(&tile, 0.5, 0.95)), (16, 16));
    assert!(at(&tile, 0.01, 0.5) > 200 && at(&tile, 0.99, 0.5) > 200);
}

#[test]
fn what_is_transparent_is_shown_over_black() {
    let tile = shown(
        "videotestsrc num-buffers=1 pattern=solid-color foreground-color=0x80ffffff ! video/x-raw,format=ARGB,width=160,height=90 \
         ! videoconvert ! video/x-raw,format=RGBA ! pngenc ! filesink location=FILE",
        "half.png",
    );
    let half = 16 + (235 - 16) / 2;
    assert!((i32::from(middle(&tile)) - half).abs() <= 4, "{}", middle(&tile));
    for (form, name) in [("AYUV ! matroskamux", "half.mkv"), ("RGBA ! pngenc ! qtmux", "half.mov")] {
        let tile = shown(
            &format!(
                "videotestsrc num-buffers=20 pattern=solid-color foreground-color=0x80ffffff \
                 ! video/x-raw,format=ARGB,width=160,height=90,framerate=30/1 ! videoconvert ! video/x-raw,format={form} \
                 ! filesink location=FILE"
            ),
            name,
        );
        assert!((i32::from(middle(&tile)) - half).abs() <= 4, "{name}: {}", middle(&tile));
    }
}

#[test]
fn ten_bits() {
    let tile = shown(
        "videotestsrc num-buffers=20 pattern=white ! video/x-raw,format=I420_10LE,width=160,height=90,framerate=30/1 \
         ! x264enc ! video/x-h264,profile=high-10 ! matroskamux ! filesink location=FILE",
        "ten.mkv",
    );
    assert!(middle(&tile) > 225);
}

#[test]
fn other_colours_come_out_right() {
    // Full-range red by BT.709 is limited-range red by BT.601.
    let tile = shown(
        "videotestsrc num-buffers=20 pattern=red ! video/x-raw,format=I420,width=320,height=180,framerate=30/1,colorimetry=bt709 \
         ! x264enc ! matroskamux ! filesink location=FILE",
        "red.mkv",
    );
    let (blue, red) = (tile.plane(Plane::U).0[45 * 40], tile.plane(Plane::V).0[45 * 40]);
    let near = |value: u8, wanted: i32| (i32::from(value) - wanted).abs() <= 5;
    assert!(near(middle(&tile), 81) && near(blue, 90) && near(red, 240), "{} {blue} {red}", middle(&tile));
}

#[test]
fn a_variable_rate_plays_at_its_own_pace() {
    let folder = folder();
    let path = folder.path().join("variable.mkv");
    // Every third picture or so is missing.
    launch(&format!(
        "videotestsrc num-buffers=60 ! video/x-raw,width=160,height=90,framerate=30/1 ! identity drop-probability=0.35 \
         ! x264enc tune=zerolatency ! h264parse ! matroskamux ! filesink location={}",
        path.display()
    ));
    let bank = open(folder.path());
    let id = bank.cards()[0].id;
    let _held = bank.attend(id, size(64, 36));
    until(|| format!("two rounds: {:?}", report(&bank, 0)), || report(&bank, 0).decoded > 80);
    let state = report(&bank, 0);
    // As fast as it likes would be some thousands by now.
    assert!(state.broken.is_none() && state.decoded < 1_500, "{state:?}");
}

#[test]
fn a_camera_orientation_is_obeyed() {
    // A white picture with a black left half, turned a quarter by its EXIF: black is then above.
    let folder = folder();
    let path = folder.path().join("turned.jpg");
    launch(&format!(
        "videotestsrc num-buffers=1 pattern=white ! video/x-raw,width=80,height=80,format=I420 \
         ! videobox right=-80 border-alpha=1 fill=black ! jpegenc ! filesink location={}",
        path.display()
    ));
    let plain = std::fs::read(&path).expect("made");
    // Orientation 6: the first row is the right side, the first column the top.
    let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let turned: Vec<u8> = plain[..2].iter().chain(exif).chain(&plain[2..]).copied().collect();
    std::fs::write(&path, turned).expect("written");
    let bank = open(folder.path());
    let id = bank.cards()[0].id;
    let _held = bank.attend(id, TILE);
    let tile = picture(&bank, id, TILE);
    assert!(at(&tile, 0.5, 0.2) > 200 && at(&tile, 0.5, 0.8) < 40, "{} {}", at(&tile, 0.5, 0.2), at(&tile, 0.5, 0.8));
    assert_eq!(at(&tile, 0.1, 0.5), 16, "it is taller than it is wide now");
}

#[test]
fn every_container_goes_round_at_its_own_pace() {
    let folder = folder();
    let source = "videotestsrc num-buffers=45 ! video/x-raw,width=160,height=90,framerate=30/1";
    for (name, through) in [
        ("a.m4v", "x264enc key-int-max=15 ! h264parse ! mp4mux"),
        ("b.ts", "x264enc key-int-max=15 ! h264parse ! mpegtsmux"),
        ("c.avi", "jpegenc ! avimux"),
        ("d.webm", "vp8enc deadline=1 ! webmmux"),
        ("e.ogv", "theoraenc ! oggmux"),
        ("f.mkv", "x264enc bframes=2 key-int-max=15 ! h264parse ! matroskamux"),
        ("g.mov", "x264enc key-int-max=15 ! h264parse ! qtmux"),
        ("h.flv", "x264enc key-int-max=15 ! h264parse ! flvmux"),
    ] {
        launch(&format!("{source} ! {through} ! filesink location={}", folder.path().join(name).display()));
    }
    let bank = open(folder.path());
    let names: Vec<_> = bank.cards().iter().map(|card| card.title.clone()).collect();
    assert_eq!(names, ["A", "B", "C", "D", "E", "F", "G", "H"]);
    let _held: Vec<_> = bank.cards().iter().map(|card| bank.attend(card.id, TILE)).collect();
    // Twice as many pictures as there are in each.
    until(
        || format!("two rounds of each: {:?}", bank.state()),
        || bank.state().iter().all(|source| source.decoded > 92),
    );
    for source in bank.state() {
        assert_eq!((source.failures, &source.broken), (0, &None), "{source:?}");
        // As fast as it likes would be some thousands by now.
        assert!(source.decoded < 1_500, "{source:?}");
    }
}

#[test]
fn sound_is_not_decoded() {
    let folder = folder();
    // The sound is longer than the pictures: that is no fault.
    launch(&format!(
        "videotestsrc num-buffers=30 pattern=white ! video/x-raw,width=160,height=90,framerate=30/1 ! x264enc \
         ! queue max-size-time=0 ! matroskamux name=m ! filesink location={} \
         audiotestsrc num-buffers=150 ! audio/x-raw,rate=48000 ! opusenc ! queue max-size-time=0 ! m.",
        folder.path().join("film.mkv").display()
    ));
    let bank = open(folder.path());
    let id = bank.cards()[0].id;
    let _held = bank.attend(id, TILE);
    assert!(middle(&picture(&bank, id, TILE)) > 225);
    until(|| format!("two rounds: {:?}", report(&bank, 0)), || report(&bank, 0).decoded > 62);
    let state = report(&bank, 0);
    assert_eq!((state.decoders, state.threads, state.broken), (1, 4, None));
}
