//! A zone of several hosts, asked for offers.

use proptest::prelude::*;

use super::*;

const NOW: Millis = Millis(1_000);
const A: RequestId = RequestId(1);

fn node(name: &str) -> NodeName {
    NodeName::new(name).expect("a node name")
}

fn epg() -> ServiceName {
    ServiceName::new("epg.example").expect("a service name")
}

fn offer(score: u16, slots: u32) -> Offer {
    Offer { score, slots, price: 10, valid_for: Millis(5_000), reason: String::new() }
}

/// Hosts as (name, environment, load).
fn hosts(all: &[(&str, &str, u16)]) -> BTreeMap<NodeName, Host> {
    all.iter().map(|(name, it, load)| (node(name), Host { environment: (*it).to_owned(), load: *load })).collect()
}

fn core(all: &[(&str, &str, u16)]) -> EvaluationCore {
    let mut core = EvaluationCore::default();
    core.hosts(NOW, hosts(all));
    core
}

/// The hosts that are to be evaluated, and the offers that were made.
fn effects(core: &mut EvaluationCore) -> (Vec<String>, Vec<Offer>) {
    let (mut evaluate, mut offers) = (Vec::new(), Vec::new());
    while let Some(effect) = core.poll_effect() {
        match effect {
            Effect::Evaluate { host, .. } => evaluate.push(host.to_string()),
            Effect::Offer { offer, .. } => offers.push(offer),
        }
    }
    (evaluate, offers)
}

#[test]
fn a_service_that_needs_a_gpu_lands_on_the_host_that_has_one_and_never_on_the_other() {
    let mut core = core(&[("plain", "cpu", 0), ("strong", "gpu", 0)]);
    core.ask(NOW, A, epg(), 8, Millis(1_000));
    assert_eq!(effects(&mut core).0, ["plain", "strong"]);
    core.evaluated(NOW, A, &node("plain"), Ok(Offer::infeasible("it has no GPU")));
    core.evaluated(NOW, A, &node("strong"), Ok(offer(900, 6)));
    let (_, offers) = effects(&mut core);
    assert_eq!((offers[0].score, offers[0].slots), (900, 6));
    assert!(offers[0].reason.contains("strong: 6 slots") && offers[0].reason.contains("plain: it has no GPU"));
    let plan = core.plan(&epg(), 6, 4).expect("it fits");
    assert_eq!(plan, [4, 2].map(|slots| Placement { host: node("strong"), slots }));
    let refused = core.plan(&epg(), 7, 4).expect_err("one too many");
    assert!(refused.contains("6 of 7") && refused.contains("plain: it has no GPU"), "{refused}");
}

#[test]
fn one_evaluation_serves_an_environment_while_its_hosts_are_not_loaded() {
    let mut core = core(&[("a", "x", 0), ("b", "x", 499), ("c", "x", 500), ("d", "y", 0)]);
    core.ask(NOW, A, epg(), 20, Millis(1_000));
    assert_eq!(effects(&mut core).0, ["a", "c", "d"]);
    core.evaluated(NOW, A, &node("a"), Ok(offer(800, 4)));
    core.evaluated(NOW, A, &node("c"), Ok(offer(100, 1)));
    core.evaluated(NOW, A, &node("d"), Ok(offer(500, 4)));
    let (_, offers) = effects(&mut core);
    assert_eq!(offers[0].slots, 4 + 4 + 4 + 1);
    assert_eq!(u32::from(offers[0].score), (8 * 800 + 4 * 500 + 100) / 13);
    core.ask(NOW + Millis(1_000), RequestId(2), epg(), 8, Millis(1_000));
    assert_eq!(effects(&mut core).0, ["c"], "only the loaded one has to be looked at again");
    core.evaluated(NOW + Millis(1_000), RequestId(2), &node("c"), Err("crashed".into()));
    assert_eq!(effects(&mut core).1[0].valid_for, Millis(4_000), "no longer than what it was made of");
    core.ask(NOW + Millis(5_000), RequestId(3), epg(), 8, Millis(1_000));
    assert_eq!(effects(&mut core).0, ["a", "c", "d"], "they hold no longer");
}

