//! A store without a file, for tests. Its clones are handles to the same data, so that a node that is started again finds
//! what it had.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Change, Store, StoreError, Table, check_sizes};

type Rows = BTreeMap<(Table, String), Vec<u8>>;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Rows>>);

impl Memory {
    /// An empty store.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// Nothing that can panic happens under the lock, so a poisoned one is as good as another.
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn get(&self, table: Table, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows().get(&(table, key.to_owned())).cloned())
    }

    fn scan(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let rows = self.rows();
        let from_here = rows.range((table, String::new())..);
        Ok(from_here
            .take_while(|((of, _), _)| *of == table)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }

    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        check_sizes(changes)?;
        let mut rows = self.rows();
        for change in changes.iter().cloned() {
            match change {
                Change::Put { table, key, value } => drop(rows.insert((table, key), value)),
                Change::Delete { table, key } => drop(rows.remove(&(table, key))),
            }
        }
        Ok(())
    }
}
