//! REST as a stranger meets it: with a URL and a token, and with everything that can be wrong.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};
use tests_e2e::{Demo, Rest, TempDir, Terminal, eventually, json as read, say};

/// Everybody of a domain, and the description of what they may.
struct Domain {
    demo: Demo,
    nobody: Rest,
    admin: Rest,
}

fn domain() -> Domain {
    let demo = Demo::start();
    let nobody = Rest::new(read::text(&demo.ready, "/rest"));
    let token = demo.dir().join("admin.token");
    assert_eq!(token.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let admin = nobody.with(&std::fs::read_to_string(token).unwrap());
    Domain { demo, nobody, admin }
}

impl Domain {
    fn user(&self, name: &str, role: &str, suffixes: &[&str]) -> Rest {
        let body = json!({ "name": name, "role": role, "suffixes": suffixes });
        let added = self.admin.json("POST", "/v1/users", &body);
        let token = read::text(&added.expect(201), "/token").to_owned();
        assert_eq!(added.header("location"), format!("/v1/users/{name}"));
        self.nobody.with(&token)
    }
}

/// All entries, `limit` at a time.
fn pages(rest: &Rest, path: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (vec![], String::new());
    loop {
        let page = rest.get(&format!("{path}?limit={limit}{cursor}")).expect(200);
        let items = read::list(&page, "/items");
        assert!(items.len() <= limit);
        all.extend(items.iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={}", next.replace('/', "%2F")),
            None => return all,
        }
    }
}

#[test]
fn a_stranger_with_a_token_sees_the_domain() {
    let domain = domain();
    let admin = &domain.admin;
    assert_eq!(admin.get("/v1/self").expect(200)["role"], "admin");
    let listed = domain.demo.json("nodes");
    assert_eq!(pages(admin, "/v1/nodes", 2).len(), read::list(&listed, "/nodes").len());
    let zones = admin.get("/v1/zones").expect(200);
    assert_eq!(read::text(&zones, "/items/0/zone"), "zone-a");
    assert_eq!(read::list(&zones, "/items/0/hosts"), [json!("host-a")]);
    let (one, all) = (pages(admin, "/v1/instances", 1), admin.get("/v1/instances").expect(200));
    let names = |list: &[Value]| list.iter().map(|it| it["instance"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&one), names(read::list(&all, "/items")), "pages put together are the list");
    let echo = admin.get("/v1/instances?service=echo.demo").expect(200);
    assert_eq!(names(read::list(&echo, "/items")), ["echo-a", "echo-b"]);
    let capacity: u64 = read::list(&echo, "/items").iter().map(|it| read::count(it, "/slots/capacity")).sum();
    assert_eq!(capacity, 32);
    assert!(pages(admin, "/v1/services", 1).iter().any(|it| it["service"] == "echo.demo" && it["free"] == 32));
    let head = admin.send("HEAD", "/v1/services", None);
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[test]
fn every_role_may_what_the_description_says_and_nothing_else() {
    let domain = domain();
    let roles = [("viewer", &[][..]), ("operator", &[]), ("provider", &["acme.example"]), ("admin", &[])];
    let users = roles.map(|(role, suffixes)| (role, domain.user(&format!("a-{role}"), role, suffixes)));
    let description = domain.nobody.get("/openapi.json").expect(200);
    let mut seen = 0;
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap().iter().filter(|(_, it)| it["x-roles"].is_array()) {
            let place = path.replace("{user}", "no-one").replace("{service}", "no.one").replace("{deployment}", "00");
            let body = operation.get("requestBody").map(|_| ("application/json", "{}"));
            let method = method.to_uppercase();
            let unknown = domain.nobody.send(&method, &place, body);
            unknown.expect(401);
            assert!(unknown.header("www-authenticate").starts_with("Bearer"));
            for (role, user) in &users {
                let answer = user.send(&method, &place, body);
                let may = read::list(operation, "/x-roles").iter().any(|it| it == role);
                assert_eq!(answer.status != 403, may, "{role}: {} {}", answer.asked, answer.text);
                let documented = &operation["responses"][answer.status.to_string()];
                assert!(documented.is_object(), "{}: {} is not in the description", answer.asked, answer.status);
                seen += 1;
            }
        }
    }
    say(format!("{seen} pairs of a role and a call"));
}

#[test]
fn users_come_and_go() {
    let domain = domain();
    let (admin, ann) = (&domain.admin, domain.user("ann", "viewer", &[]));
    assert_eq!(ann.get("/v1/self").expect(200), json!({ "name": "ann", "role": "viewer", "suffixes": [] }));
    admin.json("POST", "/v1/users", &json!({ "name": "ann", "role": "viewer" })).expect(409);
    domain.user("acme", "provider", &["acme.example"]);
    let theirs = json!({ "name": "b", "role": "provider", "suffixes": ["sub.acme.example"] });
    assert!(admin.json("POST", "/v1/users", &theirs).expect(422)["detail"].as_str().unwrap().contains("acme's"));
    for (name, bad) in [
        ("role", json!({ "name": "b", "role": "king" })),
        ("key", json!({ "name": "b", "role": "viewer", "age": 7 })),
        ("name", json!({ "name": "B b", "role": "viewer" })),
        ("missing", json!({ "name": "b" })),
        ("list", json!(["b", "viewer", []])),
    ] {
        let problem = admin.json("POST", "/v1/users", &bad).expect(422);
        say(format!("{name}: {}", read::text(&problem, "/detail")));
    }
    let names: Vec<_> = pages(admin, "/v1/users", 2).iter().map(|it| read::text(it, "/name").to_owned()).collect();
    assert_eq!(names, ["acme", "admin", "ann"]);
    assert_eq!(admin.get("/v1/users/ann").expect(200)["role"], "viewer");
    let near = admin.get("/v1/users/anne").expect(404);
    assert!(read::text(&near, "/detail").contains("did you mean ann"), "{near}");
    admin.delete("/v1/users/ann").expect(204);
    admin.delete("/v1/users/ann").expect(404);
    ann.get("/v1/self").expect(401);
    admin.delete("/v1/users/admin").expect(409);
    assert_eq!(read::list(&domain.demo.json("user list"), "/users").len(), 2, "the command line sees the same");
}

#[test]
fn whatever_is_wrong_is_a_problem() {
    let domain = domain();
    let Domain { nobody, admin, .. } = &domain;
    for path in ["/", "/v1", "/v1/", "/v1/users/", "/v1/users/%ff", "/v2/services", "//v1/self", "/v1/users/a/b"] {
        admin.get(path).expect(404);
    }
    let wrong = nobody.send("PATCH", "/v1/users", Some(("application/json", "{}")));
    wrong.expect(405);
    assert_eq!(wrong.header("allow"), "GET, HEAD, POST");
    nobody.send("POST", "/openapi.json", Some(("application/json", "{}"))).expect(405);
    for token in ["", "x", "fusion-user-1.0000000000000000.00000000000000000000000000000000"] {
        let refused = nobody.with(token).get("/v1/self");
        refused.expect(401);
        assert!(refused.header("www-authenticate").starts_with("Bearer realm"), "{token}");
    }
    for query in ["limit=0", "limit=201", "limit=x", "limit=1&limit=1", "cursor=", "sort=name", "limit=%"] {
        admin.get(&format!("/v1/users?{query}")).expect(400);
    }
    admin.get("/v1/instances?service=Nope").expect(400);
    admin.get("/v1/self?limit=5").expect(400);
    let post = |media: &str, body: &str| admin.send("POST", "/v1/users", Some((media, body)));
    post("text/plain", "{}").expect(415);
    post("application/json; charset=utf-8", "{").expect(400);
    post("application/json", "").expect(400);
    post("application/json", "{}{}").expect(400);
    post("application/json", &"[".repeat(100_000)).expect(413);
    post("application/json", &"[".repeat(60_000)).expect(400);
    admin.get("/v1/self").expect(200);
}

/// A manifest of the builder `echo`, which needs nothing of the machine.
fn manifest(name: &str, provider: &str, visibility: &str) -> Value {
    json!({
        "manifest": 1, "name": name, "provider": provider, "visibility": visibility,
        "kind": { "actor": { "builder": "echo" } }, "slots": { "each": 4 },
    })
}

#[test]
fn a_service_is_registered_deployed_opened_and_removed_over_http() {
    let domain = domain();
    let acme = domain.user("acme", "provider", &["acme.example"]);
    let place = "/v1/services/echo.acme.example";
    let body = manifest("echo.acme.example", "acme", "public");
    let made = acme.json("PUT", place, &body);
    assert_eq!(made.expect(201)["change"], "new");
    assert_eq!(made.header("location"), place);
    assert_eq!(acme.json("PUT", place, &body).expect(200)["change"], "same", "sent twice, it is the same");
    assert_eq!(acme.get(place).expect(200)["manifest"]["kind"]["actor"]["builder"], "echo");
    let order = json!({ "service": "echo.acme.example", "slots": 8, "deployment": "0123456789abcdef0123456789abcdef" });
    let accepted = acme.json("POST", "/v1/deployments", &order);
    accepted.expect(202);
    let follow = accepted.header("location").to_owned();
    assert_eq!(acme.json("POST", "/v1/deployments", &order).expect(202), accepted.expect(202), "the same deployment");
    let until = |stage: &str| {
        eventually(Duration::from_secs(30), &format!("the deployment is {stage}"), || {
            let state = acme.get(&follow).expect(200);
            if state["stage"] == stage { Ok(state) } else { Err(state.to_string()) }
        })
    };
    let standing = until("standing");
    let slots: u64 = read::list(&standing, "/instances").iter().map(|it| read::count(it, "/slots")).sum();
    assert_eq!(slots, 8);
    let steps: Vec<_> = read::list(&standing, "/steps").iter().map(|it| read::text(it, "/step").to_owned()).collect();
    say(format!("{} ms; steps {}", read::count(&standing, "/took_ms"), steps.join(", ")));
    assert_eq!(acme.get(place).expect(200)["free"], 8);
    domain.demo.ok("view echo.acme.example --frames 5 --json");
    let page = acme.get("/v1/deployments?service=echo.acme.example").expect(200);
    assert_eq!(read::list(&page, "/items").len(), 1);
    let removed = acme.delete(&format!("{follow}?force=true"));
    removed.expect(202);
    until("over");
    acme.delete(place).expect(204);
    eventually(Duration::from_secs(30), "nothing of it is left", || match acme.get(place).status {
        404 => Ok(()),
        status => Err(status.to_string()),
    });
    acme.delete(place).expect(404);
}

#[test]
fn a_provider_sees_and_changes_its_own_only() {
    let domain = domain();
    let acme = domain.user("acme", "provider", &["acme.example"]);
    let other = domain.user("other", "provider", &["other.example"]);
    let (operator, viewer) = (domain.user("op", "operator", &[]), domain.user("ann", "viewer", &[]));
    let mut hidden = manifest("echo.acme.example", "acme", "private");
    hidden["configurations"] = json!([{ "name": "echo.acme.example" }, { "name": "more.acme.example" }]);
    acme.json("PUT", "/v1/services/echo.acme.example", &hidden).expect(201);
    let order = |name: &str| json!({ "service": name, "slots": 4 });
    let accepted = operator.json("POST", "/v1/deployments", &order("echo.acme.example"));
    accepted.expect(202);
    let follow = accepted.header("location");
    eventually(Duration::from_secs(30), "it stands", || match acme.get(follow).expect(200) {
        state if state["stage"] == "standing" => Ok(()),
        state => Err(state.to_string()),
    });
    let names = |user: &Rest, path: &str, key: &str| -> Vec<String> {
        pages(user, path, 2).iter().map(|it| it[key].to_string()).filter(|name| name.contains("acme")).collect()
    };
    for (user, count) in [(&acme, 2), (&other, 0), (&operator, 2), (&viewer, 2), (&domain.admin, 2)] {
        eventually(Duration::from_secs(30), "the services are told", || match names(user, "/v1/services", "service") {
            names if names.len() == count => Ok(()),
            names => Err(format!("{names:?}")),
        });
    }
    assert_eq!(names(&other, "/v1/deployments", "service").len(), 0);
    assert_eq!(names(&acme, "/v1/deployments", "service").len(), 1);
    assert!(names(&other, "/v1/instances", "services").is_empty());
    let instances = |user: &Rest| user.get("/v1/zones").expect(200).to_string().matches("\"echo-").count();
    assert!(instances(&other) < instances(&acme), "not in its zone either");
    for path in ["/v1/services/echo.acme.example", "/v1/services/more.acme.example", follow] {
        let refused = other.get(path).expect(404);
        assert!(!read::text(&refused, "/detail").contains("did you mean"), "{refused}");
        acme.get(path).expect(200);
    }
    other.delete("/v1/services/echo.acme.example").expect(404);
    other.delete(follow).expect(404);
    other.json("POST", "/v1/deployments", &order("echo.acme.example")).expect(422);
    for (name, provider) in [("echo.acme.example", "other"), ("echo.acme.example", "acme"), ("a.other.example", "acme")]
    {
        let refused =
            other.json("PUT", &format!("/v1/services/{name}"), &manifest(name, provider, "public")).expect(403);
        assert!(!read::list(&refused, "/errors").is_empty(), "{refused}");
    }
    let public = manifest("open.acme.example", "acme", "public");
    acme.json("PUT", "/v1/services/open.acme.example", &public).expect(201);
    other.get("/v1/services/open.acme.example").expect(200);
    other.delete("/v1/services/open.acme.example").expect(403);
    other.json("POST", "/v1/deployments", &order("open.acme.example")).expect(403);
    viewer.json("POST", "/v1/deployments", &order("open.acme.example")).expect(403);
}

#[test]
fn what_is_wrong_with_a_manifest_is_said_with_its_place() {
    let domain = domain();
    let admin = &domain.admin;
    let place = "/v1/services/echo.acme.example";
    let mut bad = manifest("echo.acme.example", "acme", "public");
    (bad["slots"]["each"], bad["colour"]) = (json!(0), json!("red"));
    let refused = admin.json("PUT", place, &bad).expect(422);
    let places: Vec<_> = read::list(&refused, "/errors").iter().map(|it| read::text(it, "/place").to_owned()).collect();
    assert!(places.contains(&"/slots/each".to_owned()), "{refused}");
    admin.send("PUT", place, Some(("application/json", "{"))).expect(400);
    admin.json("PUT", "/v1/services/else.acme.example", &manifest("echo.acme.example", "acme", "public")).expect(422);
    admin.json("PUT", place, &manifest("echo.acme.example", "acme", "public")).expect(201);
    let none = json!({ "service": "none.acme.example", "slots": 4 });
    admin.json("POST", "/v1/deployments", &none).expect(422);
    let five = admin.json("POST", "/v1/deployments", &json!({ "service": "echo.acme.example", "slots": 0 }));
    five.expect(422);
    admin.get("/v1/deployments/00").expect(404);
    admin.get("/v1/deployments?cursor=zz").expect(400);
    admin.delete(&format!("{place}?force=maybe")).expect(400);
}

/// A client that sends half and waits is told so, and does not stop anybody else.
#[test]
fn a_slow_client_is_let_go_and_stops_nobody() {
    let domain = domain();
    let address = domain.nobody.url().strip_prefix("http://").unwrap();
    let token = std::fs::read_to_string(domain.demo.dir().join("admin.token")).unwrap();
    let head = format!(
        "POST /v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{{",
        token.trim()
    );
    let mut slow: Vec<_> = [&head[..], "GET /v1/self HTTP/1.1\r\nHo"]
        .iter()
        .map(|half| {
            let mut client = std::net::TcpStream::connect(address).unwrap();
            client.write_all(half.as_bytes()).unwrap();
            client
        })
        .collect();
    domain.admin.get("/v1/self").expect(200);
    for client in &mut slow {
        client.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
        let mut said = String::new();
        client.read_to_string(&mut said).unwrap();
        assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    }
    domain.admin.get("/v1/self").expect(200);
}

#[test]
fn a_console_that_others_could_reach_is_refused() {
    let directory = TempDir::new();
    let terminal = Terminal::new(directory.join("node"));
    terminal.ok("init --orchestrator 127.0.0.1:7999");
    let open = directory.write("open.toml", "[console]\nlisten = '0.0.0.0:0'\n");
    let refused = terminal.refused(&format!("node --listen 127.0.0.1:0 --config {}", open.display()), 64);
    assert!(refused.contains("others can reach") && refused.contains("proxy with TLS"), "{refused}");
    let wrong = directory.write("wrong.toml", "[console]\nport = 80\n");
    let refused = terminal.refused(&format!("node --listen 127.0.0.1:0 --config {}", wrong.display()), 64);
    assert!(refused.contains("port") && refused.contains("listen"), "{refused}");
}
