//! Why a session cannot be opened. Each variant carries the facts; its text is a sentence with the remedy.
//!
//! Owns: [`OpenError`] and its words. Refuses: to retry; whoever asked decides.

use std::fmt;
use std::net::SocketAddr;

use actors_protocol::factory::Redemption;
use actors_protocol::{DomainName, Fault, InstanceName, Millis, ServiceName, SiteName, SlotCounts, ZoneName};
use transport_link::LinkError;

/// A place that was asked and did not answer.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Where.
    pub address: SocketAddr,
    /// What happened.
    pub why: String,
}

/// Why an instance does not turn a ticket into a session, or a token into a resumed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It has never given out such a ticket: it has restarted since, or the ticket is made up.
    #[error("it does not know the ticket; it may have restarted since")]
    Forged,
    /// The lease, or the window for resuming, is over.
    #[error("the ticket has expired")]
    Expired,
    /// The ticket was redeemed before.
    #[error("the ticket has been used before")]
    Reused,
    /// The ticket is bound to another key.
    #[error("the ticket is bound to another viewer's key")]
    WrongKey,
    /// It is being drained.
    #[error("it is being drained")]
    Draining,
}

impl Refusal {
    /// The refusal in a redemption, if it is one.
    pub(crate) fn of(redemption: &Redemption) -> Option<Refusal> {
        match redemption {
            Redemption::Opened(_) => None,
            Redemption::Forged => Some(Refusal::Forged),
            Redemption::Expired => Some(Refusal::Expired),
            Redemption::Reused => Some(Refusal::Reused),
            Redemption::WrongKey => Some(Refusal::WrongKey),
            Redemption::Draining => Some(Refusal::Draining),
        }
    }
}

/// Why a session cannot be opened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OpenError {
    /// Every slot is taken.
    #[error(
        "no free slot of {service}: {} active, {} draining{}; try again, or wait for one with --wait 10s",
        counts.active, counts.draining, Rest(counts, *waited, note.as_deref())
    )]
    NoFreeSlot {
        /// The service.
        service: ServiceName,
        /// The slots of all its instances.
        counts: SlotCounts,
        /// How long the request waited.
        waited: Millis,
        /// Why an instance offers fewer slots than it could, if one says so.
        note: Option<String>,
    },
    /// No zone has the service.
    #[error("there is no service {service}{}", Suggest(near))]
    UnknownService {
        /// What was asked for.
        service: ServiceName,
        /// Names that look like it.
        near: Vec<ServiceName>,
    },
    /// The site is not in the domain's topology.
    #[error("there is no site {}; the sites are {}", site.as_ref().map_or("(none given)", SiteName::as_str), List(sites))]
    UnknownSite {
        /// What was given; none = the resolver's own default is not in its topology.
        site: Option<SiteName>,
        /// The sites there are.
        sites: Vec<SiteName>,
    },
    /// This viewer, or its address, holds too many tickets that it did not redeem.
    #[error(
        "too many slots are held for this address and not yet used (at most {limit}); an unused one lapses in seconds: try again"
    )]
    TooManyLeases {
        /// The bound.
        limit: u32,
    },
    /// Too many others wait.
    #[error("no free slot of {service}, and {limit} viewers wait already, which is the most; try again later")]
    QueueFull {
        /// The service.
        service: ServiceName,
        /// The bound.
        limit: u32,
    },
    /// The zones that have the service do not answer the resolver.
    #[error(
        "no instance of {service} answers: its zones ({}) are silent or run none; try again, or see `fusion service list`",
        List(zones)
    )]
    ZonesUnreachable {
        /// The service.
        service: ServiceName,
        /// Which zones.
        zones: Vec<ZoneName>,
    },
    /// No resolver answers.
    #[error(
        "no resolver of domain {domain} answers: {}; is the domain running, and is this its domain.json?",
        Tries(tried)
    )]
    NoResolver {
        /// The domain.
        domain: DomainName,
        /// Who was asked, and what happened.
        tried: Vec<Tried>,
    },
    /// A slot is held, but the instance cannot be reached from here.
    #[error("instance {instance} of {service} at {endpoint} cannot be reached: {cause}; try again")]
    InstanceUnreachable {
        /// The service.
        service: ServiceName,
        /// The instance.
        instance: InstanceName,
        /// Where it should be.
        endpoint: SocketAddr,
        /// What happened.
        cause: Box<LinkError>,
    },
    /// The instance does not honour the ticket.
    #[error("instance {instance} of {service} refuses: {refusal}; try again")]
    Refused {
        /// The service.
        service: ServiceName,
        /// The instance.
        instance: InstanceName,
        /// Why.
        refusal: Refusal,
    },
    /// A call came to no answer.
    #[error("{whom} did not answer: {fault}{}", Remedy(fault))]
    Fault {
        /// Who was asked.
        whom: String,
        /// What happened.
        fault: Fault,
    },
    /// The service does not speak Fusion.
    #[error("{service} is found at {url}, which is not a Fusion session; use a program for that kind of address")]
    NotFusion {
        /// The service.
        service: ServiceName,
        /// Where it is.
        url: String,
    },
}

