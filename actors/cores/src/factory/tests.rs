//! Unit tests of the factory.
