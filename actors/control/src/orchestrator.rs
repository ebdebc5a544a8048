//! The orchestrator: the thin shell around [`MembershipCore`], and, below it, around the registry of services and the
//! deployments. Store, then send.
//!
//! Owns: the store, the domain's authority, the asking of clocks and of randomness. Refuses: decisions. When the store fails,
//! nothing is answered and the actor ends: it is brought back with what the store has.

use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use actors_cores::Flaw;
use actors_cores::membership::{Change, Decision, Entry, MembershipCore};
use actors_kernel::{Actor, Answer, Caller, Cx, Handler, Routes};
use actors_protocol::deployment::{DeployService, ListDeployments, RemoveDeployment, ReportShare, WatchDeployment};
use actors_protocol::gateway::{Noted, ZoneReport};
use actors_protocol::membership::{
    Admission, Denial, Deny, Heartbeat, HeartbeatReply, InstanceList, Join, ListInstances, ListNodes, MintToken,
    Minting, NodeList, Orchestrator, Renew,
};
use actors_protocol::service::{ListManifests, RegisterService, ShowService, UnregisterService};
use actors_protocol::{Millis, Role};
use actors_store::{Store, StoreError, records};
use transport_link::{Authority, CloseCode};

pub(crate) mod users;

use crate::observe::{OrchestratorObserver, Sighting};

mod calls;
mod deployments;
mod services;

use deployments::Deployments;

/// What an orchestrator is made with.
#[derive(Clone)]
pub struct OrchestratorSetup {
    /// What it must not forget.
    pub store: Rc<dyn Store>,
    /// Signs certificates.
    pub authority: Rc<Authority>,
    /// Draws 128 bits that cannot be guessed.
    pub entropy: Rc<dyn Fn() -> u128>,
    /// The text of a token with this secret.
    pub token_text: Rc<dyn Fn(u128) -> String>,
    /// Who looks on; only a harness does.
    pub observer: Option<OrchestratorObserver>,
}

/// See the module.
pub struct OrchestratorActor {
    setup: OrchestratorSetup,
    core: Option<MembershipCore>,
    deployments: Deployments,
    /// One wrong decision; only a harness sets another than none.
    flaw: Flaw,
}

impl OrchestratorActor {
    /// An orchestrator that has not read its store yet.
    pub fn new(setup: OrchestratorSetup, flaw: Flaw) -> OrchestratorActor {
        OrchestratorActor { setup, core: None, deployments: Deployments::default(), flaw }
    }

    fn core(&mut self) -> &mut MembershipCore {
        self.core.as_mut().expect("made when the actor starts, before its first message")
    }

    /// Commits what a decision changes, then gives its reply. None: the store failed, and the actor ends.
    fn settle<T>(&mut self, decision: Decision<T>, cx: &mut Cx<'_, Self>) -> Option<T> {
        if let Err(error) = records::save(&*self.setup.store, &decision.changes) {
            self.store_failed(&error, cx);
            return None;
        }
        if decision.changes.iter().any(|change| matches!(change, Change::Denied(_) | Change::DeniedGone(_))) {
            let denied = self.core().denied();
            cx.node().endpoint().set_denied(denied);
        }
        if decision.changes.iter().any(|change| matches!(change, Change::Node(_) | Change::NodeGone(_))) {
            self.tell_zones(cx);
        }
        self.sleep(cx);
        if let (Some(observer), Some(core)) = (&self.setup.observer, &self.core) {
            observer(&Sighting { node: cx.node(), incarnation: cx.incarnation(), core, what: () });
        }
        Some(decision.reply)
    }

    /// The actor ends, and is brought back with what the store has.
    fn store_failed(&mut self, error: &StoreError, cx: &mut Cx<'_, Self>) {
        tracing::error!("the store failed; nothing is answered: {error}");
        self.core = None;
        self.deployments.failed = true;
        cx.me().kill();
    }

    fn sleep(&mut self, cx: &mut Cx<'_, Self>) {
        let next = [self.core().poll_timeout(), self.deployments.poll_timeout()];
        cx.wake_at(next.into_iter().flatten().min());
    }

    /// The answer of a decision, or none at all when the store failed: the asker hears that the actor is gone.
    fn answer<T>(&mut self, decision: Decision<T>, cx: &mut Cx<'_, Self>) -> Answer<T> {
        match self.settle(decision, cx) {
            Some(reply) => reply.into(),
            None => cx.promise().1,
        }
    }

    fn admit(&mut self, decision: Decision<Entry>, public_key: &[u8; 32], cx: &mut Cx<'_, Self>) -> Answer<Admission> {
        match self.settle(decision, cx) {
            Some(Entry::Refused(refusal)) => refusal.into(),
            Some(Entry::Issue(issue)) => match self.setup.authority.issue(&issue.node, issue.roles, public_key) {
                Ok(certificate) => {
                    tracing::info!(node = %issue.node, roles = %issue.roles, "admitted");
                    issue.admitted(certificate).into()
                }
                Err(error) => {
                    // The token is used up; a new one is to be had. Better than a token that works twice.
                    tracing::error!(node = %issue.node, "no certificate could be issued: {error}");
                    cx.promise().1
                }
            },
            None => cx.promise().1,
        }
    }
}

/// Seconds since 1970: tokens and certificates end at a time of day that outlives a restart.
#[expect(clippy::disallowed_methods, reason = "the validity of tokens and certificates is a matter of the wall clock")]
fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn proven(caller: &Caller, public_key: &[u8; 32], proof: &[u8]) -> bool {
    caller.connection.as_ref().is_some_and(|connection| connection.proves(public_key, proof))
}

