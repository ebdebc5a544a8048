//! A directory of a test's own.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Once;

/// Names are `PREFIX` PROCESS `-` CHANCE, so that what a killed test process left is recognised by the next one.
const PREFIX: &str = "fusion-e2e-";
/// Of those that are to stay.
const KEPT: &str = "fusion-kept-";

/// Removed when dropped. With `FUSION_KEEP` set in the environment it stays, and where it is is said.
#[derive(Debug)]
pub struct TempDir {
    directory: tempfile::TempDir,
}

impl TempDir {
    /// A new, empty directory.
    #[expect(clippy::new_without_default, reason = "making a directory is no default")]
    pub fn new() -> TempDir {
        static LEFT_OVER: Once = Once::new();
        LEFT_OVER.call_once(|| remove_left_over(&std::env::temp_dir()));
        let keep = std::env::var_os("FUSION_KEEP").is_some();
        let mut directory = tempfile::Builder::new()
            .prefix(&format!("{}{}-", if keep { KEPT } else { PREFIX }, std::process::id()))
            .tempdir()
            .unwrap_or_else(|error| panic!("a directory under {:?}: {error}", std::env::temp_dir()));
        if keep {
            directory.disable_cleanup(true);
            crate::say(format!("kept: {}", directory.path().display()));
        }
        TempDir { directory }
    }

    /// Writes a file and returns its path. Directories in `name` are made.
    #[track_caller]
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        let parent = path.parent().expect("a joined path has a parent");
        std::fs::create_dir_all(parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
        std::fs::write(&path, contents).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// Reads a text file.
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        let path = self.join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

impl Deref for TempDir {
    type Target = Path;

    fn deref(&self) -> &Path {
        self.directory.path()
    }
}

impl AsRef<std::ffi::OsStr> for TempDir {
    fn as_ref(&self) -> &std::ffi::OsStr {
        self.as_os_str()
    }
}

/// Removes directories of test processes that no longer live.
fn remove_left_over(temporary: &Path) {
    let Ok(entries) = std::fs::read_dir(temporary) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('-')).map(|(process, _)| process);
        if process.is_some_and(|id| id.parse::<u32>().is_ok() && !Path::new("/proc").join(id).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let place = TempDir::new();
        // No process has a number above the largest that Linux gives.
        let names = ["fusion-e2e-99999999-abc/x", "fusion-kept-99999999-abc/x", "fusion-e2e-mine/x", "other/x"];
        names.iter().for_each(|name| drop(place.write(name, "")));
        place.write(&format!("{PREFIX}{}-abc/x", std::process::id()), "");
        remove_left_over(&place);
        assert!(!place.join("fusion-e2e-99999999-abc").exists());
        assert_eq!(std::fs::read_dir(&*place).expect("it is there").count(), 4);
    }
}
