//! The orchestrator's records in a store, as JSON: it can be read by people, and by later releases.
//!
//! Owns: which record goes into which table under which key. Refuses: knowing what the records mean.

use actors_cores::membership::{self, TokenSecret};
use actors_cores::registry::ServiceRow;
use actors_cores::{deployment, registry};
use actors_protocol::{NodeName, ServiceName, ZoneName};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Change, Store, StoreError, Table};

const DIRECTORY_VERSION: &str = "directory-version";

/// Commits what a core has decided, as one. Nothing to commit costs nothing.
pub fn save(store: &dyn Store, changes: &[membership::Change]) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let rows: Result<Vec<_>, _> = changes.iter().map(row).collect();
    store.commit(&rows?)
}

/// All that was saved, for [`membership::MembershipCore::restore`].
pub fn load(store: &dyn Store) -> Result<Vec<membership::Change>, StoreError> {
    use membership::Change as Kept;
    let mut kept = Vec::new();
    read(store, Table::Nodes, &mut kept, Kept::Node)?;
    read(store, Table::Tokens, &mut kept, Kept::Token)?;
    read(store, Table::Denied, &mut kept, Kept::Denied)?;
    read::<ZoneName>(store, Table::Zones, &mut kept, Kept::Zone)?;
    read(store, Table::Hosts, &mut kept, Kept::Host)?;
    read::<ServiceName>(store, Table::Services, &mut kept, Kept::Service)?;
    if let Some(value) = store.get(Table::Meta, DIRECTORY_VERSION)? {
        kept.push(Kept::Version(parse(Table::Meta, &value)?));
    }
    Ok(kept)
}

fn row(change: &membership::Change) -> Result<Change, StoreError> {
    use membership::Change as Kept;
    let name = |node: &NodeName| node.as_str().to_owned();
    match change {
        Kept::Node(row) => put(Table::Nodes, name(&row.node), row),
        Kept::NodeGone(node) => Ok(Change::Delete { table: Table::Nodes, key: name(node) }),
        Kept::Token(row) => put(Table::Tokens, token_key(row.secret), row),
        Kept::TokenGone(secret) => Ok(Change::Delete { table: Table::Tokens, key: token_key(*secret) }),
        Kept::Denied(row) => put(Table::Denied, name(&row.node), row),
        Kept::DeniedGone(node) => Ok(Change::Delete { table: Table::Denied, key: name(node) }),
        Kept::Zone(zone) => put(Table::Zones, zone.as_str().to_owned(), zone),
        Kept::Host(row) => put(Table::Hosts, name(&row.node), row),
        Kept::HostGone(node) => Ok(Change::Delete { table: Table::Hosts, key: name(node) }),
        Kept::Service(service) => put(Table::Services, service.as_str().to_owned(), service),
        Kept::Version(version) => put(Table::Meta, DIRECTORY_VERSION.to_owned(), version),
    }
}

/// Commits what became of a service's registration.
pub fn save_service(store: &dyn Store, change: &registry::Change) -> Result<(), StoreError> {
    use registry::Change as Kept;
    store.commit(&[match change {
        Kept::Service(name, row) => put(Table::Manifests, name.as_str().to_owned(), row)?,
        Kept::ServiceGone(name) => Change::Delete { table: Table::Manifests, key: name.as_str().to_owned() },
    }])
}

/// All that was saved, for [`registry::Registry::restore`].
pub fn load_services(store: &dyn Store) -> Result<Vec<(ServiceName, ServiceRow)>, StoreError> {
    let mut rows = Vec::new();
    for (key, value) in store.scan(Table::Manifests)? {
        // Keys were names when they were written.
        if let Ok(name) = key.parse() {
            rows.push((name, parse(Table::Manifests, &value)?));
        }
    }
    Ok(rows)
}

/// Commits how far a deployment is.
pub fn save_deployment(store: &dyn Store, change: &deployment::Change) -> Result<(), StoreError> {
    use deployment::Change as Kept;
    store.commit(&[match change {
        Kept::Deployment(record) => put(Table::Deployments, record.order.id.to_string(), record)?,
        Kept::DeploymentGone(id) => Change::Delete { table: Table::Deployments, key: id.to_string() },
    }])
}

/// All that was saved, for [`deployment::DeploymentCore::restore`].
pub fn load_deployments(store: &dyn Store) -> Result<Vec<deployment::Change>, StoreError> {
    let rows = store.scan(Table::Deployments)?;
    rows.iter().map(|(_, value)| parse(Table::Deployments, value).map(deployment::Change::Deployment)).collect()
}

fn token_key(secret: TokenSecret) -> String {
    format!("{:032x}", secret.0)
}

pub(crate) fn put(table: Table, key: String, record: &impl Serialize) -> Result<Change, StoreError> {
    let value = serde_json::to_vec(record).map_err(|source| StoreError::Record { table: table.name(), source })?;
    Ok(Change::Put { table, key, value })
}

fn read<R: DeserializeOwned>(
    store: &dyn Store,
    table: Table,
    kept: &mut Vec<membership::Change>,
    change: fn(R) -> membership::Change,
) -> Result<(), StoreError> {
    for (_, value) in store.scan(table)? {
        kept.push(change(parse(table, &value)?));
    }
    Ok(())
}

pub(crate) fn parse<R: DeserializeOwned>(table: Table, value: &[u8]) -> Result<R, StoreError> {
    serde_json::from_slice(value).map_err(|source| StoreError::Record { table: table.name(), source })
}
