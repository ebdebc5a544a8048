//! actors-cores
