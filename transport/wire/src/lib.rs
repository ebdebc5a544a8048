//! transport-wire
