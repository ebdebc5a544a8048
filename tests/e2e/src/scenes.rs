//! What holds in every shape of the domain: one process, six, two hosts. Each scene is one story, told to the end.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::six::SLOTS;
use crate::{
    Noise, Pool, Probe, Process, Sampler, TempDir, Terminal, Viewer, assert_unaffected, eventually, json, say,
};

/// Something that takes milliseconds on an idle machine.
const SOON: Duration = Duration::from_secs(30);
/// Between two samples of the slots: each is a process, and viewers want the cores too.
const SAMPLE_EVERY: Duration = Duration::from_millis(100);
/// Keys of a report that a reader may rely on.
const NUMBERS: [&str; 12] = [
    "/session",
    "/width",
    "/height",
    "/frames",
    "/key_frames",
    "/repeats",
    "/first_frame_ms",
    "/input_to_picture_ms/p50",
    "/input_to_picture_ms/p99",
    "/late",
    "/bytes",
    "/recorded/pictures",
];

/// A viewer records 90 pictures and presses two keys; ffprobe decodes what it recorded.
#[track_caller]
pub fn one_viewer_records(viewers: &Terminal, scratch: &TempDir) -> Value {
    let file = scratch.join("a.h264");
    let line = format!("view clip.demo --frames 90 --record {} --keys Right,Return", file.display());
    let report = viewers.json(&line);
    for number in NUMBERS {
        json::number(&report, number);
    }
    assert_eq!(["/service", "/codec"].map(|key| json::text(&report, key)), ["clip.demo", "h264"]);
    assert_eq!(["/zone", "/instance"].map(|key| json::text(&report, key)), ["zone-a", "clip-a"], "the nearer zone");
    assert_eq!(["/width", "/height"].map(|key| json::count(&report, key)), [640, 360]);
    assert!(json::count(&report, "/frames") >= 90, "{report:#}");
    assert!(json::count(&report, "/key_frames") >= 3, "a key frame each second: {report:#}");
    assert!(json::count(&report, "/bytes") > 90 * 100, "{report:#}");
    assert_eq!(json::count(&report, "/repeats"), 0, "a clip repeats no picture: {report:#}");
    assert_eq!((json::count(&report, "/late"), json::list(&report, "/gaps").len()), (0, gaps(&report)), "{report:#}");
    let [right, enter] = json::list(&report, "/keys") else { panic!("two keys were pressed: {report:#}") };
    assert_eq!([right, enter].map(|key| json::text(key, "/key")), ["Right", "Return"]);
    let [first, second] = [right, enter].map(|key| json::count(key, "/frame"));
    assert!(0 < first && first < second && second <= 200, "pressed one after the other, while it played: {report:#}");

    let probe = Probe::decode(&file).expect("ffprobe reads the recording");
    assert_eq!(probe.errors, [] as [&str; 0]);
    assert_eq!((probe.codec.as_str(), probe.width, probe.height), ("h264", 640, 360));
    assert!(probe.frames >= 90 && probe.key_frames >= 3 && probe.begins_with_key_frame, "{probe:?}");
    assert_eq!(probe.frames as u64, json::count(&report, "/recorded/pictures"), "what was recorded is what decodes");
    say(format!(
        "one viewer: first picture after {} ms, input to picture p50 {} ms, {} pictures decoded",
        json::number(&report, "/first_frame_ms"),
        json::number(&report, "/input_to_picture_ms/p50"),
        probe.frames
    ));
    report
}

/// How many of the gaps are pauses only: the machine's, not ours.
fn gaps(report: &Value) -> usize {
    json::list(report, "/gaps").iter().filter(|gap| json::count(gap, "/missing") == 0).count()
}