#[test]
fn an_evaluator_that_lies_hangs_or_crashes_costs_its_own_answer_and_nothing_more() {
    let mut core = core(&[("crashes", "1", 0), ("good", "2", 0), ("hangs", "3", 0), ("lies", "4", 0)]);
    core.ask(NOW, A, epg(), 8, Millis(1_000));
    core.evaluated(NOW, A, &node("crashes"), Err("its evaluator ended with signal 11".into()));
    core.evaluated(NOW, A, &node("good"), Ok(offer(400, 8)));
    core.evaluated(NOW, A, &node("lies"), Ok(offer(2_000, 8)));
    assert!(effects(&mut core).1.is_empty());
    assert_eq!(core.poll_timeout(), Some(NOW + Millis(950)), "early enough to be in time");
    core.on_timeout(NOW + Millis(950));
    let offers = effects(&mut core).1;
    assert_eq!((offers[0].score, offers[0].slots), (400, 8));
    for words in [
        "crashes: its evaluator ended with signal 11",
        "hangs: it was not evaluated within",
        "lies: its evaluation cannot be true",
    ] {
        assert!(offers[0].reason.contains(words), "{}", offers[0].reason);
    }
    core.evaluated(NOW + Millis(999), A, &node("hangs"), Ok(offer(900, 8)));
    assert_eq!(effects(&mut core), (vec![], vec![]), "late is dropped");
}

#[test]
fn where_one_host_fails_another_of_its_environment_is_evaluated() {
    let mut core = core(&[("a", "x", 0), ("b", "x", 0), ("c", "x", 0)]);
    core.ask(NOW, A, epg(), 8, Millis(1_000));
    effects(&mut core);
    core.evaluated(NOW, A, &node("a"), Err("crashed".into()));
    assert_eq!(effects(&mut core).0, ["b"]);
    core.hosts(NOW, hosts(&[("a", "x", 0), ("c", "x", 0)]));
    assert_eq!(effects(&mut core).0, ["c"]);
    core.evaluated(NOW, A, &node("c"), Ok(offer(300, 2)));
    let offers = effects(&mut core).1;
    assert_eq!(offers[0].slots, 2);
    assert!(offers[0].reason.contains("b: it went down"));
}

#[test]
fn a_zone_without_hosts_says_so_at_once() {
    let mut core = core(&[]);
    core.ask(NOW, A, epg(), 8, Millis(1_000));
    assert_eq!(effects(&mut core).1, [Offer::infeasible("the zone has no host that is up; start one")]);
    assert!(core.plan(&epg(), 1, 1).is_err());
    assert_eq!(core.poll_timeout(), None);
}

proptest! {
    #[test]
    fn what_is_offered_can_be_planned_and_every_asking_is_answered(
        evaluations in prop::collection::vec((0..1_200u16, 0..20u32, 0..4u8), 0..6), slots in 1..40u32, each in 1..9u32,
    ) {
        let names: Vec<_> = (0..evaluations.len()).map(|index| format!("h{index}")).collect();
        let all: Vec<_> = names.iter().map(|name| (name.as_str(), name.as_str(), 0)).collect();
        let mut core = core(&all);
        core.ask(NOW, A, epg(), slots, Millis(1_000));
        for (name, (score, slots, how)) in names.iter().zip(&evaluations) {
            match how {
                0 => {}
                1 => core.evaluated(NOW, A, &node(name), Err("crashed".into())),
                _ => core.evaluated(NOW, A, &node(name), Ok(offer(*score, *slots))),
            }
        }
        core.on_timeout(NOW + Millis(1_000));
        let offers = effects(&mut core).1;
        prop_assert_eq!(offers.len(), 1);
        prop_assert!(offers[0].flaw().is_none() && offers[0].slots <= slots);
        prop_assert!(offers[0].is_feasible() || !offers[0].reason.is_empty());
        if offers[0].is_feasible() {
            let plan = core.plan(&epg(), offers[0].slots, each).expect("it was offered");
            prop_assert_eq!(plan.iter().map(|one| one.slots).sum::<u32>(), offers[0].slots);
            prop_assert!(plan.iter().all(|one| (1..=each).contains(&one.slots)));
        }
        if offers[0].slots < slots {
            prop_assert!(core.plan(&epg(), offers[0].slots + 1, each).is_err());
        }
    }
}
