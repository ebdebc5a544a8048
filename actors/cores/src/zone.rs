//! Which host runs which instance of a zone: wanted against reported, and what to do about the difference.
//!
//! Owns: the list of wanted instances, where each was placed, why one does not run, and the pauses between tries.
//! Refuses: making anything. A host is asked again only after it has answered or been given up.
//!
//! ```text
//!   wanted ──► creating(host) ──created──► running(host, life) ──life changed or missing──► wanted
//!                 │   ▲                          │
//!            refused, no answer                  └──host gone──► wanted (on another host, if there is one)
//!                 ▼   │ 1 s, doubling to 8 s
//!               failed (with its cause)
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use actors_protocol::host::{CreateInstance, Creation};
use actors_protocol::zone::InstanceFailure;
use actors_protocol::{Incarnation, InstanceName, Millis, NodeName};

/// A host is asked what it runs this often.
pub const STATUS_EVERY: Millis = Millis(500);
/// The first pause after a failed try; it doubles.
pub const RETRY_FIRST: Millis = Millis(1_000);
/// The longest pause between tries.
pub const RETRY_MOST: Millis = Millis(8_000);
/// An instance that runs twice, because its host was given up and came back, goes where it is not wanted as soon as its
/// sessions have ended, and at the latest after this time.
pub const EXTRA_DRAIN: Millis = Millis::from_secs(3_600);
/// Instances that one zone may be told to run.
pub const INSTANCES_MAX: usize = 1_024;

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask this host to make the instance; tell the core how it went.
    Create {
        /// Which host.
        host: NodeName,
        /// What.
        create: Box<CreateInstance>,
    },
    /// Ask this host to drain and remove an instance, within [`EXTRA_DRAIN`]; tell the core if it could not be asked.
    Remove {
        /// Which host.
        host: NodeName,
        /// What.
        instance: InstanceName,
    },
    /// Ask this host what it runs; tell the core.
    Status {
        /// Which host.
        host: NodeName,
    },
    /// The failures are other than before.
    Failures(Vec<InstanceFailure>),
}

/// An instance that the zone should run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What to ask of a host.
    pub create: CreateInstance,
    /// Only this host; none = whichever has the fewest instances.
    pub host: Option<NodeName>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Nowhere,
    Creating(NodeName),
    Running(NodeName, Option<Incarnation>),
}

#[derive(Debug)]
struct Instance {
    wanted: Wanted,
    place: Place,
    cause: Option<String>,
    not_before: Millis,
    pause: Millis,
    /// The host that could not make it last.
    failed_at: Option<NodeName>,
}

/// The zone manager's core.
#[derive(Debug, Default)]
pub struct ZoneCore {
    instances: BTreeMap<InstanceName, Instance>,
    /// The hosts that are alive; true while an answer to a status is awaited.
    hosts: BTreeMap<NodeName, bool>,
    /// What runs twice and was asked to go.
    going: BTreeSet<(NodeName, InstanceName)>,
    next_status: Millis,
    /// When placing was tried last.
    placed: Millis,
    effects: VecDeque<Effect>,
    told: Vec<InstanceFailure>,
}

impl ZoneCore {
    /// A zone that should run `wanted`; what is over [`INSTANCES_MAX`] is the caller's to refuse.
    pub fn new(wanted: Vec<Wanted>) -> ZoneCore {
        let fresh = |wanted: Wanted| {
            let name = wanted.create.instance.clone();
            let (place, cause) = (Place::Nowhere, Some(waiting(&wanted)));
            let (not_before, failed_at) = (Millis::ZERO, None);
            (name, Instance { wanted, place, cause, not_before, pause: RETRY_FIRST, failed_at })
        };
        ZoneCore { instances: wanted.into_iter().map(fresh).collect(), ..ZoneCore::default() }
    }

