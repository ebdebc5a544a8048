//! From a manifest to slots that viewers get, and back to nothing: as an operator does it at a terminal.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tests_e2e::{Demo, Probe, Process, eventually, json, say};

/// Something that takes milliseconds on an idle machine.
const SOON: Duration = Duration::from_secs(30);
/// A manifest as a provider writes it, of a service that takes nothing to make.
const ECHO: &str = r#"{ "manifest": 1, "name": "parrot.example", "provider": "example", "visibility": "public",
    "kind": { "actor": { "builder": "echo" } }, "slots": { "each": 4, "most": 24 } }"#;

fn manifest(name: &str) -> String {
    format!("{}/../../fixtures/manifests/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Every actor of the domain, by path.
fn actors(demo: &Demo) -> BTreeSet<String> {
    let listed = demo.json("actors");
    json::list(&listed, "/actors").iter().map(|actor| json::text(actor, "/path").to_owned()).collect()
}

/// The processes that the demo has started.
fn children(demo: &Demo) -> Vec<String> {
    let parent = format!(" {} ", demo.process.id());
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    // `pid (name) state parent …` (proc(5))
    stats.filter(|stat| stat.rsplit(')').next().is_some_and(|rest| rest[2..].starts_with(&parent))).collect()
}

fn deployed(outcome: &Value) -> (u64, usize) {
    let slots = json::list(outcome, "/instances").iter().map(|it| json::count(it, "/slots")).sum();
    (slots, json::list(outcome, "/zones").len())
}

fn again(demo: &mut Demo) {
    demo.process.kill();
    let mut process = Process::spawn("fusion dev", demo.command("dev --json --port 0"));
    process.wait_for_json(Duration::from_secs(120));
    demo.process = process;
}

#[test]
fn a_guide_is_registered_deployed_watched_and_unregistered_and_nothing_is_left() {
    let demo = Demo::start();
    let (before, processes) = (actors(&demo), children(&demo));
    let registered = demo.json(&format!("service register {}", manifest("epg.json")));
    assert_eq!(json::text(&registered, "/change"), "new", "{registered:#}");
    assert_eq!(json::text(&demo.json(&format!("service register {}", manifest("epg.json"))), "/change"), "same");

    let outcome = demo.json("service deploy epg.example --slots 12");
    assert_eq!(deployed(&outcome), (12, 1), "{outcome:#}");
    assert_eq!(json::text(&outcome, "/stage"), "standing", "{outcome:#}");
    assert!(json::list(&outcome, "/left").is_empty(), "it can be resolved: {outcome:#}");
    let offers: Vec<_> = json::list(&outcome, "/offers").iter().map(|it| json::count(it, "/score")).collect();
    assert!(offers.len() == 2 && offers.iter().all(|score| *score > 0), "{outcome:#}");
    let steps: Vec<_> = json::list(&outcome, "/steps").iter().map(|it| json::text(it, "/step")).collect();
    for step in ["preselect", "register", "offer", "select", "create", "ready", "report", "confirm", "resolve"] {
        assert!(steps.contains(&step), "no step {step} in {outcome:#}");
    }
    let times: Vec<_> =
        json::list(&outcome, "/steps").iter().map(|it| format!("{} {}", it["step"], it["took_ms"])).collect();
    say(format!("deployed in {} ms: {}", outcome["took_ms"], times.join(", ")));

    let file = demo.scratch().join("x.h264");
    let report = demo.json(&format!("view epg.example --frames 60 --record {} --no-window", file.display()));
    assert_eq!(json::count(&report, "/recorded/pictures"), 60, "{report:#}");
    assert_eq!(Probe::decode(&file).unwrap().frames, 60);
    demo.json("view epg-hd.example --frames 5 --no-window");

    let gone = demo.json("service unregister epg.example");
    assert_eq!(gone["unregistered"], true, "{gone:#}");
    eventually(SOON, "every actor is gone", || {
        let more: Vec<_> = actors(&demo).difference(&before).cloned().collect();
        if more.is_empty() { Ok(()) } else { Err(format!("{more:?}")) }
    });
    assert_eq!(actors(&demo), before);
    assert_eq!(children(&demo), processes);
    assert_eq!(json::list(&demo.json("service show"), "/services").len(), 0);
    let said = demo.refused("service show epg.example", 1);
    assert!(said.contains("no service epg.example is registered"), "{said}");
    demo.refused("service deploy epg.example --slots 1", 1);
}

#[test]
fn what_was_committed_is_there_again_after_a_kill_and_what_was_removed_is_not() {
    let mut demo = Demo::start();
    let file = demo.scratch().write("parrot.json", ECHO);
    demo.ok(&format!("service register {}", file.display()));
    let kept = demo.json("service deploy parrot.example --slots 6 --zone zone-b");
    let gone = demo.json("service deploy parrot.example --slots 2");
    demo.ok(&format!("service undeploy {}", json::text(&gone, "/deployment")));
    again(&mut demo);
    let listed = eventually(SOON, "its slots are there again", || {
        let listed = demo.json("service list parrot.example");
        let free = json::list(&listed, "/instances").iter().map(|it| json::count(it, "/free")).sum::<u64>();
        if free == 6 { Ok(listed) } else { Err(format!("{listed:#}")) }
    });
    assert!(json::list(&listed, "/instances").iter().all(|it| json::text(it, "/zone") == "zone-b"), "{listed:#}");
    let deployments = demo.json("service deployments parrot.example");
    let [one] = json::list(&deployments, "/deployments") else { panic!("{deployments:#}") };
    assert_eq!(json::text(one, "/deployment"), json::text(&kept, "/deployment"));
    assert_eq!(json::text(one, "/stage"), "standing", "{deployments:#}");
    demo.json("view parrot.example --frames 2 --no-window");
    demo.ok("service unregister parrot.example --force");
    again(&mut demo);
    assert_eq!(json::list(&demo.json("service show"), "/services").len(), 0);
    assert_eq!(json::list(&demo.json("service deployments"), "/deployments").len(), 0);
}

#[test]
fn what_cannot_be_deployed_is_refused_with_the_reason_and_leaves_nothing() {
    let demo = Demo::start();
    let before = actors(&demo);
    let bad = demo.scratch().write("bad.json", r#"{ "manifest": 1, "name": "x" }"#);
    let said = demo.refused(&format!("service register {}", bad.display()), 1);
    for words in ["/name", "suffix", "/slots", "add how many"] {
        assert!(said.contains(words), "no '{words}' in {said}");
    }
    let file = demo.scratch().write("parrot.json", ECHO);
    demo.ok(&format!("service register {}", file.display()));
    let said = demo.refused("service deploy parot.example --slots 1", 1);
    assert!(said.contains("did you mean parrot.example"), "{said}");
    assert!(demo.refused("service deploy parrot.example --slots 25", 1).contains("/slots/most"));
    assert!(demo.refused("service deploy parrot.example --slots 0", 1).contains("1 or more"));
    assert!(demo.refused("service deploy parrot.example --slots 1 --zone zone-x", 1).contains("it is not up"));
    demo.ok(&format!("service register {}", manifest("container.json")));
    let said = demo.refused("service deploy epg-container.example --slots 1", 1);
    assert!(said.contains("container") && said.contains("host-a"), "{said}");
    let said = demo.refused("service undeploy 00000000000000000000000000000007", 1);
    assert!(said.contains("no deployment"), "{said}");

    // The same request twice is one deployment.
    let id = "0000000000000000000000000000abcd";
    let first = demo.json(&format!("service deploy parrot.example --slots 4 --id {id}"));
    let second = demo.json(&format!("service deploy parrot.example --slots 4 --id {id}"));
    assert_eq!(first["instances"], second["instances"]);
    demo.ok("service unregister parrot.example --force");
    assert_eq!(actors(&demo), before);
}
