//! Deployments told as stories, in virtual time: what goes wrong once, and what is there afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use actors_control::{ORCHESTRATOR, role_path};
use actors_kernel::{ActorPath, Addr};
use actors_protocol::deployment::*;
use actors_protocol::membership::Orchestrator;
use actors_protocol::service::*;
use actors_protocol::{Incarnation, Millis, NodeName, RequestId, Role};
use tests_harness::cast::{Cast, name};
use tests_harness::domain::{Domain, Making};
use tests_harness::ledger::Ledger;
use tests_harness::net::Random;
use tests_harness::scenario::simulate;
use tokio::time::sleep;

const MANIFEST: &str = r#"{ "manifest": 1, "name": "play.sim", "provider": "sim", "visibility": "public",
    "kind": { "actor": { "builder": "show" } }, "slots": { "each": 2 } }"#;
const WITHIN: Duration = Duration::from_secs(70);

struct Scene(Domain);

/// Runs a story in a domain of one host per zone that knows `play.sim`.
fn story(test: impl AsyncFnOnce(&Scene)) {
    simulate(async {
        let ledger = Ledger::new(true, false);
        let making = Making { building: Duration::from_millis(400), ..Making::default() };
        let scene = Scene(Domain::new(1, Cast::of(2, 1, [1, 0, 1]), ledger.clone(), making));
        scene.0.boot_all();
        sleep(Duration::from_secs(6)).await;
        let register = RegisterService { manifest: MANIFEST.to_owned() };
        let answer = scene.orchestrator().ask(register, WITHIN).await;
        assert!(matches!(answer, Ok(Registration::Registered { .. })), "{answer:?}");
        test(&scene).await;
        scene.0.shut_down(&mut Random::new(3)).await;
        assert!(ledger.violations().is_empty(), "{:?}", ledger.violations());
    });
}

fn id(number: u128) -> RequestId {
    RequestId(number << 64)
}

impl Scene {
    fn orchestrator(&self) -> Addr<Orchestrator> {
        self.0.life(&name("orc")).expect("it is up").node.near(role_path(ORCHESTRATOR))
    }

    async fn deploy(&self, number: u128, slots: u32, zones: &[&str]) -> Deploying {
        let ask = DeployService {
            request: id(number),
            service: name("play.sim"),
            slots,
            zones: zones.iter().map(|zone| name(zone)).collect(),
            zones_most: 0,
            price_most: None,
            offer_within: None,
            deploy_within: Some(Millis::from_secs(5)),
        };
        self.orchestrator().ask(ask, WITHIN).await.expect("an answer")
    }

    async fn ends(&self, number: u128) -> DeploymentState {
        let watch = WatchDeployment { id: id(number), wait: Millis::from_secs(60) };
        match self.orchestrator().ask(watch, WITHIN).await.expect("an answer") {
            DeploymentShown::Deployment(state) => state,
            DeploymentShown::Unknown => panic!("deployment {number} is not known"),
        }
    }

    /// The instances of deployments, wherever they are, and which life of each.
    fn instances(&self) -> BTreeMap<(NodeName, ActorPath), Incarnation> {
        let hosts = self.0.cast().with(Role::Host).filter_map(|part| self.0.life(&part.name));
        let of = hosts.flat_map(|life| {
            let here = life.node.roots("instance").into_iter();
            here.map(move |(path, incarnation)| ((life.life.node.clone(), path), incarnation))
        });
        of.filter(|((_, path), _)| path.as_str().starts_with("instance/play-")).collect()
    }
}

#[test]
fn two_deployments_of_one_service_at_once_both_stand() {
    story(async |scene| {
        for number in [1, 2] {
            assert!(matches!(scene.deploy(number, 3, &[]).await, Deploying::Accepted { .. }));
        }
        for number in [1, 2] {
            let state = scene.ends(number).await;
            assert_eq!((state.stage, state.cause), (DeploymentStage::Standing, None));
            assert_eq!(state.shares.iter().flat_map(|share| &share.instances).map(|it| it.slots).sum::<u32>(), 3);
        }
        assert_eq!(scene.instances().len(), 4, "two of at most two slots each");
    });
}

