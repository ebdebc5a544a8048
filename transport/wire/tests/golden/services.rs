//! One of each message about registered services and their deployments, with every variant of its reply.

use actors_protocol::deployment::*;
use actors_protocol::host::*;
use actors_protocol::manifest::Visibility;
use actors_protocol::offer::Offer;
use actors_protocol::service::*;
use actors_protocol::zone::*;
use actors_protocol::*;

use crate::book::Book;
use crate::messages::{ID, name};

pub fn all(book: &mut Book) {
    services(book);
    deployments(book);
    zone(book);
    host(book);
}

fn offer() -> Offer {
    Offer { score: 900, slots: 12, price: 3, valid_for: Millis(30_000), reason: "host-a: 12 slots".into() }
}

fn placed() -> Vec<PlacedInstance> {
    vec![PlacedInstance { instance: name("epg-01-0"), host: name("host-a"), slots: 12 }]
}

fn services(book: &mut Book) {
    let registered = |change| Registration::Registered { service: name("epg.example"), change };
    let problem =
        ManifestProblem { place: "/slots/each".into(), what: "it is 0".into(), remedy: "write 1 or more".into() };
    let registrations = [
        registered(RegistrationChange::New),
        registered(RegistrationChange::Replaced),
        registered(RegistrationChange::Same),
        Registration::Invalid { problems: vec![problem] },
        Registration::Refused { reason: "it is leaving".into() },
    ];
    book.call(&RegisterService { manifest: "{}".into() }, &registrations);
    let summary = |visibility| ServiceSummary {
        service: name("epg.example"),
        provider: name("example"),
        owner: "operator".into(),
        description: Some("a guide".into()),
        visibility,
        kind: "actor".into(),
        slots: 12,
        leaving: false,
    };
    let shown = [
        ServiceShown::Service { summary: summary(Visibility::Public), manifest: "{}".into(), deployments: vec![ID] },
        ServiceShown::Unknown { near: vec![name("epg.example")] },
    ];
    book.call(&ShowService { service: name("epg.exmaple") }, &shown);
    let page = ManifestPage { services: vec![summary(Visibility::Private)], next: Some(name("epg.example")) };
    book.call(&ListManifests { after: Some(name("a.example")), most: 100 }, &[page]);
    let unregistrations = [
        Unregistration::Gone,
        Unregistration::Leaving { deployments: vec![ID] },
        Unregistration::Unknown { near: vec![name("epg.example")] },
    ];
    book.call(&UnregisterService { service: name("epg.example"), force: true }, &unregistrations);
}

fn deployments(book: &mut Book) {
    let deploy = DeployService {
        request: ID,
        service: name("epg.example"),
        slots: 12,
        zones: vec![name("zone-a")],
        zones_most: 1,
        price_most: Some(7),
        offer_within: Some(Millis(1_000)),
        deploy_within: None,
    };
    let deploying = [
        Deploying::Accepted { id: ID },
        Deploying::Unknown { near: vec![name("epg.example")] },
        Deploying::Refused { reason: "no slots".into() },
    ];
    book.call(&deploy, &deploying);
    let state = |stage| DeploymentState {
        id: ID,
        service: name("epg.example"),
        slots: 12,
        stage,
        cause: Some("no room".into()),
        left: vec!["zone-a: not yet".into()],
        shares: vec![ShareState { zone: name("zone-a"), slots: 12, instances: placed() }],
        verdicts: vec![ZoneVerdict {
            zone: name("zone-a"),
            offer: Some(offer()),
            cached: false,
            given: 12,
            why: "the best".into(),
        }],
        steps: vec![StepTiming {
            step: "create".into(),
            zone: Some(name("zone-a")),
            began: Millis(3),
            took: Millis(251),
        }],
        took: Millis(254),
    };
    let stages = [
        DeploymentStage::Offering,
        DeploymentStage::Deploying,
        DeploymentStage::Confirming,
        DeploymentStage::Standing,
        DeploymentStage::Undoing,
        DeploymentStage::Over,
    ];
    let mut shown: Vec<_> = stages.map(|stage| DeploymentShown::Deployment(state(stage))).into();
    shown.push(DeploymentShown::Unknown);
    book.call(&WatchDeployment { id: ID, wait: Millis(60_000) }, &shown);
    let summary = DeploymentSummary {
        id: ID,
        service: name("epg.example"),
        slots: 12,
        stage: DeploymentStage::Standing,
        zones: vec![name("zone-a")],
        cause: None,
    };
    let page = DeploymentPage { deployments: vec![summary], next: Some(ID) };
    book.call(&ListDeployments { service: Some(name("epg.example")), after: None, most: 100 }, &[page]);
    book.call(&RemoveDeployment { id: ID, force: false }, &[DeploymentRemoval::Removing, DeploymentRemoval::Unknown]);
    let noted = [ShareNoted { known: true }];
    book.call(&ReportShare { id: ID, zone: name("zone-a"), progress: ShareProgress::Created }, &noted);
    book.value("ShareProgress", &[ShareProgress::Created, ShareProgress::Ready, ShareProgress::Resolvable]);
}

fn zone(book: &mut Book) {
    let share =
        ZoneShare { id: ID, service: name("epg.example"), slots: 12, each: 12, stem: name("epg-0102030405060708") };
    book.call(
        &LearnService { manifest: "{}".into() },
        &[Learning::Known, Learning::Refused { cause: "too many".into() }],
    );
    book.call(
        &AskOffer { id: ID, service: name("epg.example"), slots: 12, within: Millis(1_000) },
        &[ZoneOffer::Offered(offer()), ZoneOffer::Unknown],
    );
    book.call(
        &DeployShare { share: share.clone(), within: Millis(40_000) },
        &[
            ShareDeployed::Reported { slots: 12, instances: placed() },
            ShareDeployed::Refused { cause: "no room".into() },
        ],
    );
    book.call(
        &ConfirmShare { share: share.clone(), manifest: "{}".into() },
        &[ShareConfirmed::Confirmed { instances: placed() }, ShareConfirmed::Refused { cause: "no host is up".into() }],
    );
    book.call(
        &UndoShare { share, deadline: Millis(0) },
        &[ShareUndone::Undone, ShareUndone::Refused { cause: "host-a does not answer".into() }],
    );
}

fn host(book: &mut Book) {
    book.call(&ConfirmInstance { instance: name("epg-01-0") }, &[Confirmation::Confirmed, Confirmation::Unknown]);
    let made =
        MadeInstance { instance: name("epg-01-0"), incarnation: Some(Incarnation(17)), slots: 12, provisional: true };
    book.call(&ListMade { zone: name("zone-a"), stem: Some(name("epg-01")) }, &[MadeList { instances: vec![made] }]);
    let create = CreateInstance {
        instance: name("epg-01-0"),
        zone: name("zone-a"),
        gateway: name("zone-a"),
        builder: "epg".into(),
        offerings: vec![],
        slots: 12,
        parameters: Default::default(),
        provisional: None,
    };
    let judgement = Judgement { offer: offer(), environment: "host-a".into(), load: 250 };
    book.call(&JudgeInstance { create, kind: "actor".into(), slots: 24 }, &[judgement]);
}
