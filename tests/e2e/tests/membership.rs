//! Who belongs to a domain: tokens that work once, nodes that are denied, certificates of others; and what the orchestrator
//! does not forget when it is killed right after it has said yes.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::time::Duration;

use tests_e2e::six::ORCHESTRATOR;
use tests_e2e::{Six, Terminal, eventually, json, say};

/// Something that takes milliseconds on an idle machine.
const SOON: Duration = Duration::from_secs(20);
const HOST_A: &str = "--roles host --zone zone-a";

fn state_of(operator: &Terminal, node: &str) -> String {
    let listed = operator.json("nodes");
    let denied = json::list(&listed, "/denied").iter().any(|name| name == node);
    let found = json::list(&listed, "/nodes").iter().find(|it| json::text(it, "/node") == node);
    match found {
        _ if denied => "denied".into(),
        Some(record) if record["alive"] == true => "up".into(),
        Some(_) => "down".into(),
        None => "unknown".into(),
    }
}

fn until(operator: &Terminal, node: &str, wanted: &str) {
    eventually(SOON, &format!("{node} is {wanted}"), || match state_of(operator, node) {
        state if state == wanted => Ok(()),
        state => Err(state),
    });
}

#[test]
fn a_used_token_stays_used_when_the_orchestrator_is_killed_right_after_the_join() {
    let mut six = Six::begin();
    let token = six.token(&format!("host-a {HOST_A}"));
    six.terminal("host-a").ok(&format!("join {token}"));
    six.kill(ORCHESTRATOR);
    let silent = six.terminal("other").refused(&format!("join {token}"), 1);
    assert!(silent.contains("the orchestrator cannot be reached"), "{silent}");
    six.run(ORCHESTRATOR);
    let again = six.terminal("other").refused(&format!("join {token}"), 1);
    say(format!("a used token: {}", again.trim_end()));
    assert!(again.contains("was used before, by node host-a") && again.contains("fusion token"), "{again}");
    assert!(!six.dir("other").exists(), "who is refused is left no directory");
    six.run("host-a");
    until(&six.operator(), "host-a", "up");
}

#[test]
fn a_denied_node_stays_denied_when_the_orchestrator_is_killed_right_after_the_denial() {
    let mut six = Six::begin();
    six.admit("host-a", HOST_A).expect_code(0);
    six.admit("resolver", "--roles resolver").expect_code(0);
    six.run("host-a");
    six.run("resolver");
    until(&six.operator(), "host-a", "up");
    six.operator().ok("deny host-a --reason stolen");
    six.kill(ORCHESTRATOR);
    six.run(ORCHESTRATOR);
    assert_eq!(state_of(&six.operator(), "host-a"), "denied");
    // It ran on all the time; now it comes back as well.
    six.kill("host-a");
    six.run("host-a");
    // Whoever is in good standing is up by then, so a denied one had its time too.
    six.kill("resolver");
    six.run("resolver");
    until(&six.operator(), "resolver", "up");
    eventually(SOON, "host-a says that it is refused", || {
        let said = six.process("host-a").stderr();
        if said.contains("deny list") || said.contains("denied") { Ok(()) } else { Err(said) }
    });
    assert_eq!(state_of(&six.operator(), "host-a"), "denied");
    let token = six.operator().refused(&format!("token host-a {HOST_A}"), 1);
    say(format!("a token for a denied node: {}", token.trim_end()));
}

#[test]
fn a_torn_a_foreign_and_an_expired_token_are_refused_in_words() {
    let six = Six::begin();
    let token = six.token(&format!("host-a {HOST_A}"));
    let (half, _) = token.split_at(token.len() / 2);
    let torn = six.terminal("host-a").refused(&format!("join {half}"), 1);
    assert!(torn.contains("torn"), "{torn}");
    let none = six.terminal("host-a").refused("join hello", 1);
    assert!(none.contains("this is no token") && none.contains("fusion token"), "{none}");

    // Validity ends with a second of the clock: after two of them it is over for certain.
    let short = six.token(&format!("host-b {HOST_A} --valid-for 1ms"));
    std::thread::sleep(Duration::from_secs(2));
    let late = six.terminal("host-b").refused(&format!("join {short}"), 1);
    assert!(late.contains("time is over") && late.contains("fusion token"), "{late}");

    let host = six.terminal("host-a").run(&format!("join {token}")).expect_code(0);
    assert!(host.stdout.contains("joined domain demo as host-a"), "{}", host.stdout);
    let again = six.terminal("host-a").refused(&format!("join {token}"), 1);
    assert!(again.contains("is a node's already") && again.contains("--dir"), "{again}");
}

