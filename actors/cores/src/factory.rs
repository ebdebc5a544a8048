//! The one owner of the slots, leases, tickets and sessions of an instance.
