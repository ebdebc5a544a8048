//! What can go wrong with a store, each with the file and the remedy.

use std::path::PathBuf;

/// See the variants.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Two processes would overwrite each other.
    #[error(
        "the store {} is in use by another process; stop the other node, or give this one a directory of its own",
        path.display()
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged, or no store at all.
    #[error(
        "the store {} is damaged or no store; put a copy of it back, or move it away and make the domain anew",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        #[source]
        source: Option<Box<redb::Error>>,
    },
    /// A later release has written the file.
    #[error(
        "the store {} has schema {found}, and this release knows schemas up to {known}; run the release that wrote it, or a later one",
        path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: u32,
        /// What is known here.
        known: u32,
    },
    /// The system refused: no such directory, no permission, no space.
    #[error("the store {} cannot be read or written; check that its directory exists, is yours and has space", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The engine failed while it ran.
    #[error("the store {} failed", path.display())]
    Engine {
        /// The file.
        path: PathBuf,
        /// How.
        source: Box<redb::Error>,
    },
    /// A key or a value is over its bound. Nothing was changed.
    #[error("a record of {table} is too large: key {key_bytes} bytes, value {value_bytes} bytes")]
    TooLarge {
        /// Which table.
        table: &'static str,
        /// The key's length.
        key_bytes: usize,
        /// The value's length.
        value_bytes: usize,
    },
    /// A record cannot be read. The key is not shown: of a token it is the secret.
    #[error("a record of {table} in the store cannot be read; put a copy of the store back")]
    Record {
        /// Which table.
        table: &'static str,
        /// Why.
        source: serde_json::Error,
    },
}
