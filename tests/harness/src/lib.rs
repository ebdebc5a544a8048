//! tests-harness
