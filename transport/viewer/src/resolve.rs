//! From a name to a held slot: asks the domain's resolvers, one after the other, until one has answered.
//!
//! ```text
//!   for each resolver ──dial──► ask Open ──► an answer: done, whatever it says
//!        ▲                 │        │
//!        │                 └────────┴─ none: the next one; all silent: a pause, and again, until the time is over
//!        └── the same request id every time, and what is left of the wait: asking twice never holds two slots
//! ```
//!
//! Owns: the order, the deadlines and the words of failure. Refuses: to take a refusal for silence; a resolver that says
//! "no" is believed.

use std::time::Duration;

use actors_protocol::gateway::Grant;
use actors_protocol::resolver::{Open, Opening};
use actors_protocol::{Fault, Incarnation, RequestId, ServiceName, ViewerKey};
use tokio::time::{Instant, sleep};
use transport_link::{LinkError, Target};
use transport_wire::CloseCode;

use crate::channel::{Channel, Silence};
use crate::error::{OpenError, Tried};
use crate::limits::{ANSWER_WITHIN, ATTEMPT_WITHIN, CONNECT_WITHIN, WAIT_MAX};
use crate::trust::ResolverAddress;
use crate::viewer::{Inner, OpenOptions};

/// The path under which a node's resolver lives.
const RESOLVER_PATH: &str = "resolver";

/// No answer from one resolver.
enum Miss {
    /// It may answer if it is asked again.
    Silent(String),
    /// It will not until somebody changes something.
    Useless(String),
    /// It will not, and neither will another.
    Final(OpenError),
}

pub(crate) struct Resolving<'a> {
    pub viewer: &'a Inner,
    pub service: &'a ServiceName,
    pub options: &'a OpenOptions,
    pub key: ViewerKey,
}

impl Resolving<'_> {
    pub(crate) async fn resolve(&self) -> Result<Grant, OpenError> {
        let request = RequestId(self.viewer.randomness.number());
        let wait = self.options.wait.min(WAIT_MAX);
        let wait_until = Instant::now() + wait;
        let give_up = wait_until + ANSWER_WITHIN;
        let resolvers = &self.viewer.trust.resolvers;
        let mut tried: Vec<Tried> = Vec::new();
        for attempt in 0.. {
            let mut hope = false;
            for (index, resolver) in resolvers.iter().enumerate() {
                let others = attempt == 0 && index + 1 < resolvers.len();
                let (useless, why) = match self.ask(resolver, request, wait_until, give_up, others).await {
                    Ok(opening) => return self.answer(opening),
                    Err(Miss::Final(error)) => return Err(error),
                    Err(Miss::Useless(why)) => (true, why),
                    Err(Miss::Silent(why)) => (false, why),
                };
                hope |= !useless;
                tracing::debug!(resolver = %resolver.address, why, "no answer");
                tried.retain(|other| other.address != resolver.address);
                tried.push(Tried { address: resolver.address, why });
            }
            let pause = self.viewer.randomness.backoff(attempt);
            if !hope || Instant::now() + pause >= give_up {
                break;
            }
            sleep(pause).await;
        }
        Err(OpenError::NoResolver { domain: self.viewer.trust.domain.clone(), tried })
    }

    /// Asks one resolver, on a connection of its own. One round trip to connect, one to ask.
    async fn ask(
        &self,
        resolver: &ResolverAddress,
        request: RequestId,
        wait_until: Instant,
        give_up: Instant,
        others: bool,
    ) -> Result<Opening, Miss> {
        let (connect_within, answer_within) =
            if others { (ATTEMPT_WITHIN, ATTEMPT_WITHIN) } else { (CONNECT_WITHIN, ANSWER_WITHIN) };
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        let target = Target { endpoint: resolver.address, server_name: resolver.server_name.clone() };
        let dialled = self.viewer.endpoint.connect(&target, connect_within.min(left(give_up))).await;
        let mut channel = Channel::new(dialled.map_err(link_miss)?, self.viewer.versions);
        let wait = left(wait_until);
        let open = Open {
            request,
            service: self.service.clone(),
            site: self.options.site.clone().or_else(|| self.viewer.trust.site.clone()),
            viewer: self.key,
            wait: wait.into(),
        };
        let within = (wait + answer_within).min(left(give_up)).max(Duration::from_millis(1));
        let answer = channel.ask(RESOLVER_PATH, Incarnation::ANY, &open, within).await;
        channel.connection().close(CloseCode::GOODBYE, "the viewer has its answer");
        answer.map_err(|silence| match silence {
            Silence::Link(why) => link_miss(why),
            Silence::Fault(fault @ (Fault::Version(_) | Fault::Denied(_) | Fault::Malformed(_))) => {
                Miss::Final(OpenError::Fault { whom: format!("the resolver at {}", resolver.address), fault })
            }
            Silence::Fault(fault) => Miss::Silent(fault.to_string()),
        })
    }

    fn answer(&self, opening: Opening) -> Result<Grant, OpenError> {
        let service = self.service.clone();
        Err(match opening {
            Opening::Granted(grant) => return Ok(grant),
            Opening::Full { counts, waited, note } => OpenError::NoFreeSlot { service, counts, waited, note },
            Opening::Unknown { near } => OpenError::UnknownService { service, near },
            Opening::UnknownSite { sites } => {
                let site = self.options.site.clone().or_else(|| self.viewer.trust.site.clone());
                OpenError::UnknownSite { site, sites }
            }
            Opening::TooManyLeases { limit } => OpenError::TooManyLeases { limit },
            Opening::Unreachable { zones } => OpenError::ZonesUnreachable { service, zones },
            Opening::QueueFull { limit } => OpenError::QueueFull { service, limit },
        })
    }
}

fn link_miss(why: LinkError) -> Miss {
    if why.is_refusal() { Miss::Useless(why.to_string()) } else { Miss::Silent(why.to_string()) }
}
