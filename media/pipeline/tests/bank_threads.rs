//! What a bank costs in threads, and that all of them end with it. A program of its own: the only test in it counts them.

mod support;

use std::fs;

use media_pipeline::{BankOptions, SourceBank};
use media_share::Tiles;
use support::bank::{TILE, clip, folder, picture, threads, until};

#[test]
fn every_thread_ends_with_the_bank() {
    let folder = folder();
    clip(&folder.path().join("a.mp4"), 30, "ball");
    for name in ["b", "c"] {
        fs::copy(folder.path().join("a.mp4"), folder.path().join(format!("{name}.mp4"))).expect("copied");
    }
    let mut before = threads().len();
    let mut most = 0;
    for round in 0..6 {
        let bank = SourceBank::open(BankOptions::folder(folder.path())).expect("opens");
        let held: Vec<_> = bank.cards().iter().map(|card| bank.attend(card.id, TILE)).collect();
        for card in bank.cards() {
            picture(&bank, card.id, TILE);
        }
        most = most.max(threads().len());
        assert!(bank.state().iter().all(|source| source.threads <= 4), "{:?}", bank.state());
        drop(bank);
        drop(held);
        let ours: Vec<_> = threads().into_iter().filter(|name| name.starts_with("bank-")).collect();
        assert!(ours.is_empty(), "{ours:?} after round {round}");
    }
    // A keeper, one for stills, four for each clip, and what GStreamer keeps for itself.
    assert!(most <= before + 2 + 4 * 3 + 3, "{most} threads, {before} before");
    // The library holds on to threads of its pool for some seconds, and keeps one that hands them out.
    before += 1;
    until(|| "the threads are gone".to_owned(), || threads().len() <= before);
}
