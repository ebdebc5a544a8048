//! What a folder of strangers may hold: the tile of each says what is wrong with it, and the others play on.

mod support;

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{Shutdown, TcpListener};
use std::path::Path;

use actors_protocol::Millis;
use media_pipeline::{BankOptions, PLAYING_MAX, SourceBank};
use media_share::{SourceId, Tile, Tiles};
use support::bank::{TILE, at, cause, clip, folder, middle, picture, report, until};
use support::launch;

fn open(folder: &Path) -> std::sync::Arc<SourceBank> {
    SourceBank::open(BankOptions::folder(folder)).expect("opens")
}

/// A file with the first part of another, in hundredths.
fn cut(whole: &Path, part: &Path, hundredths: usize) {
    let bytes = fs::read(whole).expect("it was made");
    fs::write(part, &bytes[..bytes.len() * hundredths / 100]).expect("written");
}

#[test]
fn broken_and_truncated_files_among_good_ones() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    clip(&path("a-good.mp4"), 60, "white");
    cut(&path("a-good.mp4"), &path("b-cut.mp4"), 60);
    fs::write(
        path("c-noise.mp4"),
        (0..50_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect::<Vec<_>>(),
    )
    .expect("written");
    fs::write(path("d-empty.mkv"), b"").expect("written");
    launch(&format!(
        "videotestsrc num-buffers=1 ! video/x-raw,width=300,height=200 ! pngenc ! filesink location={}",
        path("e-good.png").display()
    ));
    cut(&path("e-good.png"), &path("f-cut.png"), 50);
    fs::write(path("g-words.jpg"), b"not a picture").expect("written");
    launch(&format!("audiotestsrc num-buffers=50 ! wavenc ! filesink location={}", path("sound.wav").display()));
    fs::rename(path("sound.wav"), path("h-sound.avi")).expect("renamed");
    launch(&format!(
        "audiotestsrc num-buffers=50 ! opusenc ! matroskamux ! filesink location={}",
        path("i-sound.mkv").display()
    ));
    let bank = open(folder.path());
    let cards = bank.cards().to_vec();
    let _held: Vec<_> = cards.iter().map(|card| bank.attend(card.id, TILE)).collect();
    for (index, name) in
        ["b-cut.mp4", "c-noise.mp4", "d-empty.mkv", "f-cut.png", "g-words.jpg", "h-sound.avi", "i-sound.mkv"]
            .into_iter()
            .enumerate()
    {
        let id = cards[[1, 2, 3, 5, 6, 7, 8][index]].id;
        let words = cause(&bank, id);
        assert_eq!(
            name.contains("sound"),
            words.contains("no picture") && words.contains("can be decoded, only "),
            "{words}"
        );
        assert!(words.starts_with(name), "{words}");
        assert_eq!(report(&bank, id.0 as usize).broken, Some(words));
    }
    assert!(middle(&picture(&bank, cards[0].id, TILE)) > 225);
    picture(&bank, cards[4].id, TILE);
    let before = report(&bank, 0).decoded;
    until(|| "the good one goes on".to_owned(), || report(&bank, 0).decoded > before + 10);
}

#[test]
fn a_clip_whose_end_is_missing_breaks_when_the_end_would_come() {
    let folder = folder();
    let whole = folder.path().join("whole.part");
    launch(&format!(
        "videotestsrc num-buffers=90 ! video/x-raw,width=160,height=90,framerate=30/1 ! x264enc key-int-max=15 \
         ! h264parse ! matroskamux ! filesink location={}",
        whole.display()
    ));
    cut(&whole, &folder.path().join("cut.mkv"), 50);
    let bank = open(folder.path());
    let id = bank.cards()[0].id;
    let _held = bank.attend(id, TILE);
    picture(&bank, id, TILE);
    let words = cause(&bank, id);
    assert!(words.contains("should last 3.0 s") && words.contains("copy it again"), "{words}");
    // It is tried again, and shows what it has.
    picture(&bank, id, TILE);
}

