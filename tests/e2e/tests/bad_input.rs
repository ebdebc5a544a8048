//! What people get wrong, each with the words they are told; and that the rest goes on.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use tests_e2e::six::MEMBERS;
use tests_e2e::{Demo, Process, Six, TempDir, Terminal, eventually, free_port, json, run, say, scenes};

/// Something that takes milliseconds on an idle machine.
const SOON: Duration = Duration::from_secs(30);
const BAD_CONFIGURATION: i32 = 64;

#[track_caller]
fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "no '{word}' in: {said}");
    }
}

#[test]
fn an_unknown_service_and_an_unknown_site_are_answered_with_those_there_are() {
    let demo = Demo::start();
    says(&demo.refused("view clib.demo --no-window", 1), &["no service clib.demo", "did you mean clip.demo"]);
    says(&demo.refused("resolve clib.demo", 1), &["unknown service", "did you mean clip.demo"]);
    says(&demo.refused("view clip.demo --site mars --no-window", 1), &["no site mars", "home"]);
    says(&demo.refused("resolve clip.demo --from mars --explain", 1), &["mars", "home"]);
    says(&demo.refused("view clip", 2), &["clip", "suffix"]);
    says(&demo.refused("view clip.demo --keys Rihgt", 1), &["Rihgt"]);
    says(&demo.refused("actors kill host-a/instance/clip-a/slot-77", 1), &["no actor", "slot-1"]);
    says(&demo.refused("actors kill host-a/node", 1), &["holds up its node"]);
}

#[test]
fn a_service_whose_pictures_are_no_video_is_not_recorded() {
    let demo = Demo::start();
    let file = demo.scratch().join("e.h264");
    let said = demo.refused(&format!("view echo.demo --frames 1 --record {}", file.display()), 1);
    says(&said, &["echo.demo sends raw i420", "record a service whose codec is h264"]);
    assert!(!file.exists(), "nothing is left behind");
    let nowhere = demo.scratch().join("nowhere/c.h264");
    let said = demo.refused(&format!("view clip.demo --frames 1 --record {}", nowhere.display()), 1);
    says(&said, &["cannot write to", "nowhere"]);
    assert_eq!(said.matches("No such file").count(), 1, "the cause is told once: {said}");
    scenes::all_free(&demo);
    let report = demo.json("view echo.demo --frames 2 --keys a");
    assert_eq!((json::text(&report, "/codec"), json::count(&report, "/width")), ("i420", 64));
    assert_eq!(json::count(&report, "/keys/0/frame"), 1, "an input has its picture at once: {report:#}");
}

#[test]
fn a_missing_and_a_broken_clip_are_told_where_people_look_and_the_rest_runs() {
    let mut six = Six::begin();
    let broken = six.scratch().write("broken.mp4", b"this is no video".repeat(1_000));
    six.configure("zone-a", |text| {
        let clip = "builder = \"clip\"\nslots = 4\n";
        text.replace(clip, &format!("{clip}parameters = {{ clip = \"/nowhere/film.mp4\" }}\n"))
    });
    six.configure("zone-b", |text| {
        let clip = "builder = \"clip\"\nslots = 4\n";
        text.replace(clip, &format!("{clip}parameters = {{ clip = \"{}\" }}\n", broken.display()))
    });
    for (node, what) in MEMBERS {
        six.admit(node, what).expect_code(0);
        six.run(node);
    }
    let operator = six.operator();
    let listed = eventually(SOON, "both causes are listed, and the other instances run", || {
        let listed = operator.json("service list");
        let causes = json::list(&listed, "/failures").iter().map(|it| json::text(it, "/cause"));
        let causes: Vec<_> = causes.filter(|cause| cause.contains("mp4")).collect();
        let run = json::list(&listed, "/instances").iter().filter(|it| json::count(it, "/free") == 16).count();
        if causes.len() == 2 && run == 2 { Ok(listed) } else { Err(format!("{listed:#}")) }
    });
    let cause = |instance: &str| {
        let failures = json::list(&listed, "/failures").iter();
        failures
            .filter(|it| json::text(it, "/instance") == instance)
            .map(|it| json::text(it, "/cause"))
            .collect::<String>()
    };
    says(&cause("clip-a"), &["host-a", "no clip at /nowhere/film.mp4"]);
    says(&cause("clip-b"), &["host-b", "broken.mp4"]);
    say(format!("a broken clip: {}", cause("clip-b")));
    says(&operator.ok("service list"), &["does not run", "/nowhere/film.mp4"]);
    eventually(SOON, "it is in the host's log as well", || {
        let said = six.process("host-a").stderr();
        if said.contains("/nowhere/film.mp4") { Ok(()) } else { Err(said) }
    });
    // A service that is wanted and does not run is no unknown service.
    let said = six.viewers().refused("view clip.demo --no-window", 1);
    say(format!("a viewer of it is told: {}", said.trim_end()));
    says(&said, &["no instance of clip.demo answers", "zone-a, zone-b", "fusion service list"]);
    assert_eq!(json::count(&six.viewers().json("view echo.demo --frames 1"), "/frames"), 1);
}

