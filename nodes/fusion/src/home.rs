//! The directory of a domain, and the directory of a node in it.
//!
//! ```text
//!   DIR/domain.json                       the domain, its authority's certificate, where orchestrator and resolvers are
//!   DIR/operator.pem, .key                what the CLI shows (made by `init`)
//!   DIR/admin.token                       an admin's bearer token for REST (made by `dev`)
//!   DIR/authority.pem, .key  store.redb   the orchestrator's
//!   DIR/node.json  node.pem, .key         who this node is
//!   DIR/endpoint.key  life                what lets others notice a restart, and which life this is
//!   DIR/lock                              held by the process that runs the node
//! ```
//!
//! Owns: the names of the files and what is in `domain.json` and `node.json`. Refuses: formats of keys (`transport/link`).

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use actors_kernel::Route;
use actors_protocol::{DomainName, Incarnation, NodeName, Role, Roles, SiteName, ZoneName};
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use transport_link::{Authority, AuthorityCertificate, EndpointKeys, Identity};

/// Where a node of a role is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its name.
    pub node: NodeName,
    /// UDP.
    pub address: SocketAddr,
    /// A DNS name of its certificate.
    pub server_name: String,
}

impl Found {
    /// `node` in `role` at `address`.
    pub fn new(node: NodeName, role: Role, domain: &DomainName, address: SocketAddr) -> Found {
        let server_name = format!("{node}.{role}.{domain}");
        Found { node, address, server_name }
    }

    /// As the kernel wants it.
    pub fn route(&self) -> Route {
        Route { node: self.node.clone(), endpoint: self.address, server_name: self.server_name.clone() }
    }
}

/// `domain.json`: no secret in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainFile {
    /// The domain.
    pub domain: DomainName,
    /// The authority's certificate, PEM.
    pub authority: String,
    /// The orchestrator.
    pub orchestrator: Found,
    /// The resolvers, in the order viewers ask them.
    pub resolvers: Vec<Found>,
    /// Where viewers with this file are.
    #[serde(default)]
    pub site: Option<SiteName>,
}

/// `node.json`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeFile {
    /// The node.
    pub node: NodeName,
    /// What it may be.
    pub roles: Roles,
    /// Its zone, if it has one.
    pub zone: Option<ZoneName>,
}

/// A directory with the files above; which of them are there, depends on whose it is.
#[derive(Clone, Debug)]
pub struct Home(PathBuf);

/// Held while a process runs the node of a directory.
#[derive(Debug)]
pub struct DirLock {
    _file: std::fs::File,
}

const NODE: &str = "node";
const OPERATOR: &str = "operator";

impl Home {
    /// `--dir` or `FUSION_DIR`, or `~/.fusion`.
    pub fn find(given: Option<PathBuf>) -> anyhow::Result<Home> {
        let dir = match given {
            Some(dir) => dir,
            None => {
                let home =
                    std::env::var_os("HOME").context("no --dir, no FUSION_DIR and no HOME: say where the domain is")?;
                PathBuf::from(home).join(".fusion")
            }
        };
        Ok(Home(std::path::absolute(&dir).with_context(|| format!("{} is no directory", dir.display()))?))
    }

    /// The directory itself.
    pub fn dir(&self) -> &Path {
        &self.0
    }

    /// The home of another node, below this one.
    pub fn below(&self, node: &NodeName) -> Home {
        Home(self.0.join("nodes").join(node.as_str()))
    }

