//! Six processes on loopback: the same scenes as the demo, and what outlives a `kill -9` of the resolver and of the
//! orchestrator.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::time::{Duration, Instant};

use tests_e2e::{Noise, Process, Six, Viewer, assert_unaffected, eventually, json, say, scenes};

/// Something that takes milliseconds on an idle machine.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_clip_is_recorded_and_eight_viewers_fill_both_zones() {
    let six = Six::start();
    scenes::one_viewer_records(&six.viewers(), six.scratch());
    scenes::eight_viewers(&six.operator(), &six.viewers());
    scenes::a_free_slot_dies(&six.operator());
}

#[test]
fn sessions_play_on_while_the_resolver_and_then_the_orchestrator_are_killed_and_come_back() {
    let mut six = Six::start();
    let viewers = six.viewers();
    let noise = Noise::of(six.processes(&["host-a"]));
    let mut playing: Vec<Viewer> = (0..2).map(|_| viewers.view("clip.demo")).collect();
    for viewer in &mut playing {
        noise.watch(viewer);
        viewer.plays();
    }
    for node in ["resolver", "orchestrator"] {
        six.kill(node);
        if node == "resolver" {
            let refused = viewers.run("view clip.demo --no-window").expect_code(1);
            say(format!("without a resolver, after {:?}: {}", refused.took, refused.stderr.trim_end()));
            assert!(refused.stderr.contains("no resolver of domain demo answers"), "{}", refused.stderr);
        } else {
            // What is known stays in force: without an orchestrator sessions open as before.
            assert_eq!(json::text(&viewers.json("view clip.demo --frames 1"), "/zone"), "zone-a");
            let refused = six.operator().refused("service list", 1);
            assert!(refused.contains("the orchestrator cannot be reached"), "{refused}");
        }
        let restarted = Instant::now();
        six.run(node);
        let up = restarted.elapsed();
        eventually(SOON, &format!("a session opens after {node} has come back"), || {
            let tried = viewers.run("view clip.demo --frames 1");
            if tried.code() == Some(0) { Ok(()) } else { Err(tried.stderr) }
        });
        say(format!("{node} was killed: up again after {up:?}, a new session after {:?}", restarted.elapsed()));
        // And they go on opening while the domain finds together again.
        let until = Instant::now() + Duration::from_secs(4);
        while Instant::now() < until {
            viewers.ok("view clip.demo --frames 1");
        }
        eventually(SOON, &format!("the operator sees all slots after {node} has come back"), || {
            let tried = six.operator().run("service list clip.demo --json");
            let seen = tried.code() == Some(0)
                && json::list(&tried.json(), "/instances")
                    .iter()
                    .filter(|it| json::count(it, "/capacity") == 4)
                    .count()
                    == 2;
            if seen { Ok(()) } else { Err(format!("{}{}", tried.stdout, tried.stderr)) }
        });
    }
    for (index, viewer) in playing.into_iter().enumerate() {
        let withheld = noise.worst(six.processes(&["host-a"]).chain([&*viewer as &Process]));
        assert_unaffected(&format!("session {index}"), &viewer.leave(), withheld);
    }
    scenes::all_free(&six.operator());
}

/// Opens sessions until one plays from this zone.
fn until_it_plays_from(six: &Six, zone: &str) {
    eventually(SOON, &format!("a session opens in {zone}"), || {
        let tried = six.viewers().run("view clip.demo --frames 1 --json");
        match tried.code() {
            Some(0) if json::text(&tried.json(), "/zone") == zone => Ok(()),
            _ => Err(format!("{}{}", tried.stdout, tried.stderr)),
        }
    });
}

#[test]
fn a_host_that_is_stopped_and_one_that_is_killed_are_passed_over_until_they_are_back() {
    let mut six = Six::start();
    let viewers = six.viewers();
    // Beside both: a session in the other zone.
    let mut here: Vec<Viewer> = (0..4).map(|_| viewers.view("clip.demo")).collect();
    here.iter_mut().for_each(|viewer| assert_eq!(viewer.plays().zone, "zone-a"));
    let mut beside = viewers.view("clip.demo");
    let noise = Noise::of(six.processes(&["host-b"]).chain([&*beside as &Process]));
    assert_eq!(beside.plays().zone, "zone-b");

    let told = Instant::now();
    six.process("host-a").terminate();
    for viewer in here {
        let heard = viewer.finish().expect_code(1);
        assert!(heard.stderr.contains("drained"), "{}", heard.stderr);
    }
    assert_eq!(six.process("host-a").wait(SOON).code(), Some(0), "{}", six.process("host-a").stderr());
    say(format!("a host with four sessions, told to stop, had drained after {:?}", told.elapsed()));
    until_it_plays_from(&six, "zone-b");
    six.run("host-a");
    until_it_plays_from(&six, "zone-a");

    let mut cut = viewers.view("clip.demo");
    assert_eq!(cut.plays().zone, "zone-a");
    let killed = Instant::now();
    six.kill("host-a");
    let mut next = viewers.view("clip.demo");
    assert_eq!(next.plays().zone, "zone-b", "a host that is silent is passed over");
    say(format!("a host was killed: the next viewer plays elsewhere after {:?}", killed.elapsed()));
    six.run("host-a");
    let heard = cut.finish().expect_code(1);
    say(format!("its viewer is told after {:?}: {}", killed.elapsed(), heard.stderr.trim_end()));
    assert!(
        heard.stderr.contains("the connection is lost") && heard.stderr.contains("has restarted"),
        "{}",
        heard.stderr
    );
    next.leave();
    until_it_plays_from(&six, "zone-a");
    let withheld = noise.worst(six.processes(&["host-b"]).chain([&*beside as &Process]));
    assert_unaffected("the session in the other zone", &beside.leave(), withheld);
    scenes::all_free(&six.operator());
}

#[test]
fn sessions_play_on_and_open_while_a_zones_manager_is_killed_and_comes_back() {
    let mut six = Six::start();
    let viewers = six.viewers();
    let mut playing = viewers.view("clip.demo");
    let noise = Noise::of(six.processes(&["host-a"]).chain([&*playing as &Process]));
    assert_eq!(playing.plays().zone, "zone-a");
    six.kill("zone-a");
    let away = Instant::now();
    until_it_plays_from(&six, "zone-b");
    say(format!("without the nearer zone's gateway a session opens in the other one after {:?}", away.elapsed()));
    six.run("zone-a");
    let back = Instant::now();
    until_it_plays_from(&six, "zone-a");
    say(format!("{:?} after the gateway is back, sessions open there", back.elapsed()));
    let withheld = noise.worst(six.processes(&["host-a"]).chain([&*playing as &Process]));
    assert_unaffected("the session", &playing.leave(), withheld);
    scenes::all_free(&six.operator());
}
