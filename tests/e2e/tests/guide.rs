//! The programme guide as somebody meets it: keys that move the focus, pictures that are drawn only when something changes,
//! and trouble that stays where it is.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tests_e2e::pictures::{Area, Picture, decode};
use tests_e2e::{
    Demo, Noise, Probe, TempDir, Terminal, Viewer, assert_unaffected, eventually, folder, fusion, json, run, say,
    scenes,
};

/// Something that takes milliseconds on an idle machine.
const SOON: Duration = Duration::from_secs(30);
/// What a highlight that moves changes of a whole picture is several times this; the clock's next minute is a fifth of it.
const CHANGED: f64 = 0.25;
const STUDIO: &str = "host-a/instance/epg-a/studio";
const INSTANCE: &str = "host-a/instance/epg-a";

#[test]
fn keys_are_answered_and_what_is_recorded_or_piped_decodes() {
    let demo = Demo::start();
    let file = demo.scratch().join("a.h264");
    let words = format!("view epg.demo --frames 90 --record {} --keys Right,Down,Return", file.display());
    let report = demo.json(&words);
    let probe = Probe::decode(&file).unwrap();
    assert_eq!(probe.errors, [] as [&str; 0]);
    assert_eq!((probe.codec.as_str(), probe.width, probe.height), ("h264", 640, 360));
    assert!(probe.frames >= 90 && probe.begins_with_key_frame, "{probe:?}");
    assert_eq!(probe.frames as u64, json::count(&report, "/recorded/pictures"));
    // The fixture's own sources by name: the page has three columns, and the focus begins at its first tile.
    let titles = titles(&demo);
    let wanted =
        [("Right", titles[1].clone()), ("Down", titles[4].clone()), ("Return", format!("{}, full screen", titles[4]))];
    let keys: Vec<_> = json::list(&report, "/keys").iter().collect();
    let told: Vec<_> =
        keys.iter().map(|key| (json::text(key, "/key"), json::text(key, "/focused").to_owned())).collect();
    assert_eq!(told, wanted, "{report:#}");
    let answered: Vec<_> = keys.iter().map(|key| json::count(key, "/frame")).collect();
    assert!(answered.is_sorted_by(|a, b| a < b) && answered[0] > 0 && answered[2] < 90, "{report:#}");
    say(format!(
        "the guide: first picture after {} ms, input to picture p50 {} ms, {} pictures decoded, keys at {answered:?}",
        json::number(&report, "/first_frame_ms"),
        json::number(&report, "/input_to_picture_ms/p50"),
        probe.frames
    ));
    // Clips move: the first picture is not the tenth, and full screen is neither.
    let pictures = decode(&file, 640, 360);
    assert!(pictures[0].difference(&pictures[9], pictures[0].whole()) > CHANGED, "moving tiles");
    assert!(pictures[9].difference(&pictures[85], pictures[0].whole()) > 10.0, "the whole screen");

    let mp4 = demo.scratch().join("a.mp4");
    let report = demo.json(&format!("view epg.demo --frames 45 --record {} --keys Tab", mp4.display()));
    let probe = Probe::decode(&mp4).unwrap();
    assert_eq!((probe.errors.len(), probe.codec.as_str(), probe.width, probe.height), (0, "h264", 640, 360));
    assert!(probe.frames >= 45, "{probe:?}");
    assert_eq!(json::text(&report, "/keys/0/focused"), titles[1]);

    // As somebody types it: the reader leaves when it has seen enough, and nobody minds.
    let view = format!("{:?}", demo.command("view epg.demo --y4m -"));
    let probing = "ffprobe -v error -read_intervals %+#30 -count_frames \
                   -show_entries stream=codec_name,width,height,nb_read_frames -of csv=p=0 -";
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{{ {}; echo \"view ended with $?\" >&2; }} | {probing}", without_changes(&view)));
    let piped = run(shell, SOON).expect_code(0);
    say(format!("fusion view --y4m - | ffprobe -: {} after {:?}", piped.stdout.trim(), piped.took));
    assert_eq!(piped.stdout.trim(), "rawvideo,640,360,30", "{}", piped.stderr);
    assert!(piped.stderr.contains("view ended with 0"), "{}", piped.stderr);

    slots_grow_and_shrink(&demo);
}