/// Eight viewers fill both zones, the nearer one first; a ninth is refused or waits; when all have left, all is as before.
#[track_caller]
pub fn eight_viewers(operator: &Terminal, viewers: &Terminal) {
    all_free(operator);
    let samples = Sampler::start(operator, "clip.demo", SAMPLE_EVERY);
    let mut playing: Vec<Viewer> =
        (0..2 * SLOTS).map(|_| viewers.view("clip.demo")).enumerate().map(plays_where).collect();
    eventually(SOON, "every slot is active", || {
        let pools = operator.pools("clip.demo");
        if pools.iter().all(|pool| pool.active() == SLOTS && pool.capacity == SLOTS) {
            Ok(())
        } else {
            Err(format!("{pools:?}"))
        }
    });
    actors_number_the_capacity(operator, "clip.demo");

    let refused = viewers.run("view clip.demo --no-window").expect_code(1);
    say(format!("the ninth viewer is told after {:?}: {}", refused.took, refused.stderr.trim_end()));
    assert!(refused.stderr.contains("no free slot of clip.demo: 8 active, 0 draining"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--wait"), "it says what can be done: {}", refused.stderr);

    let mut waiting = viewers.view("clip.demo --wait 10s --frames 30");
    eventually(SOON, "a viewer waits in the queue", || {
        match json::count(&operator.json("resolve clip.demo"), "/queued") {
            1 => Ok(()),
            queued => Err(format!("{queued} wait")),
        }
    });
    let left = Instant::now();
    let mut reports = vec![playing.remove(1).leave()];
    let seat = waiting.plays();
    say(format!(
        "the waiting viewer plays from {} {:?} after another was told to leave",
        seat.instance,
        left.elapsed()
    ));
    assert_eq!(seat.zone, "zone-a", "where the other left");
    assert!(json::count(&waiting.report(), "/frames") >= 30);

    reports.extend(playing.into_iter().map(Viewer::leave));
    for (index, report) in reports.iter().enumerate() {
        let numbers = ["/late", "/dropped", "/lost"].map(|key| json::count(report, key));
        assert_eq!(numbers, [0, 0, 0], "viewer {index} has a gap: {report:#}");
    }
    all_free(operator);
    let samples = samples.finish();
    assert!(samples.len() >= 5, "only {} samples in all that time", samples.len());
    for pool in samples.iter().flatten() {
        assert_eq!(pool.states.iter().sum::<u64>(), pool.capacity, "{pool:?}");
        assert!(pool.capacity <= SLOTS, "more slots than there are: {pool:?}");
    }
    say(format!("{} samples of the slots: the five states always summed to the capacity", samples.len()));
}

/// Viewer number `index` must play from the zone that was the best one for it: so each is waited for before the next.
fn plays_where((index, mut viewer): (usize, Viewer)) -> Viewer {
    let zone = if (index as u64) < SLOTS { "zone-a" } else { "zone-b" };
    assert_eq!(viewer.plays().zone, zone, "viewer {index}");
    viewer
}

/// Killing the actor of a free slot is seen: one is missing, then another has come.
#[track_caller]
pub fn a_free_slot_dies(operator: &Terminal) {
    // It is missing for half a second, which a machine that is busy enough may let pass between two looks.
    const TRIES: usize = 3;
    all_free(operator);
    for _ in 0..TRIES {
        let before = operator.slot_actors("clip-a");
        let samples = Sampler::start(operator, "clip.demo", Duration::ZERO);
        let killed = Instant::now();
        operator.ok(&format!("actors kill {}", before[0]));
        eventually(SOON, "the slot has a successor", || match operator.slot_actors("clip-a") {
            after if after.len() as u64 == SLOTS && !after.contains(&before[0]) => Ok(()),
            after => Err(format!("{after:?}")),
        });
        all_free(operator);
        let took = killed.elapsed();
        let samples = samples.finish();
        let missing =
            |pool: &&Pool| pool.instance == "clip-a" && pool.free() == SLOTS - 1 && pool.capacity == SLOTS - 1;
        let seen = samples.iter().flatten().filter(missing).count();
        say(format!("a free slot was killed: 3 in {seen} of {} looks, 4 again after {took:?}", samples.len()));
        if seen > 0 {
            return;
        }
    }
    panic!("{TRIES} times a free slot was killed, and never was it seen to be missing");
}

/// Three viewers play on while one is killed without a goodbye and the slot of another dies; both slots come back.
/// `serving`: the processes that a picture passes through.
#[track_caller]
pub fn two_sessions_die(operator: &Terminal, viewers: &Terminal, serving: &[&Process]) {
    all_free(operator);
    let noise = Noise::of(serving.iter().copied());
    let mut playing: Vec<Viewer> = (0..SLOTS + 1)
        .map(|_| viewers.view("clip.demo"))
        .inspect(|it| noise.watch(it))
        .enumerate()
        .map(plays_where)
        .collect();
    let (mut gone, mut cut) = (playing.remove(0), playing.remove(0));

    gone.kill();
    let killed = Instant::now();
    operator.ok(&format!("actors kill {}", operator.actor_of(&cut.plays())));
    let told = cut.finish().expect_code(1);
    say(format!("a slot was killed; its viewer was told after {:?}: {}", killed.elapsed(), told.stderr.trim_end()));
    assert!(told.stderr.contains("killed"), "{}", told.stderr);
    assert!(json::text(&told.json(), "/trouble").contains("killed"), "{}", told.stdout);

    // A viewer that is silent may only have lost its connection: its slot is kept for it a while.
    eventually(SOON, "both slots are free again", || match operator.pool("clip-a") {
        pool if pool.active() == SLOTS - 2 && pool.free() == 2 && pool.capacity == SLOTS => Ok(()),
        pool => Err(format!("{pool:?}")),
    });
    say(format!("both slots are free again after {:?}", killed.elapsed()));
    for (index, viewer) in playing.into_iter().enumerate() {
        let withheld = noise.worst(serving.iter().copied().chain([&*viewer]));
        assert_unaffected(&format!("bystander {index}"), &viewer.leave(), withheld);
    }
    all_free(operator);
}

/// A viewer is stopped for three seconds, as a laptop that sleeps: it goes on at a key frame, what it recorded decodes, and
/// the others have not noticed.
#[track_caller]
pub fn a_viewer_stands_still(
    operator: &Terminal,
    viewers: &Terminal,
    serving: &[&Process],
    scratch: &TempDir,
    service: &str,
) {
    const STANDS_FOR: Duration = Duration::from_secs(3);
    all_free_of(operator, service);
    let noise = Noise::of(serving.iter().copied());
    let file = scratch.join("stopped.h264");
    let lines = [format!("{service} --record {}", file.display()), service.to_owned(), service.to_owned()];
    let mut playing: Vec<Viewer> = lines
        .iter()
        .map(|line| viewers.view(line))
        .inspect(|it| noise.watch(it))
        .enumerate()
        .map(plays_where)
        .collect();
    let mut stopped = playing.remove(0);
    std::thread::sleep(Duration::from_secs(1));
    stopped.stop();
    std::thread::sleep(STANDS_FOR);
    stopped.resume();
    // Two more seconds have a key frame in them, and what follows it.
    std::thread::sleep(Duration::from_secs(2));
    let report = stopped.leave();
    for (index, viewer) in playing.into_iter().enumerate() {
        let withheld = noise.worst(serving.iter().copied().chain([&*viewer]));
        assert_unaffected(&format!("beside a stopped one, viewer {index}"), &viewer.leave(), withheld);
    }
    let longest = json::list(&report, "/gaps").iter().max_by_key(|gap| json::count(gap, "/missing"));
    let longest = longest.unwrap_or_else(|| panic!("three seconds without a gap: {report:#}"));
    say(format!("a viewer that was stopped for {STANDS_FOR:?} went on after this: {longest}"));
    assert_eq!(longest["key"], true, "it goes on at a key frame: {report:#}");
    assert!(json::count(longest, "/missing") >= 30, "most of three seconds is not shown late: {report:#}");
    assert_eq!((json::count(&report, "/lost"), json::count(&report, "/dropped")), (0, 0), "{report:#}");
    let probe = Probe::decode(&file).expect("ffprobe reads the recording");
    assert_eq!(probe.errors, [] as [&str; 0]);
    assert_eq!(probe.frames as u64, json::count(&report, "/recorded/pictures"));
    let after = json::count(&report, "/frames") as i64;
    assert!(after >= 60, "it played before and after: {report:#}");
}

/// Waits until every slot of the domain is free, and as many session actors live as slots are told.
#[track_caller]
pub fn all_free(operator: &Terminal) {
    all_free_of(operator, "clip.demo");
}

/// The same for another service.
#[track_caller]
pub fn all_free_of(operator: &Terminal, service: &str) {
    eventually(SOON, "every slot is free", || {
        let pools = operator.pools(service);
        let free = pools.len() == 2 && pools.iter().all(|pool| pool.all_free(SLOTS));
        if free { Ok(()) } else { Err(format!("{pools:?}")) }
    });
    actors_number_the_capacity(operator, service);
}

/// I3 from outside: the slots that are told are the actors that live. Asked while nothing changes.
#[track_caller]
pub fn actors_number_the_capacity(operator: &Terminal, service: &str) {
    for pool in operator.pools(service) {
        let actors = operator.slot_actors(&pool.instance);
        assert_eq!(actors.len() as u64, pool.capacity, "{pool:?} and its actors {actors:?}");
    }
}
