//! The gate of a node: every call from the network passes here, is checked, and goes to its actor.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use actors_protocol::{Fault, Incarnation, Roles, Tag, table};
use transport_link::{Dispatch, InboundCall};

use crate::directory::Directory;

/// Who may call what. The domain has one table; a benchmark or a test may bring another.
#[derive(Clone, Copy)]
pub struct Access {
    /// May a caller with these roles make this call?
    pub permits: fn(Roles, Tag) -> bool,
    /// The minor version that introduced a call; none if there is no such call. A peer that makes one all the same speaks
    /// something else, and its connection ends.
    pub since: fn(Tag) -> Option<u16>,
}

impl Default for Access {
    fn default() -> Access {
        Access { permits: table::permits, since: since_of_domain }
    }
}

fn since_of_domain(tag: Tag) -> Option<u16> {
    table::PROTOCOLS.iter().flat_map(|(_, calls)| *calls).find(|call| call.tag == tag).map(|call| call.since)
}

pub(crate) struct Gate {
    pub(crate) directory: Arc<Directory>,
    pub(crate) access: Access,
}

impl Dispatch for Gate {
    fn since(&self, tag: Tag) -> Option<u16> {
        (self.access.since)(tag)
    }

    fn dispatch(&self, call: InboundCall<'_>) {
        let head = &call.head;
        let peer = call.connection.peer();
        if !(self.access.permits)(peer.roles, head.tag) {
            self.directory.denied.fetch_add(1, Relaxed);
            let callers = table::callers(head.tag);
            let words = format!("message {:#06x} is for {callers}, not for {}", head.tag, peer.roles);
            call.reply.fail(Fault::Denied(words));
            return;
        }
        match self.directory.find(head.path, Incarnation(head.incarnation)) {
            // An actor without such a route has answered so itself.
            Some(deliver) => drop(deliver.far(call)),
            None => {
                let words = head.path.to_owned();
                call.reply.fail(Fault::Gone(words));
            }
        }
    }
}
