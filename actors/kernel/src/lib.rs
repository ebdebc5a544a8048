//! actors-kernel