    /// From now on the zone should run this too; `host` has it already.
    pub fn keep(&mut self, now: Millis, wanted: Wanted, host: Option<NodeName>) {
        let name = wanted.create.instance.clone();
        if self.instances.contains_key(&name) {
            return;
        }
        let (place, cause) = match host.filter(|host| self.hosts.contains_key(host)) {
            Some(host) => (Place::Running(host, None), None),
            None => (Place::Nowhere, Some(waiting(&wanted))),
        };
        let instance = Instance { wanted, place, cause, not_before: now, pause: RETRY_FIRST, failed_at: None };
        self.instances.insert(name, instance);
        self.place(now);
    }

    /// The zone should no longer run what has this name and a number. Removing it is the caller's.
    pub fn forget(&mut self, now: Millis, stem: &InstanceName) {
        let numbered = |name: &InstanceName| {
            let number = name.as_str().strip_prefix(stem.as_str()).and_then(|rest| rest.strip_prefix('-'));
            number.is_some_and(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
        };
        self.instances.retain(|name, _| !numbered(name));
        self.place(now);
    }

    /// The hosts of the zone that are alive now.
    pub fn hosts(&mut self, now: Millis, alive: &[NodeName]) {
        self.hosts.retain(|host, _| alive.contains(host));
        for host in alive {
            self.hosts.entry(host.clone()).or_insert(false);
        }
        for instance in self.instances.values_mut() {
            if let Place::Creating(host) | Place::Running(host, _) = &instance.place
                && !self.hosts.contains_key(host)
            {
                instance.cause = Some(format!("host {host} is gone"));
                instance.place = Place::Nowhere;
                instance.not_before = now;
                instance.pause = RETRY_FIRST;
            }
        }
        self.place(now);
    }

    /// What a host says it runs; none = it did not answer.
    pub fn status(&mut self, now: Millis, host: &NodeName, running: Option<&[(InstanceName, Incarnation)]>) {
        if let Some(awaited) = self.hosts.get_mut(host) {
            *awaited = false;
        }
        let Some(running) = running else { return };
        self.going.retain(|(at, name)| at != host || running.iter().any(|(running, _)| running == name));
        for (name, instance) in &mut self.instances {
            let life = running.iter().find(|(running, _)| running == name).map(|(_, life)| *life);
            match (&instance.place, life) {
                (Place::Running(at, _), Some(life)) if at == host => {
                    instance.place = Place::Running(host.clone(), Some(life));
                }
                // This host was given up, another runs it by now, and here it is again.
                (Place::Running(..), Some(_)) if self.going.insert((host.clone(), name.clone())) => {
                    self.effects.push_back(Effect::Remove { host: host.clone(), instance: name.clone() });
                }
                // The host restarted, or its instance ended: it is made again.
                (Place::Running(at, _), None) if at == host => {
                    instance.place = Place::Nowhere;
                    instance.cause = Some(format!("host {host} no longer runs it"));
                    instance.not_before = now;
                }
                // The zone restarted, its hosts did not: what runs is taken over, not made twice.
                (Place::Nowhere, Some(life)) => {
                    instance.place = Place::Running(host.clone(), Some(life));
                    instance.cause = None;
                }
                _ => {}
            }
        }
        self.place(now);
    }

    /// How a host answered [`Effect::Create`]; an error is a host that did not.
    pub fn created(&mut self, now: Millis, host: &NodeName, name: &InstanceName, answer: Result<Creation, String>) {
        let Some(instance) = self.instances.get_mut(name) else { return };
        if instance.place != Place::Creating(host.clone()) {
            return;
        }
        match answer {
            Ok(Creation::Created { factory } | Creation::Exists { factory }) => {
                instance.place = Place::Running(host.clone(), Some(factory.incarnation));
                instance.cause = None;
                instance.pause = RETRY_FIRST;
            }
            Ok(Creation::Refused { cause }) | Err(cause) => {
                instance.place = Place::Nowhere;
                instance.cause = Some(format!("host {host}: {cause}"));
                instance.failed_at = Some(host.clone());
                instance.not_before = now + instance.pause;
                instance.pause = Millis(instance.pause.0 * 2).min(RETRY_MOST);
            }
        }
        self.place(now);
    }

    /// A host could not be asked to remove what runs twice: it is asked again.
    pub fn not_removed(&mut self, host: &NodeName, instance: &InstanceName) {
        self.going.remove(&(host.clone(), instance.clone()));
    }

    /// When to call [`ZoneCore::on_timeout`].
    pub fn poll_timeout(&self) -> Option<Millis> {
        // What could have been placed has been; only a pause that is still to end is waited for.
        let pauses = self.instances.values().filter(|instance| instance.place == Place::Nowhere);
        let pause = pauses.map(|instance| instance.not_before).filter(|end| *end > self.placed).min();
        Some(pause.map_or(self.next_status, |pause| pause.min(self.next_status)))
    }

    /// Asks hosts what they run, and tries again what failed.
    pub fn on_timeout(&mut self, now: Millis) {
        if now >= self.next_status {
            self.next_status = now + STATUS_EVERY;
            for (host, awaited) in &mut self.hosts {
                if !std::mem::replace(awaited, true) {
                    self.effects.push_back(Effect::Status { host: host.clone() });
                }
            }
        }
        self.place(now);
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Each wanted instance and the host that runs it.
    pub fn placement(&self) -> Vec<(InstanceName, Option<NodeName>)> {
        let host = |instance: &Instance| match &instance.place {
            Place::Running(host, _) => Some(host.clone()),
            _ => None,
        };
        self.instances.iter().map(|(name, instance)| (name.clone(), host(instance))).collect()
    }

    /// Why instances do not run.
    pub fn failures(&self) -> Vec<InstanceFailure> {
        let failure = |(name, instance): (&InstanceName, &Instance)| {
            let service = instance.wanted.create.offerings.first()?.service.clone();
            Some(InstanceFailure { instance: name.clone(), service, cause: instance.cause.clone()? })
        };
        self.instances.iter().filter_map(failure).collect()
    }

    fn place(&mut self, now: Millis) {
        self.placed = now;
        let mut load: BTreeMap<NodeName, usize> = self.hosts.keys().map(|host| (host.clone(), 0)).collect();
        for instance in self.instances.values() {
            if let Place::Creating(host) | Place::Running(host, _) = &instance.place {
                *load.entry(host.clone()).or_default() += 1;
            }
        }
        for instance in self.instances.values_mut() {
            if instance.place != Place::Nowhere || instance.not_before > now {
                continue;
            }
            let host = match &instance.wanted.host {
                Some(host) => self.hosts.contains_key(host).then(|| host.clone()),
                // Another host than the one that has just failed, if there is one.
                None => {
                    let key = |host: &&NodeName| (instance.failed_at.as_ref() == Some(*host), load[*host]);
                    self.hosts.keys().min_by_key(key).cloned()
                }
            };
            let Some(host) = host else {
                instance.cause = Some(waiting(&instance.wanted));
                continue;
            };
            *load.entry(host.clone()).or_default() += 1;
            // While a failed try is repeated, why it failed is what people want to read.
            if instance.pause == RETRY_FIRST {
                instance.cause = Some(format!("host {host} {BEING_MADE}"));
            }
            instance.place = Place::Creating(host.clone());
            let create = Box::new(instance.wanted.create.clone());
            self.effects.push_back(Effect::Create { host, create });
        }
        let failures = self.failures();
        if failures != self.told {
            self.told.clone_from(&failures);
            self.effects.push_back(Effect::Failures(failures));
        }
    }
}

/// What a failure says whose instance is being made for the first time.
const BEING_MADE: &str = "is making it";
/// What a failure says whose zone has just begun.
const NO_HOST: &str = "has no host that is up; start one";

/// Does this instance not run *yet*? Nothing has gone wrong with it so far.
pub fn is_beginning(failure: &InstanceFailure) -> bool {
    failure.cause.ends_with(BEING_MADE) || failure.cause.ends_with(NO_HOST)
}

fn waiting(wanted: &Wanted) -> String {
    match &wanted.host {
        Some(host) => format!("host {host} is not up; start it, or remove `host` from the instance's configuration"),
        None => format!("zone {} {NO_HOST}", wanted.create.zone),
    }
}

#[cfg(test)]
mod tests;
