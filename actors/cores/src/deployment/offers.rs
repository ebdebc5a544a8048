//! Offers that still hold, by service and zone.
//!
//! Owns: how long an offer holds and how much of it is left. Refuses: choosing.

use std::collections::BTreeMap;

use actors_protocol::offer::{Offer, VALID_MAX};
use actors_protocol::{Millis, ServiceName, ZoneName};

/// Offers kept at most; beyond it, a new one is used and not kept.
pub const OFFERS_MAX: usize = 16_384;

#[derive(Debug, Default)]
pub(super) struct Offers {
    kept: BTreeMap<(ServiceName, ZoneName), (Offer, Millis)>,
}

impl Offers {
    /// What the zone offered and still holds to.
    pub(super) fn get(&mut self, now: Millis, service: &ServiceName, zone: &ZoneName) -> Option<Offer> {
        let key = (service.clone(), zone.clone());
        let (offer, until) = self.kept.get(&key)?;
        if *until > now {
            return Some(offer.clone());
        }
        self.kept.remove(&key);
        None
    }

    /// Keeps an offer for as long as it holds.
    pub(super) fn put(&mut self, now: Millis, service: &ServiceName, zone: &ZoneName, offer: &Offer) {
        if offer.valid_for == Millis::ZERO || offer.flaw().is_some() {
            return;
        }
        if self.kept.len() >= OFFERS_MAX {
            self.kept.retain(|_, (_, until)| *until > now);
        }
        if self.kept.len() < OFFERS_MAX {
            let until = now + offer.valid_for.min(VALID_MAX);
            self.kept.insert((service.clone(), zone.clone()), (offer.clone(), until));
        }
    }

    /// Slots of an offer are used up.
    pub(super) fn take(&mut self, service: &ServiceName, zone: &ZoneName, slots: u32) {
        let key = (service.clone(), zone.clone());
        if let Some((offer, _)) = self.kept.get_mut(&key) {
            offer.slots = offer.slots.saturating_sub(slots);
            if offer.slots == 0 {
                self.kept.remove(&key);
            }
        }
    }

    /// The zone is asked anew: what it offered has turned out otherwise.
    pub(super) fn drop_one(&mut self, service: &ServiceName, zone: &ZoneName) {
        self.kept.remove(&(service.clone(), zone.clone()));
    }

    /// The zone is gone, or another life of it has begun.
    pub(super) fn drop_zone(&mut self, zone: &ZoneName) {
        self.kept.retain(|(_, of), _| of != zone);
    }

    /// Every zone is asked anew for this service.
    pub(super) fn drop_service(&mut self, service: &ServiceName) {
        self.kept.retain(|(of, _), _| of != service);
    }
}
