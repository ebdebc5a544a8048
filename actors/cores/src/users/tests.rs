//! Users as others meet them: every role × every call, names and suffixes, tokens right and wrong, the bound on slow work.

use actors_protocol::user::UserRole::{Admin, Operator, Provider, Viewer};
use proptest::prelude::*;

use super::*;

fn user(name: &str, role: UserRole, suffixes: &[&str]) -> User {
    let suffixes = suffixes.iter().map(|suffix| suffix.parse().expect("a suffix")).collect();
    User { name: name.parse().expect("a name"), role, suffixes }
}

fn added(core: &mut UsersCore, user: User, id: u64) -> Change {
    assert_eq!(core.add(&user), Adding::Hash);
    core.hashed(user, TokenId(id), Some(format!("hash of {id}"))).expect("added")
}

fn mark(secret: u8) -> Mark {
    [secret; 32]
}

/// Written out, so that whoever changes the table says it twice.
#[test]
fn every_role_and_every_call() {
    use Call::*;
    let expected: &[(Call, [bool; 4])] = &[
        // admin, provider, operator, viewer
        (ListServices, [true, true, true, true]),
        (ShowService, [true, true, true, true]),
        (RegisterService, [true, true, false, false]),
        (UnregisterService, [true, true, false, false]),
        (Deploy, [true, true, true, false]),
        (Undeploy, [true, true, true, false]),
        (ListDeployments, [true, true, true, false]),
        (ShowDeployment, [true, true, true, false]),
        (ListInstances, [true, true, true, false]),
        (ListNodes, [true, false, true, false]),
        (ListZones, [true, true, true, false]),
        (ListUsers, [true, false, false, false]),
        (ShowUser, [true, false, false, false]),
        (AddUser, [true, false, false, false]),
        (RemoveUser, [true, false, false, false]),
        (ShowSelf, [true, true, true, true]),
    ];
    assert_eq!(expected.len(), calls::TABLE.len());
    for ((call, row), (named, ..)) in expected.iter().zip(calls::TABLE) {
        assert_eq!(call, named, "in the same order, so that none is left out");
        for (role, permitted) in UserRole::ALL.into_iter().zip(row) {
            assert_eq!(permits(role, *call), *permitted, "{role} × {}", call.name());
        }
    }
    let names: BTreeSet<_> = calls::TABLE.iter().map(|(_, name, _)| name).collect();
    assert_eq!(names.len(), calls::TABLE.len(), "a name each");
}

#[test]
fn a_provider_sees_its_own_and_what_is_public_and_changes_its_own_only() {
    let (acme, other): (ProviderName, ProviderName) = ("acme".parse().expect("name"), "other".parse().expect("name"));
    let provider = user("acme", Provider, &["acme"]);
    let (viewer, operator, admin) = (user("v", Viewer, &[]), user("o", Operator, &[]), user("a", Admin, &[]));
    for who in [&provider, &viewer, &operator, &admin] {
        assert!(sees(who, &acme, Visibility::Private) && sees(who, &other, Visibility::Public), "{}", who.name);
        assert_eq!(sees(who, &other, Visibility::Private), who.role != Provider, "{}", who.name);
    }
    assert!(owns(&provider, &acme) && !owns(&provider, &other) && owns(&admin, &other));
    assert!(!owns(&operator, &acme) && !owns(&viewer, &acme));
    assert!(deploys(&operator, &acme) && deploys(&provider, &acme) && !deploys(&provider, &other));
    assert!(!deploys(&viewer, &acme));
}

