//! A bank of sources as a guide uses it: decoded once for everybody, scaled once per size, kept for a linger.

mod support;

use media_pipeline::{BankOptions, SourceBank};
use media_share::{SourceKind, Tile, Tiles};
use support::bank::{TILE, clip, folder, middle, picture, report, size, until};

#[test]
fn one_decoder_serves_several_sizes_and_several_attendants() {
    let folder = folder();
    clip(&folder.path().join("grey-clip.mp4"), 30, "white");
    let bank = SourceBank::open(BankOptions::folder(folder.path())).expect("opens");
    let id = bank.cards()[0].id;
    assert_eq!((bank.cards()[0].title.as_str(), bank.cards()[0].kind), ("Grey clip", SourceKind::Clip));
    assert!(matches!(bank.tile(id, TILE), Tile::Waiting));
    let large = size(320, 180);
    let held = [bank.attend(id, TILE), bank.attend(id, TILE), bank.attend(id, TILE), bank.attend(id, large)];
    let (small_one, large_one) = (picture(&bank, id, TILE), picture(&bank, id, large));
    assert_eq!((small_one.size(), large_one.size()), (TILE, large));
    assert!(middle(&small_one) > 225 && middle(&large_one) > 225, "white is white");
    let state = report(&bank, 0);
    assert_eq!((state.decoders, state.attendants, state.sizes.len()), (1, 4, 2), "{state:?}");
    assert!(state.running, "{state:?}");
    // Two sizes: twice as many tiles as pictures, whoever looks at them.
    until(|| "a second of pictures".to_owned(), || report(&bank, 0).decoded >= 30);
    let state = report(&bank, 0);
    assert!(state.scaled <= 2 * state.decoded, "{state:?}");
    assert!(state.threads == 4 && state.decoders == 1, "{state:?}");
    drop(held);
}

#[test]
fn a_clip_goes_round_and_round() {
    let folder = folder();
    clip(&folder.path().join("short.mp4"), 15, "ball");
    let bank = SourceBank::open(BankOptions::folder(folder.path())).expect("opens");
    let id = bank.cards()[0].id;
    let _held = bank.attend(id, TILE);
    // Three times as many pictures as there are in it.
    until(|| "three rounds".to_owned(), || report(&bank, 0).decoded > 45);
    let state = report(&bank, 0);
    assert_eq!((state.failures, state.broken), (0, None));
}

#[test]
fn clips_of_one_picture_neither_spin_nor_break() {
    let folder = folder();
    clip(&folder.path().join("one.mp4"), 1, "white");
    let bank = SourceBank::open(BankOptions::folder(folder.path())).expect("opens");
    let id = bank.cards()[0].id;
    let _held = bank.attend(id, TILE);
    until(|| format!("several rounds: {:?}", report(&bank, 0)), || report(&bank, 0).decoded > 3);
    assert!(middle(&picture(&bank, id, TILE)) > 225);
    assert_eq!(report(&bank, 0).broken, None);
}

#[test]
fn a_source_goes_on_for_the_linger_and_comes_back_without_a_new_start() {
    let folder = folder();
    clip(&folder.path().join("a.mp4"), 30, "white");
    let options = BankOptions { linger: actors_protocol::Millis(300), ..BankOptions::folder(folder.path()) };
    let bank = SourceBank::open(options).expect("opens");
    let id = bank.cards()[0].id;
    let held = bank.attend(id, TILE);
    picture(&bank, id, TILE);
    drop(held);
    assert!(report(&bank, 0).running, "it lingers");
    assert!(matches!(bank.tile(id, TILE), Tile::Waiting), "nobody attends");
    let held = bank.attend(id, TILE);
    assert!(matches!(bank.tile(id, TILE), Tile::Picture(_)), "its last picture is there at once");
    drop(held);
    until(|| "it stops after the linger".to_owned(), || !report(&bank, 0).running && report(&bank, 0).threads == 0);
    let stopped = report(&bank, 0);
    assert_eq!((stopped.attendants, stopped.sizes.len()), (0, 0));
    let _held = bank.attend(id, TILE);
    assert!(matches!(bank.tile(id, TILE), Tile::Waiting), "it is opened anew");
    picture(&bank, id, TILE);
}

#[test]
fn a_size_nobody_attends_to_is_not_scaled_to() {
    let folder = folder();
    clip(&folder.path().join("a.mp4"), 30, "ball");
    let bank = SourceBank::open(BankOptions::folder(folder.path())).expect("opens");
    let id = bank.cards()[0].id;
    let _held = bank.attend(id, TILE);
    let other = bank.attend(id, size(64, 36));
    picture(&bank, id, size(64, 36));
    drop(other);
    let before = report(&bank, 0);
    until(|| "more pictures".to_owned(), || report(&bank, 0).decoded > before.decoded + 15);
    let after = report(&bank, 0);
    let (decoded, scaled) = (after.decoded - before.decoded, after.scaled - before.scaled);
    assert!(scaled <= decoded + 1, "{scaled} tiles of {decoded} pictures");
}

#[test]
fn stamps_grow_with_pictures_and_a_held_picture_does_not_change() {
    let folder = folder();
    clip(&folder.path().join("a.mp4"), 30, "ball");
    let bank = SourceBank::open(BankOptions::folder(folder.path())).expect("opens");
    let id = bank.cards()[0].id;
    let _held = bank.attend(id, TILE);
    let first = picture(&bank, id, TILE);
    let copy = first.bytes().to_vec();
    let stamp = bank.stamp(id, TILE);
    until(|| "ten more pictures".to_owned(), || bank.stamp(id, TILE) >= stamp + 10);
    assert_eq!(first.bytes(), copy);
    assert_ne!(picture(&bank, id, TILE).bytes(), copy, "the ball moves");
}

#[test]
fn stills_are_decoded_once_and_scaled_to_each_size() {
    let folder = folder();
    support::launch(&format!(
        "videotestsrc num-buffers=1 pattern=white ! video/x-raw,width=300,height=300 ! pngenc ! filesink location={}",
        folder.path().join("square.png").display()
    ));
    let bank = SourceBank::open(BankOptions::folder(folder.path())).expect("opens");
    let id = bank.cards()[0].id;
    let _held = [bank.attend(id, TILE), bank.attend(id, size(320, 180))];
    let small = picture(&bank, id, TILE);
    picture(&bank, id, size(320, 180));
    assert!(middle(&small) > 225);
    assert_eq!(small.bytes()[0], 16, "black beside a square");
    let state = report(&bank, 0);
    assert_eq!((state.decoded, state.scaled, state.kind), (1, 2, SourceKind::Still));
}
