//! A seed repeats: two runs see the same things at the same times.

use tests_harness::scenario::{Plan, run};

#[test]
fn a_seed_repeats() {
    for seed in 1..=3 {
        let (one, two) = (run(seed, &Plan::default()), run(seed, &Plan::default()));
        assert_eq!(one.report, two.report, "seed {seed}");
        assert_eq!(one.trace, two.trace, "seed {seed}");
        assert_eq!(one.virtual_time, two.virtual_time, "seed {seed}");
    }
    let (one, two) = (run(1, &Plan::default()), run(2, &Plan::default()));
    assert_ne!(one.trace, two.trace, "another seed is another run");
}
