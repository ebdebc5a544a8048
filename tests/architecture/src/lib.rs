//! tests-architecture
