//! The member: tells the orchestrator that this node lives, and keeps the directory of the domain for the others.
//!
//! Owns: the heartbeat, the routes and the deny list of this node. Refuses: judging who is alive; that is the
//! orchestrator's. Without an orchestrator the last directory stays in force: sessions and resolution go on.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actors_kernel::{Actor, Addr, Answer, Cx, Fault, LinkWatch, Route};
use actors_protocol::membership::{Admission, Directory, Heartbeat, HeartbeatReply, NodeRecord, Orchestrator, Renew};
use actors_protocol::{DomainName, Millis, NodeName, Role, ZoneName};
use transport_link::{Identity, SigningKey, watch};

use crate::paths::{ORCHESTRATOR, role_path};

/// A heartbeat goes out this often, and at once when the link to the orchestrator comes up.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);
/// After a heartbeat that was not answered.
const RETRY: Duration = Duration::from_millis(250);
/// After a renewal that failed; half of the certificate's life is left for tries.
const RENEW_RETRY: Duration = Duration::from_secs(60);
/// How long an answer is waited for.
const HEARTBEAT_WITHIN: Duration = Duration::from_millis(900);

actors_protocol::inward_protocol! {
    /// Nobody asks a member anything.
    pub protocol Member("member")
}

/// The directory as it is now, and when it changes.
pub type DirectoryWatch = watch::Receiver<Arc<Directory>>;

/// What the roles of a node share of its membership.
#[derive(Clone)]
pub struct Membership {
    directory: Rc<watch::Sender<Arc<Directory>>>,
}

impl Default for Membership {
    fn default() -> Membership {
        Membership { directory: Rc::new(watch::Sender::new(Arc::default())) }
    }
}

impl Membership {
    /// The directory, to read and to wait for changes.
    pub fn directory(&self) -> DirectoryWatch {
        self.directory.subscribe()
    }
}

/// What a member is made with.
#[derive(Clone)]
pub struct MemberSetup {
    /// The way to the orchestrator.
    pub orchestrator: Route,
    /// Where others reach this node.
    pub advertise: SocketAddr,
    /// Its zone, if it has one.
    pub zone: Option<ZoneName>,
    /// Where the directory is left for the other roles.
    pub membership: Membership,
    /// How its certificate is kept fresh; none: it is not.
    pub renewal: Option<Renewal>,
}

/// Keeps an identity for the node's next start; an error in words.
pub type SaveIdentity = Rc<dyn Fn(&Identity) -> Result<(), String>>;

/// How a node keeps its certificate fresh.
#[derive(Clone)]
pub struct Renewal {
    /// The identity it started with.
    pub identity: Identity,
    /// Keeps a new one.
    pub save: SaveIdentity,
}

/// See the module.
pub struct MemberActor {
    setup: MemberSetup,
    orchestrator: Option<Addr<Orchestrator>>,
    /// Counts heartbeats; a timer of an earlier one is not listened to.
    beat: u64,
    under_way: bool,
    trouble: Option<Fault>,
}

/// How a node of the directory is reached: by its address, under the name of its first role.
pub fn route_to(domain: &DomainName, record: &NodeRecord) -> Option<Route> {
    let role = record.roles.iter().find(|role| *role != Role::Viewer)?;
    let server_name = format!("{}.{role}.{domain}", record.node);
    Some(Route { node: record.node.clone(), endpoint: record.advertise?, server_name })
}

impl MemberActor {
    /// A member that has not beaten yet.
    pub fn new(setup: MemberSetup) -> MemberActor {
        MemberActor { setup, orchestrator: None, beat: 0, under_way: false, trouble: None }
    }

    fn beat(&mut self, leaving: bool, cx: &mut Cx<'_, Self>) -> bool {
        if self.under_way && !leaving {
            return false;
        }
        self.under_way = true;
        self.beat += 1;
        let node = cx.node();
        let heartbeat = Heartbeat {
            roles: node.roles(),
            zone: self.setup.zone.clone(),
            advertise: self.setup.advertise,
            incarnation: node.incarnation(),
            known: self.setup.membership.directory.borrow().version,
            leaving,
        };
        let Some(orchestrator) = self.orchestrator.clone() else { return false };
        cx.ask(&orchestrator, heartbeat, HEARTBEAT_WITHIN, Self::answered);
        true
    }

    fn answered(&mut self, answer: Result<HeartbeatReply, Fault>, cx: &mut Cx<'_, Self>) {
        self.under_way = false;
        let pause = match answer {
            Ok(reply) => {
                if self.trouble.take().is_some() {
                    tracing::info!(node = %cx.node().name(), "the orchestrator answers again");
                }
                if let Some(directory) = reply.directory {
                    self.take_up(directory, cx);
                }
                HEARTBEAT_EVERY
            }
            Err(fault) => {
                if self.trouble.is_none() {
                    tracing::warn!(node = %cx.node().name(), "the orchestrator does not answer: {fault}");
                }
                self.trouble = Some(fault);
                RETRY
            }
        };
        let beat = self.beat;
        cx.after(pause, move |member, cx| {
            if member.beat == beat {
                member.beat(false, cx);
            }
        });
    }

