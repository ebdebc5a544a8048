//! The generated clip: made, loaded back, taken apart, decoded and looked at.

mod support;

use std::path::Path;

use media_pipeline::annexb::{Facts, facts};
use media_pipeline::{Artist, ClipSpec, PipelineError, generate_clip, generate_clip_with, load_clip};
use media_share::{Codec, Format};

fn left_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn the_clip_comes_back_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/clip.mp4");
    let mut told = Vec::new();
    generate_clip_with(&path, &ClipSpec::default(), |done, of| told.push((done, of))).expect("made");
    assert_eq!(told.last(), Some(&(300, 300)));
    assert!(told.is_sorted(), "progress goes on: {told:?}");
    assert_eq!(left_in(path.parent().expect("a folder")), ["clip.mp4"], "nothing half-made is left");

    let track = load_clip(&path).expect("loaded");
    assert_eq!(
        track.format(),
        Format { codec: Codec::H264, width: 640, height: 360, rate_millihertz: 30_000, bit_rate: None }
    );
    assert_eq!(track.units().len(), 300);
    assert_eq!(track.duration().0, 10_000);
    let keys: Vec<_> = (0..300).filter(|index| track.units()[*index].key).collect();
    assert_eq!(keys, [0, 30, 60, 90, 120, 150, 180, 210, 240, 270]);
    for (index, unit) in track.units().iter().enumerate() {
        let key = index % 30 == 0;
        let expected = Facts { slices: 1, key, parameter_sets: key, bidirectional: false };
        assert_eq!(facts(&unit.data), expected, "picture {index}");
    }

    // A line of half the rate carries a key picture well within the picture deadline of 300 ms, and 60 ms of way.
    let rate = track.bytes() * 8 / 10;
    assert!((1_200_000..2_000_000).contains(&rate), "{rate} bit/s");
    let largest = track.units().iter().map(|unit| unit.data.len()).max().expect("300 units");
    assert!(largest * 8 * 1_000 / (rate / 2) < 220, "the largest picture has {largest} bytes at {rate} bit/s");

    let pictures = support::decoded(&support::units(&track));
    assert_eq!(pictures.len(), 300);
    assert_looks_like_what_was_drawn(&pictures);
    assert_eq!(support::decoded(&support::units(&track)[270..]).len(), 30, "any key picture is a beginning");
}

fn assert_looks_like_what_was_drawn(pictures: &[Vec<u8>]) {
    let mut artist = Artist::new(&ClipSpec::default());
    let (mut drawn, luma) = (Vec::new(), 640 * 360);
    for (index, picture) in pictures.iter().enumerate().step_by(7) {
        artist.draw(index as u32, &mut drawn);
        let difference: u64 = drawn[..luma].iter().zip(picture).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let mean = difference as f64 / luma as f64;
        assert!(mean < 3.0, "picture {index} is {mean:.1} steps off on average");
    }
}

#[test]
fn the_drawing_is_always_the_same_and_has_no_seam() {
    let spec = ClipSpec::default();
    let draw = |artist: &mut Artist, number| {
        let mut out = Vec::new();
        artist.draw(number, &mut out);
        out
    };
    let (mut one, mut other) = (Artist::new(&spec), Artist::new(&spec));
    assert_eq!(draw(&mut one, 250).len(), 640 * 360 * 3 / 2);
    assert_eq!(draw(&mut one, 77), draw(&mut other, 77));
    assert_eq!(draw(&mut one, 300), draw(&mut other, 0), "it goes round");
    // The sky moves on over the seam as it does elsewhere: look at a strip that has no words in it.
    let strip = |picture: Vec<u8>| picture[640 * 10..640 * 50].to_vec();
    let mut step = |from, to| {
        let (from, to) = (strip(draw(&mut one, from)), strip(draw(&mut one, to)));
        from.iter().zip(&to).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>() as f64 / from.len() as f64
    };
    let (seam, inside) = (step(299, 0), step(149, 150));
    assert!(seam < 2.0 * inside, "over the seam {seam:.2}, inside {inside:.2} steps a pixel");
}

#[test]
fn other_sizes_and_lengths_are_made_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("small.mp4");
    let spec = ClipSpec { width: 160, height: 90, fps: 15, seconds: 3 };
    generate_clip(&path, &spec).expect("made");
    generate_clip(&path, &spec).expect("made over what is there");
    let track = load_clip(&path).expect("loaded");
    assert_eq!((track.format().width, track.format().height, track.format().rate_millihertz), (160, 90, 15_000));
    let keys: Vec<_> = track.units().iter().enumerate().filter(|(_, unit)| unit.key).map(|(index, _)| index).collect();
    assert_eq!((track.units().len(), keys), (45, vec![0, 15, 30]));
}

#[test]
fn what_cannot_be_made_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("clip.mp4");
    for spec in [
        ClipSpec { width: 641, ..ClipSpec::default() },
        ClipSpec { height: 4_000, ..ClipSpec::default() },
        ClipSpec { fps: 0, ..ClipSpec::default() },
        ClipSpec { seconds: 61, ..ClipSpec::default() },
    ] {
        let refused = generate_clip(&path, &spec).expect_err("not possible");
        assert!(matches!(refused, PipelineError::Spec(_)), "{refused}");
    }
    assert_eq!(left_in(folder.path()), [""; 0]);

    let occupied = folder.path().join("taken");
    std::fs::create_dir(&occupied).expect("a folder");
    let small = ClipSpec { width: 160, height: 90, fps: 5, seconds: 1 };
    let refused = generate_clip(&occupied, &small).expect_err("a folder is in its place");
    assert!(matches!(refused, PipelineError::Write { .. }), "{refused}");
    assert_eq!(left_in(folder.path()), ["taken"]);
}
