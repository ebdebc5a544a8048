//! Small files with secrets: written whole or not at all, readable by their owner only.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use crate::LinkError;

/// Larger than any file of this crate; a wrong path must not fill the memory.
const FILE_BYTES_MAX: u64 = 64 * 1024;

pub(crate) fn failed(act: &'static str, path: &Path, source: io::Error) -> LinkError {
    LinkError::File { act, path: path.to_owned(), source: Arc::new(source) }
}

/// Writes a file beside `path` and renames it over: a crash leaves the old one or the new one.
pub(crate) fn write(path: &Path, contents: &[u8], mode: u32) -> Result<(), LinkError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let act = || -> io::Result<()> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        // Removed first, because `mode` counts only when the file is made.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    act().map_err(|error| failed("write", path, error))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, LinkError> {
    let act = || -> io::Result<Vec<u8>> {
        if fs::metadata(path)?.len() > FILE_BYTES_MAX {
            return Err(io::Error::other("it is larger than 64 KiB, so it is not what it should be"));
        }
        fs::read(path)
    };
    act().map_err(|error| failed("read", path, error))
}

/// Reads a secret, and refuses one that others can read: it may be known already, and the owner should hear of it.
pub(crate) fn read_secret(path: &Path) -> Result<Vec<u8>, LinkError> {
    let mode = fs::metadata(path).map_err(|error| failed("read", path, error))?.permissions().mode();
    if mode & 0o077 != 0 {
        let why = format!("other users may read it (mode {:03o}); if that is a mistake: chmod 600", mode & 0o777);
        return Err(LinkError::Credentials { what: path.display().to_string(), why });
    }
    read(path)
}
