//! Every decision explains itself.

use actors_protocol::resolver::{Explain, Explanation, LOOKUP_CANDIDATES_MAX, Lookup, LookupReply};

use super::*;

fn explain(core: &ResolutionCore, now: u64, service: &str, site: Option<&str>) -> Explanation {
    core.explain(Millis(now), &Explain { service: name(service), site: site.map(name) })
}

fn lines(explanation: &Explanation) -> Vec<String> {
    let lines = explanation.candidates.iter().map(|c| format!("{} {} {}: {}", c.rank, c.zone, c.instance, c.why));
    lines.collect()
}

#[test]
fn each_candidate_is_told_why_it_stands_where_it_stands() {
    let mut core = core();
    let mut capped = pool("clip-capped", 3, 1);
    capped.1.services[0].cap = Some(1);
    let mut warming = pool("clip-full", 0, 2);
    (warming.1.counts.warming, warming.1.counts.draining) = (1, 1);
    report(&mut core, 0, zone("zone-s", 1, vec![pool("clip-s", 4, 0)]));
    report(&mut core, 3_000, zone("zone-a", 1, vec![pool("clip-a", 2, 2), pool("clip-a2", 1, 3), capped, warming]));
    report(&mut core, 3_000, zone("zone-b", 1, vec![pool("clip-b", 3, 1)]));
    report(&mut core, 3_000, zone("zone-c", 1, vec![pool("clip-c", 4, 0)]));
    let explanation = explain(&core, 3_000, "clip.demo", None);
    assert_eq!(
        lines(&explanation),
        [
            "1 zone-a clip-a: nearest with a free slot",
            "2 zone-a clip-a2: as near as clip-a, with fewer free slots: 1 against 2",
            "3 zone-b clip-b: 20 ms farther than zone-a",
            "4 zone-c clip-c: not in the topology",
            "5 zone-a clip-capped: the service is at its cap in this pool, which has 3 free",
            "6 zone-a clip-full: full: 2 active, 1 draining, 1 warming",
            "7 zone-s clip-s: report is 3 s old",
        ]
    );
    assert_eq!(explanation.verdict, "opens in zone-a (clip-a): nearest with a free slot");
    assert_eq!(explanation.candidates[6].age, Millis(3_000));
}

#[test]
fn the_verdict_says_what_an_open_would_meet() {
    let mut core = core();
    assert!(explain(&core, 0, "clip.demo", None).verdict.starts_with("waits: the zones may not have reported yet"));
    two_zones(&mut core, 2_000, 1, 0, 0);
    open(&mut core, 2_000, request(1, 10_000));
    answer(&mut core, 2_000, 1, full(4));
    answer(&mut core, 2_000, 1, full(4));
    let verdict = explain(&core, 2_000, "clip.demo", None).verdict;
    assert_eq!(
        verdict,
        "no free slot: 8 active, 0 draining; each zone is asked before a viewer is refused or waits; 1 in the queue"
    );
    let unknown = explain(&core, 2_000, "clib.demo", None);
    assert_eq!((unknown.verdict.as_str(), &unknown.near[..]), ("refused: unknown service", &[name("clip.demo")][..]));
    let nowhere = explain(&core, 2_000, "clip.demo", Some("moon"));
    assert_eq!(nowhere.verdict, "refused: site moon is not in the topology; the sites are home, work");
    assert!(nowhere.candidates.iter().all(|candidate| candidate.latency_us.is_none()));
}

#[test]
fn an_instance_that_does_not_run_is_explained_with_its_cause() {
    let mut core = core();
    let cause = "the clip /c.h264 is missing; make it with fixtures/clip.sh".to_owned();
    let failure = InstanceFailure { instance: name("clip-a"), service: name("clip.demo"), cause };
    report(&mut core, 0, ZoneReport { failures: vec![failure], ..zone("zone-a", 1, vec![]) });
    assert_eq!(
        explain(&core, 1, "clip.demo", None).verdict,
        "refused: no instance runs; clip-a in zone-a does not run: the clip /c.h264 is missing; make it with fixtures/clip.sh"
    );
}

#[test]
fn differences_below_a_millisecond_are_told_too() {
    let latencies = [("zone-a", 100), ("zone-b", 350), ("zone-c", 1_600)];
    let latencies = latencies.map(|(zone, us)| ((name("home"), name(zone)), us));
    let mut core = ResolutionCore::new(Millis(0), Topology::new(name("home"), latencies));
    for (_, (zone_name, _)) in [(); 3].iter().zip([("zone-a", 0), ("zone-b", 0), ("zone-c", 0)]) {
        report(&mut core, 0, zone(zone_name, 1, vec![pool("clip", 1, 0)]));
    }
    let why: Vec<_> = explain(&core, 0, "clip.demo", None).candidates.into_iter().map(|c| c.why).collect();
    assert_eq!(why, ["nearest with a free slot", "250 µs farther than zone-a", "1.5 ms farther than zone-a"]);
}

#[test]
fn a_lookup_returns_the_best_sixteen() {
    let mut core = core();
    let pools = (0..20).map(|index| pool(&format!("clip-{index}"), index, 0)).collect();
    report(&mut core, 0, zone("zone-a", 1, pools));
    let LookupReply::Found(found) = core.lookup(Millis(0), &Lookup { service: name("clip.demo"), site: None }) else {
        panic!()
    };
    assert_eq!((found.len(), found[0].free), (LOOKUP_CANDIDATES_MAX, 19));
    let unknown = core.lookup(Millis(0), &Lookup { service: name("clip.dem"), site: None });
    assert_eq!(unknown, LookupReply::Unknown { near: vec![name("clip.demo")] });
}

#[test]
fn the_state_can_be_shown() {
    let mut core = core();
    two_zones(&mut core, 0, 1, 0, 0);
    open(&mut core, 1, request(1, 10_000));
    let state = core.state(Millis(400));
    assert_eq!((state.zones[0].age, state.zones[0].stale, state.requests), (Millis(400), false, 1));
}
