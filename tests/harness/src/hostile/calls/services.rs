//! Calls about services and deployments that must not be carried out (I9).

use actors_protocol::deployment::{
    DeployService, ListDeployments, RemoveDeployment, ReportShare, ShareProgress, WatchDeployment,
};
use actors_protocol::host::{ConfirmInstance, CreateInstance, JudgeInstance, ListMade};
use actors_protocol::service::{ListManifests, RegisterService, ShowService, UnregisterService};
use actors_protocol::zone::{AskOffer, ConfirmShare, DeployShare, LearnService, UndoShare, ZoneShare};
use actors_protocol::{Millis, RequestId, ServiceName};

use super::Trespass;
use crate::cast::name;

/// Tries them all; `create` is an instance that nobody should get.
pub(super) async fn everything(trespass: &mut Trespass<'_>, create: CreateInstance) {
    let (id, service): (_, ServiceName) = (RequestId(7), name("stage.sim"));
    let manifest = String::new();
    trespass.call("orchestrator", RegisterService { manifest: manifest.clone() }).await;
    trespass.call("orchestrator", ShowService { service: service.clone() }).await;
    trespass.call("orchestrator", ListManifests { after: None, most: 1 }).await;
    trespass.call("orchestrator", UnregisterService { service: service.clone(), force: true }).await;
    let deploy = DeployService {
        request: id,
        service: service.clone(),
        slots: 1,
        zones: Vec::new(),
        zones_most: 0,
        price_most: None,
        offer_within: None,
        deploy_within: None,
    };
    trespass.call("orchestrator", deploy).await;
    trespass.call("orchestrator", WatchDeployment { id, wait: Millis::ZERO }).await;
    trespass.call("orchestrator", ListDeployments { service: None, after: None, most: 1 }).await;
    trespass.call("orchestrator", RemoveDeployment { id, force: true }).await;
    let report = ReportShare { id, zone: name("zone-a"), progress: ShareProgress::Created };
    trespass.call("orchestrator", report).await;
    let share = ZoneShare { id, service: service.clone(), slots: 1, each: 1, stem: name("evil") };
    trespass.call("zone", LearnService { manifest: manifest.clone() }).await;
    trespass.call("zone", AskOffer { id, service, slots: 1, within: Millis(1) }).await;
    trespass.call("zone", DeployShare { share: share.clone(), within: Millis(1) }).await;
    trespass.call("zone", ConfirmShare { share: share.clone(), manifest }).await;
    trespass.call("zone", UndoShare { share, deadline: Millis::ZERO }).await;
    trespass.call("host", ConfirmInstance { instance: name("evil") }).await;
    trespass.call("host", ListMade { zone: name("zone-a"), stem: None }).await;
    trespass.call("host", JudgeInstance { create, kind: "actor".to_owned(), slots: 1 }).await;
}
