//! The REST interface against its own description, by a program that is not ours: schemathesis sends what the description
//! permits and what it forbids, and holds every answer against it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests_e2e::{Demo, Finished, Rest, json, run, say, skipped};

/// It takes some ten seconds; whoever takes longer is stuck.
const WITHIN: Duration = Duration::from_secs(120);
/// What an answer is held against.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
    response_headers_conformance,unsupported_method,negative_data_rejection,ignored_auth,use_after_free";

/// Too long is a refusal too, which it does not know by itself.
const CONFIG: &str = "[checks.negative_data_rejection]\nexpected-statuses = \
    [\"400\", \"401\", \"403\", \"404\", \"405\", \"409\", \"413\", \"415\", \"422\"]\n";

/// Where `.ci/deps` puts it, or wherever the machine has it.
fn program() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    // TARGET/PROFILE/deps/TEST
    let below = test.ancestors().nth(3)?.join("tools/schemathesis/bin/schemathesis");
    let found = [below, PathBuf::from("schemathesis")];
    found.into_iter().find(|path| Command::new(path).arg("--version").output().is_ok_and(|it| it.status.success()))
}

fn ask(program: &PathBuf, config: &Path, rest: &Rest, token: &str, words: &[&str]) -> Finished {
    let mut command = Command::new(program);
    command.arg("--config-file").arg(config);
    // It keeps what it learns where it runs.
    command.current_dir(config.parent().unwrap());
    command.args(["run", "--no-color", "--checks", CHECKS, "--generation-deterministic", "--max-examples", "15"]);
    command.args(["--request-timeout", "10", "--url", rest.url()]).args(words);
    command.arg("--header").arg(format!("Authorization: Bearer {token}")).arg(format!("{}/openapi.json", rest.url()));
    run(command, WITHIN)
}

/// The operation of the description that this method and path are.
fn operation<'a>(description: &'a Value, method: &str, path: &str) -> Option<&'a Value> {
    let fits = |pattern: &str| {
        let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
        pattern.len() == path.len() && pattern.iter().zip(&path).all(|(a, b)| a.starts_with('{') || a == b)
    };
    let (_, operations) = description["paths"].as_object()?.iter().find(|(pattern, _)| fits(pattern))?;
    operations.get(method.to_lowercase())
}

#[test]
fn schemathesis_finds_no_server_error_and_nothing_undocumented() {
    let Some(program) = program() else { return skipped("schemathesis (`.ci/deps` installs it from PyPI)") };
    let demo = Demo::start();
    let rest = Rest::new(json::text(&demo.ready, "/rest"));
    let token = std::fs::read_to_string(demo.dir().join("admin.token")).unwrap();
    let admin = rest.with(&token);

    let config = demo.scratch().write("schemathesis.toml", CONFIG);

    // A viewer first, while the domain is as it was.
    let viewer = demo.json("user add a-viewer --role viewer");
    let before = demo.json("user list");
    let log = demo.scratch().join("viewer.har");
    let path = log.display().to_string();
    ask(&program, &config, &rest, json::text(&viewer, "/token"), &["--report", "har", "--report-har-path", &path])
        .expect_code(0);
    let log = json::parse(&std::fs::read_to_string(&log).unwrap());
    let description = rest.get("/openapi.json").expect(200);
    let (mut done, mut refused) = (0, 0);
    for entry in json::list(&log, "/log/entries") {
        let (method, url) = (json::text(entry, "/request/method"), json::text(entry, "/request/url"));
        let path = url.strip_prefix(rest.url()).unwrap_or_default().split('?').next().unwrap_or_default();
        match json::count(entry, "/response/status") {
            200..300 => {
                let permitted = operation(&description, method, path).is_some_and(|it| {
                    it["x-roles"].as_array().is_none_or(|roles| roles.iter().any(|it| it == "viewer"))
                });
                assert!(permitted, "a viewer did {method} {path}");
                done += 1;
            }
            403 => refused += 1,
            _ => {}
        }
    }
    say(format!("a viewer's token: {done} calls done, {refused} forbidden"));
    assert!(done > 0 && refused > 0, "both were tried");
    assert_eq!(demo.json("user list"), before, "nothing has changed");

    let asked = ask(&program, &config, &rest, token.trim(), &[]).expect_code(0);
    let cases = asked.stdout.lines().find(|line| line.contains("generated,")).unwrap_or_default();
    say(format!("an admin's token: {}", cases.trim()));
    admin.get("/v1/self").expect(200);
}
