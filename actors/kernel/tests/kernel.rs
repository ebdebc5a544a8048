//! The kernel's promises (`docs/semantics.md`), one file a subject. Near tests run in virtual time; far ones over real
//! sockets on loopback, with a deadline on everything that waits.

#[path = "kernel/calls.rs"]
mod calls;
#[path = "kernel/children.rs"]
mod children;
#[path = "kernel/drain.rs"]
mod drain;
#[path = "kernel/gate.rs"]
mod gate;
#[path = "kernel/inspection.rs"]
mod inspection;
#[path = "kernel/leftovers.rs"]
mod leftovers;
#[path = "kernel/near_far.rs"]
mod near_far;
#[path = "kernel/probe.rs"]
mod probe;
#[path = "kernel/supervision.rs"]
mod supervision;
#[path = "kernel/tasks.rs"]
mod tasks;
#[path = "kernel/world.rs"]
mod world;
