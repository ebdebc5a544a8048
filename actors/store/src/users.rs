//! The records of users in a store, as JSON, each with the hash of its token and never the token.
//!
//! Owns: how a user is written and read. Refuses: knowing what a user may do.

use actors_cores::users::{Change as UserChange, UserRow};

use crate::records::{parse, put};
use crate::{Change, Store, StoreError, Table};

/// Commits what the core has decided.
pub fn save(store: &dyn Store, change: &UserChange) -> Result<(), StoreError> {
    let row = match change {
        UserChange::Added(row) => put(Table::Users, row.user.name.as_str().to_owned(), row)?,
        UserChange::Removed(name) => Change::Delete { table: Table::Users, key: name.as_str().to_owned() },
    };
    store.commit(&[row])
}

/// All users, for [`actors_cores::users::UsersCore::restore`].
pub fn load(store: &dyn Store) -> Result<Vec<UserRow>, StoreError> {
    store.scan(Table::Users)?.iter().map(|(_, value)| parse(Table::Users, value)).collect()
}
