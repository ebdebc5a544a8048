//! Where a domain keeps what must survive: nodes, used tokens, the deny list, the names of zones, hosts
//! and services, manifests and deployments, and users with the hashes of their tokens.
//!
//! ```text
//!   a core's changes ──records::save──► Store::commit, all or nothing, on the disk when it returns ──► then the reply is sent
//!   a core made anew ◄──records::load── Store::scan
//! ```
//!
//! Owns: [`Store`], which every kind of store keeps to (`tests/contract.rs`); [`Embedded`], a file; [`Memory`], for tests.
//! Refuses: deciding anything, and asynchrony. A commit is a fraction of a millisecond, and its caller waits for it.

mod embedded;
mod error;
mod memory;
pub mod records;
mod secrets;
pub mod users;

pub use embedded::{Embedded, SCHEMA};
pub use error::StoreError;
pub use memory::Memory;
pub use secrets::Argon2Hasher;

/// Longest key in bytes: a service name is the longest there is (253).
pub const KEY_BYTES_MAX: usize = 256;
/// Longest value in bytes.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;

/// The tables of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Members, by name.
    Nodes,
    /// Tokens, by secret.
    Tokens,
    /// The deny list, by name.
    Denied,
    /// Zones, by name.
    Zones,
    /// Hosts and their zones, by name.
    Hosts,
    /// Service names.
    Services,
    /// Users, by name.
    Users,
    /// Manifests, by service name.
    Manifests,
    /// Deployments, by id.
    Deployments,
    /// What is there once: the version of the directory.
    Meta,
}

impl Table {
    /// Every table.
    pub const ALL: [Table; 10] = [
        Table::Nodes,
        Table::Tokens,
        Table::Denied,
        Table::Zones,
        Table::Hosts,
        Table::Services,
        Table::Users,
        Table::Manifests,
        Table::Deployments,
        Table::Meta,
    ];

    /// Its name in the file and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Nodes => "nodes",
            Table::Tokens => "tokens",
            Table::Denied => "denied",
            Table::Zones => "zones",
            Table::Hosts => "hosts",
            Table::Services => "services",
            Table::Users => "users",
            Table::Manifests => "manifests",
            Table::Deployments => "deployments",
            Table::Meta => "meta",
        }
    }
}

/// One change of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The key has this value from now on.
    Put {
        /// Where.
        table: Table,
        /// Under which key.
        key: String,
        /// What.
        value: Vec<u8>,
    },
    /// The key has no value any more.
    Delete {
        /// Where.
        table: Table,
        /// Under which key.
        key: String,
    },
}

/// Tables of keys and values.
pub trait Store: Send + Sync {
    /// The value under a key.
    fn get(&self, table: Table, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// All of a table, by key.
    fn scan(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError>;

    /// Makes all the changes, in their order, or none. When it returns they survive whatever happens to the process. On an
    /// error that is not [`StoreError::TooLarge`] the outcome is unknown; what is there tells.
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError>;

    /// One value, alone.
    fn put(&self, table: Table, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.commit(&[Change::Put { table, key: key.to_owned(), value: value.to_vec() }])
    }

    /// One key, alone. That it was not there is no error.
    fn delete(&self, table: Table, key: &str) -> Result<(), StoreError> {
        self.commit(&[Change::Delete { table, key: key.to_owned() }])
    }
}

/// Checked before anything is changed, so that no kind of store gets half through.
fn check_sizes(changes: &[Change]) -> Result<(), StoreError> {
    for change in changes {
        let (table, key, value) = match change {
            Change::Put { table, key, value } => (table, key, value.len()),
            Change::Delete { table, key } => (table, key, 0),
        };
        if key.len() > KEY_BYTES_MAX || value > VALUE_BYTES_MAX {
            return Err(StoreError::TooLarge { table: table.name(), key_bytes: key.len(), value_bytes: value });
        }
    }
    Ok(())
}
