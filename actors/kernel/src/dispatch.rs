//! The gate of a node: every call from the network passes here, is checked, and goes to its actor.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use actors_protocol::{Fault, Incarnation, Roles, Tag, table};
use transport_link::{Dispatch, InboundCall};
use transport_wire::close::CloseCode;

use crate::directory::Directory;

/// Who may call what. The domain has one table; a benchmark or a test may bring another.
#[derive(Clone, Copy)]
pub struct Access {
    /// May a caller with these roles make this call?
    pub permits: fn(Roles, Tag) -> bool,
    /// Is there such a call at all? If not, the connection ends: its other side speaks something else.
    pub knows: fn(Tag) -> bool,
}

impl Default for Access {
    fn default() -> Access {
        Access { permits: table::permits, knows: |tag| table::callers(tag) != Roles::NONE }
    }
}

pub(crate) struct Gate {
    pub(crate) directory: Arc<Directory>,
    pub(crate) access: Access,
}

impl Dispatch for Gate {
    fn dispatch(&self, call: InboundCall<'_>) {
        let head = &call.head;
        let peer = call.connection.peer();
        if !(self.access.knows)(head.tag) {
            let words = format!("message {:#06x} is unknown here", head.tag);
            call.connection.close(CloseCode::UNKNOWN_TAG, &words);
            return;
        }
        if !(self.access.permits)(peer.roles, head.tag) {
            self.directory.denied.fetch_add(1, Relaxed);
            let callers = table::callers(head.tag);
            let words = format!("message {:#06x} is for {callers}, not for {}", head.tag, peer.roles);
            call.reply.send(Err::<&(), _>(Fault::Denied(words)));
            return;
        }
        match self.directory.find(head.path, Incarnation(head.incarnation)) {
            // An actor without such a route has answered so itself.
            Some(deliver) => drop(deliver.far(call)),
            None => {
                let words = head.path.to_owned();
                call.reply.send(Err::<&(), _>(Fault::Gone(words)));
            }
        }
    }
}