struct Rest<'a>(&'a SlotCounts, Millis, Option<&'a str>);
impl fmt::Display for Rest<'_> {
    /// Only what is there: most of the time nothing warms and nothing was waited for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rest(counts, waited, note) = self;
        for (count, word) in [(counts.reserved, "reserved"), (counts.warming, "warming")] {
            if count > 0 {
                write!(f, ", {count} {word}")?;
            }
        }
        if *waited != Millis::ZERO {
            write!(f, ", after waiting {waited}")?;
        }
        note.map_or(Ok(()), |note| write!(f, " (an instance offers none at the moment: {note})"))
    }
}

struct List<'a, T>(&'a [T]);
impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

struct Suggest<'a>(&'a [ServiceName]);
impl fmt::Display for Suggest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str(" in this domain; `fusion service list` shows those there are"),
            near => write!(f, "; did you mean {}?", List(near)),
        }
    }
}

struct Tries<'a>(&'a [Tried]);
impl fmt::Display for Tries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Tried { address, why }) in self.0.iter().enumerate() {
            write!(f, "{}{address}: {why}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

struct Remedy<'a>(&'a Fault);
impl fmt::Display for Remedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Fault::Version(_) => "; use a program of the domain's version",
            Fault::Denied(_) | Fault::Malformed(_) => "",
            Fault::Deadline | Fault::Gone(_) | Fault::Overloaded(_) | Fault::Panicked(_) => "; try again",
        })
    }
}

/// Why an input was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// Too many inputs wait to be sent: the connection is lost, or the server does not read.
    #[error("{} inputs wait to be sent, which is the most", crate::limits::INPUTS_WAITING_MAX)]
    Full,
    /// The session is over.
    #[error("the session has ended")]
    Ended,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str) -> ServiceName {
        name.parse().expect("valid")
    }

    #[test]
    fn an_error_is_a_sentence_with_its_remedy() {
        let counts = SlotCounts { active: 8, ..SlotCounts::default() };
        let full = OpenError::NoFreeSlot { service: service("clip.demo"), counts, waited: Millis::ZERO, note: None };
        assert_eq!(
            full.to_string(),
            "no free slot of clip.demo: 8 active, 0 draining; try again, or wait for one with --wait 10s"
        );
        let counts = SlotCounts { active: 3, reserved: 1, ..SlotCounts::default() };
        let full = OpenError::NoFreeSlot {
            service: service("clip.demo"),
            counts,
            waited: Millis(9_000),
            note: Some("8 % are late".into()),
        };
        let told =
            "0 draining, 1 reserved, after waiting 9000 ms (an instance offers none at the moment: 8 % are late);";
        assert!(full.to_string().contains(told), "{full}");

        let near = vec![service("clip.demo"), service("echo.demo")];
        let unknown = OpenError::UnknownService { service: service("clib.demo"), near };
        assert_eq!(unknown.to_string(), "there is no service clib.demo; did you mean clip.demo, echo.demo?");

        let tried = vec![Tried { address: "127.0.0.1:1".parse().expect("valid"), why: "silence".into() }];
        let nobody = OpenError::NoResolver { domain: "demo".parse().expect("valid"), tried };
        assert!(nobody.to_string().contains("demo answers: 127.0.0.1:1: silence; is the domain running"), "{nobody}");
    }
}