/// The debug form of a command is a line for a shell, after what it removes from the environment.
fn without_changes(shown: &str) -> &str {
    shown.find("RUST_BACKTRACE").map_or(shown, |at| &shown[at..])
}

fn slots_grow_and_shrink(demo: &Demo) {
    scenes::all_free_of(demo, "epg.demo");
    let grown = demo.json(&format!("instance slots {INSTANCE} 6"));
    assert_eq!([json::count(&grown, "/from"), json::count(&grown, "/to")], [4, 6], "{grown:#}");
    eventually(SOON, "all six are listed", || match demo.pool("epg-a") {
        pool if pool.all_free(6) => Ok(()),
        pool => Err(format!("{pool:?}")),
    });
    let mut viewers: Vec<_> = (0..6).map(|_| demo.view("epg.demo")).collect();
    viewers.iter_mut().for_each(|viewer| assert_eq!(viewer.plays().zone, "zone-a", "six of the nearer zone"));
    let shrunk = demo.run(&format!("instance slots {INSTANCE} 4")).expect_code(0);
    assert!(shrunk.stdout.contains("2 sessions play on beyond that"), "{}", shrunk.stdout);
    assert_eq!(demo.pool("epg-a").active(), 6, "they play on");
    // Sessions that look at the same share one encoder.
    let state = demo.json(&format!("actors {STUDIO}"));
    assert_eq!(json::count(&state, "/state/renditions/sessions"), 6, "{state:#}");
    let encoding = json::list(&state, "/state/renditions/renditions").iter();
    assert_eq!(encoding.filter(|one| !json::list(one, "/sessions").is_empty()).count(), 1, "{state:#}");
    viewers.into_iter().for_each(|viewer| assert!(json::count(&viewer.leave(), "/frames") > 0));
    scenes::all_free_of(demo, "epg.demo");
}

#[test]
fn a_still_guide_is_drawn_when_a_key_changes_it_and_not_between() {
    let media = TempDir::new();
    folder::stills(&media, 6);
    let demo = showing(&media);
    let (file, piped) = (demo.scratch().join("s.h264"), demo.scratch().join("s.y4m"));
    // The clock in the picture must not turn meanwhile.
    let into = Duration::from_secs(seconds_now() % 60);
    std::thread::sleep(if into.as_secs() > 48 { Duration::from_secs(60) - into } else { Duration::ZERO });
    let words = format!(
        "epg.demo --keys Right,Down,Return --key-interval 1s --record {} --y4m {}",
        file.display(),
        piped.display()
    );
    // Pictures are loaded when somebody looks at them, and kept for a while after that.
    let mut before = demo.view("epg.demo");
    complete(&demo, &mut before);
    before.leave();
    let mut viewer = demo.view(&words);
    viewer.plays();
    // Three keys in three seconds; then nothing for three.
    std::thread::sleep(Duration::from_millis(3_700));
    let (quiet, begun) = (drawn(&demo), Instant::now());
    std::thread::sleep(Duration::from_secs(3));
    let after = drawn(&demo);
    let seconds = begun.elapsed().as_secs_f64();
    let report = viewer.leave();
    let repeats = after[1] - quiet[1];
    say(format!("a still guide for {seconds:.1} s: {} pictures drawn, {repeats} repeats", after[0] - quiet[0]));
    assert_eq!(after[0], quiet[0], "nothing is drawn");
    assert!((seconds - repeats as f64).abs() <= 1.5, "{repeats} repeats in {seconds} s: about one a second");
    assert!(json::count(&report, "/repeats") >= repeats, "the viewer has them: {report:#}");

    // At a steady rate, what was seen: it changes three times, each time after a key.
    let seen = decode(&piped, 640, 360);
    assert!(seen.len() > 150, "{} pictures", seen.len());
    let keys = changes(&seen);
    say(format!("{} pictures seen; what was seen changed at {keys:?}", seen.len()));
    assert_eq!(keys.len(), 3, "each key changes the picture once: {keys:?}");
    assert!(keys.is_sorted_by(|a, b| b - a >= 20), "a second apart: {keys:?}");
    let highlighted: Vec<_> = [keys[0] - 1, keys[0], keys[1]].map(|at| seen[at].highlighted()).into();
    assert_eq!(highlighted, [0, 1, 4], "to the right, then down");
    let focused: Vec<_> = json::list(&report, "/keys").iter().map(|key| json::text(key, "/focused")).collect();
    assert_eq!(focused, ["Still 2", "Still 5", "Still 5, full screen"], "{report:#}");
    // A repeat is not in the file.
    let recorded = decode(&file, 640, 360);
    assert_eq!(recorded.len() as u64, json::count(&report, "/recorded/pictures"));
    assert_eq!(json::count(&report, "/frames"), recorded.len() as u64 + json::count(&report, "/repeats"));

    // `--frames` beside `--record` counts what is in the file: here the guide turns by itself, every three seconds. Somebody
    // else looks at the page, so that it is complete from the beginning.
    let mut beside = demo.view("epg.demo");
    complete(&demo, &mut beside);
    let few = demo.scratch().join("few.h264");
    let report = demo.json(&format!("view epg.demo --frames 3 --keys a --record {}", few.display()));
    assert!(decode(&few, 640, 360).len() >= 3 && json::count(&report, "/repeats") > 0, "{report:#}");
    beside.leave();
}

