//! transport-link
