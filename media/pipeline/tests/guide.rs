//! The generated guide: fifteen sources that can be told apart, all of which play.

mod support;

use std::fs;

use media_pipeline::{BankOptions, SourceBank, generate_guide, load_clip};
use media_share::{I420, Plane, SourceKind, Tiles};
use support::bank::{TILE, folder, picture};

/// The mean difference of two pictures' brightness.
fn difference(a: &I420, b: &I420) -> f64 {
    let (a, b) = (a.plane(Plane::Y).0, b.plane(Plane::Y).0);
    let sum: u32 = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    f64::from(sum) / a.len() as f64
}

#[test]
fn the_guide_is_made_whole_and_its_sources_can_be_told_apart() {
    let parent = folder();
    let guide = parent.path().join("media/guide");
    let mut told = Vec::new();
    generate_guide(&guide, |done, total| told.push((done, total))).expect("made");
    assert_eq!(told, (1..=15).map(|done| (done, 15)).collect::<Vec<_>>());
    assert_eq!(fs::read_dir(guide.parent().expect("beside")).expect("listed").count(), 1, "nothing is left over");

    let bank = SourceBank::open(BankOptions::folder(&guide)).expect("opens");
    let cards = bank.cards().to_vec();
    assert_eq!(cards.iter().filter(|card| card.kind == SourceKind::Clip).count(), 9);
    assert_eq!(cards.iter().filter(|card| card.kind == SourceKind::Still).count(), 6);
    assert!(cards.iter().any(|card| card.title == "Harbour lights"), "{cards:?}");
    let _held: Vec<_> = cards.iter().map(|card| bank.attend(card.id, TILE)).collect();
    let tiles: Vec<_> = cards.iter().map(|card| picture(&bank, card.id, TILE)).collect();
    for (index, tile) in tiles.iter().enumerate() {
        for (other, against) in tiles.iter().enumerate().skip(index + 1) {
            let apart = difference(tile, against);
            assert!(apart > 12.0, "{} and {} are alike: {apart}", cards[index].title, cards[other].title);
        }
    }
    // Each clip can also be passed through as it is: key pictures each second.
    for clip in fs::read_dir(&guide).expect("listed").map(|entry| entry.expect("one").path()) {
        if clip.extension().is_some_and(|ending| ending == "mp4") {
            let track = load_clip(&clip).expect("a clip");
            assert_eq!((track.units().len(), track.units().iter().filter(|unit| unit.key).count()), (180, 6));
        }
    }
    // What is there is not made again.
    generate_guide(&guide, |_, _| panic!("made again")).expect("there");
}