#[test]
fn a_clip_that_is_corrupted_while_it_plays_breaks_and_the_others_play_on_and_it_comes_back_when_it_is_mended() {
    let folder = folder();
    let (good, bad) = (folder.path().join("good.mp4"), folder.path().join("bad.mp4"));
    clip(&good, 90, "ball");
    fs::copy(&good, &bad).expect("copied");
    let whole = fs::read(&good).expect("made");
    let bank = open(folder.path());
    let (bad_id, good_id) = (bank.cards()[0].id, bank.cards()[1].id);
    let _held = [bank.attend(bad_id, TILE), bank.attend(good_id, TILE)];
    picture(&bank, bad_id, TILE);
    picture(&bank, good_id, TILE);
    let mut file = fs::OpenOptions::new().write(true).open(&bad).expect("opens");
    file.seek(SeekFrom::Start(64)).expect("seeks");
    file.write_all(&vec![0x5a; whole.len() - 64]).expect("written");
    let words = cause(&bank, bad_id);
    assert!(words.starts_with("bad.mp4: "), "{words}");
    let before = report(&bank, 1).decoded;
    until(|| "the good one goes on".to_owned(), || report(&bank, 1).decoded > before + 30);
    assert_eq!(report(&bank, 1).failures, 0);
    fs::write(&bad, &whole).expect("mended");
    picture(&bank, bad_id, TILE);
}

#[test]
fn a_file_that_vanishes_breaks_and_comes_back() {
    let folder = folder();
    clip(&folder.path().join("a.mp4"), 30, "white");
    launch(&format!(
        "videotestsrc num-buffers=1 ! pngenc ! filesink location={}",
        folder.path().join("b.png").display()
    ));
    let bank = open(folder.path());
    for name in ["a.mp4", "b.png"] {
        fs::rename(folder.path().join(name), folder.path().join(format!("{name}.away"))).expect("moved");
    }
    let _held: Vec<_> = bank.cards().iter().map(|card| bank.attend(card.id, TILE)).collect();
    for card in bank.cards() {
        let words = cause(&bank, card.id);
        assert!(words.contains("not there any more"), "{words}");
    }
    for name in ["a.mp4", "b.png"] {
        fs::rename(folder.path().join(format!("{name}.away")), folder.path().join(name)).expect("moved");
    }
    for card in bank.cards() {
        picture(&bank, card.id, TILE);
    }
}

/// A PNG that says it is 20,000 pixels on each side, with no picture behind it.
fn huge_png(path: &Path) {
    let mut header = b"IHDR".to_vec();
    header.extend(20_000u32.to_be_bytes());
    header.extend(20_000u32.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let crc = |bytes: &[u8]| {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        })
    };
    let mut data = b"\x89PNG\r\n\x1a\n".to_vec();
    data.extend(13u32.to_be_bytes());
    data.extend(&header);
    data.extend(crc(&header).to_be_bytes());
    data.extend([0, 0, 0, 1]);
    data.extend(b"IDAT\x78");
    data.extend(crc(b"IDAT\x78").to_be_bytes());
    fs::write(path, data).expect("written");
}

#[test]
fn a_huge_picture_is_refused_from_its_header() {
    let folder = folder();
    huge_png(&folder.path().join("huge.png"));
    let bank = open(folder.path());
    let _held = bank.attend(bank.cards()[0].id, TILE);
    let words = cause(&bank, bank.cards()[0].id);
    assert!(words.contains("20000×20000") && words.contains("16384"), "{words}");
    assert_eq!(report(&bank, 0).decoded, 0);
}

#[test]
fn a_source_without_words_or_picture_never_stops_a_bank_from_closing() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let live = ["http", "rtsp"].map(|scheme| (format!("Camera {scheme}"), format!("{scheme}://{address}/camera")));
    let options = BankOptions { folder: None, live: live.into(), linger: Millis(100) };
    let bank = SourceBank::open(options).expect("opens");
    let held: Vec<_> = bank.cards().iter().map(|card| bank.attend(card.id, TILE)).collect();
    // They are connected to, and never answer.
    let silent = [(); 2].map(|()| listener.accept().expect("connects"));
    for card in bank.cards() {
        let words = cause(&bank, card.id);
        assert!(words.starts_with(&card.title) && words.contains("no picture came within 10 s"), "{words}");
    }
    drop((held, bank, silent));
}

#[test]
fn addresses_that_lead_nowhere_say_what_is_wrong_with_them() {
    let folder = folder();
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("it was free");
    let all = [
        ("gopher://127.0.0.1/camera".to_owned(), "\"gopher\""),
        (format!("http://{nobody}/camera"), "its server cannot be reached"),
        (format!("rtsp://{nobody}/camera"), "its server cannot be reached"),
        (format!("file://{}/nothing.mp4", folder.path().display()), "not"),
        ("camera".to_owned(), "URI"),
    ];
    let live = all.iter().map(|(uri, _)| ("Camera".to_owned(), uri.clone())).collect();
    let bank = SourceBank::open(BankOptions { folder: None, live, linger: Millis(100) }).expect("opens");
    let _held: Vec<_> = bank.cards().iter().map(|card| bank.attend(card.id, TILE)).collect();
    for (card, (uri, wanted)) in bank.cards().iter().zip(&all) {
        let words = cause(&bank, card.id);
        assert!(words.contains(wanted), "{uri}: {words}");
    }
}

