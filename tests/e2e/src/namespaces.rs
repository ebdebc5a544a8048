//! Network namespaces of a test's own, joined by links with delay, a limited rate and cuts: two machines in one.
//!
//! Owns: the namespaces, a device `eth0` in each and the [`hub`] that relays between them; all of it goes when it is
//! dropped. Processes inside are dropped before it.
//! Needs: root and `/dev/net/tun` (no netem, which many kernels lack). Without them [`Namespaces::create`] says that the
//! test is skipped.
//!
//! ```text
//!  namespace 0                                          namespace 1
//!   10.91.0.1 eth0 --TUN--> hub: a lane per direction --TUN--> eth0 10.91.0.2
//! ```

mod hub;
mod inside;
mod lane;
mod tun;

use std::fs::File;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};

use crate::process::behind;
use crate::say::{say, skipped};
use hub::Hub;
pub use lane::{Link, Traffic};

/// Names are `PREFIX-PID-SET-INDEX`: two runs at the same time do not meet, and what a killed run left is recognised.
const PREFIX: &str = "fusion-e2e";
/// Where iproute2 keeps them.
const NAMESPACES: &str = "/run/netns";
/// The last byte of an address is the index plus one.
const MEMBERS_MAX: usize = 200;
/// What the members' addresses have in common.
const NETWORK: [u8; 3] = [10, 91, 0];

/// Some namespaces that reach each other and nothing else.
#[derive(Debug)]
pub struct Namespaces {
    names: Vec<String>,
    /// Taken out when dropped: the devices go before the namespaces do.
    hub: Option<Hub>,
}

impl Namespaces {
    /// Makes `members` namespaces without delay. `None`, after saying so, when this machine does not permit it.
    #[track_caller]
    pub fn create(members: usize) -> Option<Namespaces> {
        // One at a time: `ip netns` prepares a directory that all of them share, and two that do so at once both fail.
        static ONE: Mutex<()> = Mutex::new(());
        let _held = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(needs) = permitted() {
            skipped(needs);
            return None;
        }
        remove_left_over();
        Some(Namespaces::make(members).unwrap_or_else(|error| panic!("network namespaces: {error:#}")))
    }

    fn make(members: usize) -> anyhow::Result<Namespaces> {
        static SETS: AtomicU32 = AtomicU32::new(0);
        assert!(members <= MEMBERS_MAX, "at most {MEMBERS_MAX} namespaces");
        let set = SETS.fetch_add(1, Ordering::Relaxed);
        // Filled as they come to be, so that a failure half way removes what there is.
        let mut made = Namespaces { names: Vec::new(), hub: None };
        let mut devices = Vec::new();
        for index in 0..members {
            let name = format!("{PREFIX}-{}-{set}-{index}", std::process::id());
            ip(&["netns", "add", &name])?;
            made.names.push(name.clone());
            ip_inside(&name, &["link", "set", "lo", "up"])?;
            devices.push(inside::enter(&path(&name), || tun::open("eth0")).context("a TUN device")?);
            ip_inside(&name, &["addr", "add", &format!("{}/24", made.address(index)), "dev", "eth0"])?;
            ip_inside(&name, &["link", "set", "eth0", "up"])?;
        }
        made.hub = Some(Hub::start(devices).context("the hub")?);
        Ok(made)
    }

    /// The address of a member.
    pub fn address(&self, member: usize) -> Ipv4Addr {
        let [a, b, c] = NETWORK;
        Ipv4Addr::new(a, b, c, u8::try_from(member + 1).expect("at most MEMBERS_MAX members"))
    }

    /// Where the namespace of a member is, for `nsenter --net=`.
    pub fn path(&self, member: usize) -> PathBuf {
        path(&self.names[member])
    }

    /// The same command, inside a member. Set input and output on what is returned.
    #[track_caller]
    pub fn command(&self, member: usize, command: &Command) -> Command {
        let network = format!("--net={}", self.path(member).display());
        behind(["nsenter", network.as_str(), "--"], command)
    }

    /// Runs `act` on a thread inside a member. A socket that it makes stays there.
    #[track_caller]
    pub fn enter<T: Send>(&self, member: usize, act: impl FnOnce() -> T + Send) -> T {
        let entered = inside::enter(&self.path(member), || Ok(act()));
        entered.unwrap_or_else(|error| panic!("{}: {error:#}", self.names[member]))
    }

    /// Links two members, the same way in both directions. What is under way keeps its time.
    pub fn set_link(&self, a: usize, b: usize, link: Link) {
        self.hub().set_link(a, b, link);
        self.hub().set_link(b, a, link);
    }

    /// Links two members in one direction only.
    pub fn set_link_one_way(&self, from: usize, to: usize, link: Link) {
        self.hub().set_link(from, to, link);
    }

    /// Cuts two members off from each other.
    pub fn cut(&self, a: usize, b: usize) {
        self.hub().set_cut(a, b, true);
        self.hub().set_cut(b, a, true);
    }

    /// Cuts one direction only.
    pub fn cut_one_way(&self, from: usize, to: usize) {
        self.hub().set_cut(from, to, true);
    }

    /// Undoes every cut between two members.
    pub fn heal(&self, a: usize, b: usize) {
        self.hub().set_cut(a, b, false);
        self.hub().set_cut(b, a, false);
    }

    /// What went in one direction so far.
    pub fn traffic(&self, from: usize, to: usize) -> Traffic {
        self.hub().traffic(from, to)
    }

    fn hub(&self) -> &Hub {
        self.hub.as_ref().expect("made with a hub, which only drop takes")
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        drop(self.hub.take());
        for name in &self.names {
            if let Err(error) = ip(&["netns", "del", name]) {
                say(format!("{name} stays behind: {error:#}"));
            }
        }
    }
}

/// What is missing, if anything is. Looks for what could never work here; anything else is a failure of the kit.
fn permitted() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("root, to make network namespaces".into());
    }
    if let Err(error) = File::options().read(true).write(true).open("/dev/net/tun") {
        return Err(format!("/dev/net/tun ({error})"));
    }
    let probe = format!("{PREFIX}-{}-probe", std::process::id());
    ip(&["netns", "add", &probe]).map_err(|error| format!("network namespaces ({error:#})"))?;
    let _ = ip(&["netns", "del", &probe]);
    Ok(())
}

/// Removes namespaces of test processes that no longer live.
fn remove_left_over() {
    let Ok(entries) = std::fs::read_dir(NAMESPACES) else { return };
    for name in entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
        let Some(rest) = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('-')) else { continue };
        let Some((process, _)) = rest.split_once('-') else { continue };
        if process.parse::<u32>().is_ok() && !Path::new("/proc").join(process).exists() {
            let _ = ip(&["netns", "del", &name]);
        }
    }
}

fn path(name: &str) -> PathBuf {
    Path::new(NAMESPACES).join(name)
}

/// Runs `ip` of iproute2, which lies in a directory that not every user's path has.
fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    said(Command::new("ip"), arguments)
}

/// Runs `ip` inside a namespace. Not `ip -n`, which mounts, and cannot where the root is no mount point (a chroot).
fn ip_inside(name: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net={}", path(name).display())).arg("ip");
    said(command, arguments)
}

fn said(mut command: Command, arguments: &[&str]) -> anyhow::Result<()> {
    let search = std::env::var("PATH").unwrap_or_default();
    let ran =
        command.env("PATH", format!("{search}:/usr/sbin:/sbin")).args(arguments).output().context("ip, of iproute2")?;
    if !ran.status.success() {
        bail!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&ran.stderr).trim());
    }
    Ok(())
}
