//! The same domain as six processes of `fusion node`, made as a person makes it: `init`, and for each node `token` and `join`,
//! with the configurations in `fixtures/six`. On loopback, or across network namespaces as two hosts.
//!
//! ```text
//!   across:  member 0                                 member 1           member 2
//!            orchestrator, resolver, zone-a, host-a   zone-b, host-b     viewers
//! ```

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::alone::{Alone, alone};
use crate::{Finished, Namespaces, Process, TempDir, Terminal, eventually, free_port, json, media};

/// Its nodes but the orchestrator, and what `fusion token` is told of them.
pub const MEMBERS: [(&str, &str); 5] = [
    ("resolver", "--roles resolver"),
    ("zone-a", "--roles zone --zone zone-a"),
    ("zone-b", "--roles zone --zone zone-b"),
    ("host-a", "--roles host --zone zone-a"),
    ("host-b", "--roles host --zone zone-b"),
];
/// The node that the others join.
pub const ORCHESTRATOR: &str = "orchestrator";
/// A node is up after milliseconds.
const UP_WITHIN: Duration = Duration::from_secs(20);
/// Until every slot is free: the first run draws and encodes the clip, on each host.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// Slots of `clip.demo` in each zone, as the configurations have it.
pub const SLOTS: u64 = 4;

/// The domain. A node that does not run is one that was killed, or not started yet.
#[derive(Debug)]
pub struct Six {
    running: BTreeMap<String, Process>,
    listens: BTreeMap<String, SocketAddr>,
    configurations: BTreeMap<String, PathBuf>,
    directory: TempDir,
    /// Dropped after the processes inside.
    namespaces: Option<Namespaces>,
    _alone: Alone,
}

impl Six {
    /// All six, ready, on loopback.
    #[track_caller]
    pub fn start() -> Six {
        let mut six = Six::found(None);
        six.start_all();
        six
    }

    /// All six, ready, on two hosts; viewers are on a third.
    #[track_caller]
    pub fn across(namespaces: Namespaces) -> Six {
        let mut six = Six::found(Some(namespaces));
        six.start_all();
        six
    }

    /// Only the orchestrator, on loopback.
    #[track_caller]
    pub fn begin() -> Six {
        Six::found(None)
    }

    /// Only the orchestrator, across namespaces.
    #[track_caller]
    pub fn begin_across(namespaces: Namespaces) -> Six {
        Six::found(Some(namespaces))
    }

    #[track_caller]
    fn found(namespaces: Option<Namespaces>) -> Six {
        let alone = alone();
        let mut six = Six {
            running: BTreeMap::new(),
            listens: BTreeMap::new(),
            configurations: BTreeMap::new(),
            directory: TempDir::new(),
            namespaces,
            _alone: alone,
        };
        for node in MEMBERS.map(|(node, _)| node).into_iter().chain([ORCHESTRATOR]) {
            let ip = six.namespaces.as_ref().map_or(Ipv4Addr::LOCALHOST, |members| members.address(member_of(node)));
            six.listens.insert(node.to_owned(), (ip, free_port()).into());
            let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/six").join(format!("{node}.toml"));
            six.configurations.insert(node.to_owned(), fixture);
        }
        let (orchestrator, resolver) = (six.listens[ORCHESTRATOR], six.listens["resolver"]);
        six.operator().ok(&format!("init --domain demo --orchestrator {orchestrator} --resolver resolver={resolver}"));
        six.run(ORCHESTRATOR);
        // A viewer's machine has the public description of the domain, and nothing else.
        let public = std::fs::read(six.dir(ORCHESTRATOR).join("domain.json")).expect("init has made it");
        six.directory.write("viewer/domain.json", public);
        six
    }

