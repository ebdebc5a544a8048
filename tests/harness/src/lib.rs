//! The harness of tier T2: the true shells, the true factory and the true viewer library over real quinn, on an in-memory
//! network in virtual time.
//!
//! ```text
//!   seed ──► cast ──► domain (nodes, their lives) ──┬── viewers, a hostile viewer
//!              │         │ sightings                ├── faults
//!              │         ▼                          │
//!              └──► ledger: invariants I1–I14 ◄──────┘ ──► report, violations
//! ```
//!
//! Owns: the simulated network ([`net`]), the lives of nodes ([`domain`]), what happens ([`viewers`], [`hostile`],
//! [`faults`]), what is judged ([`ledger`]), one run ([`scenario`]) and many ([`batch`]), and runs of deployments
//! ([`deploying`]).
//! Refuses: the wall clock and the operating system's sockets. Everything of a run is on one current-thread runtime whose
//! clock is paused, and takes its randomness from one seed.

pub mod batch;
pub mod calm;
pub mod cast;
pub mod deploying;
pub mod domain;
pub mod faults;
pub mod guide;
pub mod hostile;
pub mod ledger;
pub mod net;
pub mod pki;
pub mod report;
pub mod scenario;
pub mod show;
pub mod sight;
pub mod viewers;