    fn take_up(&mut self, directory: Directory, cx: &mut Cx<'_, Self>) {
        let node = cx.node();
        let mut routes: Vec<Route> =
            directory.nodes.iter().filter_map(|record| route_to(node.domain(), record)).collect();
        if !routes.iter().any(|route| route.node == self.setup.orchestrator.node) {
            routes.push(self.setup.orchestrator.clone());
        }
        node.set_routes(routes);
        node.endpoint().set_denied(directory.denied.iter().cloned().collect::<BTreeSet<NodeName>>());
        self.setup.membership.directory.send_replace(Arc::new(directory));
    }

    /// Waits for half of the certificate's life, then asks for another with a new key. No connection is dropped for it.
    fn plan_renewal(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(renewal) = &self.setup.renewal else { return };
        #[expect(clippy::disallowed_methods, reason = "the validity of certificates is a matter of the wall clock")]
        let now = std::time::SystemTime::now();
        let pause = renewal.identity.renew_at().duration_since(now).unwrap_or_default();
        cx.after(pause.max(RENEW_RETRY), Self::renew);
    }

    fn renew(&mut self, cx: &mut Cx<'_, Self>) {
        let connection = cx.node().connection_to(&self.setup.orchestrator.node);
        let (Some(connection), Some(orchestrator)) = (connection, self.orchestrator.clone()) else {
            cx.after(RENEW_RETRY, Self::renew);
            return;
        };
        let key = Identity::generate_key();
        let ask = Renew { public_key: key.public_key(), proof: connection.prove(&key) };
        cx.ask(&orchestrator, ask, HEARTBEAT_WITHIN, move |member: &mut MemberActor, answer, cx| {
            let renewed = match answer {
                Ok(Admission::Admitted { certificate, .. }) => member.take_identity(&certificate, key, cx),
                Ok(refusal) => Err(format!("{refusal:?}")),
                Err(fault) => Err(fault.to_string()),
            };
            match renewed {
                Ok(()) => member.plan_renewal(cx),
                Err(words) => {
                    tracing::warn!(node = %cx.node().name(), "the certificate is not renewed: {words}");
                    cx.after(RENEW_RETRY, Self::renew);
                }
            }
        });
    }

    fn take_identity(&mut self, certificate: &str, key: SigningKey, cx: &Cx<'_, Self>) -> Result<(), String> {
        let Some(renewal) = &mut self.setup.renewal else { return Ok(()) };
        let identity = Identity::new(certificate, key).map_err(|error| error.to_string())?;
        // Kept first: a node that shows a certificate which it then loses would be a stranger after a restart.
        (renewal.save)(&identity)?;
        cx.node().endpoint().replace_identity(&identity).map_err(|error| error.to_string())?;
        tracing::info!(node = %cx.node().name(), "the certificate is renewed");
        renewal.identity = identity;
        Ok(())
    }

    /// A link that comes up may lead to an orchestrator that has just started and knows nobody.
    fn watch_link(&mut self, mut link: LinkWatch, cx: &mut Cx<'_, Self>) {
        cx.run(
            async move {
                let up = link.came_up().await;
                (up, link)
            },
            |member, (up, link), cx| {
                if up {
                    member.beat(false, cx);
                    member.watch_link(link, cx);
                }
            },
        );
    }
}

impl Actor for MemberActor {
    type Protocol = Member;

    fn started(&mut self, cx: &mut Cx<'_, Self>) {
        cx.node().set_route(self.setup.orchestrator.clone());
        self.orchestrator = Some(cx.node().far(&self.setup.orchestrator.node, role_path(ORCHESTRATOR)));
        match cx.node().link_watch(&self.setup.orchestrator.node) {
            Ok(link) => self.watch_link(link, cx),
            Err(fault) => tracing::error!("the way to the orchestrator has just been set, and yet: {fault}"),
        }
        self.beat(false, cx);
        self.plan_renewal(cx);
    }

    fn drain(&mut self, _: Duration, cx: &mut Cx<'_, Self>) -> Answer<()> {
        // Said goodbye, the node is down for the others at once and not only when it is missed.
        self.beat(true, cx);
        let (promise, answer) = cx.promise();
        cx.after(Duration::from_millis(200), move |_, _| promise.keep(()));
        answer
    }

    fn state(&self, _now: Millis) -> serde_json::Value {
        let directory = self.setup.membership.directory.borrow().clone();
        let nodes: Vec<_> = directory
            .nodes
            .iter()
            .map(|record| {
                serde_json::json!({
                    "node": record.node, "roles": record.roles, "zone": record.zone,
                    "advertise": record.advertise, "alive": record.alive,
                })
            })
            .collect();
        serde_json::json!({
            "orchestrator": self.setup.orchestrator.node, "advertise": self.setup.advertise, "beats": self.beat,
            "directory": { "version": directory.version, "nodes": nodes, "denied": directory.denied },
            "trouble": self.trouble.as_ref().map(ToString::to_string),
        })
    }
}
