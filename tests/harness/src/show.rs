//! What the sessions of a simulation show: a clip out of memory whose pictures are their own numbers, and the builder that
//! makes instances of this and of other programs. The factory and the sessions are the true ones.
//!
//! Owns: the clip, and how an instance is made. Refuses: the guide (`guide` has it).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use actors_dca::{BuildError, Builder, Building, Site};
use actors_kernel::ActorRef;
use actors_protocol::Address;
use actors_protocol::host::CreateInstance;
use bytes::Bytes;
use media_session::observe::Observer;
use media_session::{FactoryActor, FactorySetup, Flaw, Limits, Production, spawn_factory};
use media_share::{AccessUnit, ClipTrack, Codec, Format};

/// The builder's word.
pub const BUILDER: &str = "show";
/// Pictures in one round of the clip.
const PICTURES: usize = 60;

/// A clip with `rate` pictures a second and a key picture every `group`, each of `bytes` bytes.
pub fn clip(rate: u32, group: usize, bytes: usize) -> ClipTrack {
    let format = Format { codec: Codec::H264, width: 640, height: 360, rate_millihertz: rate * 1_000, bit_rate: None };
    let unit = |index: usize| {
        let mut data = format!("picture {index}").into_bytes();
        data.resize(bytes.max(data.len()), b'.');
        AccessUnit { key: index.is_multiple_of(group), data: Bytes::from(data) }
    };
    ClipTrack::new(format, (0..PICTURES).map(unit).collect()).expect("picture 0 is a key picture")
}

/// Factories as they were started, for what only their own node may tell them.
pub type Started = Rc<RefCell<Vec<ActorRef<FactoryActor>>>>;

/// Makes instances.
#[derive(Clone)]
pub struct ShowBuilder {
    /// Its word.
    pub word: &'static str,
    /// What is shown.
    pub production: Production,
    /// How long making one takes.
    pub takes: Duration,
    /// Makes tickets and tokens.
    pub entropy: Rc<dyn Fn() -> u128>,
    /// One wrong decision, or none.
    pub flaw: Flaw,
    /// Who looks on.
    pub observer: Option<Observer>,
    /// Where the factories are noted.
    pub started: Started,
}

impl Builder for ShowBuilder {
    fn word(&self) -> &'static str {
        self.word
    }

    fn parameters(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn build(&self, site: Site, create: CreateInstance) -> Building {
        let made = self.clone();
        Box::pin(async move {
            tokio::time::sleep(made.takes).await;
            let setup = FactorySetup {
                create,
                production: made.production,
                raw: Vec::new(),
                endpoint: site.endpoint,
                server_name: site.server_name,
                limits: Limits::default(),
                entropy: made.entropy,
                flaw: made.flaw,
                observer: made.observer,
            };
            let factory = spawn_factory(&site.node, setup).map_err(|problem| BuildError(problem.to_string()))?;
            made.started.borrow_mut().push(factory.clone());
            Ok(Address {
                domain: site.node.domain().clone(),
                node: site.node.name().clone(),
                path: factory.path().clone(),
                incarnation: factory.incarnation(),
            })
        })
    }
}
