//! How a node of the domain is started: its socket, its papers, its roles, and who looks on.

use std::cell::RefCell;
use std::rc::Rc;

use actors_control::{HostSetup, MemberSetup, Membership, OrchestratorSetup, RoleSetup, start_roles};
use actors_dca::Registry;
use actors_kernel::{Node, NodeOptions, Route};
use actors_protocol::{Incarnation, NodeName, Role};
use media_session::Production;
use transport_link::{Endpoint, Options, Socket, Versions};

use super::{Domain, Inner, Life, seed_bytes};
use crate::cast::{Part, name};
use crate::ledger::NodeLife;
use crate::net::Random;
use crate::pki::{Pki, domain};
use crate::show::{ShowBuilder, Started, clip};

impl Domain {
    /// Starts a node: its next life.
    pub fn boot(&self, node: &NodeName) {
        let part = self.0.cast.part(node);
        let (number, home) = {
            let mut stage = self.0.stage.borrow_mut();
            let number = stage.lives.entry(node.clone()).or_default();
            *number += 1;
            (*number, stage.homes.get(node).copied().unwrap_or(0))
        };
        let life = NodeLife { node: node.clone(), life: number };
        let address = part.address(home);
        let mut random = Random::derive(self.0.seed, word(node, number));
        let papers = Pki::get().papers(node, part.roles());
        let socket = self.0.net.socket(address).expect("the node's last life has left its address");
        let endpoint = Endpoint::bind(Options {
            domain: domain(),
            authorities: vec![Pki::get().authority().certificate().clone()],
            identity: Some(papers.identity),
            socket: Socket::Abstract(socket),
            keys: Some(papers.keys),
            rng_seed: Some(seed_bytes(&mut random)),
            serve: true,
        });
        let options = NodeOptions {
            domain: domain(),
            node: node.clone(),
            roles: part.roles(),
            incarnation: Incarnation(number),
            access: self.0.making.access,
            versions: Versions::CURRENT,
        };
        let started = Node::start(options, endpoint.expect("an endpoint on a simulated socket"));
        let factories = Started::default();
        start_roles(&started, self.roles(part, &life, home, random, &factories))
            .expect("a new node has room for its roles");
        let now = self.0.ledger.now();
        self.0.ledger.reach().up(now, node, number);
        let up = Life { node: started, life, host: address.ip(), factories };
        self.0.stage.borrow_mut().up.insert(node.clone(), up);
    }

    fn roles(&self, part: &Part, life: &NodeLife, home: usize, mut random: Random, started: &Started) -> RoleSetup {
        let Inner { cast, ledger, making, media, store, .. } = &*self.0;
        let orchestrator = cast.part(&name("orc"));
        let member = MemberSetup {
            orchestrator: Route {
                node: orchestrator.name.clone(),
                endpoint: orchestrator.address(0),
                server_name: orchestrator.server_name(),
            },
            advertise: part.address(home),
            zone: part.zone.clone(),
            membership: Membership::default(),
            renewal: None,
        };
        let takes = random.within(making.building);
        let random = RefCell::new(random);
        let entropy: Rc<dyn Fn() -> u128> = Rc::new(move || {
            let mut random = random.borrow_mut();
            u128::from(random.next()) << 64 | u128::from(random.next())
        });
        let has = |role| part.role == role;
        let (rate, group, bytes) = making.show;
        let show = ShowBuilder {
            word: crate::show::BUILDER,
            production: Production::ready(clip(rate, group, bytes)),
            takes,
            entropy: entropy.clone(),
            flaw: making.flaw,
            observer: Some(ledger.watch_factories(life.clone())),
            started: started.clone(),
        };
        let production = media.production(making.studio, Some(ledger.watch_studios(life.clone())));
        let guide = ShowBuilder { word: crate::guide::BUILDER, production, ..show.clone() };
        RoleSetup {
            member,
            orchestrator: has(Role::Orchestrator).then(|| OrchestratorSetup {
                store: Rc::new(store.clone()),
                authority: Rc::new(Pki::get().authority_again()),
                entropy,
                token_text: Rc::new(|secret| format!("token-{secret:x}")),
                observer: Some(ledger.watch_orchestrator()),
            }),
            users: None,
            zone: part.zone.clone().filter(|_| has(Role::Zone)).map(|zone| {
                let wanted = cast.wanted.get(&zone).cloned().unwrap_or_default();
                (zone, wanted)
            }),
            host: has(Role::Host).then(|| HostSetup {
                registry: Registry::default().with(show).with(guide),
                advertise: part.address(home),
                zone: part.zone.clone(),
            }),
            resolver: has(Role::Resolver).then(|| cast.topology()),
            flaw: making.flaw,
            observers: ledger.watch_roles(life.clone()),
        }
    }
}

/// A number for a stream of chance that is a node's, in one of its lives.
fn word(node: &NodeName, life: u64) -> u64 {
    node.as_str().bytes().fold(life, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
}
