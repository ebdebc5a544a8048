//! actors-store
