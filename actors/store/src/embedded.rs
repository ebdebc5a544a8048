//! The store in one file, by redb: every commit is on the disk when it returns.
//!
//! Owns: the file, its mode (0600: token secrets are in it), its schema. Refuses: a file that another process has open, that
//! is damaged, or that a later release has written.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Database, DatabaseError, Durability, ReadableDatabase, ReadableTable, StorageError, TableDefinition};

use crate::{Change, Store, StoreError, Table, check_sizes};

/// The schema this release writes: which tables there are, and what their records look like. 2: manifests,
/// deployments and users have come to what 1 had.
pub const SCHEMA: u32 = 2;

/// A domain's records are a few hundred kilobytes; redb's own default is a gigabyte.
const CACHE_BYTES: usize = 4 * 1024 * 1024;
/// Holds the schema, in a table that no later release renames.
const SCHEMA_TABLE: TableDefinition<'_, &str, u32> = TableDefinition::new("fusion");
const SCHEMA_KEY: &str = "schema";

/// See the module.
pub struct Embedded {
    path: PathBuf,
    database: Database,
}

impl Embedded {
    /// Opens the file, or makes it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Embedded, StoreError> {
        Embedded::open_as(path, SCHEMA)
    }

    /// As a release would that knows schemas up to `schema`.
    fn open_as(path: impl Into<PathBuf>, schema: u32) -> Result<Embedded, StoreError> {
        let path = path.into();
        let file = private_file(&path).map_err(|source| StoreError::Io { path: path.clone(), source })?;
        // A plain open trusts the file, and may panic later if it was damaged: see the engine's documentation.
        let opened = FileBackend::new(file).and_then(|backend| {
            Database::builder()
                .set_cache_size(CACHE_BYTES)
                .set_check_integrity_on_open(true)
                .create_with_backend(backend)
        });
        let store = match opened {
            Ok(database) => Embedded { path, database },
            Err(error) => return Err(not_opened(path, error)),
        };
        match store.schema()? {
            Some(found) if found > schema => Err(StoreError::NewerSchema { path: store.path, found, known: schema }),
            // Of an earlier release: the tables that have come since are added, and nothing else has changed.
            Some(found) if found < schema => store.set_schema(schema).map(|()| store),
            Some(_) => Ok(store),
            // New, or made by a process that was killed before it had written the schema.
            None if store.is_empty()? => store.set_schema(schema).map(|()| store),
            None => Err(StoreError::Corrupt { path: store.path, source: None }),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn schema(&self) -> Result<Option<u32>, StoreError> {
        let read = || -> Result<Option<u32>, redb::Error> {
            let transaction = self.database.begin_read()?;
            match transaction.open_table(SCHEMA_TABLE) {
                Ok(table) => Ok(table.get(SCHEMA_KEY)?.map(|schema| schema.value())),
                Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        read().map_err(|error| self.failed(error))
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        let read = || -> Result<bool, redb::Error> { Ok(self.database.begin_read()?.list_tables()?.next().is_none()) };
        read().map_err(|error| self.failed(error))
    }

    /// Makes a new file a store, or an earlier release's one of this, with all its tables.
    fn set_schema(&self, schema: u32) -> Result<(), StoreError> {
        let write = || -> Result<(), redb::Error> {
            let mut transaction = self.database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            for table in Table::ALL {
                transaction.open_table(definition(table))?;
            }
            transaction.open_table(SCHEMA_TABLE)?.insert(SCHEMA_KEY, schema)?;
            Ok(transaction.commit()?)
        };
        write().map_err(|error| self.failed(error))?;
        // The file's entry in its directory is to survive as well.
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let synced = File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(|source| StoreError::Io { path: self.path.clone(), source })
    }

    fn failed(&self, error: redb::Error) -> StoreError {
        match error {
            redb::Error::Corrupted(_) => StoreError::Corrupt { path: self.path.clone(), source: Some(Box::new(error)) },
            redb::Error::Io(source) => StoreError::Io { path: self.path.clone(), source },
            error => StoreError::Engine { path: self.path.clone(), source: Box::new(error) },
        }
    }
}

impl Store for Embedded {
    fn get(&self, table: Table, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let read = || -> Result<_, redb::Error> {
            let table = self.database.begin_read()?.open_table(definition(table))?;
            Ok(table.get(key)?.map(|value| value.value().to_vec()))
        };
        read().map_err(|error| self.failed(error))
    }

    fn scan(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let read = || -> Result<_, redb::Error> {
            let table = self.database.begin_read()?.open_table(definition(table))?;
            let mut rows = Vec::new();
            for row in table.iter()? {
                let (key, value) = row?;
                rows.push((key.value().to_owned(), value.value().to_vec()));
            }
            Ok(rows)
        };
        read().map_err(|error| self.failed(error))
    }

    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        check_sizes(changes)?;
        if changes.is_empty() {
            return Ok(());
        }
        let write = || -> Result<(), redb::Error> {
            let mut transaction = self.database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            for change in changes {
                match change {
                    Change::Put { table, key, value } => {
                        transaction.open_table(definition(*table))?.insert(key.as_str(), value.as_slice())?;
                    }
                    Change::Delete { table, key } => {
                        transaction.open_table(definition(*table))?.remove(key.as_str())?;
                    }
                }
            }
            Ok(transaction.commit()?)
        };
        write().map_err(|error| self.failed(error))
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("path", &self.path).finish_non_exhaustive()
    }
}

fn definition(table: Table) -> TableDefinition<'static, &'static str, &'static [u8]> {
    TableDefinition::new(table.name())
}

/// Nobody but the owner reads it, also if it was there before with another mode.
fn private_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn not_opened(path: PathBuf, error: DatabaseError) -> StoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => StoreError::Locked { path },
        // What the engine says of a file that is none of its own, or too short to be one.
        DatabaseError::Storage(StorageError::Io(source))
            if !matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            StoreError::Io { path, source }
        }
        error => StoreError::Corrupt { path, source: Some(Box::new(error.into())) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_was_not_finished_is_finished_and_another_programs_file_is_not_touched() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        drop(Database::create(&path).unwrap());
        drop(Embedded::open(&path).unwrap());

        let path = directory.path().join("of-another-program");
        let database = Database::create(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(TableDefinition::<&str, u64>::new("theirs")).unwrap();
        transaction.commit().unwrap();
        drop(database);
        let error = Embedded::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { source: None, .. }), "{error:?}");
    }

    #[test]
    fn a_file_of_an_earlier_release_gets_the_tables_that_have_come_since_and_keeps_what_it_had() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        let earlier = Embedded::open_as(&path, 1).unwrap();
        earlier.put(Table::Nodes, "a", b"b").unwrap();
        let transaction = earlier.database.begin_write().unwrap();
        transaction.delete_table(definition(Table::Manifests)).unwrap();
        transaction.commit().unwrap();
        drop(earlier);
        let store = Embedded::open(&path).unwrap();
        assert_eq!(store.get(Table::Nodes, "a").unwrap(), Some(b"b".to_vec()));
        assert_eq!(store.scan(Table::Manifests).unwrap(), []);
    }

    #[test]
    fn a_file_of_a_later_release_is_refused_with_the_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        Embedded::open_as(&path, SCHEMA + 1).unwrap().put(Table::Nodes, "a", b"b").unwrap();
        let error = Embedded::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::NewerSchema { found: 3, known: 2, .. }), "{error:?}");
        let words = error.to_string();
        assert!(
            words.contains(&path.display().to_string()) && words.contains("run the release that wrote it"),
            "{words}"
        );
        assert!(Embedded::open_as(&path, SCHEMA + 1).is_ok(), "and is left as it was");
        assert!(Embedded::open_as(&path, SCHEMA + 2).is_ok(), "a later one reads what an earlier one wrote");
    }
}
