//! The services that a domain has manifests of.
//!
//! ```text
//!   register ──► registered ──register──► another manifest
//!                    │ unregister
//!                    ▼
//!                 leaving ──its last deployment is gone──► forgotten
//! ```
//!
//! Owns: which manifest counts for which name, whose it is, and that no two services are opened by one name. Refuses: reading
//! manifests ([`crate::manifest`]), deployments, and storing: what changes is told, and is committed before anybody hears
//! of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use actors_protocol::ServiceName;
use actors_protocol::manifest::Manifest;
use actors_protocol::service::RegistrationChange;
use serde::{Deserialize, Serialize};

use crate::manifest::{read, write};

/// Services of a domain.
pub const MANIFESTS_MAX: usize = 10_000;

/// What is kept of a service, under its name. The manifest is its text: later releases read what earlier ones wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRow {
    /// Its manifest, as JSON, in the normal form.
    pub manifest: String,
    /// Who registered it.
    pub owner: String,
    /// It is being unregistered.
    pub leaving: bool,
}

/// One change of what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A service is as this says.
    Service(ServiceName, ServiceRow),
    /// A service is registered no more.
    ServiceGone(ServiceName),
}

/// A registered service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its row.
    pub row: Arc<ServiceRow>,
    /// Its manifest, read.
    pub manifest: Arc<Manifest>,
}

/// The registered services.
#[derive(Debug, Default)]
pub struct Registry {
    services: BTreeMap<ServiceName, Entry>,
    /// Which service a name opens.
    names: BTreeMap<ServiceName, ServiceName>,
}

impl Registry {
    /// With what was stored. Error: rows whose manifest this release does not read, each with the reason; they are left
    /// where they are and not served.
    pub fn restore(stored: impl IntoIterator<Item = (ServiceName, ServiceRow)>) -> (Registry, Vec<String>) {
        let (mut registry, mut unread) = (Registry::default(), Vec::new());
        for (name, row) in stored {
            match read(&row.manifest) {
                Ok(manifest) => registry.put(name, row, manifest),
                Err(problems) => unread.push(format!("{name}: {problems}")),
            }
        }
        (registry, unread)
    }

    fn put(&mut self, name: ServiceName, row: ServiceRow, manifest: Manifest) {
        self.names.retain(|_, of| *of != name);
        let opened = manifest.configurations.iter().map(|configuration| configuration.name.clone());
        self.names.extend(opened.map(|opened| (opened, name.clone())));
        self.services.insert(name, Entry { row: Arc::new(row), manifest: Arc::new(manifest) });
    }

    /// Somebody registers a service. Errors: why not, with the remedy.
    pub fn register(
        &mut self,
        manifest: Manifest,
        owner: &str,
    ) -> Result<(RegistrationChange, Option<Change>), String> {
        let name = manifest.name.clone();
        let text = write(&manifest).to_string();
        let change = match self.services.get(&name) {
            Some(entry) if entry.row.leaving => {
                return Err(format!("{name} is being unregistered; register it again when that is done"));
            }
            Some(entry) if entry.row.manifest == text => return Ok((RegistrationChange::Same, None)),
            Some(_) => RegistrationChange::Replaced,
            None if self.services.len() >= MANIFESTS_MAX => {
                return Err(format!("{MANIFESTS_MAX} services are registered; unregister one first"));
            }
            None => RegistrationChange::New,
        };
        for configuration in &manifest.configurations {
            if let Some(other) = self.names.get(&configuration.name).filter(|other| **other != name) {
                let taken = &configuration.name;
                return Err(format!("{taken} opens {other} already; take another name in /configurations"));
            }
        }
        let row = ServiceRow { manifest: text, owner: owner.to_owned(), leaving: false };
        self.put(name.clone(), row.clone(), manifest);
        Ok((change, Some(Change::Service(name, row))))
    }

    /// From now on nothing of it is deployed any more.
    pub fn leave(&mut self, name: &ServiceName) -> Option<Change> {
        let entry = self.services.get_mut(name).filter(|entry| !entry.row.leaving)?;
        let row = ServiceRow { leaving: true, ..(*entry.row).clone() };
        entry.row = Arc::new(row.clone());
        Some(Change::Service(name.clone(), row))
    }

