//! A request arrives, and a request's asker goes away.
//!
//! Owns: what is answered without asking anybody. Refuses: more requests at once than their bound.

use core::net::IpAddr;

use actors_protocol::gateway::Reserve;
use actors_protocol::resolver::{Open, Opening};
use actors_protocol::{Millis, RequestId};

use super::ResolutionCore;
use super::queue::{Alarm, QUEUE_MAX, Queue};
use super::request::{Pass, Pending, Phase};

/// Requests under way at once, those in the queues included.
pub const REQUESTS_MAX: u32 = 16_384;
/// Calls that may wait for one request's answer: repeats, from a viewer that lost its connection.
pub const ASKERS_MAX: u32 = 8;
/// The longest wait in a queue (design: "queue wait at most").
pub const WAIT_MAX: Millis = Millis::from_secs(60);
/// Sites named to a viewer whose own is not in the topology.
const SITES_NAMED_MAX: usize = 16;

impl ResolutionCore {
    /// A viewer at `origin` asks for a slot. Some: the answer. None: it comes as an [`Effect::Answer`], which answers all
    /// calls that wait for this request; if the call goes away before, say so with [`ResolutionCore::cancel`].
    ///
    /// [`Effect::Answer`]: super::Effect::Answer
    pub fn open(&mut self, now: Millis, open: Open, origin: IpAddr) -> Option<Opening> {
        self.tally.opens += 1;
        let Open { request, service, site, viewer, wait } = open;
        // Whoever comes with another's request is not told what that one got. One lease is all a request can have.
        let stranger = Some(Opening::TooManyLeases { limit: 1 });
        if let Some(known) = self.memory.get(request) {
            self.tally.repeats += 1;
            let same = known.viewer == viewer && known.service == service;
            return if same { Some(known.opening.clone()) } else { stranger };
        }
        if let Some(pending) = self.requests.get_mut(&request) {
            self.tally.repeats += 1;
            if pending.reserve.viewer != viewer || pending.reserve.service != service {
                return stranger;
            }
            if pending.askers >= ASKERS_MAX {
                return Some(Opening::QueueFull { limit: ASKERS_MAX });
            }
            pending.askers += 1;
            return None;
        }
        if self.topology.find(site.as_ref()).is_none() {
            let sites = self.topology.sites().take(SITES_NAMED_MAX).cloned().collect();
            return Some(Opening::UnknownSite { sites });
        }
        let known = self.book.service(&service);
        let serves = known.is_some_and(|known| known.places.values().any(|place| place.serves()));
        let learning_until = self.book.learning_until(&service);
        let may_become_known = !serves && now < learning_until;
        if known.is_none() && !may_become_known {
            return Some(Opening::Unknown { near: self.near(&service) });
        }
        if self.requests.len() >= REQUESTS_MAX as usize {
            return Some(Opening::QueueFull { limit: REQUESTS_MAX });
        }
        let waits = self.queues.get(&service).is_some_and(|queue| queue.len() > 0 && queue.len() < QUEUE_MAX);
        let deadline = now + wait.min(WAIT_MAX);
        let deadline = if may_become_known { deadline.max(learning_until) } else { deadline };
        self.requests.insert(
            request,
            Pending {
                reserve: Reserve { request, service, viewer, origin },
                site,
                askers: 1,
                deadline,
                number: None,
                queued_at: now,
                phase: Phase::Idle,
                alarm_at: now,
                pass: Pass::new(false),
            },
        );
        if may_become_known || waits && deadline > now {
            // Not past those who wait already. If there are slots for all of them, its turn is now.
            if let Some(service) = self.park(now, request) {
                self.try_queued(now, &service);
            }
        } else {
            self.advance(now, request);
        }
        None
    }

    /// A call that waited for this request's answer is gone. When it was the only one, the request leaves the queue, and a
    /// slot that is granted nevertheless is given back.
    pub fn cancel(&mut self, request: RequestId) {
        let Some(pending) = self.requests.get_mut(&request) else { return };
        pending.askers = pending.askers.saturating_sub(1);
        if pending.askers == 0 {
            self.tally.cancelled += 1;
            if matches!(pending.phase, Phase::Idle) {
                self.finish(request);
            }
        }
    }

    /// Puts a request into its service's queue, at the end or at the place it had; tells the service, or, if there is no
    /// room, refuses the request.
    pub(super) fn park(&mut self, now: Millis, request: RequestId) -> Option<actors_protocol::ServiceName> {
        let pending = self.requests.get_mut(&request)?;
        let service = pending.reserve.service.clone();
        if !self.queues.contains_key(&service) {
            let probe_at = now + super::PROBE;
            self.alarms.set(probe_at, Alarm::Probe(service.clone()));
            self.queues.insert(service.clone(), Queue::new(probe_at));
        }
        let queue = self.queues.get_mut(&service)?;
        match pending.number {
            Some(number) => queue.wait_on(number, request),
            None if queue.len() >= QUEUE_MAX => {
                self.answer(now, request, Opening::QueueFull { limit: QUEUE_MAX });
                return None;
            }
            None => {
                queue.join(self.next_number, request);
                pending.number = Some(self.next_number);
                pending.queued_at = now;
                self.next_number += 1;
            }
        }
        pending.phase = Phase::Idle;
        self.alarms.clear(pending.alarm_at, Alarm::Request(request));
        pending.alarm_at = pending.deadline;
        self.alarms.set(pending.alarm_at, Alarm::Request(request));
        Some(service)
    }

    /// Takes a request off the books; the queue goes with its last member.
    pub(super) fn finish(&mut self, request: RequestId) -> Option<Pending> {
        let pending = self.requests.remove(&request)?;
        self.alarms.clear(pending.alarm_at, Alarm::Request(request));
        let service = &pending.reserve.service;
        if let Some(number) = pending.number
            && let Some(queue) = self.queues.get_mut(service)
        {
            queue.leave(number);
            if queue.len() == 0 {
                self.alarms.clear(queue.probe_at, Alarm::Probe(service.clone()));
                self.queues.remove(service);
            }
        }
        Some(pending)
    }
}
