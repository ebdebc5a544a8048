//! What the source files say: pure code, headers, lengths, lints, message types.

use std::path::Path;

use tests_architecture::rules::{BANNED_SERDE, IMPURE_WORDS, LINES_MAX, LOOKUP_ONLY, PURE, UNORDERED};
use tests_architecture::sources::{code_only, files, read, says, with_extension};
use tests_architecture::{Findings, root};

#[test]
fn pure_code_names_no_clock_thread_socket_or_file() {
    let mut findings = Findings::new();
    each_pure_line(|path, number, line, _| {
        for (word, remedy) in IMPURE_WORDS.iter().filter(|(word, _)| says(line, word)) {
            findings.add(format!("{}:{number} says {word}", path.display()), remedy);
        }
    });
    findings.settle("Pure code takes time, randomness and bytes as values and returns effects.");
}

#[test]
fn pure_code_iterates_in_an_order_that_a_seed_repeats() {
    let mut findings = Findings::new();
    each_pure_line(|path, number, line, whole| {
        for word in UNORDERED.iter().filter(|word| says(line, word)) {
            if !whole.contains(LOOKUP_ONLY) {
                findings.add(
                    format!("{}:{number} says {word}", path.display()),
                    format!("use a BTreeMap or BTreeSet; if it is never iterated, say so: `{LOOKUP_ONLY}why`"),
                );
            }
        }
    });
    findings.settle("A run with the same seed does the same.");
}

/// Calls `look(path, line number, the line's code, the whole file)` for each line of each pure crate's `src`.
fn each_pure_line(mut look: impl FnMut(&Path, usize, &str, &str)) {
    let root = root();
    let all = files(&root);
    for name in PURE {
        let folder = Path::new(&name.replacen('-', "/", 1)).join("src");
        let mut any = false;
        for path in with_extension(&all, "rs").filter(|path| path.starts_with(&folder)) {
            any = true;
            let whole = read(&root, path);
            for (index, line) in code_only(&whole).lines().enumerate() {
                look(path, index + 1, line, &whole);
            }
        }
        assert!(any, "{} holds no source file: is {name} still pure?", folder.display());
    }
}

#[test]
fn every_source_file_has_a_header_and_is_short() {
    let root = root();
    let mut findings = Findings::new();
    for path in with_extension(&files(&root), "rs") {
        let text = read(&root, path);
        if !text.starts_with("//!") {
            findings.add(
                format!("{} does not begin with //!", path.display()),
                "say at the top what it is, what it owns, what it refuses",
            );
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            findings.add(
                format!("{} has {lines} lines, of {LINES_MAX} at most", path.display()),
                "split it where it has two subjects",
            );
        }
        // What the tests of a crate share has to be a mod.rs: cargo takes every tests/foo.rs for a test of its own.
        let shared_by_tests = path.iter().nth(2).is_some_and(|part| part == "tests");
        if path.ends_with("mod.rs") && !shared_by_tests {
            findings.add(format!("{} is named mod.rs", path.display()), "foo.rs beside foo/");
        }
    }
    findings.settle("A file can be read in one sitting, and says what it is.");
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let root = root();
    let mut findings = Findings::new();
    for path in files(&root).iter().filter(|path| path.ends_with("Cargo.toml") && path.components().count() == 3) {
        let manifest: toml::Table = read(&root, path).parse().expect("cargo has read it");
        let inherits = |value: Option<&toml::Value>| value.and_then(|it| it.get("workspace")?.as_bool()) == Some(true);
        if !inherits(manifest.get("lints")) {
            findings.add(format!("{} has lints of its own", path.display()), "[lints] workspace = true");
        }
        for key in ["version", "edition", "rust-version", "license"] {
            if !inherits(manifest["package"].get(key)) {
                findings.add(format!("{}: {key} is its own", path.display()), format!("{key}.workspace = true"));
            }
        }
    }
    findings.settle("One set of lints, one edition, one version.");
}

#[test]
fn messages_use_nothing_that_the_codec_would_lose() {
    let root = root();
    let all = files(&root);
    let mut findings = Findings::new();
    for path in with_extension(&all, "rs").filter(|path| path.starts_with("actors/protocol/src")) {
        for (index, line) in read(&root, path).lines().enumerate().filter(|(_, line)| line.contains("serde(")) {
            for word in BANNED_SERDE.iter().filter(|word| line.contains(*word)) {
                findings.add(
                    format!("{}:{} says serde({word})", path.display(), index + 1),
                    "it does not survive bincode: a message struct is frozen, a change is a new message with a new tag",
                );
            }
        }
    }
    findings.settle("What is sent is what arrives.");
}