#[test]
fn a_live_source_that_stalls_breaks_and_is_tried_again() {
    let folder = folder();
    let stream = folder.path().join("stream.part");
    launch(&format!(
        "videotestsrc num-buffers=600 pattern=white ! video/x-raw,width=160,height=90,framerate=30/1 ! jpegenc \
         ! matroskamux streamable=true ! filesink location={}",
        stream.display()
    ));
    let data = fs::read(&stream).expect("made");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let server = std::thread::Builder::new()
        .spawn(move || {
            let mut kept = Vec::new();
            // Part of the stream each time, then silence; the second time is the retry.
            for _ in 0..2 {
                let (mut client, _) = listener.accept().expect("connects");
                let mut request = [0; 2_048];
                let _ = client.read(&mut request).expect("asks");
                let head = "HTTP/1.1 200 OK\r\nContent-Type: video/x-matroska\r\nConnection: close\r\n\r\n";
                // A client that has had enough hangs up.
                let _ = client.write_all(head.as_bytes());
                let _ = client.write_all(&data[..data.len() / 8]);
                kept.push(client);
            }
            kept
        })
        .expect("a thread");
    let uri = format!("http://{address}/camera.mkv");
    let options = BankOptions { folder: None, live: vec![("Camera".to_owned(), uri)], linger: Millis(100) };
    let bank = SourceBank::open(options).expect("opens");
    let id = bank.cards()[0].id;
    let _held = bank.attend(id, TILE);
    assert!(middle(&picture(&bank, id, TILE)) > 225);
    let words = cause(&bank, id);
    assert!(words.contains("no further picture came within 5 s"), "{words}");
    picture(&bank, id, TILE);
    for client in server.join().expect("served twice") {
        let _ = client.shutdown(Shutdown::Both);
    }
}

#[test]
fn sources_that_are_too_many_at_once_say_so_and_have_their_turn_when_another_one_stops() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    // They are connected to, and nothing comes.
    let uri = format!("http://{}/camera", listener.local_addr().expect("bound"));
    let live = (0..PLAYING_MAX + 2).map(|number| (format!("Camera {number}"), uri.clone())).collect();
    let bank = SourceBank::open(BankOptions { folder: None, live, linger: Millis(1) }).expect("opens");
    let mut held: Vec<_> = bank.cards().iter().map(|card| bank.attend(card.id, TILE)).collect();
    let waits = |id: SourceId| matches!(bank.tile(id, TILE), Tile::Broken(words) if words.contains("too many sources"));
    let (next, last) = (SourceId(PLAYING_MAX as u32), SourceId(PLAYING_MAX as u32 + 1));
    for id in [next, last] {
        let words = cause(&bank, id);
        assert!(words.contains(&format!("Camera {}: too many", id.0)) && words.contains("64 others"), "{words}");
        assert_eq!(report(&bank, id.0 as usize).threads, 0);
    }
    assert!(!waits(SourceId(0)));
    drop(held.remove(0));
    until(|| format!("the next one's turn: {:?}", bank.state()), || !waits(next));
    assert!(waits(last));
    // One that nobody attends to any more does not wait either.
    held.pop();
    until(|| "nobody waits".to_owned(), || !waits(last) && !report(&bank, last.0 as usize).running);
}

#[test]
fn a_tile_of_no_source_says_so() {
    let folder = folder();
    fs::write(folder.path().join("a.png"), b"x").expect("written");
    let bank = open(folder.path());
    let nowhere = SourceId(7);
    let _held = bank.attend(nowhere, TILE);
    assert!(matches!(bank.tile(nowhere, TILE), Tile::Broken(_)));
    assert_eq!(bank.stamp(nowhere, TILE), 0);
    assert!(at(&media_share::I420::black(TILE), 0.0, 0.0) == 16);
}

#[test]
fn a_clip_of_huge_pictures_is_refused_with_the_limit() {
    let folder = folder();
    launch(&format!(
        "videotestsrc num-buffers=3 ! video/x-raw,width=8000,height=16,framerate=30/1 ! jpegenc ! matroskamux \
         ! filesink location={}",
        folder.path().join("wide.mkv").display()
    ));
    let bank = open(folder.path());
    let _held = bank.attend(bank.cards()[0].id, TILE);
    let words = cause(&bank, bank.cards()[0].id);
    assert!(words.contains("8000×16") && words.contains("7680"), "{words}");
    assert_eq!(report(&bank, 0).decoded, 0);
}