    /// Nothing of it is deployed any more: if it leaves, it is forgotten.
    pub fn left(&mut self, name: &ServiceName) -> Option<Change> {
        self.services.get(name).filter(|entry| entry.row.leaving)?;
        self.services.remove(name);
        self.names.retain(|_, of| of != name);
        Some(Change::ServiceGone(name.clone()))
    }

    /// The service of this name.
    pub fn get(&self, name: &ServiceName) -> Option<&Entry> {
        self.services.get(name)
    }

    /// Those after `after`, by name.
    pub fn after(&self, after: Option<&ServiceName>) -> impl Iterator<Item = (&ServiceName, &Entry)> {
        use core::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        self.services.range::<ServiceName, _>((from, Unbounded))
    }

    /// Those that leave.
    pub fn leaving(&self) -> Vec<ServiceName> {
        let leaving = self.services.iter().filter(|(_, entry)| entry.row.leaving);
        leaving.map(|(name, _)| name.clone()).collect()
    }

    /// Names that look like `name`.
    pub fn near(&self, name: &ServiceName) -> Vec<ServiceName> {
        crate::near::near(name.as_str(), self.services.keys().map(ServiceName::as_str))
            .into_iter()
            .filter_map(|near| near.parse().ok())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, second: &str) -> Manifest {
        let text = format!(
            r#"{{"manifest":1,"name":"{name}","provider":"example","visibility":"public","kind":{{"actor":{{"builder":"echo"}}}},
            "slots":{{"each":4}},"configurations":[{{"name":"{name}"}},{{"name":"{second}"}}]}}"#
        );
        read(&text).expect("a sound manifest")
    }

    fn service(name: &str) -> ServiceName {
        name.parse().expect("a service name")
    }

    #[test]
    fn a_service_is_registered_replaced_and_forgotten_when_its_last_deployment_is_gone() {
        let mut registry = Registry::default();
        let (change, stored) = registry.register(manifest("a.example", "b.example"), "operator").unwrap();
        assert!(change == RegistrationChange::New && stored.is_some());
        let again = registry.register(manifest("a.example", "b.example"), "operator").unwrap();
        assert_eq!(again, (RegistrationChange::Same, None), "the same again changes nothing");
        let (change, _) = registry.register(manifest("a.example", "c.example"), "operator").unwrap();
        assert_eq!(change, RegistrationChange::Replaced);
        assert_eq!(registry.left(&service("a.example")), None, "it does not leave");
        assert!(registry.leave(&service("a.example")).is_some());
        let refused = registry.register(manifest("a.example", "c.example"), "operator").unwrap_err();
        assert!(refused.contains("being unregistered"), "{refused}");
        assert_eq!(registry.left(&service("a.example")), Some(Change::ServiceGone(service("a.example"))));
        assert!(registry.get(&service("a.example")).is_none());
    }

    #[test]
    fn no_two_services_are_opened_by_one_name() {
        let mut registry = Registry::default();
        registry.register(manifest("a.example", "b.example"), "operator").unwrap();
        let refused = registry.register(manifest("c.example", "b.example"), "operator").unwrap_err();
        assert!(refused.contains("b.example") && refused.contains("a.example"), "{refused}");
        // A name that was given up is free.
        registry.register(manifest("a.example", "d.example"), "operator").unwrap();
        assert!(registry.register(manifest("c.example", "b.example"), "operator").is_ok());
    }

    #[test]
    fn what_was_stored_is_there_again_and_what_cannot_be_read_is_said() {
        let mut registry = Registry::default();
        let (_, change) = registry.register(manifest("a.example", "b.example"), "operator").unwrap();
        let Some(Change::Service(name, row)) = change else { panic!("a row") };
        let broken = ServiceRow { manifest: "{}".into(), ..row.clone() };
        let (restored, unread) = Registry::restore([(name.clone(), row), (service("x.example"), broken)]);
        assert_eq!(restored.get(&name), registry.get(&name));
        assert!(unread.len() == 1 && unread[0].starts_with("x.example"), "{unread:?}");
    }
}
