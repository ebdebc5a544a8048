//! The kit itself: processes, waiting, ports, the program under test.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::{Duration, Instant};

use tests_e2e::{Process, TempDir, eventually, free_port, fusion, json, run, say};

const SOON: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// What a panic said.
fn words_of(act: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(act)).expect_err("it should have panicked");
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).into()))
        .unwrap()
}

/// The state letter of a process: R, S, T (stopped), Z …; an error when there is none.
fn state(id: u32) -> Result<char, String> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).map_err(|error| error.to_string())?;
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).ok_or(stat)
}

fn until_state(id: u32, wanted: char) {
    eventually(SOON, &format!("process {id} in state {wanted}"), || {
        state(id).and_then(|now| if now == wanted { Ok(()) } else { Err(format!("state {now}")) })
    });
}

#[test]
fn lines_are_read_one_by_one_while_it_runs() {
    let mut process = Process::spawn("lines", shell("echo one; echo '{\"port\": 7}'; echo last; exec sleep 100"));
    assert_eq!(process.next_line(SOON).as_deref(), Some("one"));
    assert_eq!(json::count(&process.wait_for_json(SOON), "/port"), 7);
    assert_eq!(process.wait_for_line(SOON, "the last", |line| line.strip_suffix("st").map(str::to_owned)), "la");
    assert!(process.ended().is_none());
    let words = words_of(|| drop(process.next_line(Duration::from_millis(30))));
    assert!(words.contains("lines: no line within"), "{words}");
    process.kill();
    assert_eq!(process.next_line(SOON), None);
    let words = words_of(|| process.terminate());
    assert!(words.contains("lines has ended"), "{words}");
}

#[test]
fn an_end_is_told_with_all_that_was_said() {
    let finished = run(shell("echo out; echo trouble >&2; exit 3"), SOON);
    assert_eq!((finished.code(), finished.stdout.as_str(), finished.stderr.as_str()), (Some(3), "out\n", "trouble\n"));
    let words = words_of(|| drop(finished.expect_code(0)));
    assert!(words.contains("trouble") && words.contains("sh -c"), "{words}");
    assert_eq!(json::text(&run(shell("echo '{\"a\":{\"b\":\"c\"}}'"), SOON).expect_code(0).json(), "/a/b"), "c");
    let mut early = Process::spawn("early", shell("echo nothing"));
    let words = words_of(|| early.wait_for_line(SOON, "the word ready", |line| (line == "ready").then_some(())));
    assert!(words.contains("early ended its output before the word ready"), "{words}");
}

#[test]
fn more_output_than_is_kept_loses_the_oldest_and_blocks_nobody() {
    let mut process = Process::spawn("much", shell("seq 1 60000"));
    assert!(process.wait(SOON).success());
    let last = process.wait_for_line(SOON, "the last number", |line| (line == "60000").then(|| line.to_owned()));
    assert_eq!(last, "60000");
    assert_eq!(process.next_line(SOON), None);
    assert!(process.stdout().starts_with("10001\n"));
}

#[test]
fn signals_do_what_they_say() {
    let script = "trap 'echo told; exit 7' TERM; echo up; while :; do sleep 0.05; done";
    let mut process = Process::spawn("signals", shell(script));
    process.next_line(SOON);
    process.stop();
    until_state(process.id(), 'T');
    process.resume();
    process.terminate();
    assert_eq!(process.next_line(SOON).as_deref(), Some("told"));
    assert_eq!(process.wait(SOON).code(), Some(7));
}

#[test]
fn a_dropped_process_is_gone_with_its_children() {
    let mut process = Process::spawn("family", shell("sleep 100 & echo $!; wait"));
    let child: u32 = process.next_line(SOON).unwrap().parse().unwrap();
    let parent = process.id();
    assert!(state(child).is_ok());
    drop(process);
    assert!(state(parent).is_err(), "it was reaped");
    // Whoever adopts the child reaps it; a zombie is as dead as can be seen from here.
    eventually(SOON, "the child is gone", || match state(child) {
        Ok('Z') | Err(_) => Ok(()),
        Ok(now) => Err(format!("state {now}")),
    });
}

#[test]
fn a_process_outlives_the_thread_that_ordered_it() {
    let mut process = std::thread::spawn(|| Process::spawn("kept", shell("echo up; exec sleep 100"))).join().unwrap();
    process.next_line(SOON);
    std::thread::sleep(Duration::from_millis(50));
    assert!(process.ended().is_none(), "it must not end with the thread");
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    assert!(status.contains("Name:\tsleep"), "setpriv has made way for the program: {status}");
}

/// Set for the copy of this test program that `a_killed_test_takes_its_processes_along` runs.
const INNER: &str = "E2E_INNER";

#[test]
fn a_killed_test_takes_its_processes_along() {
    if std::env::var_os(INNER).is_some() {
        let mut sleeper = Process::spawn("sleeper", shell("echo up; exec sleep 100"));
        // Only once it speaks has `setpriv` made way, and is it bound to this process.
        sleeper.next_line(SOON);
        println!("sleeper {}", sleeper.id());
        loop {
            std::thread::sleep(SOON);
        }
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(INNER, "1").args(["--exact", "a_killed_test_takes_its_processes_along", "--nocapture"]);
    let mut inner = Process::spawn("inner", command);
    let sleeper: u32 = inner.wait_for_line(SOON, "the sleeper's id", |line| {
        line.rsplit_once("sleeper ").and_then(|(_, id)| id.parse().ok())
    });
    assert!(state(sleeper).is_ok());
    inner.kill();
    eventually(SOON, "the sleeper is gone", || match state(sleeper) {
        Ok('Z') | Err(_) => Ok(()),
        Ok(now) => Err(format!("state {now}")),
    });
}

#[test]
fn waiting_gives_up_with_what_it_saw_last() {
    let begun = Instant::now();
    let mut looks = 0;
    let words = words_of(|| {
        eventually(Duration::from_millis(60), "three of them", || -> Result<(), _> {
            looks += 1;
            Err(format!("look {}", looks.min(2)))
        });
    });
    assert!(words.contains("three of them") && words.contains("last seen: look 2"), "{words}");
    assert!(begun.elapsed() >= Duration::from_millis(60));
    assert_eq!(eventually(SOON, "at once", || Ok::<_, String>(5)), 5);
}

#[test]
fn ports_are_free_and_never_given_twice() {
    let mut given: Vec<u16> = (0..50).map(|_| free_port()).collect();
    for port in &given {
        std::net::UdpSocket::bind(("127.0.0.1", *port)).unwrap();
    }
    given.sort_unstable();
    given.dedup();
    assert_eq!(given.len(), 50);
}

#[test]
fn a_directory_goes_with_its_test() {
    let directory = TempDir::new();
    let path = directory.write("deep/file.toml", "a = 1\n");
    assert_eq!(directory.read("deep/file.toml"), "a = 1\n");
    drop(directory);
    assert!(std::env::var_os("FUSION_KEEP").is_some() || !path.exists());
}

#[test]
fn the_program_under_test_is_found_and_runs() {
    let mut command = fusion();
    command.arg("--help");
    let program = command.get_program().to_owned();
    let finished = run(command, SOON).expect_code(0);
    assert!(finished.stdout.contains("fusion"), "{}", finished.stdout);
    say(format!("{} --help took {:?}", program.to_string_lossy(), finished.took));
}
