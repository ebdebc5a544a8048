//! What is believed, and for how long.

use super::*;

fn free(core: &ResolutionCore, now: u64) -> Vec<(String, u32)> {
    match core.lookup(Millis(now), &actors_protocol::resolver::Lookup { service: name("clip.demo"), site: None }) {
        actors_protocol::resolver::LookupReply::Found(found) => {
            found.into_iter().map(|candidate| (candidate.instance.to_string(), candidate.free)).collect()
        }
        actors_protocol::resolver::LookupReply::Unknown { .. } => vec![],
    }
}

#[test]
fn a_report_of_an_older_life_or_with_an_older_number_changes_nothing() {
    let mut core = core();
    let life = |life, seq, free| ZoneReport {
        incarnation: Incarnation(life),
        ..zone("zone-a", seq, vec![pool("clip-a", free, 0)])
    };
    report(&mut core, 0, life(2, 5, 4));
    for (older, seq) in [(1, 900), (2, 4), (2, 5)] {
        report(&mut core, 1, life(older, seq, 1));
    }
    assert_eq!(free(&core, 1), [("clip-a".into(), 4)]);
    report(&mut core, 2, life(3, 1, 2));
    assert_eq!(free(&core, 2), [("clip-a".into(), 2)]);
    assert_eq!(core.state(Millis(2)).tally.reports_ignored, 3);
}

#[test]
fn another_gateway_takes_a_zone_over_only_when_the_first_is_silent() {
    let mut core = core();
    report(&mut core, 0, ZoneReport { incarnation: Incarnation(50), ..zone("zone-a", 1, vec![pool("clip-a", 4, 0)]) });
    let other = zone("zone-a", 1, vec![pool("clip-z", 1, 0)]);
    core.report(Millis(500), name("usurper"), other.clone());
    assert_eq!(free(&core, 500), [("clip-a".into(), 4)]);
    core.report(Millis(1_500), name("successor"), other);
    assert_eq!(free(&core, 1_500), [("clip-z".into(), 1)]);
}

#[test]
fn pools_and_services_come_and_go_with_the_reports() {
    let mut core = core();
    report(&mut core, 0, zone("zone-a", 1, vec![pool("clip-a", 1, 0), pool("clip-b", 2, 0)]));
    assert_eq!(free(&core, 0), [("clip-b".into(), 2), ("clip-a".into(), 1)]);
    report(&mut core, 1, zone("zone-a", 2, vec![pool("clip-b", 1, 0)]));
    assert_eq!(free(&core, 1), [("clip-b".into(), 1)]);
    let mut echo = pool("echo-a", 3, 0);
    echo.1.services[0].service = name("echo.demo");
    report(&mut core, 2, zone("zone-a", 3, vec![echo]));
    assert!(free(&core, 2).is_empty());
    assert_eq!(core.state(Millis(2)).services, [name("echo.demo")]);
}

#[test]
fn a_silent_zone_stands_last_and_is_dropped_in_the_end() {
    let mut core = core();
    report(&mut core, 0, zone("zone-a", 1, vec![pool("clip-a", 4, 0)]));
    report(&mut core, 2_000, zone("zone-b", 1, vec![pool("clip-b", 1, 3)]));
    assert_eq!(free(&core, 2_000), [("clip-b".into(), 1), ("clip-a".into(), 4)]);
    open(&mut core, 2_000, request(1, 0));
    answer(&mut core, 2_001, 1, full(4));
    assert_eq!(effects(&mut core), ["1→zone-b", "1→zone-a"], "last, but asked");
    run(&mut core, 30_000);
    assert_eq!(free(&core, 30_000), [("clip-b".into(), 1)]);
    run(&mut core, 40_000);
    assert_eq!(core.poll_timeout(), None);
}

#[test]
fn zones_have_a_bound() {
    let mut core = core();
    for index in 0..=ZONES_MAX {
        report(&mut core, 0, zone(&format!("zone-{index}"), 1, vec![pool("clip", 1, 0)]));
    }
    assert_eq!(core.zones().count(), ZONES_MAX);
}

#[cfg(feature = "flaws")]
#[test]
fn the_flawed_resolver_is_deaf_to_all_but_the_first_report() {
    let mut core = core();
    core.set_flaw(Flaw::DeafToReports);
    report(&mut core, 0, zone("zone-a", 1, vec![pool("clip-a", 4, 0)]));
    report(&mut core, 1, zone("zone-a", 2, vec![pool("clip-a", 1, 3)]));
    assert_eq!(free(&core, 1), [("clip-a".into(), 4)]);
}
