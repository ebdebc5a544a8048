//! actors-control
