//! The pools of a zone, as their factories reported them last.
//!
//! Owns: the last report of each pool, which services draw on it, and, for a while, how far a pool that is gone had got, so
//! that a late report of it does not bring it back (I6). Refuses: counting anything itself; a count is a factory's.

use std::collections::BTreeMap;
use std::sync::Arc;

use actors_protocol::slot::PoolReport;
use actors_protocol::zone::InstanceFailure;
use actors_protocol::{InstanceName, Millis, NodeName, ServiceName};
use serde::Serialize;

use super::order::{Place, replaces};
use crate::flaw::{Flaw, flawed};

/// Pools of one zone. With [`OFFERINGS_MAX`] it keeps a zone's report below a frame.
pub const POOLS_MAX: usize = 1_024;
/// Services over all pools, each pool counting its own.
pub const OFFERINGS_MAX: usize = 2_048;
/// How long a pool that is gone is remembered: longer than any report can be under way.
pub const GONE_REMEMBERED_FOR: Millis = Millis::from_secs(60);
/// A factory reports twice a second. A pool of which nothing was heard for so long is gone until it is heard of again: its
/// host may have started anew without it, and its last word may have been lost.
pub const SILENCE_MAX: Millis = Millis::from_secs(6);
/// Pools that are gone and remembered; the oldest is forgotten first.
const GONE_MAX: usize = 1_024;

/// A pool is an instance on a host: while an instance moves, two hosts may each have one of the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PoolKey {
    /// The instance.
    pub instance: InstanceName,
    /// The host it runs on.
    pub host: NodeName,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It says something new.
    Changed,
    /// It says the same again, later.
    Same,
    /// A later one was there before.
    Ignored,
    /// The zone has as many pools, or offerings, as it may.
    NoRoom,
}

pub(super) struct Pool {
    pub report: PoolReport,
    pub heard: Millis,
}

struct Gone {
    place: Place,
    /// The factory said that it ends: nothing of this life counts any more. Otherwise its host was lost, and may return.
    ended: bool,
    /// The services it offered, if it went without a word.
    missing: Vec<ServiceName>,
    until: Millis,
}

#[derive(Default)]
pub(super) struct Pools {
    pools: BTreeMap<Arc<PoolKey>, Pool>,
    by_service: BTreeMap<ServiceName, Vec<Arc<PoolKey>>>,
    offerings: usize,
    gone: BTreeMap<PoolKey, Gone>,
    /// No pool falls silent before this. It may be too early, never too late: reports only put it off.
    next_silence: Option<Millis>,
}

impl Pools {
    pub fn report(&mut self, now: Millis, key: PoolKey, report: PoolReport, last: bool, flaw: Flaw) -> Taken {
        let place = (report.incarnation, report.seq);
        let before = self.pools.get_key_value(&key).map(|(key, pool)| (key.clone(), &pool.report));
        match &before {
            Some((_, old)) => {
                let old = (old.incarnation, old.seq);
                let older_life = flawed!(flaw, OlderIncarnation) && place.0 < old.0;
                if !(replaces(place, old) || last && place == old || older_life) {
                    return Taken::Ignored;
                }
            }
            None => {
                let outlived = |gone: &Gone| {
                    let older_life = flawed!(flaw, OlderIncarnation) && place.0 < gone.place.0;
                    older_life || if gone.ended { place.0 > gone.place.0 } else { replaces(place, gone.place) }
                };
                if !self.gone.get(&key).is_none_or(outlived) {
                    return Taken::Ignored;
                }
            }
        }
        if last {
            let known = before.is_some();
            self.remove(now, &key, place, true, Vec::new());
            return if known { Taken::Changed } else { Taken::Same };
        }
        let offered_before = before.as_ref().map_or(0, |(_, old)| old.services.len());
        if before.is_none() && self.pools.len() >= POOLS_MAX
            || self.offerings - offered_before + report.services.len() > OFFERINGS_MAX
        {
            return Taken::NoRoom;
        }
        let (key, same_offers, same) = match before {
            Some((key, old)) => {
                let offers =
                    |report: &PoolReport| report.services.iter().map(|s| s.service.clone()).collect::<Vec<_>>();
                let same = (old.counts, &old.services, old.incarnation)
                    == (report.counts, &report.services, report.incarnation);
                (key, same || offers(old) == offers(&report), same)
            }
            None => (Arc::new(key), false, false),
        };
        self.gone.remove(&*key);
        self.next_silence.get_or_insert(now + SILENCE_MAX);
        if same_offers {
            self.pools.insert(key, Pool { report, heard: now });
        } else {
            self.unindex(&key);
            self.offerings += report.services.len();
            for entry in &report.services {
                self.by_service.entry(entry.service.clone()).or_default().push(key.clone());
            }
            self.pools.insert(key, Pool { report, heard: now });
        }
        if same { Taken::Same } else { Taken::Changed }
    }

