//! The demo's clips and pictures, made once per build of the program: drawing and encoding them takes seconds, and a
//! domain per test needs them.
//!
//! Knows no file's name: it keeps whatever a domain has left in its `media` directory, and gives it to the next.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::binary::fusion_path;

/// Gives a new domain or host the media that an earlier one has made, if one has.
pub(crate) fn lend(dir: &Path) {
    let shelf = shelf();
    if shelf.is_dir() {
        copy(&shelf, &dir.join("media")).unwrap_or_else(|error| panic!("{}: {error}", shelf.display()));
    }
}

/// Keeps what a domain or host has made.
pub(crate) fn keep(dir: &Path) {
    let (shelf, made) = (shelf(), dir.join("media"));
    if shelf.is_dir() || !made.is_dir() {
        return;
    }
    // What belongs to earlier builds is of no use any more.
    let _ = shelf.parent().map(fs::remove_dir_all);
    let beside = shelf.with_extension(format!("{}", std::process::id()));
    let kept = copy(&made, &beside).and_then(|()| fs::rename(&beside, &shelf));
    if kept.is_err() {
        // Another test process was faster, or the disk is full: it is made again.
        let _ = fs::remove_dir_all(&beside);
    }
}

/// In cargo's target directory, named after the program that makes what lies there.
fn shelf() -> PathBuf {
    let program = fusion_path();
    let metadata = program.metadata().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let changed = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let test = std::env::current_exe().expect("a test knows its own path");
    let target = test.ancestors().find(|path| path.ends_with("deps")).and_then(Path::parent).unwrap_or(&test);
    target.join("e2e-media").join(format!("{}-{}", changed.as_nanos(), metadata.len()))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, beside) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &beside)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), beside)?;
        }
    }
    Ok(())
}