#[test]
fn the_same_request_twice_is_one_deployment_and_impossible_slots_are_none() {
    story(async |scene| {
        for _ in 0..2 {
            assert_eq!(scene.deploy(1, 2, &[]).await, Deploying::Accepted { id: id(1) });
        }
        assert_eq!(scene.ends(1).await.stage, DeploymentStage::Standing);
        assert_eq!(scene.deploy(1, 2, &[]).await, Deploying::Accepted { id: id(1) });
        assert_eq!(scene.instances().len(), 1);
        assert!(matches!(scene.deploy(2, 0, &[]).await, Deploying::Refused { .. }));
        scene.deploy(3, 1_000_000, &[]).await;
        let state = scene.ends(3).await;
        assert!(state.cause.is_some_and(|cause| cause.contains("of 1000000 slots are offered")));
        assert_eq!(scene.instances().len(), 1);
    });
}

#[test]
fn unregistering_in_the_middle_of_a_deployment_leaves_nothing() {
    story(async |scene| {
        scene.deploy(1, 4, &[]).await;
        sleep(Duration::from_millis(50)).await;
        let unregister = || UnregisterService { service: name("play.sim"), force: true };
        let answer = scene.orchestrator().ask(unregister(), WITHIN).await.expect("an answer");
        assert_eq!(answer, Unregistration::Leaving { deployments: vec![id(1)] });
        assert!(
            matches!(scene.deploy(2, 1, &[]).await, Deploying::Refused { reason } if reason.contains("unregister"))
        );
        let state = scene.ends(1).await;
        assert!(state.cause.is_some_and(|cause| cause.contains("unregistered")));
        sleep(Duration::from_secs(5)).await;
        let answer = scene.orchestrator().ask(unregister(), WITHIN).await.expect("an answer");
        assert_eq!(answer, Unregistration::Unknown { near: vec![] });
        assert!(scene.instances().is_empty(), "{:?}", scene.instances());
    });
}

#[test]
fn a_zone_that_is_cut_off_between_deploy_and_undo_is_rid_of_its_instances_by_itself() {
    story(async |scene| {
        scene.deploy(1, 2, &["zone-b"]).await;
        sleep(Duration::from_millis(100)).await;
        let [orchestrator, zone] = ["orc", "zone-b"].map(|node| scene.0.cast().part(&name(node)).homes[0]);
        scene.0.net().cut(orchestrator, zone);
        let state = scene.ends(1).await;
        assert!(state.cause.is_some() && !state.left.is_empty(), "{state:?}");
        assert_eq!(scene.instances().len(), 1, "nobody could ask for it to be undone");
        sleep(Duration::from_secs(62)).await;
        assert!(scene.instances().is_empty(), "{:?}", scene.instances());
        scene.0.net().heal(orchestrator, zone);
    });
}

#[test]
fn what_stands_goes_on_while_the_orchestrator_is_away_for_more_than_a_minute() {
    story(async |scene| {
        scene.deploy(1, 5, &[]).await;
        assert_eq!(scene.ends(1).await.stage, DeploymentStage::Standing);
        let before = scene.instances();
        scene.0.crash(&name("orc"));
        sleep(Duration::from_secs(75)).await;
        assert_eq!(scene.instances(), before, "the same lives of the same instances");
        scene.0.boot(&name("orc"));
        sleep(Duration::from_secs(10)).await;
        assert_eq!(scene.instances(), before);
        assert_eq!(scene.ends(1).await.stage, DeploymentStage::Standing);
    });
}

#[test]
fn another_manifest_counts_from_then_on_in_zones_that_knew_the_first() {
    story(async |scene| {
        scene.deploy(1, 1, &[]).await;
        assert_eq!(scene.ends(1).await.stage, DeploymentStage::Standing);
        let register = RegisterService { manifest: MANIFEST.replace("\"show\"", "\"chess\"") };
        let answer = scene.orchestrator().ask(register, WITHIN).await.expect("an answer");
        assert!(matches!(answer, Registration::Registered { change: RegistrationChange::Replaced, .. }), "{answer:?}");
        scene.deploy(2, 1, &[]).await;
        let cause = scene.ends(2).await.cause.expect("no host has such a builder");
        assert!(cause.contains("no builder 'chess'"), "{cause}");
        assert_eq!(scene.instances().len(), 1, "what stands goes on");
    });
}