    /// The host is lost: its pools go, and come back with its next reports. True if there were any.
    pub fn host_gone(&mut self, now: Millis, host: &NodeName) -> bool {
        let lost: Vec<_> = self.pools.keys().filter(|key| key.host == *host).cloned().collect();
        for key in &lost {
            let report = &self.pools[key].report;
            let place = (report.incarnation, report.seq);
            self.remove(now, key, place, false, Vec::new());
        }
        !lost.is_empty()
    }

    fn remove(&mut self, now: Millis, key: &PoolKey, place: Place, ended: bool, missing: Vec<ServiceName>) {
        self.unindex(key);
        self.pools.remove(key);
        if self.gone.len() >= GONE_MAX
            && let Some(oldest) = self.gone.iter().min_by_key(|(_, gone)| gone.until).map(|(key, _)| key.clone())
        {
            self.gone.remove(&oldest);
        }
        self.gone.insert(key.clone(), Gone { place, ended, missing, until: now + GONE_REMEMBERED_FOR });
    }

    fn unindex(&mut self, key: &PoolKey) {
        let Some(pool) = self.pools.get(key) else { return };
        self.offerings -= pool.report.services.len();
        for entry in &pool.report.services {
            if let Some(keys) = self.by_service.get_mut(&entry.service) {
                keys.retain(|other| **other != *key);
                if keys.is_empty() {
                    self.by_service.remove(&entry.service);
                }
            }
        }
    }

    /// Drops the pools that have fallen silent, and forgets those whose time of remembrance is over. True if one was dropped.
    pub fn age(&mut self, now: Millis) -> bool {
        self.gone.retain(|_, gone| gone.until > now);
        if self.next_silence.is_none_or(|at| at > now) {
            return false;
        }
        let silent = |pool: &Pool| pool.heard + SILENCE_MAX <= now;
        let lost: Vec<_> = self.pools.iter().filter(|(_, pool)| silent(pool)).map(|(key, _)| key.clone()).collect();
        for key in &lost {
            let report = &self.pools[key].report;
            let place = (report.incarnation, report.seq);
            let missing = report.services.iter().map(|entry| entry.service.clone()).collect();
            self.remove(now, key, place, false, missing);
        }
        self.next_silence = self.pools.values().map(|pool| pool.heard + SILENCE_MAX).min();
        !lost.is_empty()
    }

    /// When [`Pools::age`] has something to do.
    pub fn poll_timeout(&self) -> Option<Millis> {
        self.gone.values().map(|gone| gone.until).chain(self.next_silence).min()
    }

    /// Instances that went without a word and are nowhere else, with a service each that viewers may ask for.
    pub fn missing(&self) -> impl Iterator<Item = InstanceFailure> {
        let nowhere = |(key, _): &(&PoolKey, &Gone)| !self.pools.keys().any(|other| other.instance == key.instance);
        self.gone.iter().filter(nowhere).flat_map(|(key, gone)| {
            gone.missing.iter().map(|service| InstanceFailure {
                instance: key.instance.clone(),
                service: service.clone(),
                cause: format!("host {} does not report it any more; can it reach the zone's node?", key.host),
            })
        })
    }

    pub fn get(&self, key: &PoolKey) -> Option<&Pool> {
        self.pools.get(key)
    }

    pub fn of_service(&self, service: &ServiceName) -> &[Arc<PoolKey>] {
        self.by_service.get(service).map_or(&[], Vec::as_slice)
    }

    pub fn of_instance(&self, instance: &InstanceName) -> impl Iterator<Item = &Arc<PoolKey>> {
        self.pools.keys().filter(move |key| key.instance == *instance)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&PoolKey, &Pool)> {
        self.pools.iter().map(|(key, pool)| (&**key, pool))
    }
}

impl Pool {
    /// The report as it would be sent at `now`.
    pub fn aged(&self, now: Millis) -> PoolReport {
        let mut report = self.report.clone();
        report.age = report.age + now.since(self.heard);
        report
    }
}
