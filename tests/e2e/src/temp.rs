//! A directory of a test's own.

use std::ops::Deref;
use std::path::{Path, PathBuf};

/// Removed when dropped. With `FUSION_KEEP` set in the environment it stays, and where it is is said.
#[derive(Debug)]
pub struct TempDir {
    directory: tempfile::TempDir,
}

impl TempDir {
    /// A new, empty directory.
    #[expect(clippy::new_without_default, reason = "making a directory is no default")]
    pub fn new() -> TempDir {
        let mut directory = tempfile::Builder::new()
            .prefix("fusion-e2e-")
            .tempdir()
            .unwrap_or_else(|error| panic!("a directory under {:?}: {error}", std::env::temp_dir()));
        if std::env::var_os("FUSION_KEEP").is_some() {
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
