//! Words that are meant for people also when a test passes, which libtest's capture would swallow.

use std::io::Write;

/// Prints a line past libtest's capture: measured times, and what a run has shown.
pub fn say(words: impl AsRef<str>) {
    // A closed stderr is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "{}", words.as_ref());
}

/// Says that a test cannot run on this machine and why. The test returns right after it.
pub fn skipped(needs: impl AsRef<str>) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    say(format!("SKIPPED: {test} needs {}", needs.as_ref()));
}