#[test]
fn a_demo_with_a_clip_that_is_none_does_not_begin() {
    let directory = TempDir::new();
    let terminal = Terminal::new(directory.join("demo"));
    says(&terminal.refused("dev --port 0 --clip /nowhere/film.mp4", 1), &["clip-a", "no clip at /nowhere/film.mp4"]);
}

#[test]
fn a_port_in_use_is_named_with_the_remedy() {
    let directory = TempDir::new();
    let taken = UdpSocket::bind(("127.0.0.1", free_port())).unwrap();
    let port = taken.local_addr().unwrap().port();
    let said = Terminal::new(directory.join("demo")).refused(&format!("dev --port {port}"), 1);
    says(&said, &[&format!("127.0.0.1:{port}"), "in use", "stop the program", "--port"]);

    let six = Six::begin();
    six.admit("resolver", "--roles resolver").expect_code(0);
    let said = six.terminal("resolver").refused(&format!("node --listen 127.0.0.1:{port}"), 1);
    says(&said, &[&format!("127.0.0.1:{port}"), "in use", "stop the program", "listen"]);
}

#[test]
fn a_second_demo_disturbs_neither_directory_nor_ports_of_the_first() {
    let demo = Demo::start();
    let before = demo.ok("nodes --json");
    let said = demo.refused("dev --port 0", 1);
    says(&said, &["in use by another `fusion` process", "--dir"]);
    says(&demo.refused("node --listen 127.0.0.1:0", 1), &["in use by another `fusion` process"]);
    let nodes = demo.json("nodes");
    let address = json::text(&json::list(&nodes, "/nodes")[0], "/advertise").to_owned();
    let port = address.rsplit_once(':').unwrap().1;
    let other = Terminal::new(demo.scratch().join("other"));
    says(&other.refused(&format!("dev --port {port}"), 1), &[&address, "in use", "--port"]);
    assert_eq!(demo.ok("nodes --json"), before);
    assert_eq!(json::count(&demo.json("view clip.demo --frames 1"), "/frames"), 1);
}

