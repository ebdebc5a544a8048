//! The demo, one process: a clip recorded and decoded, slots filled and waited for, faults that others do not notice, and
//! what an operator is shown.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::time::{Duration, Instant};

use tests_e2e::{Demo, Noise, Viewer, assert_unaffected, eventually, json, say, scenes};

/// Something that takes milliseconds on an idle machine.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn ready_is_one_line_that_tells_where_and_what() {
    let demo = Demo::start();
    assert_eq!(json::text(&demo.ready, "/dir"), demo.dir().to_str().unwrap());
    json::text(&demo.ready, "/resolver").parse::<std::net::SocketAddr>().expect("an address");
    let services: Vec<_> = json::list(&demo.ready, "/services").iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(services, ["clip.demo", "echo.demo", "epg.demo"]);
    assert_eq!(demo.process.stdout().lines().count(), 1, "{}", demo.process.stdout());
}

#[test]
fn a_clip_is_recorded_and_decodes() {
    let demo = Demo::start();
    scenes::one_viewer_records(&demo, demo.scratch());
}

#[test]
fn eight_viewers_fill_both_zones_and_a_free_slot_that_dies_is_followed() {
    let demo = Demo::start();
    scenes::eight_viewers(&demo, &demo);
    scenes::a_free_slot_dies(&demo);
}

#[test]
fn sessions_that_die_leave_the_others_without_a_gap() {
    let demo = Demo::start();
    scenes::two_sessions_die(&demo, &demo, &[&demo.process]);
}

#[test]
fn an_operator_sees_the_whole_domain() {
    let demo = Demo::start();
    let listed = demo.json("actors");
    assert_eq!(json::list(&listed, "/silent").len(), 0, "{listed:#}");
    let paths: Vec<_> = json::list(&listed, "/actors").iter().map(|actor| json::text(actor, "/path")).collect();
    for role in ["orchestrator/orchestrator", "resolver/resolver", "zone-a/zone", "zone-a/gateway", "zone-b/zone"]
        .into_iter()
        .chain(["zone-b/gateway", "host-a/host", "host-b/host", "host-a/instance/clip-a", "host-b/instance/echo-b"])
        .chain(["host-a/instance/clip-a/slot-4", "host-b/instance/clip-b/slot-1", "host-a/instance/echo-a/slot-16"])
    {
        assert!(paths.contains(&role), "no {role} in {paths:#?}");
    }
    for node in ["orchestrator", "resolver", "zone-a", "zone-b", "host-a", "host-b"] {
        assert!(paths.contains(&format!("{node}/member").as_str()), "{node} has no member in {paths:#?}");
    }
    let tree = demo.ok("actors");
    assert!(tree.contains("host-a (host), up") && tree.contains("└ slot-4") && tree.contains("gateway"), "{tree}");

    let state = demo.json("actors host-a/instance/clip-a");
    assert_eq!(json::text(&state, "/node"), "host-a");
    assert_eq!(json::text(&state, "/state/zone"), "zone-a");
    let mut viewer = demo.view("clip.demo");
    let seat = viewer.plays();
    let state = demo.json(&format!("actors {}", demo.actor_of(&seat)));
    assert!(json::count(&state, "/state/session") >= 1 && json::count(&state, "/state/units/sent") >= 1, "{state:#}");
    viewer.leave();
    let branch = demo.ok("actors host-b/instance/echo-b/slot-7");
    assert!(branch.contains("\"session\": null"), "{branch}");
    let wrong = demo.refused("actors host-a/instance/clip-x", 1);
    assert!(wrong.contains("did you mean") && wrong.contains("instance/clip-a"), "{wrong}");
    let wrong = demo.refused("actors host-c", 1);
    assert!(wrong.contains("no node 'host-c'") && wrong.contains("host-a, host-b"), "{wrong}");
}

