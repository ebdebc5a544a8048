//! actors-dca