#[test]
fn a_wrong_configuration_is_refused_with_its_place() {
    let six = Six::begin();
    six.admit("zone-a", "--roles zone --zone zone-a").expect_code(0);
    let zone = six.terminal("zone-a");
    let refused = |name: &str, text: &str| {
        let file = six.scratch().write(name, text);
        let said = zone.refused(&format!("node --listen 127.0.0.1:0 --config {}", file.display()), BAD_CONFIGURATION);
        says(&said, &[name]);
        said
    };
    says(
        &refused("key.toml", "listen = '127.0.0.1:0'\nlisten_adress = 'x'\n"),
        &["listen_adress", "line 2", "expected"],
    );
    says(&refused("type.toml", "\n\nlisten = 7\n"), &["line 3"]);
    let instance = "[[instance]]\nname = 'a'\nservice = 'a.demo'\nbuilder = 'echo'\nslots = ";
    says(&refused("slots.toml", &format!("{instance}0\n")), &["0 slots", "1 to"]);
    let said = zone.refused("node --listen 127.0.0.1:0 --config /nowhere/zone.toml", BAD_CONFIGURATION);
    says(&said, &["/nowhere/zone.toml", "cannot be read"]);
    assert_eq!(said.matches("No such file").count(), 1, "the cause is told once: {said}");
    says(&zone.refused("node", BAD_CONFIGURATION), &["listen"]);
    says(&zone.refused("node --listen 0.0.0.0:0", BAD_CONFIGURATION), &["advertise"]);
    let file = six.scratch().write("role.toml", "[resolver]\ntopology = 'home.toml'\n");
    let said = zone.refused(&format!("node --listen 127.0.0.1:0 --config {}", file.display()), BAD_CONFIGURATION);
    says(&said, &["[resolver]", "role resolver"]);
}

#[test]
fn a_directory_that_is_no_domains_no_nodes_or_not_writable_says_what_to_do() {
    let directory = TempDir::new();
    let empty = Terminal::new(directory.join("empty"));
    for command in ["node --listen 127.0.0.1:0", "nodes"] {
        says(&empty.refused(command, 1), &["domain.json", "fusion init", "fusion join", "--dir"]);
    }
    says(&empty.refused("view clip.demo --no-window", 1), &["empty", "fusion init", "fusion dev"]);
    let six = Six::begin();
    says(&six.viewers().refused("node --listen 127.0.0.1:0", 1), &["node.json", "fusion join"]);
    says(&six.viewers().refused("nodes", 1), &["operator's certificate", "fusion init"]);
    says(&six.operator().refused("init", 1), &["already", "--dir"]);
    let blocked = Terminal::new(directory.write("file", "").join("demo"));
    says(&blocked.refused("dev --port 0", 1), &["cannot be made"]);
    says(&blocked.refused("init", 1), &["cannot be made"]);
    let mut filter = six.operator().command("nodes --log =");
    filter.env("FUSION_LOG", "=");
    says(&run(filter, SOON).expect_code(2).stderr, &["--log"]);
}

#[test]
fn told_to_stop_it_drains_and_the_viewers_hear_it() {
    let mut demo = Demo::start();
    let mut viewer = demo.view("clip.demo");
    viewer.plays();
    let told = Instant::now();
    demo.process.terminate();
    let heard = viewer.finish().expect_code(1);
    say(format!("a viewer of a demo told to stop, after {:?}: {}", told.elapsed(), heard.stderr.trim_end()));
    says(&heard.stderr, &["drained"]);
    assert_eq!(json::count(&heard.json(), "/late"), 0, "it played up to the end: {}", heard.stdout);
    assert_eq!(demo.process.wait(SOON).code(), Some(0));
    say(format!("it had drained after {:?}: {}", told.elapsed(), demo.process.stderr().trim_end()));
    assert!(!demo.process.stderr().contains("did not end in time"), "{}", demo.process.stderr());
}

#[test]
fn told_to_stop_before_it_is_ready_and_twice_it_stops() {
    let directory = TempDir::new();
    let terminal = Terminal::new(directory.join("demo"));
    let mut early = Process::spawn("fusion dev", terminal.command("dev --json --port 0"));
    eventually(SOON, "it has begun", || if terminal.dir().join("lock").exists() { Ok(()) } else { Err("not yet") });
    early.terminate();
    assert_eq!(early.wait(SOON).code(), Some(0), "{}", early.stderr());

    let mut demo = Demo::start_with("--deadline 60s");
    let mut viewer = demo.view("clip.demo");
    viewer.plays();
    demo.process.terminate();
    eventually(SOON, "it drains", || match demo.process.stderr() {
        said if said.contains("draining, at most") => Ok(()),
        said => Err(said),
    });
    demo.process.terminate();
    assert_eq!(demo.process.wait(SOON).code(), Some(1), "sessions were cut: {}", demo.process.stderr());
}
