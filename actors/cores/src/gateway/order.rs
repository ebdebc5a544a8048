//! Which of two reports is the later one (invariant I6).
//!
//! Owns: the one rule. A later life wins; within a life the higher number wins. Lives are compared only where one node
//! counted them: another node may take over a name when the first has fallen silent, whatever its counter says.

use actors_protocol::Incarnation;

/// A report's place: the life of its sender, and its number within that life.
pub(crate) type Place = (Incarnation, u64);

/// Does the report at `new` replace the one at `old`, both from the same node?
pub(crate) fn replaces(new: Place, old: Place) -> bool {
    new > old
}

/// Does a report replace what is held, when it may come from another node? `silent` says that the node which the held
/// report is from has not been heard of for longer than its reports stay true.
pub(crate) fn takes_over<N: PartialEq>(new: (&N, Place), old: (&N, Place), silent: bool) -> bool {
    if new.0 == old.0 { replaces(new.1, old.1) } else { silent }
}