#[test]
fn suffixes_are_one_providers() {
    let mut core = UsersCore::default();
    added(&mut core, user("acme", Provider, &["acme.example"]), 1);
    let refused = |core: &mut UsersCore, user: User| match core.add(&user) {
        Adding::Answer(UserAddition::Refused { reason }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(refused(&mut core, user("b", Provider, &[])).contains("needs a suffix"));
    assert!(refused(&mut core, user("b", Provider, &["b", "b"])).contains("twice"));
    assert!(refused(&mut core, user("b", Viewer, &["b"])).contains("only a provider"));
    for theirs in ["acme.example", "sub.acme.example", "example"] {
        assert!(refused(&mut core, user("b", Provider, &[theirs])).contains("acme's"), "{theirs}");
    }
    added(&mut core, user("b", Provider, &["macme.example"]), 2);
    assert_eq!(core.add(&user("acme", Viewer, &[])), Adding::Answer(UserAddition::Exists));
}

#[test]
fn of_two_that_ask_for_one_suffix_at_once_one_gets_it() {
    let mut core = UsersCore::default();
    let (a, b) = (user("a", Provider, &["example"]), user("b", Provider, &["example"]));
    assert_eq!((core.add(&a), core.add(&b)), (Adding::Hash, Adding::Hash));
    assert!(core.hashed(b, TokenId(2), Some("h".into())).is_ok());
    assert!(matches!(core.hashed(a, TokenId(1), Some("h".into())), Err(UserAddition::Refused { .. })));
    assert_eq!(core.counts(), (1, 0));
}

#[test]
fn slow_work_is_bounded_and_what_is_known_needs_none() {
    let mut core = UsersCore::default();
    let known = user("acme", Admin, &[]);
    added(&mut core, known.clone(), 1);
    assert!(matches!(core.authenticate(TokenId(1), &mark(7)), Proving::Verify(_)));
    assert_eq!(core.verified(TokenId(1), mark(7), Some(true)), Authentication::Known(known.clone()));
    for _ in 0..WORK_MAX {
        assert!(matches!(core.authenticate(TokenId(1), &mark(9)), Proving::Verify(_)), "a wrong secret is slow");
    }
    assert_eq!(core.authenticate(TokenId(1), &mark(9)), Proving::Answer(Authentication::Busy));
    assert_eq!(core.add(&user("b", Viewer, &[])), Adding::Answer(UserAddition::Busy));
    assert_eq!(core.authenticate(TokenId(1), &mark(7)), Proving::Answer(Authentication::Known(known)), "all the same");
    assert_eq!(core.authenticate(TokenId(2), &mark(7)), Proving::Answer(Authentication::Unknown));
    for _ in 0..WORK_MAX {
        assert_eq!(core.verified(TokenId(1), mark(9), Some(false)), Authentication::Unknown);
    }
    assert_eq!(core.counts(), (1, 0));
}

#[test]
fn a_removed_users_token_is_nobodys_also_when_it_was_being_verified() {
    let mut core = UsersCore::default();
    added(&mut core, user("acme", Admin, &[]), 1);
    assert!(matches!(core.authenticate(TokenId(1), &mark(7)), Proving::Verify(_)));
    assert_eq!(core.remove(&"acme".parse().expect("name")).1, UserRemoval::Removed);
    assert_eq!(core.verified(TokenId(1), mark(7), Some(true)), Authentication::Unknown);
    assert_eq!(core.authenticate(TokenId(1), &mark(7)), Proving::Answer(Authentication::Unknown));
    let (change, removal) = core.remove(&"acme".parse().expect("name"));
    assert_eq!((change, removal), (None, UserRemoval::Unknown { near: vec![] }));
}

#[derive(Clone, Debug)]
enum Step {
    Add(u8),
    Hashed(usize, bool),
    Remove(u8),
    Ask(u8, bool),
    Verified(usize),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..6u8).prop_map(Step::Add),
        (any::<usize>(), any::<bool>()).prop_map(|(index, works)| Step::Hashed(index, works)),
        (0..6u8).prop_map(Step::Remove),
        (0..6u8, any::<bool>()).prop_map(|(who, right)| Step::Ask(who, right)),
        any::<usize>().prop_map(Step::Verified),
        Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    /// Whatever is asked in whatever order: a token is its user's and no one else's, a wrong one is nobody's, what was
    /// stored is what there is, and no more slow work is under way than is permitted.
    #[test]
    fn a_history_of_users(steps in steps()) {
        let mut core = UsersCore::default();
        let mut stored: BTreeMap<ProviderName, UserRow> = BTreeMap::new();
        let (mut hashing, mut verifying): (Vec<User>, Vec<(u64, bool)>) = (vec![], vec![]);
        let name = |who: u8| format!("user-{who}");
        for step in steps {
            match step {
                Step::Add(who) => {
                    let user = user(&name(who), UserRole::ALL[usize::from(who) % 4], if who % 4 == 1 { &["s"] } else { &[] });
                    if core.add(&user) == Adding::Hash {
                        prop_assert!(!stored.contains_key(&user.name));
                        hashing.push(user);
                    }
                }
                Step::Hashed(index, works) if !hashing.is_empty() => {
                    let user = hashing.remove(index % hashing.len());
                    let id = TokenId(user.name.as_str().bytes().last().map_or(0, |digit| u64::from(digit - b'0')));
                    match core.hashed(user.clone(), id, works.then(|| "h".into())) {
                        Ok(Change::Added(row)) => {
                            prop_assert!(works);
                            stored.insert(user.name, row);
                        }
                        Ok(other) => prop_assert!(false, "{other:?}"),
                        Err(_) => {}
                    }
                }
                Step::Remove(who) => {
                    let name: ProviderName = name(who).parse().expect("name");
                    let (change, _) = core.remove(&name);
                    prop_assert_eq!(change.is_some(), stored.remove(&name).is_some());
                }
                Step::Ask(who, right) => {
                    let known = stored.get(&name(who).parse::<ProviderName>().expect("name"));
                    match core.authenticate(TokenId(u64::from(who)), &mark(if right { 1 } else { 2 })) {
                        Proving::Answer(Authentication::Known(user)) => {
                            prop_assert!(right);
                            prop_assert_eq!(Some(&user), known.map(|row| &row.user));
                        }
                        Proving::Answer(Authentication::Unknown) => prop_assert!(known.is_none()),
                        Proving::Answer(Authentication::Busy) => prop_assert_eq!(core.counts().1, WORK_MAX),
                        Proving::Verify(_) => {
                            prop_assert!(known.is_some());
                            verifying.push((u64::from(who), right));
                        }
                    }
                }
                Step::Verified(index) if !verifying.is_empty() => {
                    let (who, right) = verifying.remove(index % verifying.len());
                    let verdict = core.verified(TokenId(who), mark(if right { 1 } else { 2 }), Some(right));
                    let there = stored.contains_key(&format!("user-{who}").parse::<ProviderName>().expect("name"));
                    prop_assert_eq!(matches!(verdict, Authentication::Known(_)), right && there);
                }
                Step::Restart => {
                    core = UsersCore::restore(stored.values().cloned());
                    (hashing, verifying) = (vec![], vec![]);
                }
                Step::Hashed(..) | Step::Verified(_) => {}
            }
            prop_assert_eq!(core.counts(), (stored.len(), hashing.len() + verifying.len()));
            prop_assert!(core.counts().1 <= WORK_MAX);
        }
    }

    #[test]
    fn a_token_reads_back_and_nothing_else_does(id: u64, secret: u128, cut in 0..62usize) {
        let token = Token { id: TokenId(id), secret };
        let text = token.text();
        prop_assert_eq!(Token::parse(&text), Ok(token));
        prop_assert_eq!(Token::parse(&text[..cut]), Err(TokenError));
        prop_assert_eq!(Token::parse(&format!("{text}0")), Err(TokenError));
        let (shown, hidden) = (format!("{token:?}"), format!("{secret:032x}"));
        prop_assert!(!shown.contains(&hidden));
    }

    /// Pages put together are the list.
    #[test]
    fn pages_are_the_list(names in prop::collection::btree_set("[a-z]{1,4}", 0..40), limit in 0..9u32) {
        let row = |(index, name): (usize, &String)| {
            UserRow { user: user(name, Viewer, &[]), token: TokenId(index as u64), hash: String::new() }
        };
        let core = UsersCore::restore(names.iter().enumerate().map(row));
        let (mut seen, mut after) = (vec![], None);
        loop {
            let page = core.list(&ListUsers { after: after.clone(), limit });
            seen.extend(page.users.iter().map(|user| user.name.to_string()));
            after = page.users.last().map(|user| user.name.clone());
            if !page.more { break }
            prop_assert_eq!(page.users.len() as u32, limit.max(1));
        }
        prop_assert_eq!(seen, names.into_iter().collect::<Vec<_>>());
    }
}
