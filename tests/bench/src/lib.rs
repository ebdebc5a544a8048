//! tests-bench
