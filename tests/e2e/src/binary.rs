//! The `fusion` program of this build.
//!
//! Cargo tells a test the path of the programs of its own package only, and `cargo test` builds the programs of other
//! packages only on request. So: take the program that lies beside the test's own executable; if it is missing, or older
//! than a source it was made from (cargo leaves their list beside it), have cargo build it, once per test process. Cargo's
//! own lock keeps several test processes from building at once. `make test` builds it beforehand.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

const REMEDY: &str = "cargo build -p nodes-fusion";

/// A command that runs `fusion`. No `FUSION_*` of the caller's environment reaches it, except that `FUSION_BIN` names
/// another program to test.
#[track_caller]
pub fn fusion() -> Command {
    let mut command = Command::new(fusion_path());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FUSION_")) {
        command.env_remove(name);
    }
    command.env("RUST_BACKTRACE", "1");
    command
}

/// Where it is.
#[track_caller]
pub(crate) fn fusion_path() -> &'static Path {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PROGRAM.get_or_init(find) {
        Ok(program) => program,
        Err(words) => panic!("{words}"),
    }
}

fn find() -> Result<PathBuf, String> {
    if let Some(given) = std::env::var_os("FUSION_BIN") {
        let given = PathBuf::from(given);
        return if given.is_file() { Ok(given) } else { Err(format!("FUSION_BIN: no file {}", given.display())) };
    }
    let test = std::env::current_exe().map_err(|error| format!("the path of this test: {error}"))?;
    // TARGET/PROFILE/deps/TEST: the program is TARGET/PROFILE/fusion.
    let profile = test.ancestors().find(|path| path.ends_with("deps")).and_then(Path::parent);
    let profile = profile.ok_or_else(|| format!("{} is not in a target directory: set FUSION_BIN", test.display()))?;
    let program = profile.join("fusion");
    if let Some(why) = why_build(&program) {
        build(profile).map_err(|words| format!("{why}, and building it failed. Remedy: {REMEDY}\n{words}"))?;
    }
    if program.is_file() { Ok(program) } else { Err(format!("no {}. Remedy: {REMEDY}", program.display())) }
}

/// Why the program has to be built, if it has.
fn why_build(program: &Path) -> Option<String> {
    let Some(built) = changed(program) else { return Some(format!("{} is missing", program.display())) };
    let sources = std::fs::read_to_string(program.with_extension("d")).unwrap_or_default();
    let newer = sources_of(&sources).find(|source| changed(source).is_none_or(|changed| changed > built))?;
    Some(format!("{} is older than {}", program.display(), newer.display()))
}

/// The sources in a dependency file: `PROGRAM: SOURCE SOURCE`, a space in a name is written `\ `.
fn sources_of(list: &str) -> impl Iterator<Item = PathBuf> {
    let sources = list.split_once(": ").map_or("", |(_, sources)| sources);
    sources
        .replace("\\ ", "\0")
        .split_whitespace()
        .map(|name| PathBuf::from(name.replace('\0', " ")))
        .collect::<Vec<_>>()
        .into_iter()
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

fn build(profile: &Path) -> Result<(), String> {
    let name = profile.file_name().and_then(|name| name.to_str()).unwrap_or("debug");
    let target = profile.parent().ok_or("the target directory has no parent")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--package",
            "nodes-fusion",
            "--profile",
            if name == "debug" { "dev" } else { name },
        ])
        .arg("--target-dir")
        .arg(target)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if built.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&built.stderr).into_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_with_spaces_are_read_whole() {
        let sources: Vec<_> = sources_of("/t/debug/fusion: /a/main.rs /my\\ work/lib.rs\n").collect();
        assert_eq!(sources, [PathBuf::from("/a/main.rs"), PathBuf::from("/my work/lib.rs")]);
        assert_eq!(sources_of("").count(), 0);
    }

    #[test]
    fn a_program_is_built_when_it_is_missing_or_older_than_a_source() {
        let directory = crate::TempDir::new();
        let program = directory.join("fusion");
        assert!(why_build(&program).expect("it is missing").ends_with("fusion is missing"));
        let source = directory.write("main.rs", "");
        std::fs::File::open(&source).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        directory.write("fusion", "");
        assert_eq!(why_build(&program), None);
        directory.write("fusion.d", format!("{}: {}\n", program.display(), source.display()));
        assert_eq!(why_build(&program), None);
        let later = changed(&program).unwrap() + std::time::Duration::from_secs(1);
        std::fs::File::options().append(true).open(&source).unwrap().set_modified(later).unwrap();
        assert!(why_build(&program).expect("it is older").contains("is older than"));
    }
}
