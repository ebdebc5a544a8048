//! The ranking of candidates for a name.
