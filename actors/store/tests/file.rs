//! The embedded store's file: who may read it, who may open it, what a kill leaves of it, what is said of a bad one.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use actors_store::{Change, Embedded, Store, StoreError, Table};

/// Set in the child that this test program starts of itself: the file to write to.
const CHILD: &str = "FUSION_STORE_TEST_CHILD";
/// The child ends by itself after this many commits, so that a failed parent leaves nothing behind.
const COMMITS_MAX: u32 = 100_000;

fn store_in(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("domain.store")
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_file_is_its_owners_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = store_in(&directory);
    drop(Embedded::open(&path).unwrap());
    assert_eq!(mode(&path), 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(Embedded::open(&path).unwrap());
    assert_eq!(mode(&path), 0o600, "also if a copy was put back carelessly");
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("nowhere/domain.store");
    let error = Embedded::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
    assert!(
        error.to_string().contains("nowhere/domain.store") && error.to_string().contains("check that its directory")
    );
}

fn is_called_damaged(path: &Path) {
    let error = Embedded::open(path).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    let words = error.to_string();
    assert!(words.contains(&path.display().to_string()) && words.contains("put a copy of it back"), "{words}");
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = store_in(&directory);
    for content in [b"not a store".to_vec(), vec![0; 100_000], b"redb".repeat(10_000)] {
        std::fs::write(&path, &content).unwrap();
        is_called_damaged(&path);
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_damaged_file_is_refused_and_never_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    let path = store_in(&directory);
    let store = Embedded::open(&path).unwrap();
    for number in 0..500 {
        store.put(Table::Nodes, &format!("node-{number:04}"), "a-node-to-be-damaged".as_bytes()).unwrap();
    }
    drop(store);
    let whole = std::fs::read(&path).unwrap();

    std::fs::write(&path, &whole[..whole.len() / 3]).unwrap();
    is_called_damaged(&path);

    let needle = b"a-node-to-be-damaged";
    let places: Vec<_> =
        whole.windows(needle.len()).enumerate().filter(|(_, w)| w == needle).map(|(at, _)| at).collect();
    let mut damaged = whole.clone();
    places.iter().for_each(|at| damaged[*at] = b'X');
    std::fs::write(&path, &damaged).unwrap();
    is_called_damaged(&path);

    // Anywhere else: it opens with all that was there, or is refused; it does not lie, and does not panic.
    for at in (0..whole.len()).step_by(whole.len() / 150) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        std::fs::write(&path, &damaged).unwrap();
        if let Ok(store) = Embedded::open(&path) {
            assert_eq!(store.scan(Table::Nodes).unwrap().len(), 500, "byte {at}");
        }
    }
}

#[test]
fn a_store_is_open_once_also_in_one_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = store_in(&directory);
    let first = Embedded::open(&path).unwrap();
    assert!(matches!(Embedded::open(&path), Err(StoreError::Locked { .. })));
    drop(first);
    Embedded::open(&path).unwrap();
}

/// In the child: commits pairs of records without end, and says so after each commit.
#[test]
fn child_commits_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let store = Embedded::open(PathBuf::from(path)).unwrap();
    let first = store.scan(Table::Nodes).unwrap().len() as u32;
    for number in first..first + COMMITS_MAX {
        let (key, value) = (format!("{number:08}"), number.to_be_bytes().to_vec());
        let in_table = |table| Change::Put { table, key: key.clone(), value: value.clone() };
        store.commit(&[in_table(Table::Nodes), in_table(Table::Tokens)]).unwrap();
        println!("\ncommitted {number}");
    }
}

fn start_child(path: &Path) -> Child {
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", "child_commits_until_it_is_killed", "--nocapture"];
    let child = Command::new(program).args(arguments).env(CHILD, path).stdout(Stdio::piped()).spawn();
    child.expect("the test program can be started again")
}

#[test]
fn what_was_committed_survives_kill_9_and_nothing_is_there_by_half() {
    let directory = tempfile::tempdir().unwrap();
    let path = store_in(&directory);
    let mut expected = 0;
    for round in 1..=3 {
        let mut child = start_child(&path);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let committed =
            lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("committed ")?.parse::<u32>().ok());
        let last = committed.take(50 * round).last().expect("the child commits");
        if round == 2 {
            let error = Embedded::open(&path).unwrap_err();
            assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
            let words = error.to_string();
            assert!(words.contains(&path.display().to_string()) && words.contains("stop the other node"), "{words}");
        }
        child.kill().unwrap(); // SIGKILL: no destructor runs.
        child.wait().unwrap();

        let store = Embedded::open(&path).unwrap();
        let nodes = store.scan(Table::Nodes).unwrap();
        assert_eq!(nodes, store.scan(Table::Tokens).unwrap(), "both of a commit, or none");
        assert!(nodes.len() as u32 > last, "{} records, and the child has said {last}", nodes.len());
        for (number, (key, value)) in (0u32..).zip(&nodes) {
            assert_eq!((key.as_str(), &value[..]), (&*format!("{number:08}"), &number.to_be_bytes()[..]));
        }
        assert!(nodes.len() > expected);
        expected = nodes.len();
    }
}