#[test]
fn a_resolution_is_explained_and_the_machine_is_described() {
    let demo = Demo::start();
    let explained = demo.json("resolve clip.demo --from home --explain");
    let candidates = json::list(&explained, "/candidates");
    let told: Vec<_> = candidates
        .iter()
        .map(|it| {
            (json::text(it, "/zone"), json::count(it, "/latency_us"), json::count(it, "/free"), json::text(it, "/why"))
        })
        .collect();
    let [("zone-a", 10_000, 4, first), ("zone-b", 30_000, 4, second)] = told[..] else { panic!("{explained:#}") };
    assert!(first.contains("nearest") && second.contains("farther"), "{explained:#}");
    let table = demo.ok("resolve clip.demo --from home --explain");
    assert!(table.contains("zone-a") && table.contains("zone-b") && table.contains("20 ms farther"), "{table}");

    let mut filled: Vec<_> = (0..4).map(|_| demo.view("clip.demo")).collect();
    filled.iter_mut().for_each(|viewer| assert_eq!(viewer.plays().zone, "zone-a"));
    eventually(SOON, "zone-a loses because it is full", || {
        let explained = demo.json("resolve clip.demo --from home --explain");
        let full = json::list(&explained, "/candidates")
            .iter()
            .any(|it| json::text(it, "/zone") == "zone-a" && json::text(it, "/why").starts_with("full"));
        if full && json::text(&explained, "/verdict").contains("zone-b") {
            Ok(())
        } else {
            Err(format!("{explained:#}"))
        }
    });

    let doctor = demo.json("doctor");
    assert_eq!(doctor["good"], true, "{doctor:#}");
    let found: Vec<_> = json::list(&doctor, "/findings").iter().map(|it| json::text(it, "/what")).collect();
    for what in ["cores", "memory", "media", "domain"] {
        assert!(found.contains(&what), "{doctor:#}");
    }
    assert!(demo.ok("doctor").contains("6 of 6 nodes up"));
}

#[test]
fn a_viewer_that_stood_still_goes_on_at_a_key_frame() {
    let demo = Demo::start();
    scenes::a_viewer_stands_still(&demo, &demo, &[&demo.process], demo.scratch(), "clip.demo");
}

#[test]
fn a_running_instance_is_given_more_slots_and_fewer_and_nobody_is_sent_away() {
    let demo = Demo::start();
    let path = "host-a/instance/clip-a";
    let grown = demo.json(&format!("instance slots {path} 6"));
    assert_eq!([json::count(&grown, "/from"), json::count(&grown, "/to")], [4, 6], "{grown:#}");
    eventually(SOON, "all six are listed", || match demo.pool("clip-a") {
        pool if pool.all_free(6) => Ok(()),
        pool => Err(format!("{pool:?}")),
    });
    scenes::actors_number_the_capacity(&demo, "clip.demo");
    // One after the other: which is the youngest must be known.
    let one = || {
        let mut viewer = demo.view("clip.demo");
        assert_eq!(viewer.plays().zone, "zone-a", "six of the nearer zone");
        viewer
    };
    let mut viewers: Vec<_> = (0..6).map(|_| one()).collect();

    let shrunk = demo.run(&format!("instance slots {path} 4")).expect_code(0);
    assert!(shrunk.stdout.contains("2 sessions play on beyond that"), "{}", shrunk.stdout);
    let state = demo.json(&format!("actors {path}"));
    assert_eq!(
        [json::count(&state, "/state/slots_wanted"), json::count(&state, "/state/surplus")],
        [4, 2],
        "{state:#}"
    );
    // The list is of reports, which are some milliseconds old.
    eventually(SOON, "they play on", || match demo.pool("clip-a").active() {
        6 => Ok(()),
        active => Err(format!("{active} active")),
    });
    // Who leaves first makes room.
    viewers.drain(..3).for_each(|viewer| assert!(json::count(&viewer.leave(), "/frames") > 0));
    eventually(SOON, "two are not replaced, the third is", || match demo.pool("clip-a") {
        pool if (pool.active(), pool.free(), pool.capacity) == (3, 1, 4) => Ok(()),
        pool => Err(format!("{pool:?}")),
    });
    scenes::actors_number_the_capacity(&demo, "clip.demo");

    let ended = demo.run(&format!("instance slots {path} 2 --deadline 1s")).expect_code(0);
    assert!(ended.stderr.contains("1 session still runs beyond 2"), "it shows how far it is: {}", ended.stderr);
    let told = viewers.pop().unwrap().finish().expect_code(1);
    assert!(told.stderr.contains("fewer slots"), "the youngest is told why: {}", told.stderr);
    viewers.drain(..).for_each(|viewer| assert!(json::count(&viewer.leave(), "/frames") > 0, "the others stayed"));
    demo.ok(&format!("instance slots {path} 4"));
    scenes::all_free(&demo);

    let wrong = demo.refused("instance slots host-a/instance/clip-x 4", 1);
    assert!(wrong.contains("no running instance") && wrong.contains("fusion actors host-a/instance"), "{wrong}");
    let wrong = demo.refused("instance slots host-a/host 4", 1);
    assert!(wrong.contains("host-a/host is no running instance"), "{wrong}");
    let wrong = demo.refused(&format!("instance slots {path} 20000"), 1);
    assert!(wrong.contains("20000 slots are too many") && wrong.contains("16384"), "{wrong}");
    let wrong = demo.refused(&format!("instance slots {path} 4 --deadline 25h"), 1);
    assert!(wrong.contains("at most 24 h"), "{wrong}");
}