    /// Makes the directory, for its owner only.
    pub fn create(&self) -> anyhow::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        made.with_context(|| format!("directory {} cannot be made", self.0.display()))
    }

    /// Takes the directory for this process, until the lock is dropped or the process ends, however it does.
    ///
    /// Two processes with one identity would be two nodes of one name, and a second `fusion dev` would tell everybody to
    /// dial its own ports.
    pub fn lock(&self) -> anyhow::Result<DirLock> {
        let path = self.0.join("lock");
        let file = std::fs::File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("{} cannot be written", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(DirLock { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => bail!(
                "{} is in use by another `fusion` process; stop that one, or give this one a --dir of its own",
                self.0.display()
            ),
            Err(std::fs::TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("{} cannot be locked", path.display()))
            }
        }
    }

    /// Takes back [`Home::create`] and [`Home::lock`]: removes the directory if nothing else is in it.
    pub fn remove_unused(&self) {
        // What is left behind is an empty directory, which is no harm.
        let _ = std::fs::remove_file(self.0.join("lock"));
        let _ = std::fs::remove_dir(&self.0);
    }

    /// Is there a domain here?
    pub fn has_domain(&self) -> bool {
        self.0.join("domain.json").exists()
    }

    /// Reads `domain.json`.
    pub fn domain(&self) -> anyhow::Result<DomainFile> {
        self.read(
            "domain.json",
            "make a domain with `fusion init` or `fusion dev`, join one with `fusion join`, or give its --dir",
        )
    }

    /// Writes `domain.json`.
    pub fn save_domain(&self, domain: &DomainFile) -> anyhow::Result<()> {
        self.write("domain.json", domain)
    }

    /// Reads `node.json`.
    pub fn node(&self) -> anyhow::Result<NodeFile> {
        self.read("node.json", "this directory is no node's; make it one with `fusion join TOKEN --dir`")
    }

    /// Is this directory a node's?
    pub fn is_node(&self) -> bool {
        self.0.join("node.json").exists()
    }

    /// Writes `node.json` and the node's identity.
    pub fn save_node(&self, node: &NodeFile, identity: &Identity) -> anyhow::Result<()> {
        identity.save(&self.0, NODE)?;
        self.write("node.json", node)
    }

    /// The node's certificate and key.
    pub fn identity(&self) -> anyhow::Result<Identity> {
        Ok(Identity::load(&self.0, NODE)?)
    }

    /// Saves a renewed certificate.
    pub fn save_identity(&self, identity: &Identity) -> anyhow::Result<()> {
        Ok(identity.save(&self.0, NODE)?)
    }

    /// The operator's certificate and key.
    pub fn operator(&self) -> anyhow::Result<Identity> {
        let missing =
            "this needs the operator's certificate, which `fusion init` and `fusion dev` leave in their --dir";
        Identity::load(&self.0, OPERATOR).context(missing)
    }

    /// The domain's authority, if this is the orchestrator's directory.
    pub fn authority(&self) -> anyhow::Result<Authority> {
        let missing =
            "an orchestrator needs the domain's authority, which `fusion init` makes in the orchestrator's --dir";
        Authority::load(&self.0).context(missing)
    }

    /// What lets others notice a restart; made when it is not there.
    pub fn endpoint_keys(&self) -> anyhow::Result<EndpointKeys> {
        Ok(EndpointKeys::create_or_load(&self.0)?)
    }

    /// The orchestrator's store.
    pub fn store(&self) -> PathBuf {
        self.0.join("store.redb")
    }

    /// Where what has to be generated is kept.
    pub fn media(&self) -> PathBuf {
        self.0.join("media")
    }

    /// Counts the lives of the node: each start has a larger number than all before it.
    pub fn next_life(&self) -> anyhow::Result<Incarnation> {
        let path = self.0.join("life");
        let before = match std::fs::read_to_string(&path) {
            Ok(text) => text.trim().parse::<u64>().with_context(|| format!("{} holds no number", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        };
        let life = before + 1;
        replace(&path, life.to_string().as_bytes())?;
        Ok(Incarnation(life))
    }

    /// Where an admin's bearer token is.
    pub fn admin_token(&self) -> PathBuf {
        self.0.join("admin.token")
    }

    /// Keeps an admin's bearer token, for the owner only.
    pub fn save_admin_token(&self, token: &str) -> anyhow::Result<()> {
        replace_with(&self.admin_token(), format!("{token}\n").as_bytes(), 0o600)
    }

    /// The public half of the authority.
    pub fn authorities(domain: &DomainFile) -> anyhow::Result<Vec<AuthorityCertificate>> {
        Ok(vec![AuthorityCertificate::from_pem(&domain.authority)?])
    }

    /// Makes a domain here: authority, operator, the orchestrator's own identity.
    pub fn init(&self, domain: &DomainName, orchestrator: Found, resolvers: Vec<Found>) -> anyhow::Result<DomainFile> {
        if self.has_domain() || self.0.join("authority.key").exists() {
            bail!("there is a domain in {} already; choose another --dir, or remove it", self.0.display());
        }
        self.create()?;
        let authority = Authority::create(domain)?;
        authority.save(&self.0)?;
        let operator = "operator".parse().expect("a constant name");
        issue(&authority, &operator, Roles::of(&[Role::Operator]))?.save(&self.0, OPERATOR)?;
        let node = NodeFile { node: orchestrator.node.clone(), roles: Roles::of(&[Role::Orchestrator]), zone: None };
        self.save_node(&node, &issue(&authority, &node.node, node.roles)?)?;
        let authority = authority.certificate().pem().to_owned();
        let file = DomainFile { domain: domain.clone(), authority, orchestrator, resolvers, site: None };
        self.save_domain(&file)?;
        Ok(file)
    }

    fn read<T: for<'de> Deserialize<'de>>(&self, name: &str, remedy: &str) -> anyhow::Result<T> {
        let path = self.0.join(name);
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read: {remedy}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not what it should be", path.display()))
    }

    fn write(&self, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
        let mut text = serde_json::to_string_pretty(value)?;
        text.push('\n');
        replace(&self.0.join(name), text.as_bytes())
    }
}

/// A new identity, issued by the authority at hand.
pub fn issue(authority: &Authority, node: &NodeName, roles: Roles) -> anyhow::Result<Identity> {
    let key = Identity::generate_key();
    let certificate = authority.issue(node, roles, &key.public_key())?;
    Ok(Identity::new(&certificate, key)?)
}

/// Writes a file as a whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    replace_with(path, bytes, 0o666)
}

/// The same, with this mode as far as the umask permits.
fn replace_with(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    // A file of another mode may have been left there by a process that was killed: it is made anew.
    let _ = std::fs::remove_file(&beside);
    let made = std::fs::File::options().write(true).create_new(true).mode(mode).open(&beside);
    let written = made.and_then(|mut file| {
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    });
    written.with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_made_once_and_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home(folder.path().join("demo"));
        let domain: DomainName = "demo".parse().expect("name");
        let at = "127.0.0.1:7100".parse().expect("address");
        let orchestrator = Found::new("orchestrator".parse().expect("name"), Role::Orchestrator, &domain, at);
        let made = home.init(&domain, orchestrator.clone(), vec![]).expect("made");
        assert_eq!(home.domain().expect("read"), made);
        assert_eq!(orchestrator.server_name, "orchestrator.orchestrator.demo");
        assert!(home.identity().is_ok() && home.operator().is_ok() && home.authority().is_ok());
        let again = home.init(&domain, orchestrator, vec![]).expect_err("there is one").to_string();
        assert!(again.contains("already"), "{again}");
        assert_eq!((home.next_life().expect("counted").0, home.next_life().expect("counted").0), (1, 2));
    }

    #[test]
    fn a_directory_is_one_processs() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home(folder.path().to_owned());
        let held = home.lock().expect("free");
        let refused = home.lock().expect_err("taken").to_string();
        assert!(refused.contains("in use") && refused.contains("--dir"), "{refused}");
        drop(held);
        assert!(home.lock().is_ok(), "free again");
    }

    #[test]
    fn a_directory_without_a_domain_says_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = Home(folder.path().to_owned()).domain().expect_err("nothing there").to_string();
        assert!(error.contains("fusion init") && error.contains("domain.json"), "{error}");
    }
}
