//! Delays between attempts: doubling, bounded, jittered from a seeded source.