#[test]
fn an_instance_is_drained_and_taken_back() {
    let demo = Demo::start();
    let mut viewer = demo.view("clip.demo");
    assert_eq!(viewer.plays().zone, "zone-a");
    let drained = demo.run("instance drain host-a/instance/clip-a --deadline 2s").expect_code(0);
    say(format!("a drain with a deadline of 2 s took {:?}: {}", drained.took, drained.stdout.trim_end()));
    assert!(drained.stderr.contains("1 session still runs"), "it shows how far it is: {}", drained.stderr);
    let told = viewer.finish().expect_code(1);
    assert!(told.stderr.contains("drained"), "{}", told.stderr);
    // At 30 a second: the deadline of two seconds ended it, not something later.
    assert!(json::count(&told.json(), "/frames") < 120, "the deadline holds: {}", told.stdout);
    eventually(SOON, "the instance has no slot", || match demo.pool("clip-a") {
        pool if pool.capacity == 0 => Ok(()),
        pool => Err(format!("{pool:?}")),
    });
    assert_eq!(demo.slot_actors("clip-a"), [] as [&str; 0]);
    assert_eq!(json::text(&demo.json("view clip.demo --frames 1"), "/zone"), "zone-b", "the next best");
    demo.ok("instance drain host-a/instance/clip-a --cancel");
    scenes::all_free(&demo);
    assert_eq!(json::text(&demo.json("view clip.demo --frames 1"), "/zone"), "zone-a");
}

#[test]
fn every_actor_of_a_role_may_die_and_sessions_play_on() {
    let demo = Demo::start();
    let noise = Noise::of([&demo.process]);
    // In the other zone than the instance that dies.
    let mut places = Vec::new();
    let mut placed = |mut viewer: Viewer| {
        let place = format!("{:?}", viewer.plays());
        places.push(format!("{place}; then: {}", demo.run("resolve clip.demo --explain").stdout));
        viewer
    };
    let filled: Vec<Viewer> = (0..4).map(|_| demo.view("clip.demo")).map(&mut placed).collect();
    let beside = placed(demo.view("clip.demo"));
    assert!(places[4].contains("zone-b"), "zone-a was to be full by now; where each viewer plays: {places:#?}");
    noise.watch(&beside);
    filled.into_iter().for_each(|viewer| drop(viewer.leave()));
    for actor in ["host-a/instance/clip-a", "host-a/host", "zone-a/gateway", "zone-a/zone", "resolver/resolver"]
        .into_iter()
        .chain(["orchestrator/orchestrator", "host-a/member", "resolver/member", "zone-a/member"])
    {
        demo.ok(&format!("actors kill {actor}"));
        let killed = Instant::now();
        eventually(SOON, &format!("a session opens in zone-a after {actor} was killed"), || {
            let tried = demo.run("view clip.demo --frames 1 --json");
            let there = tried.code() == Some(0) && json::text(&tried.json(), "/zone") == "zone-a";
            if there { Ok(()) } else { Err(format!("{}{}", tried.stdout, tried.stderr)) }
        });
        say(format!("{actor} was killed: a session opens in its zone after {:?}", killed.elapsed()));
        eventually(SOON, &format!("{actor} is there again"), || match demo.run(&format!("actors {actor}")) {
            told if told.code() == Some(0) => Ok(()),
            told => Err(told.stderr),
        });
    }
    let withheld = noise.worst([&demo.process, &*beside]);
    assert_unaffected("a session in the other zone", &beside.leave(), withheld);
    scenes::all_free(&demo);
}