impl Actor for OrchestratorActor {
    type Protocol = Orchestrator;

    fn routes(routes: &mut Routes<Self>) {
        routes.add::<Join>().add::<Heartbeat>().add::<MintToken>().add::<Deny>().add::<ListNodes>();
        routes.add::<ListInstances>().add::<Renew>().add::<ZoneReport>();
        routes.add::<RegisterService>().add::<ShowService>().add::<ListManifests>().add::<UnregisterService>();
        routes.add::<DeployService>().add::<WatchDeployment>().add::<ListDeployments>().add::<RemoveDeployment>();
        routes.add::<ReportShare>();
    }

    fn started(&mut self, cx: &mut Cx<'_, Self>) {
        let stored = match records::load(&*self.setup.store) {
            Ok(stored) => stored,
            Err(error) => {
                tracing::error!("the store cannot be read: {error}");
                cx.me().kill();
                return;
            }
        };
        let node = cx.node();
        let core = MembershipCore::restore(cx.now(), node.domain().clone(), node.name().clone(), stored);
        node.endpoint().set_denied(core.denied());
        self.core = Some(core);
        match Deployments::restore(&*self.setup.store, cx.now(), self.flaw) {
            Ok(deployments) => self.deployments = deployments,
            Err(error) => {
                tracing::error!("the store cannot be read: {error}");
                cx.me().kill();
                return;
            }
        }
        self.go_on_leaving(cx);
        self.tell_zones(cx);
        self.pump(cx);
    }

    fn woken(&mut self, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        let decision = self.core().on_timeout(now);
        if self.settle(decision, cx).is_some() {
            self.deployments.core.on_timeout(now);
            self.pump(cx);
        }
    }

    fn state(&self, now: Millis) -> serde_json::Value {
        let state = self.core.as_ref().map(|core| serde_json::to_value(core.state(now)));
        let mut state = state.and_then(Result::ok).unwrap_or(serde_json::Value::Null);
        if let Some(state) = state.as_object_mut() {
            state.insert("deployments".to_owned(), self.deployments.state());
        }
        state
    }
}

impl Handler<Join> for OrchestratorActor {
    fn handle(&mut self, join: Join, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Admission> {
        let proven = proven(caller, &join.public_key, &join.proof);
        let now = cx.now();
        let decision = self.core().join(now, wall(), join.secret, proven);
        self.admit(decision, &join.public_key, cx)
    }
}

impl Handler<Renew> for OrchestratorActor {
    fn handle(&mut self, renew: Renew, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Admission> {
        let Some(node) = caller.node.clone() else { return Admission::BadProof.into() };
        let proven = proven(caller, &renew.public_key, &renew.proof);
        let now = cx.now();
        let decision = self.core().renew(now, wall(), &node, caller.roles, proven);
        self.admit(decision, &renew.public_key, cx)
    }
}

impl Handler<Heartbeat> for OrchestratorActor {
    fn handle(&mut self, beat: Heartbeat, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<HeartbeatReply> {
        let Some(node) = caller.node.clone() else { return HeartbeatReply { directory: None }.into() };
        let now = cx.now();
        let decision = self.core().heartbeat(now, &node, caller.roles, &beat);
        match self.settle(decision, cx) {
            Some(Some(reply)) => reply.into(),
            Some(None) => {
                if let Some(connection) = &caller.connection {
                    connection.close(CloseCode::DENIED, "this node is on the domain's deny list");
                }
                cx.promise().1
            }
            None => cx.promise().1,
        }
    }
}

impl Handler<MintToken> for OrchestratorActor {
    fn handle(&mut self, mint: MintToken, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Minting> {
        if mint.roles.has(Role::Viewer) || mint.roles.has(Role::Operator) {
            let reason = "a token admits a node; use the roles orchestrator, zone, host, resolver".to_owned();
            return Minting::Refused { reason }.into();
        }
        let (now, secret) = (cx.now(), (self.setup.entropy)());
        let decision = self.core().mint(now, wall(), secret, &mint);
        match self.settle(decision, cx) {
            Some(Ok(minted)) => Minting::Token { text: (self.setup.token_text)(minted.secret.0) }.into(),
            Some(Err(reason)) => Minting::Refused { reason }.into(),
            None => cx.promise().1,
        }
    }
}

impl Handler<Deny> for OrchestratorActor {
    fn handle(&mut self, deny: Deny, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Denial> {
        let now = cx.now();
        let decision = self.core().deny(now, &deny);
        self.answer(decision, cx)
    }
}

impl Handler<ListNodes> for OrchestratorActor {
    fn handle(&mut self, list: ListNodes, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<NodeList> {
        self.core().list_nodes(&list).into()
    }
}

impl Handler<ListInstances> for OrchestratorActor {
    fn handle(&mut self, list: ListInstances, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<InstanceList> {
        let now = cx.now();
        self.core().list_instances(now, &list).into()
    }
}

impl Handler<ZoneReport> for OrchestratorActor {
    fn handle(&mut self, report: ZoneReport, caller: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Noted> {
        let Some(node) = caller.node.clone() else { return Noted { seq: 0 }.into() };
        let now = cx.now();
        let decision = self.core().zone_report(now, &node, report);
        self.answer(decision, cx)
    }
}