/// How many pictures and repeats there have been.
fn drawn(demo: &Demo) -> [u64; 2] {
    let state = demo.json(&format!("actors {STUDIO}"));
    ["drawn", "repeats"].map(|what| json::count(&state, &format!("/state/renditions/totals/{what}")))
}

/// Waits until a viewer's page of stills shows every one of them.
fn complete(demo: &Demo, viewer: &mut Viewer) {
    viewer.plays();
    eventually(SOON, "every still is on the page", || {
        let waiting = sources(demo).iter().filter(|source| json::list(source, "/sizes").is_empty()).count();
        // What was decoded last is drawn with the next tick, which is a thirtieth of a second away.
        let before = drawn(demo)[0];
        std::thread::sleep(Duration::from_millis(300));
        if waiting == 0 && drawn(demo)[0] == before { Ok(()) } else { Err(format!("{waiting} are missing")) }
    });
}

/// A demo whose guide shows the files of a folder. It is given a clip too, so that it need not draw one.
fn showing(media: &TempDir) -> Demo {
    let clip = folder::clip(&media.join("clip"), "clip.mp4", 1);
    Demo::start_with(&format!("--media {} --clip {}", media.display(), clip.display()))
}

/// Where pictures look different from those before them.
fn changes(seen: &[Picture]) -> Vec<usize> {
    let pairs = seen.windows(2).enumerate();
    pairs.filter(|(_, pair)| pair[0].difference(&pair[1], pair[0].whole()) > CHANGED).map(|(at, _)| at + 1).collect()
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn trouble_stays_where_it_is() {
    let media = TempDir::new();
    let good = std::fs::read(folder::clip(&media, "a-good.mp4", 3)).unwrap();
    for name in ["b-other.mp4", "c-victim.mp4", "f-another.mp4"] {
        media.write(name, &good);
    }
    media.write("d-broken.mp4", [0x5a; 60_000]);
    media.write("e-cut.mp4", &good[..good.len() / 3]);
    let demo = showing(&media);
    let titles = titles(&demo);
    let place = |title: &str| titles.iter().position(|one| one == title).unwrap_or_else(|| panic!("{titles:?}"));
    let [fine, victim, broken, cut, another] = ["A good", "C victim", "D broken", "E cut", "F another"].map(place);

    // Four sessions, each looking at something else, so that each has an encoder of its own; one is killed.
    let noise = Noise::of([&demo.process]);
    let mut playing: Vec<Viewer> = ["End", "Right", "Down", "Tab,Tab"]
        .map(|keys| demo.view(&format!("epg.demo --keys {keys} --key-interval 100ms")))
        .into();
    let seats: Vec<_> = playing.iter_mut().map(|viewer| viewer.plays()).collect();
    playing.iter().for_each(|viewer| noise.watch(viewer));
    std::thread::sleep(Duration::from_secs(1));
    demo.ok(&format!("actors kill {}", demo.actor_of(&seats[0])));
    let told = playing.remove(0).finish().expect_code(1);
    assert!(told.stderr.contains("killed"), "{}", told.stderr);

    // A clip is overwritten while it plays in front of the other three.
    assert_eq!(cause(&demo, victim), None);
    overwrite(&media.join("c-victim.mp4"), &vec![0x5a; good.len()]);
    let begun = Instant::now();
    let words = eventually(SOON, "the overwritten clip is told", || cause(&demo, victim).ok_or("no cause yet"));
    say(format!("a clip was overwritten; after {:?}: {words}", begun.elapsed()));
    assert!(words.starts_with("c-victim.mp4: "), "{words}");
    for (place, name) in [(broken, "d-broken.mp4: "), (cut, "e-cut.mp4: ")] {
        let words = eventually(SOON, "the broken clip is told", || cause(&demo, place).ok_or("no cause yet"));
        say(format!("among good ones: {words}"));
        assert!(words.starts_with(name), "{words}");
    }
    let [moves, stands] = movement(&demo, [&[fine, another], &[victim, broken]]);
    say(format!("of 40 pictures, a tile moves in {moves} at least, a placeholder in {stands} at most"));
    // A placeholder has other words now and then, when the source is tried again, and is encoded a little better after that.
    assert!(moves >= 10 && stands * 3 <= moves, "good tiles move, broken ones show a placeholder: {moves} {stands}");
    for (index, viewer) in playing.into_iter().enumerate() {
        let withheld = noise.worst([&demo.process, &*viewer]);
        assert_unaffected(&format!("beside a killed one and a broken clip, viewer {index}"), &viewer.leave(), withheld);
    }

    overwrite(&media.join("c-victim.mp4"), &good);
    let mut watching = demo.view("epg.demo");
    watching.plays();
    eventually(SOON, "the mended clip plays again", || match cause(&demo, victim) {
        None => Ok(()),
        Some(words) => Err(words),
    });
    watching.leave();

    scenes::a_viewer_stands_still(&demo, &demo, &[&demo.process], demo.scratch(), "epg.demo");
}

/// In place, as a disk or a careless copy does it.
fn overwrite(path: &Path, bytes: &[u8]) {
    OpenOptions::new().write(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// In how many of forty pictures two groups of tiles look different from the one before: the least of the first, the most
/// of the second.
fn movement(demo: &Demo, places: [&[usize]; 2]) -> [usize; 2] {
    let file = demo.scratch().join("tiles.y4m");
    demo.ok(&format!("view epg.demo --keys End --frames 60 --y4m {}", file.display()));
    let seen = decode(&file, 640, 360);
    let moved = |place: &usize| {
        let tile = Area::tile(*place);
        // Below are the label and its shadow, at the sides the highlight.
        let inner = Area { x: tile.x + 16, y: tile.y + 12, width: tile.width - 32, height: tile.height / 2 };
        // What an encoder does to pixels that stand still is less than this.
        seen[seen.len() - 41..].windows(2).filter(|pair| pair[0].difference(&pair[1], inner) > 0.15).count()
    };
    let [first, second] = places.map(|places| places.iter().map(moved).collect::<Vec<_>>());
    [first.into_iter().min().unwrap(), second.into_iter().max().unwrap()]
}

/// Why a source cannot be shown, if so.
fn cause(terminal: &Terminal, place: usize) -> Option<String> {
    sources(terminal)[place]["broken"].as_str().map(str::to_owned)
}

/// The titles of the sources, in the order of the tiles.
fn titles(terminal: &Terminal) -> Vec<String> {
    sources(terminal).iter().map(|source| json::text(source, "/title").to_owned()).collect()
}

fn sources(terminal: &Terminal) -> Vec<Value> {
    json::list(&terminal.json(&format!("actors {STUDIO}")), "/state/sources").to_vec()
}

#[test]
fn a_folder_without_media_is_refused_with_what_was_looked_for() {
    let (media, place) = (TempDir::new(), TempDir::new());
    media.write("notes.txt", "nothing to show");
    let mut command = fusion();
    command.args(["dev", "--port", "0", "--media"]).arg(&*media).arg("--dir").arg(&*place);
    command.arg("--clip").arg(folder::clip(&place, "clip.mp4", 1));
    let refused = run(command, Duration::from_secs(120)).expect_code(1);
    let last = refused.stderr.lines().last().unwrap();
    for word in ["epg-a", media.to_str().unwrap(), "looked for", ".mp4", ".png"] {
        assert!(last.contains(word), "no {word} in: {last}");
    }
}
