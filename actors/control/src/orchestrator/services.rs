//! The calls about registered services.
//!
//! Owns: store, then answer. Refuses: judging manifests (`actors_cores::manifest`) and names (`actors_cores::registry`).

use actors_cores::manifest::{Problems, read};
use actors_cores::registry::{Change, Entry};
use actors_kernel::{Answer, Caller, Cx, Handler};
use actors_protocol::service::{
    ListManifests, ManifestPage, ManifestProblem, RegisterService, Registration, SERVICES_PAGE_MAX, ServiceShown,
    ServiceSummary, ShowService, UnregisterService, Unregistration,
};
use actors_protocol::{RequestId, ServiceName};
use actors_store::records;

use super::OrchestratorActor;

/// Words for people in a summary, in bytes.
const WORDS_BYTES_MAX: usize = 400;

impl OrchestratorActor {
    /// None: the store failed, and the actor ends.
    fn save_service(&mut self, change: &Change, cx: &mut Cx<'_, Self>) -> Option<()> {
        match records::save_service(&*self.setup.store, change) {
            Ok(()) => Some(()),
            Err(error) => {
                self.store_failed(&error, cx);
                None
            }
        }
    }

    /// A service that leaves and has no deployment any more is forgotten.
    pub(super) fn forget(&mut self, service: &ServiceName, cx: &mut Cx<'_, Self>) -> Option<()> {
        match self.deployments.registry.left(service) {
            Some(change) => self.save_service(&change, cx),
            None => Some(()),
        }
    }

    /// What an unregistration had begun before a restart goes on.
    pub(super) fn go_on_leaving(&mut self, cx: &mut Cx<'_, Self>) {
        for service in self.deployments.registry.leaving() {
            if self.remove_all(&service, cx).is_empty() && self.forget(&service, cx).is_none() {
                return;
            }
        }
    }

    /// Its deployments go; those that are not over yet.
    fn remove_all(&mut self, service: &ServiceName, cx: &mut Cx<'_, Self>) -> Vec<RequestId> {
        let now = cx.now();
        for id in self.deployments.core.of_service(service) {
            self.deployments.core.remove(now, id, &format!("{service} is unregistered"));
        }
        self.deployments.core.of_service(service)
    }

    fn summary(&self, service: &ServiceName, entry: &Entry) -> ServiceSummary {
        ServiceSummary {
            service: service.clone(),
            provider: entry.manifest.provider.clone(),
            owner: entry.row.owner.clone(),
            description: entry.manifest.description.as_ref().map(|text| cut(text)),
            visibility: entry.manifest.visibility,
            kind: entry.manifest.kind.word().to_owned(),
            slots: self.deployments.core.slots_of(service),
            leaving: entry.row.leaving,
        }
    }
}

/// A page of summaries stays below a frame.
pub(super) fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(WORDS_BYTES_MAX)].to_owned()
}

fn invalid(problems: Problems) -> Registration {
    let problem = |problem: actors_cores::manifest::Problem| ManifestProblem {
        place: problem.place,
        what: problem.what,
        remedy: problem.remedy,
    };
    Registration::Invalid { problems: problems.0.into_iter().map(problem).collect() }
}

impl Handler<RegisterService> for OrchestratorActor {
    fn handle(&mut self, register: RegisterService, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Registration> {
        let manifest = match read(&register.manifest) {
            Ok(manifest) => manifest,
            Err(problems) => return invalid(problems).into(),
        };
        let service = manifest.name.clone();
        let owner = caller.node.as_ref().map_or("operator", |node| node.as_str());
        match self.deployments.registry.register(manifest, owner) {
            Ok((change, None)) => Registration::Registered { service, change }.into(),
            Ok((change, Some(row))) => match self.save_service(&row, cx) {
                Some(()) => {
                    self.deployments.core.replaced(&service);
                    Registration::Registered { service, change }.into()
                }
                None => cx.promise().1,
            },
            Err(reason) => Registration::Refused { reason }.into(),
        }
    }
}

impl Handler<ShowService> for OrchestratorActor {
    fn handle(&mut self, show: ShowService, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<ServiceShown> {
        let Some(entry) = self.deployments.registry.get(&show.service) else {
            return ServiceShown::Unknown { near: self.deployments.registry.near(&show.service) }.into();
        };
        let mut deployments = self.deployments.core.of_service(&show.service);
        deployments.sort();
        deployments.truncate(SERVICES_PAGE_MAX as usize);
        let (summary, manifest) = (self.summary(&show.service, entry), entry.row.manifest.clone());
        ServiceShown::Service { summary, manifest, deployments }.into()
    }
}

impl Handler<ListManifests> for OrchestratorActor {
    fn handle(&mut self, list: ListManifests, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<ManifestPage> {
        let most = list.most.clamp(1, SERVICES_PAGE_MAX) as usize;
        let mut after = self.deployments.registry.after(list.after.as_ref());
        let page = after.by_ref().take(most).map(|(name, entry)| self.summary(name, entry));
        let services: Vec<ServiceSummary> = page.collect();
        let next = after.next().and(services.last()).map(|last| last.service.clone());
        ManifestPage { services, next }.into()
    }
}

impl Handler<UnregisterService> for OrchestratorActor {
    fn handle(&mut self, unregister: UnregisterService, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Unregistration> {
        let UnregisterService { service, force } = unregister;
        if self.deployments.registry.get(&service).is_none() {
            return Unregistration::Unknown { near: self.deployments.registry.near(&service) }.into();
        }
        if let Some(change) = self.deployments.registry.leave(&service)
            && self.save_service(&change, cx).is_none()
        {
            return cx.promise().1;
        }
        if force {
            let all = self.deployments.core.of_service(&service);
            self.deployments.forced.extend(all);
        }
        self.remove_all(&service, cx);
        self.pump(cx);
        if self.deployments.failed {
            return cx.promise().1;
        }
        let deployments = self.deployments.core.of_service(&service);
        if !deployments.is_empty() {
            return Unregistration::Leaving { deployments }.into();
        }
        match self.forget(&service, cx) {
            Some(()) => Unregistration::Gone.into(),
            None => cx.promise().1,
        }
    }
}
