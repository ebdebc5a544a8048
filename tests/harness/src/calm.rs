//! A domain in which nothing goes wrong unless a test says so: for tests that assert times. In the end nothing must be left
//! of it, and no invariant may have been broken on the way.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use actors_protocol::{NodeName, Role};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use transport_viewer::{InputEvent, OpenError, OpenOptions, Options, Session, Socket, Viewer};

use crate::cast::{Cast, name};
use crate::domain::{Domain, Making, seed_bytes};
use crate::guide::{Mood, SERVICE};
use crate::ledger::Ledger;
use crate::net::{Link, Network, Random};
use crate::scenario::simulate;
use crate::viewers::Eye;

/// A domain is up, and every resolver knows of every pool, after this time.
const UP_AFTER: Duration = Duration::from_secs(6);
/// What must not last is looked at this often.
const TICK: Duration = Duration::from_millis(250);

/// See the module.
pub struct Calm {
    /// The domain.
    pub domain: Domain,
    random: std::cell::RefCell<Random>,
}

/// What one viewer saw for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Pictures.
    pub pictures: u64,
    /// Key pictures among them.
    pub keys: u64,
    /// Numbers that were missing.
    pub missing: u64,
    /// The longest time between two pictures.
    pub longest: Duration,
}

/// Runs a test in a domain of one host per zone and one resolver, with so many slots in the instances one, two and duo.
pub fn calm<T>(slots: [u32; 3], making: Making, test: impl AsyncFnOnce(&Calm) -> T) -> T {
    calm_with(Cast::of(2, 1, slots), making, test)
}

/// The same in a domain with nothing but a guide of so many slots.
pub fn calm_guide<T>(slots: u32, test: impl AsyncFnOnce(&Calm) -> T) -> T {
    let making = Making { mood: Mood::WELL, ..Making::default() };
    calm_with(Cast::of(2, 1, [0, 0, 0]).with_guide(slots), making, test)
}

fn calm_with<T>(cast: Cast, making: Making, test: impl AsyncFnOnce(&Calm) -> T) -> T {
    simulate(async {
        let ledger = Ledger::new(true, false);
        let domain = Domain::new(1, cast, ledger.clone(), making);
        domain.boot_all();
        let mut ticking = JoinSet::new();
        let ticked = domain.clone();
        ticking.spawn_local(async move {
            loop {
                sleep(TICK).await;
                ticked.tick();
            }
        });
        sleep(UP_AFTER).await;
        let calm = Calm { domain, random: std::cell::RefCell::new(Random::new(2)) };
        let result = test(&calm).await;
        calm.domain.shut_down(&mut Random::new(3)).await;
        sleep(TICK).await;
        calm.domain.tick();
        ticking.abort_all();
        while ticking.join_next().await.is_some() {}
        let violations = ledger.violations();
        assert!(violations.is_empty(), "{violations:?}");
        result
    })
}

impl Calm {
    /// The network.
    pub fn net(&self) -> &Network {
        self.domain.net()
    }

    /// The only node with this role; of zones and hosts the one of zone-a.
    pub fn node(&self, role: Role) -> NodeName {
        self.domain.cast().with(role).next().expect("every role is there").name.clone()
    }

    /// The address of viewer `number`'s machine.
    pub fn host(number: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 1, 0, number))
    }

    /// Links the machine of viewer `number` with every node.
    pub fn link(&self, number: u8, link: Link) {
        let homes = self.domain.cast().parts.iter().flat_map(|part| part.homes);
        homes.for_each(|home| self.net().set_link(Calm::host(number), home, link));
    }

    /// Links every pair of different nodes.
    pub fn link_nodes(&self, link: Link) {
        let homes: Vec<_> = self.domain.cast().parts.iter().flat_map(|part| part.homes).collect();
        for (index, one) in homes.iter().enumerate() {
            homes[..index].iter().for_each(|other| self.net().set_link(*one, *other, link));
        }
    }

    /// A viewer that has just been switched on.
    pub fn viewer(&self, number: u8) -> Viewer {
        let socket = self.net().socket(SocketAddr::new(Calm::host(number), 0)).expect("a free port");
        let rng_seed = Some(seed_bytes(&mut self.random.borrow_mut()));
        let options = Options { socket: Some(Socket::Abstract(socket)), rng_seed, versions: None };
        Viewer::new(self.domain.trust(), options).expect("the domain's own description")
    }

    /// Opens `stage.sim` for viewer `number`, in the west; waits for a slot if need be.
    pub async fn open(&self, number: u8, wait: Duration) -> Result<(Viewer, Session), OpenError> {
        self.open_service("stage.sim", number, wait).await
    }

    /// Opens the guide for viewer `number`, and asks it for a page.
    pub async fn open_guide(&self, number: u8, page: u32) -> Result<(Viewer, Session), OpenError> {
        let opened = self.open_service(SERVICE, number, Duration::ZERO).await?;
        opened.1.send(InputEvent::Key { keysym: page, down: true }).expect("it takes inputs");
        Ok(opened)
    }

    async fn open_service(&self, service: &str, number: u8, wait: Duration) -> Result<(Viewer, Session), OpenError> {
        let viewer = self.viewer(number);
        let options = OpenOptions { site: Some(name("west")), wait };
        let opened = viewer.open(&name(service), options).await;
        match opened {
            Ok(session) => Ok((viewer, session)),
            Err(error) => {
                viewer.close().await;
                Err(error)
            }
        }
    }
}

/// Looks on for a while, and fails if a picture cannot be decoded or a number is wrong.
pub async fn look(session: &mut Session, eye: &mut Eye, length: Duration) -> Seen {
    let until = Instant::now() + length;
    let mut seen = Seen::default();
    let mut last = None;
    while let Ok(picture) = tokio::time::timeout_at(until, session.next_picture()).await {
        let picture = picture.expect("the session goes on");
        eye.see(&picture).expect("pictures are decodable and numbered");
        let at = Instant::now();
        seen.pictures += 1;
        seen.keys += u64::from(picture.key);
        seen.missing += picture.late_before + picture.dropped_before;
        seen.longest = seen.longest.max(last.map_or(Duration::ZERO, |last| at - last));
        last = Some(at);
    }
    let since_last = last.map_or(length, |last| Instant::now() - last);
    seen.longest = seen.longest.max(since_last);
    seen
}