    #[track_caller]
    fn start_all(&mut self) {
        for (node, what) in MEMBERS {
            self.admit(node, what).expect_code(0);
            if node.starts_with("host") {
                media::lend(&self.dir(node));
            }
            self.run(node);
        }
        let operator = self.operator();
        eventually(READY_WITHIN, "every slot of both zones is free", || {
            let listed = operator.run("service list clip.demo --json");
            let pools = if listed.code() == Some(0) { operator.pools("clip.demo") } else { Vec::new() };
            let ready = pools.len() == 2 && pools.iter().all(|pool| pool.all_free(SLOTS));
            if ready { Ok(()) } else { Err(format!("{}{}", listed.stdout, listed.stderr)) }
        });
        // The resolver hears of slots by reports of its own.
        eventually(READY_WITHIN, "the resolver knows every slot of both zones", || {
            let resolved = operator.run("resolve clip.demo --json");
            let known = resolved.code() == Some(0) && {
                let answer = resolved.json();
                let candidates = json::list(&answer, "/candidates");
                candidates.len() == 2 && candidates.iter().all(|one| json::count(one, "/free") == SLOTS)
            };
            if known { Ok(()) } else { Err(format!("{}{}", resolved.stdout, resolved.stderr)) }
        });
        media::keep(&self.dir("host-a"));
    }

    /// A terminal of the domain's operator, on the orchestrator's machine.
    pub fn operator(&self) -> Terminal {
        self.terminal(ORCHESTRATOR)
    }

    /// A terminal of a viewer: its directory holds the public description of the domain only.
    pub fn viewers(&self) -> Terminal {
        self.terminal("viewer")
    }

    /// A terminal on a node's machine, with the node's directory.
    pub fn terminal(&self, node: &str) -> Terminal {
        let terminal = Terminal::new(self.dir(node));
        match &self.namespaces {
            Some(namespaces) => terminal.inside(namespaces, member_of(node)),
            None => terminal,
        }
    }

    /// The directory of a node.
    pub fn dir(&self, node: &str) -> PathBuf {
        self.directory.join(node)
    }

    /// A directory for what a test writes.
    pub fn scratch(&self) -> &TempDir {
        &self.directory
    }

    /// The namespaces, if the domain lies across some.
    pub fn namespaces(&self) -> &Namespaces {
        self.namespaces.as_ref().expect("the domain is made across namespaces")
    }

    /// The processes of these nodes.
    pub fn processes<'a>(&'a self, nodes: &'a [&str]) -> impl Iterator<Item = &'a Process> {
        nodes.iter().map(|node| &self.running[*node])
    }

    /// Mints a token.
    #[track_caller]
    pub fn token(&self, words: &str) -> String {
        self.operator().ok(&format!("token {words}")).trim().to_owned()
    }

    /// Mints a token for a node and joins with it, from the node's machine.
    #[track_caller]
    pub fn admit(&self, node: &str, what: &str) -> Finished {
        let token = self.token(&format!("{node} {what}"));
        self.terminal(node).run(&format!("join {token}"))
    }

    /// Gives a node another configuration than the fixture.
    pub fn configure(&mut self, node: &str, change: impl FnOnce(String) -> String) {
        let fixture = &self.configurations[node];
        let text = std::fs::read_to_string(fixture).unwrap_or_else(|error| panic!("{}: {error}", fixture.display()));
        let path = self.directory.write(&format!("{node}.toml"), change(text));
        self.configurations.insert(node.to_owned(), path);
    }

    /// Starts a node and waits until it listens.
    #[track_caller]
    pub fn run(&mut self, node: &str) {
        let mut process = self.spawn(node);
        let ready = process.wait_for_json(UP_WITHIN);
        assert_eq!(json::text(&ready, "/node"), node);
        self.running.insert(node.to_owned(), process);
    }

    /// Starts a node of which nothing is expected yet.
    #[track_caller]
    pub fn spawn(&self, node: &str) -> Process {
        let (listen, configuration) = (self.listens[node], self.configurations[node].display());
        let words = format!("node --json --deadline 3s --listen {listen} --config {configuration}");
        Process::spawn(node, self.terminal(node).command(&words))
    }

    /// `kill -9` of a node.
    #[track_caller]
    pub fn kill(&mut self, node: &str) {
        self.running.remove(node).unwrap_or_else(|| panic!("{node} does not run")).kill();
    }

    /// A node's process.
    pub fn process(&mut self, node: &str) -> &mut Process {
        self.running.get_mut(node).unwrap_or_else(|| panic!("{node} does not run"))
    }
}

/// On which machine a node is.
fn member_of(node: &str) -> usize {
    match node {
        "zone-b" | "host-b" => 1,
        "viewer" => 2,
        _ => 0,
    }
}
