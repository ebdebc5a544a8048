//! `docs/semantics.md` and the code say the same: each limit of the page is compared with its constant.

use std::time::Duration;

use transport_link::{redial, tuning};
use transport_wire::limits;

use crate::actor::Spec;
use crate::{inspector, node, pump, shell, supervisor};

/// The rows of the page's table: the words, and the value as the code has it.
fn rows() -> Vec<(&'static str, String)> {
    vec![
        ("messages in a mailbox, unless its `Spec` says otherwise", count(Spec::default().mailbox as usize)),
        ("tasks and timers of one actor", count(shell::TASKS_PER_ACTOR_MAX)),
        ("messages in a row, before others have their turn", count(shell::MESSAGES_PER_TURN as usize)),
        ("timers and results in a row", count(pump::JOBS_PER_TURN)),
        ("calls in flight of one link", count(limits::CALLS_IN_FLIGHT_MAX)),
        ("bytes that wait to be written to one link", mebibytes(limits::OUTBOX_BYTES_MAX)),
        ("one frame", mebibytes(limits::FRAME_BYTES_MAX)),
        ("what a decoded message may claim in memory", mebibytes(limits::DECODED_BYTES_MAX)),
        ("a path", format!("{} bytes", limits::PATH_BYTES_MAX)),
        ("words in a fault, a hello, a close", format!("{} bytes", limits::WORDS_BYTES_MAX)),
        ("connections that a node serves", count(node::CONNECTIONS_MAX)),
        ("handshake", time(node::HANDSHAKE_MOST)),
        ("keep-alive, silence until a link is lost", format!("{}, {}", time(tuning::KEEP_ALIVE), time(tuning::IDLE))),
        ("pause between dials", format!("{} to {}", time(redial::BACKOFF_MIN), time(redial::BACKOFF_MAX))),
        (
            "pause before an actor comes back",
            format!("{} to {}", time(supervisor::RESPAWN_FIRST), time(supervisor::RESPAWN_MOST)),
        ),
        ("an actor shows its state within", time(inspector::REVEAL_MOST)),
    ]
}

fn count(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}

fn mebibytes(bytes: usize) -> String {
    assert_eq!(bytes % (1 << 20), 0);
    format!("{} MiB", bytes >> 20)
}

fn time(duration: Duration) -> String {
    match duration.as_millis() {
        millis if millis % 1_000 == 0 => format!("{} s", millis / 1_000),
        millis => format!("{millis} ms"),
    }
}

#[test]
fn the_page_and_the_code_have_the_same_limits() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/semantics.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let wrong: Vec<_> = rows()
        .into_iter()
        .map(|(words, value)| format!("| {words} | {value} |"))
        .filter(|row| !page.lines().any(|line| line.starts_with(row.as_str())))
        .collect();
    assert!(wrong.is_empty(), "docs/semantics.md lacks these rows:\n{}", wrong.join("\n"));
}