#[test]
fn a_token_is_not_spent_on_a_directory_that_cannot_be_written() {
    let six = Six::begin();
    let token = six.token(&format!("host-a {HOST_A}"));
    let blocked = Terminal::new(six.scratch().write("file", "").join("host-a"));
    let refused = blocked.refused(&format!("join {token}"), 1);
    assert!(refused.contains("cannot be made"), "{refused}");
    six.terminal("host-a").ok(&format!("join {token}"));
}

#[test]
fn a_token_and_a_certificate_of_another_domain_are_refused() {
    let mut six = Six::begin();
    // Another domain of the same name at the same address: only its authority differs.
    let listed = six.operator().json("nodes");
    let orchestrator = json::list(&listed, "/nodes").iter().find(|it| json::text(it, "/node") == ORCHESTRATOR).unwrap();
    let address = json::text(orchestrator, "/advertise").to_owned();
    six.admit("host-a", HOST_A).expect_code(0);
    six.kill(ORCHESTRATOR);
    let foreign = six.terminal("foreign");
    foreign.ok(&format!("init --domain demo --orchestrator {address}"));
    let mut other = tests_e2e::Process::spawn("foreign", foreign.command("node --json"));
    other.wait_for_json(SOON);
    let token = foreign.ok(&format!("token host-b {HOST_A}"));
    drop(other);
    six.run(ORCHESTRATOR);

    let refused = six.terminal("host-b").refused(&format!("join {token}"), 1);
    say(format!("a token of another domain: {}", refused.trim_end()));
    assert!(refused.contains("do not accept each other's certificates"), "{refused}");
    // An operator of the other domain is nobody here.
    let refused = foreign.refused("nodes", 1);
    assert!(refused.contains("do not accept each other's certificates"), "{refused}");
    // A node that brings another domain's certificate under the right authority's name: the server refuses it.
    for file in ["node.pem", "node.key"] {
        let theirs = std::fs::read(six.dir("foreign").join(file)).unwrap();
        std::fs::write(six.dir("host-a").join(file), theirs).unwrap();
    }
    six.run("host-a");
    eventually(SOON, "host-a hears that it is refused", || {
        let said = six.process("host-a").stderr();
        if said.contains("the orchestrator does not answer") { Ok(()) } else { Err(said) }
    });
    say(format!(
        "a certificate of another domain: {}",
        six.process("host-a").stderr().lines().next().unwrap_or_default()
    ));
    assert_ne!(state_of(&six.operator(), "host-a"), "up");
}

#[test]
fn users_are_added_listed_and_removed_and_outlive_the_orchestrator() {
    let mut six = Six::begin();
    let operator = six.operator();
    let added = operator.json("user add acme --role provider --suffix acme.example");
    assert!(json::text(&added, "/token").starts_with("fusion-user-1."), "{added}");
    let token = operator.ok("user add ann --role viewer");
    assert_eq!(token.lines().count(), 1, "nothing but the token: it can be piped");
    let again = operator.refused("user add ann --role admin", 1);
    assert!(again.contains("already"), "{again}");
    let theirs = operator.refused("user add other --role provider --suffix sub.acme.example", 1);
    assert!(theirs.contains("acme's"), "{theirs}");
    let role = operator.refused("user add other --role king", 2);
    assert!(role.contains("admin, provider, operator, viewer"), "{role}");
    six.kill(ORCHESTRATOR);
    six.run(ORCHESTRATOR);
    let names = |listed: serde_json::Value| -> Vec<String> {
        json::list(&listed, "/users").iter().map(|user| json::text(user, "/name").to_owned()).collect()
    };
    assert_eq!(names(six.operator().json("user list")), ["acme", "ann"]);
    six.operator().ok("user remove ann");
    let gone = six.operator().refused("user remove ann", 1);
    assert!(gone.contains("no user 'ann'"), "{gone}");
    assert_eq!(names(six.operator().json("user list")), ["acme"]);
}
