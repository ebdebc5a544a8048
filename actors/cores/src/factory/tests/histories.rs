//! Random histories of an instance, from seeds.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// One thing that happens. Numbers choose among what there is at that moment.
#[derive(Clone, Debug)]
pub enum Step {
    Ready(usize),
    Dies(usize),
    Stops,
    Reserve {
        request: u8,
        viewer: u8,
        origin: u8,
        service: usize,
    },
    Release {
        request: u8,
    },
    Redeem {
        ticket: usize,
        stranger: bool,
        unproved: bool,
    },
    Forge {
        ticket: u128,
    },
    Resume {
        session: usize,
        stranger: bool,
        unproved: bool,
    },
    Lost {
        session: usize,
    },
    Goodbye {
        session: usize,
    },
    Ended {
        session: usize,
    },
    Drain {
        within: u64,
    },
    CancelDrain,
    Resize {
        slots: u32,
        within: Option<u64>,
    },
    Withdraw,
    Restore,
    /// Time passes, and the timer fires when it was asked for.
    Wait(u64),
    /// Time passes, and the timer is late.
    Jump(u64),
}

/// Histories in which slots get ready and sessions open often enough for the rest to matter.
pub fn histories() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        24 => (0..6_usize).prop_map(Step::Ready),
        2 => (0..6_usize).prop_map(Step::Dies),
        12 => Just(Step::Stops),
        24 => (0..12_u8, 0..3_u8, 0..2_u8, 0..3_usize).prop_map(|(request, viewer, origin, service)| Step::Reserve {
            request, viewer, origin, service,
        }),
        8 => (0..12_u8).prop_map(|request| Step::Release { request }),
        14 => (0..4_usize, prop::bool::weighted(0.1), prop::bool::weighted(0.1))
            .prop_map(|(ticket, stranger, unproved)| Step::Redeem { ticket, stranger, unproved }),
        1 => (0..9_u128).prop_map(|ticket| Step::Forge { ticket }),
        6 => (0..3_usize, prop::bool::weighted(0.1), prop::bool::weighted(0.1))
            .prop_map(|(session, stranger, unproved)| Step::Resume { session, stranger, unproved }),
        4 => (0..3_usize).prop_map(|session| Step::Lost { session }),
        3 => (0..3_usize).prop_map(|session| Step::Goodbye { session }),
        2 => (0..3_usize).prop_map(|session| Step::Ended { session }),
        1 => (0..2_000_u64).prop_map(|within| Step::Drain { within }),
        6 => Just(Step::CancelDrain),
        4 => (0..7_u32, prop::option::of(0..1_500_u64)).prop_map(|(slots, within)| Step::Resize { slots, within }),
        1 => Just(Step::Withdraw),
        5 => Just(Step::Restore),
        8 => (0..400_u64).prop_map(Step::Wait),
        3 => (0..900_u64).prop_map(Step::Jump),
        1 => (58_000..62_000_u64).prop_map(Step::Wait),
    ];
    vec(step, 1..200)
}

/// The first `number` histories of a seed.
pub fn some(seed: u64, number: usize) -> impl Iterator<Item = Vec<Step>> {
    let mut runner = runner(seed);
    (0..number).map(move |_| histories().new_tree(&mut runner).expect("nothing is filtered").current())
}

pub fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}
