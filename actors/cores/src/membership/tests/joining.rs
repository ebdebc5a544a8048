//! Who gets in.

use super::*;

#[test]
fn a_token_admits_the_node_it_names_once() {
    let mut domain = Domain::new();
    let minted = domain.mint(7, "host-a", &[Role::Host], Some("zone-a")).unwrap();
    assert_eq!((minted.secret, minted.until), (TokenSecret(7), WALL + 60));
    let Entry::Issue(issue) = domain.join(7) else { panic!() };
    assert_eq!((issue.node.as_str(), issue.zone.clone()), ("host-a", Some(name("zone-a"))));
    let Admission::Admitted { roles, certificate, .. } = issue.admitted("PEM".into()) else { panic!() };
    assert_eq!((roles, certificate.as_str()), (Roles::of(&[Role::Host]), "PEM"));
    assert_eq!(refusal(domain.join(7)), Admission::UsedToken { node: name("host-a") });
    domain.restart();
    assert_eq!(refusal(domain.join(7)), Admission::UsedToken { node: name("host-a") }, "also after kill -9");
    assert_eq!(refusal(domain.join(8)), Admission::UnknownToken);
    assert_eq!(domain.core.hosts().next(), Some((&name("host-a"), &name("zone-a"))));
}

#[test]
fn the_used_token_is_in_the_same_commit_as_the_admission() {
    let mut domain = Domain::new();
    domain.mint(7, "host-a", &[Role::Host], Some("zone-a")).unwrap();
    let decision = domain.core.join(Millis(0), WALL, 7, true);
    let used = decision.changes.iter().any(|change| matches!(change, Change::Token(row) if row.used));
    let node = decision.changes.iter().any(|change| matches!(change, Change::Node(row) if row.certified_until > WALL));
    assert!(used && node, "{:?}", decision.changes);
    domain.restart();
    assert!(matches!(domain.join(7), Entry::Issue(_)), "what was not committed was not sent, and did not happen");
}

#[test]
fn a_token_expires_by_the_wall_clock_also_over_a_restart() {
    let mut domain = Domain::new();
    domain.mint(7, "host-a", &[Role::Host], Some("zone-a")).unwrap();
    domain.mint(8, "host-b", &[Role::Host], Some("zone-a")).unwrap();
    domain.wall += 59;
    domain.restart();
    assert!(matches!(domain.join(7), Entry::Issue(_)));
    domain.wall += 1;
    assert_eq!(refusal(domain.join(8)), Admission::ExpiredToken);
}

#[test]
fn a_proof_that_does_not_fit_leaves_the_token_as_it_was() {
    let mut domain = Domain::new();
    domain.mint(7, "host-a", &[Role::Host], Some("zone-a")).unwrap();
    let decision = domain.core.join(Millis(0), WALL, 7, false);
    assert_eq!((decision.changes.len(), refusal(decision.reply)), (0, Admission::BadProof));
    assert!(matches!(domain.join(7), Entry::Issue(_)));
}

#[test]
fn a_denied_node_stays_out() {
    let mut domain = Domain::new();
    domain.host(7, "host-a");
    domain.mint(8, "host-b", &[Role::Host], Some("zone-a")).unwrap();
    assert_eq!(domain.deny("host-a"), Denial::Denied);
    assert_eq!(domain.deny("host-b"), Denial::Denied, "it has a token and has not joined");
    domain.restart();
    let denied = || Admission::Denied { reason: "lost".into() };
    assert_eq!(refusal(domain.join(7)), denied());
    assert_eq!(refusal(domain.join(8)), denied());
    let renewal = domain.core.renew(Millis(0), WALL, &name("host-a"), Roles::of(&[Role::Host]), true);
    assert_eq!(refusal(renewal.reply), denied());
    assert_eq!(domain.beat("host-a", 1), None);
    assert_eq!(domain.core.denied(), [name("host-a"), name("host-b")].into());
    assert_eq!((domain.core.directory().nodes.len(), domain.core.hosts().count()), (0, 0));
    let refused = domain.mint(9, "host-a", &[Role::Host], Some("zone-a")).unwrap_err();
    assert_eq!(refused, "host-a is on the deny list (lost); choose another name");
}

#[test]
fn denying_refuses_in_a_way_that_helps() {
    let mut domain = Domain::new();
    domain.host(7, "host-a");
    assert_eq!(domain.deny("hots-a"), Denial::UnknownNode { near: vec![name("host-a")] });
    assert_eq!(domain.deny("orchestrator"), Denial::Own);
    domain.deny("host-a");
    let version = domain.core.directory().version;
    assert_eq!(
        (domain.deny("host-a"), domain.core.directory().version),
        (Denial::Denied, version),
        "again is no change"
    );
}

