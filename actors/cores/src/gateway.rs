//! The decisions of a zone's gateway.