#[test]
fn a_token_that_could_not_work_is_not_made() {
    let mut domain = Domain::new();
    domain.host(7, "host-a");
    domain.mint(8, "zone-a-manager", &[Role::Zone], Some("zone-a")).unwrap();
    domain.join(8);
    for (node, roles, zone, words) in [
        ("host-b", &[][..], None, "a node needs a role: zone,host,resolver"),
        ("host-b", &[Role::Orchestrator][..], None, "no node joins as orchestrator"),
        ("host-b", &[Role::Host, Role::Viewer][..], Some("zone-a"), "no node joins as viewer"),
        ("host-b", &[Role::Host][..], None, "need a zone"),
        ("host-b", &[Role::Zone][..], None, "need a zone"),
        ("host-b", &[Role::Zone][..], Some("zone-a"), "zone-a has a manager already, zone-a-manager"),
        ("orchestrator", &[Role::Resolver][..], None, "own name"),
        ("host-a", &[Role::Host][..], Some("zone-a"), "its certificate is good for another 30 days"),
    ] {
        let refused = domain.mint(9, node, roles, zone).unwrap_err();
        assert!(refused.contains(words), "{refused}");
    }
    for valid_for in [Millis(0), Millis::from_secs(31 * 86_400)] {
        let mint = MintToken { node: name("r"), roles: Roles::of(&[Role::Resolver]), zone: None, valid_for };
        assert!(domain.core.mint(Millis(0), WALL, 9, &mint).reply.is_err());
    }
    assert!(domain.mint(7, "host-c", &[Role::Host], Some("zone-a")).unwrap_err().contains("random number"));
    assert!(domain.mint(9, "resolver", &[Role::Resolver], None).is_ok(), "a resolver needs no zone");
}

#[test]
fn a_name_is_free_again_when_its_certificate_has_ended() {
    let mut domain = Domain::new();
    domain.host(7, "host-a");
    domain.wall += DAYS_30 - 1;
    assert!(domain.mint(8, "host-a", &[Role::Host], Some("zone-a")).unwrap_err().contains("another day"));
    domain.wall += 1;
    domain.mint(8, "host-a", &[Role::Host], Some("zone-b")).unwrap();
    assert!(matches!(domain.join(8), Entry::Issue(_)));
    assert_eq!(domain.core.hosts().next(), Some((&name("host-a"), &name("zone-b"))));
}

#[test]
fn a_second_token_for_a_name_takes_the_place_of_the_first() {
    let mut domain = Domain::new();
    domain.mint(7, "host-a", &[Role::Host], Some("zone-a")).unwrap();
    domain.mint(8, "host-a", &[Role::Host], Some("zone-a")).unwrap();
    assert_eq!(refusal(domain.join(7)), Admission::UnknownToken);
    assert!(matches!(domain.join(8), Entry::Issue(_)));
}

#[test]
fn a_name_that_was_heard_of_in_the_meantime_is_not_given_twice() {
    let mut domain = Domain::new();
    domain.mint(7, "host-a", &[Role::Host], Some("zone-a")).unwrap();
    domain.beat("host-a", 1);
    assert_eq!(refusal(domain.join(7)), Admission::UsedToken { node: name("host-a") });
}

#[test]
fn renewal_keeps_name_roles_and_zone_and_puts_the_end_off() {
    let mut domain = Domain::new();
    domain.host(7, "host-a");
    domain.beat("host-a", 5);
    domain.wall += DAYS_30 / 2;
    let decision =
        domain.core.renew(Millis(0), domain.wall, &name("host-a"), Roles::of(&[Role::Host, Role::Zone]), true);
    let Entry::Issue(issue) = domain.commit(decision) else { panic!() };
    assert_eq!((issue.roles, issue.zone), (Roles::of(&[Role::Host, Role::Zone]), Some(name("zone-a"))));
    let state = domain.core.state(Millis(0));
    assert_eq!((state.members[0].certified_until, state.members[0].incarnation.0), (domain.wall + DAYS_30, 5));
    let unproven = domain.core.renew(Millis(0), domain.wall, &name("host-a"), Roles::of(&[Role::Host]), false);
    assert_eq!(refusal(unproven.reply), Admission::BadProof);
}

#[test]
fn the_authority_enrols_its_own_nodes_as_often_as_it_likes() {
    let mut domain = Domain::new();
    for _ in 0..2 {
        let decision = domain.core.enrol(Millis(0), WALL, name("all"), Roles::of(&[Role::Host]), Some(name("zone-a")));
        assert!(matches!(domain.commit(decision), Entry::Issue(_)));
        domain.restart();
    }
    domain.deny("all");
    let decision = domain.core.enrol(Millis(0), WALL, name("all"), Roles::of(&[Role::Host]), None);
    assert_eq!(refusal(decision.reply), Admission::Denied { reason: "lost".into() });
}

#[test]
fn tokens_have_a_bound_and_the_useless_go_first() {
    let mut domain = Domain::new();
    for secret in 0..TOKENS_MAX as u128 {
        domain.mint(secret, &format!("host-{secret}"), &[Role::Host], Some("zone-a")).unwrap();
    }
    let refused = domain.mint(u128::MAX, "host-x", &[Role::Host], Some("zone-a")).unwrap_err();
    assert!(refused.contains("4096 tokens"), "{refused}");
    domain.join(5);
    domain.mint(u128::MAX, "host-x", &[Role::Host], Some("zone-a")).unwrap();
    assert_eq!(refusal(domain.join(5)), Admission::UnknownToken, "forgotten, and still no way in");
}

#[test]
fn secrets_do_not_show() {
    let mut domain = Domain::new();
    let minted = domain.mint(987_654_321, "host-a", &[Role::Host], Some("zone-a"));
    let shown = format!("{minted:?} {:?} {:?}", domain.rows.values(), domain.core.state(Millis(0)));
    assert!(!shown.contains("987654321"), "{shown}");
}
